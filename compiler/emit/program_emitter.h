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

// Other code units hold every kernel as @KERNEL.LEVEL (kernelSymbol), and of library kernels also prepareSymbol. Only
// @ingot_program_<name> is visible outside of the program.
void emitProgram(llvm::Module &module, const ProgramPlan &plan, const EmitOptions &options);
// For a module of kernels: each gets its level's instruction set, and is seen by the program's other units alone.
void setTargets(llvm::Module &module, const std::vector<Target> &levels);
std::string kernelSymbol(const std::string &kernel, const std::string &level);
std::string prepareSymbol(const std::string &kernel, const std::string &level);

// Section that reserves room for embedded weights; weights.cc fills it in after code generation.
inline constexpr char kWeightsSection[] = ".lrodata.ingot";

}  // namespace ingot::compiler
#endif
