#include "compiler/sizes/size_table.h"

#include <algorithm>

#include "graph/bound_sizes.h"

namespace ingot::compiler {

absl::StatusOr<SizeTable> SizeTable::of(const Graph &graph) {
  SizeTable table;
  auto addSymbol = [&](const std::string &name) {
    table.places.emplace(Dim::Symbol(name), table.size());
    table.symbolList.push_back({name, graph.symbols.at(name)});
  };
  std::set<std::string> bound = SymbolsBoundByNodes(graph);
  for (const auto &[name, range] : graph.symbols)
    if (!bound.count(name)) addSymbol(name);
  std::vector<const Graph *> bodies{&graph};  // callers before what they call, so that what is bound later counts more
  for (size_t i = graph.functions.size(); i-- > 0;) bodies.push_back(&graph.functions[i]);
  std::map<const Graph *, uint32_t> ownStages;  // the first of a body's own; its last is below the next body's first
  for (const Graph *body : bodies) {
    ownStages[body] = static_cast<uint32_t>(table.stageList.size()) + 1;
    for (const Node &node : body->nodes) {
      std::vector<std::string> symbols = SizesBoundBy(node);
      if (symbols.empty()) continue;
      uint32_t first = static_cast<uint32_t>(table.symbolList.size()),
               stage = static_cast<uint32_t>(table.stageList.size()) + 1;
      for (const std::string &symbol : symbols) {
        addSymbol(symbol);
        table.stageBySymbol[symbol] = stage;
      }
      table.stageList.push_back({first, static_cast<uint32_t>(table.symbolList.size())});
    }
  }

  std::vector<std::vector<SizeCheck>> later(table.stageList.size());
  auto add = [&](const std::string &name, const Graph &body) {
    absl::StatusOr<std::vector<NodeFact>> facts = UnprovenFacts(graph, body);
    if (!facts.ok()) return facts.status();
    uint32_t begin = static_cast<uint32_t>(table.checkList.size());
    for (const auto &[node, fact] : *facts) {
      SizeCheck check{fact.kind, table.index(fact.a), table.index(fact.b), body.nodes[node].name, fact.what};
      uint32_t stage = std::max(table.stageOf(fact.a), table.stageOf(fact.b));
      (stage >= ownStages[&body] ? later[stage - 1] : table.checkList).push_back(std::move(check));
    }
    table.ranges[name] = {begin, static_cast<uint32_t>(table.checkList.size())};
    return absl::OkStatus();
  };
  if (absl::Status status = add("", graph); !status.ok()) return status;
  for (const Graph &function : graph.functions)
    if (absl::Status status = add(function.name, function); !status.ok()) return status;
  for (size_t i = 0; i < later.size(); ++i) {
    table.stageList[i].firstCheck = static_cast<uint32_t>(table.checkList.size());
    std::move(later[i].begin(), later[i].end(), std::back_inserter(table.checkList));
    table.stageList[i].endCheck = static_cast<uint32_t>(table.checkList.size());
  }
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

uint32_t SizeTable::stageOfSymbol(const std::string &symbol) const {
  auto found = stageBySymbol.find(symbol);
  return found == stageBySymbol.end() ? 0 : found->second;
}

uint32_t SizeTable::stageOf(const Dim &dim) const {
  if (stageList.empty()) return 0;
  std::vector<std::string> symbols;
  dim.CollectSymbols(symbols);
  uint32_t stage = 0;
  for (const std::string &symbol : symbols) stage = std::max(stage, stageOfSymbol(symbol));
  return stage;
}

std::vector<uint32_t> SizeTable::stages() const {
  std::vector<uint32_t> list;
  for (const auto &[name, range] : symbolList) list.push_back(stageOfSymbol(name));
  for (const Dim &dim : expressionList) list.push_back(stageOf(dim));
  return list;
}

}  // namespace ingot::compiler
