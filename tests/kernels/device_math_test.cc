// The device math, compiled for the host, against the 80-bit functions of the C library: errors in units in the last
// place (ulp) over random bit patterns, the ranges that programs use, special values and the neighbours of hard
// arguments.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/device/math.h"

namespace ingot::kernels {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

template <typename T>
using BitsOf = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <typename T>
T FromBits(uint64_t bits) {
  auto narrow = static_cast<BitsOf<T>>(bits);
  T value;
  std::memcpy(&value, &narrow, sizeof(value));
  return value;
}

template <typename T>
BitsOf<T> ToBits(T value) {
  BitsOf<T> bits;
  std::memcpy(&bits, &value, sizeof(value));
  return bits;
}

// Distance in ulps of T at the truth; infinity if one is NaN and the other not, or the signs (of zeros too) differ.
// What is above the largest number counts as the next power of two, so that a result may overflow half an ulp late.
template <typename T>
double Ulps(T actual, long double truth) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(truth) || std::isnan(actual)) return std::isnan(truth) == std::isnan(actual) ? 0 : kInf;
  if (std::signbit(actual) != std::signbit(truth)) return kInf;
  const long double limit = std::ldexp(1.0L, Limits::max_exponent);
  long double a = std::fmin(std::fabs(static_cast<long double>(actual)), limit), b = std::fmin(std::fabs(truth), limit);
  int exponent = b == 0 ? Limits::min_exponent : std::ilogb(b) + 1;
  exponent = std::min(std::max(exponent, Limits::min_exponent), Limits::max_exponent);
  return static_cast<double>(std::ldexp(std::fabs(a - b), Limits::digits - exponent));
}

// The largest error so far and where it was.
template <typename T>
struct Worst {
  void Add(T actual, long double truth, T x, T y = 0) {
    double error = Ulps(actual, truth);
    if (error > ulps) *this = {error, x, y, actual, truth};
  }
  double ulps = 0;
  T x = 0, y = 0, actual = 0;
  long double truth = 0;
};

template <typename T>
void Expect(const Worst<T> &worst, double bound) {
  testing::Test::RecordProperty("max_ulp", std::to_string(worst.ulps));
  EXPECT_LE(worst.ulps, bound) << std::hexfloat << "x " << worst.x << ", y " << worst.y << ": " << worst.actual
                               << " instead of " << worst.truth;
}

template <typename T>
struct Unary {
  const char *name;
  T (*function)(T);
  long double (*truth)(long double);
  double bound;
  std::vector<double> ranges;  // pairs of bounds; the arguments are spread evenly
  std::vector<double> edges;   // arguments whose neighbours are tested too
};

template <typename T>
void PrintTo(const Unary<T> &row, std::ostream *stream) {
  *stream << row.name;
}

using L = long double;
// Where functions change their method.
constexpr double kSeams[] = {0, 0.25, 0.5, 0.75, 0.9, 1, 2, 2.25, 4, 6, 20, 22, 0x1p16, 0x1p20, 0x1p28};

// One row per function. The bounds are those of kernels/device/README.md; the errors seen with 60 times as many
// arguments are just below them.
std::vector<Unary<double>> Doubles() {
  const std::vector<double> exps = {709.782712893384, -708.3964185322641, -745.1332191019411, 710.4758600739439};
  const std::vector<double> turns = {-0.8, 0.8, -10, 10, -1e6, 1e6, 0, 1e20};
  return {
      {"exp", ingot_exp, [](L x) { return std::exp(x); }, 0.8, {-750, 715, -1, 1}, exps},
      {"exp2", ingot_exp2, [](L x) { return std::exp2(x); }, 0.8, {-1080, 1030, -1, 1}, {1024, -1022, -1074, -1075}},
      {"expm1", ingot_expm1, [](L x) { return std::expm1(x); }, 0.9, {-50, 50, -1, 1, 600, 715}, exps},
      {"log", ingot_log, [](L x) { return std::log(x); }, 0.6, {0, 1e6, 0.5, 2}, {1, 0.70710678118, 1.41421356237}},
      {"log2", ingot_log2, [](L x) { return std::log2(x); }, 0.6, {0, 1e6, 0.5, 2}, {1, 0.70710678118, 1.41421356237}},
      {"log1p", ingot_log1p, [](L x) { return std::log1p(x); }, 0.6, {-1, 10, -0.5, 0.5}, {-1, 0.41421356, -0.29289}},
      {"sin", ingot_sin, [](L x) { return std::sin(x); }, 0.75, turns, {0.78539816339744828}},
      {"cos", ingot_cos, [](L x) { return std::cos(x); }, 0.75, turns, {0.78539816339744828}},
      {"tan", ingot_tan, [](L x) { return std::tan(x); }, 2.2, turns, {0.78539816339744828}},
      {"asin", ingot_asin, [](L x) { return std::asin(x); }, 0.65, {-1, 1}, {-1, 1, 0.5}},
      {"acos", ingot_acos, [](L x) { return std::acos(x); }, 0.65, {-1, 1}, {-1, 1, 0.5}},
      {"atan", ingot_atan, [](L x) { return std::atan(x); }, 0.7, {-3, 3, -100, 100}, {0.5, 2.414, 0x1p60}},
      {"sinh", ingot_sinh, [](L x) { return std::sinh(x); }, 1.7, {-3, 3, -25, 25, 700, 712}, exps},
      {"cosh", ingot_cosh, [](L x) { return std::cosh(x); }, 1.2, {-3, 3, -25, 25, 700, 712}, exps},
      {"tanh", ingot_tanh, [](L x) { return std::tanh(x); }, 1.1, {-1, 1, -25, 25}, {0.75, 20}},
      {"asinh", ingot_asinh, [](L x) { return std::asinh(x); }, 0.6, {-3, 3, -1e3, 1e3}, {0x1p28, 0x1p-28}},
      {"acosh", ingot_acosh, [](L x) { return std::acosh(x); }, 0.6, {1, 3, 1, 1.01, 1, 1e3}, {1, 0x1p28}},
      {"atanh", ingot_atanh, [](L x) { return std::atanh(x); }, 0.62, {-1, 1}, {-1, 1, 0x1p-28}},
      {"erf", ingot_erf, [](L x) { return std::erf(x); }, 1.1, {-3, 3, -7, 7}, {1, 2.25, 6}},
  };
}

std::vector<Unary<float>> Floats() {
  const std::vector<double> exps = {88.72283, -87.33654, -103.97208, 89.41598};
  const std::vector<double> turns = {-0.8, 0.8, -10, 10, -1e4, 1e4, 0, 1e9};
  return {
      {"expf", ingot_expf, [](L x) { return std::exp(x); }, 0.8, {-105, 90, -1, 1}, exps},
      {"exp2f", ingot_exp2f, [](L x) { return std::exp2(x); }, 0.8, {-152, 130, -1, 1}, {128, -126, -149, -150}},
      {"expm1f", ingot_expm1f, [](L x) { return std::expm1(x); }, 0.9, {-20, 20, -1, 1, 80, 90}, exps},
      {"logf", ingot_logf, [](L x) { return std::log(x); }, 0.9, {0, 1e6, 0.5, 2}, {1, 0.70710678118, 1.41421356237}},
      {"log2f", ingot_log2f, [](L x) { return std::log2(x); }, 1, {0, 1e6, 0.5, 2}, {1, 0.70710678118, 1.41421356237}},
      {"log1pf", ingot_log1pf, [](L x) { return std::log1p(x); }, 0.9, {-1, 10, -0.5, 0.5}, {-1, 0.41421356, -0.29289}},
      {"sinf", ingot_sinf, [](L x) { return std::sin(x); }, 0.8, turns, {0.78539816339744828}},
      {"cosf", ingot_cosf, [](L x) { return std::cos(x); }, 0.8, turns, {0.78539816339744828}},
      {"tanf", ingot_tanf, [](L x) { return std::tan(x); }, 0.501, turns, {0.78539816339744828}},
      {"asinf", ingot_asinf, [](L x) { return std::asin(x); }, 0.501, {-1, 1}, {-1, 1, 0.5}},
      {"acosf", ingot_acosf, [](L x) { return std::acos(x); }, 0.501, {-1, 1}, {-1, 1, 0.5}},
      {"atanf", ingot_atanf, [](L x) { return std::atan(x); }, 0.501, {-3, 3, -100, 100}, {0.5, 2.414}},
      {"sinhf", ingot_sinhf, [](L x) { return std::sinh(x); }, 0.501, {-3, 3, -25, 25, 85, 90}, exps},
      {"coshf", ingot_coshf, [](L x) { return std::cosh(x); }, 1.1, {-3, 3, -25, 25, 85, 90}, exps},
      {"tanhf", ingot_tanhf, [](L x) { return std::tanh(x); }, 1.1, {-1, 1, -25, 25}, {0.75, 10}},
      {"asinhf", ingot_asinhf, [](L x) { return std::asinh(x); }, 0.501, {-3, 3, -1e3, 1e3}, {}},
      {"acoshf", ingot_acoshf, [](L x) { return std::acosh(x); }, 0.501, {1, 3, 1, 1.01, 1, 1e3}, {1}},
      {"atanhf", ingot_atanhf, [](L x) { return std::atanh(x); }, 0.501, {-1, 1}, {-1, 1}},
      {"erff", ingot_erff, [](L x) { return std::erf(x); }, 1.25, {-3, 3, -5, 5}, {0.9, 4}},
  };
}

// Zeros, ends of the range of numbers, infinities, NaN; of both signs.
template <typename T>
std::vector<T> Specials() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {0,
                           Limits::denorm_min(),
                           Limits::min(),
                           std::nextafter(Limits::min(), T(0)),
                           T(0.5),
                           std::nextafter(T(1), T(0)),
                           1,
                           std::nextafter(T(1), T(2)),
                           T(1.5),
                           2,
                           3,
                           T(1) / Limits::epsilon() + 1,
                           T(1e30),
                           Limits::max(),
                           Limits::infinity(),
                           Limits::quiet_NaN()};
  size_t count = values.size();
  for (size_t i = 0; i < count; ++i) values.push_back(-values[i]);
  return values;
}

// The nearest number to some multiple of pi / 2, with its neighbours: sin, cos or tan cancel most there.
template <typename T>
std::vector<T> NearMultiplesOfHalfPi(int count) {
  const long double half_pi = 1.5707963267948966192313216916397514L;
  std::mt19937_64 engine(7);
  std::vector<T> values;
  for (int i = 0; i < count; ++i) {
    uint64_t multiple = engine() >> (engine() % 63 + 1);
    T x = static_cast<T>(static_cast<long double>(multiple) * half_pi);
    for (T near : {x, std::nextafter(x, T(0)), std::nextafter(x, std::numeric_limits<T>::max())}) {
      values.push_back(near), values.push_back(-near);
    }
  }
  // The double nearest to a multiple of pi / 2 (J.-M. Muller, Elementary Functions, 2016, table 11.1).
  if constexpr (sizeof(T) == 8) values.push_back(std::ldexp(6381956970095103.0, 797));
  return values;
}

template <typename T>
void CheckUnary(const Unary<T> &row) {
  Worst<T> worst;
  auto add = [&](T x) { worst.Add(row.function(x), row.truth(x), x); };
  for (T x : Specials<T>()) add(x);
  for (T x : NearMultiplesOfHalfPi<T>(3000)) add(x);
  std::vector<double> edges = row.edges;
  edges.insert(edges.end(), std::begin(kSeams), std::end(kSeams));
  for (double edge : edges) {
    for (T x : {static_cast<T>(edge), static_cast<T>(-edge)}) {
      for (uint64_t i = 0; i < 200; ++i) add(FromBits<T>(ToBits(x) + i)), add(FromBits<T>(ToBits(x) - i));
    }
  }
  for (int exponent = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits;
       exponent < std::numeric_limits<T>::max_exponent; ++exponent) {
    add(std::ldexp(T(1), exponent)), add(std::ldexp(T(-1), exponent));
  }
  std::mt19937_64 engine(1);
  for (int i = 0; i < 80000; ++i) add(FromBits<T>(engine()));
  const size_t pairs = row.ranges.size() / 2;
  for (size_t pair = 0; pair < pairs; ++pair) {
    std::uniform_real_distribution<double> spread(row.ranges[2 * pair], row.ranges[2 * pair + 1]);
    for (size_t i = 0; i < 120000 / pairs; ++i) add(static_cast<T>(spread(engine)));
  }
  Expect(worst, row.bound);
}

class DoubleMath : public testing::TestWithParam<Unary<double>> {};
TEST_P(DoubleMath, Ulps) { CheckUnary(GetParam()); }
INSTANTIATE_TEST_SUITE_P(DeviceMath, DoubleMath, testing::ValuesIn(Doubles()),
                         [](const auto &info) { return std::string(info.param.name); });

class FloatMath : public testing::TestWithParam<Unary<float>> {};
TEST_P(FloatMath, Ulps) { CheckUnary(GetParam()); }
INSTANTIATE_TEST_SUITE_P(DeviceMath, FloatMath, testing::ValuesIn(Floats()),
                         [](const auto &info) { return std::string(info.param.name); });

template <typename T>
void CheckPow(T (*function)(T, T), double bound) {
  Worst<T> worst;
  auto add = [&](T x, T y) { worst.Add(function(x, y), std::pow(static_cast<L>(x), static_cast<L>(y)), x, y); };
  for (T x : Specials<T>()) {
    for (T y : Specials<T>()) add(x, y);
  }
  std::mt19937_64 engine(2);
  std::uniform_real_distribution<double> unit(-1, 1);
  const double reach = std::numeric_limits<T>::max_exponent * 1.2;  // |y log2(x)| up to what over- and underflows
  for (int i = 0; i < 60000; ++i) {
    T any = FromBits<T>(engine());
    add(any, FromBits<T>(engine()));
    for (double base :
         {std::fabs(static_cast<double>(any)), 1 + std::ldexp(unit(engine), -(i % 30)), unit(engine) + 1.1}) {
      T x = static_cast<T>(base);
      add(x, static_cast<T>(unit(engine) * reach / std::log2(std::fabs(static_cast<double>(x)))));
    }
    add(static_cast<T>(unit(engine) * 10), static_cast<T>(static_cast<int>(unit(engine) * 40)));
  }
  Expect(worst, bound);
}

TEST(DeviceMath, Pow) { CheckPow(ingot_pow, 0.8); }
TEST(DeviceMath, PowFloat) { CheckPow(ingot_powf, 0.8); }

// Remainders are exact: bit for bit those of the C library.
template <typename T>
void CheckFmod(T (*function)(T, T)) {
  auto check = [&](T x, T y) {
    T actual = function(x, y), truth = std::fmod(x, y);
    if (std::isnan(truth)) {
      ASSERT_TRUE(std::isnan(actual)) << std::hexfloat << x << ", " << y << ": " << actual;
    } else {
      ASSERT_EQ(ToBits(actual), ToBits(truth)) << std::hexfloat << x << ", " << y << ": " << actual << ", " << truth;
    }
  };
  for (T x : Specials<T>()) {
    for (T y : Specials<T>()) check(x, y);
  }
  std::mt19937_64 engine(3);
  const int mantissa = std::numeric_limits<T>::digits - 1;
  for (int i = 0; i < 60000; ++i) {
    T x = FromBits<T>(engine()), y = FromBits<T>(engine());
    check(x, y);
    // Exponents near each other; denormal divisors; exact multiples and their neighbours.
    T near = FromBits<T>(ToBits(x) - (static_cast<uint64_t>(engine() % 120) << mantissa) + engine() % 1000);
    check(x, near);
    check(x, FromBits<T>(engine() >> (64 - mantissa)));
    T multiple = static_cast<T>(y * static_cast<T>(engine() >> (engine() % 63 + 1)));
    check(multiple, y), check(std::nextafter(multiple, T(0)), y), check(y, multiple);
  }
}

TEST(DeviceMath, Fmod) { CheckFmod(ingot_fmod); }
TEST(DeviceMath, FmodFloat) { CheckFmod(ingot_fmodf); }

}  // namespace
}  // namespace ingot::kernels
