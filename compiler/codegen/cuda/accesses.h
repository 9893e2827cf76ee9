// Of twins (twin.h): in front of each load, store and copy of a kernel, a call that tells the emulator what it touches,
// but for those of a thread's own stack and of constants. Test: tests/gpu/bounds_test.cc.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_ACCESSES_H
#define INGOT_COMPILER_CODEGEN_CUDA_ACCESSES_H

#include "llvm/IR/Module.h"

namespace ingot::compiler::cuda {

// Shared variables are still variables.
void CheckAccesses(llvm::Module &module);

}  // namespace ingot::compiler::cuda
#endif
