// A product of few rows by a matrix in panels, as fast as the matrix comes from memory: a block reads a panel, its
// threads side by side along the depth, and every element of it once for all rows.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_FEWROWS_H
#define INGOT_COMPILER_CODEGEN_CUDA_FEWROWS_H

#include "compiler/codegen/cuda/contract_operands.h"

namespace ingot::compiler::cuda {

inline constexpr int64_t kFewRows = 8;

// Of shared memory.
int64_t FewRowsBytes(const Schedule &schedule, const ContractOperands &operands);
// For 1 to kFewRows rows; nothing may run where there are none. Returns the number of blocks.
Dim EmitFewRows(KernelBuilder &k, ContractOperands &operands, Value shared);

}  // namespace ingot::compiler::cuda
#endif
