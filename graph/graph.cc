// Validation, dead-node removal and printing. Tests: tests/graph/graph_test.cc.
#include "ingot/graph.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "absl/strings/str_cat.h"
#include "graph/bound_sizes.h"
#include "graph/shape/infer.h"

namespace ingot {
namespace {

constexpr int64_t kMaxElements = INT64_C(1) << 46;

absl::Status Error(const Node &node, const std::string &what) {
  return absl::InvalidArgumentError(absl::StrCat("node '", node.name, "' (", std::string(Name(node.op)),
                                                 node.location.empty() ? "" : ", ", node.location, "): ", what));
}

using Symbols = std::map<std::string, SymbolRange>;

// The first symbol that nothing introduces, or empty.
std::string UnknownSymbol(const Symbols &known, const Dims &dims) {
  std::vector<std::string> symbols;
  for (const Dim &dim : dims) dim.CollectSymbols(symbols);
  for (std::string &symbol : symbols) {
    if (!known.count(symbol)) return std::move(symbol);
  }
  return "";
}

absl::Status CheckType(const Symbols &symbols, const Value &value) {
  if (value.type.dtype == DType::kInvalid || value.type.rank() > kMaxRank) {
    return absl::InvalidArgumentError(absl::StrCat("value '", value.name, "' has no valid type (dtype ",
                                                   std::string(Name(value.type.dtype)), ", rank ", value.type.rank(),
                                                   ", at most ", kMaxRank, ")"));
  }
  if (std::string symbol = UnknownSymbol(symbols, value.type.dims); !symbol.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("value '", value.name, "' uses the symbol '", symbol,
                                                   "', which no input defines and no node binds"));
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

// Every symbol must be found from an input's dim that is that symbol alone, or be bound by a node.
absl::Status CheckSymbols(const Graph &graph) {
  const std::set<std::string> bound = SymbolsBoundByNodes(graph);
  std::set<std::string> solvable = bound;
  auto solve = [&](ValueId id) {
    for (const Dim &dim : graph.type(id).dims) {
      if (auto symbol = dim.symbol()) solvable.insert(*symbol);
    }
  };
  for (ValueId id : graph.inputs) solve(id);
  for (const GraphState &state : graph.states) solve(state.input);
  for (const auto &[name, range] : graph.symbols) {
    if (!Dim::IsSymbolName(name)) return absl::InvalidArgumentError(absl::StrCat("'", name, "' is not a symbol name"));
    if (range.min < 0 || range.min > range.max)
      return absl::InvalidArgumentError(
          absl::StrCat("symbol '", name, "' has the empty range [", range.min, ", ", range.max, "]"));
    if (range.max == 0 && !bound.count(name))
      return absl::InvalidArgumentError(absl::StrCat("symbol '", name, "' can only be 0; use the number instead"));
    if (!solvable.count(name)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "no input has the symbol '", name,
          "' alone as a dim, and no node binds it, so its value cannot be found; give one input the dim \"", name,
          "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckStates(const Graph &graph, const std::vector<bool> &defined, std::set<std::string> outputs) {
  for (const GraphState &state : graph.states) {
    const std::string &name = graph.value(state.input).name;
    auto error = [&](auto... what) {
      return absl::InvalidArgumentError(absl::StrCat("state '", name, "': ", what...));
    };
    const TensorType &type = graph.type(state.input);
    if (!outputs.insert(name).second) return error("an output has this name; name one of them otherwise");
    if (IsNarrow(type.dtype)) return error("it is ", type.ToString(), "; make it i8, and cast where it is used");
    bool in_range = state.output >= 0 && static_cast<size_t>(state.output) < graph.values.size();
    if (!in_range || !defined[static_cast<size_t>(state.output)])
      return error("what replaces it is never computed; call SetState");
    if (graph.type(state.output) != type)
      return error("is ", type.ToString(), ", and '", graph.value(state.output).name, "', which replaces it, is ",
                   graph.type(state.output).ToString());
    if (state.initial == kNoValue) continue;
    if (state.initial < 0 || static_cast<size_t>(state.initial) >= graph.values.size() ||
        graph.constant(state.initial) == nullptr)
      return error("its initial value is no constant");
    const TensorType &initial = graph.type(state.initial);
    if (initial != type && initial != TensorType{type.dtype, {}})
      return error("its initial value is ", initial.ToString(), "; give ", type.ToString(), " or a scalar");
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

// How far functions go when each is written out where it is named.
struct Extent {
  int64_t nodes = 0, depth = 0;
};
constexpr int64_t kMostNodes = INT64_C(1) << 22, kMostDepth = 64;

// InvalidArgument when it goes too far, or names a function that is not among those before it.
absl::StatusOr<Extent> ExtentOf(const Graph &body, const std::map<std::string, Extent> &before) {
  Extent extent{static_cast<int64_t>(body.nodes.size()), 0};
  for (const Node &node : body.nodes) {
    if (!IsControl(node.op)) continue;
    for (const AttributeSchema &attribute : Schema(node.op).attributes) {
      if (attribute.kind != AttributeKind::kFunction) continue;
      auto name = node.attributes.find(std::string(attribute.name));
      const std::string *text = name == node.attributes.end() ? nullptr : std::get_if<std::string>(&name->second);
      auto found = text == nullptr ? before.end() : before.find(*text);
      if (found == before.end())
        return Error(node,
                     absl::StrCat("attribute '", std::string(attribute.name), "' names '", text == nullptr ? "" : *text,
                                  "', and no function before this one is called so"));
      extent.nodes += found->second.nodes;
      extent.depth = std::max(extent.depth, found->second.depth + 1);
      if (extent.nodes > kMostNodes || extent.depth > kMostDepth)
        return Error(node, absl::StrCat("its functions run functions, more than ", kMostDepth, " deep or more than ",
                                        kMostNodes, " nodes in all"));
    }
  }
  return extent;
}

// A graph, or one of its functions, but for what only graphs have: symbols and functions.
absl::Status ValidateBody(const Graph &graph, const Symbols &symbols, const std::vector<Graph> &functions) {
  std::set<std::string> names;
  for (const Value &value : graph.values) {
    if (value.name.empty() || !names.insert(value.name).second)
      return absl::InvalidArgumentError(absl::StrCat("the value name '", value.name, "' is empty or used twice"));
    if (absl::Status s = CheckType(symbols, value); !s.ok()) return s;
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
  for (const GraphState &state : graph.states) {
    if (!in_range(state.input) || graph.value(state.input).constant >= 0 || graph.value(state.input).producer >= 0 ||
        defined[static_cast<size_t>(state.input)])
      return absl::InvalidArgumentError("a state's input is not a free value of its own");
    defined[static_cast<size_t>(state.input)] = true;
  }
  for (size_t i = 0; i < graph.values.size(); ++i) {
    if (graph.values[i].constant >= 0) defined[i] = true;
  }
  if (&symbols == &graph.symbols) {
    if (absl::Status s = CheckSymbols(graph); !s.ok()) return s;
  }
  for (const Node &node : graph.nodes) {
    for (ValueId id : node.inputs) {
      if (!in_range(id) || !defined[static_cast<size_t>(id)]) {
        return Error(node,
                     absl::StrCat("uses ", in_range(id) ? "'" + graph.value(id).name + "'" : "a value",
                                  " before it is computed; nodes must stand in topological order, without cycles"));
      }
    }
    Node copy = node;
    absl::StatusOr<ResultTypes> types = CompleteNode(graph, functions, copy);
    if (!types.ok()) return Error(node, std::string(types.status().message()));
    if (node.outputs.size() != types->size())
      return Error(node, absl::StrCat("has ", node.outputs.size(), " outputs instead of ", types->size()));
    for (size_t i = 0; i < types->size(); ++i) {
      ValueId id = node.outputs[i];
      if (!in_range(id) || defined[static_cast<size_t>(id)])
        return Error(node, absl::StrCat("must define a new value as output ", i));
      if ((*types)[i] != graph.type(id)) {
        return Error(
            node, absl::StrCat("yields ", (*types)[i].ToString(), ", but is declared as ", graph.type(id).ToString()));
      }
      defined[static_cast<size_t>(id)] = true;
    }
    if (!Same(copy.attributes, node.attributes)) return Error(node, "has attributes that are not complete");
    for (const auto &[name, attribute] : node.attributes) {
      const Dims *dims = std::get_if<Dims>(&attribute);
      std::string symbol = dims == nullptr ? "" : UnknownSymbol(symbols, *dims);
      if (!symbol.empty())
        return Error(node, absl::StrCat("attribute '", name, "' uses the symbol '", symbol,
                                        "', which no input defines and no node binds"));
    }
  }
  if (graph.outputs.empty()) return absl::InvalidArgumentError(absl::StrCat("graph '", graph.name, "' has no output"));
  std::set<std::string> outputs;
  for (const GraphOutput &output : graph.outputs) {
    if (output.name.empty() || !outputs.insert(output.name).second)
      return absl::InvalidArgumentError(absl::StrCat("the output name '", output.name, "' is empty or used twice"));
    if (!in_range(output.value) || !defined[static_cast<size_t>(output.value)])
      return absl::InvalidArgumentError(absl::StrCat("output '", output.name, "' is never computed"));
  }
  return CheckStates(graph, defined, std::move(outputs));
}

}  // namespace

absl::Status Validate(const Graph &graph) {
  std::map<std::string, Extent> before;  // a function names those before it alone
  for (const Graph &function : graph.functions) {
    auto error = [&](const std::string &what) {
      return absl::InvalidArgumentError(absl::StrCat("function '", function.name, "': ", what));
    };
    if (function.name.empty() || before.count(function.name)) return error("the name is empty or used twice");
    if (!function.symbols.empty() || !function.functions.empty() || !function.states.empty())
      return error("has symbols, states or functions of its own; they belong to the graph");
    absl::StatusOr<Extent> extent = ExtentOf(function, before);
    absl::Status status = extent.status();
    if (status.ok()) status = ValidateBody(function, graph.symbols, graph.functions);
    if (!status.ok()) return error(std::string(status.message()));
    before[function.name] = *extent;
  }
  if (absl::StatusOr<Extent> extent = ExtentOf(graph, before); !extent.ok()) return extent.status();
  absl::Status status = ValidateBody(graph, graph.symbols, graph.functions);
  return status.ok() ? CheckBoundSizes(graph) : status;
}

const Graph *FindFunction(const std::vector<Graph> &functions, std::string_view name) {
  for (const Graph &function : functions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

std::vector<std::string> FunctionsOf(const Node &node) {
  std::vector<std::string> names;
  for (const AttributeSchema &attribute : Schema(node.op).attributes) {
    if (attribute.kind == AttributeKind::kFunction) names.push_back(node.Get<std::string>(std::string(attribute.name)));
  }
  return names;
}

static void RemoveDeadNodesOfBody(Graph &graph) {
  std::vector<bool> live(graph.values.size());
  for (ValueId id : graph.inputs) live[static_cast<size_t>(id)] = true;
  for (const GraphOutput &output : graph.outputs) live[static_cast<size_t>(output.value)] = true;
  const bool binds_sizes = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                                       [](const Node &node) { return node.op == OpKind::kBindSizes; });
  bool runs_functions = false;  // which may use any size
  std::set<std::string> sizes;
  for (const GraphState &state : graph.states) {
    for (ValueId id : {state.input, state.output, state.initial}) {
      if (id != kNoValue) live[static_cast<size_t>(id)] = true;
    }
  }
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node &node = graph.nodes[i];
    auto is_live = [&](ValueId id) { return live[static_cast<size_t>(id)]; };
    std::vector<std::string> symbols = SizesBoundBy(node);
    bool binds = std::any_of(symbols.begin(), symbols.end(),
                             [&](const std::string &symbol) { return runs_functions || sizes.count(symbol) > 0; });
    if (!binds && std::none_of(node.outputs.begin(), node.outputs.end(), is_live)) continue;
    if (binds_sizes) {
      runs_functions = runs_functions || IsControl(node.op);
      symbols.clear();
      CollectSymbolsOf(graph, node, symbols);
      sizes.insert(symbols.begin(), symbols.end());
    }
    for (const std::vector<ValueId> *ids : {&node.outputs, &node.inputs}) {
      for (ValueId id : *ids) live[static_cast<size_t>(id)] = true;
    }
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
  for (GraphState &state : graph.states) {
    for (ValueId *id : {&state.input, &state.output, &state.initial}) {
      if (*id != kNoValue) *id = renamed[static_cast<size_t>(*id)];
    }
  }
  graph.values = std::move(values);
  graph.nodes = std::move(nodes);
  graph.constants = std::move(constants);
}

void RemoveDeadNodes(Graph &graph) {
  const std::set<std::string> bound = SymbolsBoundByNodes(graph);
  RemoveDeadNodesOfBody(graph);
  std::set<std::string> needed;
  auto need = [&](const Graph &body) {
    for (const Node &node : body.nodes) {
      for (std::string &name : FunctionsOf(node)) needed.insert(std::move(name));
    }
  };
  need(graph);
  std::vector<Graph> functions;
  for (size_t i = graph.functions.size(); i-- > 0;) {  // those that name a function stand behind it
    Graph &function = graph.functions[i];
    if (!needed.count(function.name)) continue;
    RemoveDeadNodesOfBody(function);
    need(function);
    functions.push_back(std::move(function));
  }
  std::reverse(functions.begin(), functions.end());
  graph.functions = std::move(functions);
  if (bound.empty()) return;
  const std::set<std::string> left = SymbolsBoundByNodes(graph);
  for (const std::string &symbol : bound) {
    if (!left.count(symbol)) graph.symbols.erase(symbol);
  }
}

std::string ToString(const Graph &graph) {
  std::string text = absl::StrCat("graph ", graph.name, "\n");
  for (ValueId id : graph.inputs)
    absl::StrAppend(&text, "  input %", graph.value(id).name, " : ", graph.type(id).ToString(), "\n");
  for (const GraphState &state : graph.states) {
    absl::StrAppend(&text, "  state %", graph.value(state.input).name, " : ", graph.type(state.input).ToString());
    if (state.initial != kNoValue) absl::StrAppend(&text, " from %", graph.value(state.initial).name);
    text += "\n";
  }
  for (const Value &value : graph.values) {
    if (value.constant >= 0) absl::StrAppend(&text, "  constant %", value.name, " : ", value.type.ToString(), "\n");
  }
  for (const Node &node : graph.nodes) {
    auto list = [&](const std::vector<ValueId> &ids, auto one) {
      for (size_t i = 0; i < ids.size(); ++i) absl::StrAppend(&text, i ? ", " : "", one(ids[i]));
    };
    auto name = [&](ValueId id) { return "%" + graph.value(id).name; };
    text += "  ";
    list(node.outputs, name);
    absl::StrAppend(&text, " = ", std::string(Name(node.op)), "(");
    list(node.inputs, name);
    text += ") : ";
    list(node.outputs, [&](ValueId id) { return graph.type(id).ToString(); });
    for (const std::string &function : FunctionsOf(node)) absl::StrAppend(&text, " ", function);
    text += "\n";
  }
  for (const GraphOutput &output : graph.outputs)
    absl::StrAppend(&text, "  output ", output.name, " = %", graph.value(output.value).name, "\n");
  for (const GraphState &state : graph.states)
    absl::StrAppend(&text, "  next ", graph.value(state.input).name, " = %", graph.value(state.output).name, "\n");
  for (const Graph &function : graph.functions) text += ToString(function);
  return text;
}

}  // namespace ingot
