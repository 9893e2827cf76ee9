#include "graph/shape/facts.h"

#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "graph/shape/bounds.h"
#include "graph/shape/infer.h"

namespace ingot {

absl::Status SizeFact::Check(const std::map<std::string, int64_t> &symbols) const {
  absl::StatusOr<int64_t> x = a.Evaluate(symbols), y = b.Evaluate(symbols);
  if (!x.ok()) return x.status();
  if (!y.ok()) return y.status();
  if (kind == Kind::kEqual ? *x == *y : *x <= *y) return absl::OkStatus();
  auto side = [](const Dim &dim, int64_t value) {
    return dim.is_constant() ? absl::StrCat(value) : absl::StrCat("'", dim.ToString(), "' = ", value);
  };
  return absl::InvalidArgumentError(absl::StrCat(
      what, ", but ", side(a, *x), kind == Kind::kEqual ? " is not equal to " : " is larger than ", side(b, *y)));
}

absl::StatusOr<std::vector<NodeFact>> UnprovenFacts(const Graph &graph) { return UnprovenFacts(graph, graph); }

absl::StatusOr<std::vector<NodeFact>> UnprovenFacts(const Graph &graph, const Graph &function) {
  SymbolBounds bounds(graph.symbols);
  std::set<std::tuple<SizeFact::Kind, Dim, Dim>> known;
  std::vector<NodeFact> unproven;
  for (size_t i = 0; i < function.nodes.size(); ++i) {
    Node node = function.nodes[i];
    std::vector<SizeFact> facts;
    if (absl::StatusOr<ResultTypes> types = CompleteNode(function, graph.functions, node, &facts); !types.ok())
      return types.status();
    for (SizeFact &fact : facts) {
      bool proven =
          bounds.Proves(fact.a, fact.b) && (fact.kind == SizeFact::Kind::kAtMost || bounds.Proves(fact.b, fact.a));
      if (!proven && known.insert({fact.kind, fact.a, fact.b}).second) unproven.push_back({i, std::move(fact)});
    }
  }
  return unproven;
}

}  // namespace ingot
