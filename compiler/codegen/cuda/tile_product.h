// The product of two tiles in shared memory, its sums divided among the registers of a block's threads: on the CUDA
// cores, for all dtypes, or on the tensor cores, for floats of 16 bits.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_TILEPRODUCT_H
#define INGOT_COMPILER_CODEGEN_CUDA_TILEPRODUCT_H

#include "compiler/codegen/cuda/shared_tile.h"

namespace ingot::compiler::cuda {

class TileProduct {
 public:
  TileProduct(KernelBuilder &k, SharedTile &x, SharedTile &y, mlir::Type sum, int64_t count)
      : k_(k), x_(x), y_(y), sum_(sum), count_(count) {}
  virtual ~TileProduct() = default;

  // A thread's sums before the first product.
  llvm::SmallVector<Value> Start() { return llvm::SmallVector<Value>(count_, k_.Zero(sum_, 1)); }
  // The sums, with the product of the tiles in this stage.
  virtual llvm::SmallVector<Value> Add(Value stage, mlir::ValueRange sums) = 0;
  // Calls put(row, column, value) for the thread's sums in rows [first, first + count) of the tile: a slab, of which
  // the tile has one, two or (of 8 rows to a thread) four.
  virtual void Put(int64_t first, int64_t count, mlir::ValueRange sums,
                   llvm::function_ref<void(Value, Value, Value)> put) = 0;

 protected:
  KernelBuilder &k_;
  SharedTile &x_, &y_;
  mlir::Type sum_;
  int64_t count_;
};

// The schedule's tile_rows x tile_columns, along its tile_depth.
std::unique_ptr<TileProduct> MakeTileProduct(KernelBuilder &k, SharedTile &x, SharedTile &y, DType dtype);

}  // namespace ingot::compiler::cuda
#endif
