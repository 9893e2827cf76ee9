// Element-wise and index ops, and updates: a thread for each element. Neighbouring threads read neighbouring elements.
#include "compiler/codegen/cuda/kernels.h"
#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler::cuda {

static Point PointOfTile(KernelBuilder &k, const Dims &space) {
  Point point;
  point.index.resize(space.size());
  k.Delinearize(k.tile_begin, space, 0, space.size(), point.index);
  return point;
}

static KernelInfo InfoOf(KernelBuilder &k, const Dims &space) {
  return {NumElements(space), NumElements(space) * Dim(CostPerElement(k)), 0};
}

KernelInfo EmitLoopKernel(KernelBuilder &k) {
  Dims space = SpaceOf(k);
  PointEmitter emitter(k, PointOfTile(k, space));
  StoreResults(k, emitter);
  return InfoOf(k, space);
}

// The result holds the first operand already (compiler/emit/program_plan.cc): the second is written into it.
KernelInfo EmitUpdateKernel(KernelBuilder &k) {
  Dims space = SpaceOf(k);
  ir::DynamicUpdateOp op = *k.body().getOps<ir::DynamicUpdateOp>().begin();
  size_t axis = static_cast<size_t>(op.getAxis());
  Point from = PointOfTile(k, space), to = from;
  to.index[axis] = k.Add(to.index[axis], UpdateStart(k, op));
  k.StoreContiguous(PointEmitter(k, from).At(op.getY()), op.getResult(), to);
  return InfoOf(k, space);
}

}  // namespace ingot::compiler::cuda
