// What is known about the sizes that symbols stand for: intervals of dim expressions, proofs of a <= b, and bounds
// taken on where a model needs them. Also the limit on how large an expression may grow. Tests:
// tests/graph/bounds_test.cc.
#ifndef INGOT_GRAPH_SHAPE_BOUNDS_H_
#define INGOT_GRAPH_SHAPE_BOUNDS_H_

#include <map>
#include <string>

#include "ingot/graph.h"

namespace ingot {

// Both ends inclusive; ends beyond +-2^62 are cut there, which stands for infinity.
struct Interval {
  int64_t low;
  int64_t high;
};

class SymbolBounds {
 public:
  SymbolBounds() = default;
  explicit SymbolBounds(std::map<std::string, SymbolRange> ranges) : ranges_(std::move(ranges)) {}

  Interval Of(const Dim &dim) const;
  // a <= b for all sizes within the bounds.
  bool Proves(const Dim &a, const Dim &b) const { return Of(b - a).low >= 0; }
  // Proves a <= b, or makes it true by narrowing the range of the only symbol in it. False when neither is possible.
  bool Require(const Dim &a, const Dim &b);
  // Dim::Min and Dim::Max, decided where the bounds decide them.
  Dim Min(const Dim &a, const Dim &b) const;
  Dim Max(const Dim &a, const Dim &b) const;

  // The ranges given, and those that Require has narrowed.
  const std::map<std::string, SymbolRange> &narrowed() const { return ranges_; }

 private:
  SymbolRange RangeOf(const std::string &symbol) const;
  std::map<std::string, SymbolRange> ranges_;
};

// False for expressions with more than 160 terms, symbols and calls, or calls nested more than 8 deep: hostile models
// grow such without end.
bool IsSmall(const Dim &dim);
// All dims small, and their product too.
bool IsSmall(const Dims &dims);

}  // namespace ingot
#endif  // INGOT_GRAPH_SHAPE_BOUNDS_H_
