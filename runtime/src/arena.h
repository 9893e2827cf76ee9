// Where temporary buffers live: one block per context, in which values whose lifetimes do not overlap share bytes.
// Placement is a pure function of lifetimes and sizes; it runs once per dims vector (plan.cc). Tests: tests/runtime/arena_test.cc.
#ifndef INGOT_RUNTIME_SRC_ARENA_H_
#define INGOT_RUNTIME_SRC_ARENA_H_

#include "runtime/src/memory.h"

namespace ingot::runtime {

// Places values[order[0..count)], sorted by first_step, first fit. offsets[i] belongs to order[i]; `live` is scratch of `count` entries.
// Returns false when the total would exceed kMaxBytes.
bool LayoutArena(const ingot_value_t *values, const uint32_t *order, uint32_t count, const int64_t *sizes, uint32_t *live,
                 uint64_t *offsets, uint64_t *total);

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_ARENA_H_
