#include "compiler/views/strided_view.h"

#include "mlir/IR/Builders.h"

namespace ingot::compiler {

// Expressions that are too long are all one undefined dim, and say nothing of each other.
static bool SurelyEqual(const Dim &a, const Dim &b) { return !a.undefined() && a == b; }

bool IsEvenlySpaced(const StridedView &view, size_t begin, size_t end) {
  size_t inner = end;  // the last axis seen that is not 1
  for (size_t axis = end; axis-- > begin;) {
    if (view.dims[axis].Is(1)) continue;
    if (inner != end && !SurelyEqual(view.strides[axis], view.strides[inner] * view.dims[inner])) return false;
    inner = axis;
  }
  return true;
}

size_t MergedAxis(const Dims &dims, size_t begin, size_t end) {
  for (size_t axis = end; axis-- > begin;)
    if (!dims[axis].Is(1)) return axis;
  return end - 1;
}

bool StridedView::IsContiguous() const {
  if (!offset.Is(0)) return false;
  Dims wanted = ContiguousStrides(dims);
  for (size_t i = 0; i < dims.size(); ++i)
    if (!dims[i].Is(1) && !SurelyEqual(strides[i], wanted[i])) return false;
  return true;
}

StridedView StridedView::Transpose(const Ints &permutation) const {
  StridedView result{offset, {}, {}};
  for (int64_t axis : permutation) {
    result.dims.push_back(dims[axis]);
    result.strides.push_back(strides[axis]);
  }
  return result;
}

StridedView StridedView::Broadcast(const Dims &target) const {
  StridedView result{offset, target, Dims(target.size(), Dim(0))};
  size_t lead = target.size() - dims.size();
  for (size_t i = 0; i < dims.size(); ++i)
    if (!dims[i].Is(1) || target[lead + i].Is(1))  // sizes of another form are equal: a check says so
      result.strides[lead + i] = strides[i];
  return result;
}

StridedView StridedView::Slice(const Dims &starts, const Dims &limits, const Ints &steps) const {
  StridedView result{offset, {}, {}};
  for (size_t i = 0; i < dims.size(); ++i) {
    Dim span = steps[i] > 0 ? limits[i] - starts[i] : starts[i] - limits[i];
    Dim count = Dim::CeilDiv(span, Dim(std::abs(steps[i])));
    if (count.constant().value_or(0) < 0) count = 0;
    result.offset = result.offset + starts[i] * strides[i];
    result.dims.push_back(count);
    result.strides.push_back(strides[i] * Dim(steps[i]));
  }
  return result;
}

// Matches runs of old axes with runs of new axes that have the same product, as NumPy does for reshapes without copies;
// a run of old axes must be evenly spaced to be split anew.
std::optional<StridedView> StridedView::Reshape(const Dims &target) const {
  if (IsContiguous()) return Contiguous(target);
  // Sizes of 1 say nothing about spacing.
  Dims old_dims, old_strides;
  for (size_t i = 0; i < dims.size(); ++i)
    if (!dims[i].Is(1)) {
      old_dims.push_back(dims[i]);
      old_strides.push_back(strides[i]);
    }
  StridedView result{offset, target, Dims(target.size(), Dim(0))};
  size_t o = 0, n = 0;
  while (n < target.size()) {
    if (target[n].Is(1)) {
      ++n;
      continue;
    }
    if (o == old_dims.size()) return std::nullopt;
    size_t old_begin = o, new_begin = n;
    Dim old_product = old_dims[o++], new_product = target[n++];
    while (!SurelyEqual(old_product, new_product)) {
      if (Dim::DivideExactly(old_product, new_product) && n < target.size())
        new_product = new_product * target[n++];
      else if (Dim::DivideExactly(new_product, old_product) && o < old_dims.size())
        old_product = old_product * old_dims[o++];
      else
        return std::nullopt;
    }
    for (size_t i = old_begin; i + 1 < o; ++i)
      if (!SurelyEqual(old_strides[i], old_strides[i + 1] * old_dims[i + 1])) return std::nullopt;
    Dim stride = old_strides[o - 1];
    for (size_t i = n; i-- > new_begin;) {
      result.strides[i] = stride;
      stride = stride * target[i];
    }
  }
  if (o != old_dims.size()) return std::nullopt;
  return result;
}

StridedView ViewOf(ir::ViewOp op) { return {op.getOffset().front(), TypeOf(op.getResult()).dims, op.getStrides()}; }

Access AccessOf(mlir::Value tensor) {
  if (auto view = tensor.getDefiningOp<ir::ViewOp>()) return {view.getSource(), ViewOf(view)};
  return {tensor, StridedView::Contiguous(TypeOf(tensor).dims)};
}

mlir::Value MakeView(mlir::OpBuilder &b, mlir::Location loc, mlir::Value source, const StridedView &view) {
  TensorType type{TypeOf(source).dtype, view.dims};
  return ir::ViewOp::create(b, loc, ToMlirType(b.getContext(), type), source,
                            ir::DimsAttr::get(b.getContext(), {view.offset}),
                            ir::DimsAttr::get(b.getContext(), view.strides));
}

}  // namespace ingot::compiler
