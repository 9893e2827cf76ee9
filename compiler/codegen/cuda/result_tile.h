// Sums on their way from registers to the element-wise ops on them: through shared memory, so that threads side by side
// go on with neighbouring elements.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_RESULTTILE_H
#define INGOT_COMPILER_CODEGEN_CUDA_RESULTTILE_H

#include "compiler/codegen/cuda/contract_operands.h"
#include "compiler/codegen/cuda/tile_product.h"

namespace ingot::compiler::cuda {

class ResultTile {
 public:
  // Uses `bytes` of shared memory, some rows after the others where it has no room for all.
  ResultTile(KernelBuilder &k, ContractOperands &operands, const TileShape &shape, Value shared, int64_t bytes);

  // The element-wise ops of the kernel on the tile's sums, which begins at this row and column. Waits until no thread
  // reads the memory as it was; who writes there next waits until none reads the sums.
  void Store(Value batch, Value first_row, Value first_column, TileProduct &product, llvm::ArrayRef<Value> sums);

 private:
  void StoreSlab(Value batch, Value first_row, Value first_column);
  Value SumAt(Value row, Value column);
  // Rows begin in other banks than their neighbours.
  int64_t RowLength() const { return shape_.columns + ChunkOf(accumulator_); }

  KernelBuilder &k_;
  ContractOperands &operands_;
  TileShape shape_;
  DType accumulator_;
  Value shared_;
  int64_t slab_rows_;
};

}  // namespace ingot::compiler::cuda
#endif
