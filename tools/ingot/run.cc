// `ingot run`: one run of a model by the JIT, the reference interpreter, or of a program compiled ahead of time.
// Tests: tests/e2e/cli/.
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "ingot/interpreter.h"
#include "tools/ingot/command.h"
#include "tools/ingot/inputs.h"
#include "tools/ingot/loaded_program.h"
#include "tools/ingot/model_loading.h"
#include "tools/ingot/outputs.h"
#include "tools/ingot/progress.h"
#include "tools/ingot/state_file.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

constexpr char kExamples[] = R"(
examples:
  ingot run mlp.onnx --input x=x.npy                    compile, run, and print a summary of every output
  ingot run mlp.onnx --input x=x.npy --output out       write out/OUTPUT_NAME.npy for every output
  ingot run mlp.onnx --random=1 --dim batch=3           random inputs
  ingot run mlp.onnx --random=1 --dim batch=3 --interpreter --double --output exact
  ingot run mlp.so --input x=x.npy --threads 1          a program made by `ingot compile -o mlp.so`
  ingot run decoder.ingot --input x=x.npy --state kv.safetensors   go on from the state of the last run, and keep it

Compiled code is kept in $INGOT_CACHE_DIR, $XDG_CACHE_HOME/ingot or ~/.cache/ingot, at most $INGOT_CACHE_LIMIT of it (default 10G);
--no-cache compiles anew and keeps nothing.
)";

struct Arguments {
  ModelArguments model;
  InputArguments inputs;
  LoadArguments load;
  std::string output, state;
  uint32_t threads = 0;
  bool interpreter = false, exact = false, json = false;
};

struct Result {
  std::vector<Port> ports;
  std::vector<Tensor> tensors;
  std::vector<std::string> input_files;
  NamedTensors states;           // after the run
  nlohmann::ordered_json facts;  // how it was run
};

// What the run begins with: the file's states in place of the initial ones, if there is a file.
absl::Status LoadStates(const std::string &path, NamedTensors *states) {
  if (states->empty())
    return absl::InvalidArgumentError("--state is for models with states, and this one has none: leave it out");
  ASSIGN_OR_RETURN(std::optional<NamedTensors> file, ReadStateFile(path));
  return file ? MatchStates(path, *file, states) : absl::OkStatus();
}

// One run of a graph with states, as of a graph that gets and gives them.
absl::StatusOr<std::vector<Tensor>> InterpretStates(const Arguments &arguments, const Graph &graph,
                                                    const Inputs &inputs, NamedTensors *states) {
  ASSIGN_OR_RETURN(std::vector<Tensor> initial, InitialStates(graph, inputs.sizes));
  for (size_t i = 0; i < initial.size(); ++i)
    states->emplace_back(graph.value(graph.states[i].input).name, std::move(initial[i]));
  if (!arguments.state.empty()) RETURN_IF_ERROR(LoadStates(arguments.state, states));
  std::vector<Tensor> all = inputs.tensors;
  for (const auto &[name, tensor] : *states) all.push_back(tensor);
  const Graph pure = StatesAsValues(graph);
  ASSIGN_OR_RETURN(std::vector<Tensor> results, arguments.exact ? InterpretDouble(pure, all) : Interpret(pure, all));
  size_t outputs = graph.outputs.size();
  for (size_t i = 0; i < states->size(); ++i) (*states)[i].second = results[outputs + i];
  results.resize(outputs);
  return results;
}

absl::StatusOr<Result> RunInterpreter(const Arguments &arguments) {
  ASSIGN_OR_RETURN(Graph graph, LoadModel(arguments.model));
  Interface interface = Interface::Of(graph);
  ASSIGN_OR_RETURN(Inputs inputs, GatherInputs(interface, &graph, arguments.inputs));
  Progress progress("interpreting " + arguments.model.path);
  Result result{interface.outputs(), {}, inputs.files, {}, {{"mode", "interpreter"}, {"sizes", inputs.sizes}}};
  auto begin = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(result.tensors, InterpretStates(arguments, graph, inputs, &result.states));
  result.facts["run_ms"] = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

absl::StatusOr<Result> RunProgram(const Arguments &arguments) {
  ASSIGN_OR_RETURN(LoadedProgram loaded, LoadProgram(arguments.model, arguments.load, arguments.inputs));
  ASSIGN_OR_RETURN(std::unique_ptr<ProgramRunner> runner, ProgramRunner::Create(loaded.program(), arguments.threads));
  RETURN_IF_ERROR(runner->MakeStates(loaded.inputs.sizes));
  if (!arguments.state.empty()) {
    ASSIGN_OR_RETURN(NamedTensors states, runner->States());
    RETURN_IF_ERROR(LoadStates(arguments.state, &states));
    RETURN_IF_ERROR(runner->SetStates(states));
  }
  RETURN_IF_ERROR(runner->Bind(loaded.inputs.tensors));
  Result result{loaded.interface.outputs(), {}, loaded.inputs.files, {}, loaded.Facts()};
  auto begin = std::chrono::steady_clock::now();
  {
    Progress progress("running " + arguments.model.path);
    RETURN_IF_ERROR(runner->Run());
  }
  result.facts["run_ms"] = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  result.facts["threads"] = runner->threads();
  ASSIGN_OR_RETURN(result.tensors, runner->Outputs());
  if (!arguments.state.empty()) {
    ASSIGN_OR_RETURN(result.states, runner->States());
  }
  return result;
}

absl::Status CheckArguments(const Arguments &arguments, ModelFormat format) {
  if (arguments.exact && !arguments.interpreter)
    return absl::InvalidArgumentError("--double is the interpreter's: add --interpreter");
  if (arguments.exact && !arguments.state.empty())
    return absl::InvalidArgumentError("--state keeps states in their dtypes, --double does not: leave one out");
  if (arguments.interpreter && format == ModelFormat::kProgram) {
    return absl::InvalidArgumentError(absl::StrCat("--interpreter needs a model, and '", arguments.model.path,
                                                   "' is compiled code; name the model instead"));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> Run(const Arguments &arguments) {
  ASSIGN_OR_RETURN(ModelFormat format, FindFormat(arguments.model.path));
  RETURN_IF_ERROR(CheckArguments(arguments, format));
  ASSIGN_OR_RETURN(Result result, arguments.interpreter ? RunInterpreter(arguments) : RunProgram(arguments));
  nlohmann::ordered_json outputs = nlohmann::ordered_json::array();
  for (size_t i = 0; i < result.tensors.size(); ++i) outputs.push_back(OutputJson(result.ports[i], result.tensors[i]));
  if (!arguments.output.empty()) {
    RETURN_IF_ERROR(WriteOutputs(arguments.output, result.ports, result.tensors, result.input_files));
    std::vector<std::string> names = OutputFileNames(result.ports);
    for (size_t i = 0; i < names.size(); ++i) {
      outputs[i]["file"] = arguments.output + "/" + names[i];
      Say(absl::StrCat("wrote ", arguments.output, "/", names[i], "\n"));
    }
  } else if (!arguments.json) {
    for (size_t i = 0; i < result.tensors.size(); ++i) Print(DescribeOutput(result.ports[i], result.tensors[i]));
  }
  if (!arguments.state.empty()) {
    RETURN_IF_ERROR(WriteStateFile(arguments.state, result.states));
    Say(absl::StrCat("wrote ", arguments.state, "\n"));
  }
  if (arguments.json) {
    result.facts["outputs"] = std::move(outputs);
    PrintJson(result.facts);
  }
  return 0;
}

}  // namespace

void AddRun(CLI::App *app, Action *action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *command = app->add_subcommand("run", "Run a model or a compiled program once");
  command->footer(kExamples);
  AddModelOptions(command, "an ONNX model, an Ingot graph, or a PROGRAM.so", &arguments->model);
  AddInputOptions(command, &arguments->inputs);
  command
      ->add_option("-o,--output", arguments->output,
                   "Write OUTPUT_NAME.npy files into this directory instead of printing summaries")
      ->type_name("DIR");
  command
      ->add_option(
          "--state", arguments->state,
          "Begin with the states in this file (safetensors) if it is there, and write them to it after the run")
      ->type_name("FILE");
  command->add_option("--threads", arguments->threads, "Threads; 0 (default) is what affinity and control group allow")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  command->add_flag("--interpreter", arguments->interpreter,
                    "Use the reference interpreter: slow, exact, independent of the compiler");
  command->add_flag("--double", arguments->exact, "With --interpreter: keep the outputs' double precision");
  AddLoadOptions(command, &arguments->load);
  command->add_flag("--json", arguments->json, "Print one JSON object with shapes, statistics and times");
  command->callback([arguments, action] { *action = [arguments] { return Run(*arguments); }; });
}

}  // namespace ingot::tool
