// What the importers of subgraphs share.
#ifndef INGOT_GRAPH_IMPORT_ONNX_CONTROL_H_
#define INGOT_GRAPH_IMPORT_ONNX_CONTROL_H_

#include <string>
#include <vector>

#include "ingot/builder.h"

namespace ingot::onnx_import {

inline std::vector<TensorType> TypesOf(const GraphBuilder &b, const std::vector<Expr> &values) {
  std::vector<TensorType> types;
  for (Expr value : values) types.push_back(b.type(value));
  return types;
}

template <typename T>
void Append(std::vector<T> &to, const std::vector<T> &more) {
  to.insert(to.end(), more.begin(), more.end());
}

// Whether a value may turn into another of this type: sizes that are not numbers are compared when it runs.
absl::Status CheckSame(const TensorType &from, const TensorType &to, const std::string &what);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_CONTROL_H_
