// Element-wise and index ops, and updates: a thread for each vector of 16 bytes where the last axis is made of them,
// else for each element. Neighbouring threads read neighbouring elements.
#include "compiler/codegen/cuda/kernels.h"
#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

Point PointAt(KernelBuilder &k, const Dims &space, Value element, int width) {
  Point point;
  point.index.resize(space.size());
  k.Delinearize(element, space, 0, space.size(), point.index);
  point.width = width;
  return point;
}

void EmitAt(KernelBuilder &k, const Dims &space, Value element, int width) {
  PointEmitter emitter(k, PointAt(k, space, element, width));
  StoreResults(k, emitter);
}

KernelInfo InfoOf(KernelBuilder &k, const Dims &space, int64_t per_tile) {
  Dim elements = NumElements(space);
  return {Dim::CeilDiv(elements, per_tile), elements * Dim(CostPerElement(k)), 0};
}

}  // namespace

KernelInfo EmitLoopKernel(KernelBuilder &k) {
  Dims space = SpaceOf(k);
  int width = space.empty() ? 1 : static_cast<int>(ElementsIn16Bytes(k));
  Value first = k.Mul(k.tile_begin, k.Constant(width));
  if (!space.empty() && !Dim::DivideExactly(space.back(), width)) {
    // Only along one axis do vectors begin where they may although the last is not whole.
    if (space.size() > 1) {
      EmitAt(k, space, k.tile_begin, 1);
      return InfoOf(k, space, 1);
    }
    Value end = k.Size(space[0]), last = k.Add(first, k.Constant(width));
    k.IfElse(
        k.Less(end, last),
        [&] { k.ForRange(first, end, k.Constant(1), [&](Value element) { EmitAt(k, space, element, 1); }); },
        [&] { EmitAt(k, space, first, width); });
    return InfoOf(k, space, width);
  }
  EmitAt(k, space, first, width);
  return InfoOf(k, space, width);
}

// The result holds the first operand already (compiler/emit/program_plan.cc): the second is written into it.
KernelInfo EmitUpdateKernel(KernelBuilder &k) {
  Dims space = SpaceOf(k);
  ir::DynamicUpdateOp op = *k.body().getOps<ir::DynamicUpdateOp>().begin();
  size_t axis = static_cast<size_t>(op.getAxis());
  Point from = PointAt(k, space, k.tile_begin, 1), to = from;
  to.index[axis] = k.Add(to.index[axis], UpdateStart(k, op));
  k.StoreContiguous(PointEmitter(k, from).At(op.getY()), op.getResult(), to);
  return InfoOf(k, space, 1);
}

}  // namespace ingot::compiler::cuda
