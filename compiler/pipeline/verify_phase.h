// What may still exist after each phase, beyond what MLIR's own verifier knows. A failure is a bug of the compiler,
// found where it was made instead of phases later; the error names the op, its nodes and the pass to look at. Test:
// tests/compiler/verify_phase_test.cc.
#ifndef INGOT_COMPILER_PIPELINE_VERIFYPHASE_H
#define INGOT_COMPILER_PIPELINE_VERIFYPHASE_H

#include <string>

#include "compiler/emit/program_plan.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot::compiler {

// One function @main of graph ops, constants and scalars, each with the name of its node.
mlir::LogicalResult VerifyAfterImport(mlir::ModuleOp module);
// No composites, no convolutions.
mlir::LogicalResult VerifyAfterSimplify(mlir::ModuleOp module);
// @main dispatches kernels on whole buffers; kernels hold primitives on views.
mlir::LogicalResult VerifyAfterFuse(mlir::ModuleOp module);
// Kernels on pointers, with the ABI's signatures; no tensors. Those of a device may have variables that a block's
// threads share.
mlir::LogicalResult VerifyAfterVector(mlir::ModuleOp kernels);
mlir::LogicalResult VerifyDeviceKernels(mlir::ModuleOp kernels);
// Empty, or what is wrong with the plan: every index in its table, every value written before it is read and alive
// while it is used.
std::string VerifyPlan(const ProgramPlan &plan);

}  // namespace ingot::compiler
#endif
