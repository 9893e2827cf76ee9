// erf and fmod.
//
// erf: polynomials up to 2.25, then 1 - erfc(x), where exp(x^2) erfc(x) is smooth (M. Abramowitz and I. Stegun,
// "Handbook of Mathematical Functions", 1964, 7.1.23). In float erfc(x) = 2^-p(x) with a polynomial p.
//
// fmod: the remainder of x by y is that of x by y 2^k first and by y then. Each step is one quotient, cut to an integer
// q, and one exact fused multiply-add. Division rounds monotonically, so q is the true integer or one more; it is exact
// itself as long as it fits the mantissa, which k sees to.
#include "kernels/device/exp_core.h"

double ingot_erf(double x) {
  if (x != x) return x;
  double a = __builtin_fabs(x), r;
  if (a < 1) return __builtin_fma(x, INGOT_POLY(kErf, x * x), x);
  if (a < 2.25) {
    r = INGOT_POLY(kErfMiddle, a - 1.625);
  } else if (a < 6) {
    r = 1 - ExpScaled(-a * a, 0, 0) * INGOT_POLY(kErfTail, a - 4);
  } else {
    r = 1;
  }
  return __builtin_copysign(r, x);
}

float ingot_erff(float x) {
  if (x != x) return x;
  float a = __builtin_fabsf(x), r = 1;
  if (a < 0.9F) return __builtin_fmaf(x, INGOT_POLYF(kErfF, x * x), x);
  if (a < 4) {
    // ExpScaledF multiplies by log2(e) again: the rounding errors of both products are far below 1 - r.
    float p = -INGOT_POLYF(kErfTailF, a - 1);
    r = 1 - ExpScaledF(p * kLn2F[0], 0, 0);
  }
  return __builtin_copysignf(r, x);
}

// The exponent of a positive finite number, with an offset.
INGOT_INLINE I32 Exponent(double x) {
  I32 biased = (I32)(Bits(x) >> 52);
  return biased > 0 ? biased : (I32)(Bits(x * 0x1p54) >> 52) - 54;
}

INGOT_INLINE I32 ExponentF(float x) {
  I32 biased = (I32)(BitsF(x) >> 23);
  return biased > 0 ? biased : (I32)(BitsF(x * 0x1p25F) >> 23) - 25;
}

double ingot_fmod(double x, double y) {
  double r = __builtin_fabs(x), b = __builtin_fabs(y);
  if (!(r < Inf()) || b == 0 || y != y) return x != x || y != y ? x + y : Nan();
  while (r >= b) {
    I32 steps = Exponent(r) - Exponent(b);
    double divisor = b;
    if (steps > 52) {  // b 2^k, so that the quotient is below 2^53
      I32 k = steps - 52;
      divisor = b * Pow2(k >> 1) * Pow2(k - (k >> 1));
    }
    double q = __builtin_trunc(r / divisor);
    r = __builtin_fma(-q, divisor, r);
    if (r < 0) r += divisor;
  }
  return __builtin_copysign(r, x);
}

float ingot_fmodf(float x, float y) {
  float r = __builtin_fabsf(x), b = __builtin_fabsf(y);
  if (!(r < InfF()) || b == 0 || y != y) return x != x || y != y ? x + y : NanF();
  while (r >= b) {
    I32 steps = ExponentF(r) - ExponentF(b);
    float divisor = b;
    if (steps > 23) {
      I32 k = steps - 23;
      divisor = b * Pow2F(k >> 1) * Pow2F(k - (k >> 1));
    }
    float q = __builtin_truncf(r / divisor);
    r = __builtin_fmaf(-q, divisor, r);
    if (r < 0) r += divisor;
  }
  return __builtin_copysignf(r, x);
}
