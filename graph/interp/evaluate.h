// One op on arrays: what the interpreter's loop and constant folding share. Each op works out the dims of its results
// from its operands alone; OpCall::Result compares them with what the shape rule promised, so every evaluation also
// checks graph/shape.
//
// Tests: tests/graph/interp/.
#ifndef INGOT_GRAPH_INTERP_EVALUATE_H_
#define INGOT_GRAPH_INTERP_EVALUATE_H_

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/interp/array.h"
#include "ingot/graph.h"

namespace ingot::interp {

using Symbols = std::map<std::string, int64_t>;

// A result as the shape rule promises it.
struct ResultShape {
  DType dtype;
  std::vector<int64_t> dims;
};

struct OpCall {
  const Node &node;
  std::vector<const Array *> operands;
  std::vector<ResultShape> results;
  const Symbols &symbols;
  // What the mean of this row is off by, on purpose (noise.h); null: nothing.
  std::function<double(std::span<const double>)> mean_error = nullptr;

  const Array &operand(size_t i) const { return *operands[i]; }
  DType dtype() const { return results[0].dtype; }
  const std::vector<int64_t> &dims() const { return results[0].dims; }
  // Result `i`, zero-filled, or InvalidArgument when `own_dims` differ from what is promised. The caller of EvaluateOp
  // has checked that the promised dims fit in memory.
  absl::StatusOr<Array> Result(const std::vector<int64_t> &own_dims, size_t i = 0) const;
};

// The results before rounding: integers are exact modulo 2^64, floats are doubles. Errors do not name the node; see
// NodeError.
absl::StatusOr<std::vector<Array>> EvaluateOp(const OpCall &call);
// What the shape rule promises of a node's results for these symbols.
absl::StatusOr<std::vector<ResultShape>> PromisedResults(const Graph &graph, const Node &node, const Symbols &symbols);

absl::StatusOr<std::vector<int64_t>> EvaluateDims(const Dims &dims, const Symbols &symbols);
// The status with "node 'n' (op, location): " in front.
absl::Status NodeError(const Node &node, const absl::Status &status);

}  // namespace ingot::interp
#endif  // INGOT_GRAPH_INTERP_EVALUATE_H_
