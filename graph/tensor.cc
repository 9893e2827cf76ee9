#include "ingot/tensor.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ingot {

Tensor Tensor::Zeros(DType dtype, std::vector<int64_t> dims) {
  Tensor tensor(dtype, std::move(dims), nullptr, nullptr);
  // A spare element keeps data() distinct from null for empty tensors.
  auto storage = std::make_shared<std::vector<char>>(tensor.bytes() + 8);
  tensor.data_ = storage->data();
  tensor.owner_ = std::move(storage);
  return tensor;
}

Tensor Tensor::Copy(DType dtype, std::vector<int64_t> dims, const void *bytes) {
  Tensor tensor = Zeros(dtype, std::move(dims));
  if (tensor.bytes() != 0) std::memcpy(tensor.mutable_data(), bytes, tensor.bytes());
  return tensor;
}

Tensor Tensor::F32(std::vector<int64_t> dims, const std::vector<float> &values) {
  return Copy(DType::kF32, std::move(dims), values.data());
}
Tensor Tensor::I64(std::vector<int64_t> dims, const std::vector<int64_t> &values) {
  return Copy(DType::kI64, std::move(dims), values.data());
}

int64_t Tensor::size() const {
  int64_t product = 1;
  for (int64_t dim : dims_) product *= dim;
  return product;
}

Tensor Tensor::Parts() const { return IsComplex(dtype_) ? Tensor(DType::kF32, {2 * size()}, data_, owner_) : *this; }

TensorType Tensor::type() const { return {dtype_, Dims(dims_.begin(), dims_.end())}; }

namespace {

template <typename T>
T Load(const char *data, int64_t i) {
  T value;
  std::memcpy(&value, data + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <typename T>
void Store(char *data, int64_t i, T value) {
  std::memcpy(data + i * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

// Two elements share a byte; the first has its low half.
int LoadHalfByte(const char *data, int64_t i) { return static_cast<unsigned char>(data[i / 2]) >> (i % 2 * 4) & 15; }
void StoreHalfByte(char *data, int64_t i, int value) {
  int shift = static_cast<int>(i % 2 * 4);
  data[i / 2] = static_cast<char>((data[i / 2] & (240 >> shift)) | value << shift);
}

// A float whose last bit is set where `value` was not exact: rounding it once more, to a narrower type, gives what
// rounding `value` gives.
float RoundToOdd(double value) {
  float nearest = static_cast<float>(value);
  if (nearest == value || std::isnan(value)) return nearest;
  if (std::fabs(static_cast<double>(nearest)) > std::fabs(value)) nearest = std::nextafter(nearest, 0.0f);
  uint32_t bits;
  std::memcpy(&bits, &nearest, 4);
  bits |= 1;
  std::memcpy(&nearest, &bits, 4);
  return nearest;
}

// Truncates; NaN gives 0 and values outside the range its nearest end.
template <typename T>
T Saturate(double value) {
  if (std::isnan(value)) return 0;
  // 2^63 and 2^64 are doubles, the largest integers are not.
  double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
  if (value >= end) return std::numeric_limits<T>::max();
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  return static_cast<T>(value);
}

}  // namespace

double Tensor::GetDouble(int64_t i) const {
  switch (dtype_) {
    case DType::kF64:
      return Load<double>(data_, i);
    case DType::kF32:
      return Load<float>(data_, i);
    case DType::kF16:
      return HalfToFloat(Load<uint16_t>(data_, i));
    case DType::kBF16:
      return Bfloat16ToFloat(Load<uint16_t>(data_, i));
    case DType::kF8E4M3:
    case DType::kF8E5M2:
      return Float8ToFloat(dtype_, Load<uint8_t>(data_, i));
    case DType::kComplex64:
      return Load<float>(data_, 2 * i);
    case DType::kU64:
      return static_cast<double>(Load<uint64_t>(data_, i));
    case DType::kI64:
    case DType::kI32:
    case DType::kI16:
    case DType::kI8:
    case DType::kU32:
    case DType::kU16:
    case DType::kU8:
    case DType::kBool:
    case DType::kI4:
    case DType::kU4:
      return static_cast<double>(GetInt(i));
    case DType::kInvalid:
      break;
  }
  return 0;
}

int64_t Tensor::GetInt(int64_t i) const {
  switch (dtype_) {
    case DType::kI64:
    case DType::kU64:
      return Load<int64_t>(data_, i);
    case DType::kI32:
      return Load<int32_t>(data_, i);
    case DType::kI16:
      return Load<int16_t>(data_, i);
    case DType::kI8:
      return Load<int8_t>(data_, i);
    case DType::kU32:
      return Load<uint32_t>(data_, i);
    case DType::kU16:
      return Load<uint16_t>(data_, i);
    case DType::kU8:
      return Load<uint8_t>(data_, i);
    case DType::kBool:
      return Load<uint8_t>(data_, i) != 0;
    case DType::kI4:
      return (LoadHalfByte(data_, i) ^ 8) - 8;
    case DType::kU4:
      return LoadHalfByte(data_, i);
    case DType::kF64:
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
    case DType::kF8E4M3:
    case DType::kF8E5M2:
    case DType::kComplex64:
      return static_cast<int64_t>(GetDouble(i));
    case DType::kInvalid:
      break;
  }
  return 0;
}

std::complex<double> Tensor::GetComplex(int64_t i) const {
  return {Load<float>(data_, 2 * i), Load<float>(data_, 2 * i + 1)};
}

void Tensor::SetComplex(int64_t i, std::complex<double> value) {
  Store<float>(mutable_data(), 2 * i, static_cast<float>(value.real()));
  Store<float>(mutable_data(), 2 * i + 1, static_cast<float>(value.imag()));
}

void Tensor::SetDouble(int64_t i, double value) {
  char *data = mutable_data();
  switch (dtype_) {
    case DType::kF64:
      return Store<double>(data, i, value);
    case DType::kF32:
      return Store<float>(data, i, static_cast<float>(value));
    case DType::kF16:
      return Store<uint16_t>(data, i, FloatToHalf(RoundToOdd(value)));
    case DType::kBF16:
      return Store<uint16_t>(data, i, FloatToBfloat16(RoundToOdd(value)));
    case DType::kF8E4M3:
    case DType::kF8E5M2:
      return Store<uint8_t>(data, i, FloatToFloat8(dtype_, RoundToOdd(value)));
    case DType::kComplex64:
      return SetComplex(i, value);
    case DType::kU64:
      return Store<uint64_t>(data, i, Saturate<uint64_t>(value));
    case DType::kBool:
      return SetInt(i, value != 0);
    default:
      return SetInt(i, Saturate<int64_t>(value));
  }
}

void Tensor::SetInt(int64_t i, int64_t value) {
  char *data = mutable_data();
  if (IsComplex(dtype_)) return SetComplex(i, static_cast<double>(value));
  switch (BitWidth(dtype_)) {
    case 64:
      return Store<int64_t>(data, i, value);
    case 32:
      return Store<int32_t>(data, i, static_cast<int32_t>(value));
    case 16:
      return Store<int16_t>(data, i, static_cast<int16_t>(value));
    case 4:
      return StoreHalfByte(data, i, static_cast<int>(value & 15));
    default:
      return Store<int8_t>(data, i,
                           dtype_ == DType::kBool ? static_cast<int8_t>(value != 0) : static_cast<int8_t>(value));
  }
}

float HalfToFloat(uint16_t bits) {
  int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  float magnitude = exponent == 31  ? (mantissa ? NAN : INFINITY)
                    : exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                    : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

uint16_t FloatToHalf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7e00);
  float magnitude = std::fabs(value);
  if (magnitude >= 65520.0f) return static_cast<uint16_t>(sign | 0x7c00);
  int exponent = -24;
  if (magnitude > 0) std::frexp(magnitude, &exponent);
  // A half has 11 significant bits and no exponent below -24: one rounding to that grid (default mode: nearest even).
  int shift = std::max(exponent - 11, -24);
  uint32_t rounded = static_cast<uint32_t>(std::nearbyint(std::ldexp(static_cast<double>(magnitude), -shift)));
  if (shift == -24) return static_cast<uint16_t>(sign | rounded);  // subnormal, or the carry into the smallest normal
  return static_cast<uint16_t>(sign | ((static_cast<uint32_t>(shift + 24) << 10) + rounded));
}

namespace {

// An 8-bit float as its fields. `largest` is the pattern of its largest number, `beyond` of what lies above.
struct Float8 {
  int fraction, bias;
  uint8_t largest, beyond, nan;
};
constexpr Float8 kE4M3 = {3, 7, 0x7e, 0x7f, 0x7f}, kE5M2 = {2, 15, 0x7b, 0x7c, 0x7e};
const Float8 &FieldsOf(DType dtype) { return dtype == DType::kF8E4M3 ? kE4M3 : kE5M2; }

}  // namespace

float Float8ToFloat(DType dtype, uint8_t bits) {
  const Float8 &format = FieldsOf(dtype);
  int pattern = bits & 0x7f, exponent = pattern >> format.fraction, hidden = 1 << format.fraction;
  int significand = (pattern & (hidden - 1)) + (exponent == 0 ? 0 : hidden);
  float magnitude = std::ldexp(static_cast<float>(significand), std::max(exponent, 1) - format.bias - format.fraction);
  if (pattern > format.largest) magnitude = pattern == format.beyond && format.beyond != format.nan ? INFINITY : NAN;
  return bits & 0x80 ? -magnitude : magnitude;
}

uint8_t FloatToFloat8(DType dtype, float value) {
  const Float8 &format = FieldsOf(dtype);
  int sign = std::signbit(value) ? 0x80 : 0;
  if (std::isnan(value)) return static_cast<uint8_t>(sign | format.nan);
  float magnitude = std::fabs(value);
  int least = 1 - format.bias, exponent = least;
  if (magnitude >= std::ldexp(1.0f, least)) exponent = std::min(std::ilogb(magnitude), 64);
  // In units of the last place; a carry moves into the exponent by itself.
  int units = static_cast<int>(std::nearbyint(std::ldexp(std::fmin(magnitude, 0x1p40f), format.fraction - exponent)));
  int pattern = ((exponent - least) << format.fraction) + units;
  return static_cast<uint8_t>(sign | (pattern > format.largest ? format.beyond : pattern));
}

double LargestFloat8(DType dtype) { return static_cast<double>(Float8ToFloat(dtype, FieldsOf(dtype).largest)); }

uint16_t FloatToBfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace ingot
