// The in-memory graph: SSA values and nodes in topological order. Built by GraphBuilder
// (graph/include/ingot/builder.h), read and written by graph/io, imported by graph/import. A Graph handed around is
// valid: Validate() has accepted it.
//
// Tests: tests/graph/.
#ifndef INGOT_GRAPH_H_
#define INGOT_GRAPH_H_

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "ingot/op_kind.h"
#include "ingot/tensor.h"
#include "ingot/types.h"

namespace ingot {

using ValueId = int32_t;
constexpr ValueId kNoValue = -1;

using Ints = std::vector<int64_t>;
// bool, integer, real, string, integers, reals, dims, dtype
using Attribute = std::variant<bool, int64_t, double, std::string, Ints, std::vector<double>, Dims, DType>;
using Attributes = std::map<std::string, Attribute>;

struct Value {
  std::string name;
  TensorType type;
  int32_t producer = -1;  // index of the node, or -1 for inputs and constants
  int32_t constant = -1;  // index into constants, or -1
};

struct Node {
  std::string name;
  OpKind op{};
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  Attributes attributes;
  std::string location;  // where it came from: the ONNX node, or FILE:LINE of the builder call

  // The attribute's value. It exists with this type in every validated node (defaults are filled in when a node is
  // made).
  template <typename T>
  const T &Get(const std::string &key) const {
    return std::get<T>(attributes.at(key));
  }
};

struct SymbolRange {
  int64_t min = 0;
  int64_t max = INT64_C(1) << 31;
};

struct GraphOutput {
  std::string name;
  ValueId value;
};

// What a run leaves for the next one. The graph stays pure: a state is an input that the caller does not give, and the
// value that takes its place when the run has succeeded. Its name is that of the input.
struct GraphState {
  ValueId input = kNoValue;
  ValueId output = kNoValue;   // of the same type
  ValueId initial = kNoValue;  // a constant of this type, or a scalar that fills it; without one: zeros
};

struct Graph {
  std::string name;
  std::map<std::string, SymbolRange> symbols;
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;
  std::vector<GraphOutput> outputs;
  std::vector<GraphState> states;  // of the graph alone, not of functions
  std::vector<Tensor> constants;
  // What `call`, `if` and `while` run, each naming only functions before it, so that none runs itself. A function is a
  // graph without symbols, states and functions of its own: its dims speak of the symbols of the graph that holds it.
  // What its nodes need are inputs of it, constants are its own.
  std::vector<Graph> functions;

  const Value &value(ValueId id) const { return values[static_cast<size_t>(id)]; }
  const TensorType &type(ValueId id) const { return value(id).type; }
  // The data of a constant value, or nullptr.
  const Tensor *constant(ValueId id) const {
    return id >= 0 && value(id).constant >= 0 ? &constants[static_cast<size_t>(value(id).constant)] : nullptr;
  }
};

// Checks everything a later stage relies on: names, arity, attributes, types (by running every shape function again),
// order, sizes. InvalidArgument that names the node and the remedy.
absl::Status Validate(const Graph &graph);

// Removes nodes, constants and values that no output and no state needs, and functions that no node names. Inputs and
// states stay.
void RemoveDeadNodes(Graph &graph);

// The function of this name among `functions`, or nullptr.
const Graph *FindFunction(const std::vector<Graph> &functions, std::string_view name);
// Does the op run functions: call, if, if_size, while?
inline bool IsControl(OpKind op) { return Schema(op).fusion == FusionKind::kControl; }
// The functions that a node names, in the order of its attributes in the op's record.
std::vector<std::string> FunctionsOf(const Node &node);

// One line per value and node, for people: `%h = relu(%x) : f32[batch, 512]`.
std::string ToString(const Graph &graph);

}  // namespace ingot
#endif  // INGOT_GRAPH_H_
