// Writes a ProgramPlan into an LLVM module as the constant data of runtime/include/ingot/abi.h.
#ifndef INGOT_COMPILER_EMIT_PROGRAMEMITTER_H
#define INGOT_COMPILER_EMIT_PROGRAMEMITTER_H

#include "compiler/emit/program_plan.h"
#include "llvm/IR/Module.h"

namespace ingot::compiler {

struct EmitOptions {
  std::string name, precision;
  std::vector<Target> levels;
  bool embedWeights = true;
  uint64_t weightsHash = 0;
  std::string weightsFile;  // when not embedded
};

// The module must hold every kernel as @KERNEL.LEVEL (kernelSymbol), and of library kernels also prepareSymbol.
// Afterwards only @ingot_program_<name> is visible.
void emitProgram(llvm::Module &module, const ProgramPlan &plan, const EmitOptions &options);
std::string kernelSymbol(const std::string &kernel, const std::string &level);
std::string prepareSymbol(const std::string &kernel, const std::string &level);

// Section that reserves room for embedded weights; weights.cc fills it in after code generation.
inline constexpr char kWeightsSection[] = ".lrodata.ingot";

}  // namespace ingot::compiler
#endif
