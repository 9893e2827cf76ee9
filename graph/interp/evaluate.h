// One op on arrays: what the interpreter's loop and constant folding share. Each op works out the dims of its result
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
#include "graph/graph.h"
#include "graph/interp/array.h"

namespace ingot::interp {

using Symbols = std::map<std::string, int64_t>;

struct OpCall {
  const Node &node;
  std::vector<const Array *> operands;
  DType dtype;                // of the result
  std::vector<int64_t> dims;  // of the result, by the shape rule
  const Symbols &symbols;
  // What the mean of this row is off by, on purpose (noise.h); null: nothing.
  std::function<double(std::span<const double>)> mean_error = nullptr;

  const Array &operand(size_t i) const { return *operands[i]; }
  // A zero-filled result, or InvalidArgument when `own_dims` differ from `dims`. The caller of EvaluateOp has checked
  // that `dims` fit in memory.
  absl::StatusOr<Array> Result(const std::vector<int64_t> &own_dims) const;
};

// The result before rounding: integers are exact modulo 2^64, floats are doubles. Errors do not name the node; see
// NodeError.
absl::StatusOr<Array> EvaluateOp(const OpCall &call);

absl::StatusOr<std::vector<int64_t>> EvaluateDims(const Dims &dims, const Symbols &symbols);
// The status with "node 'n' (op, location): " in front.
absl::Status NodeError(const Node &node, const absl::Status &status);

}  // namespace ingot::interp
#endif  // INGOT_GRAPH_INTERP_EVALUATE_H_
