#include "compiler/sizes/size_table.h"

#include <algorithm>

#include "graph/bound_sizes.h"

namespace ingot::compiler {

absl::StatusOr<SizeTable> SizeTable::Of(const Graph &graph) {
  SizeTable table;
  auto add_symbol = [&](const std::string &name) {
    table.places_.emplace(Dim::Symbol(name), table.size());
    table.symbol_list_.push_back({name, graph.symbols.at(name)});
  };
  std::set<std::string> bound = SymbolsBoundByNodes(graph);
  for (const auto &[name, range] : graph.symbols)
    if (!bound.count(name)) add_symbol(name);
  std::vector<const Graph *> bodies{&graph};  // callers before what they call, so that what is bound later counts more
  for (size_t i = graph.functions.size(); i-- > 0;) bodies.push_back(&graph.functions[i]);
  std::map<const Graph *, uint32_t> own_stages;  // the first of a body's own; its last is below the next body's first
  for (const Graph *body : bodies) {
    own_stages[body] = static_cast<uint32_t>(table.stage_list_.size()) + 1;
    for (const Node &node : body->nodes) {
      std::vector<std::string> symbols = SizesBoundBy(node);
      if (symbols.empty()) continue;
      uint32_t first = static_cast<uint32_t>(table.symbol_list_.size()),
               stage = static_cast<uint32_t>(table.stage_list_.size()) + 1;
      for (const std::string &symbol : symbols) {
        add_symbol(symbol);
        table.stage_by_symbol_[symbol] = stage;
      }
      table.stage_list_.push_back({first, static_cast<uint32_t>(table.symbol_list_.size())});
    }
  }

  std::vector<std::vector<SizeCheck>> later(table.stage_list_.size());
  auto add = [&](const std::string &name, const Graph &body) {
    absl::StatusOr<std::vector<NodeFact>> facts = UnprovenFacts(graph, body);
    if (!facts.ok()) return facts.status();
    uint32_t begin = static_cast<uint32_t>(table.check_list_.size());
    for (const auto &[node, fact] : *facts) {
      SizeCheck check{fact.kind, table.Index(fact.a), table.Index(fact.b), body.nodes[node].name, fact.what};
      uint32_t stage = std::max(table.StageOf(fact.a), table.StageOf(fact.b));
      (stage >= own_stages[&body] ? later[stage - 1] : table.check_list_).push_back(std::move(check));
    }
    table.ranges_[name] = {begin, static_cast<uint32_t>(table.check_list_.size())};
    return absl::OkStatus();
  };
  if (absl::Status status = add("", graph); !status.ok()) return status;
  for (const Graph &function : graph.functions)
    if (absl::Status status = add(function.name, function); !status.ok()) return status;
  for (size_t i = 0; i < later.size(); ++i) {
    table.stage_list_[i].first_check = static_cast<uint32_t>(table.check_list_.size());
    std::move(later[i].begin(), later[i].end(), std::back_inserter(table.check_list_));
    table.stage_list_[i].end_check = static_cast<uint32_t>(table.check_list_.size());
  }
  return table;
}

std::pair<uint32_t, uint32_t> SizeTable::ChecksOf(const std::string &function) const {
  auto found = ranges_.find(function);
  return found == ranges_.end() ? std::pair<uint32_t, uint32_t>() : found->second;
}

uint32_t SizeTable::Index(const Dim &dim) {
  auto [entry, is_new] = places_.try_emplace(dim, size());
  if (is_new) expression_list_.push_back(dim);
  return entry->second;
}

uint32_t SizeTable::StageOfSymbol(const std::string &symbol) const {
  auto found = stage_by_symbol_.find(symbol);
  return found == stage_by_symbol_.end() ? 0 : found->second;
}

uint32_t SizeTable::StageOf(const Dim &dim) const {
  if (stage_list_.empty()) return 0;
  std::vector<std::string> symbols;
  dim.CollectSymbols(symbols);
  uint32_t stage = 0;
  for (const std::string &symbol : symbols) stage = std::max(stage, StageOfSymbol(symbol));
  return stage;
}

std::vector<uint32_t> SizeTable::stages() const {
  std::vector<uint32_t> list;
  for (const auto &[name, range] : symbol_list_) list.push_back(StageOfSymbol(name));
  for (const Dim &dim : expression_list_) list.push_back(StageOf(dim));
  return list;
}

}  // namespace ingot::compiler
