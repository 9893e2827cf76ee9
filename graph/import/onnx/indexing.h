// Positions as data: counting, tuples of indices made flat, and taking elements at such positions. Gathers and
// scatters, sampling and resizing are made of these.
#ifndef INGOT_GRAPH_IMPORT_ONNX_INDEXING_H_
#define INGOT_GRAPH_IMPORT_ONNX_INDEXING_H_

#include "graph/import/onnx/node_context.h"

namespace ingot::onnx_import {

// The value of a dim as an i64 scalar.
Expr Number(GraphBuilder &b, const Dim &dim);
// 0, 1, 2, ... along one axis; the other axes of the `rank` have size 1.
Expr Counted(GraphBuilder &b, const Dim &size, size_t axis, size_t rank, DType dtype = DType::kI64);
// Indices as i64, where those below 0 count from the end of an axis of this size.
Expr FromStart(GraphBuilder &b, Expr index, const Dim &size);
// The elements at these positions of x in row-major order.
Expr TakeFlat(GraphBuilder &b, Expr x, Expr positions);
// result[i, j, k] = x[i, index[i, j, k], k] for axis 1, and so on. The index, counted from the start, broadcasts to
// `result`, whose other axes are at most as long as x's.
Expr TakeAlong(GraphBuilder &b, Expr x, Expr index, size_t axis, const Dims &result);
// Tuples along the last axis of `tuples` as row-major positions among [batch..., sizes...]; the first `batch` axes of
// the tuples are the batch axes themselves.
Expr TuplePositions(GraphBuilder &b, Expr tuples, const Dims &sizes, size_t batch);
// Slices [start, limit) of one axis.
Expr SliceAxis(GraphBuilder &b, Expr x, size_t axis, const Dim &start, const Dim &limit);
// InvalidArgument for indices that are no integers; and for a known one outside of an axis of this size.
absl::Status CheckIndexType(const NodeContext &n, size_t i);
absl::Status CheckIndices(const NodeContext &n, size_t i, const Dim &size);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_INDEXING_H_
