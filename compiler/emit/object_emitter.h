// LLVM module -> optimised object code (or text), for x86-64 Linux, position independent.
#ifndef INGOT_COMPILER_EMIT_OBJECTEMITTER_H
#define INGOT_COMPILER_EMIT_OBJECTEMITTER_H

#include <string>

#include "absl/status/statusor.h"
#include "llvm/IR/Module.h"

namespace ingot::compiler {

enum class CodeForm { Object, Assembly };

// Sets triple and data layout and runs LLVM's O2 pipeline. Kernels are vectorised already: loop vectorisers are off.
absl::Status optimize(llvm::Module &module);
absl::StatusOr<std::string> emitCode(llvm::Module &module, CodeForm form);
// An object whose only content is `const ingot_program_desc_t *const ingot_main_program`, which the runtime's main
// looks for.
absl::StatusOr<std::string> mainProgramObject(const std::string &name);

}  // namespace ingot::compiler
#endif
