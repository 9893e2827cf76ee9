// log, log2, log1p and the inverse hyperbolic functions. log_core.h has the method. The inverse functions are
// logarithms (Abramowitz and Stegun, 4.6.20 to 4.6.22), written as log(1 + f) with f in a pair so that nothing cancels
// near 0.
#include "kernels/device/log_core.h"

// What log is of 0, of negative numbers, of infinity and of NaN.
INGOT_INLINE double LogSpecial(double x) { return x == 0 ? -Inf() : x < 0 ? Nan() : x; }
INGOT_INLINE float LogSpecialF(float x) { return x == 0 ? -InfF() : x < 0 ? NanF() : x; }

double ingot_log(double x) {
  if (!(x > 0 && x < Inf())) return LogSpecial(x);
  return LogPlus(x, 0);
}

double ingot_log2(double x) {
  if (!(x > 0 && x < Inf())) return LogSpecial(x);
  I32 k;
  double m = SplitLog(x, &k);
  Pair log = LogCore(m - 1, 0), r = TwoProduct(log.hi, kInvLn2[0]);
  r.lo += __builtin_fma(log.hi, kInvLn2[1], log.lo * kInvLn2[0]);
  Pair sum = FastTwoSum(k, r.hi);
  return sum.hi + (sum.lo + r.lo);
}

double ingot_log1p(double x) {
  if (!(x > -1 && x < Inf())) return x == -1 ? -Inf() : x < -1 ? Nan() : x;
  if (__builtin_fabs(x) < 0x1p-54) return x;
  return Log1pPair(x, 0);
}

// asinh(a) = log(1 + f), f = a + (sqrt(a^2 + 1) - 1).
double ingot_asinh(double x) {
  double a = __builtin_fabs(x), r;
  if (!(a < Inf()) || a < 0x1p-28) return x;
  if (a > 0x1p28) {
    r = LogPlus(a, 1);
  } else {
    Pair one = {1, 0}, minus_one = {-1, 0}, itself = {a, 0};
    Pair f = Add(itself, Add(SqrtPair(Add(one, TwoProduct(a, a))), minus_one));
    r = Log1pPair(f.hi, f.lo);
  }
  return __builtin_copysign(r, x);
}

// acosh(x) = log(1 + f), f = (x - 1) + sqrt(x^2 - 1).
double ingot_acosh(double x) {
  if (!(x >= 1 && x < Inf())) return x < 1 ? Nan() : x;
  if (x > 0x1p28) return LogPlus(x, 1);
  Pair minus_one = {-1, 0};
  Pair f = Add(TwoSum(x, -1), SqrtPair(Add(TwoProduct(x, x), minus_one)));
  return Log1pPair(f.hi, f.lo);
}

// atanh(a) = log(1 + f) / 2, f = 2 a / (1 - a).
double ingot_atanh(double x) {
  double a = __builtin_fabs(x);
  if (!(a < 1)) return a == 1 ? __builtin_copysign(Inf(), x) : a > 1 ? Nan() : x;
  if (a < 0x1p-28) return x;
  Pair below = TwoSum(1, -a), f;
  double inverse = 1 / below.hi;
  f.hi = 2 * a * inverse;
  f.lo = (__builtin_fma(-f.hi, below.hi, 2 * a) - f.hi * below.lo) * inverse;
  return __builtin_copysign(0.5 * Log1pPair(f.hi, f.lo), x);
}

float ingot_logf(float x) {
  if (!(x > 0 && x < InfF())) return LogSpecialF(x);
  I32 k;
  float m = SplitLogF(x, &k);
  return AddLn2F(LogCoreF(m - 1), k);
}

float ingot_log2f(float x) {
  if (!(x > 0 && x < InfF())) return LogSpecialF(x);
  I32 k;
  float m = SplitLogF(x, &k);
  PairF log = LogCoreF(m - 1), r = TwoProductF(log.hi, kInvLn2F[0]);
  r.lo += __builtin_fmaf(log.hi, kInvLn2F[1], log.lo * kInvLn2F[0]);
  PairF sum = FastTwoSumF((float)k, r.hi);
  return sum.hi + (sum.lo + r.lo);
}

float ingot_log1pf(float x) {
  if (!(x > -1 && x < InfF())) return x == -1 ? -InfF() : x < -1 ? NanF() : x;
  if (__builtin_fabsf(x) < 0x1p-25F) return x;
  PairF sum = TwoSumF(1, x);
  I32 k;
  float m = SplitLogF(sum.hi, &k);
  if (k == 0) {
    PairF log = LogCoreF(x);
    return log.hi + log.lo;
  }
  // log(m + d) = log(m) + d / m up to d^2, and d is a rounding error.
  PairF log = LogCoreF(m - 1);
  if (k < 32) log.lo += sum.lo * Pow2F(-k) / m;
  return AddLn2F(log, k);
}

float ingot_asinhf(float x) { return (float)ingot_asinh(x); }
float ingot_acoshf(float x) { return (float)ingot_acosh(x); }
float ingot_atanhf(float x) { return (float)ingot_atanh(x); }
