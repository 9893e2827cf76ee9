// Prints times and a description of the outputs. Tests: tests/runtime/main_test.cc.
// The JSON line is meant for scripts: keys are only ever added.
#include "runtime/main/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/main/message.h"
#include "runtime/main/outputs.h"

namespace ingot::main_program {
namespace {

int CompareTimes(const void *a, const void *b) {
  uint64_t x = *static_cast<const uint64_t *>(a), y = *static_cast<const uint64_t *>(b);
  return x < y ? -1 : x > y;
}

void PrintQuoted(const char *text) {
  putchar('"');
  for (; *text != '\0'; ++text) {
    auto c = static_cast<unsigned char>(*text);
    if (c == '"' || c == '\\')
      printf("\\%c", c);
    else if (c < 0x20 || c == 0x7f)
      printf("\\u%04x", c);
    else
      putchar(c);
  }
  putchar('"');
}

}  // namespace

uint64_t NowNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

Times Summarize(uint64_t *nanoseconds, int64_t runs) {
  qsort(nanoseconds, static_cast<size_t>(runs), sizeof(*nanoseconds), CompareTimes);
  return {runs, nanoseconds[0], nanoseconds[runs / 2]};
}

void PrintTimes(const Times &times) {
  fprintf(stderr, "%" PRId64 " runs: min %.3f us, median %.3f us\n", times.runs,
          static_cast<double>(times.min_ns) / 1000, static_cast<double>(times.median_ns) / 1000);
}

bool PrintJson(const ingot_program_t *program, uint32_t threads, const Times &times, const ingot_tensor_t *outputs) {
  const ingot_program_desc_t *desc = ingot_program_get_desc(program);
  printf("{\"program\": ");
  PrintQuoted(desc->name);
  printf(", \"cpu_level\": ");
  PrintQuoted(ingot_program_get_cpu_level(program));
#ifdef INGOT_MAIN_HAS_GPU
  const char *level = ingot_program_get_device_level(program);
  if (level != nullptr) printf(", \"gpu_level\": \"%s\"", level);
#endif
  printf(", \"threads\": %" PRIu32 ", \"runs\": %" PRId64 ", \"min_ns\": %" PRIu64 ", \"median_ns\": %" PRIu64
         ", \"outputs\": [",
         threads, times.runs, times.min_ns, times.median_ns);
  for (uint32_t i = 0; i < desc->num_outputs; ++i) {
    char file[kMaxFileName];
    OutputFileName(desc, i, file);
    printf("%s{\"name\": ", i == 0 ? "" : ", ");
    PrintQuoted(desc->outputs[i].name);
    printf(", \"file\": ");
    PrintQuoted(file);
    printf(", \"dtype\": \"%s\", \"shape\": [", ingot_dtype_name(outputs[i].dtype));
    for (uint32_t d = 0; d < outputs[i].rank; ++d) printf("%s%" PRId64, d == 0 ? "" : ", ", outputs[i].dims[d]);
    printf("]}");
  }
  printf("]}\n");
  return fflush(stdout) == 0 || Error("cannot write to standard output");
}

}  // namespace ingot::main_program
