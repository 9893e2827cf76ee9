// Element-wise ops. Which of a scalar's functions applies follows from the operand's dtype.
#include "absl/strings/str_cat.h"
#include "graph/interp/ops.h"
#include "kernels/reference/convert.h"
#include "kernels/reference/elementwise.h"

namespace ingot::interp {
namespace {

using reference::Sizes;

enum class Number { kReal, kSigned, kUnsigned };
Number NumberOf(DType dtype) {
  return IsFloat(dtype) ? Number::kReal : IsSigned(dtype) ? Number::kSigned : Number::kUnsigned;
}

absl::Status Undefined(DType dtype) {
  return absl::InternalError(absl::StrCat("the interpreter has no rule for ", std::string(Name(dtype)), " operands"));
}

// The function for this dtype in terms of the stored int64, given to `with`; false when there is none.
template <typename Scalar, typename F>
bool WithInteger(const Scalar &scalar, DType dtype, F with) {
  if (NumberOf(dtype) == Number::kUnsigned && scalar.u != nullptr) {
    with([&](auto... x) { return scalar.u(static_cast<uint64_t>(x)...); });
  } else if (scalar.i != nullptr) {
    with([&](auto... x) { return scalar.i(x...); });
  } else {
    return false;
  }
  return true;
}

absl::StatusOr<Sizes> BroadcastOperands(const OpCall &c) {
  Sizes dims = c.operand(0).dims;
  for (const Array *operand : c.operands) {
    std::optional<Sizes> both = reference::Broadcast(dims, operand->dims);
    if (!both)
      return absl::InvalidArgumentError(
          absl::StrCat("shapes ", DimsText(dims), " and ", DimsText(operand->dims), " do not broadcast"));
    dims = *std::move(both);
  }
  return dims;
}

// Both operands of any one kind of number, with results of type R in `out`.
template <typename Scalar, typename R, typename C>
absl::Status Apply2(const OpCall &c, const Scalar &scalar, std::span<R> out_of_reals, std::span<C> out_of_complexes,
                    std::span<int64_t> out_of_integers) {
  const Array &x = c.operand(0), &y = c.operand(1);
  if (x.dtype != y.dtype) return absl::InvalidArgumentError("the operands differ in dtype");
  if (IsFloat(x.dtype)) {
    if (scalar.f == nullptr) return Undefined(x.dtype);
    reference::Map2(std::span<const double>(x.reals), x.dims, std::span<const double>(y.reals), y.dims, c.dims(),
                    out_of_reals, scalar.f);
    return absl::OkStatus();
  }
  if (IsComplex(x.dtype)) {
    if (scalar.c == nullptr) return Undefined(x.dtype);
    reference::Map2(std::span<const reference::Complex>(x.complexes), x.dims,
                    std::span<const reference::Complex>(y.complexes), y.dims, c.dims(), out_of_complexes, scalar.c);
    return absl::OkStatus();
  }
  bool defined = WithInteger(scalar, x.dtype, [&](auto f) {
    reference::Map2(std::span<const int64_t>(x.integers), x.dims, std::span<const int64_t>(y.integers), y.dims,
                    c.dims(), out_of_integers, f);
  });
  return defined ? absl::OkStatus() : Undefined(x.dtype);
}

}  // namespace

absl::StatusOr<Array> Unary(const OpCall &c, const reference::UnaryScalar &scalar) {
  const Array &x = c.operand(0);
  absl::StatusOr<Array> result = c.Result(x.dims);
  if (!result.ok()) return result;
  if (IsFloat(x.dtype)) {
    if (scalar.f == nullptr) return Undefined(x.dtype);
    reference::Map(std::span<const double>(x.reals), std::span<double>(result->reals), scalar.f);
    return result;
  }
  if (IsComplex(x.dtype)) {
    if (scalar.c == nullptr) return Undefined(x.dtype);
    reference::Map(std::span<const reference::Complex>(x.complexes), std::span(result->complexes), scalar.c);
    return result;
  }
  bool defined = WithInteger(scalar, x.dtype, [&](auto f) {
    reference::Map(std::span<const int64_t>(x.integers), std::span<int64_t>(result->integers), f);
  });
  if (!defined) return Undefined(x.dtype);
  return result;
}

absl::StatusOr<Array> Binary(const OpCall &c, const reference::BinaryScalar &scalar) {
  absl::StatusOr<Sizes> dims = BroadcastOperands(c);
  if (!dims.ok()) return dims.status();
  absl::StatusOr<Array> result = c.Result(*dims);
  if (!result.ok()) return result;
  absl::Status status =
      Apply2(c, scalar, std::span(result->reals), std::span(result->complexes), std::span(result->integers));
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<Array> Compare(const OpCall &c, const reference::CompareScalar &scalar) {
  absl::StatusOr<Sizes> dims = BroadcastOperands(c);
  if (!dims.ok()) return dims.status();
  absl::StatusOr<Array> result = c.Result(*dims);
  if (!result.ok()) return result;
  std::span<int64_t> out(result->integers);
  absl::Status status = Apply2(c, scalar, out, out, out);
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<Array> IsNan(const OpCall &c) {
  absl::StatusOr<Array> result = c.Result(c.operand(0).dims);
  if (!result.ok()) return result;
  reference::Map(std::span<const double>(c.operand(0).reals), std::span<int64_t>(result->integers),
                 [](double x) { return std::isnan(x); });
  return result;
}

absl::StatusOr<Array> Select(const OpCall &c) {
  const Array &condition = c.operand(0), &x = c.operand(1), &y = c.operand(2);
  if (condition.dtype != DType::kBool || x.dtype != y.dtype)
    return absl::InvalidArgumentError("the operands differ in dtype");
  absl::StatusOr<Sizes> dims = BroadcastOperands(c);
  if (!dims.ok()) return dims.status();
  absl::StatusOr<Array> result = c.Result(*dims);
  if (!result.ok()) return result;
  std::span<const int64_t> holds(condition.integers);
  OnElements(
      x.dtype,
      [&](auto from_x, auto from_y, auto to) {
        reference::Select(holds, condition.dims, from_x, x.dims, from_y, y.dims, *dims, to);
      },
      x, y, *result);
  return result;
}

absl::StatusOr<Array> Complex(const OpCall &c) {
  absl::StatusOr<Sizes> dims = BroadcastOperands(c);
  if (!dims.ok()) return dims.status();
  absl::StatusOr<Array> result = c.Result(*dims);
  if (!result.ok()) return result;
  const Array &real = c.operand(0), &imaginary = c.operand(1);
  reference::Map2(std::span<const double>(real.reals), real.dims, std::span<const double>(imaginary.reals),
                  imaginary.dims, *dims, std::span(result->complexes),
                  [](double re, double im) { return reference::Complex(re, im); });
  return result;
}

absl::StatusOr<Array> Part(const OpCall &c, double (*part)(const reference::Complex &)) {
  absl::StatusOr<Array> result = c.Result(c.operand(0).dims);
  if (!result.ok()) return result;
  reference::Map(std::span<const reference::Complex>(c.operand(0).complexes), std::span(result->reals), part);
  return result;
}

absl::StatusOr<Array> Cast(const OpCall &c) {
  const Array &x = c.operand(0);
  absl::StatusOr<Array> result = c.Result(x.dims);
  if (!result.ok()) return result;
  std::span<const double> reals(x.reals);
  std::span<const int64_t> integers(x.integers);
  DType to = c.dtype();
  auto to_double = [&](int64_t v) {
    return x.dtype == DType::kU64 ? static_cast<double>(static_cast<uint64_t>(v)) : static_cast<double>(v);
  };
  if (IsComplex(to)) {
    result->complexes.assign(x.complexes.begin(), x.complexes.end());
    for (double v : reals) result->complexes.push_back(v);
    for (int64_t v : integers) result->complexes.push_back(to_double(v));
    return result;
  }
  if (IsFloat(to)) {
    std::span<double> out(result->reals);
    if (IsFloat(x.dtype)) {
      reference::Map(reals, out, [](double v) { return v; });
    } else {
      reference::Map(integers, out, to_double);
    }
    if (!IsFloat8(to) || to == x.dtype) return result;
    // 8-bit floats are for storage: they saturate, and round at every precision of the interpreter.
    double largest = LargestFloat8(to);
    for (double &v : result->reals) v = RoundTo(to, std::fabs(v) > largest ? std::copysign(largest, v) : v);
    return result;
  }
  std::span<int64_t> out(result->integers);
  int bits = BitWidth(to);
  if (to == DType::kBool) {
    reference::Map(reals, out.first(reals.size()), [](double v) { return v != 0; });
    reference::Map(integers, out.first(integers.size()), [](int64_t v) { return v != 0; });
  } else {
    reference::Map(reals, out.first(reals.size()),
                   [&](double v) { return reference::SaturatingInt(v, bits, IsSigned(to)); });
    reference::Map(integers, out.first(integers.size()),
                   [&](int64_t v) { return reference::WrapInt(v, bits, IsSigned(to)); });
  }
  return result;
}

}  // namespace ingot::interp
