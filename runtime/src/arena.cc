// Linear first-fit placement of arena values, and the allocator that is used when the caller has none.
// Values come in order of their first step, so everything placed earlier and not yet dead overlaps the new value in
// time: only the list of live values (sorted by offset) has to be searched for a gap. Tests:
// tests/runtime/arena_test.cc.
#include "runtime/src/arena.h"

#include <stdlib.h>

namespace ingot::runtime {
namespace {

void *MallocAllocate(void *, size_t bytes, size_t alignment) {
  void *memory = nullptr;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

void MallocRelease(void *, void *memory, size_t) { free(memory); }

}  // namespace

ingot_allocator_t DefaultAllocator() { return {MallocAllocate, MallocRelease, nullptr}; }

bool LayoutArena(const ingot_value_t *values, const uint32_t *order, uint32_t count, const int64_t *sizes,
                 uint32_t *live, uint64_t *offsets, uint64_t *total) {
  uint32_t num_live = 0;
  uint64_t high = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const ingot_value_t &value = values[order[i]];
    offsets[i] = 0;
    uint64_t bytes = static_cast<uint64_t>(sizes[value.bytes]);
    if (bytes == 0) continue;
    if (bytes > kMaxBytes) return false;
    bytes = AlignUp(bytes);

    // Forget the dead, then walk the living in order of offset until a gap fits.
    uint32_t kept = 0;
    for (uint32_t j = 0; j < num_live; ++j) {
      if (values[order[live[j]]].last_step >= value.first_step) live[kept++] = live[j];
    }
    num_live = kept;
    uint64_t cursor = 0;
    uint32_t at = 0;
    for (; at < num_live; ++at) {
      uint64_t begin = offsets[live[at]];
      if (begin - cursor >= bytes) break;
      cursor = begin + AlignUp(static_cast<uint64_t>(sizes[values[order[live[at]]].bytes]));
    }
    if (bytes > kMaxBytes - cursor) return false;
    memmove(live + at + 1, live + at, (num_live - at) * sizeof(*live));
    live[at] = i;
    ++num_live;
    offsets[i] = cursor;
    if (cursor + bytes > high) high = cursor + bytes;
  }
  *total = high;
  return true;
}

}  // namespace ingot::runtime
