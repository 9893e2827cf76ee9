#include "compiler/codegen/cuda/contract_operands.h"

using namespace mlir;

namespace ingot::compiler::cuda {

// Of the axes [begin, end); none where there are none.
static std::optional<size_t> MinorAxis(const StridedView &view, size_t begin, size_t end) {
  if (begin == end) return std::nullopt;
  return MergedAxis(view.dims, begin, end);
}

static Dim Product(const Dims &dims, size_t begin, size_t end) {
  return NumElements(Dims(dims.begin() + begin, dims.begin() + end));
}

ContractOperands::ContractOperands(KernelBuilder &k, ir::ContractOp op, Dims result_space)
    : op(op),
      dtype(TypeOf(op.getX()).dtype),
      space(std::move(result_space)),
      panels(op.getPanels()),
      k_(k),
      batch_axes_(op.getBatch()),
      row_axes_(op.getRows()),
      depth_axes_(op.getDepth()) {
  if (panels) {
    row_axes_ += batch_axes_;
    batch_axes_ = 0;
  }
  batches = Product(space, 0, batch_axes_);
  rows = Product(space, batch_axes_, batch_axes_ + row_axes_);
  columns = space.back();
  const Dims &x = TypeOf(op.getX()).dims;
  depth = Product(x, x.size() - depth_axes_, x.size());
}

std::function<Value(Value)> ContractOperands::OffsetAlong(const StridedView &view, size_t begin, size_t end) {
  return [this, view, begin, end](Value flat) {
    SmallVector<Value> index(view.dims.size());
    k_.Delinearize(flat, view.dims, begin, end, index);
    Value offset = k_.Constant(0);
    for (size_t i = begin; i < end; ++i)
      if (!view.strides[i].Is(0) && !view.dims[i].Is(1)) offset = k_.Add(offset, k_.MulDim(index[i], view.strides[i]));
    return offset;
  };
}

Value ContractOperands::BatchPointer(const Access &access, Value batch) {
  Value offset = k_.AddDim(OffsetAlong(access.view, 0, batch_axes_)(batch), access.view.offset);
  return k_.ElementPointer(k_.Buffer(access.buffer), StorageType(k_.b.getContext(), dtype), offset);
}

void ContractOperands::FindRuns(const StridedView &view, std::optional<size_t> line_axis,
                                std::optional<size_t> depth_axis, Matrix &matrix) {
  auto is_dense = [&](std::optional<size_t> axis) { return axis && view.strides[*axis].Is(1); };
  if (!is_dense(line_axis) && !is_dense(depth_axis)) return;
  matrix.is_depth_minor = is_dense(depth_axis);
  size_t minor = matrix.is_depth_minor ? *depth_axis : *line_axis;
  int64_t chunk = ChunkOf(dtype);
  StridedView with_minor_last = view;
  std::swap(with_minor_last.dims[minor], with_minor_last.dims.back());
  std::swap(with_minor_last.strides[minor], with_minor_last.strides.back());
  bool is_whole =
      Dim::DivideExactly(view.dims[minor], chunk) && KernelBuilder::IsAligned(with_minor_last, static_cast<int>(chunk));
  matrix.run = is_whole ? chunk : 1;
}

Matrix ContractOperands::Left(Value batch) {
  Access access = AccessOf(op.getX());
  const StridedView &view = access.view;
  size_t first_depth = view.dims.size() - depth_axes_;
  Matrix matrix{BatchPointer(access, batch),
                dtype,
                OffsetAlong(view, batch_axes_, first_depth),
                OffsetAlong(view, first_depth, view.dims.size()),
                k_.Size(rows),
                k_.Size(depth)};
  FindRuns(view, MinorAxis(view, batch_axes_, first_depth), MinorAxis(view, first_depth, view.dims.size()), matrix);
  return matrix;
}

Matrix ContractOperands::Right(Value batch) {
  Access access = AccessOf(op.getY());
  Matrix matrix{Value(), dtype, nullptr, nullptr, k_.Size(columns), k_.Size(depth)};
  if (panels) {
    // [panel, depth, column in it], whole panels of them.
    Value width = k_.Constant(*panels), panel = k_.Size(depth * Dim(*panels));
    matrix.pointer = k_.Buffer(access.buffer);
    matrix.line_offset = [this, width, panel](Value column) {
      return k_.Add(k_.Mul(k_.Udiv(column, width), panel), k_.Urem(column, width));
    };
    matrix.depth_offset = [this, width](Value d) { return k_.Mul(d, width); };
    matrix.is_depth_minor = false;
    matrix.run = *panels % ChunkOf(dtype) == 0 ? ChunkOf(dtype) : 1;
    return matrix;
  }
  const StridedView &view = access.view;
  size_t column = view.dims.size() - 1;
  matrix.pointer = BatchPointer(access, batch);
  matrix.line_offset = OffsetAlong(view, column, column + 1);
  matrix.depth_offset = OffsetAlong(view, batch_axes_, column);
  FindRuns(view, column, MinorAxis(view, batch_axes_, column), matrix);
  return matrix;
}

Point ContractOperands::At(Value batch, Value row, Value column, int width) {
  Point point;
  point.index.resize(space.size());
  k_.Delinearize(batch, space, 0, batch_axes_, point.index);
  k_.Delinearize(row, space, batch_axes_, batch_axes_ + row_axes_, point.index);
  point.index.back() = column;
  point.width = width;
  return point;
}

}  // namespace ingot::compiler::cuda
