// The register tile under every contraction: a few rows of the left operand times panels of columns of the right
// one, sums kept in registers over the whole depth. Panels are [K][panel width], so each step reads consecutive memory;
// the left operand may have any strides.
#ifndef INGOT_COMPILER_CODEGEN_CPU_MICROKERNEL_H
#define INGOT_COMPILER_CODEGEN_CPU_MICROKERNEL_H

#include "compiler/codegen/cpu/cpu_target.h"
#include "compiler/codegen/cpu/kernels.h"

namespace ingot::compiler {

struct Microkernel {
  DType dtype;          // of the left operand in memory
  DType panel_dtype;    // of panels in memory
  Dims depth, strides;  // the contracted axes and the left operand's strides along them
  RegisterTile tile;

  // Computes rows [begin, end) in steps of `max_rows`, with `panels` panels at once. The caller knows that not fewer
  // than `min_rest` are left over, if any. row(m): pointer to the left operand's row m; panel(p): pointer to panel p;
  // sum(first, i, column): pointer to the sums of row first + i from `column` on (a multiple of the vector width), in
  // the accumulator's type; after(m, rows): called when the rows from m on are complete.
  struct Callbacks {
    std::function<Value(Value)> row;
    std::function<Value(int)> panel;
    std::function<Value(Value first, int i, int column)> sum;
    std::function<void(Value first, Value rows)> after;
    // Optional: memory that will be needed soon, a piece per block of rows (`number` counts blocks). One cache line is
    // fetched every fourth step, so that weights arrive from memory while the tile before them is computed.
    std::function<Value(Value number)> prefetch;
  };
  // Bytes that one block prefetches.
  Dim PrefetchBytes() const { return Dim::FloorDiv(NumElements(depth), kStepsPerPrefetch) * Dim(64); }
  void Emit(KernelBuilder &k, Value begin, Value end, int panels, int max_rows, const Callbacks &callbacks,
            int min_rest = 1) const;
  static constexpr int64_t kStepsPerPrefetch = 4;
};

// Copies columns [first, first + panel width * count) of the right operand (axes: depth..., n; strides likewise, base
// pointing at this batch) into panels at `to`; columns from `columns` on are zero.
void EmitPack(KernelBuilder &k, Value from, DType dtype, const Dims &depth, const Dims &depth_strides,
              const Dim &column_stride, Value columns, Value first, Value count, Value to);

}  // namespace ingot::compiler
#endif
