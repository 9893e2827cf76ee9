// The caller's allocator, checked. Tests: tests/runtime/arena_test.cc, allocation_test.cc.
#include "runtime/src/memory.h"

namespace ingot::runtime {

void *Allocate(const ingot_allocator_t &allocator, uint64_t bytes) {
  if (bytes > kMaxBytes) return nullptr;
  void *memory = allocator.allocate(allocator.self, static_cast<size_t>(bytes), INGOT_ALIGNMENT);
  if (memory != nullptr && reinterpret_cast<uintptr_t>(memory) % INGOT_ALIGNMENT != 0) {
    allocator.release(allocator.self, memory, static_cast<size_t>(bytes));
    return nullptr;
  }
  return memory;
}

void Release(const ingot_allocator_t &allocator, void *memory, uint64_t bytes) {
  if (memory != nullptr) allocator.release(allocator.self, memory, static_cast<size_t>(bytes));
}

}  // namespace ingot::runtime
