// The order in which a list of ONNX nodes is imported: only those that the outputs need, each after what it reads.
#ifndef INGOT_GRAPH_IMPORT_ONNX_SCHEDULE_H_
#define INGOT_GRAPH_IMPORT_ONNX_SCHEDULE_H_

#include <onnx/onnx_pb.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ingot::onnx_import {

using NodeList = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

// The name of a node for people: its own, or its op type and index.
std::string NodeLabel(const onnx::NodeProto &node, int index);

// Adds the names that a subgraph (of If, Loop, ...) reads from around it.
void CollectOuterNames(const onnx::GraphProto &graph, std::set<std::string> &names);

// Indices into `nodes`, in the file's order where that order is valid. `is_given` tells the names that exist before any
// node runs. InvalidArgument for a value defined twice or nowhere, and for a cycle.
absl::StatusOr<std::vector<int>> Schedule(const NodeList &nodes, const std::vector<std::string> &outputs,
                                          const std::function<bool(const std::string &)> &is_given);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_SCHEDULE_H_
