#include "compiler/sizes/size_table.h"

namespace ingot::compiler {

absl::StatusOr<SizeTable> SizeTable::of(const Graph &graph) {
  SizeTable table;
  for (const auto &[name, range] : graph.symbols) {
    table.places.emplace(Dim::Symbol(name), table.size());
    table.symbolList.push_back({name, range});
  }
  auto add = [&](const std::string &name, const Graph &function) {
    absl::StatusOr<std::vector<NodeFact>> facts = UnprovenFacts(graph, function);
    if (!facts.ok()) return facts.status();
    uint32_t begin = static_cast<uint32_t>(table.checkList.size());
    for (const auto &[node, fact] : *facts)
      table.checkList.push_back(
          {fact.kind, table.index(fact.a), table.index(fact.b), function.nodes[node].name, fact.what});
    table.ranges[name] = {begin, static_cast<uint32_t>(table.checkList.size())};
    return absl::OkStatus();
  };
  if (absl::Status status = add("", graph); !status.ok()) return status;
  for (const Graph &function : graph.functions)
    if (absl::Status status = add(function.name, function); !status.ok()) return status;
  return table;
}

std::pair<uint32_t, uint32_t> SizeTable::checksOf(const std::string &function) const {
  auto found = ranges.find(function);
  return found == ranges.end() ? std::pair<uint32_t, uint32_t>() : found->second;
}

uint32_t SizeTable::index(const Dim &dim) {
  auto [entry, isNew] = places.try_emplace(dim, size());
  if (isNew) expressionList.push_back(dim);
  return entry->second;
}

}  // namespace ingot::compiler
