// Element types and tensor types. Values of DType equal ingot_dtype_t of runtime/include/ingot/abi.h: both are the rows
// of runtime/include/ingot/dtypes.inc.
#ifndef INGOT_TYPES_H_
#define INGOT_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingot/dim.h"

namespace ingot {

// kF64, kF32, kF16, kBF16, kI64 ... kU8, kBool, kF8E4M3, kF8E5M2, kI4, kU4, kComplex64: the rows of ingot/dtypes.inc.
enum class DType : uint8_t {
  kInvalid = 0,
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) k##cc = value,
#include "ingot/dtypes.inc"
};

constexpr int kMaxRank = 8;
constexpr int kMaxDimList = 32;  // dims in one attribute

bool IsFloat(DType dtype);
bool IsComplex(DType dtype);   // two floats of half the bits, the real part first
bool IsSigned(DType dtype);    // signed integers
bool IsUnsigned(DType dtype);  // unsigned integers, without bool
inline bool IsInteger(DType dtype) { return IsSigned(dtype) || IsUnsigned(dtype); }
int BitWidth(DType dtype);  // of one element in memory; 0 for kInvalid
inline bool IsHalf(DType dtype) { return IsFloat(dtype) && BitWidth(dtype) == 16; }  // f16, bf16
inline bool IsFloat8(DType dtype) { return IsFloat(dtype) && BitWidth(dtype) == 8; }
inline bool IsNarrow(DType dtype) { return BitWidth(dtype) == 4; }  // two elements share a byte, the first its low half
// Bytes of so many elements one after another, rounded up to whole bytes; nullopt when they do not fit int64_t, and for
// a negative number of elements.
std::optional<int64_t> StorageBytes(DType dtype, int64_t elements);
double Epsilon(DType dtype);         // of floats, and of complex parts: from 1 to the next number above
std::string_view Name(DType dtype);  // "f32"
std::optional<DType> ParseDType(std::string_view name);

struct TensorType {
  DType dtype = DType::kInvalid;
  Dims dims;

  int rank() const { return static_cast<int>(dims.size()); }
  bool operator==(const TensorType &other) const { return dtype == other.dtype && dims == other.dims; }
  bool operator!=(const TensorType &other) const { return !(*this == other); }
  std::string ToString() const;  // "f32[batch, 768]"
};

}  // namespace ingot
#endif  // INGOT_TYPES_H_
