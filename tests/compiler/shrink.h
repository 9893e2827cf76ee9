// The part of a graph that a finding needs: as few outputs and nodes as still give one.
#ifndef INGOT_TESTS_COMPILER_SHRINK_H_
#define INGOT_TESTS_COMPILER_SHRINK_H_

#include <functional>

#include "ingot/graph.h"

namespace ingot {

// Leaves out outputs and puts inputs in the place of nodes for as long as `fails` says that the finding is still there.
Graph Shrink(Graph graph, const std::function<bool(const Graph &)> &fails);

}  // namespace ingot
#endif  // INGOT_TESTS_COMPILER_SHRINK_H_
