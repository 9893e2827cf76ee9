// Shape functions: the one place that says what type an op's result has. The builder, the loaders and the MLIR verifier all call CompleteNode.
#ifndef INGOT_GRAPH_SHAPE_INFER_H_
#define INGOT_GRAPH_SHAPE_INFER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "graph/graph.h"

namespace ingot {

// What a shape function sees: operand types in schema order, and the attributes with defaults filled in.
struct InferContext {
  const OpSchema &schema;
  std::vector<const TensorType *> operands;
  Attributes &attributes;  // axes may be made non-negative here

  const TensorType &operand(size_t i) const { return *operands[i]; }
  template <typename T>
  T &Get(const std::string &key) const {
    return std::get<T>(attributes.at(key));
  }
};

using ShapeRule = absl::StatusOr<TensorType> (*)(InferContext &);
// nullptr when there is no rule of this name.
ShapeRule FindShapeRule(std::string_view name);

// Fills in default attributes, checks arity, attribute kinds and dtypes, and returns the result type.
absl::StatusOr<TensorType> InferType(const OpSchema &schema, const std::vector<const TensorType *> &operands, Attributes &attributes);
// The same for a node whose operands are values of `graph`.
absl::StatusOr<TensorType> CompleteNode(const Graph &graph, Node &node);

// NumPy broadcasting. A dim broadcasts against 1 only where it is 1 at compile time.
absl::StatusOr<Dims> BroadcastDims(const Dims &a, const Dims &b);

}  // namespace ingot
#endif  // INGOT_GRAPH_SHAPE_INFER_H_
