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

void Block::SubmitLoad(const char *instruction, const BulkCopy &copy) {
  const Mbarrier *barrier = nullptr;
  if (const char *problem = mbarriers_.Find(copy.mbarrier, &barrier)) {
    Fail(instruction, ": shared address ", Hex{copy.mbarrier}, ": ", problem);
  }
  for (const BulkCopy &other : loads_) {
    if (copy.shared + copy.map.BoxBytes() <= other.shared || other.shared + other.map.BoxBytes() <= copy.shared)
      continue;
    Fail(instruction, ": another copy to shared address ", Hex{other.shared}, " is still on its way");
  }
  PoisonShared(copy);
  loads_.push_back(copy);
  loads_.back().thread = current_->index;
}

void Block::SubmitStore(const BulkCopy &copy) {
  PoisonGlobal(copy);
  BulkStore &store = current_->open_stores.emplace_back();
  store.copy = copy;
  ReadShared(copy, &store.data);
}

void Block::AwaitHardware(const char *instruction) {
  current_->state = ThreadState::kAtAsynchronous;
  current_->instruction = instruction;
  --num_ready_;
  Yield();
}

void Block::CheckUnchanged(const BulkStore &store) {
  bool same = false;
  {
    std::vector<char> now;
    ReadShared(store.copy, &now);
    same = now == store.data;
  }
  if (same) return;
  Fail("something wrote to shared address ", Hex{store.copy.shared},
       " while TMA copied it: a barrier is missing in front of the copy, or a wait behind it");
}

void Block::WaitStores(const char *instruction, uint32_t pending, bool read) {
  auto &groups = current_->store_groups;
  if (groups.size() <= pending) return;
  AwaitHardware(instruction);
  const auto end = groups.end() - pending;
  for (auto group = groups.begin(); group != end; ++group) {
    for (BulkStore &store : *group) {
      if (!store.has_read) CheckUnchanged(store);
      store.has_read = true;
      if (!read) WriteGlobal(store);
    }
  }
  if (!read) groups.erase(groups.begin(), end);
}

// The copy arrives, and tells its mbarrier.
void Block::Land(size_t load) {
  const BulkCopy copy = loads_[load];
  loads_.erase(loads_.begin() + static_cast<ptrdiff_t>(load));
  Load(copy);
  if (const char *problem = mbarriers_.Change(copy.mbarrier, {.bytes = -int64_t{copy.map.BoxBytes()}}, nullptr)) {
    error_ = NameOf(threads_[copy.thread]) + ": a copy of TMA reports to the mbarrier at shared address " +
             TextOf(Hex{copy.mbarrier}) + ": " + problem;
    return;
  }
  FreeWaiters(copy.mbarrier);
}

bool Block::Proceed() {
  const auto waits = [](const Thread &thread) { return thread.state == ThreadState::kAtAsynchronous; };
  const size_t choices = loads_.size() + (std::any_of(threads_.begin(), threads_.end(), waits) ? 1 : 0);
  if (choices > 0) {
    times_given_up_ = 0;
    const size_t choice = random_ == 0 ? 0 : NextRandom(&random_) % choices;
    if (choice < loads_.size()) {
      Land(choice);
      return true;
    }
    for (Thread &thread : threads_) {
      if (waits(thread)) MakeReady(&thread);
    }
    return true;
  }
  if (times_given_up_ == kMaxTimesGivenUp) return false;
  for (Thread &thread : threads_) {
    if (thread.state == ThreadState::kAtMbarrier && thread.gives_up) MakeReady(&thread);
  }
  if (num_ready_ > 0) ++times_given_up_;
  return num_ready_ > 0;
}

void Block::CheckExit() {
  const Thread &self = *current_;
  if (!self.open_stores.empty()) Fail("exits with copies of TMA in no group: cp.async.bulk.commit_group is missing");
  for (const auto &group : self.store_groups) {
    for (const BulkStore &store : group) {
      if (store.has_read) continue;
      Fail("exits before its copy of TMA has read shared address ", Hex{store.copy.shared},
           ": cp.async.bulk.wait_group.read is missing");
    }
  }
  const WarpProducts &products = CurrentProducts();
  if (!products.open.empty()) Fail("exits with wgmma in no group: wgmma.commit_group is missing");
  if (!products.groups.empty()) Fail("exits before its wgmma is over: wgmma.wait_group is missing");
}

void Block::Finish() {
  for (const Thread &thread : threads_) {
    for (const auto &group : thread.store_groups) {
      for (const BulkStore &store : group) WriteGlobal(store);
    }
  }
  for (size_t warp = 1; warp < products_.size(); ++warp) {
    const size_t first = warp / kWarpgroupWarps * kWarpgroupWarps;
    if (products_[warp].executed.size() == products_[first].executed.size()) continue;
    error_ = NameOf(threads_[warp * kWarpSize]) + ": its warp has executed " +
             std::to_string(products_[warp].executed.size()) + " wgmma, but the first warp of its warpgroup " +
             std::to_string(products_[first].executed.size());
    return;
  }
  if (loads_.empty()) return;
  error_ = NameOf(threads_[loads_[0].thread]) + ": its copy of TMA to shared address " + TextOf(Hex{loads_[0].shared}) +
           " was on its way when the block ended: nobody waited for the mbarrier at shared address " +
           TextOf(Hex{loads_[0].mbarrier});
}

}  // namespace ingot::gpu_emulator
