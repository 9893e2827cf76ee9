// Fibers: stacks that one host thread switches between, for the threads of a GPU block. x86-64 only.
// A switch costs a few nanoseconds. AddressSanitizer is told of each. Tested by tests/gpu/emulator_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_FIBER_H_
#define INGOT_TESTS_GPU_EMULATOR_FIBER_H_

#include <stddef.h>

#include <vector>

namespace ingot::gpu_emulator {

// A stack and where it stopped.
struct Fiber {
  void *stack_pointer = nullptr;
  char *stack = nullptr;  // its low end, above a guard page
  size_t stack_bytes = 0;
  void *asan_stack = nullptr;  // what AddressSanitizer keeps of it while it does not run
};

// Makes `fiber` begin with `entry`, which must not return, when it is switched to.
// What ran on its stack before is forgotten.
void PrepareFiber(Fiber *fiber, void (*entry)());

// Every entry calls this first.
void FiberEntered();

// Stops `from`, which runs, and goes on with `to`. `last` says that nobody will switch to `from` again.
void SwitchFiber(Fiber *from, Fiber *to, bool last);

// Makes `fiber` stand for the calling host thread's own stack.
void AdoptHostStack(Fiber *fiber);

// Stacks, mapped when first needed and kept. Between them are guard pages. Their begins are staggered: equal offsets
// would compete for the same lines of the cache.
class StackPool {
 public:
  StackPool() = default;
  StackPool(const StackPool &) = delete;
  ~StackPool();
  // Null if there is no memory.
  Fiber *Take();
  void GiveBack(Fiber *fiber) { free_.push_back(fiber); }
  // All stacks are free again, whatever was on them.
  void Reset();

 private:
  std::vector<Fiber *> all_, free_;
};

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_FIBER_H_
