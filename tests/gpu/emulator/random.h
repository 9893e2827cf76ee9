// Random numbers that are the same on every machine: SplitMix64. Tested by tests/gpu/emulator_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_RANDOM_H_
#define INGOT_TESTS_GPU_EMULATOR_RANDOM_H_

#include <stdint.h>

namespace ingot::gpu_emulator {

inline uint64_t NextRandom(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_RANDOM_H_
