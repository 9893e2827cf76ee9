// From the shapes of a call's inputs to a size table, and the checks of every tensor the caller passes. Messages name
// the input, the dim, what was expected and what was got. Tests: tests/runtime/shape_test.cc.
#ifndef INGOT_RUNTIME_SRC_SHAPES_H_
#define INGOT_RUNTIME_SRC_SHAPES_H_

#include "runtime/src/plan.h"

namespace ingot::runtime {

// Whether dtype, rank and dims of all inputs are those the plan was made for.
bool InputsMatch(const ingot_program_desc_t *desc, const int64_t *sizes, const ingot_tensor_t *inputs);

// Finds the sized plan for these inputs, or makes it.
int32_t SelectPlan(ingot_context_t *context, const ingot_tensor_t *inputs, Plan **plan, ingot_status_t *status);

// Checks data and bytes of one input or output that has to hold `needed` bytes.
inline bool BufferOk(const ingot_tensor_t &tensor, uint64_t needed, uint64_t element) {
  return tensor.bytes >= needed &&
         (needed == 0 || (tensor.data != nullptr && (reinterpret_cast<uintptr_t>(tensor.data) & (element - 1)) == 0));
}
int32_t BufferError(const char *kind, const char *name, const ingot_tensor_t &tensor, uint64_t needed,
                    ingot_status_t *status);

// Whether a size is known only behind a BIND step.
inline bool IsLate(const ingot_program_desc_t *desc, uint32_t size) {
  return desc->num_stages != 0 && desc->size_stages[size] != 0;
}

// The same for an input or output: any of its dims.
bool IsLate(const ingot_program_desc_t *desc, const ingot_io_t &io);

// Fills in dtype, rank and dims; before a run, dims that it will find are -1.
void DescribeOutput(const ingot_program_desc_t *desc, const ingot_io_t &io, const int64_t *sizes, bool has_run,
                    ingot_tensor_t *output);

// Computes a stage's sizes from its symbols, then compares checks [first_check, end_check).
int32_t EvalStage(const ingot_program_desc_t *desc, int64_t *sizes, uint32_t stage, uint32_t first_check,
                  uint32_t end_check, ingot_status_t *status);

// Compares sizes for checks [begin, end).
int32_t RunChecks(const ingot_program_desc_t *desc, const int64_t *sizes, uint32_t begin, uint32_t end,
                  ingot_status_t *status);

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_SHAPES_H_
