// A GPU has no libm: calls of mathematical functions become calls of our own (kernels/device/), which are linked into
// the kernels.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_DEVICEMATH_H
#define INGOT_COMPILER_CODEGEN_CUDA_DEVICEMATH_H

#include "absl/status/status.h"
#include "llvm/IR/Module.h"

namespace ingot::compiler::cuda {

// In a module for NVPTX, before it is optimized.
absl::Status LinkDeviceMath(llvm::Module &module);

}  // namespace ingot::compiler::cuda
#endif
