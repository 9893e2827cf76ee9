// Runs of graphs with states, as runs of a graph that gets and gives them.
#include <cstring>

#include "absl/strings/str_cat.h"
#include "graph/interp/evaluate.h"
#include "ingot/interpreter.h"

namespace ingot {

Graph StatesAsValues(Graph graph) {
  for (const GraphState &state : graph.states) {
    graph.inputs.push_back(state.input);
    graph.outputs.push_back({graph.value(state.input).name, state.output});
  }
  graph.states.clear();
  return graph;
}

absl::StatusOr<std::vector<Tensor>> InitialStates(const Graph &graph, const std::map<std::string, int64_t> &symbols,
                                                  int64_t max_bytes) {
  std::vector<Tensor> states;
  for (const GraphState &state : graph.states) {
    const Value &value = graph.value(state.input);
    auto error = [&](const absl::Status &status) {
      return absl::Status(status.code(), absl::StrCat("state '", value.name, "': ", status.message()));
    };
    absl::StatusOr<std::vector<int64_t>> dims = interp::EvaluateDims(value.type.dims, symbols);
    if (!dims.ok()) return error(dims.status());
    std::optional<int64_t> elements = interp::CountElements(*dims);
    if (!elements)
      return error(absl::InvalidArgumentError(absl::StrCat("the shape ", interp::DimsText(*dims), " is not possible")));
    std::optional<int64_t> bytes = StorageBytes(value.type.dtype, *elements);
    if (!bytes || *bytes > max_bytes)
      return error(absl::ResourceExhaustedError(absl::StrCat("the shape ", interp::DimsText(*dims), " exceeds ",
                                                             max_bytes, " bytes; choose smaller symbols")));
    max_bytes -= *bytes;
    Tensor tensor = Tensor::Zeros(value.type.dtype, *dims);
    if (const Tensor *initial = graph.constant(state.initial)) {
      // A scalar fills it. No state has elements of less than a byte.
      size_t element = static_cast<size_t>(BitWidth(value.type.dtype)) / 8;
      if (initial->size() == 1) {
        for (int64_t i = 0; i < *elements; ++i)
          std::memcpy(tensor.mutable_data() + static_cast<size_t>(i) * element, initial->data(), element);
      } else {
        tensor = Tensor::Copy(value.type.dtype, *dims, initial->data());
      }
    }
    states.push_back(std::move(tensor));
  }
  return states;
}

absl::StatusOr<std::vector<Tensor>> InterpretStep(const Graph &graph, const std::vector<Tensor> &inputs,
                                                  std::vector<Tensor> &states, const InterpreterOptions &options) {
  if (inputs.size() != graph.inputs.size() || states.size() != graph.states.size())
    return absl::InvalidArgumentError(absl::StrCat("graph '", graph.name, "' takes ", graph.inputs.size(),
                                                   " inputs and ", graph.states.size(), " states, got ", inputs.size(),
                                                   " and ", states.size()));
  std::vector<Tensor> all = inputs;
  all.insert(all.end(), states.begin(), states.end());
  absl::StatusOr<std::vector<Tensor>> results = Interpret(StatesAsValues(graph), all, options);
  if (!results.ok()) return results;
  auto first = results->begin() + static_cast<std::ptrdiff_t>(graph.outputs.size());
  states.assign(std::make_move_iterator(first), std::make_move_iterator(results->end()));
  results->erase(first, results->end());
  return results;
}

}  // namespace ingot
