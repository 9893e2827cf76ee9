#ifndef INGOT_COMPILER_TRANSFORMS_PASSES_H
#define INGOT_COMPILER_TRANSFORMS_PASSES_H

#include "compiler/dialect/ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace ingot::compiler {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Passes.h.inc"
}  // namespace ingot::compiler

#endif
