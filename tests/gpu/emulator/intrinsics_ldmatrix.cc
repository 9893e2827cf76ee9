// ldmatrix: a warp loads matrices of 8 x 8 elements of 16 bits from shared memory. Lane 8*m + i names row i of matrix
// m. Lane l receives of each matrix the elements 2*(l%4) and 2*(l%4)+1 of row l/4, transposed: of column l/4. Tested by
// tests/gpu/emulator_mma_test.cc.
#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {
namespace {

template <uint32_t kMatrices, bool kTransposed>
void LoadMatrices(const Collective &warp) {
  for (uint32_t m = 0; m < kMatrices; ++m) {
    uint16_t rows[8][8];
    for (uint32_t i = 0; i < 8; ++i) {
      const auto *row = Operand<const char *>(warp.arguments[8 * m + i], 0);
      TheBlock().CheckShared("ldmatrix", row, 16, 16);
      memcpy(rows[i], row, 16);
    }
    for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
      const uint32_t line = lane / 4, first = 2 * (lane % 4);
      const uint16_t pair[2] = {kTransposed ? rows[first][line] : rows[line][first],
                                kTransposed ? rows[first + 1][line] : rows[line][first + 1]};
      SetResult(warp.results[lane], pair, 4 * m);
    }
  }
}

}  // namespace

// The pointer's address space is part of LLVM's name; it is the same instruction for all.
#define LDMATRIX_IN(name, space, matrices, transposed) \
  WHOLE_WARP_INSTRUCTION("ldmatrix.sync.aligned.m8n8." name ".b16" space, (LoadMatrices<matrices, transposed>))
#define LDMATRIX(name, matrices, transposed)     \
  LDMATRIX_IN(name, ".p3", matrices, transposed) \
  LDMATRIX_IN(name, ".p0", matrices, transposed) \
  LDMATRIX_IN(name, "", matrices, transposed)
LDMATRIX("x1", 1, false)
LDMATRIX("x2", 2, false)
LDMATRIX("x4", 4, false)
LDMATRIX("x1.trans", 1, true)
LDMATRIX("x2.trans", 2, true)
LDMATRIX("x4.trans", 4, true)

}  // namespace ingot::gpu_emulator
