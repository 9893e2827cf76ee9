// Decides which ops share a kernel. Reads the function, changes nothing. What may be fused with what is stated here and
// nowhere else.
//
//   loop       element-wise and index ops over one space
//   row        reductions over the last axis, with everything that lives on the same rows
//   column     one reduction over other axes, with its producers and the ops on its result
//   contract   one contraction, with the element-wise ops on its result
//   attention  contraction -> row ops -> contraction, the rows never leaving the cache
//   library    one contraction that a library kernel computes, alone
//   sort       one op that orders elements along an axis, alone
//   update     one op that writes a part of its operand, alone
//   control    one op that runs functions, alone; not a kernel
//
// Tests: tests/compiler/lit/form-regions.mlir.
#ifndef INGOT_COMPILER_FUSION_REGIONPLANNER_H
#define INGOT_COMPILER_FUSION_REGIONPLANNER_H

#include <vector>

#include "compiler/dialect/ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot::compiler {

enum class RegionKind { Loop, Row, Column, Contract, Attention, Library, Sort, Update, Control };
llvm::StringRef Name(RegionKind kind);
std::optional<RegionKind> ParseRegionKind(llvm::StringRef name);

struct Region {
  RegionKind kind;
  // The iteration space: of rows (with the reduced axis) for Row and Attention, of the result for the others.
  Dims space;
  std::vector<mlir::Operation *> ops;  // in program order, without views, scalars and constants
};

// Regions in an order in which they can run. Every computing op is in exactly one.
std::vector<Region> PlanRegions(mlir::func::FuncOp function);

// How a value of a row region lives: once per element of the space, or once per row.
enum class RowExtent { Full, PerRow, Other };
RowExtent RowExtentOf(const Dims &value_dims, const Dims &space);
// A view that repeats a per-row value along its row.
bool IsRowBroadcast(ir::ViewOp view, const Dims &space);

}  // namespace ingot::compiler
#endif
