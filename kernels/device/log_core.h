// The logarithm of a number near 1, and the reduction to it: x = 2^k m, sqrt(1/2) <= m < sqrt(2), log(x) = k ln 2 +
// log(m).
//
// log(1 + f) = 2 atanh(s), s = f / (2 + f): the series is in M. Abramowitz and I. Stegun, "Handbook of Mathematical
// Functions" (1964), 4.1.27. The quotient is corrected by its remainder, so results are pairs good to some 2^-58.
#ifndef INGOT_KERNELS_DEVICE_LOG_CORE_H_
#define INGOT_KERNELS_DEVICE_LOG_CORE_H_

#include "kernels/device/internal.h"

// m and k of a positive finite number.
INGOT_INLINE double SplitLog(double x, I32 *k) {
  I32 bias = 0;
  if (x < 0x1p-1022) x *= 0x1p54, bias = 54;
  U64 bits = Bits(x), above = bits - Bits(0x1.6a09e667f3bcdp-1);
  *k = (I32)((I64)above >> 52) - bias;
  return FromBits(bits - (above & 0xfff0000000000000));
}

INGOT_INLINE float SplitLogF(float x, I32 *k) {
  I32 bias = 0;
  if (x < 0x1p-126F) x *= 0x1p25F, bias = 25;
  U32 bits = BitsF(x), above = bits - BitsF(0x1.6a09e6p-1F);
  *k = ((I32)above >> 23) - bias;
  return FromBitsF(bits - (above & 0xff800000));
}

// s = (f + lo) / (2 + f + lo).
INGOT_INLINE Pair LogQuotient(double f, double lo) {
  Pair below = FastTwoSum(2, f), s;
  double inverse = 1 / below.hi;
  below.lo += lo;
  s.hi = f * inverse;
  s.lo = (__builtin_fma(-s.hi, below.hi, f) + (lo - s.hi * below.lo)) * inverse;
  return s;
}

// log(1 + f + lo) for 1 + f between the roots of 1/2 and 2.
INGOT_INLINE Pair LogCore(double f, double lo) {
  Pair s = LogQuotient(f, lo);
  double z = s.hi * s.hi;
  return FastTwoSum(2 * s.hi, __builtin_fma(s.hi * z, INGOT_POLY(kLog, z), 2 * s.lo));
}

// k ln 2 + log(m) from the pair for log(m).
INGOT_INLINE Pair AddLn2(Pair log, I32 k) {
  double n = k;
  Pair sum = FastTwoSum(n * kLn2Short[0], log.hi);  // the product is exact
  return FastTwoSum(sum.hi, sum.lo + __builtin_fma(n, kLn2Short[1], log.lo));
}

// log(x) + extra ln 2 for a positive finite number.
INGOT_INLINE double LogPlus(double x, I32 extra) {
  I32 k;
  double m = SplitLog(x, &k);
  Pair r = AddLn2(LogCore(m - 1, 0), k + extra);
  return r.hi;
}

// log(1 + f + lo) for any 1 + f > 0.
INGOT_INLINE double Log1pPair(double f, double lo) {
  Pair sum = TwoSum(1, f);
  I32 k;
  double m = SplitLog(sum.hi, &k);
  if (k != 0) {
    f = m - 1;
    lo = k < 64 ? (sum.lo + lo) * Pow2(-k) : 0;
  }
  Pair r = AddLn2(LogCore(f, lo), k);
  return r.hi;
}

// log(1 + f) = hi + lo by the series itself, -0.293 < f < 0.415.
INGOT_INLINE PairF LogCoreF(float f) { return FastTwoSumF(f, f * f * __builtin_fmaf(f, INGOT_POLYF(kLogF, f), -0.5F)); }

INGOT_INLINE float AddLn2F(PairF log, I32 k) {
  float n = (float)k;
  PairF sum = FastTwoSumF(n * kLn2ShortF[0], log.hi);
  return sum.hi + (sum.lo + __builtin_fmaf(n, kLn2ShortF[1], log.lo));
}

#endif  // INGOT_KERNELS_DEVICE_LOG_CORE_H_
