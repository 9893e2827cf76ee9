// Times of repeated runs, as text for people and JSON for programs. Tests: tests/runtime/main_test.cc.
// Kept apart from running, so that printing is never inside a measured interval.
#ifndef INGOT_RUNTIME_MAIN_REPORT_H_
#define INGOT_RUNTIME_MAIN_REPORT_H_

#include <stdint.h>

#include "ingot/runtime.h"

namespace ingot::main_program {

struct Times {
  int64_t runs;
  uint64_t min_ns, median_ns;
};

uint64_t NowNanoseconds();

// Sorts `nanoseconds`.
Times Summarize(uint64_t *nanoseconds, int64_t runs);

void PrintTimes(const Times &times);
// One line; false when standard output cannot be written.
bool PrintJson(const ingot_program_t *program, uint32_t threads, const Times &times, const ingot_tensor_t *outputs);

}  // namespace ingot::main_program

#endif  // INGOT_RUNTIME_MAIN_REPORT_H_
