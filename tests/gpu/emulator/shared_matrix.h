// An operand of wgmma in shared memory, as its descriptor of 64 bits says. Tested by tests/gpu/emulator_wgmma_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_SHARED_MATRIX_H_
#define INGOT_TESTS_GPU_EMULATOR_SHARED_MATRIX_H_

#include <stdint.h>

namespace ingot::gpu_emulator {

// A row is a row of A or a column of B: the 32 bytes that one instruction multiplies.
constexpr uint32_t kMatrixRowBytes = 32;

struct SharedMatrix {
  uint64_t descriptor = 0;
  bool transposed = false;  // elements of 16 bits, those of a column side by side
  uint32_t first_row = 0, rows = 0;

  // Reads the rows one behind the other. Fails as `instruction` where no shared memory is, and on a descriptor that
  // says what cannot be.
  void Read(const char *instruction, uint8_t *bytes) const;
};

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_SHARED_MATRIX_H_
