// Movement and reduction of known elements.
#include "graph/import/onnx/fold.h"

namespace ingot::onnx_import {
namespace {

void CopyElement(const Known &from, size_t at, Known &to) {
  if (from.is_real()) {
    to.reals.push_back(from.reals[at]);
  } else {
    to.ints.push_back(from.ints[at]);
  }
}

// Elements before, at and after an axis: the view [outer, axis, inner] of a shape.
struct AxisView {
  int64_t outer = 1, size = 1, inner = 1;
  AxisView(const Ints &shape, int64_t axis) {
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t at = static_cast<int64_t>(i);
      (at < axis ? outer : at == axis ? size : inner) *= shape[i];
    }
  }
  size_t At(int64_t o, int64_t a, int64_t i) const { return static_cast<size_t>((o * size + a) * inner + i); }
};

using Combine = Dim (*)(const SymbolBounds &, const Dim &, const Dim &);

// All elements of a vector into one; other forms are left to nodes.
Folded FoldReduce(NodeContext &n, Combine combine, Dim start, bool start_from_first) {
  const Known &x = *n.KnownIn(0);
  INGOT_ASSIGN_OR_RETURN(int64_t keep, n.Int("keepdims", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t noop, n.Int("noop_with_empty_axes", 0));
  INGOT_ASSIGN_OR_RETURN(Ints axes, n.IntList("axes", Ints{}));
  if (n.Has(1)) {
    INGOT_ASSIGN_OR_RETURN(axes, n.IntsIn(1, "axes"));
  }
  if (x.is_real() || x.dtype == DType::kBool || x.rank() > 1 || (axes.empty() && noop != 0) || x.ints.empty())
    return std::nullopt;
  INGOT_RETURN_IF_ERROR(NormalAxes(axes, x.rank()).status());
  Dim result = start_from_first ? x.ints[0] : start;
  for (size_t i = start_from_first ? 1 : 0; i < x.ints.size(); ++i) {
    result = combine(n.bounds, result, x.ints[i]);
    if (!IsSmall(result)) return std::nullopt;
  }
  if (result.is_constant()) result = WrapTo(x.dtype, *result.constant());
  return Known{x.dtype, keep != 0 && x.rank() == 1 ? Ints{1} : Ints{}, {result}, {}};
}

}  // namespace

Folded FoldGather(NodeContext &n) {
  const Known &x = *n.KnownIn(0);
  std::optional<Ints> indices = n.KnownIn(1)->constants();
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", 0, x.rank()));
  if (!indices) return std::nullopt;
  Known result{x.dtype, Ints(x.shape.begin(), x.shape.begin() + axis), {}, {}};
  const Ints &shape = n.KnownIn(1)->shape;
  result.shape.insert(result.shape.end(), shape.begin(), shape.end());
  result.shape.insert(result.shape.end(), x.shape.begin() + axis + 1, x.shape.end());
  if (!SmallSize(result.shape)) return std::nullopt;
  AxisView view(x.shape, axis);
  for (int64_t o = 0; o < view.outer; ++o) {
    for (int64_t index : *indices) {
      if (index < -view.size || index >= view.size) {
        return absl::InvalidArgumentError(
            absl::StrCat("index ", index, " is out of range for axis ", axis, " of ", x.type().ToString()));
      }
      for (int64_t i = 0; i < view.inner; ++i)
        CopyElement(x, view.At(o, index < 0 ? index + view.size : index, i), result);
    }
  }
  return result;
}

Folded FoldConcat(NodeContext &n) {
  const Known &first = *n.KnownIn(0);
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", std::nullopt, first.rank()));
  Known result{first.dtype, first.shape, {}, {}};
  result.shape[static_cast<size_t>(axis)] = 0;
  for (size_t i = 0; i < n.input_count(); ++i) {
    if (!n.Has(i)) return std::nullopt;
    const Known &x = *n.KnownIn(i);
    if (x.dtype != first.dtype || x.rank() != first.rank()) return std::nullopt;
    for (size_t d = 0; d < x.shape.size(); ++d) {
      if (static_cast<int64_t>(d) == axis) {
        result.shape[d] += x.shape[d];
      } else if (x.shape[d] != first.shape[d]) {
        return std::nullopt;
      }
    }
  }
  if (!SmallSize(result.shape)) return std::nullopt;
  int64_t outer = AxisView(first.shape, axis).outer;
  for (int64_t o = 0; o < outer; ++o) {
    for (size_t i = 0; i < n.input_count(); ++i) {
      const Known &x = *n.KnownIn(i);
      AxisView view(x.shape, axis);
      for (int64_t at = 0; at < view.size * view.inner; ++at)
        CopyElement(x, static_cast<size_t>(o * view.size * view.inner + at), result);
    }
  }
  return result;
}

Folded FoldTranspose(NodeContext &n) {
  const Known &x = *n.KnownIn(0);
  Ints reversed;
  for (int i = x.rank(); i-- > 0;) reversed.push_back(i);
  INGOT_ASSIGN_OR_RETURN(Ints permutation, n.IntList("perm", reversed));
  if (permutation.size() != x.shape.size()) return std::nullopt;
  INGOT_ASSIGN_OR_RETURN(permutation, NormalAxes(permutation, x.rank()));
  Ints strides(x.shape.size(), 1);
  for (size_t i = x.shape.size(); i-- > 1;) strides[i - 1] = strides[i] * x.shape[i];
  Known result{x.dtype, {}, {}, {}};
  for (int64_t axis : permutation) result.shape.push_back(x.shape[static_cast<size_t>(axis)]);
  for (int64_t flat = 0; flat < x.size(); ++flat) {
    int64_t rest = flat, at = 0;
    for (size_t i = result.shape.size(); i-- > 0;) {
      at += rest % result.shape[i] * strides[static_cast<size_t>(permutation[i])];
      rest /= result.shape[i];
    }
    CopyElement(x, static_cast<size_t>(at), result);
  }
  return result;
}

Folded FoldExpand(NodeContext &n) {
  const Known &x = *n.KnownIn(0);
  std::optional<Ints> target = n.KnownIn(1)->constants();
  if (!target || n.KnownIn(1)->rank() != 1) return std::nullopt;
  std::optional<Ints> shape = BroadcastShapes(x.shape, *target);
  if (!shape) return std::nullopt;
  Known result{x.dtype, *shape, {}, {}};
  for (int64_t i = 0, size = *SmallSize(*shape); i < size; ++i)
    CopyElement(x, BroadcastIndex(x.shape, *shape, i), result);
  return result;
}

Folded FoldTile(NodeContext &n) {
  const Known &x = *n.KnownIn(0);
  std::optional<Ints> repeats = n.KnownIn(1)->constants();
  if (!repeats || x.rank() != 1 || repeats->size() != 1) return std::nullopt;
  if ((*repeats)[0] < 0 || (*repeats)[0] > kMaxKnownElements || !SmallSize({x.size() * (*repeats)[0]}))
    return std::nullopt;
  Known result{x.dtype, {x.size() * (*repeats)[0]}, {}, {}};
  for (int64_t i = 0; i < result.shape[0]; ++i) CopyElement(x, static_cast<size_t>(i % x.size()), result);
  return result;
}

Folded FoldNonZero(NodeContext &n) {
  const Known &x = *n.KnownIn(0);
  if (!x.is_constant()) return std::nullopt;
  std::vector<int64_t> found;
  for (int64_t i = 0; i < x.size(); ++i) {
    size_t at = static_cast<size_t>(i);
    if (x.is_real() ? x.reals[at] != 0 : !x.ints[at].Is(0)) found.push_back(i);
  }
  Known result{DType::kI64, {std::max(x.rank(), 1), static_cast<int64_t>(found.size())}, {}, {}};
  if (!SmallSize(result.shape)) return std::nullopt;
  if (x.rank() == 0) result.ints.assign(found.size(), 0);
  for (int axis = 0; axis < x.rank(); ++axis) {
    AxisView view(x.shape, axis);
    for (int64_t i : found) result.ints.push_back(i / view.inner % view.size);
  }
  return result;
}

Folded FoldReduceProd(NodeContext &n) {
  return FoldReduce(n, [](const SymbolBounds &, const Dim &a, const Dim &b) { return a * b; }, 1, false);
}
Folded FoldReduceSum(NodeContext &n) {
  return FoldReduce(n, [](const SymbolBounds &, const Dim &a, const Dim &b) { return a + b; }, 0, false);
}
Folded FoldReduceMax(NodeContext &n) {
  return FoldReduce(n, [](const SymbolBounds &s, const Dim &a, const Dim &b) { return s.Max(a, b); }, 0, true);
}
Folded FoldReduceMin(NodeContext &n) {
  return FoldReduce(n, [](const SymbolBounds &s, const Dim &a, const Dim &b) { return s.Min(a, b); }, 0, true);
}

Known SliceKnown(const Known &x, const Ints &starts, const Ints &counts, const Ints &steps) {
  Known result{x.dtype, counts, {}, {}};
  for (int64_t flat = 0, size = SmallSize(counts).value_or(0); flat < size; ++flat) {
    int64_t rest = flat, at = 0, stride = 1;
    for (size_t i = counts.size(); i-- > 0;) {
      at += (starts[i] + rest % counts[i] * steps[i]) * stride;
      rest /= counts[i];
      stride *= x.shape[i];
    }
    CopyElement(x, static_cast<size_t>(at), result);
  }
  return result;
}

}  // namespace ingot::onnx_import
