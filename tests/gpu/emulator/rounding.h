// Arithmetic in a rounding mode that the instruction names, with subnormals flushed where it says .ftz.
// Tested by tests/gpu/emulator_math_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_ROUNDING_H_
#define INGOT_TESTS_GPU_EMULATOR_ROUNDING_H_

#include <fenv.h>
#include <float.h>
#include <immintrin.h>
#include <math.h>

#include <type_traits>

// X(the mode in an instruction's name, its value here)
#define INGOT_ROUNDING_MODES(X, ...)  \
  X("rn", FE_TONEAREST, __VA_ARGS__)  \
  X("rz", FE_TOWARDZERO, __VA_ARGS__) \
  X("rm", FE_DOWNWARD, __VA_ARGS__)   \
  X("rp", FE_UPWARD, __VA_ARGS__)

namespace ingot::gpu_emulator {

// The mode of float and double; kernels run in FE_TONEAREST. Not that of long double, which takes long to change.
template <int kMode>
class RoundingMode {
 public:
  RoundingMode() {
    if constexpr (kMode != FE_TONEAREST) _mm_setcsr((_mm_getcsr() & ~kBits) | static_cast<unsigned>(kMode) << kShift);
  }
  RoundingMode(const RoundingMode &) = delete;
  ~RoundingMode() {
    if constexpr (kMode != FE_TONEAREST) _mm_setcsr(_mm_getcsr() & ~kBits);
  }

 private:
  // <fenv.h> has the numbers of the x87 unit.
  static constexpr unsigned kShift = 3, kBits = FE_TOWARDZERO << kShift;
};

// Keeps the compiler from computing with a value before this place.
template <class T>
T Opaque(T value) {
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    asm volatile("" : "+x"(value));
  } else {
    asm volatile("" : "+m"(value));
  }
  return value;
}

template <bool kFlush, class T>
T Flush(T value) {
  if constexpr (kFlush && std::is_same_v<T, float>) return fabsf(value) < FLT_MIN ? copysignf(0, value) : value;
  return value;
}

// .sat: NaN becomes 0.
template <class T>
T Saturate(T value) {
  return value > 0 ? (value < 1 ? value : T{1}) : T{0};
}

template <auto kFunction, int kMode, bool kFlush, class T, class... More>
T Compute(T first, More... more) {
  const RoundingMode<kMode> mode;
  return Flush<kFlush>(Opaque(kFunction(Opaque(Flush<kFlush>(first)), Opaque(Flush<kFlush>(more))...)));
}

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_ROUNDING_H_
