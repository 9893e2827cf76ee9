// One emitter per region kind (compiler/fusion/region_planner.h). Each writes the kernel's function and says how many
// tiles, how much work and how much workspace it has. Tiles and the order of all sums depend on sizes alone, never on
// threads.
#ifndef INGOT_COMPILER_CODEGEN_CPU_KERNELS_H
#define INGOT_COMPILER_CODEGEN_CPU_KERNELS_H

#include "compiler/codegen/cpu/point_emitter.h"

namespace ingot::compiler {

// Chooses by the region's kind.
KernelInfo emitKernel(KernelBuilder &k);

KernelInfo emitLoopKernel(KernelBuilder &k);
KernelInfo emitRowKernel(KernelBuilder &k);
KernelInfo emitColumnKernel(KernelBuilder &k);
KernelInfo emitContractKernel(KernelBuilder &k);
KernelInfo emitAttentionKernel(KernelBuilder &k);
KernelInfo emitLibraryKernel(KernelBuilder &k);
KernelInfo emitSortKernel(KernelBuilder &k);
KernelInfo emitNonZeroKernel(KernelBuilder &k);
KernelInfo emitUpdateKernel(KernelBuilder &k);
// `prepare` of a library kernel.
void emitLibraryPrepare(KernelBuilder &k);

// Stores every result of the region at the emitter's point.
void storeResults(KernelBuilder &k, PointEmitter &emitter);

Dims spaceOf(KernelBuilder &k);
// Scalar operations per element of the space, roughly.
int64_t costPerElement(KernelBuilder &k);

// Rows of this length that make up a tile of the schedule's elements; at least one.
Dim rowsPerTileFor(KernelBuilder &k, const Dim &length);

// Calls body(j, lanes) for vectors of `width` lanes that cover [begin, end); lanes is null but for a last, partial
// vector. `length`: end - begin where it is known when compiling.
void forVectors(KernelBuilder &k, Value begin, Value end, std::optional<int64_t> length, int width,
                llvm::function_ref<void(Value, Value)> body);
// Lanes for a vector axis of this size.
int vectorWidthFor(KernelBuilder &k, const Dim &size);

// Reductions.
Value reductionStart(KernelBuilder &k, mlir::Operation *op, int width);
Value reductionStep(KernelBuilder &k, mlir::Operation *op, Value accumulator, Value value, Value lanes);
// Lanes of a vector accumulator into one scalar, in a fixed order.
Value reductionFinish(KernelBuilder &k, mlir::Operation *op, Value accumulator);
bool isReduction(mlir::Operation *op);

}  // namespace ingot::compiler
#endif
