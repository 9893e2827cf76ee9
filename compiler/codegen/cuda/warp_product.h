// Products of small matrices by a warp on the tensor cores (mma.sync), and their operands from shared memory
// (ldmatrix). Which elements a lane holds: PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type" and
// "for mma.m16n8k8".
#ifndef INGOT_COMPILER_CODEGEN_CUDA_WARPPRODUCT_H
#define INGOT_COMPILER_CODEGEN_CUDA_WARPPRODUCT_H

#include "compiler/codegen/cuda/shared_tile.h"

namespace ingot::compiler::cuda {

// Rows of the left operand and of the sums, columns of the right one; sums of a lane, and lanes that share a row of
// them.
inline constexpr int64_t kFragmentRows = 16, kFragmentColumns = 8, kFragmentSums = 4, kFragmentRowThreads = 4;
// In depth: two chunks of 16 bytes. f32 is multiplied as tf32.
inline int64_t FragmentDepth(DType dtype) { return 32 / ElementBytes(dtype); }

// Four registers: the left operand's rows from `row` on, at this depth of the tile; multiples of a fragment.
llvm::SmallVector<Value> LoadLeftFragment(KernelBuilder &k, SharedTile &tile, Value stage, Value row, Value depth);
// Two fragments of two registers: the right operand's columns [column, column + 16), a multiple of 8.
llvm::SmallVector<llvm::SmallVector<Value>> LoadRightFragments(KernelBuilder &k, SharedTile &tile, Value stage,
                                                               Value column, Value depth);
// sums += x * y, in f32.
void MultiplyFragments(KernelBuilder &k, DType dtype, llvm::ArrayRef<Value> x, llvm::ArrayRef<Value> y,
                       llvm::MutableArrayRef<Value> sums);
// Two numbers of f32 as a register of an operand.
Value PackPair(KernelBuilder &k, DType dtype, Value low, Value high);
// The row and column of this lane's sum `s` in a fragment.
std::pair<Value, Value> PlaceInFragment(KernelBuilder &k, int64_t s);

}  // namespace ingot::compiler::cuda
#endif
