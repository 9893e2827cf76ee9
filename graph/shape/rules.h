// The shape rules by family; each is named in an op record's shapeRule.
#ifndef INGOT_GRAPH_SHAPE_RULES_H_
#define INGOT_GRAPH_SHAPE_RULES_H_

#include "graph/shape/infer.h"

namespace ingot {

absl::StatusOr<int64_t> NormalizeAxis(int64_t axis, int rank);

// elementwise.cc
absl::StatusOr<TensorType> InferElementwise(InferContext &c);
absl::StatusOr<TensorType> InferPredicate(InferContext &c);
absl::StatusOr<TensorType> InferSelect(InferContext &c);
absl::StatusOr<TensorType> InferCast(InferContext &c);
absl::StatusOr<TensorType> InferSameWithAxis(InferContext &c);
absl::StatusOr<TensorType> InferLayerNorm(InferContext &c);
// movement.cc
absl::StatusOr<TensorType> InferReshape(InferContext &c);
absl::StatusOr<TensorType> InferTranspose(InferContext &c);
absl::StatusOr<TensorType> InferBroadcastTo(InferContext &c);
absl::StatusOr<TensorType> InferSlice(InferContext &c);
absl::StatusOr<TensorType> InferConcat(InferContext &c);
absl::StatusOr<TensorType> InferPad(InferContext &c);
absl::StatusOr<TensorType> InferGather(InferContext &c);
absl::StatusOr<TensorType> InferIota(InferContext &c);
absl::StatusOr<TensorType> InferDim(InferContext &c);
// contraction.cc
absl::StatusOr<TensorType> InferReduce(InferContext &c);
absl::StatusOr<TensorType> InferArgMax(InferContext &c);
absl::StatusOr<TensorType> InferMatMul(InferContext &c);
absl::StatusOr<TensorType> InferConv(InferContext &c);

}  // namespace ingot
#endif  // INGOT_GRAPH_SHAPE_RULES_H_
