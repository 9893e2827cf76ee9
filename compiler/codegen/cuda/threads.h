// What a GPU kernel's code asks of its threads and blocks: numbers, barriers, exchange within a warp, shared memory;
// and the two ways in which tiles are divided among them.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_THREADS_H
#define INGOT_COMPILER_CODEGEN_CUDA_THREADS_H

#include "compiler/codegen/point/row_program.h"

namespace ingot::compiler {

inline constexpr int64_t kWarp = 32;

// i64.
Value ThreadNumber(KernelBuilder &k);  // in its block
Value BlockNumber(KernelBuilder &k);
Value NumberOfBlocks(KernelBuilder &k);

// What the thread of the warp has whose number differs in the bits of `mask`, for values of up to 64 bits.
Value ExchangeWithin(KernelBuilder &k, Value value, int64_t mask);

// All threads of the block meet here, and see what the others have written.
void Barrier(KernelBuilder &k);

// Memory that the threads of a block share, for the whole kernel.
Value SharedMemory(KernelBuilder &k, mlir::Type element, int64_t count);

// A block's threads along rows, which all of them go through together.
RowThreads BlockThreads(KernelBuilder &k);

// Calls body(i) for this block's part of [0, count), in turn with the other blocks.
void ForBlocks(KernelBuilder &k, Value count, KernelBuilder::Body body);

// Calls emit(), which writes the code of tile `tile_begin`, in a loop over the tiles of each thread, or of each block
// (its threads then do a tile together). `emit` says what there is; the launch is added here.
enum class TilesOf { Threads, Blocks };
KernelInfo OverTiles(KernelBuilder &k, TilesOf owner, llvm::function_ref<KernelInfo()> emit);

}  // namespace ingot::compiler
#endif
