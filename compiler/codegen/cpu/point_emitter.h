// Emits the value of any region tensor at one point of its space, by walking back through views and element-wise ops to
// memory. Within one emitter every tensor is computed once.
#ifndef INGOT_COMPILER_CODEGEN_CPU_POINTEMITTER_H
#define INGOT_COMPILER_CODEGEN_CPU_POINTEMITTER_H

#include "compiler/codegen/cpu/kernel_builder.h"

namespace ingot::compiler {

class PointEmitter {
 public:
  PointEmitter(KernelBuilder &k, Point point) : k(k), point(std::move(point)) {}

  // The tensor's elements at the point: a vector of point.width lanes, or a scalar.
  Value at(Value tensor);
  // What `at` returns for a tensor that is computed elsewhere (an accumulator, a staged row, a per-row scalar).
  void set(Value tensor, Value value) { known[tensor] = value; }
  const Point &where() const { return point; }

 private:
  Value compute(Value tensor);
  Value ComputeIndexOp(mlir::Operation *op);
  Value gather(ir::GatherOp op);
  Value concat(ir::ConcatOp op);
  Value pad(ir::PadOp op);
  Value PaddedLanes(const Access &lines, Point at, const Dim &low, const TensorType &type, Value fill);
  Value iota(ir::IotaOp op);
  Value halves(ir::HalvesOp op);
  Value DimValues(ir::DimValuesOp op);
  // Emits lane by lane (the op's index arithmetic differs per lane).
  Value ByLanes(Value tensor);
  Value LaneIndex(Value first);  // vector of i64: first, first + 1, ...

  KernelBuilder &k;
  Point point;
  llvm::DenseMap<Value, Value> known;
};

}  // namespace ingot::compiler
#endif
