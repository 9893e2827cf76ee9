#include "compiler/sizes/size_table.h"

namespace ingot::compiler {

absl::StatusOr<SizeTable> SizeTable::of(const Graph &graph) {
  SizeTable table;
  for (const auto &[name, range] : graph.symbols) {
    table.places.emplace(Dim::Symbol(name), table.size());
    table.symbolList.push_back({name, range});
  }
  absl::StatusOr<std::vector<NodeFact>> facts = UnprovenFacts(graph);
  if (!facts.ok()) return facts.status();
  for (const auto &[node, fact] : *facts)
    table.checkList.push_back({fact.kind, table.index(fact.a), table.index(fact.b), graph.nodes[node].name, fact.what});
  return table;
}

uint32_t SizeTable::index(const Dim &dim) {
  auto [entry, isNew] = places.try_emplace(dim, size());
  if (isNew) expressionList.push_back(dim);
  return entry->second;
}

}  // namespace ingot::compiler
