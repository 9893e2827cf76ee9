// Every size that a compiled program uses, and what has to hold for them. The one place where dim expressions get a
// value: the program's eval_sizes (compiler/emit/size_emitter.cc) computes the table, and kernels, steps and values
// name places in it. Test: tests/compiler/size_table_test.cc.
#ifndef INGOT_COMPILER_SIZES_SIZETABLE_H
#define INGOT_COMPILER_SIZES_SIZETABLE_H

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/shape/facts.h"

namespace ingot::compiler {

// A fact that nothing proves: compared before the first step, or before those of the function it belongs to.
struct SizeCheck {
  SizeFact::Kind kind;
  uint32_t a, b;  // places
  std::string node, what;
};

class SizeTable {
 public:
  SizeTable() = default;
  // The graph's symbols, in the order of their names, and a check for every fact of its nodes that is not proven, those
  // of functions behind those of the graph.
  static absl::StatusOr<SizeTable> of(const Graph &graph);

  // The place of an expression. Equal expressions share one; a symbol has its own. Places are given in the order of
  // first use.
  uint32_t index(const Dim &dim);

  const std::vector<std::pair<std::string, SymbolRange>> &symbols() const { return symbolList; }
  // The expressions behind the symbols' places.
  const std::vector<Dim> &expressions() const { return expressionList; }
  const std::vector<SizeCheck> &checks() const { return checkList; }
  // The checks of a function of the graph, as [begin, end); of the graph itself by the name "".
  std::pair<uint32_t, uint32_t> checksOf(const std::string &function) const;
  uint32_t size() const { return static_cast<uint32_t>(symbolList.size() + expressionList.size()); }

 private:
  std::vector<std::pair<std::string, SymbolRange>> symbolList;
  std::vector<Dim> expressionList;
  std::vector<SizeCheck> checkList;
  std::map<std::string, std::pair<uint32_t, uint32_t>> ranges;  // of checks, by function
  std::map<Dim, uint32_t> places;
};

}  // namespace ingot::compiler
#endif
