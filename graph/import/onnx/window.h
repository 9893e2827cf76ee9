// The sliding windows of convolutions and pools: what their attributes say about kernel, strides and padding.
#ifndef INGOT_GRAPH_IMPORT_ONNX_WINDOW_H_
#define INGOT_GRAPH_IMPORT_ONNX_WINDOW_H_

#include "graph/import/onnx/node_context.h"

namespace ingot::onnx_import {

struct Window {
  Ints kernel, strides, dilations;
  Ints low, high;         // padding
  std::string automatic;  // how padding is chosen: NOTSET (as given), VALID, SAME_UPPER or SAME_LOWER

  // How far one window reaches along an axis.
  int64_t extent(size_t i) const { return (kernel[i] - 1) * dilations[i] + 1; }
};

// The attributes, with the padding as given. `kernel` comes from the weights, where there are any.
absl::StatusOr<Window> ReadWindow(NodeContext &n, size_t rank, std::optional<Ints> kernel);
// The same with automatic padding worked out for windows that slide over these sizes.
absl::StatusOr<Window> WindowOver(NodeContext &n, const Dims &spatial, std::optional<Ints> kernel);
// The spatial sizes of weights [outputs, inputs, kernel...], which must be constant.
absl::StatusOr<Ints> KernelOf(const TensorType &weights);
absl::StatusOr<int64_t> GroupsOf(NodeContext &n);
// Conv's attributes applied to these operands, which stand for operands `x` and `w` of the node.
absl::StatusOr<Expr> Convolution(NodeContext &n, Expr data, Expr weights, size_t x, size_t w);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_WINDOW_H_
