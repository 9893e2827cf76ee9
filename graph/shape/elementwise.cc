// Shape rules of element-wise ops and of composites that keep their operand's shape.
#include "absl/strings/str_cat.h"
#include "graph/shape/rules.h"

namespace ingot {
namespace {

// All operands from `first` on: one dtype, broadcast dims.
absl::StatusOr<TensorType> Broadcast(InferContext &c, size_t first) {
  TensorType result = c.operand(first);
  for (size_t i = first + 1; i < c.operands.size(); ++i) {
    if (c.operand(i).dtype != result.dtype) {
      return absl::InvalidArgumentError(absl::StrCat("operands have dtypes ", std::string(Name(result.dtype)), " and ",
                                                     std::string(Name(c.operand(i).dtype)), "; cast one of them"));
    }
    absl::StatusOr<Dims> dims = c.Broadcast(result.dims, c.operand(i).dims);
    if (!dims.ok()) return dims.status();
    result.dims = *std::move(dims);
  }
  return result;
}

}  // namespace

absl::StatusOr<TensorType> InferElementwise(InferContext &c) { return Broadcast(c, 0); }

absl::StatusOr<TensorType> InferPredicate(InferContext &c) {
  absl::StatusOr<TensorType> type = Broadcast(c, 0);
  if (type.ok()) type->dtype = DType::kBool;
  return type;
}

absl::StatusOr<TensorType> InferSelect(InferContext &c) {
  if (c.operand(0).dtype != DType::kBool) return absl::InvalidArgumentError("the condition must be bool");
  absl::StatusOr<TensorType> type = Broadcast(c, 1);
  if (!type.ok()) return type;
  absl::StatusOr<Dims> dims = c.Broadcast(c.operand(0).dims, type->dims);
  if (!dims.ok()) return dims.status();
  return TensorType{type->dtype, *std::move(dims)};
}

absl::StatusOr<TensorType> InferComplex(InferContext &c) {
  for (size_t i = 0; i < 2; ++i) {
    if (c.operand(i).dtype != DType::kF32)
      return absl::InvalidArgumentError(
          absl::StrCat("parts of complex64 are f32, not ", std::string(Name(c.operand(i).dtype)), "; cast them first"));
  }
  absl::StatusOr<TensorType> type = Broadcast(c, 0);
  if (type.ok()) type->dtype = DType::kComplex64;
  return type;
}

absl::StatusOr<TensorType> InferPart(InferContext &c) { return TensorType{DType::kF32, c.operand(0).dims}; }

absl::StatusOr<TensorType> InferCast(InferContext &c) {
  DType to = c.Get<DType>("to");
  if (to == DType::kInvalid) return absl::InvalidArgumentError("cannot cast to an invalid dtype");
  if (IsComplex(c.operand(0).dtype) && !IsComplex(to))
    return absl::InvalidArgumentError("a complex number is no real one; take its parts with real and imag");
  return TensorType{to, c.operand(0).dims};
}

absl::StatusOr<TensorType> InferSameWithAxis(InferContext &c) {
  absl::StatusOr<int64_t> axis = NormalizeAxis(c.Get<int64_t>("axis"), c.operand(0).rank());
  if (!axis.ok()) return axis.status();
  c.Get<int64_t>("axis") = *axis;
  return c.operand(0);
}

absl::StatusOr<TensorType> InferLayerNorm(InferContext &c) {
  absl::StatusOr<TensorType> type = InferSameWithAxis(c);
  if (!type.ok()) return type;
  for (size_t i = 1; i < c.operands.size(); ++i) {
    if (c.operand(i).dtype != type->dtype) return absl::InvalidArgumentError("scale and shift must have x's dtype");
    if (!c.MustBroadcastTo(c.operand(i).dims, type->dims))
      return absl::InvalidArgumentError(
          absl::StrCat("scale or shift ", c.operand(i).ToString(), " does not broadcast to ", type->ToString()));
  }
  return type;
}

}  // namespace ingot
