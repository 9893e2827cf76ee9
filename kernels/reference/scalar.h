// What every element-wise op does to one element: one row per op, in double precision for floats, in 64-bit two's
// complement for integers. The caller wraps integer results to the width of their dtype. `i` sees signed integers, `u`
// unsigned ones and bools (0 and 1); a null `u` means that the bits do not depend on the sign. Null elsewhere: the op
// is not defined there. `c` sees complex numbers.
//
// Tests: tests/graph/interp/interp_math_test.cc.
#ifndef INGOT_KERNELS_REFERENCE_SCALAR_H_
#define INGOT_KERNELS_REFERENCE_SCALAR_H_

#include <cmath>
#include <cstdint>

#include "kernels/reference/complex.h"

namespace ingot::reference {

struct UnaryScalar {
  double (*f)(double) = nullptr;
  int64_t (*i)(int64_t) = nullptr;
  uint64_t (*u)(uint64_t) = nullptr;
  Complex (*c)(const Complex &) = nullptr;
};
struct BinaryScalar {
  double (*f)(double, double) = nullptr;
  int64_t (*i)(int64_t, int64_t) = nullptr;
  uint64_t (*u)(uint64_t, uint64_t) = nullptr;
  Complex (*c)(const Complex &, const Complex &) = nullptr;
};
struct CompareScalar {
  bool (*f)(double, double) = nullptr;
  bool (*i)(int64_t, int64_t) = nullptr;
  bool (*u)(uint64_t, uint64_t) = nullptr;
  bool (*c)(const Complex &, const Complex &) = nullptr;
};

// Signed arithmetic that wraps.
inline int64_t WrapAdd(int64_t x, int64_t y) {
  return static_cast<int64_t>(static_cast<uint64_t>(x) + static_cast<uint64_t>(y));
}
inline int64_t WrapSub(int64_t x, int64_t y) {
  return static_cast<int64_t>(static_cast<uint64_t>(x) - static_cast<uint64_t>(y));
}
inline int64_t WrapMul(int64_t x, int64_t y) {
  return static_cast<int64_t>(static_cast<uint64_t>(x) * static_cast<uint64_t>(y));
}

// NaN wins, and zeros are ordered: -0 < 0.
inline double Maximum(double x, double y) {
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) ? x : y;
  if (x == y) return std::signbit(x) ? y : x;
  return x > y ? x : y;
}
inline double Minimum(double x, double y) {
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) ? x : y;
  if (x == y) return std::signbit(x) ? x : y;
  return x < y ? x : y;
}

inline int64_t Divide(int64_t x, int64_t y) {
  if (y == 0) return 0;
  return y == -1 ? WrapSub(0, x) : x / y;
}
inline int64_t Remainder(int64_t x, int64_t y) { return y == 0 || y == -1 ? 0 : x % y; }

inline constexpr UnaryScalar kNeg = {[](double x) { return -x; }, [](int64_t x) { return WrapSub(0, x); }, nullptr,
                                     [](const Complex &x) { return -x; }};
inline constexpr UnaryScalar kAbs = {[](double x) { return std::fabs(x); },
                                     [](int64_t x) { return x < 0 ? WrapSub(0, x) : x; }, [](uint64_t x) { return x; }};
inline constexpr UnaryScalar kSign = {
    [](double x) { return std::isnan(x) ? x : static_cast<double>((x > 0) - (x < 0)); },
    [](int64_t x) { return static_cast<int64_t>((x > 0) - (x < 0)); },
    [](uint64_t x) { return static_cast<uint64_t>(x != 0); }};
inline constexpr UnaryScalar kExp = {[](double x) { return std::exp(x); }};
inline constexpr UnaryScalar kLog = {[](double x) { return std::log(x); }};
inline constexpr UnaryScalar kLog1p = {[](double x) { return std::log1p(x); }};
inline constexpr UnaryScalar kSqrt = {[](double x) { return std::sqrt(x); }};
inline constexpr UnaryScalar kRsqrt = {[](double x) { return 1 / std::sqrt(x); }};
inline constexpr UnaryScalar kReciprocal = {[](double x) { return 1 / x; }};
inline constexpr UnaryScalar kTanh = {[](double x) { return std::tanh(x); }};
inline constexpr UnaryScalar kErf = {[](double x) { return std::erf(x); }};
inline constexpr UnaryScalar kSin = {[](double x) { return std::sin(x); }};
inline constexpr UnaryScalar kCos = {[](double x) { return std::cos(x); }};
inline constexpr UnaryScalar kTan = {[](double x) { return std::tan(x); }};
inline constexpr UnaryScalar kAsin = {[](double x) { return std::asin(x); }};
inline constexpr UnaryScalar kAcos = {[](double x) { return std::acos(x); }};
inline constexpr UnaryScalar kAtan = {[](double x) { return std::atan(x); }};
inline constexpr UnaryScalar kSinh = {[](double x) { return std::sinh(x); }};
inline constexpr UnaryScalar kCosh = {[](double x) { return std::cosh(x); }};
inline constexpr UnaryScalar kAsinh = {[](double x) { return std::asinh(x); }};
inline constexpr UnaryScalar kAcosh = {[](double x) { return std::acosh(x); }};
inline constexpr UnaryScalar kAtanh = {[](double x) { return std::atanh(x); }};
inline constexpr UnaryScalar kFloor = {[](double x) { return std::floor(x); }};
inline constexpr UnaryScalar kCeil = {[](double x) { return std::ceil(x); }};
inline constexpr UnaryScalar kRound = {[](double x) { return std::nearbyint(x); }};  // default mode: halves to even
inline constexpr UnaryScalar kRelu = {[](double x) { return Maximum(x, 0.0); }, [](int64_t x) { return x > 0 ? x : 0; },
                                      [](uint64_t x) { return x; }};
inline constexpr UnaryScalar kSigmoid = {[](double x) { return 1 / (1 + std::exp(-x)); }};
inline constexpr UnaryScalar kLogicalNot = {nullptr, nullptr, [](uint64_t x) { return static_cast<uint64_t>(x == 0); }};
// erfc instead of 1 + erf: the same value without cancellation for negative x.
inline constexpr UnaryScalar kGelu = {[](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }};
inline constexpr UnaryScalar kGeluTanh = {[](double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}};

inline constexpr BinaryScalar kAdd = {[](double x, double y) { return x + y; }, WrapAdd, nullptr,
                                      [](const Complex &x, const Complex &y) { return x + y; }};
inline constexpr BinaryScalar kSub = {[](double x, double y) { return x - y; }, WrapSub, nullptr,
                                      [](const Complex &x, const Complex &y) { return x - y; }};
inline constexpr BinaryScalar kMul = {[](double x, double y) { return x * y; }, WrapMul, nullptr, Multiply};
inline constexpr BinaryScalar kDiv = {[](double x, double y) { return x / y; }, Divide,
                                      [](uint64_t x, uint64_t y) { return y == 0 ? 0 : x / y; }, Divide};
inline constexpr BinaryScalar kRem = {[](double x, double y) { return std::fmod(x, y); }, Remainder,
                                      [](uint64_t x, uint64_t y) { return y == 0 ? 0 : x % y; }};
inline constexpr BinaryScalar kPow = {[](double x, double y) { return std::pow(x, y); }};
inline constexpr BinaryScalar kMax = {Maximum, [](int64_t x, int64_t y) { return x > y ? x : y; },
                                      [](uint64_t x, uint64_t y) { return x > y ? x : y; }};
inline constexpr BinaryScalar kMin = {Minimum, [](int64_t x, int64_t y) { return x < y ? x : y; },
                                      [](uint64_t x, uint64_t y) { return x < y ? x : y; }};
inline constexpr BinaryScalar kLogicalAnd = {nullptr, [](int64_t x, int64_t y) { return x & y; }};
inline constexpr BinaryScalar kLogicalOr = {nullptr, [](int64_t x, int64_t y) { return x | y; }};
inline constexpr BinaryScalar kLogicalXor = {nullptr, [](int64_t x, int64_t y) { return x ^ y; }};

inline constexpr BinaryScalar kShiftLeft = {nullptr, [](int64_t x, int64_t y) {
                                              bool fits = y >= 0 && y < 64;
                                              return fits ? static_cast<int64_t>(static_cast<uint64_t>(x) << y) : 0;
                                            }};
inline constexpr BinaryScalar kShiftRight = {nullptr,
                                             [](int64_t x, int64_t y) { return x >> (y >= 0 && y < 64 ? y : 63); },
                                             [](uint64_t x, uint64_t y) { return y < 64 ? x >> y : 0; }};

inline constexpr CompareScalar kEqual = {[](double x, double y) { return x == y; },
                                         [](int64_t x, int64_t y) { return x == y; }, nullptr,
                                         [](const Complex &x, const Complex &y) { return x == y; }};
inline constexpr CompareScalar kNotEqual = {[](double x, double y) { return x != y; },
                                            [](int64_t x, int64_t y) { return x != y; }, nullptr,
                                            [](const Complex &x, const Complex &y) { return x != y; }};
inline constexpr CompareScalar kLess = {[](double x, double y) { return x < y; },
                                        [](int64_t x, int64_t y) { return x < y; },
                                        [](uint64_t x, uint64_t y) { return x < y; }};
inline constexpr CompareScalar kLessEqual = {[](double x, double y) { return x <= y; },
                                             [](int64_t x, int64_t y) { return x <= y; },
                                             [](uint64_t x, uint64_t y) { return x <= y; }};
inline constexpr CompareScalar kGreater = {[](double x, double y) { return x > y; },
                                           [](int64_t x, int64_t y) { return x > y; },
                                           [](uint64_t x, uint64_t y) { return x > y; }};
inline constexpr CompareScalar kGreaterEqual = {[](double x, double y) { return x >= y; },
                                                [](int64_t x, int64_t y) { return x >= y; },
                                                [](uint64_t x, uint64_t y) { return x >= y; }};

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_SCALAR_H_
