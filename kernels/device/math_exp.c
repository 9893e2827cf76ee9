// exp, exp2, expm1 and the hyperbolic functions. exp_core.h has the method; the rest are identities:
// sinh(x) = (e - 1 / e) / 2, cosh(x) = (e + 1 / e) / 2 and tanh(x) = 1 - 2 / (exp(2 x) + 1), with polynomials near 0.
#include "kernels/device/exp_core.h"

double ingot_exp(double x) {
  if (x != x) return x;
  return ExpScaled(x, 0, 0);
}

double ingot_exp2(double x) {
  if (x != x) return x;
  if (x > 1100) return Inf();
  if (x < -1100) return 0;
  double n = __builtin_rint(x), f = x - n;
  Pair r = TwoProduct(f, kLn2[0]);
  return OnePlusScaled(Expm1Core(r.hi, r.lo), (I32)n);
}

double ingot_expm1(double x) {
  if (x != x || __builtin_fabs(x) < 0x1p-54) return x;
  if (x > 780) return Inf();
  if (x < -40) return -1;
  I32 n;
  Pair p = ReducedExpm1(x, 0, &n);
  if (n > 60) return OnePlusScaled(p, n);
  double scale = Pow2(n), one = n < 54 ? 1 : 0;  // scale - 1 is exact below 2^54
  Pair sum = TwoSum(scale - one, scale * p.hi);
  return sum.hi + (sum.lo + __builtin_fma(scale, p.lo, one - 1));
}

double ingot_sinh(double x) {
  if (x != x) return x;
  double a = __builtin_fabs(x), r;
  if (a < 1) {
    double z = a * a;
    r = __builtin_fma(a * z, INGOT_POLY(kSinh, z), a);
  } else if (a < 22) {
    double e = ExpScaled(a, 0, -1);
    r = e - 0.25 / e;
  } else {
    r = ExpScaled(a, 0, -1);
  }
  return __builtin_copysign(r, x);
}

double ingot_cosh(double x) {
  if (x != x) return x;
  double a = __builtin_fabs(x), e = ExpScaled(a, 0, -1);
  return a < 22 ? e + 0.25 / e : e;
}

double ingot_tanh(double x) {
  if (x != x) return x;
  double a = __builtin_fabs(x), r;
  if (a < 0.75) {
    double z = a * a;
    r = __builtin_fma(a * z, INGOT_POLY(kTanh, z), a);
  } else if (a < 20) {
    r = 1 - 2 / (ExpScaled(2 * a, 0, 0) + 1);
  } else {
    r = 1;
  }
  return __builtin_copysign(r, x);
}

float ingot_expf(float x) {
  if (x != x) return x;
  return ExpScaledF(x, 0, 0);
}

float ingot_exp2f(float x) {
  if (x != x) return x;
  if (x > 140) return InfF();
  if (x < -160) return 0;
  float n = __builtin_rintf(x), f = x - n;
  PairF r = TwoProductF(f, kLn2F[0]);
  return OnePlusScaledF(Expm1CoreF(r.hi, r.lo), (I32)n);
}

float ingot_expm1f(float x) {
  if (x != x || __builtin_fabsf(x) < 0x1p-25F) return x;
  if (x > 120) return InfF();
  if (x < -18) return -1;
  I32 n;
  PairF p = ReducedExpm1F(x, 0, &n);
  if (n > 30) return OnePlusScaledF(p, n);
  float scale = Pow2F(n), one = n < 25 ? 1 : 0;
  PairF sum = TwoSumF(scale - one, scale * p.hi);
  return sum.hi + (sum.lo + __builtin_fmaf(scale, p.lo, one - 1));
}

float ingot_sinhf(float x) { return (float)ingot_sinh(x); }

float ingot_coshf(float x) {
  if (x != x) return x;
  float a = __builtin_fabsf(x), e = ExpScaledF(a, 0, -1);
  return a < 10 ? e + 0.25F / e : e;
}

float ingot_tanhf(float x) {
  if (x != x) return x;
  float a = __builtin_fabsf(x), r;
  if (a < 0.75F) {
    float z = a * a;
    r = __builtin_fmaf(a * z, INGOT_POLYF(kTanhF, z), a);
  } else if (a < 10) {
    r = 1 - 2 / (ExpScaledF(2 * a, 0, 0) + 1);
  } else {
    r = 1;
  }
  return __builtin_copysignf(r, x);
}
