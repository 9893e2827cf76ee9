// Memory without operator new: overflow-checked sizes, the caller's allocator, and many small arrays carved out of one
// block. Tests: tests/runtime/arena_test.cc, allocation_test.cc.
#ifndef INGOT_RUNTIME_SRC_MEMORY_H_
#define INGOT_RUNTIME_SRC_MEMORY_H_

#include <stdint.h>
#include <string.h>

#include "runtime/src/api.h"

namespace ingot::runtime {

// No buffer is larger than this: offsets stay valid as ptrdiff_t, and adding INGOT_ALIGNMENT cannot wrap around.
constexpr uint64_t kMaxBytes = static_cast<uint64_t>(PTRDIFF_MAX) - INGOT_ALIGNMENT;

inline uint64_t AlignUp(uint64_t bytes) {
  return (bytes + INGOT_ALIGNMENT - 1) & ~static_cast<uint64_t>(INGOT_ALIGNMENT - 1);
}

// The caller's allocator, or malloc and free. Memory is INGOT_ALIGNMENT-aligned; NULL on failure or when the allocator
// misaligns.
void *Allocate(const ingot_allocator_t &allocator, uint64_t bytes);
void Release(const ingot_allocator_t &allocator, void *memory, uint64_t bytes);
ingot_allocator_t DefaultAllocator();

// Hands out consecutive arrays of one block. Run once with base NULL to learn `used`, then again on a block of that
// size.
struct Carver {
  char *base;
  uint64_t used = 0;

  template <typename T>
  T *Take(uint64_t count) {
    used = (used + alignof(T) - 1) & ~static_cast<uint64_t>(alignof(T) - 1);
    uint64_t at = used;
    used += count * sizeof(T);  // counts are 32-bit and elements are small: this cannot overflow
    return base == nullptr ? nullptr : reinterpret_cast<T *>(base + at);
  }
};

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_MEMORY_H_
