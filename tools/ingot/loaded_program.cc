#include "tools/ingot/loaded_program.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "ingot/interpreter.h"
#include "tools/ingot/flops.h"
#include "tools/ingot/kernel_library.h"
#include "tools/ingot/model_loading.h"
#include "tools/ingot/progress.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

class Stopwatch {
 public:
  double Milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

absl::StatusOr<LoadedProgram> OpenShared(const ModelArguments &model, const LoadArguments &load,
                                         const InputArguments &inputs) {
  LoadedProgram loaded;
  if (!model.bind.empty())
    return absl::InvalidArgumentError("--bind changes ONNX models, not compiled code; use it with `ingot compile`");
  if (FindKernelLibrary(load.library) != nullptr)
    return absl::InvalidArgumentError("--library is for models compiled here, not for compiled code");
  Stopwatch watch;
  ASSIGN_OR_RETURN(loaded.device, OpenDevice(load.device));
  ASSIGN_OR_RETURN(loaded.shared, SharedProgram::Open(model.path, load.cpu, loaded.device.device.get()));
  loaded.load_ms = watch.Milliseconds();
  loaded.interface = Interface::Of(*ingot_program_get_desc(loaded.program()));
  ASSIGN_OR_RETURN(loaded.inputs, GatherInputs(loaded.interface, nullptr, inputs));
  return loaded;
}

absl::StatusOr<LoadedProgram> CompileHere(const ModelArguments &model, const LoadArguments &load,
                                          const InputArguments &inputs) {
  LoadedProgram loaded;
  Stopwatch import_watch;
  ASSIGN_OR_RETURN(Graph graph, LoadModel(model));
  double import_ms = import_watch.Milliseconds();
  // Inputs first: a wrong one should not cost a compilation.
  loaded.interface = Interface::Of(graph);
  ASSIGN_OR_RETURN(loaded.inputs, GatherInputs(loaded.interface, &graph, inputs));
  std::vector<std::vector<int64_t>> dims;
  for (const Tensor &tensor : loaded.inputs.tensors) dims.push_back(tensor.dims());
  for (const GraphState &state : graph.states) {
    dims.emplace_back();
    for (const Dim &dim : graph.type(state.input).dims) {
      absl::StatusOr<int64_t> size = dim.Evaluate(loaded.inputs.sizes);
      if (!size.ok())
        return absl::InvalidArgumentError(absl::StrCat("state '", graph.value(state.input).name,
                                                       "': ", size.status().message(), "; add --dim NAME=SIZE"));
      dims.back().push_back(*size);
    }
  }
  ASSIGN_OR_RETURN(loaded.inputs.sizes, SolveSymbols(StatesAsValues(graph), dims));
  absl::StatusOr<int64_t> operations = ContractionOperations(graph).Evaluate(loaded.inputs.sizes);
  if (operations.ok()) loaded.operations = static_cast<double>(*operations);

  ASSIGN_OR_RETURN(loaded.device, OpenDevice(load.device));
  Progress progress("compiling " + model.path);
  JitOptions options;
  options.device = loaded.device.device.get();
  options.compile.device_targets = loaded.device.targets;
  options.compile.precision = load.precision;
  if (!load.cpu.empty()) options.compile.cpu_levels = {load.cpu};
  options.library = FindKernelLibrary(load.library);
  if (load.no_cache) options.cache_directory = "none";
  options.compile.progress = [&progress](const std::string &phase) { progress.Update(phase); };
  Stopwatch watch;
  ASSIGN_OR_RETURN(loaded.jit, JitProgram::Load(std::move(graph), options));
  loaded.compile_ms = loaded.jit->compile_ms();
  loaded.load_ms = import_ms + std::max(0.0, watch.Milliseconds() - loaded.compile_ms);
  return loaded;
}

}  // namespace

void AddLoadOptions(CLI::App *command, LoadArguments *arguments) {
  command
      ->add_option("--cpu", arguments->cpu,
                   "CPU level to compile for or to choose from PROGRAM.so. Default: the best that this machine runs")
      ->type_name("LEVEL");
  AddDeviceOptions(command, &arguments->device, &arguments->precision);
  AddLibraryOption(command, &arguments->library);
  command->add_flag("--no-cache", arguments->no_cache,
                    "Compile the model even if the cache holds it, and keep nothing");
}

nlohmann::ordered_json LoadedProgram::Facts() const {
  return {{"mode", jit != nullptr ? "jit" : "aot"},
          {"cpu", ingot_program_get_cpu_level(program())},
          {"device", device.device == nullptr ? "cpu" : ingot_device_get_name(device.device.get())},
          {"sizes", inputs.sizes},
          {"compile_ms", compile_ms},
          {"load_ms", load_ms},
          {"from_cache", jit != nullptr && jit->from_cache()}};
}

absl::StatusOr<LoadedProgram> LoadProgram(const ModelArguments &model, const LoadArguments &load,
                                          const InputArguments &inputs) {
  ASSIGN_OR_RETURN(ModelFormat format, FindFormat(model.path));
  return format == ModelFormat::kProgram ? OpenShared(model, load, inputs) : CompileHere(model, load, inputs);
}

}  // namespace ingot::tool
