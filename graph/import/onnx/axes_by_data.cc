#include "graph/import/onnx/axes_by_data.h"

#include "graph/import/onnx/indexing.h"

namespace ingot::onnx_import {

absl::StatusOr<NamedAxes> AxesByData(NodeContext &n, size_t i, int rank) {
  const TensorType type = n.Type(i);
  if (!IsInteger(type.dtype) || type.rank() > 1)
    return absl::InvalidArgumentError(absl::StrCat("its axes are ", type.ToString(), ", not a vector of integers"));
  GraphBuilder &b = n.b;
  const Dim count = NumElements(type.dims), width = rank;
  NamedAxes axes;
  axes.count = count.constant();
  axes.list = b.Reshape(FromStart(b, n.In(i), width), {count});
  Expr hits = b.Equal(b.Reshape(axes.list, {count, 1}), Counted(b, width, 1, 2));
  Expr one = b.Scalar(1, DType::kI64);
  axes.named = b.Min(b.ReduceSum(b.Cast(hits, DType::kI64), {0}), one);
  axes.fit = b.Equal(b.ReduceSum(axes.named, {0}), Number(b, count));
  return axes;
}

absl::StatusOr<Dims> SizesIfFit(NodeContext &n, const NamedAxes &axes, Expr sizes, const char *what) {
  return n.SizesFrom(n.b.Select(axes.fit, sizes, n.b.Scalar(-1, DType::kI64)), what, "size_if_axes_fit");
}

Expr SizesOfOthers(GraphBuilder &b, const NamedAxes &axes, Expr sizes) {
  const Dim rank = NumElements(b.type(sizes).dims);
  // Axes that are named stand behind all others.
  Expr order = b.Add(b.Mul(axes.named, Number(b, rank)), b.Iota({rank}));
  return b.Gather(sizes, b.TopK(order, {rank - Dim(axes.count.value_or(0))}, 0, /*largest=*/false).indices);
}

absl::StatusOr<Dims> SizesAround(NodeContext &n, size_t i, const Dims &dims) {
  if (!IsInteger(n.dtype(i)) || !NumElements(n.Type(i).dims).Is(1) || dims.empty())
    return absl::InvalidArgumentError(
        absl::StrCat("its axis is ", n.Type(i).ToString(), ", not one integer below the rank ", dims.size()));
  GraphBuilder &b = n.b;
  const Dim rank = static_cast<int64_t>(dims.size());
  Expr axis = b.Reshape(FromStart(b, n.In(i), rank), {1, 1}), at = Counted(b, rank, 1, 2);
  auto count = [&](Expr truth) { return b.Cast(truth, DType::kI64); };
  Expr place = b.Add(count(b.GreaterEqual(at, axis)), count(b.Greater(at, axis)));  // 0: before it; 2: behind it
  Expr own = b.Reshape(Known::Vector(dims).Materialize(b), {1, rank}), one = b.Scalar(1, DType::kI64);
  Expr sizes = b.ReduceProd(b.Select(b.Equal(place, Counted(b, 3, 0, 2)), own, one), {1});
  Expr flat = b.Reshape(axis, {1}), zero = b.Scalar(0, DType::kI64);
  Expr fits = b.LogicalAnd(b.GreaterEqual(flat, zero), b.Less(flat, Number(b, rank)));
  return n.SizesFrom(b.Select(fits, sizes, b.Scalar(-1, DType::kI64)), "sizes around its axis", "size_if_axis_fits");
}

}  // namespace ingot::onnx_import
