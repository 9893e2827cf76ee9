// Element-wise ONNX ops: arithmetic, comparison, logic, casts.
#include <cmath>
#include <limits>

#include "graph/import/onnx/fold.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

template <OpKind kOp>
absl::Status Unary(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckTakes(kOp, n.dtype(0)));
  return n.Return(n.b.Emit(kOp, {n.In(0)}, {}));
}

// The second operand. Before opset 7 broadcasting was asked for, and aligned its axes with the first one's from `axis`
// on.
absl::StatusOr<Expr> SecondOperand(NodeContext &n) {
  if (n.opset >= 7) return n.In(1);
  INGOT_ASSIGN_OR_RETURN(int64_t broadcast, n.Int("broadcast", 0));
  int suffix = n.rank(0) - n.rank(1);
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Int("axis", suffix));
  if (broadcast == 0 || axis == suffix || n.rank(1) == 0) return n.In(1);
  if (axis < 0 || axis > suffix) return absl::InvalidArgumentError(absl::StrCat("attribute 'axis' is ", axis));
  Dims dims = n.Type(1).dims;
  dims.insert(dims.end(), static_cast<size_t>(suffix - axis), Dim(1));
  return n.b.Reshape(n.In(1), dims);
}

template <OpKind kOp>
absl::Status Binary(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckTakes(kOp, n.dtype(0)));
  INGOT_RETURN_IF_ERROR(CheckTakes(kOp, n.dtype(1)));
  INGOT_ASSIGN_OR_RETURN(Expr y, SecondOperand(n));
  return n.Return(n.b.Emit(kOp, {n.In(0), y}, {}));
}

// Max, Min, Sum: any number of operands.
template <OpKind kOp>
absl::Status Variadic(NodeContext &n) {
  Expr result = n.In(0);
  for (size_t i = 0; i < n.input_count(); ++i) {
    if (!n.Has(i)) return absl::InvalidArgumentError(absl::StrCat("input ", i, " is missing"));
    INGOT_RETURN_IF_ERROR(CheckTakes(kOp, n.dtype(i)));
    if (i > 0) result = n.b.Emit(kOp, {result, n.In(i)}, {});
  }
  return n.Return(result);
}

absl::Status Mean(NodeContext &n) {
  DType dtype = n.dtype(0);
  INGOT_RETURN_IF_ERROR(Variadic<OpKind::kAdd>(n));
  if (n.input_count() == 1 || n.outputs[0] == nullptr) return absl::OkStatus();
  return n.Return(n.b.Div(n.outputs[0]->expr, n.b.Scalar(static_cast<double>(n.input_count()), dtype)));
}

absl::Status IsInf(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kIsNan, n.dtype(0)));
  INGOT_ASSIGN_OR_RETURN(int64_t positive, n.Int("detect_positive", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t negative, n.Int("detect_negative", 1));
  double infinity = std::numeric_limits<double>::infinity();
  Expr x = positive && negative ? n.b.Abs(n.In(0)) : n.In(0);
  if (!positive && !negative) return n.Return(n.b.LogicalAnd(n.b.Equal(x, x), n.b.NotEqual(x, x)));  // nowhere
  return n.Return(n.b.Equal(x, n.b.Scalar(positive ? infinity : -infinity, n.dtype(0))));
}

// fmod = 0 takes the divisor's sign, as Python does; rem takes the dividend's, as C does.
absl::Status Mod(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t fmod, n.Int("fmod", 0));
  DType dtype = n.dtype(0);
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kRem, dtype));
  Expr y = n.In(1), r = n.b.Rem(n.In(0), y);
  if (fmod != 0 || IsUnsigned(dtype)) return n.Return(r);
  Expr zero = n.b.Scalar(0, dtype);
  Expr differs = n.b.LogicalXor(n.b.Less(r, zero), n.b.Less(y, zero));
  return n.Return(n.b.Select(n.b.LogicalAnd(n.b.NotEqual(r, zero), differs), n.b.Add(r, y), r));
}

// By repeated squaring, modulo 2^64. Beyond 63 only powers of -1, 0 and 1 fit, which hang on the exponent's last bit;
// below 0 only those of -1 and 1 are not 0.
Expr IntegerPower(GraphBuilder &b, Expr x, Expr exponent, DType dtype) {
  auto number = [&](int64_t value) { return b.Constant(Tensor::ScalarI64(value)); };
  Expr one = b.Scalar(1, dtype), last = b.LogicalAnd(exponent, number(1)), odd = b.Equal(last, number(1));
  Expr left = b.Select(b.Greater(exponent, number(63)), b.Add(last, number(64)), exponent), square = x, result = one;
  for (int64_t bit = 1; bit <= 64; bit *= 2) {
    Expr set = b.NotEqual(b.LogicalAnd(left, number(bit)), number(0));
    result = b.Select(set, b.Mul(result, square), result);
    square = b.Mul(square, square);
  }
  Expr unit = b.Equal(b.Mul(x, x), one), inverse = b.Select(unit, b.Select(odd, x, one), b.Scalar(0, dtype));
  return b.Select(b.Less(exponent, number(0)), inverse, result);
}

absl::Status Pow(NodeContext &n) {
  DType base = n.dtype(0), exponent = n.dtype(1);
  Expr x = n.In(0);
  const Known *known = n.KnownIn(1);
  std::optional<double> constant;
  if (known != nullptr && known->size() == 1 && known->is_constant() && known->rank() <= n.rank(0)) {
    constant = known->is_real() ? known->reals[0] : static_cast<double>(*known->ints[0].constant());
  }
  if (constant == 1) return n.Return(x);
  if (constant == 2) return n.Return(n.b.Mul(x, x));
  if (base == DType::kBool || exponent == DType::kBool)
    return absl::UnimplementedError("powers of bool are not supported");
  if (IsFloat(base)) return n.Return(n.b.Pow(x, CastIfNeeded(n.b, n.In(1), exponent, base)));
  if (constant && *constant >= 0 && *constant <= 16 && *constant == std::floor(*constant)) {
    Expr result = n.b.BroadcastTo(n.b.Scalar(1, base), n.Type(0).dims);
    for (int i = 0; i < *constant; ++i) result = n.b.Mul(result, x);
    return n.Return(result);
  }
  if (BitWidth(base) == 64 && IsInteger(exponent))
    return n.Return(IntegerPower(n.b, x, CastIfNeeded(n.b, n.In(1), exponent, DType::kI64), base));
  // Exact with 32 bits: such a power fits the 53 of a double or overflows the integer anyway.
  Expr power = n.b.Pow(n.b.Cast(x, DType::kF64), CastIfNeeded(n.b, n.In(1), exponent, DType::kF64));
  return n.Return(n.b.Cast(power, base));
}

absl::Status Clip(NodeContext &n) {
  DType dtype = n.dtype(0);
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kMax, dtype));
  Expr low, high;
  if (n.opset >= 11) {
    for (size_t i : {size_t{1}, size_t{2}}) {
      if (n.Has(i) && n.rank(i) != 0 && NumElements(n.Type(i).dims) != 1)
        return absl::InvalidArgumentError(absl::StrCat("its limit is ", n.Type(i).ToString(), ", not a scalar"));
    }
    auto scalar = [&](size_t i) { return n.rank(i) == 0 ? n.In(i) : n.b.Reshape(n.In(i), {}); };
    if (n.Has(1)) low = scalar(1);
    if (n.Has(2)) high = scalar(2);
  } else {
    if (n.input_count() > 1) return absl::InvalidArgumentError("takes its limits as attributes before opset 11");
    if (n.HasAttribute("min")) {
      INGOT_ASSIGN_OR_RETURN(double value, n.Float("min"));
      low = n.b.Scalar(value, dtype);
    }
    if (n.HasAttribute("max")) {
      INGOT_ASSIGN_OR_RETURN(double value, n.Float("max"));
      high = n.b.Scalar(value, dtype);
    }
  }
  Expr x = n.In(0);
  if (low.id != kNoValue) x = n.b.Max(x, low);
  if (high.id != kNoValue) x = n.b.Min(x, high);
  return n.Return(x);
}

Expr CastAs(NodeContext &n, DType to, bool saturate) {
  Expr x = n.In(0);
  DType from = n.dtype(0);
  if (!saturate) return CastWithoutSaturation(n.b, x, from, to);
  // ONNX leaves open what floats beyond the range become; its reference keeps the low bits of 4.
  if (IsFloat(from) && IsNarrow(to)) x = n.b.Cast(x, from = DType::kI32);
  return CastIfNeeded(n.b, x, from, to);
}

absl::Status Cast(NodeContext &n) {
  n.Ignore({"round_mode"});  // about a float without a sign
  INGOT_ASSIGN_OR_RETURN(int64_t saturate, n.Int("saturate", 1));
  INGOT_ASSIGN_OR_RETURN(DType to, n.TypeAttribute("to"));
  if (to == n.dtype(0)) {
    n.Forward(0, 0);
    return absl::OkStatus();
  }
  return n.Return(CastAs(n, to, saturate != 0));
}

absl::Status CastLike(NodeContext &n) {
  n.Ignore({"round_mode"});
  INGOT_ASSIGN_OR_RETURN(int64_t saturate, n.Int("saturate", 1));
  return n.Return(CastAs(n, n.dtype(1), saturate != 0));
}

absl::Status Where(NodeContext &n) { return n.Return(n.b.Select(n.In(0), n.In(1), n.In(2))); }

absl::Status Not(NodeContext &n) { return Unary<OpKind::kLogicalNot>(n); }

absl::Status BitShift(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::string direction, n.Text("direction"));
  if (direction != "LEFT" && direction != "RIGHT")
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'direction' is '", direction.substr(0, 40), "', not LEFT or RIGHT"));
  if (!IsInteger(n.dtype(0)) || n.dtype(1) != n.dtype(0))
    return absl::InvalidArgumentError(absl::StrCat("shifts ", n.Type(0).ToString(), " by ", n.Type(1).ToString(),
                                                   "; both must be of one integer dtype"));
  return n.Return(direction == "LEFT" ? n.b.ShiftLeft(n.In(0), n.In(1)) : n.b.ShiftRight(n.In(0), n.In(1)));
}

absl::Status BitwiseNot(NodeContext &n) {
  if (!IsInteger(n.dtype(0))) return absl::InvalidArgumentError("works on integers only");
  Tensor ones = Tensor::Zeros(n.dtype(0), {});
  ones.SetInt(0, -1);
  return n.Return(n.b.LogicalXor(n.In(0), n.b.Constant(std::move(ones))));
}

}  // namespace

void AddMathOps(OpTable &table) {
  table["Abs"] = {Unary<OpKind::kAbs>, 1, 1, FoldAbs};
  table["Neg"] = {Unary<OpKind::kNeg>, 1, 1, FoldNeg};
  table["Sqrt"] = {Unary<OpKind::kSqrt>, 1, 1, FoldSqrt};
  table["Reciprocal"] = {Unary<OpKind::kReciprocal>, 1, 1, FoldReciprocal};
  table["Floor"] = {Unary<OpKind::kFloor>, 1, 1, FoldFloor};
  table["Ceil"] = {Unary<OpKind::kCeil>, 1, 1, FoldCeil};
  table["IsInf"] = {IsInf, 1, 1};
  table["Not"] = {Not, 1, 1, FoldNot};

  table["Add"] = {Binary<OpKind::kAdd>, 2, 2, FoldAdd};
  table["Sub"] = {Binary<OpKind::kSub>, 2, 2, FoldSub};
  table["Mul"] = {Binary<OpKind::kMul>, 2, 2, FoldMul};
  table["Div"] = {Binary<OpKind::kDiv>, 2, 2, FoldDiv};
  table["Mod"] = {Mod, 2, 2, FoldMod};
  table["Pow"] = {Pow, 2, 2, FoldPow};
  table["Max"] = {Variadic<OpKind::kMax>, 1, kVariadic, FoldMax};
  table["Min"] = {Variadic<OpKind::kMin>, 1, kVariadic, FoldMin};
  table["Sum"] = {Variadic<OpKind::kAdd>, 1, kVariadic, FoldAdd};
  table["Mean"] = {Mean, 1, kVariadic};
  table["Clip"] = {Clip, 1, 3};

  table["Equal"] = {Binary<OpKind::kEqual>, 2, 2, FoldEqual};
  table["Less"] = {Binary<OpKind::kLess>, 2, 2, FoldLess};
  table["LessOrEqual"] = {Binary<OpKind::kLessEqual>, 2, 2, FoldLessOrEqual};
  table["Greater"] = {Binary<OpKind::kGreater>, 2, 2, FoldGreater};
  table["GreaterOrEqual"] = {Binary<OpKind::kGreaterEqual>, 2, 2, FoldGreaterOrEqual};
  table["And"] = {Binary<OpKind::kLogicalAnd>, 2, 2, FoldAnd};
  table["Or"] = {Binary<OpKind::kLogicalOr>, 2, 2, FoldOr};
  table["Xor"] = {Binary<OpKind::kLogicalXor>, 2, 2};
  table["BitwiseAnd"] = {Binary<OpKind::kLogicalAnd>, 2, 2};
  table["BitwiseOr"] = {Binary<OpKind::kLogicalOr>, 2, 2};
  table["BitwiseXor"] = {Binary<OpKind::kLogicalXor>, 2, 2};
  table["BitShift"] = {BitShift, 2, 2};
  table["BitwiseNot"] = {BitwiseNot, 1, 1};

  table["Where"] = {Where, 3, 3, FoldWhere};
  table["Cast"] = {Cast, 1, 1, FoldCast};
  table["CastLike"] = {CastLike, 2, 2, FoldCast};
}

}  // namespace ingot::onnx_import
