#include "graph/interp/array.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/reference/convert.h"

namespace ingot::interp {

std::optional<int64_t> CountElements(const std::vector<int64_t> &dims) {
  int64_t bytes = kElementBytes;
  bool empty = false;
  for (int64_t dim : dims) {
    if (dim < 0) return std::nullopt;
    if (dim == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(bytes, dim, &bytes)) {
      return std::nullopt;
    }
  }
  return empty ? 0 : bytes / kElementBytes;
}

std::string DimsText(const std::vector<int64_t> &dims) { return absl::StrCat("[", absl::StrJoin(dims, ", "), "]"); }

Array MakeArray(DType dtype, std::vector<int64_t> dims) {
  Array array;
  array.dtype = dtype;
  size_t count = static_cast<size_t>(CountElements(dims).value_or(0));
  array.dims = std::move(dims);
  if (IsFloat(dtype)) {
    array.reals.resize(count);
  } else if (IsComplex(dtype)) {
    array.complexes.resize(count);
  } else {
    array.integers.resize(count);
  }
  return array;
}

Array FromTensor(const Tensor &tensor) {
  Array array = MakeArray(tensor.dtype(), tensor.dims());
  for (size_t i = 0; i < array.reals.size(); ++i) array.reals[i] = tensor.GetDouble(static_cast<int64_t>(i));
  for (size_t i = 0; i < array.complexes.size(); ++i) array.complexes[i] = tensor.GetComplex(static_cast<int64_t>(i));
  for (size_t i = 0; i < array.integers.size(); ++i) array.integers[i] = tensor.GetInt(static_cast<int64_t>(i));
  return array;
}

Tensor ToTensor(const Array &array, bool wide_floats) {
  if (wide_floats && IsComplex(array.dtype)) {
    Tensor parts = Tensor::Zeros(DType::kF64, {2 * array.size()});
    if (array.size() != 0) std::memcpy(parts.mutable_data(), array.complexes.data(), parts.bytes());
    return parts;
  }
  DType dtype = wide_floats && IsFloat(array.dtype) ? DType::kF64 : array.dtype;
  Tensor tensor = Tensor::Zeros(dtype, array.dims);
  // Rounded here, in one step: going through float first would round halves twice.
  for (size_t i = 0; i < array.reals.size(); ++i)
    tensor.SetDouble(static_cast<int64_t>(i), RoundTo(dtype, array.reals[i]));
  for (size_t i = 0; i < array.complexes.size(); ++i) tensor.SetComplex(static_cast<int64_t>(i), array.complexes[i]);
  for (size_t i = 0; i < array.integers.size(); ++i) tensor.SetInt(static_cast<int64_t>(i), array.integers[i]);
  return tensor;
}

double RoundTo(DType dtype, double value) {
  switch (dtype) {
    case DType::kF32:
      return reference::RoundToFloat(value);
    case DType::kF16:
      return reference::RoundToHalf(value);
    case DType::kBF16:
      return reference::RoundToBfloat16(value);
    case DType::kF8E4M3:
      return reference::RoundToF8E4M3(value);
    case DType::kF8E5M2:
      return reference::RoundToF8E5M2(value);
    default:
      return value;
  }
}

void Normalize(Array &array, bool round_floats) {
  if (round_floats && array.dtype != DType::kF64) {
    for (double &value : array.reals) value = RoundTo(array.dtype, value);
    for (std::complex<double> &value : array.complexes)
      value = {reference::RoundToFloat(value.real()), reference::RoundToFloat(value.imag())};
  }
  int bits = BitWidth(array.dtype);
  if (!IsInteger(array.dtype) || bits == 64) return;
  for (int64_t &value : array.integers) value = reference::WrapInt(value, bits, IsSigned(array.dtype));
}

}  // namespace ingot::interp
