// The product of two tiles in shared memory, its sums divided among the registers of a block's threads: on the CUDA
// cores, for all dtypes, or on the tensor cores, for floats of 16 bits and tf32.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_TILEPRODUCT_H
#define INGOT_COMPILER_CODEGEN_CUDA_TILEPRODUCT_H

#include "compiler/codegen/cuda/shared_tile.h"

namespace ingot::compiler::cuda {

// Powers of two. `warp_rows`: into how many rows of warps tensor cores divide it.
struct TileShape {
  int64_t rows, columns, depth, stages;
  int64_t warp_rows = 2;

  int64_t LeftBytes(DType dtype) const { return rows * depth * stages * ElementBytes(dtype); }
  int64_t RightBytes(DType dtype) const { return columns * depth * stages * ElementBytes(dtype); }
};

class TileProduct {
 public:
  TileProduct(KernelBuilder &k, const TileShape &shape, SharedTile &x, SharedTile &y, mlir::Type sum)
      : k_(k), shape_(shape), x_(x), y_(y), sum_(sum) {}
  virtual ~TileProduct() = default;

  int64_t count() const { return shape_.rows * shape_.columns / k_.schedule.threads; }
  // A thread's sums before the first product.
  llvm::SmallVector<Value> Start() { return llvm::SmallVector<Value>(count(), k_.Zero(sum_, 1)); }
  // The sums, with the product of the tiles in this stage.
  virtual llvm::SmallVector<Value> Add(Value stage, mlir::ValueRange sums) = 0;
  // Of a thread's sum, the row and column in the tile. Sums of one row lie with so many neighbouring threads.
  virtual std::pair<Value, Value> Place(int64_t sum) = 0;
  virtual int64_t ThreadsOfARow() const = 0;
  // Numbers of a thread's rows, and of one of its sums.
  virtual int64_t NumRows() const = 0;
  virtual int64_t RowOf(int64_t sum) const = 0;
  // Into how many slabs one below the other the tile may be divided, so that of a thread's rows, in order, each slab
  // has as many.
  virtual int64_t SlabsOfAThread() const = 0;

 protected:
  KernelBuilder &k_;
  TileShape shape_;
  SharedTile &x_, &y_;
  mlir::Type sum_;
};

// Floats of 16 bits have one, and f32 where the program may take it as tf32.
bool HasTensorCoreProduct(KernelBuilder &k, DType dtype);
std::unique_ptr<TileProduct> MakeTileProduct(KernelBuilder &k, const TileShape &shape, SharedTile &x, SharedTile &y,
                                             bool on_tensor_cores);

// All of the sums along `depth`, in tiles that are copied while others are multiplied. Begins where no thread reads the
// tiles any more.
llvm::SmallVector<Value> MultiplyTiles(KernelBuilder &k, const TileShape &shape, const Dim &depth, SharedTile &x,
                                       SharedTile &y, TileProduct &product);

}  // namespace ingot::compiler::cuda
#endif
