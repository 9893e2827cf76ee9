// Which kernels become one LLVM module. It follows from the kernels alone, never from threads or the machine, so that
// the same model gives the same bytes everywhere. Test: tests/compiler/split_kernels_test.cc.
#ifndef INGOT_COMPILER_PIPELINE_SPLITKERNELS_H
#define INGOT_COMPILER_PIPELINE_SPLITKERNELS_H

#include <cstdint>
#include <vector>

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace ingot::compiler {

// Ops that a code unit should have at least: fewer would not pay for a module of their own (estimated, not measured).
inline constexpr int64_t kOpsPerUnit = 400;

// For functions of so many ops, in order: which unit each belongs to, counted from 0. A unit ends with the function
// that gives it kOpsPerUnit ops.
std::vector<size_t> UnitOf(const std::vector<int64_t> &ops);

// Moves the functions of `kernels` into modules, one per unit, inside the module that is returned. Declarations go to
// every unit.
mlir::OwningOpRef<mlir::ModuleOp> SplitKernels(mlir::ModuleOp kernels);

}  // namespace ingot::compiler
#endif
