// A GPU's kernels as code of the host, for tests: one call is one thread. What only a GPU has (numbers of threads,
// barriers, exchange within a warp, asynchronous copies, products of matrices) becomes calls of tests/gpu/emulator/.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_TWIN_H
#define INGOT_COMPILER_CODEGEN_CUDA_TWIN_H

#include "llvm/IR/Module.h"

namespace ingot::compiler::cuda {

// Rewrites optimized LLVM IR for NVPTX. Each kernel gets a function "kernel:NAME" of one parameter, an array of
// pointers to its parameters; a global `image` of type ingot_emulated_image_t lists them. Shared variables without a
// definition are the kernel's dynamic memory.
void MakeTwin(llvm::Module &module, llvm::StringRef image);

}  // namespace ingot::compiler::cuda
#endif
