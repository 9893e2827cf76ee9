// Shape rules of ops that move or index data.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/shape/rules.h"

namespace ingot {
namespace {

absl::Status OnePerAxis(const char *attribute, size_t count, int rank) {
  if (count == static_cast<size_t>(rank)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("'", attribute, "' has ", count, " entries; x has ", rank, " axes"));
}

}  // namespace

absl::StatusOr<TensorType> InferReshape(InferContext &c) {
  const Dims &dims = c.Get<Dims>("dims");
  Dim from = NumElements(c.operand(0).dims), to = NumElements(dims);
  // Two expressions of one size can differ in form (a floordiv that is exact).
  if (!c.MustBeEqual(from, to, "a reshape must keep the number of elements")) {
    return absl::InvalidArgumentError(absl::StrCat("cannot reshape ", c.operand(0).ToString(), " (", from.ToString(),
                                                   " elements) to ", ToString(dims), " (", to.ToString(),
                                                   " elements); keep the number of elements"));
  }
  return TensorType{c.operand(0).dtype, dims};
}

absl::StatusOr<TensorType> InferBindSizes(InferContext &c) {
  const TensorType &x = c.operand(0);
  const Dims &sizes = c.Get<Dims>("sizes");
  if (sizes.empty() || x.dtype != DType::kI64 || x.rank() > 1 ||
      !NumElements(x.dims).Is(static_cast<int64_t>(sizes.size())))
    return absl::InvalidArgumentError(
        absl::StrCat("x is ", x.ToString(), "; it must be i64 with one element for each of ", ToString(sizes)));
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (!sizes[i].symbol() || std::find(sizes.begin(), sizes.begin() + static_cast<ptrdiff_t>(i), sizes[i]) !=
                                  sizes.begin() + static_cast<ptrdiff_t>(i))
      return absl::InvalidArgumentError(
          absl::StrCat("'sizes' is ", ToString(sizes), "; it must be symbols, each of them once"));
  }
  return x;
}

absl::StatusOr<TensorType> InferRequire(InferContext &c) {
  const Dims &sizes = c.Get<Dims>("sizes"), &equal = c.Get<Dims>("equal");
  const std::string &why = c.Get<std::string>("why");
  if (sizes.size() != equal.size())
    return absl::InvalidArgumentError(absl::StrCat("'sizes' is ", ToString(sizes), " and 'equal' is ", ToString(equal),
                                                   "; they must have one entry for each other"));
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (!c.MustBeEqual(sizes[i], equal[i], why.c_str()))
      return absl::InvalidArgumentError(
          absl::StrCat(sizes[i].ToString(), " is never ", equal[i].ToString(), ": ", why));
  }
  return c.operand(0);
}

absl::StatusOr<TensorType> InferNonZero(InferContext &c) {
  const Dims &count = c.Get<Dims>("count");
  if (count.size() != 1)
    return absl::InvalidArgumentError(absl::StrCat("'count' is ", ToString(count), "; give one size"));
  return TensorType{DType::kI64, {c.operand(0).rank(), count[0]}};
}

absl::StatusOr<TensorType> InferTranspose(InferContext &c) {
  const TensorType &x = c.operand(0);
  Ints &permutation = c.Get<Ints>("permutation");
  if (absl::Status s = OnePerAxis("permutation", permutation.size(), x.rank()); !s.ok()) return s;
  TensorType result{x.dtype, {}};
  std::vector<bool> seen(permutation.size());
  for (int64_t &axis : permutation) {
    absl::StatusOr<int64_t> normal = NormalizeAxis(axis, x.rank());
    if (!normal.ok()) return normal.status();
    axis = *normal;
    if (seen[static_cast<size_t>(axis)])
      return absl::InvalidArgumentError(absl::StrCat("'permutation' names axis ", axis, " twice"));
    seen[static_cast<size_t>(axis)] = true;
    result.dims.push_back(x.dims[static_cast<size_t>(axis)]);
  }
  return result;
}

absl::StatusOr<TensorType> InferBroadcastTo(InferContext &c) {
  const Dims &dims = c.Get<Dims>("dims");
  if (!c.MustBroadcastTo(c.operand(0).dims, dims))
    return absl::InvalidArgumentError(
        absl::StrCat("cannot broadcast ", c.operand(0).ToString(), " to ", ToString(dims)));
  return TensorType{c.operand(0).dtype, dims};
}

absl::StatusOr<TensorType> InferSlice(InferContext &c) {
  const TensorType &x = c.operand(0);
  const Dims &starts = c.Get<Dims>("starts"), &limits = c.Get<Dims>("limits");
  const Ints &steps = c.Get<Ints>("steps");
  for (auto [name, count] :
       {std::pair("starts", starts.size()), std::pair("limits", limits.size()), std::pair("steps", steps.size())}) {
    if (absl::Status s = OnePerAxis(name, count, x.rank()); !s.ok()) return s;
  }
  TensorType result{x.dtype, {}};
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] == 0 || steps[i] == INT64_MIN)
      return absl::InvalidArgumentError(absl::StrCat("axis ", i, " has step ", steps[i]));
    Dim span = steps[i] > 0 ? limits[i] - starts[i] : starts[i] - limits[i];
    Dim count = Dim::CeilDiv(span, Dim(std::abs(steps[i])));
    if (count.constant().value_or(0) < 0) count = 0;
    // The first element read backwards is `start` itself, so that it must lie below the size unless nothing is read.
    Dim last = steps[i] > 0 ? x.dims[i] : x.dims[i] - Dim::Min(1, count);
    constexpr const char *kWhy = "a slice must lie within its axis";
    if (!c.MustBeAtMost(0, starts[i], kWhy) || !c.MustBeAtMost(steps[i] < 0 ? -1 : 0, limits[i], kWhy) ||
        !c.MustBeAtMost(starts[i], last, kWhy) || !c.MustBeAtMost(limits[i], x.dims[i], kWhy) ||
        (steps[i] < 0 && !count.Is(0) && (starts[i] - x.dims[i]).constant().value_or(-1) >= 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis ", i, " of size ", x.dims[i].ToString(), " has start ", starts[i].ToString(), ", limit ",
                       limits[i].ToString(), " and step ", steps[i], ", out of bounds; clamp them to the axis"));
    }
    result.dims.push_back(count);
  }
  return result;
}

absl::StatusOr<TensorType> InferConcat(InferContext &c) {
  TensorType result = c.operand(0);
  absl::StatusOr<int64_t> axis = NormalizeAxis(c.Get<int64_t>("axis"), result.rank());
  if (!axis.ok()) return axis.status();
  c.Get<int64_t>("axis") = *axis;
  for (size_t i = 1; i < c.operands.size(); ++i) {
    const TensorType &x = c.operand(i);
    if (x.dtype != result.dtype || x.rank() != result.rank())
      return absl::InvalidArgumentError(absl::StrCat("cannot concatenate ", result.ToString(), " and ", x.ToString()));
    for (int d = 0; d < x.rank(); ++d) {
      size_t at = static_cast<size_t>(d);
      if (d == *axis) {
        result.dims[at] = result.dims[at] + x.dims[at];
      } else if (!c.MustBeEqual(x.dims[at], result.dims[at],
                                "operands of a concat must have equal sizes on the other axes")) {
        return absl::InvalidArgumentError(absl::StrCat("operands ", c.operand(0).ToString(), " and ", x.ToString(),
                                                       " differ on axis ", d, " besides the concatenated one"));
      }
    }
  }
  return result;
}

absl::StatusOr<TensorType> InferPad(InferContext &c) {
  const TensorType &x = c.operand(0);
  const Dims &low = c.Get<Dims>("low"), &high = c.Get<Dims>("high");
  if (absl::Status s = OnePerAxis("low", low.size(), x.rank()); !s.ok()) return s;
  if (absl::Status s = OnePerAxis("high", high.size(), x.rank()); !s.ok()) return s;
  if (c.operand(1).rank() != 0 || c.operand(1).dtype != x.dtype)
    return absl::InvalidArgumentError("the padding value must be a scalar of x's dtype");
  TensorType result{x.dtype, {}};
  for (size_t i = 0; i < low.size(); ++i) {
    constexpr const char *kWhy = "padding may not be negative";
    if (!c.MustBeAtMost(0, low[i], kWhy) || !c.MustBeAtMost(0, high[i], kWhy))
      return absl::InvalidArgumentError(absl::StrCat("axis ", i, " has negative padding; slice instead"));
    result.dims.push_back(low[i] + x.dims[i] + high[i]);
  }
  return result;
}

absl::StatusOr<TensorType> InferGather(InferContext &c) {
  const TensorType &x = c.operand(0), &indices = c.operand(1);
  if (indices.dtype != DType::kI64 && indices.dtype != DType::kI32)
    return absl::InvalidArgumentError("indices must be i64 or i32");
  absl::StatusOr<int64_t> axis = NormalizeAxis(c.Get<int64_t>("axis"), x.rank());
  if (!axis.ok()) return axis.status();
  c.Get<int64_t>("axis") = *axis;
  TensorType result{x.dtype, Dims(x.dims.begin(), x.dims.begin() + *axis)};
  result.dims.insert(result.dims.end(), indices.dims.begin(), indices.dims.end());
  result.dims.insert(result.dims.end(), x.dims.begin() + *axis + 1, x.dims.end());
  if (!c.MustBeAtMost(Dim::Min(1, NumElements(result.dims)), x.dims[static_cast<size_t>(*axis)],
                      "an axis that is gathered from must not be empty")) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", *axis, " of ", x.ToString(), " is empty, so there is nothing to gather"));
  }
  return result;
}

absl::StatusOr<TensorType> InferIota(InferContext &c) {
  const Dims &dims = c.Get<Dims>("dims");
  absl::StatusOr<int64_t> axis = NormalizeAxis(c.Get<int64_t>("axis"), static_cast<int>(dims.size()));
  if (!axis.ok()) return axis.status();
  c.Get<int64_t>("axis") = *axis;
  DType dtype = c.Get<DType>("dtype");
  if (!Allows(DTypeSet::kNumber, dtype))
    return absl::InvalidArgumentError(absl::StrCat("iota makes no ", std::string(Name(dtype)), "; cast what it makes"));
  return TensorType{dtype, dims};
}

absl::StatusOr<TensorType> InferDim(InferContext &c) {
  size_t count = c.Get<Dims>("values").size();
  if (count > kMaxDimList) {
    return absl::InvalidArgumentError(
        absl::StrCat("'values' has ", count, " entries; at most ", kMaxDimList, " are supported"));
  }
  return TensorType{DType::kI64, {Dim(static_cast<int64_t>(count))}};
}

absl::StatusOr<TensorType> InferDynamicUpdate(InferContext &c) {
  const TensorType &x = c.operand(0), &y = c.operand(1), &start = c.operand(2);
  absl::StatusOr<int64_t> axis = NormalizeAxis(c.Get<int64_t>("axis"), x.rank());
  if (!axis.ok()) return axis.status();
  c.Get<int64_t>("axis") = *axis;
  if (start.rank() != 0 || (start.dtype != DType::kI64 && start.dtype != DType::kI32))
    return absl::InvalidArgumentError(absl::StrCat("start is ", start.ToString(), "; it must be i64[] or i32[]"));
  bool fits = x.dtype == y.dtype && x.rank() == y.rank();
  for (int i = 0; fits && i < x.rank(); ++i) {
    const Dim &part = y.dims[static_cast<size_t>(i)], &all = x.dims[static_cast<size_t>(i)];
    fits = i == *axis ? c.MustBeAtMost(part, all, "what is put into a tensor must not be larger")
                      : c.MustBeEqual(part, all, "what is put into a tensor must have its other sizes");
  }
  if (!fits) return absl::InvalidArgumentError(absl::StrCat(y.ToString(), " does not go into ", x.ToString()));
  return x;
}

}  // namespace ingot
