// Element types and tensor types. Values of DType equal ingot_dtype_t of runtime/include/ingot/abi.h (a test compares
// them).
#ifndef INGOT_TYPES_H_
#define INGOT_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingot/dim.h"

namespace ingot {

enum class DType : uint8_t {
  kInvalid = 0,
  kF64 = 1,
  kF32 = 2,
  kF16 = 3,
  kBF16 = 4,
  kI64 = 5,
  kI32 = 6,
  kI16 = 7,
  kI8 = 8,
  kU64 = 9,
  kU32 = 10,
  kU16 = 11,
  kU8 = 12,
  kBool = 13,
};

constexpr int kMaxRank = 8;
constexpr int kMaxDimList = 32;  // dims in one attribute

bool IsFloat(DType dtype);
bool IsSigned(DType dtype);    // signed integers
bool IsUnsigned(DType dtype);  // unsigned integers, without bool
inline bool IsInteger(DType dtype) { return IsSigned(dtype) || IsUnsigned(dtype); }
size_t ByteSize(DType dtype);        // 0 for kInvalid
double Epsilon(DType dtype);         // of floats: from 1 to the next number above
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
