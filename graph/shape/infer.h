// Shape functions: the one place that says what types an op's results have. The builder, the loaders and the MLIR
// verifier all call CompleteNode.
#ifndef INGOT_GRAPH_SHAPE_INFER_H_
#define INGOT_GRAPH_SHAPE_INFER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "graph/shape/facts.h"
#include "ingot/graph.h"

namespace ingot {

// What a shape function sees: operand types in schema order, and the attributes with defaults filled in.
struct InferContext {
  const OpSchema &schema;
  std::vector<const TensorType *> operands;
  Attributes &attributes;               // axes may be made non-negative here
  std::vector<SizeFact> *facts;         // where facts go that the expressions leave open; may be null
  const std::vector<Graph> *functions;  // that the op may name

  const TensorType &operand(size_t i) const { return *operands[i]; }
  template <typename T>
  T &Get(const std::string &key) const {
    return std::get<T>(attributes.at(key));
  }
  // The rule relies on a == b, or on a <= b. False when that certainly does not hold; what is undecided is noted as a
  // fact, with the reason.
  bool MustBeEqual(const Dim &a, const Dim &b, const char *what);
  bool MustBeAtMost(const Dim &a, const Dim &b, const char *what);
  // NumPy broadcasting: a size broadcasts where it is 1 at compile time; all others must be equal.
  absl::StatusOr<Dims> Broadcast(const Dims &a, const Dims &b);
  // False when `from` certainly does not broadcast to `to`.
  bool MustBroadcastTo(const Dims &from, const Dims &to);
};

bool Allows(DTypeSet set, DType dtype);
bool Takes(const OpSchema &schema, DType dtype);  // as an operand
// What to do about an operand whose dtype an op does not take: "cast it to i8 first".
std::string_view CastAdvice(DType dtype);

// One type per result, in schema order.
using ResultTypes = std::vector<TensorType>;
using ShapeRule = absl::StatusOr<ResultTypes> (*)(InferContext &);
// nullptr when there is no rule of this name.
ShapeRule FindShapeRule(std::string_view name);

// Fills in default attributes, checks arity, attribute kinds and dtypes, and returns the result types. `facts` receives
// what has to hold for the sizes besides (UnprovenFacts of facts.h asks for it; others leave it null).
absl::StatusOr<ResultTypes> InferTypes(const OpSchema &schema, const std::vector<const TensorType *> &operands,
                                       Attributes &attributes, std::vector<SizeFact> *facts = nullptr,
                                       const std::vector<Graph> *functions = nullptr);
// The same for a node whose operands are values of `graph`: a graph, or one of the functions of the graph that has
// `functions`.
absl::StatusOr<ResultTypes> CompleteNode(const Graph &graph, const std::vector<Graph> &functions, Node &node,
                                         std::vector<SizeFact> *facts = nullptr);

}  // namespace ingot
#endif  // INGOT_GRAPH_SHAPE_INFER_H_
