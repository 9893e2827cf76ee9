// sin, cos and tan for every finite argument: x = q pi / 2 + r with r a pair, |r| <= pi / 4, then a polynomial in r^2.
//
// Up to 2^20 (float: 2^16) pi / 2 stands as a sum of three numbers, after W. J. Cody and W. Waite ("Software Manual for
// the Elementary Functions", 1980, chapter 8) with fused multiply-adds. Larger arguments are multiplied by the bits of
// 2 / pi that matter, after M. Payne and R. Hanek ("Radian reduction for trigonometric functions", 1983).
#include "kernels/device/internal.h"

#define MEDIUM 0x1p20
#define MEDIUMF 0x1p16F

// 192 bits of 2 / pi from the one of weight 2^(1 - e) on: those of more weight make multiples of 4 with m 2^e.
INGOT_INLINE void Window(I32 e, U64 *high, U64 *middle, U64 *low) {
  U32 start = (U32)(e + 62), word = start / 64, shift = start % 64;  // 64 zeros stand in front
  U64 a = kTwoOverPiBits[word], b = kTwoOverPiBits[word + 1], c = kTwoOverPiBits[word + 2],
      d = kTwoOverPiBits[word + 3];
  *high = shift == 0 ? a : a << shift | b >> (64 - shift);
  *middle = shift == 0 ? b : b << shift | c >> (64 - shift);
  *low = shift == 0 ? c : c << shift | d >> (64 - shift);
}

// x = m 2^e > 2^10: the product has 2 bits before the point, the quadrant, and 126 after it.
INGOT_INLINE I32 ReduceLarge(double x, Pair *r) {
  U64 bits = Bits(x), m = (bits & 0xfffffffffffff) | 0x10000000000000, w0, w1, w2;
  Window((I32)(bits >> 52) - 1075, &w0, &w1, &w2);
  U128 sum = (U128)m * w1 + (U64)(((U128)m * w2) >> 64);
  U64 high = m * w0 + (U64)(sum >> 64), low = (U64)sum;
  I32 q = (I32)(high >> 62);
  high = high << 2 | low >> 62, low <<= 2;
  int negative = (I64)high < 0;  // at least one half: round the quadrant up
  if (negative) {
    ++q;
    high = ~high, low = ~low;  // less than one unit of 2^-128 from the negative
  }
  if (high == 0) high = low, low = 0;  // cannot happen for a double: none is so near to a multiple of pi / 2
  I32 zeros = high == 0 ? 0 : __builtin_clzll(high);
  if (zeros > 0) high = high << zeros | low >> (64 - zeros), low <<= zeros;
  Pair fraction = {(double)(high >> 11) * 0x1p-53, (double)(high << 53 | low >> 11) * 0x1p-117};
  Pair half_pi = {kHalfPi[0], kHalfPi[1]}, product = TwoProduct(fraction.hi, half_pi.hi);
  product.lo += __builtin_fma(fraction.hi, half_pi.lo, fraction.lo * half_pi.hi);
  double scale = negative ? -Pow2(-zeros) : Pow2(-zeros);
  *r = FastTwoSum(product.hi * scale, product.lo * scale);
  return q;
}

// x finite and not negative; the quadrant may be above 3.
INGOT_INLINE I32 Reduce(double x, Pair *r) {
  if (x < MEDIUM) {
    double n = __builtin_rint(x * kTwoOverPi[0]);
    double high = __builtin_fma(-n, kHalfPi[0], x);  // exact
    Pair second = TwoProduct(n, kHalfPi[1]), sum = TwoSum(high, -second.hi);
    *r = FastTwoSum(sum.hi, sum.lo - second.lo - n * kHalfPi[2]);
    return (I32)n;
  }
  return ReduceLarge(x, r);
}

INGOT_INLINE double SinCore(Pair r) {
  double z = r.hi * r.hi, cosine = __builtin_fma(-0.5 * z, r.lo, r.lo);  // r.lo cos(r.hi)
  return r.hi + __builtin_fma(r.hi * z, INGOT_POLY(kSin, z), cosine);
}

INGOT_INLINE double CosCore(Pair r) {
  double z = r.hi * r.hi, half = 0.5 * z;
  Pair sum = FastTwoSum(1, -half);
  double rest = __builtin_fma(r.hi, r.hi, -z);  // the rounding error of z
  rest = __builtin_fma(-0.5, rest, sum.lo - r.hi * r.lo);
  return sum.hi + __builtin_fma(z * z, INGOT_POLY(kCos, z), rest);
}

// sin(x + quadrants pi / 2) for x >= 0.
INGOT_INLINE double SinShifted(double x, I32 quadrants) {
  Pair r;
  I32 q = Reduce(x, &r) + quadrants;
  double value = (q & 1) != 0 ? CosCore(r) : SinCore(r);
  return (q & 2) != 0 ? -value : value;
}

double ingot_sin(double x) {
  double a = __builtin_fabs(x);
  if (!(a < Inf())) return x - x;
  if (a < 0x1p-27) return x;
  double r = SinShifted(a, 0);
  return x < 0 ? -r : r;
}

double ingot_cos(double x) {
  double a = __builtin_fabs(x);
  if (!(a < Inf())) return x - x;
  return SinShifted(a, 1);
}

double ingot_tan(double x) {
  double a = __builtin_fabs(x);
  if (!(a < Inf())) return x - x;
  if (a < 0x1p-27) return x;
  Pair r;
  I32 q = Reduce(a, &r);
  double sine = SinCore(r), cosine = CosCore(r);
  double value = (q & 1) != 0 ? -cosine / sine : sine / cosine;
  return x < 0 ? -value : value;
}

// As ReduceLarge, with 62 bits after the point.
INGOT_INLINE I32 ReduceLargeF(float x, PairF *r) {
  U32 bits = BitsF(x);
  U64 m = (bits & 0x7fffff) | 0x800000, w0, w1, w2;
  Window((I32)(bits >> 23) - 150, &w0, &w1, &w2);
  U64 product = m * w0 + (m * (w1 >> 32) >> 32);
  I64 fraction = (I64)(product << 2);  // read as signed, it is between -1/2 and 1/2
  double value = (double)fraction * (kHalfPi[0] * 0x1p-64);
  r->hi = (float)value;
  r->lo = (float)(value - r->hi);
  return (I32)(product >> 62) + (fraction < 0);
}

INGOT_INLINE I32 ReduceF(float x, PairF *r) {
  if (x < MEDIUMF) {
    float n = __builtin_rintf(x * kTwoOverPiF[0]);
    float high = __builtin_fmaf(-n, kHalfPiF[0], x);  // exact
    PairF second = TwoProductF(n, kHalfPiF[1]), sum = TwoSumF(high, -second.hi);
    *r = FastTwoSumF(sum.hi, sum.lo - second.lo - n * kHalfPiF[2]);
    return (I32)n;
  }
  return ReduceLargeF(x, r);
}

INGOT_INLINE float SinShiftedF(float x, I32 quadrants) {
  PairF r;
  I32 q = ReduceF(x, &r) + quadrants;
  float z = r.hi * r.hi, value;
  if ((q & 1) != 0) {
    PairF sum = FastTwoSumF(1, -0.5F * z);
    value = sum.hi + __builtin_fmaf(z * z, INGOT_POLYF(kCosF, z), sum.lo - r.hi * r.lo);
  } else {
    float cosine = __builtin_fmaf(-0.5F * z, r.lo, r.lo);
    value = r.hi + __builtin_fmaf(r.hi * z, INGOT_POLYF(kSinF, z), cosine);
  }
  return (q & 2) != 0 ? -value : value;
}

float ingot_sinf(float x) {
  float a = __builtin_fabsf(x);
  if (!(a < InfF())) return x - x;
  if (a < 0x1p-13F) return x;
  float r = SinShiftedF(a, 0);
  return x < 0 ? -r : r;
}

float ingot_cosf(float x) {
  float a = __builtin_fabsf(x);
  if (!(a < InfF())) return x - x;
  return SinShiftedF(a, 1);
}

float ingot_tanf(float x) { return (float)ingot_tan(x); }
