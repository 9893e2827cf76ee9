#include "tools/ingot/inputs.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "graph/interp/npy.h"
#include "graph/interp/random_inputs.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

std::string ShapeText(const Tensor &tensor) {
  Port port{"", tensor.dtype(), {}};
  for (int64_t dim : tensor.dims()) port.dims.push_back(absl::StrCat(dim));
  return port.TypeText();
}

absl::StatusOr<Tensor> ReadInput(const Port &port, const std::string &file) {
  absl::StatusOr<Tensor> tensor = ReadNpy(file, port.dtype);
  if (!tensor.ok())
    return absl::Status(tensor.status().code(), absl::StrCat("input '", port.name, "': ", tensor.status().message()));
  if (tensor->dtype() != port.dtype || tensor->dims().size() != port.dims.size()) {
    return absl::InvalidArgumentError(absl::StrCat("input '", port.name, "': expected ", port.TypeText(), ", and '",
                                                   file, "' holds ", ShapeText(*tensor), "; save an array of that ",
                                                   tensor->dtype() != port.dtype ? "dtype" : "rank"));
  }
  return tensor;
}

absl::Status AddSizes(const Interface &interface, size_t index, const Tensor &tensor, Sizes *sizes) {
  for (const auto &[name, size] : interface.SizesFrom(index, tensor.dims())) {
    auto [known, added] = sizes->emplace(name, size);
    if (added || known->second == size) continue;
    return absl::InvalidArgumentError(absl::StrCat("input '", interface.inputs()[index].name, "' has ", name, " = ",
                                                   size, ", but it is ", known->second,
                                                   " by --dim or by another input; give inputs of one size"));
  }
  return absl::OkStatus();
}

absl::Status ReadFiles(const Interface &interface, const std::vector<std::string> &texts,
                       std::vector<std::optional<Tensor>> *tensors, Inputs *inputs) {
  std::vector<std::string> names;
  for (const Port &port : interface.inputs()) names.push_back(port.name);
  for (const std::string &text : texts) {
    ASSIGN_OR_RETURN(Assignment assignment, ParseAssignment("--input", text));
    size_t index = 0;
    while (index < names.size() && names[index] != assignment.name) ++index;
    if (index == names.size()) {
      return absl::InvalidArgumentError(absl::StrCat("the model has no input '", assignment.name, "': its inputs are ",
                                                     ListNames(names, "none, it takes no input")));
    }
    if ((*tensors)[index])
      return absl::InvalidArgumentError(absl::StrCat("input '", assignment.name, "' was given twice; give it once"));
    ASSIGN_OR_RETURN(Tensor tensor, ReadInput(interface.inputs()[index], assignment.value));
    RETURN_IF_ERROR(AddSizes(interface, index, tensor, &inputs->sizes));
    (*tensors)[index] = std::move(tensor);
    inputs->files.push_back(assignment.value);
  }
  return absl::OkStatus();
}

// A graph that has these inputs and does nothing, for programs whose graph is not at hand.
Graph InputsOnly(const Interface &interface, const std::vector<std::vector<int64_t>> &dims) {
  Graph graph;
  for (size_t i = 0; i < dims.size(); ++i) {
    const Port &port = interface.inputs()[i];
    graph.inputs.push_back(static_cast<ValueId>(i));
    graph.values.push_back({port.name, {port.dtype, Dims(dims[i].begin(), dims[i].end())}, -1, -1});
  }
  return graph;
}

}  // namespace

absl::StatusOr<Inputs> GatherInputs(const Interface &interface, const Graph *graph, const InputArguments &arguments) {
  Inputs inputs;
  ASSIGN_OR_RETURN(inputs.sizes, ParseDims(arguments.dims));
  RETURN_IF_ERROR(interface.CheckNames(inputs.sizes));
  std::vector<std::optional<Tensor>> tensors(interface.inputs().size());
  RETURN_IF_ERROR(ReadFiles(interface, arguments.files, &tensors, &inputs));
  const Port *missing = nullptr;
  for (size_t i = 0; i < tensors.size() && missing == nullptr; ++i) {
    if (!tensors[i]) missing = &interface.inputs()[i];
  }
  if (missing != nullptr && !arguments.random) {
    return absl::InvalidArgumentError(absl::StrCat("input '", missing->name, "' (", missing->TypeText(),
                                                   ") has no value: add --input ", missing->name,
                                                   "=FILE.npy, or --random=SEED for random data"));
  }
  std::vector<Tensor> random;
  if (missing != nullptr) {
    ASSIGN_OR_RETURN(auto dims, interface.InputDims(inputs.sizes));
    Graph bare = graph == nullptr ? InputsOnly(interface, dims) : Graph();
    ASSIGN_OR_RETURN(random, RandomInputs(graph == nullptr ? bare : *graph, graph == nullptr ? Sizes() : inputs.sizes,
                                          *arguments.random));
  }
  for (size_t i = 0; i < tensors.size(); ++i)
    inputs.tensors.push_back(tensors[i] ? *std::move(tensors[i]) : std::move(random[i]));
  return inputs;
}

}  // namespace ingot::tool
