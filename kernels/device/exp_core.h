// The exponential of a number near 0, and the reduction to it: exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln 2
// / 2.
//
// The method is that of W. J. Cody and W. Waite ("Software Manual for the Elementary Functions", 1980, chapter 6), with
// fused multiply-adds and the rounding error of r carried along.
#ifndef INGOT_KERNELS_DEVICE_EXP_CORE_H_
#define INGOT_KERNELS_DEVICE_EXP_CORE_H_

#include "kernels/device/internal.h"

// exp(r + lo) - 1 for |r| < 0.347 and |lo| far below r.
INGOT_INLINE Pair Expm1Core(double r, double lo) {
  return FastTwoSum(r, __builtin_fma(r * r, INGOT_POLY(kExp, r), __builtin_fma(r, lo, lo)));
}

INGOT_INLINE PairF Expm1CoreF(float r, float lo) {
  return FastTwoSumF(r, __builtin_fmaf(r * r, INGOT_POLYF(kExpF, r), __builtin_fmaf(r, lo, lo)));
}

// exp(x + lo) = 2^n (1 + result). |x| < 800.
INGOT_INLINE Pair ReducedExpm1(double x, double lo, I32 *n) {
  double k = __builtin_rint(x * kInvLn2[0]);
  double high = __builtin_fma(-k, kLn2Short[0], x);  // exact
  double r = __builtin_fma(-k, kLn2Short[1], high);
  double rest = __builtin_fma(-k, kLn2Short[1], high - r);
  *n = (I32)k;
  if (lo == 0) return Expm1Core(r, rest);
  Pair sum = FastTwoSum(r, rest + lo);
  return Expm1Core(sum.hi, sum.lo);
}

INGOT_INLINE PairF ReducedExpm1F(float x, float lo, I32 *n) {
  float k = __builtin_rintf(x * kInvLn2F[0]);
  float high = __builtin_fmaf(-k, kLn2ShortF[0], x);  // exact
  float r = __builtin_fmaf(-k, kLn2ShortF[1], high);
  float rest = __builtin_fmaf(-k, kLn2ShortF[1], high - r);
  *n = (I32)k;
  if (lo == 0) return Expm1CoreF(r, rest);
  PairF sum = FastTwoSumF(r, rest + lo);
  return Expm1CoreF(sum.hi, sum.lo);
}

// 2^n (1 + p), rounded once more than p.
INGOT_INLINE double OnePlusScaled(Pair p, I32 n) {
  Pair sum = FastTwoSum(1, p.hi);
  return Scale(sum.hi + (sum.lo + p.lo), n);
}

INGOT_INLINE float OnePlusScaledF(PairF p, I32 n) {
  PairF sum = FastTwoSumF(1, p.hi);
  return ScaleF(sum.hi + (sum.lo + p.lo), n);
}

// 2^extra exp(x + lo) for any x that is not NaN; what is out of range becomes infinity or 0. |extra| is small.
INGOT_INLINE double ExpScaled(double x, double lo, I32 extra) {
  if (x > 780) return Inf();
  if (x < -780) return 0;
  I32 n;
  Pair p = ReducedExpm1(x, lo, &n);
  return OnePlusScaled(p, n + extra);
}

INGOT_INLINE float ExpScaledF(float x, float lo, I32 extra) {
  if (x > 120) return InfF();
  if (x < -120) return 0;
  I32 n;
  PairF p = ReducedExpm1F(x, lo, &n);
  return OnePlusScaledF(p, n + extra);
}

#endif  // INGOT_KERNELS_DEVICE_EXP_CORE_H_
