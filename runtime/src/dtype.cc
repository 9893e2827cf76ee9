// Names and sizes of element types, in the order of ingot_dtype_t.
// Tests: tests/runtime/load_test.cc.
#include "runtime/src/api.h"

namespace {

struct DtypeRow {
  const char *name;
  size_t size;
};

constexpr DtypeRow kDtypes[] = {
    {"invalid", 0}, {"f64", 8}, {"f32", 4}, {"f16", 2}, {"bf16", 2}, {"i64", 8}, {"i32", 4},
    {"i16", 2},     {"i8", 1},  {"u64", 8}, {"u32", 4}, {"u16", 2},  {"u8", 1},  {"bool", 1},
};
constexpr uint32_t kNumDtypes = sizeof(kDtypes) / sizeof(kDtypes[0]);
static_assert(kNumDtypes == INGOT_BOOL + 1, "one row for each ingot_dtype_t");

}  // namespace

size_t ingot_dtype_size(uint32_t dtype) { return dtype < kNumDtypes ? kDtypes[dtype].size : 0; }

const char *ingot_dtype_name(uint32_t dtype) { return dtype < kNumDtypes ? kDtypes[dtype].name : "invalid"; }
