#include "graph/bound_sizes.h"

#include <map>

#include "absl/strings/str_cat.h"

namespace ingot {
namespace {

constexpr size_t kMostBoundSizes = 4096;

absl::Status Error(const Node &node, const std::string &what) {
  return absl::InvalidArgumentError(absl::StrCat("node '", node.name, "' (", std::string(Name(node.op)), "): ", what));
}

void CollectSymbols(const Dims &dims, std::vector<std::string> &symbols) {
  for (const Dim &dim : dims) dim.CollectSymbols(symbols);
}

class ScopeCheck {
 public:
  explicit ScopeCheck(const std::set<std::string> &bound_by_nodes) : all_(bound_by_nodes) {}

  // A function, or the graph itself behind all functions.
  absl::Status Add(const Graph &body) {
    std::set<std::string> later, here;
    std::set<std::string> free;
    for (const Node &node : body.nodes) {
      for (std::string &symbol : SizesBoundBy(node)) later.insert(std::move(symbol));
    }
    auto use = [&](const std::string &symbol) {
      if (!all_.count(symbol) || here.count(symbol)) return true;
      if (later.count(symbol)) return false;
      free.insert(symbol);
      return true;
    };
    std::vector<std::string> symbols;
    for (ValueId id : body.inputs) CollectSymbols(body.type(id).dims, symbols);
    for (const std::string &symbol : symbols) {
      if (!use(symbol))
        return absl::InvalidArgumentError(absl::StrCat("an input has the size '", symbol, "', which a node binds"));
    }
    for (const Node &node : body.nodes) {
      symbols.clear();
      CollectSymbolsOf(body, node, symbols);
      for (const std::string &function : FunctionsOf(node)) {
        const std::set<std::string> &needs = free_[function];
        symbols.insert(symbols.end(), needs.begin(), needs.end());
      }
      for (const std::string &symbol : symbols) {
        if (!use(symbol)) return Error(node, absl::StrCat("uses the size '", symbol, "' before a node binds it"));
        if (is_entry_ && free.count(symbol))
          return Error(node, absl::StrCat("uses the size '", symbol,
                                          "', which is bound in a function alone; make it a value that it returns"));
      }
      for (std::string &symbol : SizesBoundBy(node)) here.insert(std::move(symbol));
    }
    free_[body.name] = std::move(free);
    return absl::OkStatus();
  }

  absl::Status AddEntry(const Graph &graph) {
    is_entry_ = true;
    return Add(graph);
  }

 private:
  const std::set<std::string> &all_;
  bool is_entry_ = false;
  std::map<std::string, std::set<std::string>> free_;  // what functions use of sizes that others bind
};

template <typename F>
void ForBodies(const Graph &graph, F f) {
  for (const Graph &function : graph.functions) f(function);
  f(graph);
}

}  // namespace

std::vector<std::string> SizesBoundBy(const Node &node) {
  std::vector<std::string> symbols;
  if (node.op != OpKind::kBindSizes) return symbols;
  auto found = node.attributes.find("sizes");
  const Dims *sizes = found == node.attributes.end() ? nullptr : std::get_if<Dims>(&found->second);
  for (size_t i = 0; sizes != nullptr && i < sizes->size(); ++i) {
    if (std::optional<std::string> symbol = (*sizes)[i].symbol()) symbols.push_back(*std::move(symbol));
  }
  return symbols;
}

std::set<std::string> SymbolsBoundByNodes(const Graph &graph) {
  std::set<std::string> symbols;
  ForBodies(graph, [&](const Graph &body) {
    for (const Node &node : body.nodes) {
      for (std::string &symbol : SizesBoundBy(node)) symbols.insert(std::move(symbol));
    }
  });
  return symbols;
}

void CollectSymbolsOf(const Graph &body, const Node &node, std::vector<std::string> &symbols) {
  if (node.op != OpKind::kBindSizes) {
    for (const auto &[name, attribute] : node.attributes) {
      if (const Dims *dims = std::get_if<Dims>(&attribute)) CollectSymbols(*dims, symbols);
    }
  }
  for (ValueId id : node.outputs) CollectSymbols(body.type(id).dims, symbols);
}

absl::Status CheckBoundSizes(const Graph &graph) {
  std::set<std::string> bound;
  absl::Status status;
  std::vector<std::string> of_inputs;
  for (ValueId id : graph.inputs) CollectSymbols(graph.type(id).dims, of_inputs);
  for (const GraphState &state : graph.states) CollectSymbols(graph.type(state.input).dims, of_inputs);
  const std::set<std::string> inputs(of_inputs.begin(), of_inputs.end());
  ForBodies(graph, [&](const Graph &body) {
    for (const Node &node : body.nodes) {
      for (const std::string &symbol : SizesBoundBy(node)) {
        if (status.ok() && (inputs.count(symbol) || !bound.insert(symbol).second))
          status =
              Error(node, absl::StrCat("binds the size '", symbol, "', which an input, a state or another node has"));
      }
    }
  });
  if (!status.ok() || bound.empty()) return status;
  if (bound.size() > kMostBoundSizes)
    return absl::InvalidArgumentError(
        absl::StrCat("nodes bind ", bound.size(), " sizes; at most ", kMostBoundSizes, " are supported"));
  ScopeCheck check(bound);
  for (const Graph &function : graph.functions) {
    if (absl::Status s = check.Add(function); !s.ok())
      return absl::InvalidArgumentError(absl::StrCat("function '", function.name, "': ", s.message()));
  }
  return check.AddEntry(graph);
}

}  // namespace ingot
