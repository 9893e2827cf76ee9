// What a block's threads wait for beside each other: mbarriers, and what hardware does by itself. That happens as late
// as it can, when no thread has anything else to do, so that a wait which is missing shows. See block.h.
#include "tests/gpu/emulator/block.h"
#include "tests/gpu/emulator/random.h"

namespace ingot::gpu_emulator {
namespace {

// A thread that asks again and again while nothing else happens waits for ever.
constexpr uint32_t kMaxTimesGivenUp = 1000;

}  // namespace

uint32_t Block::MbarrierAddress(const char *instruction, const void *address) {
  CheckShared(instruction, address, sizeof(uint64_t), sizeof(uint64_t));
  return static_cast<uint32_t>(static_cast<const char *>(address) - emu_shared);
}

void Block::InitMbarrier(const char *instruction, uint32_t address, uint32_t count) {
  if (const char *problem = mbarriers_.Init(address, count)) {
    Fail(instruction, ": shared address ", Hex{address}, ": ", problem);
  }
}

void Block::InvalMbarrier(const char *instruction, uint32_t address) {
  if (const char *problem = mbarriers_.Inval(address)) {
    Fail(instruction, ": shared address ", Hex{address}, ": ", problem);
  }
}

uint64_t Block::ChangeMbarrier(const char *instruction, uint32_t address, const MbarrierChange &change) {
  uint64_t state = 0;
  if (const char *problem = mbarriers_.Change(address, change, &state)) {
    Fail(instruction, ": shared address ", Hex{address}, ": ", problem);
  }
  times_given_up_ = 0;
  FreeWaiters(address);
  return state;
}

void Block::MakeReady(Thread *thread) {
  thread->state = ThreadState::kReady;
  ++num_ready_;
}

// Those who wait for a phase that is over.
void Block::FreeWaiters(uint32_t mbarrier) {
  const Mbarrier *barrier = nullptr;
  if (mbarriers_.Find(mbarrier, &barrier) != nullptr) return;
  for (Thread &thread : threads_) {
    if (thread.state != ThreadState::kAtMbarrier || thread.mbarrier != mbarrier) continue;
    if ((barrier->phase & 1) == thread.parity) continue;
    thread.gives_up = false;
    MakeReady(&thread);
  }
}

bool Block::WaitMbarrier(const char *instruction, uint32_t address, uint32_t parity, bool gives_up) {
  const Mbarrier *barrier = nullptr;
  if (const char *problem = mbarriers_.Find(address, &barrier)) {
    Fail(instruction, ": shared address ", Hex{address}, ": ", problem);
  }
  if (parity > 1) Fail(instruction, ": the parity of a phase is 0 or 1, not ", parity);
  if ((barrier->phase & 1) != parity) return true;
  Thread &self = *current_;
  self.state = ThreadState::kAtMbarrier;
  self.instruction = instruction;
  self.mbarrier = address;
  self.parity = parity;
  self.gives_up = gives_up;
  --num_ready_;
  Yield();
  return !self.gives_up;
}

bool Block::WaitMbarrierState(const char *instruction, uint32_t address, uint64_t state, bool gives_up) {
  const Mbarrier *barrier = nullptr;
  if (mbarriers_.Find(address, &barrier) == nullptr && barrier->phase - PhaseOfState(state) > 1) {
    Fail(instruction, ": the phase of the mbarrier at shared address ", Hex{address}, " ended before the last one");
  }
  return WaitMbarrier(instruction, address, PhaseOfState(state) & 1, gives_up);
}

bool Block::Proceed() {
  if (times_given_up_ == kMaxTimesGivenUp) return false;
  for (Thread &thread : threads_) {
    if (thread.state == ThreadState::kAtMbarrier && thread.gives_up) MakeReady(&thread);
  }
  if (num_ready_ > 0) ++times_given_up_;
  return num_ready_ > 0;
}

}  // namespace ingot::gpu_emulator
