// pow: exp(y log|x|) with the logarithm good to some 2^-63, because y multiplies its error. The parts of log_core.h
// serve, but the first two terms of the series, 2 s + 2 s^3 / 3, are summed as pairs.
#include "kernels/device/exp_core.h"
#include "kernels/device/log_core.h"

INGOT_INLINE Pair PowLog(double x) {
  I32 k;
  double m = SplitLog(x, &k);
  Pair s = LogQuotient(m - 1, 0);
  s = FastTwoSum(s.hi, s.lo);
  Pair z = Multiply(s, s), thirds = {kTwoThirds[0], kTwoThirds[1]};
  Pair w = Multiply(z, thirds);
  w = FastTwoSum(w.hi, __builtin_fma(z.hi * z.hi, INGOT_POLY(kLog5, z.hi), w.lo));
  Pair cubic = Multiply(s, w), log = FastTwoSum(2 * s.hi, cubic.hi);
  log.lo += 2 * s.lo + cubic.lo;
  return AddLn2(FastTwoSum(log.hi, log.lo), k);
}

INGOT_INLINE PairF PowLogF(float x) {
  I32 k;
  float m = SplitLogF(x, &k), f = m - 1;
  PairF below = FastTwoSumF(2, f), s;
  float inverse = 1 / below.hi;
  s.hi = f * inverse;
  s.lo = __builtin_fmaf(-s.hi, below.lo, __builtin_fmaf(-s.hi, below.hi, f)) * inverse;
  s = FastTwoSumF(s.hi, s.lo);
  PairF z = MultiplyF(s, s), thirds = {kTwoThirdsF[0], kTwoThirdsF[1]};
  PairF w = MultiplyF(z, thirds);
  w = FastTwoSumF(w.hi, __builtin_fmaf(z.hi * z.hi, INGOT_POLYF(kLogPowF, z.hi), w.lo));
  PairF cubic = MultiplyF(s, w), log = FastTwoSumF(2 * s.hi, cubic.hi);
  log.lo += 2 * s.lo + cubic.lo;
  float n = (float)k;
  PairF sum = FastTwoSumF(n * kLn2ShortF[0], log.hi);
  return FastTwoSumF(sum.hi, sum.lo + __builtin_fmaf(n, kLn2ShortF[1], log.lo));
}

// 0: no integer, 1: odd, 2: even. All large numbers are even.
INGOT_INLINE int Parity(double y) {
  double a = __builtin_fabs(y);
  if (a >= 0x1p53) return 2;
  if (a != __builtin_trunc(a)) return 0;
  return ((I64)a & 1) != 0 ? 1 : 2;
}

INGOT_INLINE int ParityF(float y) {
  float a = __builtin_fabsf(y);
  if (a >= 0x1p24F) return 2;
  if (a != __builtin_truncf(a)) return 0;
  return ((I32)a & 1) != 0 ? 1 : 2;
}

double ingot_pow(double x, double y) {
  if (x == 1 || y == 0) return 1;
  if (x != x || y != y) return x + y;
  double a = __builtin_fabs(x), sign = 1;
  if (__builtin_fabs(y) == Inf()) return a == 1 ? 1 : (a > 1) == (y > 0) ? Inf() : 0;
  if (__builtin_copysign(1, x) < 0) {
    int parity = Parity(y);
    if (parity == 0 && a != 0 && a != Inf()) return Nan();
    if (parity == 1) sign = -1;
  }
  if (a == 0 || a == Inf()) return sign * ((a == 0) == (y > 0) ? 0 : Inf());
  if (a == 1) return sign;
  Pair log = PowLog(a);
  double product = y * log.hi;
  if (__builtin_fabs(product) > 780) return sign * (product > 0 ? Inf() : 0);
  double lo = __builtin_fma(y, log.lo, __builtin_fma(y, log.hi, -product));
  return sign * ExpScaled(product, lo, 0);
}

float ingot_powf(float x, float y) {
  if (x == 1 || y == 0) return 1;
  if (x != x || y != y) return x + y;
  float a = __builtin_fabsf(x), sign = 1;
  if (__builtin_fabsf(y) == InfF()) return a == 1 ? 1 : (a > 1) == (y > 0) ? InfF() : 0;
  if (__builtin_copysignf(1, x) < 0) {
    int parity = ParityF(y);
    if (parity == 0 && a != 0 && a != InfF()) return NanF();
    if (parity == 1) sign = -1;
  }
  if (a == 0 || a == InfF()) return sign * ((a == 0) == (y > 0) ? 0 : InfF());
  if (a == 1) return sign;
  PairF log = PowLogF(a);
  float product = y * log.hi;
  if (__builtin_fabsf(product) > 120) return sign * (product > 0 ? InfF() : 0);
  float lo = __builtin_fmaf(y, log.lo, __builtin_fmaf(y, log.hi, -product));
  return sign * ExpScaledF(product, lo, 0);
}
