// Writes a ProgramPlan into an LLVM module as the constant data of runtime/include/ingot/abi.h.
#ifndef INGOT_COMPILER_EMIT_PROGRAMEMITTER_H
#define INGOT_COMPILER_EMIT_PROGRAMEMITTER_H

#include "compiler/emit/program_plan.h"
#include "llvm/IR/Module.h"

namespace ingot::compiler {

struct EmitOptions {
  std::string name, precision;
  std::vector<Target> levels, device_targets;
  const std::vector<DeviceImage> *device_images = nullptr;  // one per device target, taken apart from their code
  bool embed_weights = true;
  uint64_t weights_hash = 0;
  std::string weights_file;  // when not embedded
};

// Other code units hold every kernel as @KERNEL.LEVEL (KernelSymbol), and of library kernels also PrepareSymbol. Only
// @ingot_program_<name> is visible outside of the program.
void EmitProgram(llvm::Module &module, const ProgramPlan &plan, const EmitOptions &options);
// For a module of kernels: each gets its level's instruction set, and is seen by the program's other units alone.
void SetTargets(llvm::Module &module, const std::vector<Target> &levels);
std::string KernelSymbol(const std::string &kernel, const std::string &level);
std::string PrepareSymbol(const std::string &kernel, const std::string &level);
// In a device's image.
std::string EntrySymbol(const std::string &kernel, const std::string &level);

// Section that reserves room for embedded weights; weights.cc fills it in after code generation.
inline constexpr char kWeightsSection[] = ".lrodata.ingot";

}  // namespace ingot::compiler
#endif
