// One emitter per region kind (compiler/fusion/region_planner.h). Each writes the kernel's function and says how many
// tiles, how much work and how much workspace it has. Tiles and the order of all sums depend on sizes alone, never on
// threads.
#ifndef INGOT_COMPILER_CODEGEN_CPU_KERNELS_H
#define INGOT_COMPILER_CODEGEN_CPU_KERNELS_H

#include "compiler/codegen/cpu/point_emitter.h"

namespace ingot::compiler {

// Chooses by the region's kind.
KernelInfo EmitKernel(KernelBuilder &k);

KernelInfo EmitLoopKernel(KernelBuilder &k);
KernelInfo EmitRowKernel(KernelBuilder &k);
KernelInfo EmitColumnKernel(KernelBuilder &k);
KernelInfo EmitContractKernel(KernelBuilder &k);
KernelInfo EmitAttentionKernel(KernelBuilder &k);
KernelInfo EmitLibraryKernel(KernelBuilder &k);
KernelInfo EmitSortKernel(KernelBuilder &k);
KernelInfo EmitNonZeroKernel(KernelBuilder &k);
KernelInfo EmitUpdateKernel(KernelBuilder &k);
// `prepare` of a library kernel.
void EmitLibraryPrepare(KernelBuilder &k);

// Stores every result of the region at the emitter's point.
void StoreResults(KernelBuilder &k, PointEmitter &emitter);

Dims SpaceOf(KernelBuilder &k);
// Scalar operations per element of the space, roughly.
int64_t CostPerElement(KernelBuilder &k);

// Rows of this length that make up a tile of the schedule's elements; at least one.
Dim RowsPerTileFor(KernelBuilder &k, const Dim &length);

// Calls body(j, lanes) for vectors of `width` lanes that cover [begin, end); lanes is null but for a last, partial
// vector. `length`: end - begin where it is known when compiling.
void ForVectors(KernelBuilder &k, Value begin, Value end, std::optional<int64_t> length, int width,
                llvm::function_ref<void(Value, Value)> body);
// Lanes for a vector axis of this size.
int VectorWidthFor(KernelBuilder &k, const Dim &size);

// Reductions.
Value ReductionStart(KernelBuilder &k, mlir::Operation *op, int width);
Value ReductionStep(KernelBuilder &k, mlir::Operation *op, Value accumulator, Value value, Value lanes);
// Lanes of a vector accumulator into one scalar, in a fixed order.
Value ReductionFinish(KernelBuilder &k, mlir::Operation *op, Value accumulator);
bool IsReduction(mlir::Operation *op);

}  // namespace ingot::compiler
#endif
