// Scattering, turned round: every element of the result looks for the updates that name it. All pairs are compared,
// which suits the few updates of real models.
#ifndef INGOT_GRAPH_IMPORT_ONNX_SCATTER_H_
#define INGOT_GRAPH_IMPORT_ONNX_SCATTER_H_

#include "graph/import/onnx/node_context.h"

namespace ingot::onnx_import {

enum class ScatterBy { kReplace, kAdd, kMul, kMax, kMin };

// Data [outer, size, inner] and updates [outer, count, inner]. The index has the shape of the updates, or 1 in place of
// outer and inner; one that names no element is skipped.
struct ScatterBlocks {
  Expr data, index, updates;
  Dim outer, size, inner, count;
  Dim index_outer, index_inner;
};

absl::StatusOr<Expr> Scattered(NodeContext &n, const ScatterBlocks &s, ScatterBy how, DType dtype);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_SCATTER_H_
