// Einstein sums as sums, products and matrix products.
#ifndef INGOT_GRAPH_IMPORT_ONNX_EINSUM_H_
#define INGOT_GRAPH_IMPORT_ONNX_EINSUM_H_

#include <string>
#include <vector>

#include "ingot/builder.h"

namespace ingot::onnx_import {

// "bhqd,bhkd->bhqk", with ellipses. Unimplemented for a label that occurs twice in one operand (a diagonal).
absl::StatusOr<Expr> Einsum(GraphBuilder &b, const std::string &equation, const std::vector<Expr> &operands);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_EINSUM_H_
