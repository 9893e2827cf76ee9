// Scheduling of a block's threads: see block.h. Threads that never wait run one after the other on one stack.
#include "tests/gpu/emulator/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>

namespace ingot::gpu_emulator {
namespace {

// Bytes behind the block's shared memory that must stay as they are.
constexpr uint32_t kMargin = 1024;

std::string Coordinates(const uint32_t id[3]) {
  return "(" + std::to_string(id[0]) + ", " + std::to_string(id[1]) + ", " + std::to_string(id[2]) + ")";
}

bool CanRun(const Thread &thread) { return thread.state == ThreadState::kNew || thread.state == ThreadState::kReady; }

}  // namespace

std::string TextOf(Hex number) {
  char text[32];
  snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number.value));
  return text;
}

Block &TheBlock() {
  static Block block;
  return block;
}

void Block::Begin(void (*kernel)(void **), void **params, const uint32_t grid[3], const uint32_t block[3],
                  uint32_t shared_bytes) {
  kernel_ = kernel;
  params_ = params;
  std::copy(grid, grid + 3, grid_);
  std::copy(block, block + 3, block_);
  shared_bytes_ = shared_bytes;
  error_.clear();
  buffers_.clear();
  threads_.resize(size_t{block[0]} * block[1] * block[2]);
  for (uint32_t i = 0; i < threads_.size(); ++i) {
    Thread &thread = threads_[i];
    thread.index = i;
    thread.id[0] = i % block[0];
    thread.id[1] = i / block[0] % block[1];
    thread.id[2] = i / block[0] / block[1];
    thread.lane = i % kWarpSize;
    thread.warp = i / kWarpSize;
  }
  stacks_.Reset();
  AdoptHostStack(&host_);
}

uint32_t Block::LanesOfWarp(uint32_t warp) const {
  const uint32_t count = std::min(kWarpSize, NumThreads() - warp * kWarpSize);
  return count == kWarpSize ? ~0u : (1u << count) - 1;
}

void Block::FillShared() { memset(emu_shared, 0xff, std::min<size_t>(shared_bytes_ + kMargin, sizeof emu_shared)); }

void Block::CheckBehindShared() {
  for (uint32_t i = shared_bytes_; i < std::min<size_t>(shared_bytes_ + kMargin, sizeof emu_shared); ++i) {
    if (static_cast<unsigned char>(emu_shared[i]) == 0xff) continue;
    error_ = "block " + Coordinates(id_) + ": something wrote to shared address " + TextOf(Hex{i}) + ", behind the " +
             std::to_string(shared_bytes_) + " bytes of shared memory";
    return;
  }
}

void Block::Run(const uint32_t id[3], const std::vector<uint32_t> &order, bool warp_by_warp, uint64_t seed) {
  std::copy(id, id + 3, id_);
  order_ = &order;
  warp_by_warp_ = warp_by_warp;
  random_ = seed;
  times_given_up_ = 0;
  FillShared();
  mbarriers_.Clear();
  loads_.clear();
  products_.assign((threads_.size() + kWarpSize - 1) / kWarpSize, {});
  for (auto &barrier : barriers_) barrier = {};
  for (Thread &thread : threads_) {
    thread.state = ThreadState::kNew;
    thread.num_groups = 0;
    thread.open_copies.clear();
    thread.copy_groups.clear();
    thread.open_stores.clear();
    thread.store_groups.clear();
  }
  num_ready_ = threads_.size();
  num_done_ = 0;
  do {
    while (num_ready_ > 0 && error_.empty()) {
      position_ = 0;
      warp_begin_ = 0;
      RunThreads();
    }
  } while (error_.empty() && num_done_ < threads_.size() && Proceed());
  current_ = nullptr;
  if (error_.empty() && num_done_ < threads_.size()) ExplainDeadlock();
  if (error_.empty()) Finish();
  if (error_.empty()) CheckBehindShared();
}

// The next thread in the order that can run, or null at the pass's end.
Thread *Block::NextThread() {
  for (;;) {
    if (warp_by_warp_ && position_ > warp_begin_ && IsEndOfWarp(position_)) {
      // Again from the warp's first thread, as long as one of them can run.
      const auto begin = order_->begin();
      const bool can_run =
          std::any_of(begin + static_cast<ptrdiff_t>(warp_begin_), begin + static_cast<ptrdiff_t>(position_),
                      [&](uint32_t i) { return CanRun(threads_[i]); });
      (can_run ? position_ : warp_begin_) = can_run ? warp_begin_ : position_;
    }
    if (position_ >= order_->size()) return nullptr;
    Thread &thread = threads_[(*order_)[position_++]];
    if (CanRun(thread)) return &thread;
  }
}

// Whether the thread before this place in the order is the last of its warp there.
bool Block::IsEndOfWarp(size_t position) const {
  return position >= order_->size() || threads_[(*order_)[position]].warp != threads_[(*order_)[position - 1]].warp;
}

// Leaves the fiber that runs and goes on with the next thread, or with the host's stack when the pass is over.
// A fiber whose thread is done gives its stack back.
void Block::Yield() {
  Fiber *from = fiber_;
  const bool last = from != &host_ && current_->state == ThreadState::kDone;
  Fiber *to = &host_;
  if (error_.empty()) {
    current_ = NextThread();
    if (current_ != nullptr && current_->state == ThreadState::kReady) {
      to = current_->fiber;
    } else if (current_ != nullptr) {
      to = stacks_.Take();
      if (to == nullptr) {
        error_ = "no memory for the stack of a thread";
        to = &host_;
      } else {
        PrepareFiber(to, FiberMain);
      }
    }
  }
  if (last) stacks_.GiveBack(from);
  fiber_ = to;
  if (to != from) SwitchFiber(from, to, last);
}

void Block::RunThreads() {
  fiber_ = &host_;
  Yield();
}

// Runs a new thread, and after it the next ones as long as they are new too.
void Block::FiberMain() {
  FiberEntered();
  Block &block = TheBlock();
  for (;;) {
    Thread &thread = *block.current_;
    thread.fiber = block.fiber_;
    block.kernel_(block.params_);
    block.CheckExit();
    thread.state = ThreadState::kDone;
    --block.num_ready_;
    ++block.num_done_;
    block.times_given_up_ = 0;
    const size_t next = block.position_;
    if (!block.error_.empty() || next >= block.order_->size()) break;
    if (block.warp_by_warp_ && block.IsEndOfWarp(next)) break;
    Thread &following = block.threads_[(*block.order_)[next]];
    if (following.state != ThreadState::kNew) break;
    ++block.position_;
    block.current_ = &following;
  }
  block.Yield();
  abort();  // nobody comes back to a fiber that is done
}

void Block::CheckBarrier(uint32_t barrier, uint32_t count) {
  if (barrier >= kNumBarriers) Fail("barrier ", barrier, " does not exist: there are 16");
  if (count > NumThreads() || count == 0) {
    Fail("barrier ", barrier, " is to wait for ", count, " threads of a block of ", NumThreads());
  }
}

uint32_t Block::Open(uint32_t barrier) {
  const uint32_t sum = barriers_[barrier].sum;
  barriers_[barrier] = {};
  times_given_up_ = 0;
  for (Thread &thread : threads_) {
    if (thread.state != ThreadState::kAtBarrier || thread.barrier != barrier) continue;
    thread.value = sum;
    MakeReady(&thread);
  }
  return sum;
}

void Block::Arrive(uint32_t barrier, uint32_t count) {
  CheckBarrier(barrier, count);
  if (++barriers_[barrier].arrived == count) Open(barrier);
}

uint32_t Block::Wait(uint32_t barrier, uint32_t count, uint32_t value) {
  CheckBarrier(barrier, count);
  barriers_[barrier].sum += value;
  if (++barriers_[barrier].arrived >= count) return Open(barrier);
  Thread &self = *current_;
  self.barrier = barrier;
  self.state = ThreadState::kAtBarrier;
  --num_ready_;
  Yield();
  return self.value;
}

void Block::RunTogether(const char *instruction, uint32_t mask, CollectiveFunction function, void *result,
                        const void *arguments) {
  Thread &self = *current_;
  const uint32_t wanted = mask & LanesOfWarp(self.warp);
  if ((wanted >> self.lane & 1) == 0) {
    Fail(instruction, ": unsupported mask ", Hex{mask}, ": it lacks the lane that executes it");
  }
  self.instruction = instruction;
  self.mask = mask;
  self.result = result;
  self.arguments = arguments;
  self.state = ThreadState::kAtCollective;
  Thread *const warp = &threads_[self.warp * kWarpSize];
  Collective together;
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    if ((wanted >> lane & 1) == 0) continue;
    const Thread &other = warp[lane];
    if (other.state != ThreadState::kAtCollective || other.instruction != instruction || other.mask != mask) {
      --num_ready_;
      Yield();
      return;
    }
    together.lanes |= 1u << lane;
    together.results[lane] = other.result;
    together.arguments[lane] = other.arguments;
  }
  function(together);
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    if ((wanted >> lane & 1) == 0) continue;
    warp[lane].state = ThreadState::kReady;
    if (&warp[lane] != &self) ++num_ready_;
  }
}

void Block::BeginError() { error_ = NameOf(*current_) + ": "; }

void Block::AddToError(Hex number) { error_ += TextOf(number); }

void Block::Abandon() {
  Yield();
  abort();  // nobody comes back after an error
}

void Block::CheckWholeWarp(const char *instruction) {
  if (LanesOfWarp(current_->warp) != ~0u) Fail(instruction, ": needs a whole warp");
}

void Block::CheckShared(const char *instruction, const void *address, uint32_t bytes, uint32_t alignment) {
  const uint64_t offset = reinterpret_cast<uint64_t>(address) - reinterpret_cast<uint64_t>(emu_shared);
  if (offset >= sizeof emu_shared) {
    Fail(instruction, ": ", Hex{reinterpret_cast<uint64_t>(address)}, " is no address in shared memory");
  }
  if (offset + bytes > shared_bytes_) {
    Fail(instruction, ": ", bytes, " bytes at shared address ", Hex{offset}, " are behind the ", shared_bytes_,
         " bytes of shared memory");
  }
  if (offset % alignment != 0) {
    Fail(instruction, ": shared address ", Hex{offset}, " is not a multiple of ", alignment);
  }
}

std::string Block::NameOf(const Thread &thread) const {
  return "block " + Coordinates(id_) + ", thread " + Coordinates(thread.id);
}

std::string Block::PlaceOf(const Thread &thread) const {
  if (thread.state == ThreadState::kDone) return "has exited";
  if (thread.state == ThreadState::kAtBarrier) return "waits at barrier " + std::to_string(thread.barrier);
  const std::string place = "waits at " + std::string(thread.instruction);
  if (thread.state != ThreadState::kAtMbarrier) return place + " with mask " + TextOf(Hex{thread.mask});
  const Mbarrier *barrier = nullptr;
  if (const char *problem = mbarriers_.Find(thread.mbarrier, &barrier)) {
    return place + ", shared address " + TextOf(Hex{thread.mbarrier}) + ", where " + problem;
  }
  return place + " for the phase of parity " + std::to_string(thread.parity) + " of the mbarrier at shared address " +
         TextOf(Hex{thread.mbarrier}) + ", which needs " + std::to_string(barrier->pending) + " of " +
         std::to_string(barrier->expected) + " arrivals and " + std::to_string(barrier->bytes) +
         " bytes to end a phase of parity " + std::to_string(barrier->phase & 1);
}

// No thread can run: says where one waits, and for whom.
void Block::ExplainDeadlock() {
  const Thread *waits = nullptr, *other = nullptr;
  for (const Thread &thread : threads_) {
    if (thread.state == ThreadState::kDone) continue;
    waits = &thread;
    break;
  }
  // A lane of its own warp if it waits for that; else anybody who is elsewhere.
  const bool collective = waits->state == ThreadState::kAtCollective;
  for (const Thread &thread : threads_) {
    if (collective && (thread.warp != waits->warp || (waits->mask >> thread.lane & 1) == 0)) continue;
    if (PlaceOf(thread) != PlaceOf(*waits)) {
      other = &thread;
      break;
    }
  }
  error_ = "deadlock: " + NameOf(*waits) + " " + PlaceOf(*waits);
  if (other != nullptr) error_ += ", but thread " + Coordinates(other->id) + " " + PlaceOf(*other);
}

}  // namespace ingot::gpu_emulator
