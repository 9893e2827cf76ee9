// Reductions.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/interp/ops.h"
#include "kernels/reference/reduce.h"
#include "kernels/reference/sort.h"

namespace ingot::interp {
namespace {

using reference::Sizes;

// The lowest or highest value of an integer dtype, as stored.
int64_t Limit(DType dtype, bool highest) {
  int bits = BitWidth(dtype);
  uint64_t all = ~uint64_t{0} >> (64 - bits);
  if (IsUnsigned(dtype)) return highest ? static_cast<int64_t>(all) : 0;
  int64_t largest = static_cast<int64_t>(all >> 1);
  return highest ? largest : -largest - 1;
}

// Sums and means of complex numbers: of their parts.
void SumParts(OpKind op, const Array &x, const std::vector<bool> &reduced, Array &result) {
  std::vector<double> part(x.complexes.size()), sums(result.complexes.size()), imaginary(result.complexes.size());
  auto sum = op == OpKind::kReduceMean ? reference::ReduceMean
                                       : static_cast<decltype(&reference::ReduceMean)>(reference::ReduceSum);
  std::transform(x.complexes.begin(), x.complexes.end(), part.begin(), [](const auto &v) { return v.real(); });
  sum(part, x.dims, reduced, sums);
  std::transform(x.complexes.begin(), x.complexes.end(), part.begin(), [](const auto &v) { return v.imag(); });
  sum(part, x.dims, reduced, imaginary);
  for (size_t i = 0; i < sums.size(); ++i) result.complexes[i] = {sums[i], imaginary[i]};
}

}  // namespace

absl::StatusOr<Array> Reduce(const OpCall &c) {
  const Array &x = c.operand(0);
  const Ints &axes = c.node.Get<Ints>("axes");
  std::vector<bool> reduced(x.dims.size(), axes.empty());
  for (int64_t axis : axes) reduced[static_cast<size_t>(axis)] = true;
  Sizes dims;
  for (size_t axis = 0; axis < x.dims.size(); ++axis) {
    if (!reduced[axis]) {
      dims.push_back(x.dims[axis]);
    } else if (c.node.Get<bool>("keep_dims")) {
      dims.push_back(1);
    }
  }
  absl::StatusOr<Array> result = c.Result(dims);
  if (!result.ok()) return result;
  if (IsComplex(x.dtype)) {
    SumParts(c.node.op, x, reduced, *result);
    return result;
  }
  bool real = IsFloat(x.dtype), is_unsigned = IsUnsigned(x.dtype);
  std::span<const double> reals(x.reals);
  std::span<double> real_out(result->reals);
  std::span<const int64_t> integers(x.integers);
  std::span<int64_t> out(result->integers);
  switch (c.node.op) {
    case OpKind::kReduceSum:
      real ? reference::ReduceSum(reals, x.dims, reduced, real_out)
           : reference::ReduceSum(integers, x.dims, reduced, out);
      return result;
    case OpKind::kReduceProd:
      real ? reference::ReduceProd(reals, x.dims, reduced, real_out)
           : reference::ReduceProd(integers, x.dims, reduced, out);
      return result;
    case OpKind::kReduceMean:
      reference::ReduceMean(reals, x.dims, reduced, real_out);
      return result;
    case OpKind::kReduceMax:
      real ? reference::ReduceMax(reals, x.dims, reduced, real_out)
           : reference::ReduceMax(integers, x.dims, reduced, is_unsigned, Limit(x.dtype, false), out);
      return result;
    case OpKind::kReduceMin:
      real ? reference::ReduceMin(reals, x.dims, reduced, real_out)
           : reference::ReduceMin(integers, x.dims, reduced, is_unsigned, Limit(x.dtype, true), out);
      return result;
    default:
      return absl::InternalError("this op is not a reduction");
  }
}

absl::StatusOr<Array> ArgMax(const OpCall &c) {
  const Array &x = c.operand(0);
  int64_t axis = c.node.Get<int64_t>("axis");
  Around around = AroundAxis(x.dims, axis);
  Sizes dims = x.dims;
  if (c.node.Get<bool>("keep_dims")) {
    dims[static_cast<size_t>(axis)] = 1;
  } else {
    dims.erase(dims.begin() + axis);
  }
  absl::StatusOr<Array> result = c.Result(dims);
  if (!result.ok()) return result;
  if (around.size == 0 && result->size() > 0) {
    return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " of x is empty, so it has no largest element"));
  }
  std::span<int64_t> out(result->integers);
  if (IsFloat(x.dtype)) {
    reference::ArgMax(std::span<const double>(x.reals), around.outer, around.size, around.inner, out);
  } else {
    reference::ArgMax(std::span<const int64_t>(x.integers), around.outer, around.size, around.inner,
                      IsUnsigned(x.dtype), out);
  }
  return result;
}

absl::StatusOr<std::vector<Array>> TopK(const OpCall &c) {
  const Array &x = c.operand(0);
  int64_t axis = c.node.Get<int64_t>("axis");
  absl::StatusOr<int64_t> k = c.node.Get<Dims>("k")[0].Evaluate(c.symbols);
  if (!k.ok()) return k.status();
  Around around = AroundAxis(x.dims, axis);
  if (*k > around.size)
    return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " has ", around.size, " elements, fewer than ", *k));
  Sizes dims = x.dims;
  dims[static_cast<size_t>(axis)] = *k;
  absl::StatusOr<Array> values = c.Result(dims, 0), indices = c.Result(dims, 1);
  if (!values.ok()) return values.status();
  if (!indices.ok()) return indices.status();
  reference::Axis at{around.outer, around.size, around.inner};
  bool largest = c.node.Get<bool>("largest");
  std::span<int64_t> index_out(indices->integers);
  if (IsFloat(x.dtype)) {
    reference::TopK(std::span<const double>(x.reals), at, *k, largest, std::span(values->reals), index_out);
  } else if (IsUnsigned(x.dtype)) {
    std::vector<uint64_t> bits(x.integers.begin(), x.integers.end()), kept(values->integers.size());
    reference::TopK(std::span<const uint64_t>(bits), at, *k, largest, std::span(kept), index_out);
    values->integers.assign(kept.begin(), kept.end());
  } else {
    reference::TopK(std::span<const int64_t>(x.integers), at, *k, largest, std::span(values->integers), index_out);
  }
  std::vector<Array> results;
  results.push_back(*std::move(values));
  results.push_back(*std::move(indices));
  return results;
}

}  // namespace ingot::interp
