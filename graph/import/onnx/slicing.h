// Parts of axes: what Slice, Split and SplitToSequence share.
#ifndef INGOT_GRAPH_IMPORT_ONNX_SLICING_H_
#define INGOT_GRAPH_IMPORT_ONNX_SLICING_H_

#include "graph/import/onnx/node_context.h"

namespace ingot::onnx_import {

// Slice as of opset 10 where starts, ends, axes or steps are data: bound sizes, and positions where a step may be
// negative. How many axes it cuts must be known.
absl::Status SliceByData(NodeContext &n);
// Cuts operand 0 along an axis into parts of these sizes: as many results as there are parts.
absl::Status SplitAxis(NodeContext &n, int64_t axis, const Dims &parts);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_SLICING_H_
