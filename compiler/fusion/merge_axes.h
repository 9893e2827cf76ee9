// Rewrites an outlined region so that neighbouring axes which all of its operands walk evenly are one axis: a longer
// inner loop, fewer divisions. Emitters see the new axes as the true ones; they never merge any themselves. Test:
// tests/compiler/lit/merge-axes.mlir.
#ifndef INGOT_COMPILER_FUSION_MERGEAXES_H
#define INGOT_COMPILER_FUSION_MERGEAXES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot::compiler {

// Loop regions: any axes of the space. Contract regions: batch, row and contracted axes among themselves. The kernel's
// operands keep their types; results get the merged dims of the same elements.
void MergeAxes(mlir::func::FuncOp kernel);

}  // namespace ingot::compiler
#endif
