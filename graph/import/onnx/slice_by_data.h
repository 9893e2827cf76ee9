// Slice where starts, ends, axes or steps are data: bound sizes, and positions where a step may be negative.
#ifndef INGOT_GRAPH_IMPORT_ONNX_SLICE_BY_DATA_H_
#define INGOT_GRAPH_IMPORT_ONNX_SLICE_BY_DATA_H_

#include "graph/import/onnx/node_context.h"

namespace ingot::onnx_import {

// The node with operands 0 to 4 as of opset 10. How many axes it cuts must be known.
absl::Status SliceByData(NodeContext &n);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_SLICE_BY_DATA_H_
