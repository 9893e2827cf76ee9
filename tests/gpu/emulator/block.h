// The block that runs: its threads, what they wait for, and what the instructions do to them. One block exists at a
// time, guarded by Launch's lock. A thread runs until it must wait; the last one to arrive at a barrier or a collective
// of its warp frees the others and goes on. Tested by tests/gpu/emulator_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_BLOCK_H_
#define INGOT_TESTS_GPU_EMULATOR_BLOCK_H_

#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/gpu/emulator/bulk_copy.h"
#include "tests/gpu/emulator/emulator.h"
#include "tests/gpu/emulator/fiber.h"
#include "tests/gpu/emulator/mbarrier.h"
#include "tests/gpu/emulator/planted_bug.h"
#include "tests/gpu/emulator/warpgroup.h"

namespace ingot::gpu_emulator {

struct MemoryRange {
  const char *begin = nullptr;
  uint64_t bytes = 0;
  bool Has(const char *address, uint64_t count) const {
    const uint64_t offset = reinterpret_cast<uint64_t>(address) - reinterpret_cast<uint64_t>(begin);
    return offset <= bytes && count <= bytes - offset;
  }
};

// A cp.async that was issued and not yet waited for.
struct AsyncCopy {
  char *to;
  const char *from;
  uint32_t bytes;       // that `to` receives
  uint32_t from_bytes;  // that are read; the rest is zero
};

// Lanes of a warp that execute one instruction together.
struct Collective {
  uint32_t lanes = 0;
  void *results[kWarpSize] = {};
  const void *arguments[kWarpSize] = {};
  bool Has(uint32_t lane) const { return lane < kWarpSize && (lanes >> lane & 1) != 0; }
};

// A number that an error shows in hexadecimal.
struct Hex {
  uint64_t value;
};
std::string TextOf(Hex number);

using CollectiveFunction = void (*)(const Collective &);

// kAtMbarrier waits for a phase, kAtAsynchronous for what hardware does by itself.
enum class ThreadState : uint8_t { kNew, kReady, kAtBarrier, kAtCollective, kAtMbarrier, kAtAsynchronous, kDone };

struct Thread {
  ThreadState state = ThreadState::kNew;
  uint32_t id[3] = {};
  uint32_t index = 0, lane = 0, warp = 0;
  Fiber *fiber = nullptr;  // from its first wait on
  // While it waits at a barrier, and what it brings for the barrier's reduction.
  uint32_t barrier = 0, value = 0;
  // While it waits at an mbarrier: for a phase of this parity, and for ever or until nobody else can run.
  uint32_t mbarrier = 0, parity = 0;
  bool gives_up = false;
  // While it waits for its warp, and what it waits at otherwise.
  const char *instruction = nullptr;
  uint32_t mask = 0;
  void *result = nullptr;
  const void *arguments = nullptr;
  // Copies not yet in a group, and the groups, oldest first.
  uint32_t num_groups = 0;  // with copies, so far
  std::vector<AsyncCopy> open_copies;
  std::vector<std::vector<AsyncCopy>> copy_groups;
  // The same of TMA's copies to global memory.
  std::vector<BulkStore> open_stores;
  std::vector<std::vector<BulkStore>> store_groups;
};

class Block {
 public:
  static constexpr uint32_t kNumBarriers = 16;

  // Before the blocks of a launch.
  void Begin(void (*kernel)(void **), void **params, const uint32_t grid[3], const uint32_t block[3],
             uint32_t shared_bytes);
  // Runs the block with these coordinates. The order of threads is a permutation of their indices.
  // `warp_by_warp`: the threads of a warp stand together in the order, and run until none of them can.
  // `seed` chooses what hardware does first that it does by itself; 0: what was asked for first.
  void Run(const uint32_t id[3], const std::vector<uint32_t> &order, bool warp_by_warp, uint64_t seed);
  // "" while all is well.
  const std::string &Error() const { return error_; }

  // For the instructions of the thread that runs.
  Thread &Current() { return *current_; }
  const uint32_t *Id() const { return id_; }
  const uint32_t *BlockSize() const { return block_; }
  const uint32_t *GridSize() const { return grid_; }
  uint32_t SharedBytes() const { return shared_bytes_; }
  PlantedBug bug;
  // Of the instruction that is called here.
  bool HasBug(int32_t kind, const void *place) {
    return bug.IsAt(kind, reinterpret_cast<uint64_t>(place) - reinterpret_cast<uint64_t>(kernel_));
  }

  // Buffer `number` of the kernel, which says so itself.
  void SetBuffer(uint64_t number, const char *begin, int64_t bytes);
  // Fails unless one buffer, or the block's shared memory, has all these bytes. A kernel that says nothing of its
  // buffers may touch anything.
  void CheckTouched(const char *address, uint64_t bytes);
  // The same of one buffer.
  void CheckBuffer(const char *address, uint64_t bytes, uint64_t number);
  uint32_t NumThreads() const { return static_cast<uint32_t>(threads_.size()); }
  uint32_t LanesOfWarp(uint32_t warp) const;

  // The wgmma of the current thread's warp, and of another one.
  WarpProducts &CurrentProducts() { return products_[current_->warp]; }
  const WarpProducts &ProductsOf(uint32_t warp) const { return products_[warp]; }

  // Comes to this barrier, for which `count` threads are needed, and goes on.
  void Arrive(uint32_t barrier, uint32_t count);
  // Waits until `count` threads are at this barrier. Returns the sum of what they bring.
  uint32_t Wait(uint32_t barrier, uint32_t count, uint32_t value);
  // Waits for the lanes of `mask`; then one of them runs `function` for all. Lanes that the block does not have are
  // ignored.
  void RunTogether(const char *instruction, uint32_t mask, CollectiveFunction function, void *result,
                   const void *arguments);
  // The address in shared memory of an mbarrier that an instruction names.
  uint32_t MbarrierAddress(const char *instruction, const void *address);
  void InitMbarrier(const char *instruction, uint32_t address, uint32_t count);
  void InvalMbarrier(const char *instruction, uint32_t address);
  // Returns the state before the change, and frees those who waited for the phase if it ends.
  uint64_t ChangeMbarrier(const char *instruction, uint32_t address, const MbarrierChange &change);
  // Waits for the end of the phase of this parity. If `gives_up`, it returns false when no other thread can run either.
  bool WaitMbarrier(const char *instruction, uint32_t address, uint32_t parity, bool gives_up);
  // Of the phase that an arrival returned.
  bool WaitMbarrierState(const char *instruction, uint32_t address, uint64_t state, bool gives_up);
  // TMA's copies, whose addresses in shared memory are right. A load reports to its mbarrier; a store is one of the
  // thread's next group.
  void SubmitLoad(const char *instruction, const BulkCopy &copy);
  void SubmitStore(const BulkCopy &copy);
  // Waits for all groups of stores but the newest `pending` ones. `read`: only until they have read shared memory.
  void WaitStores(const char *instruction, uint32_t pending, bool read);
  // Waits for what hardware does by itself: until no other thread can run.
  void AwaitHardware(const char *instruction);
  // Ends the launch with an error made of texts and numbers, and leaves the thread for ever: its caller must hold
  // nothing that has a destructor.
  template <class... Parts>
  [[noreturn]] void Fail(Parts... parts) {
    BeginError();
    (AddToError(parts), ...);
    Abandon();
  }
  // Fails unless the warp has all its lanes.
  void CheckWholeWarp(const char *instruction);
  // Fails unless these bytes are shared memory of the block, aligned to `alignment`.
  void CheckShared(const char *instruction, const void *address, uint32_t bytes, uint32_t alignment);

 private:
  void BeginError();
  void AddToError(const char *text) { error_ += text; }
  template <class Number, class = std::enable_if_t<std::is_integral_v<Number>>>
  void AddToError(Number number) {
    error_ += std::to_string(number);
  }
  void AddToError(Hex number);
  [[noreturn]] void Abandon();
  static void FiberMain();
  void RunThreads();
  void CheckBarrier(uint32_t barrier, uint32_t count);
  // Lets those go on who wait at the barrier, and returns the sum of what all brought.
  uint32_t Open(uint32_t barrier);
  // What hardware does by itself, when no thread can run. False: nothing, and so it stays.
  bool Proceed();
  void FreeWaiters(uint32_t mbarrier);
  void Land(size_t load);
  // Fails unless shared memory is as it was when the copy began.
  void CheckUnchanged(const BulkStore &store);
  // What a thread, and the block, must not leave behind.
  void CheckExit();
  void Finish();
  void MakeReady(Thread *thread);
  std::string PlaceOf(const Thread &thread) const;
  void Yield();
  Thread *NextThread();
  bool IsEndOfWarp(size_t position) const;
  void ExplainDeadlock();
  void FillShared();
  void CheckBehindShared();
  std::string NameOf(const Thread &thread) const;

  void (*kernel_)(void **) = nullptr;
  void **params_ = nullptr;
  uint32_t grid_[3] = {}, block_[3] = {}, id_[3] = {};
  uint32_t shared_bytes_ = 0;
  std::vector<Thread> threads_;
  const std::vector<uint32_t> *order_ = nullptr;
  size_t position_ = 0;  // in the order: who is asked next
  bool warp_by_warp_ = false;
  size_t warp_begin_ = 0;  // in the order: where the warp begins that runs
  size_t num_ready_ = 0, num_done_ = 0;
  struct {
    uint32_t arrived = 0, sum = 0;
  } barriers_[kNumBarriers];
  std::vector<MemoryRange> buffers_;  // of the launch
  MbarrierTable mbarriers_;
  std::vector<BulkCopy> loads_;  // on their way, oldest first
  std::vector<WarpProducts> products_;
  uint64_t random_ = 0;          // 0: all in order
  uint32_t times_given_up_ = 0;  // since anything else happened
  Thread *current_ = nullptr;
  Fiber *fiber_ = nullptr;  // that runs now
  Fiber host_;
  StackPool stacks_;
  std::string error_;
};

// The block of the launch that runs.
Block &TheBlock();

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_BLOCK_H_
