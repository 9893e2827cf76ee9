// The compiler's phases, from graph to LLVM modules. Each phase has a name, can be dumped, and is verified by MLIR
// before the next begins.
//
//   import    one op of the `ingot` dialect per node
//   simplify  small constants folded; composites decomposed; transposes moved out of the way of fusion
//   fuse      views resolved, constant matrices packed, regions formed; identical kernels shared
//   vector    kernels as vector code, per CPU level
//   buffers   the program: sizes, values, steps (text: what the object will hold)
#ifndef INGOT_COMPILER_PIPELINE_PIPELINE_H
#define INGOT_COMPILER_PIPELINE_PIPELINE_H

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "compiler/emit/code_unit.h"
#include "compiler/emit/program_plan.h"
#include "ingot/compile.h"
#include "llvm/Support/ThreadPool.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace ingot::compiler {

enum class Phase { Import, Simplify, Fuse, Vector, Buffers, Object };
llvm::StringRef Name(Phase phase);

// Everything that lives while one graph is compiled.
class Pipeline {
 public:
  Pipeline(Graph graph, const CompileOptions &options, std::vector<Target> levels, std::vector<Target> device_targets);
  // Runs all phases up to and including `last`. `dump` is called with each phase's name and IR when it has been
  // reached.
  absl::Status Run(Phase last, const std::function<absl::Status(llvm::StringRef, const std::string &)> &dump);

  // After Buffers.
  const Graph &graph() const { return graph_; }
  const ProgramPlan &plan() const { return plan_; }
  // The kernels in LLVM IR, to be optimized and emitted; the caller may add units and take them apart.
  std::vector<CodeUnit> &units() { return units_; }
  // The same for devices, one per target of theirs.
  std::vector<CodeUnit> &device_units() { return device_units_; }
  // Calls work(i) for i below count, on as many threads as the options say, and returns when all are done.
  void ParallelFor(size_t count, llvm::function_ref<void(size_t)> work);
  std::string Text() const;  // of the last phase

 private:
  absl::Status RunPasses(llvm::function_ref<void(mlir::OpPassManager &)> add);
  absl::Status Import();
  absl::Status Simplify();
  absl::Status Fuse();
  absl::Status EmitKernels();
  absl::Status Buffers();
  absl::Status LowerToLlvm();
  absl::Status LowerForDevices();
  absl::Status Internal(const char *what);

  Graph graph_;
  const CompileOptions &options_;
  std::vector<Target> levels_, device_targets_;
  std::unique_ptr<llvm::StdThreadPool> threads_;  // the context uses it: it goes last. Null: one thread
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_, kernels_;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> device_kernels_;
  SizeTable sizes_;
  std::vector<KernelInfos> infos_, device_infos_;
  ProgramPlan plan_;
  std::vector<CodeUnit> units_, device_units_;
  std::string diagnostics_;
  Phase reached_ = Phase::Import;
};

}  // namespace ingot::compiler
#endif
