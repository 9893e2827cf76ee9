// Solves symbols from input shapes. Validate() has made sure that every symbol is alone in some dim of some input, or
// bound by a node.
#include "absl/strings/str_cat.h"
#include "graph/bound_sizes.h"
#include "graph/interp/array.h"
#include "ingot/interpreter.h"

namespace ingot {
namespace {

std::string InputName(const Graph &graph, size_t i) {
  return absl::StrCat("input '", graph.value(graph.inputs[i]).name, "'");
}

absl::Status CheckRanks(const Graph &graph, const std::vector<std::vector<int64_t>> &input_dims) {
  if (input_dims.size() != graph.inputs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("graph '", graph.name, "' takes ", graph.inputs.size(), " inputs, got ", input_dims.size()));
  }
  for (size_t i = 0; i < input_dims.size(); ++i) {
    const TensorType &type = graph.type(graph.inputs[i]);
    if (static_cast<int>(input_dims[i].size()) != type.rank() || !interp::CountElements(input_dims[i])) {
      return absl::InvalidArgumentError(absl::StrCat(InputName(graph, i), ": expected ", type.ToString(),
                                                     ", got the shape ", interp::DimsText(input_dims[i])));
    }
  }
  return absl::OkStatus();
}

// "seq = 7 (from input 'ids')" for each symbol of the expression, so that a mismatch can be traced to the other input.
std::string Explain(const Graph &graph, const Dim &dim, const std::map<std::string, int64_t> &symbols,
                    const std::map<std::string, size_t> &from) {
  std::vector<std::string> names;
  dim.CollectSymbols(names);
  std::string text;
  for (const std::string &name : names) {
    absl::StrAppend(&text, text.empty() ? " (" : ", ", name, " = ", symbols.at(name), " from ",
                    InputName(graph, from.at(name)));
  }
  return text.empty() ? text : text + ")";
}

}  // namespace

absl::StatusOr<std::map<std::string, int64_t>> SolveSymbols(const Graph &graph,
                                                            const std::vector<std::vector<int64_t>> &input_dims) {
  if (absl::Status status = CheckRanks(graph, input_dims); !status.ok()) return status;
  std::map<std::string, int64_t> symbols;
  std::map<std::string, size_t> from;  // the input that fixed the symbol
  for (size_t i = 0; i < input_dims.size(); ++i) {
    const Dims &dims = graph.type(graph.inputs[i]).dims;
    for (size_t d = 0; d < dims.size(); ++d) {
      std::optional<std::string> symbol = dims[d].symbol();
      if (!symbol || !symbols.emplace(*symbol, input_dims[i][d]).second) continue;
      from.emplace(*symbol, i);
      auto range = graph.symbols.find(*symbol);
      if (range == graph.symbols.end() ||
          (input_dims[i][d] >= range->second.min && input_dims[i][d] <= range->second.max))
        continue;
      return absl::InvalidArgumentError(absl::StrCat(InputName(graph, i), " dim ", d, ": expected ", *symbol, " from ",
                                                     range->second.min, " to ", range->second.max, ", got ",
                                                     input_dims[i][d]));
    }
  }
  const std::set<std::string> bound = SymbolsBoundByNodes(graph);
  for (const auto &[name, range] : graph.symbols) {
    if (!symbols.count(name) && !bound.count(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("symbol '", name, "' has no value: no input has it alone as a dim"));
    }
  }
  for (size_t i = 0; i < input_dims.size(); ++i) {
    const Dims &dims = graph.type(graph.inputs[i]).dims;
    for (size_t d = 0; d < dims.size(); ++d) {
      absl::StatusOr<int64_t> expected = dims[d].Evaluate(symbols);
      if (!expected.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(InputName(graph, i), " dim ", d, ": ", expected.status().message()));
      }
      if (*expected == input_dims[i][d]) continue;
      std::string form = dims[d].is_constant() ? "" : dims[d].ToString() + " = ";
      return absl::InvalidArgumentError(absl::StrCat(InputName(graph, i), " dim ", d, ": expected ", form, *expected,
                                                     Explain(graph, dims[d], symbols, from), ", got ",
                                                     input_dims[i][d]));
    }
  }
  return symbols;
}

}  // namespace ingot
