#include "graph/types.h"

#include <array>

namespace ingot {
namespace {

struct Row {
  std::string_view name;
  size_t bytes;
};
constexpr std::array<Row, 14> kRows = {{{"invalid", 0},
                                        {"f64", 8},
                                        {"f32", 4},
                                        {"f16", 2},
                                        {"bf16", 2},
                                        {"i64", 8},
                                        {"i32", 4},
                                        {"i16", 2},
                                        {"i8", 1},
                                        {"u64", 8},
                                        {"u32", 4},
                                        {"u16", 2},
                                        {"u8", 1},
                                        {"bool", 1}}};

}  // namespace

bool IsFloat(DType dtype) { return dtype >= DType::kF64 && dtype <= DType::kBF16; }
bool IsSigned(DType dtype) { return dtype >= DType::kI64 && dtype <= DType::kI8; }
bool IsUnsigned(DType dtype) { return dtype >= DType::kU64 && dtype <= DType::kU8; }
size_t ByteSize(DType dtype) { return kRows[static_cast<size_t>(dtype)].bytes; }
double Epsilon(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return 0x1p-52;
    case DType::kF32:
      return 0x1p-23;
    case DType::kF16:
      return 0x1p-10;
    default:
      return 0x1p-7;  // bf16
  }
}
std::string_view Name(DType dtype) { return kRows[static_cast<size_t>(dtype)].name; }

std::optional<DType> ParseDType(std::string_view name) {
  for (size_t i = 1; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

std::string TensorType::ToString() const { return std::string(Name(dtype)) + ingot::ToString(dims); }

}  // namespace ingot
