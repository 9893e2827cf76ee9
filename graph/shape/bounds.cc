// Interval arithmetic over dim expressions.
#include "graph/shape/bounds.h"

#include <algorithm>

namespace ingot {
namespace {

constexpr int64_t kInfinity = INT64_C(1) << 62;

int64_t Saturate(__int128 value) {
  if (value > kInfinity) return kInfinity;
  return value < -kInfinity ? -kInfinity : static_cast<int64_t>(value);
}

Interval Add(Interval a, Interval b) {
  // An infinite end stays infinite whatever is added.
  auto end = [](int64_t x, int64_t y, int64_t infinite) {
    return x == infinite || y == infinite ? infinite : Saturate(static_cast<__int128>(x) + y);
  };
  return {end(a.low, b.low, -kInfinity), end(a.high, b.high, kInfinity)};
}

Interval Multiply(Interval a, Interval b) {
  int64_t products[] = {Saturate(static_cast<__int128>(a.low) * b.low), Saturate(static_cast<__int128>(a.low) * b.high),
                        Saturate(static_cast<__int128>(a.high) * b.low),
                        Saturate(static_cast<__int128>(a.high) * b.high)};
  return {*std::min_element(products, products + 4), *std::max_element(products, products + 4)};
}

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

Interval OfCall(Dim::Call call, Interval a, Interval b) {
  constexpr Interval kAnything{-kInfinity, kInfinity};
  switch (call) {
    case Dim::Call::kMin:
      return {std::min(a.low, b.low), std::min(a.high, b.high)};
    case Dim::Call::kMax:
      return {std::max(a.low, b.low), std::max(a.high, b.high)};
    case Dim::Call::kMod:
      return b.low >= 0 ? Interval{0, std::max<int64_t>(b.high - 1, 0)} : kAnything;
    case Dim::Call::kFloorDiv:
    case Dim::Call::kCeilDiv: {
      // A divisor of zero is an error at run time, so only positive ones count.
      if (b.low < 0) return kAnything;
      int64_t small = std::max<int64_t>(b.low, 1), large = std::max(b.high, small);
      Interval result{FloorDivide(a.low, a.low < 0 ? small : large), FloorDivide(a.high, a.high < 0 ? large : small)};
      if (call == Dim::Call::kCeilDiv && result.high < kInfinity) ++result.high;
      if (a.low <= -kInfinity) result.low = -kInfinity;
      if (a.high >= kInfinity) result.high = kInfinity;
      return result;
    }
  }
  return kAnything;
}

// Spends the budget; false when it is gone.
bool Count(const Dim &dim, int depth, int &budget) {
  if (depth > 8) return false;
  for (const Dim::Term &term : dim.terms()) {
    if (--budget < 0) return false;
    for (const auto &atom : term.atoms) {
      if (--budget < 0) return false;
      for (const Dim &argument : atom->arguments) {
        if (!Count(argument, depth + 1, budget)) return false;
      }
    }
  }
  return true;
}

}  // namespace

SymbolRange SymbolBounds::RangeOf(const std::string &symbol) const {
  auto found = ranges_.find(symbol);
  return found == ranges_.end() ? SymbolRange{} : found->second;
}

Interval SymbolBounds::Of(const Dim &dim) const {
  if (dim.undefined()) return {-kInfinity, kInfinity};
  Interval sum{0, 0};
  for (const Dim::Term &term : dim.terms()) {
    int64_t coefficient = std::clamp(term.coefficient, -kInfinity, kInfinity);
    Interval product{coefficient, coefficient};
    for (const auto &atom : term.atoms) {
      if (atom->symbol.empty()) {
        product = Multiply(product, OfCall(atom->call, Of(atom->arguments[0]), Of(atom->arguments[1])));
      } else {
        SymbolRange range = RangeOf(atom->symbol);
        product = Multiply(product, {range.min, range.max});
      }
    }
    sum = Add(sum, product);
  }
  return sum;
}

bool SymbolBounds::Require(const Dim &a, const Dim &b) {
  if (Proves(a, b)) return true;
  // b - a is c * symbol + k, to be at least 0.
  Dim difference = b - a;
  int64_t c = 0, k = 0;
  std::string symbol;
  for (const Dim::Term &term : difference.terms()) {
    if (term.atoms.empty()) {
      k = term.coefficient;
    } else if (symbol.empty() && term.atoms.size() == 1 && !term.atoms[0]->symbol.empty()) {
      c = term.coefficient;
      symbol = term.atoms[0]->symbol;
    } else {
      return false;
    }
  }
  constexpr int64_t kLimit = INT64_C(1) << 40;
  if (symbol.empty() || std::abs(c) > kLimit || k > kLimit || k < -kLimit) return false;
  SymbolRange range = RangeOf(symbol);
  if (c > 0) {
    range.min = std::max(range.min, -FloorDivide(k, c));
  } else {
    range.max = std::min(range.max, FloorDivide(k, -c));
  }
  if (range.min > range.max) return false;
  ranges_[symbol] = range;
  return true;
}

Dim SymbolBounds::Min(const Dim &a, const Dim &b) const { return Proves(a, b) ? a : Proves(b, a) ? b : Dim::Min(a, b); }

Dim SymbolBounds::Max(const Dim &a, const Dim &b) const { return Proves(a, b) ? b : Proves(b, a) ? a : Dim::Max(a, b); }

bool IsSmall(const Dim &dim) {
  int budget = 160;
  return Count(dim, 0, budget);
}

bool IsSmall(const Dims &dims) {
  size_t terms = 1;
  for (const Dim &dim : dims) {
    if (!IsSmall(dim)) return false;
    terms *= std::max<size_t>(dim.terms().size(), 1);
    if (terms > 512) return false;
  }
  return true;
}

}  // namespace ingot
