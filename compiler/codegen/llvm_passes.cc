#include "compiler/codegen/llvm_passes.h"

#include "absl/strings/str_cat.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace ingot::compiler {

absl::Status RunLlvmPasses(Module &module, TargetMachine &machine,
                           function_ref<Expected<ModulePassManager>(PassBuilder &)> build) {
  std::string problem;
  raw_string_ostream stream(problem);
  if (verifyModule(module, &stream))
    return absl::InternalError(absl::StrCat("generated LLVM IR is not valid: ", problem.substr(0, 500)));
  PassBuilder builder(&machine);
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager call_graph;
  ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(call_graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, call_graph, modules);
  Expected<ModulePassManager> passes = build(builder);
  if (!passes)
    return absl::InternalError(absl::StrCat("LLVM does not know its own passes: ", toString(passes.takeError())));
  passes->run(module, modules);
  return absl::OkStatus();
}

}  // namespace ingot::compiler
