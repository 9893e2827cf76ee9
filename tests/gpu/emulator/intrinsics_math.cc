// Approximations, and what needs no rounding: absolute value, minimum, whole numbers. The approximations are computed
// in double and rounded once, so they are closer than hardware. Tested by tests/gpu/emulator_math_test.cc.
#include "tests/gpu/emulator/instruction.h"
#include "tests/gpu/emulator/rounding.h"

namespace ingot::gpu_emulator {
namespace {

double Ex2(double x) { return exp2(x); }
double Lg2(double x) { return log2(x); }
double Sine(double x) { return sin(x); }
double Cosine(double x) { return cos(x); }
double Tanh(double x) { return tanh(x); }
double Root(double x) { return sqrt(x); }
double Reciprocal(double x) { return 1 / x; }
double ReciprocalRoot(double x) { return 1 / sqrt(x); }

template <double (*kFunction)(double), bool kFlush>
float Approximate(float x) {
  return Flush<kFlush>(static_cast<float>(kFunction(static_cast<double>(Flush<kFlush>(x)))));
}

// One operand that is NaN gives the other one; -0 is less than +0.
template <class T>
T Min(T a, T b) {
  if (a != a) return b;
  if (b != b || a < b) return a;
  return a == b && signbit(a) ? a : b;
}
template <class T>
T Max(T a, T b) {
  return -Min<T>(-a, -b);
}
template <class T, T (*kFunction)(T, T)>
T OrNan(T a, T b) {
  return a != a || b != b ? static_cast<T>(NAN) : kFunction(a, b);
}

float Absolute(float x) { return fabsf(x); }

}  // namespace

// LLVM's names end in .f; those in .f32 are PTX's, and LLVM's for ex2.
#define APPROXIMATE(name, function)                              \
  LANE_INSTRUCTION(name ".f", (Approximate<function, false>))    \
  LANE_INSTRUCTION(name ".f32", (Approximate<function, false>))  \
  LANE_INSTRUCTION(name ".ftz.f", (Approximate<function, true>)) \
  LANE_INSTRUCTION(name ".ftz.f32", (Approximate<function, true>))
APPROXIMATE("ex2.approx", Ex2)
APPROXIMATE("lg2.approx", Lg2)
APPROXIMATE("sin.approx", Sine)
APPROXIMATE("cos.approx", Cosine)
APPROXIMATE("sqrt.approx", Root)
APPROXIMATE("rcp.approx", Reciprocal)
APPROXIMATE("rsqrt.approx", ReciprocalRoot)
LANE_INSTRUCTION("tanh.approx.f32", (Approximate<Tanh, false>))
LANE_INSTRUCTION("lg2.approx.d", Lg2)
LANE_INSTRUCTION("rcp.approx.ftz.d", Reciprocal)
LANE_INSTRUCTION("rsqrt.approx.d", ReciprocalRoot)
LANE_INSTRUCTION("rsqrt.approx.ftz.d", ReciprocalRoot)
LANE_INSTRUCTION("div.approx.f", [](float a, float b) { return a / b; })
LANE_INSTRUCTION("div.approx.ftz.f", [](float a, float b) { return Flush<true>(Flush<true>(a) / Flush<true>(b)); })

LANE_INSTRUCTION("fabs.f", Absolute)
LANE_INSTRUCTION("fabs.f32", Absolute)
LANE_INSTRUCTION("fabs.ftz.f", [](float x) { return Flush<true>(fabsf(x)); })
LANE_INSTRUCTION("fabs.ftz.f32", [](float x) { return Flush<true>(fabsf(x)); })
LANE_INSTRUCTION("fabs.d", [](double x) { return fabs(x); })
LANE_INSTRUCTION("fabs.f64", [](double x) { return fabs(x); })

#define MINIMUM(name, function)                                                                              \
  LANE_INSTRUCTION(name ".f", (function<float>))                                                             \
  LANE_INSTRUCTION(name ".d", (function<double>))                                                            \
  LANE_INSTRUCTION(name ".nan.f", (OrNan<float, function<float>>))                                           \
  LANE_INSTRUCTION(name ".ftz.f", [](float a, float b) { return function(Flush<true>(a), Flush<true>(b)); }) \
  LANE_INSTRUCTION(name ".ftz.nan.f",                                                                        \
                   [](float a, float b) { return OrNan<float, function<float>>(Flush<true>(a), Flush<true>(b)); })
MINIMUM("fmin", Min)
MINIMUM("fmax", Max)

#define WHOLE(name, function)                                                          \
  LANE_INSTRUCTION(name ".f", [](float x) { return function##f(x); })                  \
  LANE_INSTRUCTION(name ".ftz.f", [](float x) { return function##f(Flush<true>(x)); }) \
  LANE_INSTRUCTION(name ".d", [](double x) { return function(x); })
WHOLE("floor", floor)
WHOLE("ceil", ceil)
WHOLE("trunc", trunc)
WHOLE("round", nearbyint)

LANE_INSTRUCTION("saturate.f", Saturate<float>)
LANE_INSTRUCTION("saturate.ftz.f", [](float x) { return Saturate(Flush<true>(x)); })
LANE_INSTRUCTION("saturate.d", Saturate<double>)

}  // namespace ingot::gpu_emulator
