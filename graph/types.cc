// What element types are, from the one list of them. Tests: tests/graph/types_test.cc.
#include "ingot/types.h"

#include <iterator>

namespace ingot {
namespace {

enum class Kind : uint8_t { kNone, kFloat, kSigned, kUnsigned, kBool };

struct Row {
  DType dtype;
  int value;
  std::string_view name;
  int bits;
  Kind kind;
  int fraction;
};
constexpr Row kRows[] = {
    {DType::kInvalid, 0, "invalid", 0, Kind::kNone, 0},
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) \
  {DType::k##cc, value, name, bits, Kind::k##kind, fraction},
#include "runtime/include/ingot/dtypes.inc"
};
constexpr bool InOrder() {
  for (size_t i = 0; i < std::size(kRows); ++i) {
    if (static_cast<size_t>(kRows[i].dtype) != i || kRows[i].value != static_cast<int>(i)) return false;
  }
  return true;
}
static_assert(InOrder(), "DType names the rows of ingot/dtypes.inc, in their order");

constexpr const Row &RowOf(DType dtype) { return kRows[static_cast<size_t>(dtype)]; }

}  // namespace

bool IsFloat(DType dtype) { return RowOf(dtype).kind == Kind::kFloat; }
bool IsSigned(DType dtype) { return RowOf(dtype).kind == Kind::kSigned; }
bool IsUnsigned(DType dtype) { return RowOf(dtype).kind == Kind::kUnsigned; }
size_t ByteSize(DType dtype) { return static_cast<size_t>(RowOf(dtype).bits + 7) / 8; }
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
