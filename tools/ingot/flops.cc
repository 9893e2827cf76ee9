#include "tools/ingot/flops.h"

namespace ingot::tool {
namespace {

// Every element of the result is a sum over the left operand's last axis.
Dim OfMatMul(const Graph &graph, const Node &node) {
  return Dim(2) * NumElements(graph.type(node.outputs[0]).dims) * graph.type(node.inputs[0]).dims.back();
}

// Every element of the result is a sum over one filter: weights are [filters, channels per group, kernel...].
Dim OfConv(const Graph &graph, const Node &node) {
  Dims filter = graph.type(node.inputs[1]).dims;
  filter.erase(filter.begin());
  return Dim(2) * NumElements(graph.type(node.outputs[0]).dims) * NumElements(filter);
}

}  // namespace

Dim ContractionOperations(const Graph &graph) {
  Dim total;
  for (const Node &node : graph.nodes) {
    if (node.op == OpKind::kMatMul) total = total + OfMatMul(graph, node);
    if (node.op == OpKind::kConv) total = total + OfConv(graph, node);
  }
  return total;
}

}  // namespace ingot::tool
