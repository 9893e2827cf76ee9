// Element-wise and index ops, and updates: rows of the space, vectors along the last axis.
#include "compiler/codegen/cpu/kernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler {

// Calls emitAt(index, width, lanes) for all vectors of the space; `cost` is one element's.
static KernelInfo forSpace(KernelBuilder &k, const Dims &space, int64_t cost,
                           llvm::function_ref<void(ArrayRef<Value>, int, Value)> emitAt) {
  if (space.empty()) {
    k.ifThen(k.less(k.tileBegin, k.tileEnd), [&] { emitAt({}, 1, nullptr); });
    return {1, cost, 0};
  }
  Dims outer(space.begin(), space.end() - 1);
  Dim length = space.back(), rows = NumElements(outer);
  int width = vectorWidthFor(k, length);
  if (outer.empty()) {
    // One row: tiles are pieces of it.
    Value size = k.constant(k.schedule.tileElements), total = k.dim(length);
    auto at = [&](Value j, Value lanes) { emitAt({j}, width, lanes); };
    if (auto constant = length.constant(); constant && *constant <= k.schedule.tileElements) {
      k.forRange(k.tileBegin, k.tileEnd, k.constant(1),
                 [&](Value) { forVectors(k, k.constant(0), total, constant, width, at); });
    } else {
      Value begin = k.mul(k.tileBegin, size), end = k.min(k.mul(k.tileEnd, size), total);
      forVectors(k, begin, end, std::nullopt, width, at);
    }
    return {Dim::CeilDiv(length, k.schedule.tileElements), length * Dim(cost), 0};
  }
  Dim rowsPerTile = rowsPerTileFor(k, length);
  Value per = k.dim(rowsPerTile), begin = k.mul(k.tileBegin, per), end = k.min(k.mul(k.tileEnd, per), k.dim(rows));
  k.forRange(begin, end, k.constant(1), [&](Value row) {
    SmallVector<Value> index(space.size());
    k.delinearize(row, space, 0, outer.size(), index);
    forVectors(k, k.constant(0), k.dim(length), length.constant(), width, [&](Value j, Value lanes) {
      index.back() = j;
      emitAt(index, width, lanes);
    });
  });
  return {Dim::CeilDiv(rows, rowsPerTile), rows * length * Dim(cost), 0};
}

static Point pointAt(ArrayRef<Value> index, int width, Value lanes) {
  Point point;
  point.index.assign(index.begin(), index.end());
  point.width = width;
  point.lanes = lanes;
  return point;
}

KernelInfo emitLoopKernel(KernelBuilder &k) {
  return forSpace(k, spaceOf(k), costPerElement(k), [&](ArrayRef<Value> index, int width, Value lanes) {
    PointEmitter emitter(k, pointAt(index, width, lanes));
    storeResults(k, emitter);
  });
}

// The result holds the first operand already (compiler/emit/program_plan.cc): the second is written into it.
KernelInfo emitUpdateKernel(KernelBuilder &k) {
  ir::DynamicUpdateOp op = *k.body().getOps<ir::DynamicUpdateOp>().begin();
  size_t axis = static_cast<size_t>(op.getAxis());
  Value start = PointEmitter(k, Point()).at(op.getStart());
  if (start.getType() != k.b.getI64Type()) start = arith::ExtSIOp::create(k.b, k.b.getI64Type(), start);
  Value last = k.sub(k.dim(typeOf(op.getX()).dims[axis]), k.dim(typeOf(op.getY()).dims[axis]));
  start = k.min(arith::MaxSIOp::create(k.b, start, k.constant(0)), last);
  return forSpace(k, spaceOf(k), costPerElement(k), [&](ArrayRef<Value> index, int width, Value lanes) {
    Point from = pointAt(index, width, lanes), to = from;
    to.index[axis] = k.add(to.index[axis], start);
    k.storeContiguous(PointEmitter(k, from).at(op.getY()), op.getResult(), to);
  });
}

}  // namespace ingot::compiler
