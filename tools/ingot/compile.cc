// `ingot compile`: a model into an object, archive, shared object, executable, or a text of one of the stages between.
// Tests: tests/e2e/cli/.
#include "ingot/compile.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "graph/io/atomic_file.h"
#include "graph/io/mapped_file.h"
#include "tools/ingot/command.h"
#include "tools/ingot/device.h"
#include "tools/ingot/emit_kind.h"
#include "tools/ingot/model_loading.h"
#include "tools/ingot/progress.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

namespace fs = std::filesystem;

constexpr char kExamples[] = R"(
examples:
  ingot compile mlp.onnx -o mlp                         an executable that reads and writes .npy files: ./mlp --help
  ingot compile mlp.onnx -o mlp.o                       an object; exports ingot_program_mlp, declared in mlp.o.h
  ingot compile mlp.onnx -o mlp.so --cpu=x86-64-v4,x86-64-v3   code for two levels; the best that runs is chosen at load
  ingot compile mlp.onnx -o mlp.so --target=cuda        GPU kernels besides: ingot run mlp.so --device=cuda
  ingot compile bert.onnx -o bert --weights=file        weights in bert.weights, mapped at the start
  ingot compile bert.onnx -o bert.o --bind batch=1      a program for one batch size
  ingot compile mlp.onnx -o - --compile-to=fuse         the compiler's view after a phase, on standard output
  ingot compile mlp.onnx -o mlp.s --dump-phases=phases  assembly, and a file per phase in phases/
)";

struct Arguments {
  ModelArguments model;
  std::string output, emit, name, weights = "auto", precision = "fp32", dump_phases, compile_to;
  std::vector<std::string> cpu, targets;
  int threads = 0;
  bool json = false;
};

double Milliseconds(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

// Finds out before a long compilation what would make it useless.
absl::Status CheckOutput(const Arguments &arguments) {
  if (arguments.output == "-") return absl::OkStatus();
  std::error_code error;
  const std::string &path = arguments.output;
  std::string directory = DirectoryOf(path);
  if (fs::is_directory(path, error))
    return absl::InvalidArgumentError(absl::StrCat("cannot write '", path, "': it is a directory; add a file name"));
  if (!fs::is_directory(directory, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write '", path, "': there is no directory '", directory, "'; make it first"));
  }
  if (fs::equivalent(path, arguments.model.path, error)) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is the model itself; give another -o"));
  }
  return absl::OkStatus();
}

// The machine, and devices besides it: "x86_64-linux-gnu", "cuda", "cuda:sm_90".
absl::StatusOr<std::vector<std::string>> DeviceTargets(const std::vector<std::string> &targets) {
  std::vector<std::string> devices;
  for (const std::string &target : targets) {
    if (target.rfind("x86_64-", 0) == 0 && target.find("linux") != std::string::npos) continue;
    if (target == "cuda") {
      devices.push_back(kOldestCuda);
    } else if (target.rfind("cuda:", 0) == 0) {
      devices.push_back(target.substr(5));
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot compile for target '", target,
                       "': this version compiles for x86_64-linux-gnu, and besides for cuda; leave --target out, and "
                       "choose a level with --cpu"));
    }
  }
  return devices;
}

absl::StatusOr<CompileOptions> MakeOptions(const Arguments &arguments, Progress *progress) {
  CompileOptions options;
  ASSIGN_OR_RETURN(options.name, ProgramName(arguments.name, arguments.output, arguments.model.path));
  if (!arguments.cpu.empty()) options.cpu_levels = arguments.cpu;
  ASSIGN_OR_RETURN(options.device_targets, DeviceTargets(arguments.targets));
  options.weights = arguments.weights == "embed"  ? WeightsPlace::kEmbed
                    : arguments.weights == "file" ? WeightsPlace::kFile
                                                  : WeightsPlace::kAuto;
  options.precision = arguments.precision;
  options.dump_phases = arguments.dump_phases;
  options.threads = arguments.threads;
  options.progress = [progress](const std::string &phase) { progress->Update(phase); };
  return options;
}

std::string Size(int64_t bytes) {
  char text[40];
  const char *unit = bytes < 1000 ? " bytes" : bytes < 1000000 ? " kB" : " MB";
  double scale = bytes < 1000 ? 1 : bytes < 1000000 ? 1e3 : 1e6;
  std::snprintf(text, sizeof(text), bytes < 1000 ? "%.0f%s" : "%.1f%s", static_cast<double>(bytes) / scale, unit);
  return text;
}

// What was written beside the output itself.
std::vector<std::string> FilesWritten(const Arguments &arguments, EmitKind kind, const CompiledProgram &program) {
  constexpr int64_t kAutomaticFile = int64_t{256} << 20;
  std::vector<std::string> files = {arguments.output};
  bool linked = kind == EmitKind::kObject || kind == EmitKind::kArchive || kind == EmitKind::kShared ||
                kind == EmitKind::kExecutable;
  WeightsPlace place = program.options().weights;
  bool file = place == WeightsPlace::kFile ||
              (place == WeightsPlace::kAuto && program.statistics().weights_bytes > kAutomaticFile);
  if (linked && file)
    files.push_back(arguments.output.substr(0, arguments.output.rfind('/') + 1) + program.options().name + ".weights");
  if (kind == EmitKind::kObject || kind == EmitKind::kArchive) files.push_back(arguments.output + ".h");
  return files;
}

void Report(const Arguments &arguments, EmitKind kind, const CompiledProgram &program, double import_ms,
            double write_ms) {
  const CompileStatistics &s = program.statistics();
  std::vector<std::string> files = FilesWritten(arguments, kind, program);
  char times[160];
  std::snprintf(times, sizeof(times), "%.2f s (import %.2f, MLIR %.2f, LLVM %.2f, write %.2f)",
                (import_ms + s.total_ms + write_ms) / 1e3, import_ms / 1e3, s.mlir_ms / 1e3, s.llvm_ms / 1e3,
                write_ms / 1e3);
  Say(absl::StrCat(program.options().name, ": ", s.kernels, s.kernels == 1 ? " kernel, " : " kernels, ", s.steps,
                   s.steps == 1 ? " step (" : " steps (", s.generated_steps, " generated), code ", Size(s.code_bytes),
                   ", weights ", Size(s.weights_bytes), ", ", times, "\n"));
  std::string wrote = "wrote";
  for (const std::string &file : files) absl::StrAppend(&wrote, " ", file);
  Say(wrote + "\n");
  if (!arguments.json) return;
  PrintJson({{"output", arguments.output},
             {"emit", EmitName(kind)},
             {"name", program.options().name},
             {"symbol", "ingot_program_" + program.options().name},
             {"cpu", program.options().cpu_levels},
             {"precision", program.options().precision},
             {"files", files},
             {"kernels", s.kernels},
             {"steps", s.steps},
             {"generated_steps", s.generated_steps},
             {"code_bytes", s.code_bytes},
             {"weights_bytes", s.weights_bytes},
             {"import_ms", import_ms},
             {"compile_ms", s.total_ms},
             {"mlir_ms", s.mlir_ms},
             {"llvm_ms", s.llvm_ms},
             {"write_ms", write_ms}});
}

absl::StatusOr<int> WriteText(const Arguments &arguments, const std::string &phase, const std::string &text,
                              const CompileOptions &options) {
  if (arguments.output == "-") {
    Print(text);
    return 0;
  }
  RETURN_IF_ERROR(WriteFile(arguments.output, text));
  Say(absl::StrCat(options.name, ": wrote the program after phase ", phase, " to ", arguments.output, "\n"));
  if (arguments.json)
    PrintJson({{"output", arguments.output},
               {"emit", "mlir"},
               {"name", options.name},
               {"phase", phase},
               {"files", nlohmann::ordered_json::array({arguments.output})}});
  return 0;
}

absl::StatusOr<int> Compile(const Arguments &arguments) {
  ASSIGN_OR_RETURN(EmitChoice choice, ChooseEmit(arguments.emit, arguments.compile_to, arguments.output));
  if (arguments.output == "-" && arguments.json)
    return absl::InvalidArgumentError("-o - and --json both want standard output; leave one out");
  RETURN_IF_ERROR(CheckOutput(arguments));
  auto begin = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(Graph graph, LoadModel(arguments.model));
  double import_ms = Milliseconds(begin);

  auto progress = std::make_unique<Progress>("compiling " + arguments.model.path);
  ASSIGN_OR_RETURN(CompileOptions options, MakeOptions(arguments, progress.get()));
  if (choice.kind == EmitKind::kMlir) {
    ASSIGN_OR_RETURN(std::string text, CompileToPhase(std::move(graph), options, choice.phase));
    progress.reset();
    return WriteText(arguments, choice.phase, text, options);
  }
  ASSIGN_OR_RETURN(CompiledProgram program, ingot::Compile(std::move(graph), options));
  progress->Update("writing");
  begin = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(WriteProgram(program, ToOutputKind(choice.kind), arguments.output));
  double write_ms = Milliseconds(begin);
  progress.reset();
  Report(arguments, choice.kind, program, import_ms, write_ms);
  return 0;
}

}  // namespace

void AddCompile(CLI::App *app, Action *action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *command =
      app->add_subcommand("compile", "Compile a model to an object, shared object, executable or intermediate text");
  command->footer(kExamples);
  AddModelOptions(command, "an ONNX model or an Ingot graph", &arguments->model);
  command->add_option("-o,--output", arguments->output, "What to write; `-` is standard output, for MLIR")
      ->required()
      ->type_name("OUT");
  command
      ->add_option("--emit", arguments->emit,
                   "What OUT is. Default, by its extension: .o object, .a archive, .so shared, .mlir mlir, .ll llvm, "
                   ".s asm, .ptx ptx, none executable")
      ->check(CLI::IsMember(EmitNames()))
      ->type_name("KIND");
  command
      ->add_option(
          "--name", arguments->name,
          "Name of the program, a C identifier: the symbol is ingot_program_NAME. Default: from OUT's file name")
      ->type_name("NAME");
  command->add_option("--cpu", arguments->cpu, "CPU levels to compile for: x86-64-v3 (default), x86-64-v4, native")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LEVEL,...");
  command
      ->add_option("--target", arguments->targets,
                   "Compile besides for NVIDIA GPUs: cuda, or cuda:sm_80, cuda:sm_90 (that architecture and later "
                   "ones). The machine itself is x86_64-linux-gnu")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAME,...");
  command
      ->add_option("--weights", arguments->weights,
                   "Where weights go: into OUT, or beside it in NAME.weights (auto, the default: above 256 MB)")
      ->check(CLI::IsMember({"auto", "embed", "file"}))
      ->type_name("PLACE");
  AddPrecisionOption(command, &arguments->precision);
  command
      ->add_option("--dump-phases", arguments->dump_phases, "Write the program after every phase into this directory")
      ->type_name("DIR");
  command->add_option("--compile-to", arguments->compile_to, "Stop after a phase and write MLIR: " + PhaseList())
      ->type_name("PHASE");
  command
      ->add_option("--threads", arguments->threads,
                   "Threads that compile; 0 (default) is one for each CPU. What is written is the same for any number")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  command->add_flag("--json", arguments->json, "Print one JSON object with names, sizes and times");
  command->callback([arguments, action] { *action = [arguments] { return Compile(*arguments); }; });
}

}  // namespace ingot::tool
