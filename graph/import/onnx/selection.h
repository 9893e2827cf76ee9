// What the ops share that pick elements by data: ops_select.cc, and Compress.
#ifndef INGOT_GRAPH_IMPORT_ONNX_SELECTION_H_
#define INGOT_GRAPH_IMPORT_ONNX_SELECTION_H_

#include "ingot/builder.h"

namespace ingot::onnx_import {

// The indices of the true elements of a mask, i64[rank, count], where `count` is a new size.
Expr TrueIndices(GraphBuilder &b, Expr mask);
// The same for a vector: i64[count].
Expr TruePlaces(GraphBuilder &b, Expr mask);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_SELECTION_H_
