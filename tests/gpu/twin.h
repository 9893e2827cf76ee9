// For kernels written by hand as the compiler would compile them for the CPU: GPU instructions as functions,
// parameters, and launches. Operands go into plain structs, which C++ lays out as LLVM does.
#ifndef INGOT_TESTS_GPU_TWIN_H_
#define INGOT_TESTS_GPU_TWIN_H_

#include <stdint.h>

#include <string>

#include "tests/gpu/emulator/emulator.h"
#include "tests/gpu/emulator/export.h"

// DECLARE_REGISTER(TidX, "tid.x") makes `uint32_t TidX()`.
#define DECLARE_REGISTER(function, name) uint32_t function() INGOT_EMULATOR_SYMBOL("read.ptx.sreg." name);
// DECLARE_INSTRUCTION(Fabs, "fabs.f32") makes what Call and Do take.
#define DECLARE_INSTRUCTION(function, name) \
  void function(void *result, const void *arguments) INGOT_EMULATOR_SYMBOL(name);

namespace ingot::gpu_test {

using Instruction = void (*)(void *, const void *);

template <class A = char, class B = char, class C = char, class D = char>
struct Operands {
  A a{};
  B b{};
  C c{};
  D d{};
};

template <class Result, class... Types>
Result Call(Instruction instruction, Types... operands) {
  const Operands<Types...> arguments{operands...};
  Result result;
  instruction(&result, &arguments);
  return result;
}

template <class... Types>
void Do(Instruction instruction, Types... operands) {
  const Operands<Types...> arguments{operands...};
  instruction(nullptr, &arguments);
}

DECLARE_REGISTER(TidX, "tid.x")
DECLARE_REGISTER(TidY, "tid.y")
DECLARE_REGISTER(TidZ, "tid.z")
DECLARE_REGISTER(CtaidX, "ctaid.x")
DECLARE_REGISTER(CtaidY, "ctaid.y")
DECLARE_REGISTER(CtaidZ, "ctaid.z")
DECLARE_REGISTER(NtidX, "ntid.x")
DECLARE_REGISTER(NtidY, "ntid.y")
DECLARE_REGISTER(NtidZ, "ntid.z")
DECLARE_REGISTER(NctaidX, "nctaid.x")
DECLARE_REGISTER(NctaidY, "nctaid.y")
DECLARE_REGISTER(NctaidZ, "nctaid.z")
DECLARE_REGISTER(LaneId, "laneid")
DECLARE_REGISTER(WarpId, "warpid")
DECLARE_INSTRUCTION(BarrierAll, "barrier.cta.sync.aligned.all")

inline void Barrier(uint32_t number = 0) { Do(BarrierAll, number); }

template <class T = float>
T *Shared() {
  return reinterpret_cast<T *>(emu_shared);
}

// A kernel's parameter.
template <class T>
T Parameter(void **parameters, int number) {
  return *static_cast<T *>(parameters[number]);
}

struct Size {
  uint32_t x = 1, y = 1, z = 1;
};

// Launches with parameters of 8 bytes and returns the error, or "".
template <class... Types>
std::string RunTwin(void (*kernel)(void **), Size grid, Size block, uint32_t shared_bytes, uint64_t seed,
                    Types... values) {
  static_assert(((sizeof(Types) == 8) && ...));
  void *parameters[] = {&values..., nullptr};
  const uint32_t grid_sizes[3] = {grid.x, grid.y, grid.z}, block_sizes[3] = {block.x, block.y, block.z};
  const char *error = gpu_emulator::Launch(kernel, grid_sizes, block_sizes, shared_bytes, parameters, seed);
  return error == nullptr ? "" : error;
}

}  // namespace ingot::gpu_test

#endif  // INGOT_TESTS_GPU_TWIN_H_
