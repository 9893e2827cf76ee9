// What several kernel kinds share on every device: results, loops over vectors, reductions.
#ifndef INGOT_COMPILER_CODEGEN_POINT_KERNELPARTS_H
#define INGOT_COMPILER_CODEGEN_POINT_KERNELPARTS_H

#include "compiler/codegen/point/point_emitter.h"

namespace ingot::compiler {

// Stores every result of the region at the emitter's point.
void StoreResults(KernelBuilder &k, PointEmitter &emitter);

// The type that sums of products are kept in, and what is packed or staged for them.
DType AccumulatorType(DType dtype);
// x * y + sum: of floats with one rounding.
Value MultiplyAdd(KernelBuilder &k, Value x, Value y, Value sum);
// Where an update begins, kept within the axis.
Value UpdateStart(KernelBuilder &k, ir::DynamicUpdateOp op);

Dims SpaceOf(KernelBuilder &k);
// Scalar operations per element of the space, roughly.
int64_t CostPerElement(KernelBuilder &k);

// Rows of this length that make up a tile of the schedule's elements; at least one.
Dim RowsPerTileFor(KernelBuilder &k, const Dim &length);

// Calls body(j, lanes) for vectors of `width` lanes that cover [begin, end); lanes is null but for a last, partial
// vector. `length`: end - begin where it is known when compiling.
void ForVectors(KernelBuilder &k, Value begin, Value end, std::optional<int64_t> length, int width,
                llvm::function_ref<void(Value, Value)> body);
// Elements in 16 bytes, of the widest that the kernel reads or writes in memory.
int64_t ElementsIn16Bytes(KernelBuilder &k);
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
