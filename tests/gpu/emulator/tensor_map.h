// What the stand-in driver's cuTensorMapEncodeTiled writes into the 128 bytes of a CUtensorMap, and the emulator's TMA
// reads. NVIDIA's encoding is secret, and this is another one. Tested by tests/gpu/emulator_tensor_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_TENSOR_MAP_H_
#define INGOT_TESTS_GPU_EMULATOR_TENSOR_MAP_H_

#include <stdint.h>

namespace ingot::gpu_emulator {

constexpr uint64_t kTensorMapMagic = 0x70616d726f736e74;
constexpr uint32_t kMaxTensorRank = 5;

// Dimensions beyond the rank are 1. The innermost one is the first; its elements lie side by side.
struct EncodedTensorMap {
  uint64_t magic = kTensorMapMagic;
  uint64_t address = 0;
  uint64_t strides[kMaxTensorRank - 1] = {};  // in bytes, of the second dimension and on
  uint32_t last[kMaxTensorRank] = {};         // a dimension's size less 1: it may be 2^32
  uint32_t box[kMaxTensorRank] = {1, 1, 1, 1, 1};
  uint16_t element_bytes = 1;
  uint16_t swizzle_span = 16;  // as in swizzle.h
  uint32_t rank = 1;

  uint64_t Size(uint32_t dimension) const { return uint64_t{last[dimension]} + 1; }
  uint32_t RowBytes() const { return box[0] * element_bytes; }
  uint32_t BoxBytes() const { return RowBytes() * box[1] * box[2] * box[3] * box[4]; }
};
static_assert(sizeof(EncodedTensorMap) <= 128);

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_TENSOR_MAP_H_
