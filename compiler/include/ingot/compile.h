// The compiler as a library: a graph in, a compiled program out. No LLVM or MLIR type appears here.
//
//   absl::StatusOr<CompiledProgram> program = Compile(graph, {.name = "mlp"});
//   absl::Status written = WriteProgram(*program, OutputKind::kObject, "mlp.o");
//
// Errors: InvalidArgument for options and graphs, Unimplemented with every unsupported node for what the compiler
// cannot do. Tests: tests/compiler/, tests/e2e/.
#ifndef INGOT_COMPILE_H_
#define INGOT_COMPILE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/graph.h"

namespace ingot {

enum class WeightsPlace { kAuto /* file above 256 MB */, kEmbed, kFile };

struct CompileOptions {
  std::string name = "model";                           // C identifier: the symbol is ingot_program_<name>
  std::vector<std::string> cpu_levels = {"x86-64-v3"};  // compiled side by side; the best that runs is chosen at load
  // Compiled besides, for devices other than the host: "sm_80", "sm_90" (GPUs of NVIDIA, as PTX for these and later
  // ones), "emulated" (tests without a GPU). Which of all that a program holds is used is said when it is loaded.
  std::vector<std::string> device_targets;
  WeightsPlace weights = WeightsPlace::kAuto;
  // "fp32", or "tf32" with a device target: products of f32 matrices on a GPU take operands of 10 bits of fraction.
  std::string precision = "fp32";
  // Matrix products with constant weights call a library (kernels/manifest.h) instead of generated code. Only for the
  // JIT, which binds the calls.
  bool library_kernels = false;
  int threads = 0;  // that compile side by side; 0: one for each CPU that the process may use. The result is the same
  std::string dump_phases;                                 // a directory for the IR after each phase, or empty
  std::function<void(const std::string &phase)> progress;  // called when a phase begins
};

// The phases in order: "import", "simplify", "fuse", "vector", "buffers", "object".
std::vector<std::string> PhaseNames();

struct CompileStatistics {
  int kernels = 0, steps = 0, generated_steps = 0;
  double total_ms = 0, mlir_ms = 0, llvm_ms = 0;
  int64_t weights_bytes = 0, code_bytes = 0;
};

class CompiledProgram {
 public:
  CompiledProgram();
  ~CompiledProgram();
  CompiledProgram(CompiledProgram &&) noexcept;
  CompiledProgram &operator=(CompiledProgram &&) noexcept;

  const CompileOptions &options() const;
  const CompileStatistics &statistics() const;
  // C header that declares the program's symbol and documents inputs and outputs.
  std::string header() const;

  struct Impl;
  std::unique_ptr<Impl> impl;
};

absl::StatusOr<CompiledProgram> Compile(Graph graph, const CompileOptions &options = {});

// The IR after a phase ("import" to "buffers") as text.
absl::StatusOr<std::string> CompileToPhase(Graph graph, const CompileOptions &options, const std::string &phase);

enum class OutputKind { kObject, kArchive, kShared, kExecutable, kLlvm, kAssembly, kPtx };

// Writes PATH (through a temporary file and a rename; kPtx: the GPU's kernels alone, of the newest device target), and
// beside it <name>.weights when weights go to a file and PATH.h for objects and archives. Executables and shared
// objects need a C compiler (cc) and the runtime's libraries, found beside this program or in INGOT_LIBRARY_DIR.
absl::Status WriteProgram(const CompiledProgram &program, OutputKind kind, const std::string &path);

}  // namespace ingot

#endif
