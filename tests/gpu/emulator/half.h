// The narrow floating-point types of the tensor cores as floats. All these conversions are exact.
// Tested by tests/gpu/emulator_mma_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_HALF_H_
#define INGOT_TESTS_GPU_EMULATOR_HALF_H_

#include <stdint.h>
#include <string.h>

namespace ingot::gpu_emulator {

inline float FloatOfBits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

inline uint32_t BitsOfFloat(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float FloatOfHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 31, fraction = half & 0x3ff;
  if (exponent == 31) return FloatOfBits(sign | 0x7f800000 | fraction << 13);
  if (exponent != 0) return FloatOfBits(sign | (exponent + 112) << 23 | fraction << 13);
  const float subnormal = static_cast<float>(fraction) * 0x1p-24f;
  return sign != 0 ? -subnormal : subnormal;
}

inline float FloatOfBfloat(uint16_t bfloat) { return FloatOfBits(static_cast<uint32_t>(bfloat) << 16); }

// The tensor core does not read the low 13 bits.
inline float FloatOfTf32(uint32_t bits) { return FloatOfBits(bits & 0xffffe000); }

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_HALF_H_
