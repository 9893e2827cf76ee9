// Reductions, and the index of the largest or smallest element.
#include <limits>

#include "graph/import/onnx/fold.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

struct ReduceAxes {
  Ints axes;
  bool keep;
  bool identity;  // no axes, and that means no reduction
};

// Axes are an attribute in old versions of an op and an operand in new ones.
absl::StatusOr<ReduceAxes> AxesOf(NodeContext &n) {
  ReduceAxes result{};
  INGOT_ASSIGN_OR_RETURN(int64_t keep, n.Int("keepdims", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t noop, n.Int("noop_with_empty_axes", 0));
  INGOT_ASSIGN_OR_RETURN(result.axes, n.IntList("axes", Ints{}));
  if (n.Has(1)) {
    INGOT_ASSIGN_OR_RETURN(result.axes, n.IntsIn(1, "axes"));
  }
  INGOT_ASSIGN_OR_RETURN(result.axes, NormalAxes(result.axes, n.rank(0)));
  result.keep = keep != 0;
  result.identity = n.rank(0) == 0 || (result.axes.empty() && noop != 0);
  return result;
}

template <OpKind kOp>
Expr ReduceBy(GraphBuilder &b, Expr x, const ReduceAxes &r, std::optional<bool> keep = std::nullopt) {
  if (r.identity) return x;
  return b.Emit(kOp, {x}, {{"axes", r.axes}, {"keep_dims", keep.value_or(r.keep)}});
}

template <OpKind kOp>
absl::Status Reduce(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(ReduceAxes r, AxesOf(n));
  DType dtype = n.dtype(0);
  if (dtype == DType::kBool && (kOp == OpKind::kReduceMax || kOp == OpKind::kReduceMin)) {
    return n.Return(n.b.Cast(ReduceBy<kOp>(n.b, n.b.Cast(n.In(0), DType::kU8), r), DType::kBool));
  }
  INGOT_RETURN_IF_ERROR(CheckTakes(kOp, dtype));
  return n.Return(ReduceBy<kOp>(n.b, n.In(0), r));
}

// Sum of f(x), then g of that.
template <Expr (*kBefore)(GraphBuilder &, Expr), Expr (*kAfter)(GraphBuilder &, Expr), bool kFloatOnly>
absl::Status SumOf(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(ReduceAxes r, AxesOf(n));
  if (n.dtype(0) == DType::kBool || (kFloatOnly && !IsFloat(n.dtype(0)))) {
    return absl::UnimplementedError(
        absl::StrCat("it works on ", std::string(Name(n.dtype(0))), ", which is not supported"));
  }
  return n.Return(kAfter(n.b, ReduceBy<OpKind::kReduceSum>(n.b, kBefore(n.b, n.In(0)), r)));
}

Expr Same(GraphBuilder &, Expr x) { return x; }
Expr Abs(GraphBuilder &b, Expr x) { return b.Abs(x); }
Expr Square(GraphBuilder &b, Expr x) { return b.Mul(x, x); }
Expr Sqrt(GraphBuilder &b, Expr x) { return b.Sqrt(x); }
Expr Log(GraphBuilder &b, Expr x) { return b.Log(x); }

// The largest element is taken out first, so that exp stays in range; an infinite one is left in.
absl::Status ReduceLogSumExp(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(ReduceAxes r, AxesOf(n));
  DType dtype = n.dtype(0);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  if (r.identity) return n.Return(n.In(0));
  GraphBuilder &b = n.b;
  Expr x = n.In(0), largest = ReduceBy<OpKind::kReduceMax>(b, x, r, true);
  Expr infinite = b.Equal(b.Abs(largest), b.Scalar(std::numeric_limits<double>::infinity(), dtype));
  Expr base = b.Select(infinite, b.Scalar(0, dtype), largest);
  Expr sum = ReduceBy<OpKind::kReduceSum>(b, b.Exp(b.Sub(x, base)), r, true);
  Expr result = b.Add(b.Log(sum), base);
  if (r.keep) return n.Return(result);
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
