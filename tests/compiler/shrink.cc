#include "tests/compiler/shrink.h"

#include "absl/strings/str_cat.h"

namespace ingot {
namespace {

Graph WithOneOutput(Graph graph, size_t output) {
  graph.outputs = {graph.outputs[output]};
  RemoveDeadNodes(graph);
  return graph;
}

Graph WithoutOutput(Graph graph, size_t output) {
  graph.outputs.erase(graph.outputs.begin() + static_cast<int64_t>(output));
  RemoveDeadNodes(graph);
  return graph;
}

// Who read this result now reads an input.
Graph WithInputFor(Graph graph, ValueId result) {
  ValueId input = static_cast<ValueId>(graph.values.size());
  graph.values.push_back({absl::StrCat("cut", input), graph.type(result), -1, -1});
  graph.inputs.push_back(input);
  for (Node &other : graph.nodes) {
    for (ValueId &id : other.inputs) {
      if (id == result) id = input;
    }
  }
  RemoveDeadNodes(graph);
  return graph;
}

bool FeedsNodes(const Graph &graph, ValueId value) {
  for (const Node &node : graph.nodes) {
    for (ValueId id : node.inputs) {
      if (id == value) return true;
    }
  }
  return false;
}

}  // namespace

Graph Shrink(Graph graph, const std::function<bool(const Graph &)> &fails) {
  auto keep = [&](Graph smaller) {
    if (!Validate(smaller).ok() || !fails(smaller)) return false;
    graph = std::move(smaller);
    return true;
  };
  bool alone = false;
  for (size_t i = 0; i < graph.outputs.size() && graph.outputs.size() > 1 && !alone; ++i)
    alone = keep(WithOneOutput(graph, i));
  for (size_t i = graph.outputs.size(); !alone && graph.outputs.size() > 1 && i-- > 0;) keep(WithoutOutput(graph, i));
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    for (size_t r = 0; i < graph.nodes.size() && r < graph.nodes[i].outputs.size(); ++r) {
      if (ValueId result = graph.nodes[i].outputs[r]; FeedsNodes(graph, result)) keep(WithInputFor(graph, result));
    }
  }
  return graph;
}

}  // namespace ingot
