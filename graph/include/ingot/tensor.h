// Constant data of a graph: dense, row-major, little-endian, shared and immutable. Large tensors borrow a mapped file.
#ifndef INGOT_TENSOR_H_
#define INGOT_TENSOR_H_

#include <complex>
#include <cstring>
#include <memory>
#include <vector>

#include "ingot/types.h"

namespace ingot {

class Tensor {
 public:
  Tensor() = default;
  // Borrows `data` for as long as `owner` lives. `data` need not be aligned.
  Tensor(DType dtype, std::vector<int64_t> dims, const void *data, std::shared_ptr<const void> owner)
      : dtype_(dtype), dims_(std::move(dims)), data_(static_cast<const char *>(data)), owner_(std::move(owner)) {}

  // Zero-filled, or a copy of `bytes` (exactly StorageBytes(dtype, product(dims)) of them).
  static Tensor Zeros(DType dtype, std::vector<int64_t> dims);
  static Tensor Copy(DType dtype, std::vector<int64_t> dims, const void *bytes);
  static Tensor F32(std::vector<int64_t> dims, const std::vector<float> &values);
  static Tensor I64(std::vector<int64_t> dims, const std::vector<int64_t> &values);
  static Tensor ScalarF32(float value) { return F32({}, {value}); }
  static Tensor ScalarI64(int64_t value) { return I64({}, {value}); }

  DType dtype() const { return dtype_; }
  const std::vector<int64_t> &dims() const { return dims_; }
  int rank() const { return static_cast<int>(dims_.size()); }
  int64_t size() const;  // elements
  size_t bytes() const { return static_cast<size_t>(StorageBytes(dtype_, size()).value_or(0)); }
  const char *data() const { return data_; }
  // Only while the caller is the sole owner, right after Zeros.
  char *mutable_data() { return const_cast<char *>(data_); }
  TensorType type() const;
  // The same bytes as elements of another dtype of the same width.
  Tensor WithType(DType dtype) const { return Tensor(dtype, dims_, data_, owner_); }

  // The floats of complex elements one after another, [2 n] of them, in the same bytes; a tensor of another dtype as
  // it is.
  Tensor Parts() const;

  // Element i, converted: floats and integers to double, exact for |integer| up to 2^53; of a complex number its real
  // part.
  double GetDouble(int64_t i) const;
  // Element i of an integer or bool tensor.
  int64_t GetInt(int64_t i) const;
  // Stores with rounding to nearest (floats; beyond the range infinity, or NaN where the type has none), truncation
  // (integers; at most 64 bits, of which the low ones are kept), x != 0 (bool), or as a real number (complex). After
  // Zeros only.
  void SetDouble(int64_t i, double value);
  void SetInt(int64_t i, int64_t value);
  // Element i of a complex tensor; parts are rounded to nearest.
  std::complex<double> GetComplex(int64_t i) const;
  void SetComplex(int64_t i, std::complex<double> value);

 private:
  DType dtype_ = DType::kInvalid;
  std::vector<int64_t> dims_;
  const char *data_ = nullptr;
  std::shared_ptr<const void> owner_;
};

// IEEE half and bfloat16 conversions, round to nearest even.
float HalfToFloat(uint16_t bits);
uint16_t FloatToHalf(float value);
inline float Bfloat16ToFloat(uint16_t bits) {
  uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}
uint16_t FloatToBfloat16(float value);

// The 8-bit floats, rounded to nearest even. f8e4m3 (ONNX's FLOAT8E4M3FN) has NaN and no infinity: what rounds beyond
// 448 becomes NaN. f8e5m2 has both: what rounds beyond 57344 becomes infinity.
float Float8ToFloat(DType dtype, uint8_t bits);
uint8_t FloatToFloat8(DType dtype, float value);
double LargestFloat8(DType dtype);

}  // namespace ingot
#endif  // INGOT_TENSOR_H_
