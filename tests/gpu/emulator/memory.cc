// Allocations between guard pages: see memory.h.
#include "tests/gpu/emulator/memory.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace ingot::gpu_emulator {
namespace {

constexpr size_t kAlignment = 256, kFront = 64;
// How many freed allocations keep their addresses.
constexpr size_t kFreedKept = 64;
constexpr int kFill = 0xff;
// Around an allocation: as floats signalling NaN, which becomes another value by any arithmetic.
constexpr unsigned char kMark[4] = {0xa5, 0xa5, 0xa5, 0x7f};

size_t RoundUp(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }
size_t PageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

unsigned char MarkAt(const char *address) { return kMark[reinterpret_cast<uintptr_t>(address) % sizeof kMark]; }

void Mark(char *begin, const char *end) {
  for (char *byte = begin; byte != end; ++byte) *byte = static_cast<char>(MarkAt(byte));
}

bool IsMarked(const char *begin, const char *end) {
  for (const char *byte = begin; byte != end; ++byte) {
    if (static_cast<unsigned char>(*byte) != MarkAt(byte)) return false;
  }
  return true;
}

}  // namespace

char *MemoryTable::Allocate(ContextState *context, size_t bytes, bool on_host) {
  const size_t page = PageBytes();
  if (bytes > SIZE_MAX / 2) return nullptr;
  const size_t pages = RoundUp(RoundUp(bytes, kAlignment) + kFront, page);
  Allocation made;
  made.mapping_bytes = pages + 2 * page;
  void *mapping = mmap(nullptr, made.mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  made.mapping = static_cast<char *>(mapping);
  if (mprotect(made.mapping + page, pages, PROT_READ | PROT_WRITE) != 0) {
    munmap(mapping, made.mapping_bytes);
    return nullptr;
  }
  made.begin = made.mapping + page + pages - RoundUp(bytes, kAlignment);
  made.bytes = bytes;
  made.on_host = on_host;
  made.context = context;
  memset(made.begin, kFill, bytes);
  Mark(made.mapping + page, made.begin);
  Mark(made.begin + bytes, made.mapping + page + pages);
  allocations_[reinterpret_cast<uint64_t>(made.begin)] = made;
  return made.begin;
}

void MemoryTable::Free(char *begin) {
  const auto found = allocations_.find(reinterpret_cast<uint64_t>(begin));
  if (found == allocations_.end()) return;
  const Allocation &allocation = found->second;
  // Gives the memory back and keeps the addresses.
  mmap(allocation.mapping, allocation.mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
       -1, 0);
  freed_.emplace_back(allocation.mapping, allocation.mapping_bytes);
  if (freed_.size() > kFreedKept) {
    munmap(freed_.front().first, freed_.front().second);
    freed_.pop_front();
  }
  allocations_.erase(found);
}

const Allocation *MemoryTable::Find(uint64_t address) const {
  const auto after = allocations_.upper_bound(address);
  if (after == allocations_.begin()) return nullptr;
  const Allocation &allocation = std::prev(after)->second;
  return address - reinterpret_cast<uint64_t>(allocation.begin) < allocation.bytes ? &allocation : nullptr;
}

const Allocation *MemoryTable::FindRange(uint64_t address, size_t bytes) const {
  const Allocation *allocation = Find(address);
  if (allocation == nullptr) return nullptr;
  const uint64_t offset = address - reinterpret_cast<uint64_t>(allocation->begin);
  return bytes <= allocation->bytes - offset ? allocation : nullptr;
}

bool MemoryTable::TouchesDevice(const void *address, size_t bytes) const {
  const auto begin = reinterpret_cast<uint64_t>(address);
  const auto touches = [&](const auto &entry) {
    const Allocation &allocation = entry.second;
    const auto mapping = reinterpret_cast<uint64_t>(allocation.mapping);
    return !allocation.on_host && begin < mapping + allocation.mapping_bytes && begin + bytes > mapping;
  };
  return std::any_of(allocations_.begin(), allocations_.end(), touches);
}

std::string MemoryTable::Damage() const {
  for (const auto &[address, allocation] : allocations_) {
    const char *end = allocation.begin + allocation.bytes;
    const char *where = nullptr;
    if (!IsMarked(allocation.begin - kFront, allocation.begin)) where = "before";
    if (!IsMarked(end, allocation.begin + RoundUp(allocation.bytes, kAlignment))) where = "behind";
    if (where == nullptr) continue;
    return std::string("something wrote ") + where + " an allocation of " + std::to_string(allocation.bytes) + " bytes";
  }
  return "";
}

size_t MemoryTable::BytesOf(const ContextState *context) const {
  size_t sum = 0;
  for (const auto &[address, allocation] : allocations_) {
    if (allocation.context == context && !allocation.on_host) sum += allocation.bytes;
  }
  return sum;
}

void MemoryTable::FreeAllOf(const ContextState *context) {
  std::vector<char *> begins;
  for (const auto &[address, allocation] : allocations_) {
    if (allocation.context == context) begins.push_back(allocation.begin);
  }
  for (char *begin : begins) Free(begin);
}

}  // namespace ingot::gpu_emulator
