// Axes that are data. What an op does along one of few axes becomes a reshape to sizes that follow from the data, and
// the op along an axis that is known. Values against ONNX Runtime: tests/e2e/data_sizes.py.
#ifndef INGOT_GRAPH_IMPORT_ONNX_AXES_BY_DATA_H_
#define INGOT_GRAPH_IMPORT_ONNX_AXES_BY_DATA_H_

#include "graph/import/onnx/node_context.h"

namespace ingot::onnx_import {

// The axes that an operand names, out of `rank`.
struct NamedAxes {
  std::optional<int64_t> count;  // how many, where that is known
  Expr list;                     // i64[count], from 0 on where they were negative
  Expr named;                    // i64[rank]: 1 for an axis that is named, else 0
  Expr fit;                      // bool[]: all are below the rank, and named once
};
absl::StatusOr<NamedAxes> AxesByData(NodeContext &n, size_t i, int rank);
// Binds `sizes`, i64[...]; axes that do not fit are refused when the program runs, as sizes of -1.
absl::StatusOr<Dims> SizesIfFit(NodeContext &n, const NamedAxes &axes, Expr sizes, const char *what);
// Those of `sizes`, i64[rank], whose axis is not named: i64[rank - count]. The count is known and below the rank.
Expr SizesOfOthers(GraphBuilder &b, const NamedAxes &axes, Expr sizes);

// The sizes of the axes before the one that operand i names, of that one, and of those behind it: for an op along one
// axis, which is then axis 1 of 3.
absl::StatusOr<Dims> SizesAround(NodeContext &n, size_t i, const Dims &dims);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_AXES_BY_DATA_H_
