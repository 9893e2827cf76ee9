// Arithmetic whose rounding the name says: add, mul, div, fma, sqrt, rcp. Tested by tests/gpu/emulator_math_test.cc.
#include "tests/gpu/emulator/instruction.h"
#include "tests/gpu/emulator/rounding.h"

namespace ingot::gpu_emulator {
namespace {

template <class T>
T Add(T a, T b) {
  return a + b;
}
template <class T>
T Mul(T a, T b) {
  return a * b;
}
template <class T>
T Div(T a, T b) {
  return a / b;
}
template <class T>
T Rcp(T a) {
  return 1 / a;
}
float Sqrt(float a) { return sqrtf(a); }
double Sqrt(double a) { return sqrt(a); }
float Fma(float a, float b, float c) { return fmaf(a, b, c); }
double Fma(double a, double b, double c) { return fma(a, b, c); }
constexpr float (*kSqrtF)(float) = Sqrt;
constexpr double (*kSqrtD)(double) = Sqrt;
constexpr float (*kFmaF)(float, float, float) = Fma;
constexpr double (*kFmaD)(double, double, double) = Fma;

}  // namespace

#define UNARY(mode, fe, name, of_float, of_double)                                                 \
  LANE_INSTRUCTION(name "." mode ".f", [](float a) { return Compute<of_float, fe, false>(a); })    \
  LANE_INSTRUCTION(name "." mode ".ftz.f", [](float a) { return Compute<of_float, fe, true>(a); }) \
  LANE_INSTRUCTION(name "." mode ".d", [](double a) { return Compute<of_double, fe, false>(a); })
#define BINARY(mode, fe, name, of_float, of_double)                                                            \
  LANE_INSTRUCTION(name "." mode ".f", [](float a, float b) { return Compute<of_float, fe, false>(a, b); })    \
  LANE_INSTRUCTION(name "." mode ".ftz.f", [](float a, float b) { return Compute<of_float, fe, true>(a, b); }) \
  LANE_INSTRUCTION(name "." mode ".d", [](double a, double b) { return Compute<of_double, fe, false>(a, b); })
#define FMA(mode, fe, name, type, of, flush) \
  LANE_INSTRUCTION("fma." mode name, [](type a, type b, type c) { return Compute<of, fe, flush>(a, b, c); })
#define SATURATED_FMA(mode, fe, name, flush) \
  LANE_INSTRUCTION("fma." mode name,         \
                   [](float a, float b, float c) { return Saturate(Compute<kFmaF, fe, flush>(a, b, c)); })
#define SATURATED_ADD(mode, fe, name, flush) \
  LANE_INSTRUCTION("add." mode name, [](float a, float b) { return Saturate(Compute<Add<float>, fe, flush>(a, b)); })

INGOT_ROUNDING_MODES(BINARY, "add", Add<float>, Add<double>)
INGOT_ROUNDING_MODES(BINARY, "mul", Mul<float>, Mul<double>)
INGOT_ROUNDING_MODES(BINARY, "div", Div<float>, Div<double>)
INGOT_ROUNDING_MODES(UNARY, "rcp", Rcp<float>, Rcp<double>)
INGOT_ROUNDING_MODES(UNARY, "sqrt", kSqrtF, kSqrtD)
INGOT_ROUNDING_MODES(FMA, ".f", float, kFmaF, false)
INGOT_ROUNDING_MODES(FMA, ".ftz.f", float, kFmaF, true)
INGOT_ROUNDING_MODES(FMA, ".d", double, kFmaD, false)
INGOT_ROUNDING_MODES(SATURATED_FMA, ".sat.f", false)
INGOT_ROUNDING_MODES(SATURATED_FMA, ".ftz.sat.f", true)
INGOT_ROUNDING_MODES(SATURATED_ADD, ".sat.f", false)
INGOT_ROUNDING_MODES(SATURATED_ADD, ".ftz.sat.f", true)

// "sqrt.f" is what the compiler's options choose: the exact one here.
LANE_INSTRUCTION("sqrt.f", [](float a) { return sqrtf(a); })
LANE_INSTRUCTION("div.full", [](float a, float b) { return a / b; })
LANE_INSTRUCTION("div.full.ftz", [](float a, float b) { return Compute<Div<float>, FE_TONEAREST, true>(a, b); })

}  // namespace ingot::gpu_emulator
