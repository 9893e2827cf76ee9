// Symbols that a node binds (bind_sizes) and no input does: sizes that are known only when the node has run. Nodes that
// use such a symbol stand behind the one that binds it, in the same body or in a function that it calls from there on.
// Tests: tests/graph/bound_sizes_test.cc.
#ifndef INGOT_GRAPH_BOUND_SIZES_H_
#define INGOT_GRAPH_BOUND_SIZES_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ingot/graph.h"

namespace ingot {

// The symbols that the node binds.
std::vector<std::string> SizesBoundBy(const Node &node);
// The symbols that nodes of the graph, or of its functions, bind.
std::set<std::string> SymbolsBoundByNodes(const Graph &graph);
// Adds the symbols in the node's attributes and in the types of its results, but for those it binds.
void CollectSymbolsOf(const Graph &body, const Node &node, std::vector<std::string> &symbols);

// Every symbol is bound once, by an input or by a node, and used behind that node alone. InvalidArgument that names the
// node.
absl::Status CheckBoundSizes(const Graph &graph);

}  // namespace ingot
#endif  // INGOT_GRAPH_BOUND_SIZES_H_
