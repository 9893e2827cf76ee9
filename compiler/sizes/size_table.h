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

// A fact that nothing proves: compared before the first step, before those of the function it belongs to, or where the
// last of its sizes is bound.
struct SizeCheck {
  SizeFact::Kind kind;
  uint32_t a, b;  // places
  std::string node, what;
};

// Sizes come in stages. Stage 0 follows from the inputs' shapes; each bind_sizes node begins a later one, of a higher
// number than the stages it can stand behind. An expression belongs to the last stage that one of its symbols needs.
struct SizeStage {
  uint32_t first_symbol, end_symbol;
  uint32_t first_check = 0, end_check = 0;
};

class SizeTable {
 public:
  SizeTable() = default;
  // The graph's symbols, those of inputs in the order of their names, then those of each stage; and a check for every
  // fact of its nodes that is not proven.
  static absl::StatusOr<SizeTable> Of(const Graph &graph);

  // The place of an expression. Equal expressions share one; a symbol has its own. Places are given in the order of
  // first use.
  uint32_t Index(const Dim &dim);

  const std::vector<std::pair<std::string, SymbolRange>> &symbols() const { return symbol_list_; }
  // Those that inputs have; they stand first.
  uint32_t NumInputSymbols() const {
    return stage_list_.empty() ? static_cast<uint32_t>(symbol_list_.size()) : stage_list_[0].first_symbol;
  }
  // Stage 1 and those behind it.
  const std::vector<SizeStage> &LaterStages() const { return stage_list_; }
  // The stage that a bind_sizes of these symbols begins.
  uint32_t StageOfSymbol(const std::string &symbol) const;
  uint32_t StageOf(const Dim &dim) const;
  // Of every place.
  std::vector<uint32_t> stages() const;
  // The expressions behind the symbols' places.
  const std::vector<Dim> &expressions() const { return expression_list_; }
  const std::vector<SizeCheck> &checks() const { return check_list_; }
  // The checks that hold or not when a function of the graph is entered, as [begin, end); of the graph itself by the
  // name "". Those that need sizes bound in it are their stage's.
  std::pair<uint32_t, uint32_t> ChecksOf(const std::string &function) const;
  uint32_t size() const { return static_cast<uint32_t>(symbol_list_.size() + expression_list_.size()); }

 private:
  std::vector<std::pair<std::string, SymbolRange>> symbol_list_;
  std::vector<Dim> expression_list_;
  std::vector<SizeCheck> check_list_;
  std::vector<SizeStage> stage_list_;
  std::map<std::string, uint32_t> stage_by_symbol_;              // of those that nodes bind
  std::map<std::string, std::pair<uint32_t, uint32_t>> ranges_;  // of checks, by function
  std::map<Dim, uint32_t> places_;
};

}  // namespace ingot::compiler
#endif
