// The evaluation of ops by family (ops_math.cc, ops_tensor.cc, ops_reduce.cc, ops_nn.cc, after graph/ops/*.td); called
// by evaluate.cc alone.
#ifndef INGOT_GRAPH_INTERP_OPS_H_
#define INGOT_GRAPH_INTERP_OPS_H_

#include "graph/interp/evaluate.h"
#include "kernels/reference/scalar.h"

namespace ingot::interp {

// ops_math.cc
absl::StatusOr<Array> Unary(const OpCall &call, const reference::UnaryScalar &scalar);
absl::StatusOr<Array> Binary(const OpCall &call, const reference::BinaryScalar &scalar);
absl::StatusOr<Array> Compare(const OpCall &call, const reference::CompareScalar &scalar);
absl::StatusOr<Array> IsNan(const OpCall &call);
absl::StatusOr<Array> Select(const OpCall &call);
absl::StatusOr<Array> Cast(const OpCall &call);

// ops_tensor.cc
absl::StatusOr<Array> Reshape(const OpCall &call);
absl::StatusOr<Array> Transpose(const OpCall &call);
absl::StatusOr<Array> BroadcastTo(const OpCall &call);
absl::StatusOr<Array> Slice(const OpCall &call);
absl::StatusOr<Array> Concat(const OpCall &call);
absl::StatusOr<Array> Pad(const OpCall &call);
absl::StatusOr<Array> Gather(const OpCall &call);
absl::StatusOr<Array> Iota(const OpCall &call);
absl::StatusOr<Array> DimValues(const OpCall &call);

// ops_reduce.cc
absl::StatusOr<Array> Reduce(const OpCall &call);
absl::StatusOr<Array> ArgMax(const OpCall &call);

// ops_nn.cc
absl::StatusOr<Array> MatMul(const OpCall &call);
absl::StatusOr<Array> Conv(const OpCall &call);
absl::StatusOr<Array> Softmax(const OpCall &call);
absl::StatusOr<Array> LogSoftmax(const OpCall &call);
absl::StatusOr<Array> LayerNorm(const OpCall &call);

// A tensor seen as [outer, size, inner] around one axis.
struct Around {
  int64_t outer, size, inner;
};
Around AroundAxis(const std::vector<int64_t> &dims, int64_t axis);

}  // namespace ingot::interp
#endif  // INGOT_GRAPH_INTERP_OPS_H_
