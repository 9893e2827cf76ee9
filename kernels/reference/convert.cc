#include "kernels/reference/convert.h"

#include <algorithm>
#include <cmath>

namespace ingot::reference {
namespace {

// Rounds to a binary format of `precision` significant bits whose smallest positive value is 2^least.
double RoundToFormat(double value, int precision, int least, double largest) {
  if (!std::isfinite(value) || value == 0) return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  int unit = std::max(exponent - precision, least);
  double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -unit)), unit);
  return std::fabs(rounded) > largest ? std::copysign(HUGE_VAL, value) : rounded;
}

}  // namespace

double RoundToFloat(double value) {
  // Converting a double beyond the range is undefined in C++; from here on it rounds to infinity.
  if (std::fabs(value) >= 0x1.ffffffp127) return std::copysign(HUGE_VAL, value);
  return static_cast<double>(static_cast<float>(value));
}
double RoundToHalf(double value) { return RoundToFormat(value, 11, -24, 65504); }
double RoundToBfloat16(double value) { return RoundToFormat(value, 8, -133, 0x1.fep127); }
double RoundToF8E4M3(double value) {
  double rounded = RoundToFormat(value, 4, -9, 448);
  return std::isinf(rounded) ? std::copysign(std::nan(""), value) : rounded;
}
double RoundToF8E5M2(double value) { return RoundToFormat(value, 3, -16, 57344); }

int64_t WrapInt(int64_t value, int bits, bool is_signed) {
  if (bits == 64) return value;
  uint64_t mask = (uint64_t{1} << bits) - 1;
  uint64_t low = static_cast<uint64_t>(value) & mask;
  bool negative = is_signed && ((low >> (bits - 1)) & 1) != 0;
  return static_cast<int64_t>(negative ? low | ~mask : low);
}

int64_t SaturatingInt(double value, int bits, bool is_signed) {
  if (std::isnan(value)) return 0;
  double truncated = std::trunc(value);
  double beyond = std::ldexp(1.0, is_signed ? bits - 1 : bits);  // the first value above the range
  if (truncated >= beyond) {
    uint64_t all = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    return static_cast<int64_t>(is_signed ? all >> 1 : all);
  }
  if (!is_signed) return truncated <= 0 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(truncated));
  if (truncated < -beyond) truncated = -beyond;
  return static_cast<int64_t>(truncated);
}

}  // namespace ingot::reference
