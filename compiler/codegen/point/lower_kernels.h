// Kernels as emitted (scf, arith, math, vector, llvm pointers) down to the LLVM dialect.
#ifndef INGOT_COMPILER_CODEGEN_POINT_LOWERKERNELS_H
#define INGOT_COMPILER_CODEGEN_POINT_LOWERKERNELS_H

#include "mlir/IR/BuiltinOps.h"

namespace ingot::compiler {

// Lowers every module inside `units`, side by side on the context's threads.
mlir::LogicalResult LowerKernels(mlir::ModuleOp units);

}  // namespace ingot::compiler
#endif
