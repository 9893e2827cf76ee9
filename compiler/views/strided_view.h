// A strided view: which elements of a contiguous buffer make up a tensor. Reshapes, transposes, broadcasts and slices
// are arithmetic on views and move no data. Pure functions of dim expressions. Tests: tests/compiler/views_test.cc.
#ifndef INGOT_COMPILER_VIEWS_STRIDEDVIEW_H
#define INGOT_COMPILER_VIEWS_STRIDEDVIEW_H

#include <optional>

#include "compiler/dialect/ingot.h"

namespace ingot::compiler {

struct StridedView {
  Dim offset;
  Dims dims, strides;

  static StridedView Contiguous(const Dims &dims) { return {0, dims, ContiguousStrides(dims)}; }
  // Row-major without gaps from element 0; sizes of 1 may have any stride.
  bool IsContiguous() const;
  bool operator==(const StridedView &other) const {
    return offset == other.offset && dims == other.dims && strides == other.strides;
  }

  StridedView Transpose(const Ints &permutation) const;
  // To dims that these broadcast to.
  StridedView Broadcast(const Dims &target) const;
  StridedView Slice(const Dims &starts, const Dims &limits, const Ints &steps) const;
  // nullopt when the elements are not evenly spaced in the new shape: copy first.
  std::optional<StridedView> Reshape(const Dims &target) const;
};

// The view of a ViewOp.
StridedView ViewOf(ir::ViewOp op);
mlir::Value MakeView(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value source, const StridedView &view);

// Memory read by an operand: a whole buffer or a view of one.
struct Access {
  mlir::Value buffer;
  StridedView view;
};
Access AccessOf(mlir::Value tensor);

// Can axes [begin, end) be walked as one, in steps of the stride of the last of them that is not 1?
bool IsEvenlySpaced(const StridedView &view, size_t begin, size_t end);
// The axis that carries the index when axes [begin, end) are walked as one: the last that is not 1, or end - 1.
size_t MergedAxis(const Dims &dims, size_t begin, size_t end);

}  // namespace ingot::compiler
#endif
