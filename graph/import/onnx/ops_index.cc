// Tensors made of indices: Range, OneHot, EyeLike, Trilu, CumSum.
#include <cmath>

#include "graph/import/onnx/axes_by_data.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

// start, start + step, ... as data.
Expr Progression(NodeContext &n, const Dim &count, Expr start, bool from_zero, double step, DType dtype) {
  Expr x = n.b.Iota({count}, 0, dtype);
  if (step != 1) x = n.b.Mul(x, n.b.Scalar(step, dtype));
  return from_zero ? x : n.b.Add(x, start);
}

// Limits that are data: how many numbers there are is then a size of its own. A step of 0 has none (-1, which no size
// can be).
absl::Status RangeByData(NodeContext &n) {
  GraphBuilder &b = n.b;
  const DType dtype = n.dtype(0);
  std::vector<Expr> limits;
  for (size_t i = 0; i < 3; ++i) {
    if (n.dtype(i) != dtype || !NumElements(n.Type(i).dims).Is(1) || dtype == DType::kBool)
      return absl::InvalidArgumentError("its limits must be three scalars of one numeric dtype");
    limits.push_back(n.rank(i) == 0 ? n.In(i) : b.Reshape(n.In(i), {}));
  }
  const DType wide = IsFloat(dtype) ? DType::kF64 : DType::kI64;
  Expr start = CastIfNeeded(b, limits[0], dtype, wide), delta = CastIfNeeded(b, limits[2], dtype, wide);
  Expr span = b.Sub(CastIfNeeded(b, limits[1], dtype, wide), start), zero = b.Scalar(0, wide), count;
  if (IsFloat(dtype)) {
    count = b.Cast(b.Max(b.Ceil(b.Div(span, delta)), zero), DType::kI64);
  } else {
    Expr quotient = b.Div(span, delta), has_rest = b.NotEqual(b.Mul(quotient, delta), span);
    Expr rounds_up = b.LogicalAnd(has_rest, b.Equal(b.Less(span, zero), b.Less(delta, zero)));
    count = b.Max(b.Add(quotient, b.Cast(rounds_up, DType::kI64)), zero);
  }
  count = b.Select(b.Equal(delta, zero), b.Scalar(-1, DType::kI64), count);
  INGOT_ASSIGN_OR_RETURN(Dims size, n.SizesFrom(count, "number of elements"));
  return n.Return(b.Add(b.Mul(b.Iota(size, 0, dtype), limits[2]), limits[0]));
}

absl::Status Range(NodeContext &n) {
  n.Ignore({"stash_type"});
  const Known *start = n.KnownIn(0), *limit = n.KnownIn(1), *delta = n.KnownIn(2);
  if (start == nullptr || limit == nullptr || delta == nullptr) return RangeByData(n);
  if (start->size() != 1 || limit->size() != 1 || delta->size() != 1 || start->dtype != limit->dtype ||
      start->dtype != delta->dtype || start->dtype == DType::kBool) {
    return absl::InvalidArgumentError("its limits must be three scalars of one numeric dtype");
  }
  auto scalar = [&] { return n.rank(0) == 0 ? n.In(0) : n.b.Reshape(n.In(0), {}); };
  if (start->is_real()) {
    double from = start->reals[0], step = delta->reals[0], count = std::ceil((limit->reals[0] - from) / step);
    if (!(step != 0) || !(std::fabs(count) < 0x1p40))
      return absl::InvalidArgumentError(
          absl::StrCat("a range from ", from, " to ", limit->reals[0], " by ", step, " has no end"));
    Dim size = static_cast<int64_t>(std::max(count, 0.0));
    return n.Return(Progression(n, size, scalar(), from == 0, step, start->dtype));
  }
  const Dim &from = start->ints[0], &to = limit->ints[0];
  auto step = delta->ints[0].constant();
  if (!step) return absl::UnimplementedError(absl::StrCat("its step ", delta->ints[0].ToString(), " is not constant"));
  constexpr int64_t kLargest = INT64_C(1) << 52;
  for (const Dim *end : {&from, &to, &delta->ints[0]}) {
    if (std::fabs(static_cast<double>(end->constant().value_or(0))) > static_cast<double>(kLargest))
      return absl::InvalidArgumentError("its limits are beyond 2^52");
  }
  if (*step == 0) return absl::InvalidArgumentError("its step is 0");
  Dim span = *step > 0 ? to - from : from - to;
  Dim count = n.bounds.Max(Dim::CeilDiv(span, std::abs(*step)), 0);
  INGOT_RETURN_IF_ERROR(CheckDims({count}));
  // Short ranges of numbers stay known: axes and shapes are made of them.
  if (auto first = from.constant(); first && SmallSize({count.constant().value_or(-1)})) {
    Known known{start->dtype, {*count.constant()}, {}, {}};
    for (int64_t i = 0; i < *count.constant(); ++i) known.ints.push_back(WrapTo(known.dtype, *first + i * *step));
    n.Set(0, std::move(known));
    return absl::OkStatus();
  }
  return n.Return(Progression(n, count, scalar(), from.Is(0), static_cast<double>(*step), start->dtype));
}

absl::Status OneHot(NodeContext &n) {
  TensorType indices = n.Type(0), values = n.Type(2);
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", -1, indices.rank() + 1));
  if (!NumElements(n.Type(1).dims).Is(1))
    return absl::InvalidArgumentError(absl::StrCat("its depth is ", n.Type(1).ToString(), ", not a scalar"));
  Dim depth = -1;
  const Known *known_depth = n.KnownIn(1);
  if (known_depth == nullptr) {
    Expr data = CastIfNeeded(n.b, n.In(1), n.dtype(1), DType::kI64);
    INGOT_ASSIGN_OR_RETURN(Dims size, n.SizesFrom(n.b.Reshape(data, {}), "depth"));
    if (size.empty()) return absl::OkStatus();  // the builder has an error
    depth = size[0];
  } else if (!known_depth->is_real()) {
    depth = known_depth->ints[0];
  } else if (double real = known_depth->reals[0]; real > -1 && real < 0x1p46) {  // not so for NaN
    depth = static_cast<int64_t>(real);
  }
  if (n.bounds.Of(depth).low < 0 || !IsSmall(depth))
    return absl::InvalidArgumentError(absl::StrCat("its depth is ", depth.ToString()));
  if (values.rank() != 1 || !values.dims[0].Is(2))
    return absl::InvalidArgumentError(absl::StrCat("its values are ", values.ToString(), "; they must be two"));
  if (indices.dtype == DType::kBool) return absl::InvalidArgumentError("its indices are bool");
  if (indices.rank() + 1 > kMaxRank)
    return absl::UnimplementedError(
        absl::StrCat("the result has rank ", indices.rank() + 1, "; at most ", kMaxRank, " is supported"));
  GraphBuilder &b = n.b;
  Expr index = CastIfNeeded(b, n.In(0), indices.dtype, DType::kI64), zero = b.Scalar(0, DType::kI64);
  index = b.Select(b.Less(index, zero), b.Add(index, Known::Scalar(depth).Materialize(b)), index);
  Dims dims = indices.dims, ruler(static_cast<size_t>(indices.rank() + 1), Dim(1));
  dims.insert(dims.begin() + axis, 1);
  ruler[static_cast<size_t>(axis)] = depth;
  Expr hit = b.Equal(b.Reshape(index, dims), b.Iota(ruler, axis, DType::kI64));
  auto value = [&](int64_t i) { return b.Reshape(b.Slice(n.In(2), {i}, {i + 1}, {1}), {}); };
  return n.Return(b.Select(hit, value(1), value(0)));
}

// Row and column numbers of a matrix, as two vectors that broadcast.
struct Grid {
  Expr row, column;
};

Grid MakeGrid(GraphBuilder &b, const Dim &rows, const Dim &columns) {
  return {b.Iota({rows, 1}, 0, DType::kI64), b.Iota({1, columns}, 1, DType::kI64)};
}

absl::Status EyeLike(NodeContext &n) {
  TensorType x = n.Type(0);
  if (x.rank() != 2)
    return absl::InvalidArgumentError(absl::StrCat("its operand is ", x.ToString(), "; it must be a matrix"));
  INGOT_ASSIGN_OR_RETURN(DType dtype, n.TypeAttribute("dtype", x.dtype));
  INGOT_ASSIGN_OR_RETURN(int64_t k, n.Int("k", 0));
  GraphBuilder &b = n.b;
  Grid grid = MakeGrid(b, x.dims[0], x.dims[1]);
  Expr one = b.Equal(b.Add(grid.row, b.Constant(Tensor::ScalarI64(k))), grid.column);
  return n.Return(CastIfNeeded(b, one, DType::kBool, dtype));
}

// A running sum is a product with a triangle of ones.
// Sums of x along an axis of what stands before each element (`exclusive`: itself not counted), or behind it.
Expr RunningSum(GraphBuilder &b, Expr x, int64_t axis, bool exclusive, bool reverse) {
  const TensorType type = b.type(x);
  const Dim &size = type.dims[static_cast<size_t>(axis)];
  Grid grid = MakeGrid(b, size, size);
  // Element `row` counts towards result `column`.
  Expr from = reverse ? grid.column : grid.row, to = reverse ? grid.row : grid.column;
  Expr triangle = b.Cast(exclusive ? b.Less(from, to) : b.LessEqual(from, to), type.dtype);
  if (type.rank() == 1) return b.Reshape(b.MatMul(b.Reshape(x, {1, size}), triangle), type.dims);
  if (axis + 1 == type.rank()) return b.MatMul(x, triangle);
  Ints swap;
  for (int i = 0; i < type.rank(); ++i) swap.push_back(i);
  std::swap(swap[static_cast<size_t>(axis)], swap.back());
  return b.Transpose(b.MatMul(b.Transpose(x, swap), triangle), swap);
}

absl::Status CumSum(NodeContext &n) {
  const TensorType x = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(int64_t exclusive, n.Int("exclusive", 0));
  INGOT_ASSIGN_OR_RETURN(int64_t reverse, n.Int("reverse", 0));
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kMatMul, x.dtype));
  if (n.KnownIn(1) == nullptr) {
    INGOT_ASSIGN_OR_RETURN(Dims sizes, SizesAround(n, 1, x.dims));
    Expr parts = n.b.Reshape(n.In(0), sizes);
    if (!n.b.status().ok()) return absl::OkStatus();  // it stops the import
    return n.Return(n.b.Reshape(RunningSum(n.b, parts, 1, exclusive != 0, reverse != 0), x.dims));
  }
  INGOT_ASSIGN_OR_RETURN(Ints axes, n.IntsIn(1, "axis"));
  if (axes.size() != 1) return absl::InvalidArgumentError("its axis is not a scalar");
  INGOT_ASSIGN_OR_RETURN(int64_t axis, NormalAxis(axes[0], x.rank()));
  return n.Return(RunningSum(n.b, n.In(0), axis, exclusive != 0, reverse != 0));
}

absl::Status Trilu(NodeContext &n) {
  TensorType x = n.Type(0);
  if (x.rank() < 2)
    return absl::InvalidArgumentError(absl::StrCat("its operand is ", x.ToString(), "; it must have rank 2 or more"));
  INGOT_ASSIGN_OR_RETURN(int64_t upper, n.Int("upper", 1));
  GraphBuilder &b = n.b;
  Grid grid = MakeGrid(b, x.dims[x.dims.size() - 2], x.dims.back());
  Expr distance = b.Sub(grid.column, grid.row), k = b.Scalar(0, DType::kI64);
  if (n.Has(1)) {
    if (n.dtype(1) != DType::kI64 || !NumElements(n.Type(1).dims).Is(1))
      return absl::InvalidArgumentError(absl::StrCat("its diagonal is ", n.Type(1).ToString(), ", not an i64 scalar"));
    k = n.rank(1) == 0 ? n.In(1) : b.Reshape(n.In(1), {});
  }
  Expr keep = upper != 0 ? b.GreaterEqual(distance, k) : b.LessEqual(distance, k);
  return n.Return(x.dtype == DType::kBool ? b.LogicalAnd(n.In(0), keep)
                                          : b.Select(keep, n.In(0), b.Scalar(0, x.dtype)));
}

}  // namespace

void AddIndexOps(OpTable &table) {
  table["Range"] = {Range, 3, 3};
  table["OneHot"] = {OneHot, 3, 3};
  table["EyeLike"] = {EyeLike, 1, 1};
  table["CumSum"] = {CumSum, 2, 2};
  table["Trilu"] = {Trilu, 1, 2};
}

}  // namespace ingot::onnx_import
