// Element-wise ops. Which of a scalar's three functions applies follows from the operand's dtype.
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
template <typename Scalar, typename R>
absl::Status Apply2(const OpCall &c, const Scalar &scalar, std::span<R> out_of_reals,
                    std::span<int64_t> out_of_integers) {
  const Array &x = c.operand(0), &y = c.operand(1);
  if (x.dtype != y.dtype) return absl::InvalidArgumentError("the operands differ in dtype");
  if (IsFloat(x.dtype)) {
    if (scalar.f == nullptr) return Undefined(x.dtype);
    reference::Map2(std::span<const double>(x.reals), x.dims, std::span<const double>(y.reals), y.dims, c.dims(),
                    out_of_reals, scalar.f);
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
  absl::Status status = Apply2(c, scalar, std::span<double>(result->reals), std::span<int64_t>(result->integers));
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<Array> Compare(const OpCall &c, const reference::CompareScalar &scalar) {
  absl::StatusOr<Sizes> dims = BroadcastOperands(c);
  if (!dims.ok()) return dims.status();
  absl::StatusOr<Array> result = c.Result(*dims);
  if (!result.ok()) return result;
  std::span<int64_t> out(result->integers);
  absl::Status status = Apply2(c, scalar, out, out);
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
  if (IsFloat(x.dtype)) {
    reference::Select(holds, condition.dims, std::span<const double>(x.reals), x.dims, std::span<const double>(y.reals),
                      y.dims, *dims, std::span<double>(result->reals));
  } else {
    reference::Select(holds, condition.dims, std::span<const int64_t>(x.integers), x.dims,
                      std::span<const int64_t>(y.integers), y.dims, *dims, std::span<int64_t>(result->integers));
  }
  return result;
}

absl::StatusOr<Array> Cast(const OpCall &c) {
  const Array &x = c.operand(0);
  absl::StatusOr<Array> result = c.Result(x.dims);
  if (!result.ok()) return result;
  std::span<const double> reals(x.reals);
  std::span<const int64_t> integers(x.integers);
  DType to = c.dtype();
  if (IsFloat(to)) {
    std::span<double> out(result->reals);
    if (IsFloat(x.dtype)) {
      reference::Map(reals, out, [](double v) { return v; });
    } else if (x.dtype == DType::kU64) {
      reference::Map(integers, out, [](int64_t v) { return static_cast<double>(static_cast<uint64_t>(v)); });
    } else {
      reference::Map(integers, out, [](int64_t v) { return static_cast<double>(v); });
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
