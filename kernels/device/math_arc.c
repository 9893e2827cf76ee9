// asin, acos and atan. All are polynomials near 0 and identities elsewhere (M. Abramowitz and I. Stegun, "Handbook of
// Mathematical Functions", 1964, 4.4.14 to 4.4.34):
//   acos(x) = 2 asin(sqrt((1 - x) / 2)), asin(x) = pi / 2 - acos(x),
//   atan(x) = pi / 4 + atan((x - 1) / (x + 1)) = pi / 2 + atan(-1 / x).
#include "kernels/device/internal.h"

INGOT_INLINE double AsinTail(double z) { return z * INGOT_POLY(kAsin, z); }

// acos(a) for 0.5 <= a <= 1, as a pair.
INGOT_INLINE Pair AcosUpper(double a) {
  Pair z = {0.5 * (1 - a), 0}, s = SqrtPair(z);  // z is exact
  return FastTwoSum(2 * s.hi, 2 * __builtin_fma(s.hi, AsinTail(z.hi), s.lo));
}

double ingot_asin(double x) {
  double a = __builtin_fabs(x), r;
  if (!(a <= 1)) return x != x ? x : Nan();
  if (a < 0.5) return __builtin_fma(x, AsinTail(x * x), x);
  Pair acos = AcosUpper(a), sum = FastTwoSum(kHalfPi[0], -acos.hi);
  r = sum.hi + (sum.lo + (kHalfPi[1] - acos.lo));
  return __builtin_copysign(r, x);
}

double ingot_acos(double x) {
  double a = __builtin_fabs(x);
  if (!(a <= 1)) return x != x ? x : Nan();
  if (a < 0.5) {
    Pair sum = FastTwoSum(kHalfPi[0], -x);
    return sum.hi + (sum.lo + __builtin_fma(-x, AsinTail(x * x), kHalfPi[1]));
  }
  Pair acos = AcosUpper(a);
  if (x > 0) return acos.hi + acos.lo;
  Pair sum = FastTwoSum(2 * kHalfPi[0], -acos.hi);
  return sum.hi + (sum.lo + (2 * kHalfPi[1] - acos.lo));
}

double ingot_atan(double x) {
  if (x != x) return x;
  double a = __builtin_fabs(x);
  if (a < 0.5) {
    double z = a * a;
    return __builtin_copysign(__builtin_fma(a * z, INGOT_POLY(kAtan, z), a), x);
  }
  Pair above = {-1, 0}, below = {a, 0}, base = {kHalfPi[0], kHalfPi[1]}, t;
  if (a < 2.414) {
    above = TwoSum(a, -1), below = TwoSum(a, 1);
    base.hi = kQuarterPi[0], base.lo = kQuarterPi[1];
  }
  double inverse = 1 / below.hi;
  t.hi = above.hi * inverse;
  t.lo = a < 0x1p60 ? (__builtin_fma(-t.hi, below.hi, above.hi) + (above.lo - t.hi * below.lo)) * inverse : 0;
  double z = t.hi * t.hi;
  Pair sum = FastTwoSum(base.hi, t.hi);
  double r = sum.hi + (sum.lo + (base.lo + __builtin_fma(t.hi * z, INGOT_POLY(kAtan, z), t.lo)));
  return __builtin_copysign(r, x);
}

float ingot_asinf(float x) { return (float)ingot_asin(x); }
float ingot_acosf(float x) { return (float)ingot_acos(x); }
float ingot_atanf(float x) { return (float)ingot_atan(x); }
