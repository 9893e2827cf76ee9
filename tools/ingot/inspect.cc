// `ingot inspect`: what goes into a model, what comes out, what is in it, and what Ingot cannot take. Tests:
// tests/e2e/cli/.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "ingot/interpreter.h"
#include "ingot/onnx.h"
#include "tools/ingot/command.h"
#include "tools/ingot/flops.h"
#include "tools/ingot/interface.h"
#include "tools/ingot/model_loading.h"
#include "tools/ingot/onnx_summary.h"
#include "tools/ingot/shared_program.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kExamples[] = R"(
examples:
  ingot inspect bert.onnx                               a page about the model
  ingot inspect bert.onnx --json | jq '.inputs'
  ingot inspect bert.onnx --strict                      exit status 1 when something is not supported

Dims are numbers or expressions over symbols, whose sizes are given by the inputs of each run. Operations are the products and sums of matrix products
and convolutions.
)";

struct Arguments {
  ModelArguments model;
  bool json = false, strict = false;
};

// Numbers as numbers, expressions as text.
Json DimsJson(const std::vector<std::string> &dims) {
  Json json = Json::array();
  for (const std::string &dim : dims) {
    bool number = !dim.empty() && dim.size() < 18 && dim.find_first_not_of("0123456789") == std::string::npos;
    json.push_back(number ? Json(std::stoll(dim)) : Json(dim));
  }
  return json;
}

Json PortsJson(const std::vector<Port> &ports) {
  Json json = Json::array();
  for (const Port &port : ports)
    json.push_back({{"name", port.name}, {"dtype", std::string(Name(port.dtype))}, {"dims", DimsJson(port.dims)}});
  return json;
}

Json PortsJson(const std::vector<OnnxPort> &ports) {
  Json json = Json::array();
  for (const OnnxPort &port : ports)
    json.push_back({{"name", port.name}, {"dtype", port.dtype}, {"dims", DimsJson(port.dims)}});
  return json;
}

void DescribeInterface(const Interface &interface, Json *json) {
  (*json)["inputs"] = PortsJson(interface.inputs());
  (*json)["outputs"] = PortsJson(interface.outputs());
  (*json)["symbols"] = Json::object();
  for (const SymbolInfo &symbol : interface.symbols())
    (*json)["symbols"][symbol.name] = {{"min", symbol.min}, {"max", symbol.max}};
}

void DescribeGraph(const Graph &graph, Json *json) {
  DescribeInterface(Interface::Of(graph), json);
  if (!graph.states.empty()) {
    std::vector<Port> ports = Interface::Of(StatesAsValues(graph)).inputs();
    ports.erase(ports.begin(), ports.begin() + static_cast<std::ptrdiff_t>(graph.inputs.size()));
    (*json)["states"] = PortsJson(ports);
  }
  int64_t parameters = 0, bytes = 0;
  std::map<std::string, int64_t> ops;
  auto add = [&](const Graph &body) {
    for (const Tensor &tensor : body.constants) {
      parameters += tensor.size();
      bytes += static_cast<int64_t>(tensor.bytes());
    }
    for (const Node &node : body.nodes) ++ops[std::string(Name(node.op))];
  };
  add(graph);
  for (const Graph &function : graph.functions) add(function);
  (*json)["parameters"] = parameters;
  (*json)["parameter_bytes"] = bytes;
  (*json)["ops"] = ops;
  Dim operations = ContractionOperations(graph);
  if (!operations.undefined()) (*json)["operations"] = operations.ToString();
}

// What can be said of a model that does not import.
void DescribeUnimported(const OnnxSummary &onnx, Json *json) {
  (*json)["inputs"] = PortsJson(onnx.inputs);
  (*json)["outputs"] = PortsJson(onnx.outputs);
  (*json)["symbols"] = Json::object();
  (*json)["parameters"] = onnx.parameters;
  (*json)["parameter_bytes"] = onnx.parameter_bytes;
  (*json)["ops"] = Json::object();
}

absl::Status DescribeOnnx(const Arguments &arguments, Json *json) {
  const std::string &path = arguments.model.path;
  ASSIGN_OR_RETURN(OnnxSummary onnx, SummarizeOnnx(path));
  ASSIGN_OR_RETURN(auto bindings, ParseBindings(arguments.model.bind));
  (*json)["format"] = "onnx";
  (*json)["producer"] = onnx.producer;
  (*json)["opsets"] = onnx.opsets;
  ASSIGN_OR_RETURN(std::vector<Unsupported> unsupported, FindUnsupported(path, {.dims = bindings}));
  if (unsupported.empty()) {
    ASSIGN_OR_RETURN(Graph graph, LoadModel(arguments.model));
    DescribeGraph(graph, json);
  } else {
    DescribeUnimported(onnx, json);
  }
  (*json)["onnx_ops"] = onnx.ops;
  (*json)["unsupported"] = Json::array();
  for (const Unsupported &part : unsupported) {
    (*json)["unsupported"].push_back({{"node", part.node}, {"op", part.op}, {"reason", part.reason}});
  }
  return absl::OkStatus();
}

absl::Status DescribeProgram(const std::string &path, Json *json) {
  ASSIGN_OR_RETURN(std::unique_ptr<SharedProgram> shared, SharedProgram::Open(path, "", /*device=*/nullptr));
  const ingot_program_desc_t &desc = *ingot_program_get_desc(shared->program());
  (*json)["format"] = "program";
  (*json)["name"] = desc.name;
  DescribeInterface(Interface::Of(desc), json);
  (*json)["weights_bytes"] = desc.weights_size;
  (*json)["kernels"] = desc.num_kernels;
  (*json)["steps"] = desc.num_steps;
  (*json)["cpu"] = Json::array();
  for (uint32_t v = 0; v < desc.num_variants; ++v) (*json)["cpu"].push_back(desc.variants[v].level);
  for (uint32_t v = 0; v < desc.num_device_variants; ++v) (*json)["gpu"].push_back(desc.device_variants[v].level);
  (*json)["unsupported"] = Json::array();
  return absl::OkStatus();
}

std::string Text(const Json &value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

void PrintPorts(const char *title, const Json &ports) {
  Print(absl::StrCat(title, ":\n"));
  for (const Json &port : ports) {
    std::string dims;
    for (const Json &dim : port["dims"]) absl::StrAppend(&dims, dims.empty() ? "" : ", ", Text(dim));
    Print(absl::StrCat("  ", Text(port["name"]), "  ", Text(port["dtype"]), "[", dims, "]\n"));
  }
  if (ports.empty()) Print("  none\n");
}

void PrintCounts(const char *title, const Json &counts) {
  std::vector<std::pair<int64_t, std::string>> sorted;
  for (const auto &[name, count] : counts.items()) sorted.emplace_back(-count.get<int64_t>(), name);
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty()) return;
  std::string line;
  for (const auto &[count, name] : sorted) absl::StrAppend(&line, line.empty() ? "" : ", ", name, " ", -count);
  Print(absl::StrCat(title, ": ", line, "\n"));
}

void PrintPage(const std::string &path, const Json &json) {
  std::string head = path + ": " + Text(json["format"]);
  if (json.contains("producer") && !Text(json["producer"]).empty()) head += ", made by " + Text(json["producer"]);
  Print(head + "\n");
  PrintPorts("inputs", json["inputs"]);
  PrintPorts("outputs", json["outputs"]);
  if (json.contains("states")) PrintPorts("states", json["states"]);
  if (!json["symbols"].empty()) Print("dims that vary:\n");
  for (const auto &[name, range] : json["symbols"].items()) {
    Print(absl::StrCat("  ", name, "  ", range["min"].get<int64_t>(), " to ", range["max"].get<int64_t>(), "\n"));
  }
  auto number = [&](const char *label, const char *key, const char *unit) {
    if (json.contains(key)) Print(absl::StrCat(label, ": ", Text(json[key]), unit, "\n"));
  };
  number("parameters", "parameters", "");
  number("parameter bytes", "parameter_bytes", "");
  number("weights", "weights_bytes", " bytes");
  number("kernels", "kernels", "");
  number("steps", "steps", "");
  if (json.contains("cpu")) Print("cpu levels: " + json["cpu"].dump() + "\n");
  if (json.contains("gpu")) Print("gpu architectures: " + json["gpu"].dump() + "\n");
  if (json.contains("ops")) PrintCounts("ops", json["ops"]);
  if (json.contains("onnx_ops")) PrintCounts("ONNX ops", json["onnx_ops"]);
  number("operations per run", "operations", "");
  const Json &unsupported = json["unsupported"];
  if (!unsupported.empty())
    Print(absl::StrCat("NOT SUPPORTED, so this model cannot be compiled (", unsupported.size(), "):\n"));
  for (const Json &part : unsupported)
    Print(absl::StrCat("  ", Text(part["node"]), " (", Text(part["op"]), "): ", Text(part["reason"]), "\n"));
}

absl::StatusOr<int> Inspect(const Arguments &arguments) {
  Json json = {{"model", arguments.model.path}};
  ASSIGN_OR_RETURN(ModelFormat format, FindFormat(arguments.model.path));
  if (format == ModelFormat::kOnnx) {
    RETURN_IF_ERROR(DescribeOnnx(arguments, &json));
  } else if (format == ModelFormat::kProgram) {
    RETURN_IF_ERROR(DescribeProgram(arguments.model.path, &json));
  } else {
    ASSIGN_OR_RETURN(Graph graph, LoadModel(arguments.model));
    json["format"] = "graph";
    json["name"] = graph.name;
    DescribeGraph(graph, &json);
    json["unsupported"] = Json::array();
  }
  if (arguments.json) {
    PrintJson(json);
  } else {
    PrintPage(arguments.model.path, json);
  }
  if (!arguments.strict || json["unsupported"].empty()) return 0;
  return absl::UnimplementedError(absl::StrCat("'", arguments.model.path, "' has ", json["unsupported"].size(),
                                               " unsupported parts, and --strict is given"));
}

}  // namespace

void AddInspect(CLI::App *app, Action *action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App *command =
      app->add_subcommand("inspect", "Describe a model: inputs, outputs, sizes, ops, and what is not supported");
  command->footer(kExamples);
  AddModelOptions(command, "an ONNX model, an Ingot graph, or a PROGRAM.so", &arguments->model);
  command->add_flag("--json", arguments->json, "Print one JSON object");
  command->add_flag("--strict", arguments->strict, "Exit with status 1 when something is not supported");
  command->callback([arguments, action] { *action = [arguments] { return Inspect(*arguments); }; });
}

}  // namespace ingot::tool
