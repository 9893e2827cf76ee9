// What element types are, from the one list of them. Tests: tests/graph/types_test.cc.
#include "ingot/types.h"

#include <iterator>

namespace ingot {
namespace {

enum class Kind : uint8_t { kNone, kFloat, kComplex, kSigned, kUnsigned, kBool };

struct Row {
  DType dtype;
  std::string_view name;
  int bits;
  Kind kind;
  int fraction;
};
constexpr Row kRows[] = {
    {DType::kInvalid, "invalid", 0, Kind::kNone, 0},
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) \
  {DType::k##cc, name, bits, Kind::k##kind, fraction},
#include "ingot/dtypes.inc"
};
constexpr bool InOrder() {
  for (size_t i = 0; i < std::size(kRows); ++i) {
    if (static_cast<size_t>(kRows[i].dtype) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "the rows of ingot/dtypes.inc stand in the order of their values");

constexpr const Row &RowOf(DType dtype) { return kRows[static_cast<size_t>(dtype)]; }

}  // namespace

bool IsFloat(DType dtype) { return RowOf(dtype).kind == Kind::kFloat; }
bool IsComplex(DType dtype) { return RowOf(dtype).kind == Kind::kComplex; }
bool IsSigned(DType dtype) { return RowOf(dtype).kind == Kind::kSigned; }
bool IsUnsigned(DType dtype) { return RowOf(dtype).kind == Kind::kUnsigned; }
int BitWidth(DType dtype) { return RowOf(dtype).bits; }

std::optional<int64_t> StorageBytes(DType dtype, int64_t elements) {
  int64_t bits = BitWidth(dtype), bytes = 0;
  // Eight elements are whole bytes, so that nothing on the way is larger than the result.
  if (elements < 0 || __builtin_mul_overflow(elements / 8, bits, &bytes) ||
      __builtin_add_overflow(bytes, (elements % 8 * bits + 7) / 8, &bytes))
    return std::nullopt;
  return bytes;
}

double Epsilon(DType dtype) { return 1.0 / static_cast<double>(uint64_t{1} << RowOf(dtype).fraction); }
std::string_view Name(DType dtype) { return RowOf(dtype).name; }

std::optional<DType> ParseDType(std::string_view name) {
  for (const Row &row : kRows) {
    if (row.name == name && row.dtype != DType::kInvalid) return row.dtype;
  }
  return std::nullopt;
}

std::string TensorType::ToString() const { return std::string(Name(dtype)) + ingot::ToString(dims); }

}  // namespace ingot
