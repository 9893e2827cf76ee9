// Element-wise arithmetic over dims and constants.
#include <cmath>

#include "graph/import/onnx/fold.h"

namespace ingot::onnx_import {

std::optional<Ints> BroadcastShapes(const Ints &a, const Ints &b) {
  Ints result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1, y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) return std::nullopt;
    result[result.size() - 1 - i] = x == 1 ? y : x;
  }
  return SmallSize(result) ? std::optional<Ints>(result) : std::nullopt;
}

size_t BroadcastIndex(const Ints &shape, const Ints &result, int64_t flat) {
  int64_t index = 0, stride = 1;
  for (size_t i = result.size(); i-- > 0;) {
    int64_t at = flat % result[i];
    flat /= result[i];
    size_t skipped = result.size() - shape.size();
    if (i < skipped) continue;
    if (shape[i - skipped] != 1) index += at * stride;
    stride *= shape[i - skipped];
  }
  return static_cast<size_t>(index);
}

namespace {

using IntRule = std::optional<Dim> (*)(const SymbolBounds &, const Dim &, const Dim &);
using RealRule = std::optional<double> (*)(double, double);

// Stores an integer result the way the dtype would hold it.
bool Keep(Known &result, std::optional<Dim> value) {
  if (!value) return false;
  if (auto constant = value->constant()) {
    int64_t wrapped = WrapTo(result.dtype, *constant);
    if (IsUnsigned(result.dtype) && wrapped < 0) return false;
    value = wrapped;
  }
  result.ints.push_back(*std::move(value));
  return true;
}

std::optional<Known> Binary(NodeContext &n, const Known &a, const Known &b, IntRule of_ints, RealRule of_reals,
                            bool predicate) {
  std::optional<Ints> shape = BroadcastShapes(a.shape, b.shape);
  if (!shape || a.dtype != b.dtype || (a.dtype == DType::kBool && !predicate)) return std::nullopt;
  if (a.is_real() ? of_reals == nullptr : of_ints == nullptr) return std::nullopt;
  Known result{predicate ? DType::kBool : a.dtype, *shape, {}, {}};
  for (int64_t i = 0, size = *SmallSize(*shape); i < size; ++i) {
    size_t x = BroadcastIndex(a.shape, *shape, i), y = BroadcastIndex(b.shape, *shape, i);
    if (!a.is_real()) {
      if (!Keep(result, of_ints(n.bounds, a.ints[x], b.ints[y]))) return std::nullopt;
      continue;
    }
    std::optional<double> value = of_reals(a.reals[x], b.reals[y]);
    if (!value) return std::nullopt;
    if (predicate) {
      result.ints.push_back(*value != 0);
    } else {
      result.reals.push_back(RoundTo(a.dtype, *value));
    }
  }
  return result;
}

// Left to right over all operands, for Max and Min too.
Folded Fold(NodeContext &n, IntRule of_ints, RealRule of_reals, bool predicate = false) {
  if (n.input_count() == 0 || !n.Has(0)) return std::nullopt;
  std::optional<Known> result = *n.KnownIn(0);
  for (size_t i = 1; i < n.input_count() && result; ++i) {
    if (!n.Has(i)) return std::nullopt;
    result = Binary(n, *result, *n.KnownIn(i), of_ints, of_reals, predicate);
  }
  return result;
}

Folded FoldUnary(NodeContext &n, std::optional<Dim> (*of_int)(const SymbolBounds &, const Dim &),
                 std::optional<double> (*of_real)(double)) {
  const Known &x = *n.KnownIn(0);
  Known result{x.dtype, x.shape, {}, {}};
  if (x.is_real() ? of_real == nullptr : of_int == nullptr) return std::nullopt;
  for (const Dim &dim : x.ints) {
    if (!Keep(result, of_int(n.bounds, dim))) return std::nullopt;
  }
  for (double real : x.reals) {
    std::optional<double> value = of_real(real);
    if (!value) return std::nullopt;
    result.reals.push_back(RoundTo(x.dtype, *value));
  }
  return result;
}

// ONNX divides integers towards zero; dims are divided only where that is the floor.
std::optional<Dim> Divide(const SymbolBounds &bounds, const Dim &a, const Dim &b) {
  auto x = a.constant(), y = b.constant();
  if (y == 0) return std::nullopt;
  if (x && y) return *y == -1 ? Dim(-1) * a : Dim(*x / *y);
  if (std::optional<Dim> exact = Dim::DivideExactly(a, b)) return exact;
  if (bounds.Of(a).low < 0 || bounds.Of(b).low < 0) return std::nullopt;
  return Dim::FloorDiv(a, b);
}

std::optional<Dim> Modulo(const SymbolBounds &bounds, const Dim &a, const Dim &b) {
  // Signs matter only for negative operands (fmod or not), which are left to nodes.
  if (bounds.Of(a).low < 0 || bounds.Of(b).low < (b.is_constant() ? 1 : 0)) return std::nullopt;
  return Dim::Mod(a, b);
}

std::optional<Dim> Power(const SymbolBounds &, const Dim &a, const Dim &b) {
  auto exponent = b.constant();
  if (!exponent || *exponent < 0 || *exponent > (a.is_constant() ? 62 : 3)) return std::nullopt;
  Dim result = 1;
  for (int64_t i = 0; i < *exponent; ++i) result = result * a;
  return result;
}

// The truth of at_least >= 1, as 0 or 1: what the bounds do not decide is an expression, within [0, 1] whatever the
// symbols are. Nothing where it may overflow, or is large.
std::optional<Dim> Decide(const SymbolBounds &bounds, const Dim &at_least) {
  constexpr int64_t kUnbounded = INT64_C(1) << 62;  // of Interval
  if (at_least.undefined()) return std::nullopt;
  Interval range = bounds.Of(at_least);
  if (range.low >= 1) return Dim(1);
  if (range.high <= 0) return Dim(0);
  if (range.low <= -kUnbounded || range.high >= kUnbounded) return std::nullopt;
  Dim truth = bounds.Min(1, bounds.Max(0, at_least));
  return IsSmall(truth) ? std::optional<Dim>(truth) : std::nullopt;
}

std::optional<Dim> IsLess(const SymbolBounds &bounds, const Dim &a, const Dim &b) { return Decide(bounds, b - a); }
std::optional<Dim> IsLessOrEqual(const SymbolBounds &bounds, const Dim &a, const Dim &b) {
  std::optional<Dim> greater = IsLess(bounds, b, a);  // b - a + 1 may overflow where a - b does not
  return greater ? std::optional<Dim>(1 - *greater) : std::nullopt;
}
std::optional<Dim> IsGreater(const SymbolBounds &bounds, const Dim &a, const Dim &b) { return IsLess(bounds, b, a); }
std::optional<Dim> IsGreaterOrEqual(const SymbolBounds &bounds, const Dim &a, const Dim &b) {
  return IsLessOrEqual(bounds, b, a);
}
std::optional<Dim> Equals(const SymbolBounds &bounds, const Dim &a, const Dim &b) {
  Interval difference = bounds.Of(a - b);
  if (difference.low > 0 || difference.high < 0) return Dim(0);
  return Decide(bounds, 1 - bounds.Max(a - b, b - a));
}

std::optional<Dim> Both(const SymbolBounds &, const Dim &a, const Dim &b) {
  Dim both = a * b;
  return IsSmall(both) ? std::optional<Dim>(both) : std::nullopt;
}
std::optional<Dim> Either(const SymbolBounds &, const Dim &a, const Dim &b) {
  Dim either = a + b - a * b;
  return IsSmall(either) ? std::optional<Dim>(either) : std::nullopt;
}

// Where `holds` is 1 x, where it is 0 y.
std::optional<Dim> Choose(const Dim &holds, const Dim &x, const Dim &y) {
  Dim chosen = x == y ? x : holds * x + (1 - holds) * y;
  return IsSmall(chosen) ? std::optional<Dim>(chosen) : std::nullopt;
}

// Casts keep a symbol's value: a size fits every type that a model would hold it in.
std::optional<Dim> CastInt(const SymbolBounds &bounds, const Dim &x, DType to) {
  if (x.is_constant()) return WrapTo(to, *x.constant());
  if (to != DType::kBool) return x;
  if (bounds.Of(x).low >= 0) return Decide(bounds, x);
  std::optional<Dim> zero = Equals(bounds, x, 0);
  return zero ? std::optional<Dim>(1 - *zero) : std::nullopt;
}

}  // namespace

Folded FoldAdd(NodeContext &n) {
  return Fold(
      n, [](const SymbolBounds &, const Dim &a, const Dim &b) { return std::optional<Dim>(a + b); },
      [](double a, double b) { return std::optional<double>(a + b); });
}
Folded FoldSub(NodeContext &n) {
  return Fold(
      n, [](const SymbolBounds &, const Dim &a, const Dim &b) { return std::optional<Dim>(a - b); },
      [](double a, double b) { return std::optional<double>(a - b); });
}
Folded FoldMul(NodeContext &n) {
  return Fold(
      n, [](const SymbolBounds &, const Dim &a, const Dim &b) { return std::optional<Dim>(a * b); },
      [](double a, double b) { return std::optional<double>(a * b); });
}
Folded FoldDiv(NodeContext &n) {
  return Fold(n, Divide, [](double a, double b) { return std::optional<double>(a / b); });
}
Folded FoldMod(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(n.Int("fmod", 0).status());
  return Fold(n, Modulo, nullptr);
}
Folded FoldPow(NodeContext &n) {
  return Fold(n, Power, [](double a, double b) { return std::optional<double>(std::pow(a, b)); });
}
Folded FoldMin(NodeContext &n) {
  return Fold(
      n, [](const SymbolBounds &s, const Dim &a, const Dim &b) { return std::optional<Dim>(s.Min(a, b)); },
      [](double a, double b) { return std::isnan(a + b) ? std::optional<double>(NAN) : std::min(a, b); });
}
Folded FoldMax(NodeContext &n) {
  return Fold(
      n, [](const SymbolBounds &s, const Dim &a, const Dim &b) { return std::optional<Dim>(s.Max(a, b)); },
      [](double a, double b) { return std::isnan(a + b) ? std::optional<double>(NAN) : std::max(a, b); });
}
Folded FoldEqual(NodeContext &n) {
  return Fold(n, Equals, [](double a, double b) { return std::optional<double>(a == b); }, true);
}
Folded FoldLess(NodeContext &n) {
  return Fold(n, IsLess, [](double a, double b) { return std::optional<double>(a < b); }, true);
}
Folded FoldLessOrEqual(NodeContext &n) {
  return Fold(n, IsLessOrEqual, [](double a, double b) { return std::optional<double>(a <= b); }, true);
}
Folded FoldGreater(NodeContext &n) {
  return Fold(n, IsGreater, [](double a, double b) { return std::optional<double>(a > b); }, true);
}
Folded FoldGreaterOrEqual(NodeContext &n) {
  return Fold(n, IsGreaterOrEqual, [](double a, double b) { return std::optional<double>(a >= b); }, true);
}
Folded FoldAnd(NodeContext &n) { return Fold(n, Both, nullptr, true); }
Folded FoldOr(NodeContext &n) { return Fold(n, Either, nullptr, true); }

Folded FoldNot(NodeContext &n) {
  return FoldUnary(n, [](const SymbolBounds &, const Dim &x) { return std::optional<Dim>(1 - x); }, nullptr);
}
Folded FoldNeg(NodeContext &n) {
  return FoldUnary(
      n, [](const SymbolBounds &, const Dim &x) { return std::optional<Dim>(Dim(-1) * x); },
      [](double x) { return std::optional<double>(-x); });
}
Folded FoldAbs(NodeContext &n) {
  return FoldUnary(
      n,
      [](const SymbolBounds &s, const Dim &x) {
        Interval range = s.Of(x);
        return range.low >= 0    ? std::optional<Dim>(x)
               : range.high <= 0 ? std::optional<Dim>(Dim(-1) * x)
                                 : std::nullopt;
      },
      [](double x) { return std::optional<double>(std::fabs(x)); });
}
Folded FoldSqrt(NodeContext &n) {
  return FoldUnary(n, nullptr, [](double x) { return std::optional<double>(std::sqrt(x)); });
}
Folded FoldReciprocal(NodeContext &n) {
  return FoldUnary(n, nullptr, [](double x) { return std::optional<double>(1 / x); });
}
Folded FoldFloor(NodeContext &n) {
  return FoldUnary(n, nullptr, [](double x) { return std::optional<double>(std::floor(x)); });
}
Folded FoldCeil(NodeContext &n) {
  return FoldUnary(n, nullptr, [](double x) { return std::optional<double>(std::ceil(x)); });
}

Folded FoldWhere(NodeContext &n) {
  const Known &condition = *n.KnownIn(0), &x = *n.KnownIn(1), &y = *n.KnownIn(2);
  std::optional<Ints> shape = BroadcastShapes(x.shape, y.shape);
  if (shape) shape = BroadcastShapes(condition.shape, *shape);
  if (!shape || condition.dtype != DType::kBool || x.dtype != y.dtype) return std::nullopt;
  Known result{x.dtype, *shape, {}, {}};
  for (int64_t i = 0, size = *SmallSize(*shape); i < size; ++i) {
    const Dim &holds = condition.ints[BroadcastIndex(condition.shape, *shape, i)];
    if (!holds.is_constant()) {
      if (x.is_real()) return std::nullopt;
      std::optional<Dim> chosen =
          Choose(holds, x.ints[BroadcastIndex(x.shape, *shape, i)], y.ints[BroadcastIndex(y.shape, *shape, i)]);
      if (!chosen) return std::nullopt;
      result.ints.push_back(*std::move(chosen));
      continue;
    }
    const Known &from = holds.Is(0) ? y : x;
    size_t at = BroadcastIndex(from.shape, *shape, i);
    if (from.is_real()) {
      result.reals.push_back(from.reals[at]);
    } else {
      result.ints.push_back(from.ints[at]);
    }
  }
  return result;
}

Folded FoldCast(NodeContext &n) {
  n.Ignore({"saturate", "round_mode"});
  DType to;
  if (n.Has(1)) {
    to = n.dtype(1);  // CastLike
  } else {
    INGOT_ASSIGN_OR_RETURN(to, n.TypeAttribute("to"));
  }
  if (IsFloat8(to)) return std::nullopt;  // what is out of range is left to the node
  const Known &x = *n.KnownIn(0);
  Known result{to, x.shape, {}, {}};
  for (int64_t i = 0; i < x.size(); ++i) {
    size_t at = static_cast<size_t>(i);
    if (x.is_real() && result.is_real()) {
      result.reals.push_back(RoundTo(to, x.reals[at]));
    } else if (x.is_real()) {
      // Out of range is left to the node, which saturates.
      double limit = to == DType::kI64 ? 0x1p63 : to == DType::kI32 ? 0x1p31 : 0;
      if (to != DType::kBool && !(std::fabs(x.reals[at]) < limit)) return std::nullopt;
      result.ints.push_back(to == DType::kBool ? Dim(x.reals[at] != 0) : Dim(static_cast<int64_t>(x.reals[at])));
    } else if (result.is_real()) {
      auto constant = x.ints[at].constant();
      if (!constant || std::abs(static_cast<double>(*constant)) > 0x1p53) return std::nullopt;
      result.reals.push_back(RoundTo(to, static_cast<double>(*constant)));
    } else if (!Keep(result, CastInt(n.bounds, x.ints[at], to))) {
      return std::nullopt;
    }
  }
  return result;
}

}  // namespace ingot::onnx_import
