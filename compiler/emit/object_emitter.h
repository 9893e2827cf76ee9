// LLVM module -> optimised object code (or text), for x86-64 Linux, position independent.
#ifndef INGOT_COMPILER_EMIT_OBJECTEMITTER_H
#define INGOT_COMPILER_EMIT_OBJECTEMITTER_H

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "llvm/IR/Module.h"

namespace ingot::compiler {

enum class CodeForm { Object, Assembly };

// Sets triple and data layout and runs the passes of LLVM that kernels need.
absl::Status Optimize(llvm::Module &module);
absl::StatusOr<std::string> EmitCode(llvm::Module &module, CodeForm form);
// Bitcode of the optimized modules as one module again, in `context`. What they hid from others is internal to it.
absl::StatusOr<std::unique_ptr<llvm::Module>> LinkBitcode(const std::vector<std::string> &units,
                                                          llvm::LLVMContext &context);
// An object whose only content is `const ingot_program_desc_t *const ingot_main_program`, which the runtime's main
// looks for.
absl::StatusOr<std::string> MainProgramObject(const std::string &name);

}  // namespace ingot::compiler
#endif
