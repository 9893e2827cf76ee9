// A contraction as products of matrices: where the elements of its operands and its result are.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_CONTRACTOPERANDS_H
#define INGOT_COMPILER_CODEGEN_CUDA_CONTRACTOPERANDS_H

#include "compiler/codegen/cuda/shared_tile.h"
#include "compiler/codegen/point/point_emitter.h"

namespace ingot::compiler::cuda {

class ContractOperands {
 public:
  ContractOperands(KernelBuilder &k, ir::ContractOp op, Dims space);

  // One of the batch, and its matrices. A right operand in panels has no batch: its rows are the left one's.
  Matrix Left(Value batch);
  Matrix Right(Value batch);
  // The result at a row and a column, of `width` columns.
  Point At(Value batch, Value row, Value column, int width);

  ir::ContractOp op;
  DType dtype;
  Dims space;  // of the result
  Dim batches, rows, columns, depth;
  std::optional<int64_t> panels;  // of the right operand: columns of each

 private:
  // Axes [begin, end) of the view: dims, and the offset of a flat index along them.
  std::function<Value(Value)> OffsetAlong(const StridedView &view, size_t begin, size_t end);
  Value BatchPointer(const Access &access, Value batch);
  // What lies side by side along the lines or the depth, into the matrix.
  void FindRuns(const StridedView &view, std::optional<size_t> line_axis, std::optional<size_t> depth_axis,
                Matrix &matrix);

  KernelBuilder &k_;
  size_t batch_axes_, row_axes_, depth_axes_;
};

}  // namespace ingot::compiler::cuda
#endif
