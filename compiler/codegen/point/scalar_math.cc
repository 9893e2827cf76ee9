#include "compiler/codegen/point/scalar_math.h"

#include <cmath>
#include <limits>

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"

using namespace mlir;

namespace ingot::compiler {

ScalarClass ScalarClassOf(DType dtype) {
  if (IsFloat(dtype)) return ScalarClass::Float;
  if (dtype == DType::kBool) return ScalarClass::Bool;
  return IsUnsigned(dtype) ? ScalarClass::Unsigned : ScalarClass::Signed;
}

static Type WithElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type)) return VectorType::get(vector.getShape(), element);
  return element;
}

static Value ConstantOfType(ImplicitLocOpBuilder &b, Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr scalar;
  if (isa<FloatType>(element))
    scalar = b.getFloatAttr(element, value);
  else
    scalar = b.getIntegerAttr(element, static_cast<int64_t>(value));
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, mlir::Attribute(scalar)));
  return arith::ConstantOp::create(b, scalar);
}

Value ConstantLike(ImplicitLocOpBuilder &b, Value x, double value) { return ConstantOfType(b, x.getType(), value); }
Value ZeroLike(ImplicitLocOpBuilder &b, Value x) { return ConstantLike(b, x, 0); }

static Value Select(ImplicitLocOpBuilder &b, Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, condition, x, y);
}
static Value Compare(ImplicitLocOpBuilder &b, arith::CmpFPredicate predicate, Value x, Value y) {
  return arith::CmpFOp::create(b, predicate, x, y);
}
static Value Compare(ImplicitLocOpBuilder &b, arith::CmpIPredicate predicate, Value x, Value y) {
  return arith::CmpIOp::create(b, predicate, x, y);
}

Value ToBfloat16Bits(ImplicitLocOpBuilder &b, Value x) {
  Type wide = WithElement(x.getType(), b.getI32Type()), narrow = WithElement(x.getType(), b.getI16Type());
  auto c = [&](int64_t value) { return ConstantOfType(b, wide, static_cast<double>(value)); };
  Value bits = arith::BitcastOp::create(b, wide, x);
  Value odd = arith::AndIOp::create(b, arith::ShRUIOp::create(b, bits, c(16)), c(1));
  Value rounded = arith::AddIOp::create(b, bits, arith::AddIOp::create(b, odd, c(0x7fff)));
  Value is_nan = Compare(b, arith::CmpFPredicate::UNO, x, x);
  Value chosen = Select(b, is_nan, c(0x7fc00000), rounded);
  Value high = arith::ShRUIOp::create(b, chosen, c(16));
  return arith::TruncIOp::create(b, narrow, high);
}

Value FromBfloat16Bits(ImplicitLocOpBuilder &b, Value bits) {
  Type wide = WithElement(bits.getType(), b.getI32Type());
  Value extended = arith::ExtUIOp::create(b, wide, bits);
  Value shifted = arith::ShLIOp::create(b, extended, ConstantOfType(b, wide, 16));
  return arith::BitcastOp::create(b, WithElement(bits.getType(), b.getF32Type()), shifted);
}

namespace {

// An 8-bit float beside f32. Its pattern without the sign, moved up by `shift`, is an f32 that is `scale` times too
// small. `least` is its smallest normal number; what lies above `largest` in the order of patterns is `beyond`
// (infinity, in f8e5m2) or NaN.
struct Float8 {
  int shift;
  double scale, least, largest;
  int64_t largest_bits, beyond_bits, nan_bits;
};
constexpr Float8 kE4M3 = {20, 0x1p120, 0x1p-6, 448, 0x7e, 0x7f, 0x7f},
                 kE5M2 = {21, 0x1p112, 0x1p-14, 57344, 0x7b, 0x7c, 0x7e};
const Float8 &FormatOf(DType dtype) { return dtype == DType::kF8E4M3 ? kE4M3 : kE5M2; }

// `magnitude` with the sign of `sign`, all patterns of f32.
Value WithSign(ImplicitLocOpBuilder &b, Value magnitude, Value sign) {
  return arith::OrIOp::create(b, magnitude, arith::AndIOp::create(b, sign, ConstantLike(b, sign, INT32_MIN)));
}

// The nearest value of the format, ties to even; beyond its range its largest. NaN stays.
Value RoundToFloat8(ImplicitLocOpBuilder &b, Value x, DType dtype) {
  const Float8 &format = FormatOf(dtype);
  Type wide = WithElement(x.getType(), b.getI32Type());
  auto c = [&](int64_t value) { return ConstantOfType(b, wide, static_cast<double>(value)); };
  Value size = math::AbsFOp::create(b, x), largest = ConstantLike(b, x, format.largest);
  size = Select(b, Compare(b, arith::CmpFPredicate::OGT, size, largest), largest, size);
  // Normal numbers: half a unit less one is added to the pattern, and one more where the last bit is odd; the rest is
  // cut off.
  Value bits = arith::BitcastOp::create(b, wide, size);
  Value odd = arith::AndIOp::create(b, arith::ShRUIOp::create(b, bits, c(format.shift)), c(1));
  Value up = arith::AddIOp::create(b, bits, arith::AddIOp::create(b, odd, c((1 << (format.shift - 1)) - 1)));
  Value normal = arith::AndIOp::create(b, up, c(-(INT64_C(1) << format.shift)));
  // Below them units are all one size: that of a number whose last bit it is.
  Value magic = ConstantLike(b, x, format.least * std::ldexp(1.0, format.shift));
  Value small = arith::SubFOp::create(b, arith::AddFOp::create(b, size, magic), magic);
  Value is_small = Compare(b, arith::CmpFPredicate::OLT, size, ConstantLike(b, x, format.least));
  Value chosen = Select(b, is_small, arith::BitcastOp::create(b, wide, small), normal);
  Value rounded = arith::BitcastOp::create(b, x.getType(), WithSign(b, chosen, arith::BitcastOp::create(b, wide, x)));
  return Select(b, Compare(b, arith::CmpFPredicate::UNO, x, x), x, rounded);
}

}  // namespace

Value ToFloat8Bits(ImplicitLocOpBuilder &b, Value x, DType dtype) {
  const Float8 &format = FormatOf(dtype);
  Type wide = WithElement(x.getType(), b.getI32Type()), narrow = WithElement(x.getType(), b.getI8Type());
  auto c = [&](int64_t value) { return ConstantOfType(b, wide, static_cast<double>(value)); };
  Value size = math::AbsFOp::create(b, x);
  Value scaled = arith::MulFOp::create(b, size, ConstantLike(b, x, 1 / format.scale));
  Value bits = arith::ShRUIOp::create(b, arith::BitcastOp::create(b, wide, scaled), c(format.shift));
  bits = Select(b, Compare(b, arith::CmpFPredicate::OGT, size, ConstantLike(b, x, format.largest)),
                c(format.beyond_bits), bits);
  bits = Select(b, Compare(b, arith::CmpFPredicate::UNO, x, x), c(format.nan_bits), bits);
  Value sign = arith::ShRUIOp::create(b, arith::BitcastOp::create(b, wide, x), c(24));
  return arith::TruncIOp::create(b, narrow, arith::OrIOp::create(b, bits, arith::AndIOp::create(b, sign, c(0x80))));
}

Value FromFloat8Bits(ImplicitLocOpBuilder &b, Value bits, DType dtype) {
  const Float8 &format = FormatOf(dtype);
  Type wide = WithElement(bits.getType(), b.getI32Type()), real = WithElement(bits.getType(), b.getF32Type());
  auto c = [&](int64_t value) { return ConstantOfType(b, wide, static_cast<double>(value)); };
  Value extended = arith::ExtUIOp::create(b, wide, bits);
  Value size = arith::AndIOp::create(b, extended, c(0x7f));
  Value small = arith::BitcastOp::create(b, real, arith::ShLIOp::create(b, size, c(format.shift)));
  Value scaled = arith::MulFOp::create(b, small, ConstantOfType(b, real, format.scale));
  Value above = ConstantOfType(b, real, std::numeric_limits<double>::quiet_NaN());
  if (format.beyond_bits != format.nan_bits)
    above = Select(b, Compare(b, arith::CmpIPredicate::eq, size, c(format.beyond_bits)),
                   ConstantOfType(b, real, std::numeric_limits<double>::infinity()), above);
  scaled = Select(b, Compare(b, arith::CmpIPredicate::sgt, size, c(format.largest_bits)), above, scaled);
  Value sign = arith::ShLIOp::create(b, extended, c(24));
  return arith::BitcastOp::create(b, real, WithSign(b, arith::BitcastOp::create(b, wide, scaled), sign));
}

static double BitsOf(Value x) { return getElementTypeOrSelf(x.getType()).getIntOrFloatBitWidth(); }

// Shifts of which every amount has a meaning; negative ones count as too large.
static Value ShiftLeft(ImplicitLocOpBuilder &b, Value x, Value y) {
  Value fits = Compare(b, arith::CmpIPredicate::ult, y, ConstantLike(b, x, BitsOf(x)));
  return Select(b, fits, arith::ShLIOp::create(b, x, Select(b, fits, y, ZeroLike(b, x))), ZeroLike(b, x));
}

static Value ShiftRight(ImplicitLocOpBuilder &b, Value x, Value y, bool is_signed) {
  Value most = ConstantLike(b, x, BitsOf(x) - 1), fits = Compare(b, arith::CmpIPredicate::ule, y, most);
  Value amount = Select(b, fits, y, most);
  if (is_signed) return arith::ShRSIOp::create(b, x, amount);
  return Select(b, fits, arith::ShRUIOp::create(b, x, amount), ZeroLike(b, x));
}

static Value SignOfFloat(ImplicitLocOpBuilder &b, Value x) {
  Value zero = ZeroLike(b, x);
  Value negative = Select(b, Compare(b, arith::CmpFPredicate::OLT, x, zero), ConstantLike(b, x, -1),
                          arith::AddFOp::create(b, x, zero));
  // What is left besides numbers above zero is zero or NaN, which stay; adding 0 takes the sign from -0.
  return Select(b, Compare(b, arith::CmpFPredicate::OGT, x, zero), ConstantLike(b, x, 1), negative);
}

static Value SignOfInt(ImplicitLocOpBuilder &b, Value x) {
  Value zero = ZeroLike(b, x);
  Value negative = Select(b, Compare(b, arith::CmpIPredicate::slt, x, zero), ConstantLike(b, x, -1), zero);
  return Select(b, Compare(b, arith::CmpIPredicate::sgt, x, zero), ConstantLike(b, x, 1), negative);
}

Value ExpOf(ImplicitLocOpBuilder &b, Value x) {
  if (!getElementTypeOrSelf(x.getType()).isF32()) return math::ExpOp::create(b, x);
  auto c = [&](double value) { return ConstantLike(b, x, value); };
  auto fma = [&](Value p, Value q, Value r) -> Value { return math::FmaOp::create(b, p, q, r); };
  // Clamped so that n fits; selects keep NaN.
  x = Select(b, Compare(b, arith::CmpFPredicate::OGT, x, c(90.0)), c(90.0), x);
  x = Select(b, Compare(b, arith::CmpFPredicate::OLT, x, c(-105.0)), c(-105.0), x);
  // Adding 1.5 * 2^23 leaves round(x / ln 2) in the low bits.
  Value magic = c(12582912.0);
  Value shifted = fma(x, c(1.44269504088896341), magic);
  Value n = arith::SubFOp::create(b, shifted, magic);
  // ln 2 in two parts; the first has few bits, so its product with n is exact.
  Value r = fma(n, c(-0.693145751953125), x);
  r = fma(n, c(-1.42860682030941723e-6), r);
  // Minimax for (exp(r) - 1 - r) / r^2 on [-ln 2 / 2, ln 2 / 2].
  Value p = c(1.9875691500e-4);
  for (double coefficient : {1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1})
    p = fma(p, r, c(coefficient));
  Value rr = arith::MulFOp::create(b, r, r);
  p = fma(p, rr, arith::AddFOp::create(b, r, c(1.0)));
  // Two scalings by powers of two reach denormals and infinity in the right way.
  Type integers = WithElement(x.getType(), b.getI32Type());
  auto ci = [&](int64_t value) { return ConstantOfType(b, integers, static_cast<double>(value)); };
  Value whole = arith::SubIOp::create(b, arith::BitcastOp::create(b, integers, shifted),
                                      arith::BitcastOp::create(b, integers, magic));
  Value half = arith::ShRSIOp::create(b, whole, ci(1));
  Value rest = arith::SubIOp::create(b, whole, half);
  auto power = [&](Value exponent) -> Value {
    Value bits = arith::ShLIOp::create(b, arith::AddIOp::create(b, exponent, ci(127)), ci(23));
    return arith::BitcastOp::create(b, x.getType(), bits);
  };
  return arith::MulFOp::create(b, arith::MulFOp::create(b, p, power(half)), power(rest));
}

Value LogOf(ImplicitLocOpBuilder &b, Value x) {
  if (!getElementTypeOrSelf(x.getType()).isF32()) return math::LogOp::create(b, x);
  // Numbers below the smallest normal one are made 2^23 times larger, which is exact.
  Value small = Compare(b, arith::CmpFPredicate::OLT, x, ConstantLike(b, x, 0x1p-126));
  Value scaled = arith::MulFOp::create(b, x, ConstantLike(b, x, 0x1p23));
  Value log = math::LogOp::create(b, Select(b, small, scaled, x));
  return Select(b, small, arith::SubFOp::create(b, log, ConstantLike(b, x, 15.942385152878742)), log);
}

static Value SigmoidOf(ImplicitLocOpBuilder &b, Value x) {
  // By exp(-|x|), which does not overflow where the result is small but not 0.
  Value one = ConstantLike(b, x, 1), e = ExpOf(b, arith::NegFOp::create(b, math::AbsFOp::create(b, x)));
  Value top = Select(b, Compare(b, arith::CmpFPredicate::OLT, x, ZeroLike(b, x)), e, one);
  return arith::DivFOp::create(b, top, arith::AddFOp::create(b, one, e));
}

// Division that never traps: by zero gives 0, the lowest value by -1 wraps.
static std::pair<Value, Value> SafeDivisor(ImplicitLocOpBuilder &b, Value y, bool is_signed) {
  Value bad = Compare(b, arith::CmpIPredicate::eq, y, ZeroLike(b, y));
  Value divisor = Select(b, bad, ConstantLike(b, y, 1), y);
  if (is_signed) {
    Value minus_one = Compare(b, arith::CmpIPredicate::eq, divisor, ConstantLike(b, y, -1));
    divisor = Select(b, minus_one, ConstantLike(b, y, 1), divisor);
  }
  return {bad, divisor};
}

static Value SafeDivide(ImplicitLocOpBuilder &b, Value x, Value y, bool is_signed) {
  auto [bad, divisor] = SafeDivisor(b, y, is_signed);
  Value quotient;
  if (is_signed) {
    quotient = arith::DivSIOp::create(b, x, divisor);
    Value minus_one = Compare(b, arith::CmpIPredicate::eq, y, ConstantLike(b, y, -1));
    quotient = Select(b, minus_one, arith::SubIOp::create(b, ZeroLike(b, x), x), quotient);
  } else {
    quotient = arith::DivUIOp::create(b, x, divisor);
  }
  return Select(b, bad, ZeroLike(b, x), quotient);
}

static Value SafeRemainder(ImplicitLocOpBuilder &b, Value x, Value y, bool is_signed) {
  auto [bad, divisor] = SafeDivisor(b, y, is_signed);
  Value remainder =
      is_signed ? Value(arith::RemSIOp::create(b, x, divisor)) : Value(arith::RemUIOp::create(b, x, divisor));
  return Select(b, bad, ZeroLike(b, x), remainder);
}

static Value RemainderOfFloat(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::RemFOp::create(b, x, y); }
static Value PowOf(ImplicitLocOpBuilder &b, Value x, Value y) { return math::PowFOp::create(b, x, y); }

static Value FloatToInt(ImplicitLocOpBuilder &b, Value x, DType to) {
  Type type = WithElement(x.getType(), IntegerType::get(b.getContext(), static_cast<unsigned>(BitWidth(to))));
  int bits = BitWidth(to);
  bool is_unsigned = IsUnsigned(to);
  double low = is_unsigned ? 0 : -std::ldexp(1.0, bits - 1), high = std::ldexp(1.0, is_unsigned ? bits : bits - 1);
  // Out of range and NaN are not defined for the conversion itself: convert zero there and choose afterwards.
  Value lowest = ConstantLike(b, x, low), limit = ConstantLike(b, x, high);
  Value inside = arith::AndIOp::create(b, Compare(b, arith::CmpFPredicate::OGE, x, lowest),
                                       Compare(b, arith::CmpFPredicate::OLT, x, limit));
  Value safe = Select(b, inside, x, ZeroLike(b, x));
  Value converted =
      is_unsigned ? Value(arith::FPToUIOp::create(b, type, safe)) : Value(arith::FPToSIOp::create(b, type, safe));
  auto ends = [&](APInt value) -> Value {
    TypedAttr scalar = IntegerAttr::get(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, mlir::Attribute(scalar)));
    return arith::ConstantOp::create(b, scalar);
  };
  Value smallest = ends(is_unsigned ? APInt::getZero(bits) : APInt::getSignedMinValue(bits)),
        largest = ends(is_unsigned ? APInt::getMaxValue(bits) : APInt::getSignedMaxValue(bits));
  converted = Select(b, Compare(b, arith::CmpFPredicate::OGE, x, limit), largest, converted);
  return Select(b, Compare(b, arith::CmpFPredicate::OLT, x, lowest), smallest, converted);
}

// An f64 as an f32 whose last bit is set where that is not exact: rounded once more, to a narrower type, it gives what
// rounding the f64 gives.
static Value RoundToOdd(ImplicitLocOpBuilder &b, Value x) {
  Type real = WithElement(x.getType(), b.getF32Type()), wide = WithElement(x.getType(), b.getI32Type());
  Value nearest = arith::TruncFOp::create(b, real, x), back = arith::ExtFOp::create(b, x.getType(), nearest);
  Value one = ConstantOfType(b, wide, 1), bits = arith::BitcastOp::create(b, wide, nearest);
  Value beyond = Compare(b, arith::CmpFPredicate::OGT, math::AbsFOp::create(b, back), math::AbsFOp::create(b, x));
  Value odd = arith::OrIOp::create(b, Select(b, beyond, arith::SubIOp::create(b, bits, one), bits), one);
  return Select(b, Compare(b, arith::CmpFPredicate::ONE, back, x), arith::BitcastOp::create(b, real, odd), nearest);
}

static Value CastTo(ImplicitLocOpBuilder &b, Value x, DType from, DType to) {
  Type source = getElementTypeOrSelf(x.getType());
  if (to == DType::kBool) {
    if (IsFloat(from)) return Compare(b, arith::CmpFPredicate::UNE, x, ZeroLike(b, x));
    return Compare(b, arith::CmpIPredicate::ne, x, ZeroLike(b, x));
  }
  if (IsFloat(to)) {
    Type element = to == DType::kF64 ? Type(b.getF64Type()) : Type(b.getF32Type());
    Type type = WithElement(x.getType(), element);
    // Types narrower than f32 live as f32 in registers, rounded once.
    bool is_narrow = BitWidth(to) < 32;
    if (is_narrow && from == DType::kF64) return CastTo(b, RoundToOdd(b, x), DType::kF32, to);
    if (is_narrow && !IsFloat(from)) return CastTo(b, CastTo(b, x, from, DType::kF64), DType::kF64, to);
    if (IsFloat8(to)) return from == to ? x : RoundToFloat8(b, x, to);
    if (IsFloat(from)) {
      if (source == element) {
        if (to != DType::kF16 && to != DType::kBF16) return x;
        if (to == DType::kBF16) return FromBfloat16Bits(b, ToBfloat16Bits(b, x));
        Type half = WithElement(x.getType(), ToElementType(b.getContext(), to));
        Value rounded = arith::TruncFOp::create(b, half, x);
        return arith::ExtFOp::create(b, type, rounded);
      }
      return source.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth()
                 ? Value(arith::ExtFOp::create(b, type, x))
                 : Value(arith::TruncFOp::create(b, type, x));
    }
    bool is_unsigned = IsUnsigned(from) || from == DType::kBool;
    return is_unsigned ? Value(arith::UIToFPOp::create(b, type, x)) : Value(arith::SIToFPOp::create(b, type, x));
  }
  if (IsFloat(from)) return FloatToInt(b, x, to);
  unsigned bits = static_cast<unsigned>(BitWidth(to));
  Type type = WithElement(x.getType(), IntegerType::get(b.getContext(), bits));
  if (source.getIntOrFloatBitWidth() == bits) return x;
  if (source.getIntOrFloatBitWidth() > bits) return arith::TruncIOp::create(b, type, x);
  return IsSigned(from) ? Value(arith::ExtSIOp::create(b, type, x)) : Value(arith::ExtUIOp::create(b, type, x));
}

Value EmitScalarOp(ImplicitLocOpBuilder &b, OpKind kind, ScalarClass scalar_class, Value x, Value y, Value z,
                   DType from, DType to) {
  switch (kind) {
#include "graph/ops/scalar_bodies.inc"
    default:
      return {};
  }
}

void PopulateMathApproximations(RewritePatternSet &patterns) {
  auto wanted = [](StringRef name) {
    return name == math::TanhOp::getOperationName() || name == math::ErfOp::getOperationName() ||
           name == math::LogOp::getOperationName();
  };
  populateMathPolynomialApproximationPatterns(patterns, wanted);
}

}  // namespace ingot::compiler
