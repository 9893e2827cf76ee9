/* Runs the program linked with it at several sizes, for what only a caller in C can see: allocations, system calls, the
 * time of one call. Built and called by steady.py and rows.py with a model compiled with --name driven.
 *
 * usage: driver allocations|quiet|time THREADS SIZES...   SIZES: one number per symbol, as in 3,128
 *   allocations  runs every size twice, then once more each and prints the allocations of that; needs
 * count_allocations.so preloaded quiet        the same between two marks that strace shows time         prints
 * nanoseconds per call, best and median of batches of calls
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include PROGRAM_HEADER

enum { MAX_PORTS = 8, BATCHES = 200 };

typedef struct call {
  ingot_tensor_t inputs[MAX_PORTS], outputs[MAX_PORTS];
  void *first[MAX_PORTS]; /* what the first run gave */
} call_t;

static const ingot_program_desc_t *const desc = &ingot_program_driven;
static ingot_status_t status;

static void require(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "driver: %s: %s\n", what, status.message);
  exit(1);
}

static void fill(ingot_tensor_t *tensor, const ingot_io_t *io, const int64_t *sizes) {
  size_t count = 1;
  tensor->dtype = io->dtype;
  tensor->rank = io->rank;
  for (uint32_t i = 0; i < io->rank; ++i) count *= (size_t)(tensor->dims[i] = sizes[io->dims[i]]);
  tensor->bytes = count * ingot_dtype_size(io->dtype);
  tensor->data = calloc(tensor->bytes + 1, 1);
  require(tensor->data != NULL && (io->dtype == INGOT_F32 || io->dtype == INGOT_I64), "cannot make an input");
  for (size_t i = 0; i < count; ++i) {
    if (io->dtype == INGOT_F32)
      ((float *)tensor->data)[i] = (float)(i * 37 % 101) / 101.0f - 0.5f;
    else
      ((int64_t *)tensor->data)[i] = i % 3 != 1; /* an index in any table, a bit of a mask */
  }
}

static void make(call_t *call, ingot_context_t *context, const char *text) {
  int64_t *sizes = calloc(desc->num_sizes, sizeof(*sizes));
  require(sizes != NULL, "no memory");
  for (uint32_t i = 0; i < desc->num_symbols; ++i) {
    char *end;
    sizes[i] = strtoll(text, &end, 10);
    require(end != text && *end == (i + 1 < desc->num_symbols ? ',' : 0), "SIZES is not a number per symbol");
    text = end + 1;
  }
  require(desc->eval_sizes(sizes, 0) == 0, "sizes are out of range");
  for (uint32_t i = 0; i < desc->num_inputs; ++i) fill(&call->inputs[i], &desc->inputs[i], sizes);
  require(ingot_context_query(context, call->inputs, call->outputs, &status) == INGOT_OK, "query");
  for (uint32_t i = 0; i < desc->num_outputs; ++i) {
    call->outputs[i].data = malloc(call->outputs[i].bytes + 1);
    call->first[i] = malloc(call->outputs[i].bytes + 1);
    require(call->outputs[i].data != NULL && call->first[i] != NULL, "no memory");
  }
  free(sizes);
}

static void run(call_t *call, ingot_context_t *context) {
  require(ingot_context_run(context, call->inputs, call->outputs, &status) == INGOT_OK, "run");
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static void measure(call_t *call, ingot_context_t *context) {
  double times[BATCHES], begin = now();
  for (int i = 0; i < 10; ++i) run(call, context);
  const int calls = 1 + (int)(1e6 / ((now() - begin) / 10)); /* a batch takes about a millisecond */
  for (int batch = 0; batch < BATCHES; ++batch) {
    begin = now();
    for (int i = 0; i < calls; ++i) run(call, context);
    times[batch] = (now() - begin) / calls;
  }
  qsort(times, BATCHES, sizeof(times[0]), ascending);
  printf("{\"min_ns\": %.1f, \"median_ns\": %.1f}\n", times[0], times[BATCHES / 2]);
}

int main(int argc, char **argv) {
  require(argc > 3 && desc->num_inputs <= MAX_PORTS && desc->num_outputs <= MAX_PORTS,
          "usage: driver MODE THREADS SIZES...");
  const char *mode = argv[1];
  const uint32_t threads = (uint32_t)atoi(argv[2]);
  const int count = argc - 3;
  unsigned long (*allocations)(void) = NULL;
  *(void **)&allocations = dlsym(RTLD_DEFAULT, "count_allocations");
  require(allocations != NULL || strcmp(mode, "allocations") != 0, "count_allocations.so is not preloaded");

  ingot_program_t *program;
  ingot_context_t *context;
  ingot_context_options_t options = {.struct_size = sizeof(options)};
  require(ingot_program_load(desc, NULL, &program, &status) == INGOT_OK, "load");
  if (threads > 1) require(ingot_pool_create(threads, &options.pool, &status) == INGOT_OK, "pool");
  require(ingot_context_create(program, &options, &context, &status) == INGOT_OK, "context");

  const unsigned long at_start = allocations ? allocations() : 0;
  call_t *calls = calloc((size_t)count, sizeof(*calls));
  require(calls != NULL && (!allocations || allocations() > at_start), "the count does not see calloc");
  for (int i = 0; i < count; ++i) make(&calls[i], context, argv[3 + i]);
  if (strcmp(mode, "time") == 0) {
    measure(&calls[0], context);
    return 0;
  }
  for (int i = 0; i < count; ++i) {
    run(&calls[i], context);
    for (uint32_t k = 0; k < desc->num_outputs; ++k)
      memcpy(calls[i].first[k], calls[i].outputs[k].data, calls[i].outputs[k].bytes);
    run(&calls[i], context);
  }
  unsigned long counted[2] = {0, 0};
  int problems = 0;
  if (strcmp(mode, "quiet") == 0) (void)!write(-1, "INGOT BEGIN", 11);
  for (int i = 0; i < count; ++i) {
    if (allocations) counted[0] = allocations();
    run(&calls[i], context);
    if (!allocations) continue;
    counted[1] = allocations();
    printf("%s %lu\n", argv[3 + i], counted[1] - counted[0]);
  }
  if (strcmp(mode, "quiet") == 0) (void)!write(-1, "INGOT END", 9);
  for (int i = 0; i < count; ++i)
    for (uint32_t k = 0; k < desc->num_outputs; ++k)
      problems += memcmp(calls[i].first[k], calls[i].outputs[k].data, calls[i].outputs[k].bytes) != 0;
  require(!problems, "the third run gave other numbers than the first");
  return 0;
}
