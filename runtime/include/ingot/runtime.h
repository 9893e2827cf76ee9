/* Ingot's runtime: runs compiled programs. C11 and C++17; needs libc and pthreads alone.
 *
 * The objects: a *program* (immutable, shared by any number of threads), a *context* (arena and scratch; one caller at
 * a time; any number per program, running concurrently without a lock), a *state* (what runs leave for later ones;
 * shared by contexts where it is given to several) and an optional *pool* of threads (shared by contexts).
 *
 * Ownership: create and load own, free releases, get borrows. Every function that can fail returns an
 * ingot_status_code_t and, where `status` is not NULL, fills in a message that names the argument and the remedy.
 * Tests: tests/runtime/.
 */
#ifndef INGOT_RUNTIME_H_
#define INGOT_RUNTIME_H_

#include <stddef.h>
#include <stdint.h>

#include "ingot/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ingot_status_code {
  INGOT_OK = 0,
  INGOT_INVALID_ARGUMENT = 1,    /* the caller's input: names, shapes, dtypes, sizes */
  INGOT_FAILED_PRECONDITION = 2, /* this machine or this file: missing CPU level, ABI version, weights file */
  INGOT_OUT_OF_MEMORY = 3,
  INGOT_INTERNAL = 4,
  INGOT_CANCELLED = 5 /* by ingot_context_cancel */
} ingot_status_code_t;

typedef struct ingot_status {
  int32_t code;
  char message[508];
} ingot_status_t;

typedef struct ingot_program ingot_program_t;
typedef struct ingot_context ingot_context_t;
typedef struct ingot_state ingot_state_t;
typedef struct ingot_pool ingot_pool_t;
typedef struct ingot_device ingot_device_t;

/* A dense row-major tensor in the caller's memory, aligned to its element size. */
typedef struct ingot_tensor {
  void *data;
  size_t bytes; /* size of `data`: checked, never exceeded */
  uint32_t dtype;
  uint32_t rank;
  int64_t dims[INGOT_MAX_RANK];
} ingot_tensor_t;

typedef struct ingot_allocator {
  void *(*allocate)(void *self, size_t bytes, size_t alignment); /* NULL on failure */
  void (*release)(void *self, void *memory, size_t bytes);
  void *self;
} ingot_allocator_t;

/* Calls body(data, worker, item) for every item in [0, items), in any order and on any threads, and returns when all
 * have returned. `worker` is below `max_workers` and never used by two threads at once. */
typedef struct ingot_parallel_for {
  void (*run)(void *self, int64_t items, void (*body)(void *data, uint32_t worker, int64_t item), void *data);
  void *self;
  uint32_t max_workers;
} ingot_parallel_for_t;

typedef struct ingot_load_options {
  uint32_t struct_size;
  const char *weights_path; /* side file; NULL: the program's own file name in the working directory */
  const char *cpu_level;    /* NULL: the best variant that this machine can run */
  ingot_device_t *device;   /* borrowed: the program runs there, with its weights; NULL: on the host */
} ingot_load_options_t;

/* A device is opened by its own header (ingot/cuda.h, which has more for callers with memory of the device). Inputs,
 * outputs and states are memory of the host as ever: what a run needs of it is copied. A run on a device uses neither
 * pool nor parallel_for, and may allocate and wait; arena, workspace and states are the device's memory, not the
 * allocator's. Free a device after all programs that were loaded for it. */
void ingot_device_free(ingot_device_t *device);
const char *ingot_device_get_name(const ingot_device_t *device); /* "cuda:0" */

/* Checks and loads. The description must outlive the program. Maps a side file read-only: replace it by
 * a rename, since a run that reads it after it was shortened in place gets SIGBUS, which the runtime leaves to the
 * process. */
int32_t ingot_program_load(const ingot_program_desc_t *desc, const ingot_load_options_t *options,
                           ingot_program_t **program, ingot_status_t *status);
void ingot_program_free(ingot_program_t *program);
/* Borrowed. */
const ingot_program_desc_t *ingot_program_get_desc(const ingot_program_t *program);
const char *ingot_program_get_cpu_level(const ingot_program_t *program);
/* "sm_90"; NULL: it runs on the host. */
const char *ingot_program_get_device_level(const ingot_program_t *program);

/* threads 0: what affinity and the cgroup quota give. Workers park when idle and never spin for long. */
int32_t ingot_pool_create(uint32_t threads, ingot_pool_t **pool, ingot_status_t *status);
void ingot_pool_free(ingot_pool_t *pool);
uint32_t ingot_pool_get_threads(const ingot_pool_t *pool);

/* Called after every step with its duration: nanoseconds of CLOCK_MONOTONIC. On a device, after later steps, with the
 * device's own times. */
typedef struct ingot_trace {
  void (*step)(void *self, uint32_t step, const char *name, uint64_t begin_ns, uint64_t end_ns);
  void *self;
} ingot_trace_t;

typedef struct ingot_context_options {
  uint32_t struct_size;
  ingot_pool_t *pool;                       /* borrowed; NULL: the calling thread alone */
  const ingot_parallel_for_t *parallel_for; /* borrowed; used instead of pool when set */
  const ingot_allocator_t *allocator;       /* NULL: malloc and free */
  const ingot_trace_t *trace;               /* NULL: no tracing */
} ingot_context_options_t;

int32_t ingot_context_create(const ingot_program_t *program, const ingot_context_options_t *options,
                             ingot_context_t **context, ingot_status_t *status);
void ingot_context_free(ingot_context_t *context);

/* Reads only dtype, rank and dims of `inputs` (num_inputs of them, in order); fills dtype, rank, dims and bytes of
 * `outputs` (not data). A dim that follows from data is -1, and bytes then 0: the run finds it. */
int32_t ingot_context_query(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_tensor_t *outputs,
                            ingot_status_t *status);

/* Runs. `inputs` as above with data; `outputs` need data and bytes (at least what query says); dtype, rank and dims are
 * filled in. Sizes no larger than those seen before: no allocation and, on one thread, no system call (where
 * sizes follow from data, memory grows with some room to spare, and a run that places its values otherwise may need
 * more). An output with a dim that follows from data is copied to its `data` when that holds enough bytes (an error
 * that names the number when it does not), and left in the context when `data` is NULL. */
int32_t ingot_context_run(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_tensor_t *outputs,
                          ingot_status_t *status);

/* An output with a dim that follows from data, after a run: data, bytes, dtype and dims. Borrowed until the context's
 * next run. */
int32_t ingot_context_get_output(ingot_context_t *context, uint32_t output, ingot_tensor_t *tensor,
                                 ingot_status_t *status);

/* Ends the run that is in progress in another thread, at the next turn of a loop; the run returns INGOT_CANCELLED, and
 * the context can run again. Without a run in progress it does nothing. */
void ingot_context_cancel(ingot_context_t *context);

/* What a program's runs leave for later ones (a running mean, the keys and values of a decoder), with the shapes it was
 * made for. One run or call at a time: what comes while another uses the object is refused. A run that ends early after
 * it began to write leaves it invalid: only ingot_state_reset and a copy from another make it usable again.
 * The program must outlive it. */

/* Makes a state with its initial values. `symbols`: the program's num_symbols values in their order, -1 for what no
 * state's shape needs; NULL: none needs any. `allocator` NULL: malloc and free. */
int32_t ingot_state_create(const ingot_program_t *program, const int64_t *symbols, const ingot_allocator_t *allocator,
                           ingot_state_t **state, ingot_status_t *status);
/* Not while a context has it. */
void ingot_state_free(ingot_state_t *state);
int32_t ingot_state_reset(ingot_state_t *state, ingot_status_t *status);
/* Of the same program and the same shapes. */
int32_t ingot_state_copy(ingot_state_t *to, ingot_state_t *from, ingot_status_t *status);

/* A state object holds the program's num_states states, by number; their names are in the program's description.
 * INGOT_NONE when there is none of this name. */
uint32_t ingot_state_find(const ingot_state_t *state, const char *name);
/* Fills dtype, rank, dims and bytes of `tensor`, not data. */
int32_t ingot_state_query(const ingot_state_t *state, uint32_t number, ingot_tensor_t *tensor, ingot_status_t *status);
/* Copies to tensor->data, which has tensor->bytes (at least what query says); dtype, rank and dims are filled in. */
int32_t ingot_state_read(ingot_state_t *state, uint32_t number, ingot_tensor_t *tensor, ingot_status_t *status);
/* Copies from tensor->data; dtype, rank and dims must be the state's. */
int32_t ingot_state_write(ingot_state_t *state, uint32_t number, const ingot_tensor_t *tensor, ingot_status_t *status);

/* The context's runs use this state, which stays the caller's and may be given to several contexts of the program. NULL
 * takes it away. A context of a program with states that was given none makes its own in its next run, with the shapes
 * of that run. */
int32_t ingot_context_set_state(ingot_context_t *context, ingot_state_t *state, ingot_status_t *status);
/* What the context has, its own or given, or NULL. Borrowed; its own goes with it, or when another is set. */
ingot_state_t *ingot_context_get_state(ingot_context_t *context);

size_t ingot_dtype_size(uint32_t dtype);      /* bytes of one element, 1 for those of 4 bits; 0 when unknown */
const char *ingot_dtype_name(uint32_t dtype); /* "f32" */
/* Features of this machine, as INGOT_CPU_* bits. */
uint64_t ingot_cpu_features(void);

#ifdef __cplusplus
}
#endif
#endif /* INGOT_RUNTIME_H_ */
