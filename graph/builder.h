// Builds a graph by hand. A two-layer perceptron:
//
//   GraphBuilder b("mlp");
//   Expr x = b.Input("x", DType::kF32, {"batch", 784});
//   Expr h = b.Relu(b.Add(b.MatMul(x, b.Constant(w1)), b.Constant(b1)));
//   b.Output("probs", b.Softmax(b.Add(b.MatMul(h, b.Constant(w2)), b.Constant(b2))));
//   absl::StatusOr<Graph> graph = b.Finish();
//
// Shapes are inferred at every call. The first error sticks and is what Finish returns; it names the node and the line
// that made it. One method per op is generated from graph/ops/*.td; element-wise operands broadcast as in NumPy. Tests:
// tests/graph/builder_test.cc.
#ifndef INGOT_GRAPH_BUILDER_H_
#define INGOT_GRAPH_BUILDER_H_

#include <cstdint>
#include <set>
#include <source_location>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/graph.h"

namespace ingot {

// A value of the graph under construction. Only its own builder takes it.
struct Expr {
  ValueId id = kNoValue;
  uint64_t builder = 0;
};

class GraphBuilder {
 public:
  using Location = std::source_location;

  explicit GraphBuilder(std::string name);

  // A named input. Dims are numbers, symbol names or expressions: {"batch", 784}. Symbols come into being here.
  Expr Input(const std::string &name, DType dtype, Dims dims, Location at = Location::current());
  Expr Constant(Tensor tensor, const std::string &name = "");
  Expr Scalar(double value, DType dtype = DType::kF32);
  void Output(const std::string &name, Expr value, Location at = Location::current());
  // Bounds a symbol; the compiled program refuses sizes outside.
  void Bound(const std::string &symbol, SymbolRange range);

  // Names the nodes that follow (importers); empty goes back to automatic names.
  void SetNext(std::string name, std::string location);

  // The general form behind the generated methods: operands in schema order; missing attributes take their defaults.
  // One value per result of the op, invalid ones after an error.
  std::vector<Expr> EmitAll(OpKind op, const std::vector<Expr> &operands, Attributes attributes,
                            Location at = Location::current());
  // The same for an op with one result.
  Expr Emit(OpKind op, const std::vector<Expr> &operands, Attributes attributes, Location at = Location::current()) {
    return EmitAll(op, operands, std::move(attributes), at).front();
  }

#include "graph/ops/builder_methods.inc"

  // The invalid type, and no constant, for a value of another builder.
  const TensorType &type(Expr value) const;
  const Tensor *constant(Expr value) const { return Owns(value) ? graph_.constant(value.id) : nullptr; }
  const absl::Status &status() const { return status_; }
  // Records an error (the first one wins).
  void Fail(absl::Status status);

  // The finished graph with dead nodes removed, or the first error.
  absl::StatusOr<Graph> Finish();

 private:
  bool Owns(Expr value) const {
    return value.builder == identity_ && value.id >= 0 && value.id < static_cast<ValueId>(graph_.values.size());
  }
  ValueId NewValue(std::string name, TensorType type);
  std::string UniqueName(const std::string &wanted);
  std::string Where(const Location &at) const;

  uint64_t identity_;  // no two builders of a process have the same
  Graph graph_;
  absl::Status status_;
  std::set<std::string> names_;
  std::map<std::string, int> counters_;
  std::string next_name_, next_location_;
};

}  // namespace ingot
#endif  // INGOT_GRAPH_BUILDER_H_
