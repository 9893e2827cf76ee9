#include "tools/ingot/case_runner.h"

#include <cstring>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "ingot/compile.h"
#include "ingot/interpreter.h"
#include "ingot/jit.h"
#include "ingot/onnx.h"
#include "tools/ingot/device.h"
#include "tools/ingot/shared_program.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

// A model made ready in one of the modes.
struct Executable {
  std::vector<Port> inputs, outputs;
  StepCounts steps;  // per run
  std::function<absl::StatusOr<std::vector<Tensor>>(const std::vector<Tensor> &)> run;
};

// On a device a second run like the first may go another way (as a captured graph): it gives the same bits.
absl::StatusOr<std::vector<Tensor>> EvaluateTwice(ProgramRunner *runner, const std::vector<Tensor> &inputs) {
  ASSIGN_OR_RETURN(std::vector<Tensor> outputs, runner->Evaluate(inputs));
  // The next run writes to the memory of these.
  for (Tensor &tensor : outputs) tensor = Tensor::Copy(tensor.dtype(), tensor.dims(), tensor.data());
  RETURN_IF_ERROR(runner->Run());
  ASSIGN_OR_RETURN(std::vector<Tensor> again, runner->Outputs());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].type() != again[i].type() ||
        (outputs[i].bytes() != 0 && std::memcmp(outputs[i].data(), again[i].data(), outputs[i].bytes()) != 0))
      return absl::InternalError(absl::StrCat("output ", i, " of a second run differs from that of the first"));
  }
  return outputs;
}

absl::Status UseProgram(const ingot_program_t *program, std::shared_ptr<const void> owner, uint32_t threads,
                        Executable *executable) {
  ASSIGN_OR_RETURN(std::unique_ptr<ProgramRunner> runner, ProgramRunner::Create(program, threads));
  executable->steps = CountSteps(program);
  // The runner must go before the program it borrows.
  struct Both {
    std::shared_ptr<const void> owner;
    std::unique_ptr<ProgramRunner> runner;
  };
  auto both = std::make_shared<Both>(Both{std::move(owner), std::move(runner)});
  const bool is_on_device = ingot_program_get_device_level(program) != nullptr;
  executable->run = [both, is_on_device](const std::vector<Tensor> &inputs) {
    return is_on_device ? EvaluateTwice(both->runner.get(), inputs) : both->runner->Evaluate(inputs);
  };
  return absl::OkStatus();
}

absl::Status UseInterpreter(Graph graph, Executable *executable) {
  executable->steps.reference = static_cast<int64_t>(graph.nodes.size());
  auto shared = std::make_shared<const Graph>(std::move(graph));
  executable->run = [shared](const std::vector<Tensor> &inputs) { return Interpret(*shared, inputs); };
  return absl::OkStatus();
}

absl::Status UseJit(Graph graph, const CaseOptions &options, Executable *executable) {
  JitOptions jit;
  jit.cache_directory = "none";  // a test of the compiler has to compile
  if (!options.cpu.empty()) jit.compile.cpu_levels = {options.cpu};
  jit.library = options.library;
  struct Loaded {
    OpenedDevice device;
    std::unique_ptr<JitProgram> program;
  };
  auto loaded = std::make_shared<Loaded>();
  ASSIGN_OR_RETURN(loaded->device, OpenDevice(options.device));
  jit.device = loaded->device.device.get();
  jit.compile.device_targets = loaded->device.targets;
  jit.compile.precision = options.precision;
  ASSIGN_OR_RETURN(loaded->program, JitProgram::Load(std::move(graph), jit));
  return UseProgram(loaded->program->program(), loaded, options.threads, executable);
}

absl::Status UseAheadOfTime(Graph graph, const CaseOptions &options, Executable *executable) {
  CompileOptions compile;
  compile.name = "verified";
  if (!options.cpu.empty()) compile.cpu_levels = {options.cpu};
  ASSIGN_OR_RETURN(CompiledProgram compiled, Compile(std::move(graph), compile));
  std::string path = options.directory + "/verified.so";
  RETURN_IF_ERROR(WriteProgram(compiled, OutputKind::kShared, path));
  ASSIGN_OR_RETURN(std::unique_ptr<SharedProgram> shared, SharedProgram::Open(path, "", nullptr));
  const ingot_program_t *program = shared->program();
  return UseProgram(program, std::shared_ptr<const void>(std::move(shared)), options.threads, executable);
}

absl::StatusOr<Executable> Prepare(Graph graph, const CaseOptions &options) {
  Executable executable;
  Interface interface = Interface::Of(graph);
  executable.inputs = interface.inputs();
  executable.outputs = interface.outputs();
  switch (options.mode) {
    case CaseMode::kInterpreter:
      RETURN_IF_ERROR(UseInterpreter(std::move(graph), &executable));
      break;
    case CaseMode::kJit:
      RETURN_IF_ERROR(UseJit(std::move(graph), options, &executable));
      break;
    case CaseMode::kAot:
      RETURN_IF_ERROR(UseAheadOfTime(std::move(graph), options, &executable));
      break;
  }
  return executable;
}

absl::Status RunSet(const Executable &executable, const DataSet &set, const Tolerance &tolerance) {
  ASSIGN_OR_RETURN(std::vector<Tensor> inputs, InOrder(set.inputs, executable.inputs, "input"));
  ASSIGN_OR_RETURN(std::vector<Tensor> expected, InOrder(set.outputs, executable.outputs, "output"));
  ASSIGN_OR_RETURN(std::vector<Tensor> actual, executable.run(inputs));
  for (size_t i = 0; i < actual.size() && i < expected.size(); ++i) {
    absl::Status same = Compare(actual[i], expected[i], tolerance);
    if (!same.ok())
      return absl::InvalidArgumentError(absl::StrCat("output '", executable.outputs[i].name, "' ", same.message()));
  }
  return absl::OkStatus();
}

CaseResult Failed(const absl::Status &status, const std::string &where = "") {
  CaseResult result;
  result.verdict = absl::IsUnimplemented(status) ? CaseResult::Verdict::kSkipped : CaseResult::Verdict::kFailed;
  result.reason = absl::StrCat(where, where.empty() ? "" : ": ", status.message());
  return result;
}

}  // namespace

std::string CaseResult::Serialize() const {
  nlohmann::json json = {static_cast<int>(verdict), reason,      steps.generated, steps.library, steps.host,
                         steps.reference,           steps.copies};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

CaseResult CaseResult::Parse(const std::string &text) {
  CaseResult result;
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array() || json.size() != 7) {
    result.verdict = Verdict::kFailed;
    result.reason = "the case's process gave no result";
    return result;
  }
  result.verdict = static_cast<Verdict>(json[0].get<int>());
  result.reason = json[1].get<std::string>();
  result.steps = {json[2].get<int64_t>(), json[3].get<int64_t>(), json[4].get<int64_t>(), json[5].get<int64_t>(),
                  json[6].get<int64_t>()};
  return result;
}

CaseResult RunCase(const std::string &directory, const CaseOptions &options) {
  absl::StatusOr<std::vector<DataSet>> sets = ReadDataSets(directory);
  // Sequences are as long as in the first data set. What is not supported is said by the importer, where it knows.
  absl::StatusOr<Graph> graph =
      ImportOnnx(directory + "/model.onnx", {.dims = sets.ok() ? sets->front().lengths : std::map<std::string, Dim>()});
  if (!graph.ok()) return Failed(graph.status());
  if (!sets.ok()) return Failed(sets.status());
  absl::StatusOr<Executable> executable = Prepare(*std::move(graph), options);
  if (!executable.ok()) return Failed(executable.status());
  CaseResult result;
  for (const DataSet &set : *sets) {
    if (absl::Status status = RunSet(*executable, set, options.tolerance); !status.ok())
      return Failed(status, set.name);
    result.steps += executable->steps;
  }
  return result;
}

}  // namespace ingot::tool
