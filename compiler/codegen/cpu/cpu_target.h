// The CPU levels that programs are compiled for, and the register tiles that suit them. Pure data.
#ifndef INGOT_COMPILER_CODEGEN_CPU_CPUTARGET_H
#define INGOT_COMPILER_CODEGEN_CPU_CPUTARGET_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ingot::compiler {

struct CpuTarget {
  std::string level;          // "x86-64-v3": also LLVM's CPU name
  std::string features;       // LLVM's feature string
  uint64_t requiredFeatures;  // INGOT_CPU_*
  int vectorWidth;            // f32 lanes of one register
  int registers;              // vector registers
};

// "x86-64-v3", "x86-64-v4" or "native" (the best of them that this machine runs). InvalidArgument lists the known
// levels.
absl::StatusOr<CpuTarget> findCpuTarget(std::string_view level);
std::vector<std::string> cpuLevels();

// Panels of 16 columns that one tile of a contraction spans, for a matrix of this many panels (0: not known when
// compiling). The same for every level, since tiles belong to the program. Wide enough to reuse what is loaded of the
// left operand, and chosen to leave few panels over.
int panelsPerTile(int64_t panels);
// Rows of the register tile when `panels` panels are computed at once.
struct RegisterTile {
  int rows, panels;
};
RegisterTile registerTile(const CpuTarget &target, int panelsPerTile);
// So few rows that registers hold their sums for all panels of a tile: one row times one panel alone would wait for
// each product. 0: the register tile takes all panels anyway.
int fewRows(const CpuTarget &target, int panelsPerTile);

}  // namespace ingot::compiler
#endif
