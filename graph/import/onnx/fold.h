// Evaluation of nodes over known elements: shape arithmetic. Each returns nullopt where the result depends on what the
// symbols stand for.
#ifndef INGOT_GRAPH_IMPORT_ONNX_FOLD_H_
#define INGOT_GRAPH_IMPORT_ONNX_FOLD_H_

#include "graph/import/onnx/node_context.h"

namespace ingot::onnx_import {

using Folded = absl::StatusOr<std::optional<Known>>;

// fold_math.cc: element by element, broadcasting.
Folded FoldAdd(NodeContext &n);
Folded FoldSub(NodeContext &n);
Folded FoldMul(NodeContext &n);
Folded FoldDiv(NodeContext &n);
Folded FoldMod(NodeContext &n);
Folded FoldPow(NodeContext &n);
Folded FoldMin(NodeContext &n);
Folded FoldMax(NodeContext &n);
Folded FoldEqual(NodeContext &n);
Folded FoldLess(NodeContext &n);
Folded FoldLessOrEqual(NodeContext &n);
Folded FoldGreater(NodeContext &n);
Folded FoldGreaterOrEqual(NodeContext &n);
Folded FoldAnd(NodeContext &n);
Folded FoldOr(NodeContext &n);
Folded FoldNot(NodeContext &n);
Folded FoldNeg(NodeContext &n);
Folded FoldAbs(NodeContext &n);
Folded FoldSqrt(NodeContext &n);
Folded FoldReciprocal(NodeContext &n);
Folded FoldFloor(NodeContext &n);
Folded FoldCeil(NodeContext &n);
Folded FoldWhere(NodeContext &n);
Folded FoldCast(NodeContext &n);

// fold_shape.cc: elements moved, or reduced.
Folded FoldGather(NodeContext &n);
Folded FoldConcat(NodeContext &n);
Folded FoldTranspose(NodeContext &n);
Folded FoldExpand(NodeContext &n);
Folded FoldTile(NodeContext &n);
Folded FoldNonZero(NodeContext &n);
Folded FoldReduceProd(NodeContext &n);
Folded FoldReduceSum(NodeContext &n);
Folded FoldReduceMax(NodeContext &n);
Folded FoldReduceMin(NodeContext &n);
// x[starts : ... : steps] of `counts` elements per axis, all within bounds.
Known SliceKnown(const Known &x, const Ints &starts, const Ints &counts, const Ints &steps);

// The shape that two broadcast to; nullopt when they do not, or it is large.
std::optional<Ints> BroadcastShapes(const Ints &a, const Ints &b);
// Element of `shape` that stands at position `flat` of the broadcast `result`.
size_t BroadcastIndex(const Ints &shape, const Ints &result, int64_t flat);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_FOLD_H_
