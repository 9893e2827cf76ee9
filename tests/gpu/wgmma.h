// wgmma for kernels written by hand.
#ifndef INGOT_TESTS_GPU_WGMMA_H_
#define INGOT_TESTS_GPU_WGMMA_H_

#include <stdint.h>
#include <string.h>

#include "tests/gpu/twin.h"

#define WGMMA_COLUMNS_1(X) X(8) X(16) X(24) X(32) X(40) X(48) X(56) X(64)
#define WGMMA_COLUMNS_2(X) X(72) X(80) X(88) X(96) X(104) X(112) X(120) X(128)
#define WGMMA_COLUMNS_3(X) X(136) X(144) X(152) X(160) X(168) X(176) X(184) X(192)
#define WGMMA_COLUMNS_4(X) X(200) X(208) X(216) X(224) X(232) X(240) X(248) X(256)
#define WGMMA_OF_COLUMNS(X) WGMMA_COLUMNS_1(X) WGMMA_COLUMNS_2(X) WGMMA_COLUMNS_3(X) WGMMA_COLUMNS_4(X)

namespace ingot::gpu_test {

#define WGMMA_NAME(n, types) "wgmma.mma_async.sync.aligned.m64n" #n types
#define DECLARE_WGMMA(n)                                              \
  DECLARE_INSTRUCTION(WgmmaF16N##n, WGMMA_NAME(n, "k16.f32.f16.f16")) \
  DECLARE_INSTRUCTION(WgmmaF16N##n##Registers, WGMMA_NAME(n, "k16.f32.f16.f16.registers"))
WGMMA_OF_COLUMNS(DECLARE_WGMMA)
#undef DECLARE_WGMMA
DECLARE_INSTRUCTION(WgmmaBf16N16, WGMMA_NAME(16, "k16.f32.bf16.bf16"))
DECLARE_INSTRUCTION(WgmmaBf16N16Registers, WGMMA_NAME(16, "k16.f32.bf16.bf16.registers"))
DECLARE_INSTRUCTION(WgmmaTf32N24, WGMMA_NAME(24, "k8.f32.tf32.tf32"))
DECLARE_INSTRUCTION(WgmmaTf32N24Registers, WGMMA_NAME(24, "k8.f32.tf32.tf32.registers"))
DECLARE_INSTRUCTION(WgmmaS8N32, WGMMA_NAME(32, "k32.s32.s8.s8"))
DECLARE_INSTRUCTION(WgmmaS8N32Registers, WGMMA_NAME(32, "k32.s32.s8.s8.registers"))
DECLARE_INSTRUCTION(WgmmaS8N32Saturated, WGMMA_NAME(32, "k32.s32.s8.s8.satfinite"))
DECLARE_INSTRUCTION(WgmmaU8S8N32, WGMMA_NAME(32, "k32.s32.u8.s8"))
DECLARE_INSTRUCTION(WgmmaFence, "wgmma.fence.sync.aligned")
DECLARE_INSTRUCTION(WgmmaCommit, "wgmma.commit_group.sync.aligned")
DECLARE_INSTRUCTION(WgmmaWait, "wgmma.wait_group.sync.aligned")

// That of float sums of halves, for `n` columns.
inline Instruction WgmmaF16(uint32_t n, bool a_in_registers) {
#define CHOOSE_WGMMA(columns) \
  if (n == (columns)) return a_in_registers ? WgmmaF16N##columns##Registers : WgmmaF16N##columns;
  WGMMA_OF_COLUMNS(CHOOSE_WGMMA)
#undef CHOOSE_WGMMA
  return nullptr;
}

// A descriptor of a matrix in shared memory: its address, the leading dimension's step and the stride dimension's in
// bytes, and how it is swizzled: 0 not, 1 by 128 bytes, 2 by 64, 3 by 32.
inline uint64_t MatrixDescriptor(uint32_t address, uint32_t leading, uint32_t stride, int32_t swizzle) {
  return (address & 0x3ffff) >> 4 | static_cast<uint64_t>(leading >> 4) << 16 |
         static_cast<uint64_t>(stride >> 4) << 32 | static_cast<uint64_t>(swizzle) << 62;
}

// Accumulators, A, B and what follows, each aligned to its size.
class WgmmaOperands {
 public:
  template <class T>
  void Add(T value) {
    at_ = (at_ + sizeof value - 1) / sizeof value * sizeof value;
    memcpy(bytes_ + at_, &value, sizeof value);
    at_ += sizeof value;
  }
  const void *Get() const { return bytes_; }

 private:
  alignas(8) char bytes_[128 * 4 + 64] = {};
  size_t at_ = 0;
};

}  // namespace ingot::gpu_test

#endif  // INGOT_TESTS_GPU_WGMMA_H_
