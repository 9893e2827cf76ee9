#include "compiler/codegen/cpu/cpu_target.h"

#include "ingot/abi.h"

namespace ingot::compiler {

static const Target kTargets[] = {
    {"x86-64-v4", "-prefer-256-bit", INGOT_CPU_X86_64_V4 | INGOT_CPU_X86_64_V3 | INGOT_CPU_X86_64_V2, 16, 32},
    {"x86-64-v3", "", INGOT_CPU_X86_64_V3 | INGOT_CPU_X86_64_V2, 8, 16},
};

llvm::ArrayRef<Target> CpuTargets() { return kTargets; }

// 3 panels (8 x 48) and 4 panels (6 x 64) keep an AVX-512 core equally busy; 3 divides the widths of common models.
int PanelsPerTile(int64_t panels) {
  if (panels <= 0) return 4;
  int best = 1;
  int64_t best_cost = INT64_MAX;
  for (int candidate : {3, 4, 2, 1}) {
    int64_t padded = (panels + candidate - 1) / candidate * candidate;
    // Narrow tiles reload the left operand more often: worth about a tenth per step.
    int64_t cost = padded * (candidate >= 3 ? 10 : candidate == 2 ? 11 : 14);
    if (cost < best_cost) {
      best = candidate;
      best_cost = cost;
    }
  }
  return best;
}

RegisterTile RegisterTileFor(const Target &target, int panels) {
  if (target.registers < 32) return {6, 1};  // 6 x 16 as 12 accumulators of 8 lanes
  switch (panels) {
    case 1:
      return {12, 1};
    case 2:
      return {12, 2};
    case 3:
      return {8, 3};
    default:
      return {6, 4};
  }
}

int FewRows(const Target &target, int panels) {
  RegisterTile tile = RegisterTileFor(target, panels);
  return tile.panels == panels ? 0 : tile.rows * tile.panels / panels;
}

}  // namespace ingot::compiler
