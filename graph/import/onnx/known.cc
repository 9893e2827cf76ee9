#include "graph/import/onnx/known.h"

#include <algorithm>

namespace ingot::onnx_import {

std::optional<Known> Known::FromTensor(const Tensor &tensor) {
  if (tensor.size() > kMaxKnownElements || IsComplex(tensor.dtype())) return std::nullopt;
  Known known{tensor.dtype(), tensor.dims(), {}, {}};
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (known.is_real()) {
      known.reals.push_back(tensor.GetDouble(i));
      continue;
    }
    int64_t value = tensor.GetInt(i);
    if (tensor.dtype() == DType::kU64 && value < 0) return std::nullopt;  // above what a dim can hold
    known.ints.push_back(value);
  }
  return known;
}

bool Known::is_constant() const {
  return std::all_of(ints.begin(), ints.end(), [](const Dim &dim) { return dim.is_constant(); });
}

std::optional<Ints> Known::constants() const {
  if (is_real() || !is_constant()) return std::nullopt;
  Ints values;
  for (const Dim &dim : ints) values.push_back(*dim.constant());
  return values;
}

Expr Known::Materialize(GraphBuilder &b) const {
  if (is_constant()) {
    Tensor tensor = Tensor::Zeros(dtype, shape);
    for (int64_t i = 0; i < size(); ++i) {
      if (is_real()) {
        tensor.SetDouble(i, reals[static_cast<size_t>(i)]);
      } else {
        tensor.SetInt(i, *ints[static_cast<size_t>(i)].constant());
      }
    }
    return b.Constant(std::move(tensor));
  }
  Expr value = b.DimValues(ints);
  if (shape.size() != 1) value = b.Reshape(value, Dims(shape.begin(), shape.end()));
  return dtype == DType::kI64 ? value : b.Cast(value, dtype);
}

double RoundTo(DType dtype, double value) {
  switch (dtype) {
    case DType::kF32:
      return static_cast<float>(value);
    case DType::kF16:
      return HalfToFloat(FloatToHalf(static_cast<float>(value)));
    case DType::kBF16:
      return Bfloat16ToFloat(FloatToBfloat16(static_cast<float>(value)));
    case DType::kF8E4M3:
    case DType::kF8E5M2:
      return Float8ToFloat(dtype, FloatToFloat8(dtype, static_cast<float>(value)));
    default:
      return value;
  }
}

int64_t WrapTo(DType dtype, int64_t value) {
  if (dtype == DType::kBool) return value != 0;
  int bits = BitWidth(dtype);
  if (bits == 0 || bits == 64) return value;
  uint64_t low = static_cast<uint64_t>(value) & ((UINT64_C(1) << bits) - 1);
  bool negative = IsSigned(dtype) && (low >> (bits - 1)) != 0;
  return static_cast<int64_t>(negative ? low | ~((UINT64_C(1) << bits) - 1) : low);
}

std::optional<int64_t> SmallSize(const Ints &shape) {
  int64_t size = 1;
  for (int64_t dim : shape) {
    if (dim < 0 || dim > kMaxKnownElements) return std::nullopt;
    size *= dim;
    if (size > kMaxKnownElements) return std::nullopt;
  }
  return shape.size() <= kMaxRank ? std::optional<int64_t>(size) : std::nullopt;
}

}  // namespace ingot::onnx_import
