// The switch itself: what a called function must keep goes onto the stack, with the modes of both floating-point units.
// See fiber.h.
#include "tests/gpu/emulator/fiber.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define INGOT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INGOT_ASAN 1
#endif
#endif
#ifdef INGOT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#ifndef __x86_64__
#error "the emulator's fibers are written for x86-64"
#endif

// void IngotSwitchStacks(void **save, void *to)
asm(R"(
  .text
  .p2align 4
  .local IngotSwitchStacks
  .type IngotSwitchStacks, @function
IngotSwitchStacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size IngotSwitchStacks, .-IngotSwitchStacks
)");
extern "C" __attribute__((visibility("hidden"))) void IngotSwitchStacks(void **save, void *to);

namespace ingot::gpu_emulator {
namespace {

// Frames are much larger under AddressSanitizer.
#ifdef INGOT_ASAN
constexpr size_t kStackBytes = 512 << 10;
#else
constexpr size_t kStackBytes = 128 << 10;
#endif
constexpr size_t kStagger = 5 * 64, kMaxStagger = 16 << 10;
// A GPU thread does not inherit the host's rounding or flushing: no exceptions, round to nearest, subnormals kept.
constexpr uint32_t kMxcsr = 0x1f80;
constexpr uint16_t kX87Control = 0x037f;

}  // namespace

void PrepareFiber(Fiber *fiber, void (*entry)()) {
#ifdef INGOT_ASAN
  // Frames that were abandoned are still poisoned.
  ASAN_UNPOISON_MEMORY_REGION(fiber->stack, fiber->stack_bytes);
#endif
  fiber->asan_stack = nullptr;
  // From the top: a word that keeps the alignment of a call, the entry as a return address, six registers, the modes.
  auto *top = reinterpret_cast<uint64_t *>(fiber->stack + fiber->stack_bytes);
  memset(top - 9, 0, 9 * sizeof(uint64_t));
  top[-2] = reinterpret_cast<uint64_t>(entry);
  char *modes = reinterpret_cast<char *>(top - 9);
  memcpy(modes, &kMxcsr, sizeof kMxcsr);
  memcpy(modes + 4, &kX87Control, sizeof kX87Control);
  fiber->stack_pointer = modes;
}

void FiberEntered() {
#ifdef INGOT_ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

void SwitchFiber(Fiber *from, Fiber *to, [[maybe_unused]] bool last) {
#ifdef INGOT_ASAN
  __sanitizer_start_switch_fiber(last ? nullptr : &from->asan_stack, to->stack, to->stack_bytes);
#endif
  IngotSwitchStacks(&from->stack_pointer, to->stack_pointer);
#ifdef INGOT_ASAN
  __sanitizer_finish_switch_fiber(from->asan_stack, nullptr, nullptr);
#endif
}

void AdoptHostStack([[maybe_unused]] Fiber *fiber) {
#ifdef INGOT_ASAN
  pthread_attr_t attributes;
  void *stack = nullptr;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  pthread_attr_getstack(&attributes, &stack, &fiber->stack_bytes);
  pthread_attr_destroy(&attributes);
  fiber->stack = static_cast<char *>(stack);
#endif
}

StackPool::~StackPool() {
  for (Fiber *fiber : all_) delete fiber;  // the process ends, and the stacks with it
}

Fiber *StackPool::Take() {
  if (free_.empty()) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t bytes = page + kStackBytes + kMaxStagger;
    void *memory =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    mprotect(memory, page, PROT_NONE);
    auto *fiber = new Fiber;
    fiber->stack = static_cast<char *>(memory) + page;
    fiber->stack_bytes = kStackBytes + all_.size() * kStagger % kMaxStagger;
    all_.push_back(fiber);
    free_.push_back(fiber);
  }
  Fiber *fiber = free_.back();
  free_.pop_back();
  return fiber;
}

void StackPool::Reset() { free_.assign(all_.rbegin(), all_.rend()); }

}  // namespace ingot::gpu_emulator
