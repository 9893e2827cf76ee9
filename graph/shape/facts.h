// Facts about sizes that shape rules rely on. What follows from the expressions is decided at once, what the symbols'
// ranges prove is dropped, and the rest is checked when the sizes are known: by the compiled program before it runs,
// and by the interpreter. Tests: tests/graph/facts_test.cc.
#ifndef INGOT_GRAPH_SHAPE_FACTS_H_
#define INGOT_GRAPH_SHAPE_FACTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/graph.h"

namespace ingot {

// a == b, or a <= b.
struct SizeFact {
  enum class Kind : uint8_t { kEqual, kAtMost };
  Kind kind;
  Dim a, b;
  std::string what;  // why: "the number of elements must stay the same"

  // InvalidArgument that says why, with the expressions and their values, when the fact does not hold or a size cannot
  // be computed.
  absl::Status Check(const std::map<std::string, int64_t> &symbols) const;
};

struct NodeFact {
  size_t node;
  SizeFact fact;
};

// The facts of a validated graph's nodes that its expressions and ranges do not prove, in the order of the nodes, none
// twice; those of its functions are not among them.
absl::StatusOr<std::vector<NodeFact>> UnprovenFacts(const Graph &graph);
// The same for a function of the graph.
absl::StatusOr<std::vector<NodeFact>> UnprovenFacts(const Graph &graph, const Graph &function);

}  // namespace ingot
#endif  // INGOT_GRAPH_SHAPE_FACTS_H_
