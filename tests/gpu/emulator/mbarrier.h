// The mbarriers of a block. What they count is here; shared memory holds a word that depends on it, so that a write
// over an mbarrier shows. Tested by tests/gpu/emulator_mbarrier_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_MBARRIER_H_
#define INGOT_TESTS_GPU_EMULATOR_MBARRIER_H_

#include <stdint.h>

#include <map>

namespace ingot::gpu_emulator {

// A phase ends when no arrivals are pending and no bytes are to come; then the next one begins.
struct Mbarrier {
  uint32_t expected = 0, pending = 0;  // arrivals
  int32_t bytes = 0;                   // the tx-count: expected, less those that came
  uint32_t phase = 0;
};

// What happens to an mbarrier at once.
struct MbarrierChange {
  uint32_t arrivals = 0;
  int64_t bytes = 0;   // more that are expected; negative: that came
  bool drops = false;  // the arrivals are the last ones of who arrives
  bool must_not_complete = false;
};

// Keys are addresses in shared memory. Functions that can fail return null, or what is wrong.
class MbarrierTable {
 public:
  void Clear() { table_.clear(); }
  const char *Init(uint32_t address, uint32_t count);
  const char *Inval(uint32_t address);
  const char *Find(uint32_t address, const Mbarrier **found) const;
  // `state`, if not null, receives what an arrival returns.
  const char *Change(uint32_t address, const MbarrierChange &change, uint64_t *state);

 private:
  std::map<uint32_t, Mbarrier> table_;
};

// What arrivals return: the phase and, in the low 20 bits, the arrivals that were pending.
constexpr uint32_t kMaxMbarrierCount = (1 << 20) - 1;
inline uint32_t PendingOfState(uint64_t state) { return static_cast<uint32_t>(state) & kMaxMbarrierCount; }
inline uint32_t PhaseOfState(uint64_t state) { return static_cast<uint32_t>(state >> 32); }

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_MBARRIER_H_
