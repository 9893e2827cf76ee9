// Emits the value of any region tensor at one point of its space, by walking back through views and element-wise ops to
// memory. Within one emitter every tensor is computed once.
#ifndef INGOT_COMPILER_CODEGEN_POINT_POINTEMITTER_H
#define INGOT_COMPILER_CODEGEN_POINT_POINTEMITTER_H

#include "compiler/codegen/point/kernel_builder.h"

namespace ingot::compiler {

class PointEmitter {
 public:
  PointEmitter(KernelBuilder &k, Point point) : k_(k), point_(std::move(point)) {}

  // The tensor's elements at the point: a vector of point.width lanes, or a scalar.
  Value At(Value tensor);
  // What `at` returns for a tensor that is computed elsewhere (an accumulator, a staged row, a per-row scalar).
  void Set(Value tensor, Value value) { known_[tensor] = value; }
  const Point &where() const { return point_; }

 private:
  Value Compute(Value tensor);
  Value ComputeIndexOp(mlir::Operation *op);
  Value Gather(ir::GatherOp op);
  Value Concat(ir::ConcatOp op);
  Value Pad(ir::PadOp op);
  Value PaddedLanes(const Access &lines, Point at, const Dim &low, const TensorType &type, Value fill);
  Value Iota(ir::IotaOp op);
  Value Halves(ir::HalvesOp op);
  Value DimValues(ir::DimValuesOp op);
  // Emits lane by lane (the op's index arithmetic differs per lane).
  Value ByLanes(Value tensor);
  Value LaneIndex(Value first);  // vector of i64: first, first + 1, ...

  KernelBuilder &k_;
  Point point_;
  llvm::DenseMap<Value, Value> known_;
};

}  // namespace ingot::compiler
#endif
