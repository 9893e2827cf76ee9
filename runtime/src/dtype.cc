// Names and widths of element types, from the one list of them.
// Tests: tests/runtime/load_test.cc.
#include "runtime/src/api.h"
#include "runtime/src/elements.h"

namespace {

struct DtypeRow {
  const char *name;
  uint32_t bits;
  uint32_t alignment;
};
constexpr uint32_t kFloat = 1, kComplex = 2, kSigned = 1, kUnsigned = 1, kBool = 1;  // parts of an element

constexpr DtypeRow kDtypes[] = {
    {"invalid", 0, 1},
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) {name, bits, (bits + 7) / 8 / k##kind},
#include "ingot/dtypes.inc"
};
constexpr uint32_t kNumDtypes = sizeof(kDtypes) / sizeof(kDtypes[0]);

// The table above is indexed by value.
constexpr uint32_t kValues[] = {
    INGOT_DTYPE_INVALID,
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) INGOT_##id,
#include "ingot/dtypes.inc"
};
constexpr bool InOrder() {
  for (uint32_t i = 0; i < kNumDtypes; ++i) {
    if (kValues[i] != i) return false;
  }
  return true;
}
static_assert(InOrder(), "ingot_dtype_t names the rows of ingot/dtypes.inc, in their order");

}  // namespace

namespace ingot::runtime {

uint32_t DtypeBits(uint32_t dtype) { return dtype < kNumDtypes ? kDtypes[dtype].bits : 0; }
uint32_t DtypeAlignment(uint32_t dtype) { return dtype < kNumDtypes ? kDtypes[dtype].alignment : 1; }

}  // namespace ingot::runtime

size_t ingot_dtype_size(uint32_t dtype) { return (ingot::runtime::DtypeBits(dtype) + 7) / 8; }

const char *ingot_dtype_name(uint32_t dtype) { return dtype < kNumDtypes ? kDtypes[dtype].name : "invalid"; }
