// Reductions, and the index of the largest or smallest element.
#include <limits>

#include "graph/import/onnx/axes_by_data.h"
#include "graph/import/onnx/fold.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

// What is reduced along which axes.
struct Reduction {
  Expr x;
  Ints axes;
  bool keep = true;
  bool identity = false;       // no axes, and that means no reduction
  std::optional<Dims> result;  // of axes that are data: what the result is then reshaped to
};

// Axes that are data: every axis becomes two, of which the one that is not wanted has size 1. The first of each pair
// stays, and the second is reduced.
absl::StatusOr<Reduction> ReductionByData(NodeContext &n, bool keep, bool none_is_identity) {
  const Dims dims = n.Type(0).dims;
  const int rank = n.rank(0);
  if (rank > kMaxRank / 2)
    return absl::UnimplementedError(absl::StrCat("its axes are data, which is supported for operands of up to ",
                                                 kMaxRank / 2, " axes; this one has ", rank,
                                                 "; make its axes a constant"));
  INGOT_ASSIGN_OR_RETURN(NamedAxes axes, AxesByData(n, 1, rank));
  if (!keep && !axes.count)
    return absl::UnimplementedError(
        "how many axes it removes depends on data; set 'keepdims', or make its axes a constant");
  GraphBuilder &b = n.b;
  Expr zero = b.Scalar(0, DType::kI64), one = b.Scalar(1, DType::kI64), reduced = b.Equal(axes.named, one);
  if (!axes.count && !none_is_identity) {
    Expr none = b.Equal(b.ReduceSum(axes.named, {0}), zero);
    reduced = b.LogicalOr(reduced, none);
  }
  Expr own = Known::Vector(dims).Materialize(b);
  auto column = [&](Expr sizes) { return b.Reshape(sizes, {rank, 1}); };
  Expr pairs = b.Concat({column(b.Select(reduced, one, own)), column(b.Select(reduced, own, one))}, 1);
  INGOT_ASSIGN_OR_RETURN(Dims sizes, SizesIfFit(n, axes, b.Reshape(pairs, {2 * rank}), "sizes by its axes"));
  Reduction r{b.Reshape(n.In(0), sizes), {}, true, false, Dims{}};
  for (size_t i = 1; i < sizes.size(); i += 2) {
    r.axes.push_back(static_cast<int64_t>(i));
    if (keep) r.result->push_back(sizes[i - 1]);
  }
  if (!keep && *axes.count < rank) {
    INGOT_ASSIGN_OR_RETURN(r.result, n.SizesFrom(SizesOfOthers(b, axes, own), "sizes of its result"));
  }
  return r;
}

// Axes are an attribute in old versions of an op and an operand in new ones.
absl::StatusOr<Reduction> ReductionOf(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t keep, n.Int("keepdims", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t noop, n.Int("noop_with_empty_axes", 0));
  INGOT_ASSIGN_OR_RETURN(Ints axes, n.IntList("axes", Ints{}));
  bool by_data = n.Has(1) && n.KnownIn(1) == nullptr && !NumElements(n.Type(1).dims).Is(0);
  if (by_data && n.rank(0) > 0) return ReductionByData(n, keep != 0, noop != 0);
  if (n.Has(1) && n.KnownIn(1) != nullptr) {
    INGOT_ASSIGN_OR_RETURN(axes, n.IntsIn(1, "axes"));
  }
  INGOT_ASSIGN_OR_RETURN(axes, NormalAxes(axes, n.rank(0)));
  return Reduction{n.In(0), axes, keep != 0, n.rank(0) == 0 || (axes.empty() && noop != 0), std::nullopt};
}

template <OpKind kOp>
Expr ReduceBy(GraphBuilder &b, Expr x, const Reduction &r, std::optional<bool> keep = std::nullopt) {
  if (r.identity) return x;
  return b.Emit(kOp, {x}, {{"axes", r.axes}, {"keep_dims", keep.value_or(r.keep)}});
}

absl::Status Return(NodeContext &n, const Reduction &r, Expr result) {
  return n.Return(r.result ? n.b.Reshape(result, *r.result) : result);
}

template <OpKind kOp>
absl::Status Reduce(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Reduction r, ReductionOf(n));
  DType dtype = n.dtype(0);
  if (dtype == DType::kBool && (kOp == OpKind::kReduceMax || kOp == OpKind::kReduceMin)) {
    return Return(n, r, n.b.Cast(ReduceBy<kOp>(n.b, n.b.Cast(r.x, DType::kU8), r), DType::kBool));
  }
  INGOT_RETURN_IF_ERROR(CheckTakes(kOp, dtype));
  return Return(n, r, ReduceBy<kOp>(n.b, r.x, r));
}

// Sum of f(x), then g of that.
template <Expr (*kBefore)(GraphBuilder &, Expr), Expr (*kAfter)(GraphBuilder &, Expr), bool kFloatOnly>
absl::Status SumOf(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Reduction r, ReductionOf(n));
  if (n.dtype(0) == DType::kBool || (kFloatOnly && !IsFloat(n.dtype(0)))) {
    return absl::UnimplementedError(
        absl::StrCat("it works on ", std::string(Name(n.dtype(0))), ", which is not supported"));
  }
  return Return(n, r, kAfter(n.b, ReduceBy<OpKind::kReduceSum>(n.b, kBefore(n.b, r.x), r)));
}

Expr Same(GraphBuilder &, Expr x) { return x; }
Expr Abs(GraphBuilder &b, Expr x) { return b.Abs(x); }
Expr Square(GraphBuilder &b, Expr x) { return b.Mul(x, x); }
Expr Sqrt(GraphBuilder &b, Expr x) { return b.Sqrt(x); }
Expr Log(GraphBuilder &b, Expr x) { return b.Log(x); }

// The largest element is taken out first, so that exp stays in range; an infinite one is left in.
absl::Status ReduceLogSumExp(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Reduction r, ReductionOf(n));
  DType dtype = n.dtype(0);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  if (r.identity) return n.Return(n.In(0));
  GraphBuilder &b = n.b;
  Expr x = r.x, largest = ReduceBy<OpKind::kReduceMax>(b, x, r, true);
  Expr infinite = b.Equal(b.Abs(largest), b.Scalar(std::numeric_limits<double>::infinity(), dtype));
  Expr base = b.Select(infinite, b.Scalar(0, dtype), largest);
  Expr sum = ReduceBy<OpKind::kReduceSum>(b, b.Exp(b.Sub(x, base)), r, true);
  Expr result = b.Add(b.Log(sum), base);
  if (r.keep) return Return(n, r, result);
  Dims dims;
  for (int axis = 0; axis < n.rank(0); ++axis) {
    bool reduced = r.axes.empty() || std::find(r.axes.begin(), r.axes.end(), axis) != r.axes.end();
    if (!reduced) dims.push_back(n.Type(0).dims[static_cast<size_t>(axis)]);
  }
  return n.Return(b.Reshape(result, dims));
}

// An order-reversing map: the smallest element becomes the largest. Complement is exact for integers, where negation
// overflows.
Expr Reversed(GraphBuilder &b, Expr x, DType dtype) {
  if (IsFloat(dtype)) return b.Neg(x);
  Tensor ones = Tensor::Zeros(dtype, {});
  ones.SetInt(0, -1);
  return b.LogicalXor(x, b.Constant(std::move(ones)));
}

template <bool kLargest>
absl::Status ArgExtreme(NodeContext &n) {
  TensorType type = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", 0, type.rank()));
  INGOT_ASSIGN_OR_RETURN(int64_t keep, n.Int("keepdims", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t last, n.Int("select_last_index", 0));
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kArgMax, type.dtype));
  GraphBuilder &b = n.b;
  Expr x = kLargest ? n.In(0) : Reversed(b, n.In(0), type.dtype);
  if (last == 0) return n.Return(b.ArgMax(x, axis, keep != 0));
  // The last of equals is the first one seen from the end.
  size_t at = static_cast<size_t>(axis);
  Dims starts(type.dims.size()), limits = type.dims;
  Ints steps(type.dims.size(), 1);
  Dim final = type.dims[at] - 1;
  starts[at] = final;
  limits[at] = -1;
  steps[at] = -1;
  Expr from_end = b.ArgMax(b.Slice(x, starts, limits, steps), axis, keep != 0);
  return n.Return(b.Sub(Known::Scalar(final).Materialize(b), from_end));
}

}  // namespace

void AddReduceOps(OpTable &table) {
  table["ReduceSum"] = {Reduce<OpKind::kReduceSum>, 1, 2, FoldReduceSum};
  table["ReduceMean"] = {Reduce<OpKind::kReduceMean>, 1, 2};
  table["ReduceMax"] = {Reduce<OpKind::kReduceMax>, 1, 2, FoldReduceMax};
  table["ReduceMin"] = {Reduce<OpKind::kReduceMin>, 1, 2, FoldReduceMin};
  table["ReduceProd"] = {Reduce<OpKind::kReduceProd>, 1, 2, FoldReduceProd};
  table["ReduceL1"] = {SumOf<Abs, Same, false>, 1, 2};
  table["ReduceL2"] = {SumOf<Square, Sqrt, true>, 1, 2};
  table["ReduceLogSum"] = {SumOf<Same, Log, true>, 1, 2};
  table["ReduceSumSquare"] = {SumOf<Square, Same, false>, 1, 2};
  table["ReduceLogSumExp"] = {ReduceLogSumExp, 1, 2};
  table["ArgMax"] = {ArgExtreme<true>, 1, 1};
  table["ArgMin"] = {ArgExtreme<false>, 1, 1};
}

}  // namespace ingot::onnx_import
