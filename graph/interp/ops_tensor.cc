// Ops that move or index data. Tensors of all dtypes go through the same templates.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/interp/ops.h"
#include "kernels/reference/movement.h"

namespace ingot::interp {
namespace {

using reference::Sizes;

}  // namespace

absl::StatusOr<Array> Reshape(const OpCall &c) {
  const Array &x = c.operand(0);
  absl::StatusOr<Sizes> dims = EvaluateDims(c.node.Get<Dims>("dims"), c.symbols);
  if (!dims.ok()) return dims.status();
  if (CountElements(*dims) != x.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot reshape ", DimsText(x.dims), " to ", DimsText(*dims), ": the number of elements differs"));
  }
  absl::StatusOr<Array> result = c.Result(*dims);
  if (!result.ok()) return result;
  OnElements(x.dtype, [](auto from, auto to) { std::copy(from.begin(), from.end(), to.begin()); }, x, *result);
  return result;
}

absl::StatusOr<Array> Transpose(const OpCall &c) {
  const Array &x = c.operand(0);
  const Ints &permutation = c.node.Get<Ints>("permutation");
  Sizes dims;
  for (int64_t axis : permutation) dims.push_back(x.dims[static_cast<size_t>(axis)]);
  absl::StatusOr<Array> result = c.Result(dims);
  if (!result.ok()) return result;
  OnElements(x.dtype, [&](auto from, auto to) { reference::Transpose(from, x.dims, permutation, to); }, x, *result);
  return result;
}

absl::StatusOr<Array> BroadcastTo(const OpCall &c) {
  const Array &x = c.operand(0);
  absl::StatusOr<Sizes> dims = EvaluateDims(c.node.Get<Dims>("dims"), c.symbols);
  if (!dims.ok()) return dims.status();
  if (reference::Broadcast(x.dims, *dims) != *dims) {
    return absl::InvalidArgumentError(absl::StrCat("cannot broadcast ", DimsText(x.dims), " to ", DimsText(*dims)));
  }
  absl::StatusOr<Array> result = c.Result(*dims);
  if (!result.ok()) return result;
  OnElements(x.dtype, [&](auto from, auto to) { reference::BroadcastTo(from, x.dims, *dims, to); }, x, *result);
  return result;
}

absl::StatusOr<Array> Slice(const OpCall &c) {
  const Array &x = c.operand(0);
  const Ints &steps = c.node.Get<Ints>("steps");
  absl::StatusOr<Sizes> starts = EvaluateDims(c.node.Get<Dims>("starts"), c.symbols);
  if (!starts.ok()) return starts.status();
  absl::StatusOr<Sizes> limits = EvaluateDims(c.node.Get<Dims>("limits"), c.symbols);
  if (!limits.ok()) return limits.status();
  Sizes dims;
  for (size_t axis = 0; axis < x.dims.size(); ++axis) {
    int64_t start = (*starts)[axis], limit = (*limits)[axis], step = steps[axis], size = x.dims[axis];
    if (start < 0 || start > size || limit < (step < 0 ? -1 : 0) || limit > size) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis ", axis, " of size ", size, " is sliced from ", start, " to ", limit, ", out of bounds"));
    }
    int64_t span = step > 0 ? limit - start : start - limit, stride = step > 0 ? step : -step;
    int64_t count = span <= 0 ? 0 : (span - 1) / stride + 1;
    if (count > 0 && start == size) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis ", axis, " of size ", size, " is sliced from ", start, ", past its last element"));
    }
    dims.push_back(count);
  }
  absl::StatusOr<Array> result = c.Result(dims);
  if (!result.ok()) return result;
  OnElements(
      x.dtype, [&](auto from, auto to) { reference::Slice(from, x.dims, *starts, steps, dims, to); }, x, *result);
  return result;
}

absl::StatusOr<Array> Concat(const OpCall &c) {
  size_t axis = static_cast<size_t>(c.node.Get<int64_t>("axis"));
  Sizes dims = c.operand(0).dims;
  dims[axis] = 0;
  for (const Array *operand : c.operands) {
    Sizes others = operand->dims;
    dims[axis] += others[axis];
    others[axis] = dims[axis];
    if (others != dims || operand->dtype != c.dtype()) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot concatenate ", DimsText(c.operand(0).dims), " and ", DimsText(operand->dims)));
    }
  }
  absl::StatusOr<Array> result = c.Result(dims);
  if (!result.ok()) return result;
  Sizes at(dims.size(), 0);
  for (const Array *operand : c.operands) {
    OnElements(
        operand->dtype, [&](auto from, auto to) { reference::Place(from, operand->dims, at, dims, to); }, *operand,
        *result);
    at[axis] += operand->dims[axis];
  }
  return result;
}

absl::StatusOr<Array> Pad(const OpCall &c) {
  const Array &x = c.operand(0), &value = c.operand(1);
  absl::StatusOr<Sizes> low = EvaluateDims(c.node.Get<Dims>("low"), c.symbols);
  if (!low.ok()) return low.status();
  absl::StatusOr<Sizes> high = EvaluateDims(c.node.Get<Dims>("high"), c.symbols);
  if (!high.ok()) return high.status();
  if (value.size() != 1 || value.dtype != x.dtype)
    return absl::InvalidArgumentError("the padding value is not a scalar of x's dtype");
  Sizes dims;
  for (size_t axis = 0; axis < x.dims.size(); ++axis) {
    if ((*low)[axis] < 0 || (*high)[axis] < 0)
      return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " has negative padding"));
    dims.push_back((*low)[axis] + x.dims[axis] + (*high)[axis]);
  }
  absl::StatusOr<Array> result = c.Result(dims);
  if (!result.ok()) return result;
  OnElements(
      x.dtype,
      [&](auto from, auto around, auto to) {
        std::fill(to.begin(), to.end(), around[0]);
        reference::Place(from, x.dims, *low, dims, to);
      },
      x, value, *result);
  return result;
}

absl::StatusOr<Array> Gather(const OpCall &c) {
  const Array &x = c.operand(0), &indices = c.operand(1);
  int64_t axis = c.node.Get<int64_t>("axis");
  Around around = AroundAxis(x.dims, axis);
  Sizes dims(x.dims.begin(), x.dims.begin() + axis);
  dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
  dims.insert(dims.end(), x.dims.begin() + axis + 1, x.dims.end());
  absl::StatusOr<Array> result = c.Result(dims);
  if (!result.ok()) return result;
  if (around.size == 0 && result->size() > 0) {
    return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " of x is empty, so there is nothing to gather"));
  }
  bool is_unsigned = IsUnsigned(indices.dtype);
  if (around.size == 0) return result;
  OnElements(
      x.dtype,
      [&](auto from, auto to) {
        reference::Gather(from, around.outer, around.size, around.inner, std::span<const int64_t>(indices.integers),
                          is_unsigned, to);
      },
      x, *result);
  return result;
}

absl::StatusOr<Array> Iota(const OpCall &c) {
  absl::StatusOr<Sizes> dims = EvaluateDims(c.node.Get<Dims>("dims"), c.symbols);
  if (!dims.ok()) return dims.status();
  absl::StatusOr<Array> result = c.Result(*dims);
  if (!result.ok()) return result;
  Around around = AroundAxis(*dims, c.node.Get<int64_t>("axis"));
  if (IsFloat(c.dtype())) {
    reference::Iota(around.outer, around.size, around.inner, std::span<double>(result->reals));
  } else {
    reference::Iota(around.outer, around.size, around.inner, std::span<int64_t>(result->integers));
  }
  return result;
}

absl::StatusOr<Array> DimValues(const OpCall &c) {
  absl::StatusOr<Sizes> values = EvaluateDims(c.node.Get<Dims>("values"), c.symbols);
  if (!values.ok()) return values.status();
  absl::StatusOr<Array> result = c.Result({static_cast<int64_t>(values->size())});
  if (!result.ok()) return result;
  result->integers = *std::move(values);
  return result;
}

// The interpreter makes its elements sizes.
absl::StatusOr<Array> BindSizes(const OpCall &c) { return c.operand(0); }

absl::StatusOr<Array> NonZero(const OpCall &c) {
  const Array &x = c.operand(0);
  absl::StatusOr<int64_t> count = c.node.Get<Dims>("count")[0].Evaluate(c.symbols);
  if (!count.ok()) return count.status();
  int64_t rank = static_cast<int64_t>(x.dims.size());
  absl::StatusOr<Array> result = c.Result({rank, *count});
  if (!result.ok()) return result;
  int64_t found = 0;
  for (int64_t i = 0; i < x.size() && found < *count; ++i) {
    if (x.integers[static_cast<size_t>(i)] == 0) continue;
    int64_t rest = i;
    for (int64_t axis = rank; axis-- > 0;) {
      int64_t size = x.dims[static_cast<size_t>(axis)];
      result->integers[static_cast<size_t>(axis * *count + found)] = rest % size;
      rest /= size;
    }
    ++found;
  }
  return result;
}

absl::StatusOr<Array> DynamicUpdate(const OpCall &c) {
  const Array &x = c.operand(0), &y = c.operand(1);
  int64_t axis = c.node.Get<int64_t>("axis");
  absl::StatusOr<Array> result = c.Result(x.dims);
  if (!result.ok()) return result;
  Around all = AroundAxis(x.dims, axis), part = AroundAxis(y.dims, axis);
  if (part.size > all.size || part.outer != all.outer || part.inner != all.inner)
    return absl::InvalidArgumentError(absl::StrCat(DimsText(y.dims), " does not go into ", DimsText(x.dims)));
  int64_t start = std::clamp<int64_t>(c.operand(2).integers[0], 0, all.size - part.size);
  OnElements(
      x.dtype,
      [&](auto from, auto what, auto to) {
        std::copy(from.begin(), from.end(), to.begin());
        for (int64_t outer = 0; outer < all.outer; ++outer) {
          auto begin = what.begin() + outer * part.size * part.inner;
          std::copy(begin, begin + part.size * part.inner, to.begin() + (outer * all.size + start) * all.inner);
        }
      },
      x, y, *result);
  return result;
}

}  // namespace ingot::interp
