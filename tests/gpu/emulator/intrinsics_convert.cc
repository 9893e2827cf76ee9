// Conversions between numbers whose rounding the name says, and between a double and its halves.
// Tested by tests/gpu/emulator_math_test.cc.
#include <limits>

#include "tests/gpu/emulator/half.h"
#include "tests/gpu/emulator/instruction.h"
#include "tests/gpu/emulator/rounding.h"

namespace ingot::gpu_emulator {
namespace {

// To an integer: out of range is the nearest integer there is. NaN is 0, or the highest bit alone where 64 bits take
// part.
template <class To, int kMode, bool kFlush, class From>
To ToInteger(From x) {
  using Limits = std::numeric_limits<To>;
  x = Flush<kFlush>(x);
  if (x != x) {
    if (sizeof(To) == 4 && sizeof(From) == 4) return 0;
    return static_cast<To>(std::make_unsigned_t<To>{1} << (8 * sizeof(To) - 1));
  }
  // A long double holds every integer of 64 bits.
  long double whole = x;
  if (kMode == FE_TONEAREST) whole = nearbyintl(x);
  if (kMode == FE_TOWARDZERO) whole = truncl(x);
  if (kMode == FE_DOWNWARD) whole = floorl(x);
  if (kMode == FE_UPWARD) whole = ceill(x);
  if (whole <= static_cast<long double>(Limits::min())) return Limits::min();
  if (whole >= static_cast<long double>(Limits::max())) return Limits::max();
  return static_cast<To>(whole);
}

// From an integer, or from double to float. A long double is rounded by the mode of the x87 unit.
template <class To, int kMode, bool kFlush, class From>
To ToFloating(From x) {
  const long double exact = static_cast<long double>(x);
  if (kMode != FE_TONEAREST) fesetround(kMode);
  const To rounded = Opaque(static_cast<To>(Opaque(exact)));
  if (kMode != FE_TONEAREST) fesetround(FE_TONEAREST);
  return Flush<kFlush>(rounded);
}

// Nearest, halves to even.
uint16_t HalfOfFloat(float value) {
  const uint32_t bits = BitsOfFloat(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return 0x7fff;
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // 65520 and more
  if (magnitude < 0x38800000) {                                              // less than 2^-14: a multiple of 2^-24
    const float scaled = nearbyintf(FloatOfBits(magnitude) * 0x1p24f);
    return static_cast<uint16_t>(sign | static_cast<uint32_t>(scaled));
  }
  const uint32_t odd = magnitude >> 13 & 1;
  return static_cast<uint16_t>(sign | ((magnitude - (112u << 23) + 0xfff + odd) >> 13));
}

// Ties away from zero, as f2tf32.rna wants.
uint32_t Tf32OfFloat(float value) {
  const uint32_t bits = BitsOfFloat(value);
  return (bits & 0x7f800000) == 0x7f800000 ? bits : (bits + 0x1000) & 0xffffe000;
}

}  // namespace

#define TO_INTEGER(mode, fe, name, from, to) LANE_INSTRUCTION(name "." mode, (ToInteger<to, fe, false, from>))
#define TO_INTEGER_FLUSHED(mode, fe, name, from, to) \
  LANE_INSTRUCTION(name "." mode ".ftz", (ToInteger<to, fe, true, from>))
#define TO_FLOATING(mode, fe, name, from, to) LANE_INSTRUCTION(name "." mode, (ToFloating<to, fe, false, from>))
#define TO_FLOATING_FLUSHED(mode, fe, name, from, to) \
  LANE_INSTRUCTION(name "." mode ".ftz", (ToFloating<to, fe, true, from>))

INGOT_ROUNDING_MODES(TO_INTEGER, "f2i", float, int32_t)
INGOT_ROUNDING_MODES(TO_INTEGER, "f2ui", float, uint32_t)
INGOT_ROUNDING_MODES(TO_INTEGER, "f2ll", float, int64_t)
INGOT_ROUNDING_MODES(TO_INTEGER, "f2ull", float, uint64_t)
INGOT_ROUNDING_MODES(TO_INTEGER, "d2i", double, int32_t)
INGOT_ROUNDING_MODES(TO_INTEGER, "d2ui", double, uint32_t)
INGOT_ROUNDING_MODES(TO_INTEGER, "d2ll", double, int64_t)
INGOT_ROUNDING_MODES(TO_INTEGER, "d2ull", double, uint64_t)
INGOT_ROUNDING_MODES(TO_INTEGER_FLUSHED, "f2i", float, int32_t)
INGOT_ROUNDING_MODES(TO_INTEGER_FLUSHED, "f2ui", float, uint32_t)
INGOT_ROUNDING_MODES(TO_INTEGER_FLUSHED, "f2ll", float, int64_t)
INGOT_ROUNDING_MODES(TO_INTEGER_FLUSHED, "f2ull", float, uint64_t)
INGOT_ROUNDING_MODES(TO_FLOATING, "i2f", int32_t, float)
INGOT_ROUNDING_MODES(TO_FLOATING, "ui2f", uint32_t, float)
INGOT_ROUNDING_MODES(TO_FLOATING, "ll2f", int64_t, float)
INGOT_ROUNDING_MODES(TO_FLOATING, "ull2f", uint64_t, float)
INGOT_ROUNDING_MODES(TO_FLOATING, "i2d", int32_t, double)
INGOT_ROUNDING_MODES(TO_FLOATING, "ui2d", uint32_t, double)
INGOT_ROUNDING_MODES(TO_FLOATING, "ll2d", int64_t, double)
INGOT_ROUNDING_MODES(TO_FLOATING, "ull2d", uint64_t, double)
INGOT_ROUNDING_MODES(TO_FLOATING, "d2f", double, float)
INGOT_ROUNDING_MODES(TO_FLOATING_FLUSHED, "d2f", double, float)

LANE_INSTRUCTION("d2i.lo", [](uint64_t bits) { return static_cast<uint32_t>(bits); })
LANE_INSTRUCTION("d2i.hi", [](uint64_t bits) { return static_cast<uint32_t>(bits >> 32); })
LANE_INSTRUCTION("lohi.i2d", [](uint32_t low, uint32_t high) { return static_cast<uint64_t>(high) << 32 | low; })
LANE_INSTRUCTION("f2h.rn", HalfOfFloat)
LANE_INSTRUCTION("f2h.rn.ftz", [](float x) { return HalfOfFloat(Flush<true>(x)); })
LANE_INSTRUCTION("f2tf32.rna", Tf32OfFloat)

}  // namespace ingot::gpu_emulator
