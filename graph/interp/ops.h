// The evaluation of ops by family (ops_math.cc, ops_tensor.cc, ops_reduce.cc, ops_nn.cc, after graph/ops/*.td); called
// by evaluate.cc alone. What a record's `reference` calls is declared here; functions named after their op are declared
// by what is generated.
#ifndef INGOT_GRAPH_INTERP_OPS_H_
#define INGOT_GRAPH_INTERP_OPS_H_

#include "graph/interp/evaluate.h"
#include "kernels/reference/scalar.h"

namespace ingot::interp {

// ops_math.cc
absl::StatusOr<Array> Unary(const OpCall &call, const reference::UnaryScalar &scalar);
absl::StatusOr<Array> Binary(const OpCall &call, const reference::BinaryScalar &scalar);
absl::StatusOr<Array> Compare(const OpCall &call, const reference::CompareScalar &scalar);
absl::StatusOr<Array> Part(const OpCall &call, double (*part)(const reference::Complex &));

// ops_reduce.cc
absl::StatusOr<Array> Reduce(const OpCall &call);

#include "graph/ops/reference_declarations.inc"

// A tensor seen as [outer, size, inner] around one axis.
struct Around {
  int64_t outer, size, inner;
};
Around AroundAxis(const std::vector<int64_t> &dims, int64_t axis);

}  // namespace ingot::interp
#endif  // INGOT_GRAPH_INTERP_OPS_H_
