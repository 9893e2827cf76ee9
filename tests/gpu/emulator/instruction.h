// How an instruction is defined: its symbol, and its operands out of the struct that the kernel passes (see
// emulator.h). One file intrinsics_*.cc per family of instructions. Tested by tests/gpu/.
#ifndef INGOT_TESTS_GPU_EMULATOR_INSTRUCTION_H_
#define INGOT_TESTS_GPU_EMULATOR_INSTRUCTION_H_

#include <stddef.h>
#include <string.h>

#include <tuple>
#include <type_traits>

#include "tests/gpu/emulator/block.h"
#include "tests/gpu/emulator/export.h"

#define INGOT_JOIN_(a, b) a##b
#define INGOT_JOIN(a, b) INGOT_JOIN_(a, b)

// INSTRUCTION("name") { body with `result` and `arguments` }
#define INSTRUCTION(name) INGOT_INSTRUCTION(name, INGOT_JOIN(Instruction, __COUNTER__))
#define INGOT_INSTRUCTION(name, function)                                                               \
  INGOT_EMULATOR_EXPORT void function(void *result, const void *arguments) INGOT_EMULATOR_SYMBOL(name); \
  void function([[maybe_unused]] void *result, [[maybe_unused]] const void *arguments)

// LANE_INSTRUCTION("name", [](operands) { return result; }): what a thread does for itself.
#define LANE_INSTRUCTION(name, ...) \
  INSTRUCTION(name) { ::ingot::gpu_emulator::CallUnpacked(+__VA_ARGS__, result, arguments); }

// WARP_INSTRUCTION("name", mask, function): what the lanes of `mask` do together; `function` takes a Collective.
#define WARP_INSTRUCTION(name, mask, function) \
  INSTRUCTION(name) { ::ingot::gpu_emulator::TheBlock().RunTogether(name, mask, function, result, arguments); }

// The same for instructions that need all 32 lanes.
#define WHOLE_WARP_INSTRUCTION(name, function)                                             \
  INSTRUCTION(name) {                                                                      \
    ::ingot::gpu_emulator::TheBlock().CheckWholeWarp(name);                                \
    ::ingot::gpu_emulator::TheBlock().RunTogether(name, ~0u, function, result, arguments); \
  }

// In an INSTRUCTION: the place of the kernel's code that executes it.
#define INGOT_PLACE __builtin_return_address(0)

namespace ingot::gpu_emulator {

// An i1 as LLVM stores it.
using Bit = bool;

// The operand at this offset.
template <class T>
T Operand(const void *arguments, size_t offset) {
  T value;
  memcpy(&value, static_cast<const char *>(arguments) + offset, sizeof value);
  return value;
}

template <class T>
void SetResult(void *result, const T &value, size_t offset = 0) {
  memcpy(static_cast<char *>(result) + offset, &value, sizeof value);
}

template <class T>
T NextOperand(const void *arguments, size_t *offset) {
  *offset = (*offset + alignof(T) - 1) / alignof(T) * alignof(T);
  const size_t at = *offset;
  *offset += sizeof(T);
  return Operand<T>(arguments, at);
}

// Calls `function` with the operands, and stores what it returns.
template <class Result, class... Operands>
void CallUnpacked(Result (*function)(Operands...), [[maybe_unused]] void *result,
                  [[maybe_unused]] const void *arguments) {
  [[maybe_unused]] size_t offset = 0;
  std::tuple<Operands...> operands{NextOperand<Operands>(arguments, &offset)...};  // braces: from left to right
  if constexpr (std::is_void_v<Result>) {
    std::apply(function, operands);
  } else {
    SetResult(result, std::apply(function, operands));
  }
}

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_INSTRUCTION_H_
