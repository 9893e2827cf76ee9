// Shape rules of reductions and contractions.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/shape/rules.h"

namespace ingot {

absl::StatusOr<TensorType> InferReduce(InferContext &c) {
  const TensorType &x = c.operand(0);
  Ints &axes = c.Get<Ints>("axes");
  if (axes.empty()) {
    for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  }
  for (int64_t &axis : axes) {
    absl::StatusOr<int64_t> normal = NormalizeAxis(axis, x.rank());
    if (!normal.ok()) return normal.status();
    axis = *normal;
  }
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    return absl::InvalidArgumentError("'axes' names an axis twice");
  TensorType result{x.dtype, {}};
  for (int i = 0; i < x.rank(); ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), i)) {
      result.dims.push_back(x.dims[static_cast<size_t>(i)]);
    } else if (c.Get<bool>("keep_dims")) {
      result.dims.push_back(1);
    }
  }
  return result;
}

absl::StatusOr<TensorType> InferArgMax(InferContext &c) {
  const TensorType &x = c.operand(0);
  absl::StatusOr<int64_t> axis = NormalizeAxis(c.Get<int64_t>("axis"), x.rank());
  if (!axis.ok()) return axis.status();
  c.Get<int64_t>("axis") = *axis;
  TensorType result{DType::kI64, x.dims};
  if (c.Get<bool>("keep_dims")) {
    result.dims[static_cast<size_t>(*axis)] = 1;
  } else {
    result.dims.erase(result.dims.begin() + *axis);
  }
  if (!c.MustBeAtMost(Dim::Min(1, NumElements(result.dims)), x.dims[static_cast<size_t>(*axis)],
                      "an axis must not be empty to have a largest element")) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", *axis, " of ", x.ToString(), " is empty, so it has no largest element"));
  }
  return result;
}

absl::StatusOr<ResultTypes> InferTopK(InferContext &c) {
  const TensorType &x = c.operand(0);
  absl::StatusOr<int64_t> axis = NormalizeAxis(c.Get<int64_t>("axis"), x.rank());
  if (!axis.ok()) return axis.status();
  c.Get<int64_t>("axis") = *axis;
  const Dims &k = c.Get<Dims>("k");
  if (k.size() != 1) return absl::InvalidArgumentError(absl::StrCat("'k' is ", ToString(k), "; give one size"));
  TensorType values = x;
  Dim &size = values.dims[static_cast<size_t>(*axis)];
  if (!c.MustBeAtMost(k[0], size, "k must not be larger than the axis")) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", *axis, " of ", x.ToString(), " has fewer than ", k[0].ToString(), " elements"));
  }
  size = k[0];
  return ResultTypes{values, {DType::kI64, values.dims}};
}

absl::StatusOr<TensorType> InferMatMul(InferContext &c) {
  const TensorType &x = c.operand(0), &y = c.operand(1);
  if (x.dtype != y.dtype)
    return absl::InvalidArgumentError(
        absl::StrCat("operands are ", x.ToString(), " and ", y.ToString(), "; cast one of them"));
  if (x.rank() < 2 || y.rank() < 2)
    return absl::InvalidArgumentError(
        absl::StrCat("operands ", x.ToString(), " and ", y.ToString(), " need rank 2 or more; reshape vectors"));
  const Dim &k = x.dims.back(), &other = y.dims[y.dims.size() - 2];
  if (!c.MustBeEqual(k, other, "a matmul's contracted sizes must be equal")) {
    return absl::InvalidArgumentError(absl::StrCat("operands ", x.ToString(), " and ", y.ToString(),
                                                   " disagree on the contracted size: ", k.ToString(), " and ",
                                                   other.ToString(), "; transpose or reshape one of them"));
  }
  absl::StatusOr<Dims> batch =
      c.Broadcast(Dims(x.dims.begin(), x.dims.end() - 2), Dims(y.dims.begin(), y.dims.end() - 2));
  if (!batch.ok()) return batch.status();
  TensorType result{x.dtype, *std::move(batch)};
  result.dims.push_back(x.dims[x.dims.size() - 2]);
  result.dims.push_back(y.dims.back());
  return result;
}

absl::StatusOr<TensorType> InferConv(InferContext &c) {
  const TensorType &x = c.operand(0), &w = c.operand(1);
  int spatial = x.rank() - 2;
  if (spatial < 1 || w.rank() != x.rank() || x.dtype != w.dtype) {
    return absl::InvalidArgumentError(absl::StrCat("x ", x.ToString(), " and weights ", w.ToString(),
                                                   " must have one dtype and the same rank, 3 or more"));
  }
  const Ints &strides = c.Get<Ints>("strides"), &dilations = c.Get<Ints>("dilations"), &pads = c.Get<Ints>("pads");
  size_t n = static_cast<size_t>(spatial);
  if (strides.size() != n || dilations.size() != n || pads.size() != 2 * n) {
    return absl::InvalidArgumentError(
        absl::StrCat("with ", n, " spatial axes 'strides' and 'dilations' need ", n, " entries and 'pads' ", 2 * n));
  }
  int64_t groups = c.Get<int64_t>("groups");
  constexpr int64_t kLargest = INT64_C(1) << 31;
  auto small = [](int64_t low) { return [low](int64_t v) { return v >= low && v < kLargest; }; };
  if (groups < 1 || !std::all_of(strides.begin(), strides.end(), small(1)) ||
      !std::all_of(dilations.begin(), dilations.end(), small(1)) || !std::all_of(pads.begin(), pads.end(), small(0))) {
    return absl::InvalidArgumentError("groups, strides and dilations must be at least 1 and pads at least 0");
  }
  if (!c.MustBeEqual(x.dims[1], w.dims[1] * Dim(groups),
                     "a convolution's channels must be those of its weights times the groups")) {
    return absl::InvalidArgumentError(
        absl::StrCat("x has ", x.dims[1].ToString(), " channels; weights want ", (w.dims[1] * Dim(groups)).ToString()));
  }
  if (!c.MustBeEqual(Dim::Mod(w.dims[0], groups), 0, "a convolution's output channels must divide into its groups")) {
    return absl::InvalidArgumentError(
        absl::StrCat(w.dims[0].ToString(), " output channels do not divide into ", groups, " groups"));
  }
  TensorType result{x.dtype, {x.dims[0], w.dims[0]}};
  for (size_t i = 0; i < n; ++i) {
    Dim extent = (w.dims[i + 2] - 1) * Dim(dilations[i]) + 1;
    Dim padded = x.dims[i + 2] + Dim(pads[i]) + Dim(pads[n + i]);
    Dim out = Dim::FloorDiv(padded - extent, Dim(strides[i])) + 1;
    if (!c.MustBeAtMost(extent, padded, "a convolution's window must fit into its padded input"))
      return absl::InvalidArgumentError(absl::StrCat("the kernel of size ", extent.ToString(),
                                                     " is larger than the padded input on spatial axis ", i));
    result.dims.push_back(out);
  }
  return result;
}

}  // namespace ingot
