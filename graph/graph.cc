// Validation, dead-node removal and printing. Tests: tests/graph/graph_test.cc.
#include "graph/graph.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "absl/strings/str_cat.h"
#include "graph/shape/infer.h"

namespace ingot {
namespace {

constexpr int64_t kMaxElements = INT64_C(1) << 46;

absl::Status Error(const Node &node, const std::string &what) {
  return absl::InvalidArgumentError(absl::StrCat("node '", node.name, "' (", std::string(Name(node.op)),
                                                 node.location.empty() ? "" : ", ", node.location, "): ", what));
}

// The first symbol that no input introduces, or empty.
std::string UnknownSymbol(const Graph &graph, const Dims &dims) {
  std::vector<std::string> symbols;
  for (const Dim &dim : dims) dim.CollectSymbols(symbols);
  for (std::string &symbol : symbols) {
    if (!graph.symbols.count(symbol)) return std::move(symbol);
  }
  return "";
}

absl::Status CheckType(const Graph &graph, const Value &value) {
  if (value.type.dtype == DType::kInvalid || value.type.rank() > kMaxRank) {
    return absl::InvalidArgumentError(absl::StrCat("value '", value.name, "' has no valid type (dtype ",
                                                   std::string(Name(value.type.dtype)), ", rank ", value.type.rank(),
                                                   ", at most ", kMaxRank, ")"));
  }
  if (std::string symbol = UnknownSymbol(graph, value.type.dims); !symbol.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("value '", value.name, "' uses the symbol '", symbol, "', which no input defines"));
  }
  int64_t elements = 1;
  for (const Dim &dim : value.type.dims) {
    int64_t constant = dim.constant().value_or(1);
    if (dim.undefined() || constant < 0 || (constant > 0 && __builtin_mul_overflow(elements, constant, &elements)) ||
        elements > kMaxElements) {
      return absl::InvalidArgumentError(
          absl::StrCat("value '", value.name, "' has the impossible type ", value.type.ToString()));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckConstant(const Graph &graph, const Value &value) {
  if (value.constant >= static_cast<int32_t>(graph.constants.size()))
    return absl::InvalidArgumentError(absl::StrCat("value '", value.name, "' names a constant that does not exist"));
  if (graph.constants[static_cast<size_t>(value.constant)].type() != value.type)
    return absl::InvalidArgumentError(absl::StrCat("constant '", value.name, "' differs from its declared type"));
  return absl::OkStatus();
}

// Every symbol of an input dim must be found from a dim that is that symbol alone.
absl::Status CheckSymbols(const Graph &graph) {
  std::set<std::string> solvable;
  for (ValueId id : graph.inputs) {
    for (const Dim &dim : graph.type(id).dims) {
      if (auto symbol = dim.symbol()) solvable.insert(*symbol);
    }
  }
  for (const auto &[name, range] : graph.symbols) {
    if (!Dim::IsSymbolName(name)) return absl::InvalidArgumentError(absl::StrCat("'", name, "' is not a symbol name"));
    if (range.min < 0 || range.min > range.max)
      return absl::InvalidArgumentError(
          absl::StrCat("symbol '", name, "' has the empty range [", range.min, ", ", range.max, "]"));
    // A file writes "no stated bound" as max 0.
    if (range.max == 0)
      return absl::InvalidArgumentError(absl::StrCat("symbol '", name, "' can only be 0; use the number instead"));
    if (!solvable.count(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("no input has the symbol '", name,
                       "' alone as a dim, so its value cannot be found; give one input the dim \"", name, "\""));
    }
  }
  return absl::OkStatus();
}

// Reals by their bits: NaN differs from itself.
bool Same(double a, double b) { return std::memcmp(&a, &b, sizeof(a)) == 0; }
bool Same(const std::vector<double> &a, const std::vector<double> &b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}
template <typename T>
bool Same(const T &a, const T &b) {
  return a == b;
}

bool Same(const Attributes &a, const Attributes &b) {
  auto same = [](const auto &x, const auto &y) {
    auto with = [&](const auto &value) { return Same(value, std::get<std::decay_t<decltype(value)>>(y.second)); };
    return x.first == y.first && x.second.index() == y.second.index() && std::visit(with, x.second);
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

}  // namespace

absl::Status Validate(const Graph &graph) {
  std::set<std::string> names;
  for (const Value &value : graph.values) {
    if (value.name.empty() || !names.insert(value.name).second)
      return absl::InvalidArgumentError(absl::StrCat("the value name '", value.name, "' is empty or used twice"));
    if (absl::Status s = CheckType(graph, value); !s.ok()) return s;
    if (value.constant >= 0) {
      if (absl::Status s = CheckConstant(graph, value); !s.ok()) return s;
    }
  }
  std::vector<bool> defined(graph.values.size());
  auto in_range = [&](ValueId id) { return id >= 0 && static_cast<size_t>(id) < graph.values.size(); };
  for (ValueId id : graph.inputs) {
    if (!in_range(id) || graph.value(id).constant >= 0 || graph.value(id).producer >= 0)
      return absl::InvalidArgumentError("an input is not a free value");
    defined[static_cast<size_t>(id)] = true;
  }
  for (size_t i = 0; i < graph.values.size(); ++i) {
    if (graph.values[i].constant >= 0) defined[i] = true;
  }
  if (absl::Status s = CheckSymbols(graph); !s.ok()) return s;
  for (const Node &node : graph.nodes) {
    for (ValueId id : node.inputs) {
      if (!in_range(id) || !defined[static_cast<size_t>(id)]) {
        return Error(node,
                     absl::StrCat("uses ", in_range(id) ? "'" + graph.value(id).name + "'" : "a value",
                                  " before it is computed; nodes must stand in topological order, without cycles"));
      }
    }
    if (node.outputs.size() != 1 || !in_range(node.outputs[0]) || defined[static_cast<size_t>(node.outputs[0])])
      return Error(node, "must define exactly one new value");
    Node copy = node;
    absl::StatusOr<TensorType> type = CompleteNode(graph, copy);
    if (!type.ok()) return Error(node, std::string(type.status().message()));
    if (*type != graph.type(node.outputs[0]))
      return Error(node, absl::StrCat("yields ", type->ToString(), ", but is declared as ",
                                      graph.type(node.outputs[0]).ToString()));
    if (!Same(copy.attributes, node.attributes)) return Error(node, "has attributes that are not complete");
    for (const auto &[name, attribute] : node.attributes) {
      const Dims *dims = std::get_if<Dims>(&attribute);
      std::string symbol = dims == nullptr ? "" : UnknownSymbol(graph, *dims);
      if (!symbol.empty())
        return Error(node,
                     absl::StrCat("attribute '", name, "' uses the symbol '", symbol, "', which no input defines"));
    }
    defined[static_cast<size_t>(node.outputs[0])] = true;
  }
  if (graph.outputs.empty()) return absl::InvalidArgumentError(absl::StrCat("graph '", graph.name, "' has no output"));
  std::set<std::string> outputs;
  for (const GraphOutput &output : graph.outputs) {
    if (output.name.empty() || !outputs.insert(output.name).second)
      return absl::InvalidArgumentError(absl::StrCat("the output name '", output.name, "' is empty or used twice"));
    if (!in_range(output.value) || !defined[static_cast<size_t>(output.value)])
      return absl::InvalidArgumentError(absl::StrCat("output '", output.name, "' is never computed"));
  }
  return absl::OkStatus();
}

void RemoveDeadNodes(Graph &graph) {
  std::vector<bool> live(graph.values.size());
  for (ValueId id : graph.inputs) live[static_cast<size_t>(id)] = true;
  for (const GraphOutput &output : graph.outputs) live[static_cast<size_t>(output.value)] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node &node = graph.nodes[i];
    if (!live[static_cast<size_t>(node.outputs[0])]) continue;
    for (ValueId id : node.inputs) live[static_cast<size_t>(id)] = true;
  }
  std::vector<ValueId> renamed(graph.values.size(), kNoValue);
  std::vector<Value> values;
  std::vector<Tensor> constants;
  for (size_t i = 0; i < graph.values.size(); ++i) {
    if (!live[i]) continue;
    renamed[i] = static_cast<ValueId>(values.size());
    values.push_back(std::move(graph.values[i]));
    if (values.back().constant >= 0) {
      constants.push_back(std::move(graph.constants[static_cast<size_t>(values.back().constant)]));
      values.back().constant = static_cast<int32_t>(constants.size() - 1);
    }
  }
  std::vector<Node> nodes;
  for (Node &node : graph.nodes) {
    if (renamed[static_cast<size_t>(node.outputs[0])] == kNoValue) continue;
    for (ValueId &id : node.inputs) id = renamed[static_cast<size_t>(id)];
    for (ValueId &id : node.outputs) {
      id = renamed[static_cast<size_t>(id)];
      values[static_cast<size_t>(id)].producer = static_cast<int32_t>(nodes.size());
    }
    nodes.push_back(std::move(node));
  }
  for (ValueId &id : graph.inputs) id = renamed[static_cast<size_t>(id)];
  for (GraphOutput &output : graph.outputs) output.value = renamed[static_cast<size_t>(output.value)];
  graph.values = std::move(values);
  graph.nodes = std::move(nodes);
  graph.constants = std::move(constants);
}

std::string ToString(const Graph &graph) {
  std::string text = absl::StrCat("graph ", graph.name, "\n");
  for (ValueId id : graph.inputs)
    absl::StrAppend(&text, "  input %", graph.value(id).name, " : ", graph.type(id).ToString(), "\n");
  for (const Value &value : graph.values) {
    if (value.constant >= 0) absl::StrAppend(&text, "  constant %", value.name, " : ", value.type.ToString(), "\n");
  }
  for (const Node &node : graph.nodes) {
    absl::StrAppend(&text, "  %", graph.value(node.outputs[0]).name, " = ", std::string(Name(node.op)), "(");
    for (size_t i = 0; i < node.inputs.size(); ++i)
      absl::StrAppend(&text, i ? ", " : "", "%", graph.value(node.inputs[i]).name);
    absl::StrAppend(&text, ") : ", graph.type(node.outputs[0]).ToString(), "\n");
  }
  for (const GraphOutput &output : graph.outputs)
    absl::StrAppend(&text, "  output ", output.name, " = %", graph.value(output.value).name, "\n");
  return text;
}

}  // namespace ingot
