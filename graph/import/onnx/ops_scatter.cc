// Scatter and its kin.
#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/op_table.h"
#include "graph/import/onnx/scatter.h"

namespace ingot::onnx_import {
namespace {

constexpr int64_t kMaxPairs = INT64_C(1) << 28;

// For every element the last update that names it.
Expr Replaced(NodeContext &n, const ScatterBlocks &s, Expr hit, DType dtype) {
  GraphBuilder &b = n.b;
  Expr none = b.Scalar(-1, DType::kI64), zero = b.Scalar(0, DType::kI64), updates = s.updates;
  Expr last = b.ReduceMax(b.Select(hit, Counted(b, s.count, 1, 4), none), {1});
  // Where there may be no updates at all, one more keeps the gather within bounds.
  if (!n.bounds.Proves(1, s.count)) updates = b.Pad(updates, b.Scalar(0, dtype), {0, 0, 0}, {0, 1, 0});
  Expr taken = TakeAlong(b, updates, b.Max(last, zero), 1, {s.outer, s.size, s.inner});
  return b.Select(b.GreaterEqual(last, zero), taken, s.data);
}

}  // namespace

absl::StatusOr<Expr> Scattered(NodeContext &n, const ScatterBlocks &s, ScatterBy how, DType dtype) {
  if (s.count.Is(0)) return s.data;
  bool once = how == ScatterBy::kReplace;  // for all of `inner`
  Dim pairs = (once ? s.index_outer * s.index_inner : s.outer * s.inner) * s.count * s.size;
  if (pairs.undefined() || pairs.constant().value_or(0) > kMaxPairs)
    return absl::UnimplementedError(absl::StrCat(
        "compares ", pairs.ToString(), " pairs of an update and an element; at most ", kMaxPairs, " are supported"));
  GraphBuilder &b = n.b;
  Expr index = b.Reshape(s.index, {s.index_outer, s.count, 1, s.index_inner});
  Expr hit = b.Equal(index, Counted(b, s.size, 2, 4));
  if (once) return Replaced(n, s, hit, dtype);
  Expr updates = b.Reshape(s.updates, {s.outer, s.count, 1, s.inner});
  auto chosen = [&](Expr neutral) { return b.Select(hit, updates, neutral); };
  switch (how) {
    case ScatterBy::kAdd:
      return b.Add(s.data, b.ReduceSum(chosen(b.Scalar(0, dtype)), {1}));
    case ScatterBy::kMul:
      return b.Mul(s.data, b.ReduceProd(chosen(b.Scalar(1, dtype)), {1}));
    case ScatterBy::kMax:
      return b.Max(s.data, b.ReduceMax(chosen(b.Constant(Lowest(dtype))), {1}));
    default:
      return b.Min(s.data, b.ReduceMin(chosen(b.Constant(Highest(dtype))), {1}));
  }
}

namespace {

absl::StatusOr<ScatterBy> CombineOf(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::string name, n.Text("reduction", "none"));
  static const std::map<std::string, ScatterBy> names = {{"none", ScatterBy::kReplace},
                                                         {"add", ScatterBy::kAdd},
                                                         {"mul", ScatterBy::kMul},
                                                         {"max", ScatterBy::kMax},
                                                         {"min", ScatterBy::kMin}};
  auto found = names.find(name);
  if (found == names.end())
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'reduction' is '", name.substr(0, 40), "', not none, add, mul, max or min"));
  if (found->second != ScatterBy::kReplace) INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kReduceSum, n.dtype(0)));
  return found->second;
}

absl::Status CheckUpdates(NodeContext &n) {
  if (n.dtype(2) == n.dtype(0)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("x is ", n.Type(0).ToString(), " and its updates are ",
                                                 n.Type(2).ToString(), "; the dtypes must be equal"));
}

absl::Status ScatterElements(NodeContext &n) {
  const TensorType x = n.Type(0), indices = n.Type(1);
  INGOT_ASSIGN_OR_RETURN(int64_t given, n.Axis("axis", 0, x.rank()));
  INGOT_ASSIGN_OR_RETURN(ScatterBy how, CombineOf(n));
  size_t axis = static_cast<size_t>(given), rank = x.dims.size();
  INGOT_RETURN_IF_ERROR(CheckIndices(n, 1, x.dims[axis]));
  INGOT_RETURN_IF_ERROR(CheckUpdates(n));
  // Sizes that may turn out equal are checked when they are known.
  auto may_equal = [&](const Dim &a, const Dim &b) {
    Interval apart = n.bounds.Of(a - b);
    return apart.low <= 0 && apart.high >= 0;
  };
  const Dims given_updates = n.Type(2).dims;
  if (indices.dims.size() != rank ||
      !std::equal(given_updates.begin(), given_updates.end(), indices.dims.begin(), indices.dims.end(), may_equal))
    return absl::InvalidArgumentError(absl::StrCat("x is ", x.ToString(), ", its indices are ", indices.ToString(),
                                                   " and its updates are ", n.Type(2).ToString(),
                                                   "; the ranks must be equal, and the last two shapes too"));
  GraphBuilder &b = n.b;
  // Axes where the indices are shorter are filled with an index that names nothing.
  Dims low(rank), high(rank), outer(x.dims.begin(), x.dims.begin() + given),
      inner(x.dims.begin() + given + 1, x.dims.end());
  bool shorter = false;
  for (size_t i = 0; i < rank; ++i) {
    if (i == axis || indices.dims[i] == x.dims[i]) continue;
    high[i] = x.dims[i] - indices.dims[i];
    shorter = true;
    if (!n.bounds.Require(0, high[i]) && n.bounds.Of(high[i]).high < 0)
      return absl::InvalidArgumentError(
          absl::StrCat("its indices ", indices.ToString(), " are longer than axis ", i, " of ", x.ToString()));
  }
  Expr index = FromStart(b, n.In(1), x.dims[axis]), updates = n.In(2);
  if (given_updates != indices.dims) updates = b.BroadcastTo(updates, indices.dims);
  if (shorter) {
    index = b.Pad(index, b.Scalar(-1, DType::kI64), low, high);
    updates = b.Pad(updates, b.Scalar(0, x.dtype), low, high);
  }
  ScatterBlocks s{{}, {}, {}, NumElements(outer), x.dims[axis], NumElements(inner), indices.dims[axis], 1, 1};
  s.index_outer = s.outer;
  s.index_inner = s.inner;
  s.data = b.Reshape(n.In(0), {s.outer, s.size, s.inner});
  s.index = b.Reshape(index, {s.outer, s.count, s.inner});
  s.updates = b.Reshape(updates, {s.outer, s.count, s.inner});
  INGOT_ASSIGN_OR_RETURN(Expr result, Scattered(n, s, how, x.dtype));
  return n.Return(b.Reshape(result, x.dims));
}

absl::Status ScatterNd(NodeContext &n) {
  const TensorType x = n.Type(0), indices = n.Type(1);
  INGOT_ASSIGN_OR_RETURN(ScatterBy how, CombineOf(n));
  INGOT_RETURN_IF_ERROR(CheckIndices(n, 1, Dim("any")));
  INGOT_RETURN_IF_ERROR(CheckUpdates(n));
  auto depth = indices.rank() < 1 ? std::optional<int64_t>(0) : indices.dims.back().constant();
  if (!depth)
    return absl::UnimplementedError(
        absl::StrCat("the last axis of its indices ", indices.ToString(), " must be constant; give that dim a number"));
  if (*depth < 1 || *depth > x.rank())
    return absl::InvalidArgumentError(
        absl::StrCat("x is ", x.ToString(), " and its indices are ", indices.ToString(), "; they do not fit"));
  Dims picked(x.dims.begin(), x.dims.begin() + *depth), rest(x.dims.begin() + *depth, x.dims.end());
  Dims places(indices.dims.begin(), indices.dims.end() - 1);
  GraphBuilder &b = n.b;
  ScatterBlocks s{{}, {}, {}, 1, NumElements(picked), NumElements(rest), NumElements(places), 1, 1};
  s.data = b.Reshape(n.In(0), {1, s.size, s.inner});
  s.index = b.Reshape(TuplePositions(b, n.In(1), picked, 0), {1, s.count, 1});
  s.updates = b.Reshape(n.In(2), {1, s.count, s.inner});
  INGOT_ASSIGN_OR_RETURN(Expr result, Scattered(n, s, how, x.dtype));
  return n.Return(b.Reshape(result, x.dims));
}

}  // namespace

void AddScatterOps(OpTable &table) {
  table["Scatter"] = {ScatterElements, 3, 3};
  table["ScatterElements"] = {ScatterElements, 3, 3};
  table["ScatterND"] = {ScatterNd, 3, 3};
}

}  // namespace ingot::onnx_import
