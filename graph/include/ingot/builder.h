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
#ifndef INGOT_BUILDER_H_
#define INGOT_BUILDER_H_

#include <cstdint>
#include <functional>
#include <set>
#include <source_location>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/graph.h"

namespace ingot {

// A value of the graph under construction. Only its own builder takes it.
struct Expr {
  ValueId id = kNoValue;
  uint64_t builder = 0;
};

class GraphBuilder {
 public:
  using Location = std::source_location;
  // Writes a function: from its inputs to its outputs, with a builder of its own. Values of other builders cannot be
  // used in it; what it needs is given to it.
  using Body = std::function<std::vector<Expr>(GraphBuilder &b, const std::vector<Expr> &inputs)>;

  explicit GraphBuilder(std::string name);

  // A named input. Dims are numbers, symbol names or expressions: {"batch", 784}. Symbols come into being here.
  Expr Input(const std::string &name, DType dtype, Dims dims, Location at = Location::current());
  Expr Constant(Tensor tensor, const std::string &name = "");
  Expr Scalar(double value, DType dtype = DType::kF32);
  void Output(const std::string &name, Expr value, Location at = Location::current());
  // What a run leaves for the next one: reads as what the last run set, first `initial` (a constant of this type or a
  // scalar), else zeros. SetState says what takes its place when the run has succeeded; a state without it stays as it
  // is. States belong to the graph: functions get and give them as operands and results.
  Expr State(const std::string &name, DType dtype, Dims dims, Expr initial = {}, Location at = Location::current());
  void SetState(Expr state, Expr next, Location at = Location::current());
  // New symbols, named after `name`, whose values are the elements of `data` (i64, a number or a vector of a static
  // length): sizes that are known when the program has got there. No symbols after an error.
  Dims SizesFrom(Expr data, const std::string &name, Location at = Location::current());
  // Bounds a symbol; the compiled program refuses sizes outside.
  void Bound(const std::string &symbol, SymbolRange range);

  // Names the nodes that follow (importers); empty goes back to automatic names.
  void SetNext(std::string name, std::string location);

  // The general form behind the generated methods: operands in schema order; missing attributes take their defaults.
  // One value per result of the op, invalid ones after an error (none of an op that runs functions: see below).
  std::vector<Expr> EmitAll(OpKind op, const std::vector<Expr> &operands, Attributes attributes,
                            Location at = Location::current());
  // The same for an op with one result.
  Expr Emit(OpKind op, const std::vector<Expr> &operands, Attributes attributes, Location at = Location::current()) {
    return EmitAll(op, operands, std::move(attributes), at).front();
  }

  // Control flow. Operands become the inputs of the functions; sizes are what they are outside.
  //
  //   std::vector<Expr> r = b.While({b.Scalar(0, DType::kI64), x},
  //       [](GraphBuilder &f, const std::vector<Expr> &v) -> std::vector<Expr> {
  //         return {f.Less(v[0], f.Scalar(10, DType::kI64))};
  //       },
  //       [](GraphBuilder &f, const std::vector<Expr> &v) -> std::vector<Expr> {
  //         return {f.Add(v[0], f.Scalar(1, DType::kI64)), f.Tanh(v[1])};
  //       });
  //
  // A function of these inputs, to be named below and used any number of times. Returns its name, which differs from
  // the wanted one where that is taken.
  std::string Function(const std::string &name, const std::vector<TensorType> &inputs, const Body &body,
                       Location at = Location::current());
  std::vector<Expr> Call(const std::string &function, const std::vector<Expr> &operands,
                         Location at = Location::current());
  std::vector<Expr> If(Expr condition, const std::vector<Expr> &operands, const Body &then_body, const Body &else_body,
                       Location at = Location::current());
  // The same for a condition that sizes decide: 0 or 1, such as Min(1, n floordiv 512). The branches may give other
  // sizes, and nothing is computed to choose between them.
  std::vector<Expr> IfSize(const Dim &condition, const std::vector<Expr> &operands, const Body &then_body,
                           const Body &else_body, Location at = Location::current());
  // `condition` gives one bool[]; `body` as many values as there are operands, of the same types.
  std::vector<Expr> While(const std::vector<Expr> &operands, const Body &condition, const Body &body,
                          Location at = Location::current());

#include "ingot/builder_methods.inc"

  // The invalid type, and no constant, for a value of another builder.
  const TensorType &type(Expr value) const;
  const Tensor *constant(Expr value) const { return Owns(value) ? graph_.constant(value.id) : nullptr; }
  const absl::Status &status() const { return status_; }
  // Records an error (the first one wins).
  void Fail(absl::Status status);

  // The finished graph with dead nodes removed, or the first error.
  absl::StatusOr<Graph> Finish();

 private:
  GraphBuilder(std::string name, GraphBuilder *around);
  // The types of the operands; invalid ones, and an error, for values of others.
  std::vector<TensorType> TypesOf(const std::vector<Expr> &operands, const Location &at);
  // The builder that has the functions.
  GraphBuilder &outermost() { return around_ != nullptr ? around_->outermost() : *this; }

  bool Owns(Expr value) const {
    return value.builder == identity_ && value.id >= 0 && value.id < static_cast<ValueId>(graph_.values.size());
  }
  ValueId NewValue(std::string name, TensorType type);
  // An input or a state: `kind` is for messages.
  ValueId NewEntry(const char *kind, const std::string &name, DType dtype, Dims dims, const Location &at);
  std::string UniqueName(const std::string &wanted);
  std::string Where(const Location &at) const;

  GraphBuilder *around_ = nullptr;  // whose function this one builds
  uint64_t identity_;               // no two builders of a process have the same
  Graph graph_;
  absl::Status status_;
  std::set<std::string> names_;
  std::map<std::string, int> counters_;
  // Of the outermost builder: functions by name, with their numbers of outputs, also of those that an error kept out.
  std::map<std::string, size_t> functions_;
  std::set<std::string> bound_sizes_;  // of the outermost builder, also where the node that binds them is gone
  std::string next_name_, next_location_;
};

}  // namespace ingot
#endif  // INGOT_BUILDER_H_
