// Composites by their bodies: a body as a graph of its own, and whole graphs without composites. Test:
// tests/graph/composites_test.cc.
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "graph/composites/composites.h"

namespace ingot {
namespace {

using BodyFunction = Expr (*)(composites::Body);

BodyFunction FindBody(OpKind op) {
  switch (op) {
#define INGOT_COMPOSITE(Op, Function) \
  case OpKind::k##Op:                 \
    return composites::Function;
#include "graph/ops/composite_bodies.inc"
#undef INGOT_COMPOSITE
    default:
      return nullptr;
  }
}

// Names of a graph's values, of which no two are equal.
class ValueNames {
 public:
  explicit ValueNames(const Graph &graph) {
    for (const Value &value : graph.values) taken_.insert(value.name);
  }
  std::string Unique(const std::string &wanted) {
    if (taken_.insert(wanted).second) return wanted;
    int &counter = counters_[wanted];
    for (;;) {
      std::string name = absl::StrCat(wanted, "_", ++counter);
      if (taken_.insert(name).second) return name;
    }
  }

 private:
  std::set<std::string> taken_;
  std::map<std::string, int> counters_;
};

// Appends the body's nodes in place of `node`, whose operands and results are values of `graph`.
void Splice(const Graph &body, const Node &node, ValueNames &names, Graph &graph) {
  std::vector<ValueId> of(body.values.size(), kNoValue);
  for (size_t i = 0; i < node.inputs.size(); ++i) of[static_cast<size_t>(body.inputs[i])] = node.inputs[i];
  ValueId made = body.outputs[0].value, wanted = node.outputs[0];
  bool same = body.type(made) == graph.type(wanted);
  if (same) of[static_cast<size_t>(made)] = wanted;
  for (size_t i = 0; i < body.values.size(); ++i) {
    bool is_input = body.values[i].producer < 0 && body.values[i].constant < 0;
    if (of[i] != kNoValue || is_input) continue;
    Value value = body.values[i];
    value.name = names.Unique(absl::StrCat(node.name, "/", value.name));
    if (value.constant >= 0) {
      graph.constants.push_back(body.constants[static_cast<size_t>(value.constant)]);
      value.constant = static_cast<int32_t>(graph.constants.size()) - 1;
    }
    of[i] = static_cast<ValueId>(graph.values.size());
    graph.values.push_back(std::move(value));
  }
  auto append = [&](Node part) {
    part.location = node.location;
    for (ValueId id : part.outputs)
      graph.values[static_cast<size_t>(id)].producer = static_cast<int32_t>(graph.nodes.size());
    graph.nodes.push_back(std::move(part));
  };
  for (Node part : body.nodes) {
    for (ValueId &id : part.inputs) id = of[static_cast<size_t>(id)];
    for (ValueId &id : part.outputs) id = of[static_cast<size_t>(id)];
    part.name = absl::StrCat(node.name, "/", part.name);
    append(std::move(part));
  }
  if (same) return;
  // Sizes that a check makes equal may come out in another form.
  append({absl::StrCat(node.name, "/dims"),
          OpKind::kReshape,
          {of[static_cast<size_t>(made)]},
          {wanted},
          {{"dims", graph.type(wanted).dims}},
          {}});
}

absl::Status Expand(Graph &graph) {
  std::vector<Node> nodes = std::move(graph.nodes);
  graph.nodes.clear();
  ValueNames names(graph);
  for (Node &node : nodes) {
    if (IsComposite(node.op)) {
      std::vector<TensorType> operands;
      for (ValueId id : node.inputs) operands.push_back(graph.type(id));
      absl::StatusOr<Graph> body = BodyOf(node.op, operands, node.attributes);
      if (!body.ok()) return body.status();
      Splice(*body, node, names, graph);
      continue;
    }
    for (ValueId id : node.outputs)
      graph.values[static_cast<size_t>(id)].producer = static_cast<int32_t>(graph.nodes.size());
    graph.nodes.push_back(std::move(node));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsComposite(OpKind op) { return FindBody(op) != nullptr; }

absl::StatusOr<Graph> BodyOf(OpKind op, const std::vector<TensorType> &operands, const Attributes &attributes) {
  BodyFunction function = FindBody(op);
  if (function == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("'", std::string(Name(op)), "' is not a composite"));
  GraphBuilder b{std::string(Name(op))};
  // Half types compute in f32: their own constants (an epsilon, a count) would be far off.
  std::vector<Expr> inputs;
  for (size_t i = 0; i < operands.size(); ++i) {
    inputs.push_back(b.Input(absl::StrCat("operand", i), operands[i].dtype, operands[i].dims));
    if (IsHalf(operands[i].dtype)) inputs.back() = b.Cast(inputs.back(), DType::kF32);
  }
  // Graphs whose sizes no input tells are not valid: those of a composite are told elsewhere.
  std::vector<std::string> symbols;
  for (const TensorType &type : operands) {
    for (const Dim &dim : type.dims) dim.CollectSymbols(symbols);
  }
  for (const std::string &symbol : symbols) b.Input("size " + symbol, DType::kBool, {Dim::Symbol(symbol)});
  Expr result = function({b, inputs, attributes});
  if (IsHalf(operands[0].dtype) && IsFloat(b.type(result).dtype)) result = b.Cast(result, operands[0].dtype);
  b.Output("result", result);
  return b.Finish();
}

absl::StatusOr<Graph> ExpandComposites(Graph graph) {
  for (Graph &function : graph.functions) {
    if (absl::Status status = Expand(function); !status.ok()) return status;
  }
  if (absl::Status status = Expand(graph); !status.ok()) return status;
  if (absl::Status valid = Validate(graph); !valid.ok()) return valid;
  return graph;
}

}  // namespace ingot
