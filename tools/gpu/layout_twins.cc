// The kernels of check/layouts.py for the emulator, under the same names and with the same parameters. Each lane passes
// its own registers; which elements those are is what check/layouts.py knows.
#include <string.h>

#include "ingot/abi.h"
#include "tests/gpu/twin.h"

namespace ingot::gpu_test {

DECLARE_INSTRUCTION(MmaF16, "mma.m16n8k16.row.col.f32.f32")
DECLARE_INSTRUCTION(MmaBf16, "mma.m16n8k16.row.col.bf16")
DECLARE_INSTRUCTION(MmaTf32, "mma.m16n8k8.row.col.tf32")
DECLARE_INSTRUCTION(MmaS8, "mma.m16n8k32.row.col.s8")
DECLARE_INSTRUCTION(LdmatrixX1, "ldmatrix.sync.aligned.m8n8.x1.b16.p3")
DECLARE_INSTRUCTION(LdmatrixX2, "ldmatrix.sync.aligned.m8n8.x2.b16.p3")
DECLARE_INSTRUCTION(LdmatrixX4, "ldmatrix.sync.aligned.m8n8.x4.b16.p3")
DECLARE_INSTRUCTION(LdmatrixX1Trans, "ldmatrix.sync.aligned.m8n8.x1.trans.b16.p3")
DECLARE_INSTRUCTION(LdmatrixX2Trans, "ldmatrix.sync.aligned.m8n8.x2.trans.b16.p3")
DECLARE_INSTRUCTION(LdmatrixX4Trans, "ldmatrix.sync.aligned.m8n8.x4.trans.b16.p3")

namespace {

constexpr uint32_t kLanes = 32;

// a, b, c and d, each lane's registers one after another. All four shapes have two registers of B and four of the rest.
template <Instruction kMma>
void Multiply(void **p) {
  const uint32_t lane = CtaidX() * kLanes + TidX();
  uint32_t operands[10];
  memcpy(operands, Parameter<const uint32_t *>(p, 0) + 4 * lane, 16);
  memcpy(operands + 4, Parameter<const uint32_t *>(p, 1) + 2 * lane, 8);
  memcpy(operands + 6, Parameter<const uint32_t *>(p, 2) + 4 * lane, 16);
  kMma(Parameter<uint32_t *>(p, 3) + 4 * lane, operands);
}

// 512 bytes, and each lane's registers. Lane l names the row at 16 * l.
template <Instruction kLdmatrix, uint32_t kMatrices>
void Load(void **p) {
  char *row = Shared<char>() + 16 * TidX();
  memcpy(row, Parameter<const char *>(p, 0) + 16 * TidX(), 16);
  Barrier();
  kLdmatrix(Parameter<uint32_t *>(p, 1) + kMatrices * TidX(), &row);
}

constexpr ingot_emulated_kernel_t kKernels[] = {{"mma_f16", Multiply<MmaF16>, 4, 0, nullptr},
                                                {"mma_bf16", Multiply<MmaBf16>, 4, 0, nullptr},
                                                {"mma_tf32", Multiply<MmaTf32>, 4, 0, nullptr},
                                                {"mma_s8", Multiply<MmaS8>, 4, 0, nullptr},
                                                {"ldmatrix_x1", Load<LdmatrixX1, 1>, 2, 512, nullptr},
                                                {"ldmatrix_x2", Load<LdmatrixX2, 2>, 2, 512, nullptr},
                                                {"ldmatrix_x4", Load<LdmatrixX4, 4>, 2, 512, nullptr},
                                                {"ldmatrix_x1_trans", Load<LdmatrixX1Trans, 1>, 2, 512, nullptr},
                                                {"ldmatrix_x2_trans", Load<LdmatrixX2Trans, 2>, 2, 512, nullptr},
                                                {"ldmatrix_x4_trans", Load<LdmatrixX4Trans, 4>, 2, 512, nullptr}};

}  // namespace

extern "C" {
INGOT_EMULATOR_EXPORT extern const ingot_emulated_image_t layout_twins;
const ingot_emulated_image_t layout_twins = {"ingot emulated\0", sizeof kKernels / sizeof kKernels[0], kKernels};
}

}  // namespace ingot::gpu_test
