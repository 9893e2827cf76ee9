// What all of the device math shares: bits of numbers, sums and products with their rounding error, polynomials.
//
// A Pair is an unevaluated sum hi + lo with |lo| at most half a unit in the last place of hi. TwoSum is by D. Knuth
// (The Art of Computer Programming, volume 2, 4.2.2), FastTwoSum and the arithmetic of pairs by T. J. Dekker ("A
// floating-point technique for extending the available precision", 1971). All of them need a compiler that does not
// reorder or contract.
#ifndef INGOT_KERNELS_DEVICE_INTERNAL_H_
#define INGOT_KERNELS_DEVICE_INTERNAL_H_

#include "kernels/device/math.h"

#define INGOT_INLINE static inline __attribute__((always_inline, unused))
#define INGOT_TABLE static const __attribute__((unused))

typedef __INT32_TYPE__ I32;
typedef __UINT32_TYPE__ U32;
typedef __INT64_TYPE__ I64;
typedef __UINT64_TYPE__ U64;
__extension__ typedef unsigned __int128 U128;

#include "kernels/device/coefficients.inc"

typedef struct {
  double hi, lo;
} Pair;

typedef struct {
  float hi, lo;
} PairF;

INGOT_INLINE U64 Bits(double x) {
  union {
    double real;
    U64 bits;
  } u;
  u.real = x;
  return u.bits;
}

INGOT_INLINE double FromBits(U64 x) {
  union {
    double real;
    U64 bits;
  } u;
  u.bits = x;
  return u.real;
}

INGOT_INLINE U32 BitsF(float x) {
  union {
    float real;
    U32 bits;
  } u;
  u.real = x;
  return u.bits;
}

INGOT_INLINE float FromBitsF(U32 x) {
  union {
    float real;
    U32 bits;
  } u;
  u.bits = x;
  return u.real;
}

// With errno to care for, compilers turn __builtin_sqrt into a call; on the GPU there is nothing to call.
#ifdef __NVPTX__
INGOT_INLINE double Sqrt(double x) { return __nvvm_sqrt_rn_d(x); }
#else
INGOT_INLINE double Sqrt(double x) { return __builtin_sqrt(x); }
#endif

INGOT_INLINE double Inf(void) { return __builtin_inf(); }
INGOT_INLINE double Nan(void) { return __builtin_nan(""); }
INGOT_INLINE float InfF(void) { return __builtin_inff(); }
INGOT_INLINE float NanF(void) { return __builtin_nanf(""); }

// 2^n for -1022 <= n <= 1023; 0 for n = -1023. In float -126, 127 and -127.
INGOT_INLINE double Pow2(I32 n) { return FromBits((U64)(n + 1023) << 52); }
INGOT_INLINE float Pow2F(I32 n) { return FromBitsF((U32)(n + 127) << 23); }

// x * 2^n for x near 1 and any n that keeps both factors normal (|n| < 2044, in float 252); denormal results are
// rounded once, by the last product.
INGOT_INLINE double Scale(double x, I32 n) { return x * Pow2(n >> 1) * Pow2(n - (n >> 1)); }
INGOT_INLINE float ScaleF(float x, I32 n) { return x * Pow2F(n >> 1) * Pow2F(n - (n >> 1)); }

INGOT_INLINE Pair FastTwoSum(double a, double b) {  // |a| >= |b| or a = 0
  Pair r;
  r.hi = a + b;
  r.lo = b - (r.hi - a);
  return r;
}

INGOT_INLINE Pair TwoSum(double a, double b) {
  Pair r;
  r.hi = a + b;
  double rest = r.hi - a;
  r.lo = (a - (r.hi - rest)) + (b - rest);
  return r;
}

INGOT_INLINE Pair TwoProduct(double a, double b) {
  Pair r;
  r.hi = a * b;
  r.lo = __builtin_fma(a, b, -r.hi);
  return r;
}

INGOT_INLINE Pair Multiply(Pair a, Pair b) {
  Pair r = TwoProduct(a.hi, b.hi);
  return FastTwoSum(r.hi, r.lo + __builtin_fma(a.hi, b.lo, a.lo * b.hi));
}

INGOT_INLINE Pair Add(Pair a, Pair b) {
  Pair r = TwoSum(a.hi, b.hi);
  return FastTwoSum(r.hi, r.lo + (a.lo + b.lo));
}

INGOT_INLINE Pair SqrtPair(Pair a) {
  Pair r;
  r.hi = Sqrt(a.hi);
  r.lo = r.hi > 0 ? (__builtin_fma(-r.hi, r.hi, a.hi) + a.lo) / (2 * r.hi) : 0;
  return r;
}

INGOT_INLINE PairF FastTwoSumF(float a, float b) {  // |a| >= |b| or a = 0
  PairF r;
  r.hi = a + b;
  r.lo = b - (r.hi - a);
  return r;
}

INGOT_INLINE PairF TwoSumF(float a, float b) {
  PairF r;
  r.hi = a + b;
  float rest = r.hi - a;
  r.lo = (a - (r.hi - rest)) + (b - rest);
  return r;
}

INGOT_INLINE PairF TwoProductF(float a, float b) {
  PairF r;
  r.hi = a * b;
  r.lo = __builtin_fmaf(a, b, -r.hi);
  return r;
}

INGOT_INLINE PairF MultiplyF(PairF a, PairF b) {
  PairF r = TwoProductF(a.hi, b.hi);
  return FastTwoSumF(r.hi, r.lo + __builtin_fmaf(a.hi, b.lo, a.lo * b.hi));
}

// Both unroll: `count` is a constant where they are called.
#ifdef __clang__
#define INGOT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define INGOT_UNROLL _Pragma("GCC unroll 32")
#endif

// c[0] + c[1] x + c[2] x^2 ..., by Horner's rule.
INGOT_INLINE double Horner(const double *c, int count, double x) {
  double r = c[count - 1];
  INGOT_UNROLL
  for (int i = count - 2; i >= 0; --i) r = __builtin_fma(r, x, c[i]);
  return r;
}

INGOT_INLINE float HornerF(const float *c, int count, float x) {
  float r = c[count - 1];
  INGOT_UNROLL
  for (int i = count - 2; i >= 0; --i) r = __builtin_fmaf(r, x, c[i]);
  return r;
}

#define INGOT_POLY(table, x) Horner(table, (int)(sizeof(table) / sizeof(table[0])), x)
#define INGOT_POLYF(table, x) HornerF(table, (int)(sizeof(table) / sizeof(table[0])), x)

#endif  // INGOT_KERNELS_DEVICE_INTERNAL_H_
