// The elements of the tensor cores' matrices: what a register of 32 bits holds, and how products are added.
// Tested by tests/gpu/emulator_mma_test.cc and tests/gpu/emulator_wgmma_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_ELEMENTS_H_
#define INGOT_TESTS_GPU_EMULATOR_ELEMENTS_H_

#include <stdint.h>

#include <algorithm>

#include "tests/gpu/emulator/half.h"

namespace ingot::gpu_emulator {

struct F16 {
  static constexpr uint32_t kPerRegister = 2;
  using Sum = float;
  using Accumulator = float;
  static float Get(uint32_t bits, uint32_t i) { return FloatOfHalf(static_cast<uint16_t>(bits >> 16 * i)); }
};
struct Bf16 {
  static constexpr uint32_t kPerRegister = 2;
  using Sum = float;
  using Accumulator = float;
  static float Get(uint32_t bits, uint32_t i) { return FloatOfBfloat(static_cast<uint16_t>(bits >> 16 * i)); }
};
struct Tf32 {
  static constexpr uint32_t kPerRegister = 1;
  using Sum = float;
  using Accumulator = float;
  static float Get(uint32_t bits, uint32_t) { return FloatOfTf32(bits); }
};
// Sums are exact, and only what is stored wraps around or saturates.
struct S8 {
  static constexpr uint32_t kPerRegister = 4;
  using Sum = int64_t;
  using Accumulator = int32_t;
  static int64_t Get(uint32_t bits, uint32_t i) { return static_cast<int8_t>(bits >> 8 * i); }
};
struct U8 {
  static constexpr uint32_t kPerRegister = 4;
  using Sum = int64_t;
  using Accumulator = int32_t;
  static int64_t Get(uint32_t bits, uint32_t i) { return static_cast<uint8_t>(bits >> 8 * i); }
};

template <bool kSaturate>
float Store(float sum) {
  return sum;
}
template <bool kSaturate>
int32_t Store(int64_t sum) {
  return static_cast<int32_t>(kSaturate ? std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX) : sum);
}

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_ELEMENTS_H_
