// The memory of the emulated devices: host memory laid out so that misuse shows. Each allocation has its own mapping:
// its end, rounded up to 256 bytes because its begin is a multiple of 256 as on a GPU, touches a page that faults, and
// the page before its first page faults too. The up to 255 bytes between its end and that page, and 64 bytes before its
// begin, must stay as they are: a kernel that writes there fails. New memory is all 0xff, which is NaN; freed memory
// faults. Tested by tests/gpu/emulator_driver_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_MEMORY_H_
#define INGOT_TESTS_GPU_EMULATOR_MEMORY_H_

#include <stddef.h>
#include <stdint.h>

#include <deque>
#include <map>
#include <string>

namespace ingot::gpu_emulator {

struct ContextState;

struct Allocation {
  char *begin = nullptr;
  size_t bytes = 0;
  bool on_host = false;
  ContextState *context = nullptr;
  char *mapping = nullptr;  // with its guard pages
  size_t mapping_bytes = 0;
};

class MemoryTable {
 public:
  // Null if the host has no memory left.
  char *Allocate(ContextState *context, size_t bytes, bool on_host);
  void Free(char *begin);
  // The allocation that holds this address, or null.
  const Allocation *Find(uint64_t address) const;
  // The same, if it holds all these bytes.
  const Allocation *FindRange(uint64_t address, size_t bytes) const;
  // Whether any of these bytes belong to a device.
  bool TouchesDevice(const void *address, size_t bytes) const;
  // What was written around an allocation, or "".
  std::string Damage() const;
  size_t BytesOf(const ContextState *context) const;
  int64_t NumAllocations() const { return static_cast<int64_t>(allocations_.size()); }
  void FreeAllOf(const ContextState *context);

 private:
  std::map<uint64_t, Allocation> allocations_;   // by begin
  std::deque<std::pair<char *, size_t>> freed_;  // mappings that fault, oldest first
};

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_MEMORY_H_
