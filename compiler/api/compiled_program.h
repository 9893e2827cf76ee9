// What a CompiledProgram holds, for the compiler's own parts (api/, jit/).
#ifndef INGOT_COMPILER_API_COMPILEDPROGRAM_H
#define INGOT_COMPILER_API_COMPILEDPROGRAM_H

#include "compiler/emit/program_plan.h"
#include "graph/io/atomic_file.h"
#include "ingot/compile.h"

namespace ingot {

struct CompiledProgram::Impl {
  CompileOptions options;
  CompileStatistics statistics;
  std::vector<Tensor> constants;
  compiler::ProgramPlan plan;
  bool embed_weights = true;
  uint64_t weights_hash = 0;
  std::string object;                      // machine code and tables; room for weights when embedded
  std::vector<std::string> device_images;  // one per device target, in the order of preference; empty where it is code
  std::vector<std::string> llvm;           // bitcode of the optimized code units, for --emit=llvm and asm
};

namespace compiler {
// The side file's contents: header, padding, weights.
absl::Status AppendWeightsFile(const CompiledProgram &program, AtomicFile &out);
absl::Status WriteWeightsFile(const CompiledProgram &program, const std::string &path);
std::string WeightsFileName(const std::string &name);
}  // namespace compiler

}  // namespace ingot
#endif
