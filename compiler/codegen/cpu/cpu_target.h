// The CPU levels that programs are compiled for, and the register tiles that suit them: pure data, and pure functions
// of it. Test: tests/compiler/schedule_test.cc.
#ifndef INGOT_COMPILER_CODEGEN_CPU_CPUTARGET_H
#define INGOT_COMPILER_CODEGEN_CPU_CPUTARGET_H

#include "compiler/codegen/device.h"

namespace ingot::compiler {

// Best first.
llvm::ArrayRef<Target> CpuTargets();

// Panels of 16 columns that one tile of a contraction spans, for a matrix of this many panels (0: not known when
// compiling). The same for every level, since tiles belong to the program. Wide enough to reuse what is loaded of the
// left operand, and chosen to leave few panels over.
int PanelsPerTile(int64_t panels);
// Rows of the register tile when `panels` panels are computed at once.
struct RegisterTile {
  int rows, panels;
};
RegisterTile RegisterTileFor(const Target &target, int panels_per_tile);
// So few rows that registers hold their sums for all panels of a tile: one row times one panel alone would wait for
// each product. 0: the register tile takes all panels anyway.
int FewRows(const Target &target, int panels_per_tile);

}  // namespace ingot::compiler
#endif
