// See mbarrier.h. Source: PTX ISA, "Parallel Synchronization and Communication Instructions: mbarrier".
#include "tests/gpu/emulator/mbarrier.h"

#include <stdlib.h>
#include <string.h>

#include "tests/gpu/emulator/emulator.h"
#include "tests/gpu/emulator/random.h"

namespace ingot::gpu_emulator {
namespace {

uint64_t WordOf(uint32_t address, const Mbarrier &barrier) {
  uint64_t mixed = address;
  for (const uint32_t part : {barrier.expected, barrier.pending, static_cast<uint32_t>(barrier.bytes), barrier.phase}) {
    mixed += part;
    mixed = NextRandom(&mixed);
  }
  return mixed;
}

void Store(uint32_t address, const Mbarrier &barrier) {
  const uint64_t word = WordOf(address, barrier);
  memcpy(emu_shared + address, &word, sizeof word);
}

}  // namespace

const char *MbarrierTable::Init(uint32_t address, uint32_t count) {
  if (count == 0 || count > kMaxMbarrierCount) return "its count is not between 1 and 1048575";
  const Mbarrier *old = nullptr;
  // One that something overwrote is none: its memory may have had another use meanwhile.
  if (Find(address, &old) == nullptr) return "it is an mbarrier already, and mbarrier.inval is missing";
  Mbarrier &made = table_[address] = {};
  made.expected = made.pending = count;
  Store(address, made);
  return nullptr;
}

const char *MbarrierTable::Inval(uint32_t address) {
  const Mbarrier *found = nullptr;
  if (const char *problem = Find(address, &found)) return problem;
  table_.erase(address);
  memset(emu_shared + address, 0xff, sizeof(uint64_t));
  return nullptr;
}

const char *MbarrierTable::Find(uint32_t address, const Mbarrier **found) const {
  const auto entry = table_.find(address);
  if (entry == table_.end()) return "there is no mbarrier: mbarrier.init is missing, or a barrier behind it";
  uint64_t word;
  memcpy(&word, emu_shared + address, sizeof word);
  if (word != WordOf(address, entry->second)) return "something wrote over the mbarrier";
  *found = &entry->second;
  return nullptr;
}

const char *MbarrierTable::Change(uint32_t address, const MbarrierChange &change, uint64_t *state) {
  const Mbarrier *found = nullptr;
  if (const char *problem = Find(address, &found)) return problem;
  Mbarrier &barrier = table_[address];
  if (state != nullptr) *state = static_cast<uint64_t>(barrier.phase) << 32 | barrier.pending;
  const int64_t bytes = barrier.bytes + change.bytes;
  if (llabs(bytes) > kMaxMbarrierCount) return "more than 1048575 bytes are to come";
  if (change.arrivals > barrier.pending) return "more threads arrive than the phase waits for";
  barrier.bytes = static_cast<int32_t>(bytes);
  barrier.pending -= change.arrivals;
  if (change.drops) barrier.expected -= change.arrivals;
  if (barrier.pending == 0 && barrier.bytes == 0) {
    if (change.must_not_complete) return "an arrival that must not complete the phase would complete it";
    ++barrier.phase;
    barrier.pending = barrier.expected;
  }
  Store(address, barrier);
  return nullptr;
}

}  // namespace ingot::gpu_emulator
