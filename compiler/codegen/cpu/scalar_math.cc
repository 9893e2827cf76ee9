#include "compiler/codegen/cpu/scalar_math.h"

#include <cmath>
#include <limits>

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"

using namespace mlir;

namespace ingot::compiler {

ScalarClass scalarClassOf(DType dtype) {
  if (IsFloat(dtype)) return ScalarClass::Float;
  if (dtype == DType::kBool) return ScalarClass::Bool;
  return IsUnsigned(dtype) ? ScalarClass::Unsigned : ScalarClass::Signed;
}

static Type withElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type)) return VectorType::get(vector.getShape(), element);
  return element;
}

static Value constantOfType(ImplicitLocOpBuilder &b, Type type, double value) {
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

Value constantLike(ImplicitLocOpBuilder &b, Value x, double value) { return constantOfType(b, x.getType(), value); }
Value zeroLike(ImplicitLocOpBuilder &b, Value x) { return constantLike(b, x, 0); }

static Value select(ImplicitLocOpBuilder &b, Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, condition, x, y);
}
static Value compare(ImplicitLocOpBuilder &b, arith::CmpFPredicate predicate, Value x, Value y) {
  return arith::CmpFOp::create(b, predicate, x, y);
}
static Value compare(ImplicitLocOpBuilder &b, arith::CmpIPredicate predicate, Value x, Value y) {
  return arith::CmpIOp::create(b, predicate, x, y);
}

Value toBfloat16Bits(ImplicitLocOpBuilder &b, Value x) {
  Type wide = withElement(x.getType(), b.getI32Type()), narrow = withElement(x.getType(), b.getI16Type());
  auto c = [&](int64_t value) { return constantOfType(b, wide, static_cast<double>(value)); };
  Value bits = arith::BitcastOp::create(b, wide, x);
  Value odd = arith::AndIOp::create(b, arith::ShRUIOp::create(b, bits, c(16)), c(1));
  Value rounded = arith::AddIOp::create(b, bits, arith::AddIOp::create(b, odd, c(0x7fff)));
  Value isNan = compare(b, arith::CmpFPredicate::UNO, x, x);
  Value chosen = select(b, isNan, c(0x7fc00000), rounded);
  Value high = arith::ShRUIOp::create(b, chosen, c(16));
  return arith::TruncIOp::create(b, narrow, high);
}

Value fromBfloat16Bits(ImplicitLocOpBuilder &b, Value bits) {
  Type wide = withElement(bits.getType(), b.getI32Type());
  Value extended = arith::ExtUIOp::create(b, wide, bits);
  Value shifted = arith::ShLIOp::create(b, extended, constantOfType(b, wide, 16));
  return arith::BitcastOp::create(b, withElement(bits.getType(), b.getF32Type()), shifted);
}

namespace {

// An 8-bit float beside f32. Its pattern without the sign, moved up by `shift`, is an f32 that is `scale` times too
// small. `least` is its smallest normal number; what lies above `largest` in the order of patterns is `beyond`
// (infinity, in f8e5m2) or NaN.
struct Float8 {
  int shift;
  double scale, least, largest;
  int64_t largestBits, beyondBits, nanBits;
};
constexpr Float8 kE4M3 = {20, 0x1p120, 0x1p-6, 448, 0x7e, 0x7f, 0x7f},
                 kE5M2 = {21, 0x1p112, 0x1p-14, 57344, 0x7b, 0x7c, 0x7e};
const Float8 &formatOf(DType dtype) { return dtype == DType::kF8E4M3 ? kE4M3 : kE5M2; }

// `magnitude` with the sign of `sign`, all patterns of f32.
Value withSign(ImplicitLocOpBuilder &b, Value magnitude, Value sign) {
  return arith::OrIOp::create(b, magnitude, arith::AndIOp::create(b, sign, constantLike(b, sign, INT32_MIN)));
}

// The nearest value of the format, ties to even; beyond its range its largest. NaN stays.
Value roundToFloat8(ImplicitLocOpBuilder &b, Value x, DType dtype) {
  const Float8 &format = formatOf(dtype);
  Type wide = withElement(x.getType(), b.getI32Type());
  auto c = [&](int64_t value) { return constantOfType(b, wide, static_cast<double>(value)); };
  Value size = math::AbsFOp::create(b, x), largest = constantLike(b, x, format.largest);
  size = select(b, compare(b, arith::CmpFPredicate::OGT, size, largest), largest, size);
  // Normal numbers: half a unit less one is added to the pattern, and one more where the last bit is odd; the rest is
  // cut off.
  Value bits = arith::BitcastOp::create(b, wide, size);
  Value odd = arith::AndIOp::create(b, arith::ShRUIOp::create(b, bits, c(format.shift)), c(1));
  Value up = arith::AddIOp::create(b, bits, arith::AddIOp::create(b, odd, c((1 << (format.shift - 1)) - 1)));
  Value normal = arith::AndIOp::create(b, up, c(-(INT64_C(1) << format.shift)));
  // Below them units are all one size: that of a number whose last bit it is.
  Value magic = constantLike(b, x, format.least * std::ldexp(1.0, format.shift));
  Value small = arith::SubFOp::create(b, arith::AddFOp::create(b, size, magic), magic);
  Value isSmall = compare(b, arith::CmpFPredicate::OLT, size, constantLike(b, x, format.least));
  Value chosen = select(b, isSmall, arith::BitcastOp::create(b, wide, small), normal);
  Value rounded = arith::BitcastOp::create(b, x.getType(), withSign(b, chosen, arith::BitcastOp::create(b, wide, x)));
  return select(b, compare(b, arith::CmpFPredicate::UNO, x, x), x, rounded);
}

}  // namespace

Value toFloat8Bits(ImplicitLocOpBuilder &b, Value x, DType dtype) {
  const Float8 &format = formatOf(dtype);
  Type wide = withElement(x.getType(), b.getI32Type()), narrow = withElement(x.getType(), b.getI8Type());
  auto c = [&](int64_t value) { return constantOfType(b, wide, static_cast<double>(value)); };
  Value size = math::AbsFOp::create(b, x);
  Value scaled = arith::MulFOp::create(b, size, constantLike(b, x, 1 / format.scale));
  Value bits = arith::ShRUIOp::create(b, arith::BitcastOp::create(b, wide, scaled), c(format.shift));
  bits = select(b, compare(b, arith::CmpFPredicate::OGT, size, constantLike(b, x, format.largest)),
                c(format.beyondBits), bits);
  bits = select(b, compare(b, arith::CmpFPredicate::UNO, x, x), c(format.nanBits), bits);
  Value sign = arith::ShRUIOp::create(b, arith::BitcastOp::create(b, wide, x), c(24));
  return arith::TruncIOp::create(b, narrow, arith::OrIOp::create(b, bits, arith::AndIOp::create(b, sign, c(0x80))));
}

Value fromFloat8Bits(ImplicitLocOpBuilder &b, Value bits, DType dtype) {
  const Float8 &format = formatOf(dtype);
  Type wide = withElement(bits.getType(), b.getI32Type()), real = withElement(bits.getType(), b.getF32Type());
  auto c = [&](int64_t value) { return constantOfType(b, wide, static_cast<double>(value)); };
  Value extended = arith::ExtUIOp::create(b, wide, bits);
  Value size = arith::AndIOp::create(b, extended, c(0x7f));
  Value small = arith::BitcastOp::create(b, real, arith::ShLIOp::create(b, size, c(format.shift)));
  Value scaled = arith::MulFOp::create(b, small, constantOfType(b, real, format.scale));
  Value above = constantOfType(b, real, std::numeric_limits<double>::quiet_NaN());
  if (format.beyondBits != format.nanBits)
    above = select(b, compare(b, arith::CmpIPredicate::eq, size, c(format.beyondBits)),
                   constantOfType(b, real, std::numeric_limits<double>::infinity()), above);
  scaled = select(b, compare(b, arith::CmpIPredicate::sgt, size, c(format.largestBits)), above, scaled);
  Value sign = arith::ShLIOp::create(b, extended, c(24));
  return arith::BitcastOp::create(b, real, withSign(b, arith::BitcastOp::create(b, wide, scaled), sign));
}

static double bitsOf(Value x) { return getElementTypeOrSelf(x.getType()).getIntOrFloatBitWidth(); }

// Shifts of which every amount has a meaning; negative ones count as too large.
static Value shiftLeft(ImplicitLocOpBuilder &b, Value x, Value y) {
  Value fits = compare(b, arith::CmpIPredicate::ult, y, constantLike(b, x, bitsOf(x)));
  return select(b, fits, arith::ShLIOp::create(b, x, select(b, fits, y, zeroLike(b, x))), zeroLike(b, x));
}

static Value shiftRight(ImplicitLocOpBuilder &b, Value x, Value y, bool isSigned) {
  Value most = constantLike(b, x, bitsOf(x) - 1), fits = compare(b, arith::CmpIPredicate::ule, y, most);
  Value amount = select(b, fits, y, most);
  if (isSigned) return arith::ShRSIOp::create(b, x, amount);
  return select(b, fits, arith::ShRUIOp::create(b, x, amount), zeroLike(b, x));
}

static Value signOfFloat(ImplicitLocOpBuilder &b, Value x) {
  Value zero = zeroLike(b, x);
  Value negative = select(b, compare(b, arith::CmpFPredicate::OLT, x, zero), constantLike(b, x, -1),
                          arith::AddFOp::create(b, x, zero));
  // What is left besides numbers above zero is zero or NaN, which stay; adding 0 takes the sign from -0.
  return select(b, compare(b, arith::CmpFPredicate::OGT, x, zero), constantLike(b, x, 1), negative);
}

static Value signOfInt(ImplicitLocOpBuilder &b, Value x) {
  Value zero = zeroLike(b, x);
  Value negative = select(b, compare(b, arith::CmpIPredicate::slt, x, zero), constantLike(b, x, -1), zero);
  return select(b, compare(b, arith::CmpIPredicate::sgt, x, zero), constantLike(b, x, 1), negative);
}

Value expOf(ImplicitLocOpBuilder &b, Value x) {
  if (!getElementTypeOrSelf(x.getType()).isF32()) return math::ExpOp::create(b, x);
  auto c = [&](double value) { return constantLike(b, x, value); };
  auto fma = [&](Value p, Value q, Value r) -> Value { return math::FmaOp::create(b, p, q, r); };
  // Clamped so that n fits; selects keep NaN.
  x = select(b, compare(b, arith::CmpFPredicate::OGT, x, c(90.0)), c(90.0), x);
  x = select(b, compare(b, arith::CmpFPredicate::OLT, x, c(-105.0)), c(-105.0), x);
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
  Type integers = withElement(x.getType(), b.getI32Type());
  auto ci = [&](int64_t value) { return constantOfType(b, integers, static_cast<double>(value)); };
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

Value logOf(ImplicitLocOpBuilder &b, Value x) {
  if (!getElementTypeOrSelf(x.getType()).isF32()) return math::LogOp::create(b, x);
  // Numbers below the smallest normal one are made 2^23 times larger, which is exact.
  Value small = compare(b, arith::CmpFPredicate::OLT, x, constantLike(b, x, 0x1p-126));
  Value scaled = arith::MulFOp::create(b, x, constantLike(b, x, 0x1p23));
  Value log = math::LogOp::create(b, select(b, small, scaled, x));
  return select(b, small, arith::SubFOp::create(b, log, constantLike(b, x, 15.942385152878742)), log);
}

static Value sigmoidOf(ImplicitLocOpBuilder &b, Value x) {
  // By exp(-|x|), which does not overflow where the result is small but not 0.
  Value one = constantLike(b, x, 1), e = expOf(b, arith::NegFOp::create(b, math::AbsFOp::create(b, x)));
  Value top = select(b, compare(b, arith::CmpFPredicate::OLT, x, zeroLike(b, x)), e, one);
  return arith::DivFOp::create(b, top, arith::AddFOp::create(b, one, e));
}

// Division that never traps: by zero gives 0, the lowest value by -1 wraps.
static std::pair<Value, Value> safeDivisor(ImplicitLocOpBuilder &b, Value y, bool isSigned) {
  Value bad = compare(b, arith::CmpIPredicate::eq, y, zeroLike(b, y));
  Value divisor = select(b, bad, constantLike(b, y, 1), y);
  if (isSigned) {
    Value minusOne = compare(b, arith::CmpIPredicate::eq, divisor, constantLike(b, y, -1));
    divisor = select(b, minusOne, constantLike(b, y, 1), divisor);
  }
  return {bad, divisor};
}

static Value safeDivide(ImplicitLocOpBuilder &b, Value x, Value y, bool isSigned) {
  auto [bad, divisor] = safeDivisor(b, y, isSigned);
  Value quotient;
  if (isSigned) {
    quotient = arith::DivSIOp::create(b, x, divisor);
    Value minusOne = compare(b, arith::CmpIPredicate::eq, y, constantLike(b, y, -1));
    quotient = select(b, minusOne, arith::SubIOp::create(b, zeroLike(b, x), x), quotient);
  } else {
    quotient = arith::DivUIOp::create(b, x, divisor);
  }
  return select(b, bad, zeroLike(b, x), quotient);
}

static Value safeRemainder(ImplicitLocOpBuilder &b, Value x, Value y, bool isSigned) {
  auto [bad, divisor] = safeDivisor(b, y, isSigned);
  Value remainder =
      isSigned ? Value(arith::RemSIOp::create(b, x, divisor)) : Value(arith::RemUIOp::create(b, x, divisor));
  return select(b, bad, zeroLike(b, x), remainder);
}

static Value remainderOfFloat(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::RemFOp::create(b, x, y); }
static Value powOf(ImplicitLocOpBuilder &b, Value x, Value y) { return math::PowFOp::create(b, x, y); }

static Value floatToInt(ImplicitLocOpBuilder &b, Value x, DType to) {
  Type type = withElement(x.getType(), IntegerType::get(b.getContext(), static_cast<unsigned>(BitWidth(to))));
  int bits = BitWidth(to);
  bool isUnsigned = IsUnsigned(to);
  double low = isUnsigned ? 0 : -std::ldexp(1.0, bits - 1), high = std::ldexp(1.0, isUnsigned ? bits : bits - 1);
  // Out of range and NaN are not defined for the conversion itself: convert zero there and choose afterwards.
  Value lowest = constantLike(b, x, low), limit = constantLike(b, x, high);
  Value inside = arith::AndIOp::create(b, compare(b, arith::CmpFPredicate::OGE, x, lowest),
                                       compare(b, arith::CmpFPredicate::OLT, x, limit));
  Value safe = select(b, inside, x, zeroLike(b, x));
  Value converted =
      isUnsigned ? Value(arith::FPToUIOp::create(b, type, safe)) : Value(arith::FPToSIOp::create(b, type, safe));
  auto ends = [&](APInt value) -> Value {
    TypedAttr scalar = IntegerAttr::get(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, mlir::Attribute(scalar)));
    return arith::ConstantOp::create(b, scalar);
  };
  Value smallest = ends(isUnsigned ? APInt::getZero(bits) : APInt::getSignedMinValue(bits)),
        largest = ends(isUnsigned ? APInt::getMaxValue(bits) : APInt::getSignedMaxValue(bits));
  converted = select(b, compare(b, arith::CmpFPredicate::OGE, x, limit), largest, converted);
  return select(b, compare(b, arith::CmpFPredicate::OLT, x, lowest), smallest, converted);
}

// An f64 as an f32 whose last bit is set where that is not exact: rounded once more, to a narrower type, it gives what
// rounding the f64 gives.
static Value roundToOdd(ImplicitLocOpBuilder &b, Value x) {
  Type real = withElement(x.getType(), b.getF32Type()), wide = withElement(x.getType(), b.getI32Type());
  Value nearest = arith::TruncFOp::create(b, real, x), back = arith::ExtFOp::create(b, x.getType(), nearest);
  Value one = constantOfType(b, wide, 1), bits = arith::BitcastOp::create(b, wide, nearest);
  Value beyond = compare(b, arith::CmpFPredicate::OGT, math::AbsFOp::create(b, back), math::AbsFOp::create(b, x));
  Value odd = arith::OrIOp::create(b, select(b, beyond, arith::SubIOp::create(b, bits, one), bits), one);
  return select(b, compare(b, arith::CmpFPredicate::ONE, back, x), arith::BitcastOp::create(b, real, odd), nearest);
}

static Value castTo(ImplicitLocOpBuilder &b, Value x, DType from, DType to) {
  Type source = getElementTypeOrSelf(x.getType());
  if (to == DType::kBool) {
    if (IsFloat(from)) return compare(b, arith::CmpFPredicate::UNE, x, zeroLike(b, x));
    return compare(b, arith::CmpIPredicate::ne, x, zeroLike(b, x));
  }
  if (IsFloat(to)) {
    Type element = to == DType::kF64 ? Type(b.getF64Type()) : Type(b.getF32Type());
    Type type = withElement(x.getType(), element);
    // Types narrower than f32 live as f32 in registers, rounded once.
    bool isNarrow = BitWidth(to) < 32;
    if (isNarrow && from == DType::kF64) return castTo(b, roundToOdd(b, x), DType::kF32, to);
    if (isNarrow && !IsFloat(from)) return castTo(b, castTo(b, x, from, DType::kF64), DType::kF64, to);
    if (IsFloat8(to)) return from == to ? x : roundToFloat8(b, x, to);
    if (IsFloat(from)) {
      if (source == element) {
        if (to != DType::kF16 && to != DType::kBF16) return x;
        if (to == DType::kBF16) return fromBfloat16Bits(b, toBfloat16Bits(b, x));
        Type half = withElement(x.getType(), toElementType(b.getContext(), to));
        Value rounded = arith::TruncFOp::create(b, half, x);
        return arith::ExtFOp::create(b, type, rounded);
      }
      return source.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth()
                 ? Value(arith::ExtFOp::create(b, type, x))
                 : Value(arith::TruncFOp::create(b, type, x));
    }
    bool isUnsigned = IsUnsigned(from) || from == DType::kBool;
    return isUnsigned ? Value(arith::UIToFPOp::create(b, type, x)) : Value(arith::SIToFPOp::create(b, type, x));
  }
  if (IsFloat(from)) return floatToInt(b, x, to);
  unsigned bits = static_cast<unsigned>(BitWidth(to));
  Type type = withElement(x.getType(), IntegerType::get(b.getContext(), bits));
  if (source.getIntOrFloatBitWidth() == bits) return x;
  if (source.getIntOrFloatBitWidth() > bits) return arith::TruncIOp::create(b, type, x);
  return IsSigned(from) ? Value(arith::ExtSIOp::create(b, type, x)) : Value(arith::ExtUIOp::create(b, type, x));
}

Value emitScalarOp(ImplicitLocOpBuilder &b, OpKind kind, ScalarClass scalarClass, Value x, Value y, Value z, DType from,
                   DType to) {
  switch (kind) {
#include "graph/ops/scalar_bodies.inc"
    default:
      return {};
  }
}

void populateMathApproximations(RewritePatternSet &patterns) {
  auto wanted = [](StringRef name) {
    return name == math::TanhOp::getOperationName() || name == math::ErfOp::getOperationName() ||
           name == math::LogOp::getOperationName();
  };
  populateMathPolynomialApproximationPatterns(patterns, wanted);
}

}  // namespace ingot::compiler
