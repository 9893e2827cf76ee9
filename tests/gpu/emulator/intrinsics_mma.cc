// mma.sync: a warp multiplies a 16 x K matrix by a K x 8 matrix and adds a 16 x 8 matrix. Which elements a lane holds
// is in the PTX ISA, "Matrix Fragments for mma.m16n8k16" and its neighbours: one formula for all element types, in
// terms of how many elements a register of 32 bits has. Products and sums are floats, added to the accumulator in
// ascending k; hardware sums in another order and with other roundings. Tested by tests/gpu/emulator_mma_test.cc.
#include "tests/gpu/emulator/elements.h"
#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {
namespace {

constexpr uint32_t kM = 16, kN = 8;

// Operands: registers of A, half as many of B, four accumulators; all of four bytes.
// A's register r holds row lane/4, or 8 more when r is odd, from column lane%4 * e + r/2 * 4*e on, where e is the
// number of elements in a register. B's register r holds column lane/4 from row lane%4 * e + r * 4*e on.
template <class A, class B, uint32_t kRegistersOfA, bool kSaturate = false>
void Multiply(const Collective &warp) {
  using Sum = typename A::Sum;
  constexpr uint32_t e = A::kPerRegister, kK = kRegistersOfA / 2 * 4 * e;
  Sum a[kM][kK], b[kK][kN], c[kM][kN];
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    const void *operands = warp.arguments[lane];
    const uint32_t group = lane / 4, in_group = lane % 4;
    for (uint32_t r = 0; r < kRegistersOfA; ++r) {
      const auto bits = Operand<uint32_t>(operands, 4 * r);
      for (uint32_t i = 0; i < e; ++i) a[group + r % 2 * 8][in_group * e + r / 2 * 4 * e + i] = A::Get(bits, i);
    }
    for (uint32_t r = 0; r < kRegistersOfA / 2; ++r) {
      const auto bits = Operand<uint32_t>(operands, 4 * (kRegistersOfA + r));
      for (uint32_t i = 0; i < e; ++i) b[in_group * e + r * 4 * e + i][group] = B::Get(bits, i);
    }
    for (uint32_t i = 0; i < 4; ++i) {
      c[group + i / 2 * 8][in_group * 2 + i % 2] =
          Operand<typename A::Accumulator>(operands, 4 * (kRegistersOfA + kRegistersOfA / 2 + i));
    }
  }
  for (uint32_t m = 0; m < kM; ++m) {
    for (uint32_t k = 0; k < kK; ++k) {
      for (uint32_t n = 0; n < kN; ++n) c[m][n] += a[m][k] * b[k][n];
    }
  }
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    for (uint32_t i = 0; i < 4; ++i) {
      SetResult(warp.results[lane], Store<kSaturate>(c[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2]), 4 * i);
    }
  }
}

}  // namespace

#define MMA(name, a, b, registers) WHOLE_WARP_INSTRUCTION("mma." name, (Multiply<a, b, registers>))
MMA("m16n8k8.row.col.f32.f32", F16, F16, 2)
MMA("m16n8k16.row.col.f32.f32", F16, F16, 4)
MMA("m16n8k8.row.col.bf16", Bf16, Bf16, 2)
MMA("m16n8k16.row.col.bf16", Bf16, Bf16, 4)
MMA("m16n8k4.row.col.tf32", Tf32, Tf32, 2)
MMA("m16n8k8.row.col.tf32", Tf32, Tf32, 4)

#define INTEGER_MMA(types, a, b)                                                             \
  MMA("m16n8k16.row.col." types, a, b, 2)                                                    \
  MMA("m16n8k32.row.col." types, a, b, 4)                                                    \
  WHOLE_WARP_INSTRUCTION("mma.m16n8k16.row.col.satfinite." types, (Multiply<a, b, 2, true>)) \
  WHOLE_WARP_INSTRUCTION("mma.m16n8k32.row.col.satfinite." types, (Multiply<a, b, 4, true>))
INTEGER_MMA("s8", S8, S8)
INTEGER_MMA("u8", U8, U8)
INTEGER_MMA("s8.u8", S8, U8)
INTEGER_MMA("u8.s8", U8, S8)

}  // namespace ingot::gpu_emulator
