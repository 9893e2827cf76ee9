// Runs a program on inputs and outputs that end, or begin, at a page that faults. In a program that is linked with
// ingot_runtime_guarded the same is true of everything between them.
#ifndef INGOT_TESTS_COMPILER_GUARDED_RUN_H_
#define INGOT_TESTS_COMPILER_GUARDED_RUN_H_

#include <vector>

#include "absl/status/statusor.h"
#include "ingot/runtime.h"
#include "ingot/tensor.h"

namespace ingot {

enum class Guard { kEnd, kStart };

// Inputs cannot be written; outputs begin as 0xff bytes. Twice in a row, since the second run of a context takes
// another way.
// `others`: inputs of the same shapes that the context also runs between two runs on `inputs`, which must agree.
absl::StatusOr<std::vector<Tensor>> RunGuarded(const ingot_program_t *program, const std::vector<Tensor> &inputs,
                                               uint32_t threads, Guard guard, const std::vector<Tensor> &others = {});

// Whether this program holds the guarded runtime.
bool RuntimeIsGuarded();

}  // namespace ingot
#endif  // INGOT_TESTS_COMPILER_GUARDED_RUN_H_
