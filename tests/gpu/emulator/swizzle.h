// How shared memory is swizzled for TMA and wgmma: within each 128 bytes' row of a pattern of 8 rows, chunks of 16
// bytes trade places. Tested by tests/gpu/emulator_tensor_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_SWIZZLE_H_
#define INGOT_TESTS_GPU_EMULATOR_SWIZZLE_H_

#include <stdint.h>

namespace ingot::gpu_emulator {

// Where the byte at this address in shared memory lies. `span` is 16 (nothing moves), 32, 64 or 128: the bytes among
// which chunks move. The pattern is one of addresses, not of a tile's begin.
inline uint32_t Swizzled(uint32_t address, uint32_t span) {
  const uint32_t row = address >> 7;
  return address ^ (row & (span / 16 - 1)) << 4;
}

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_SWIZZLE_H_
