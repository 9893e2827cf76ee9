// Runs LLVM passes over a module, with the analyses that they want: for the host's code and for a device's.
#ifndef INGOT_COMPILER_CODEGEN_LLVMPASSES_H
#define INGOT_COMPILER_CODEGEN_LLVMPASSES_H

#include "absl/status/status.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

namespace ingot::compiler {

// Internal when the module is not valid, which is a fault of the compiler's. `build` says which passes.
absl::Status RunLlvmPasses(
    llvm::Module &module, llvm::TargetMachine &machine,
    llvm::function_ref<llvm::Expected<llvm::ModulePassManager>(llvm::PassBuilder &builder)> build);

}  // namespace ingot::compiler
#endif
