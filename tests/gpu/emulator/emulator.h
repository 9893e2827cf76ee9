// Runs a GPU kernel on the CPU. The kernel is x86 code for one GPU thread (its "twin"), made from the same LLVM IR as
// the PTX: special registers are calls `uint32_t "emu:read.ptx.sreg.NAME"()`, every other GPU instruction is a call
// `void "emu:NAME"(void *result, void *arguments)`, where NAME is LLVM's name of the intrinsic without "llvm.nvvm.",
// or the opcode of PTX as text, `arguments` a struct of the operands in order, each aligned as its type asks, and
// `result` room for the result.
// Shared memory is the symbol emu_shared: variables of the module from its begin, dynamic memory behind them.
// Tested by tests/gpu/emulator_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_EMULATOR_H_
#define INGOT_TESTS_GPU_EMULATOR_EMULATOR_H_

#include <stdint.h>

#include "tests/gpu/emulator/export.h"

// 256 KiB, aligned to 256 KiB, so that the low 18 bits of an address are the address in shared memory.
extern "C" INGOT_EMULATOR_EXPORT char emu_shared[1 << 18];

namespace ingot::gpu_emulator {

constexpr uint32_t kWarpSize = 32;
constexpr uint32_t kMaxBlockThreads = 1024;
constexpr uint32_t kMaxSharedBytes = 227 << 10;

// Runs `kernel` for all threads of the grid and returns null, or the text of what went wrong: it is the calling
// thread's until that launches again. `shared_bytes` counts static and dynamic shared memory. `params` goes to the
// kernel as it is. A block's threads are fibers, and one block runs at a time. Seed 0 runs blocks and threads in
// ascending order; any other runs blocks from the last to the first, and threads in an order that is shuffled for each
// block. At a block's start, shared memory is filled with 0xff, which is NaN. Threads of the host take turns.
INGOT_EMULATOR_EXPORT const char *Launch(void (*kernel)(void **params), const uint32_t grid[3], const uint32_t block[3],
                                         uint32_t shared_bytes, void **params, uint64_t seed);

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_EMULATOR_H_
