// non_zero: one tile reads x in row-major order and writes an index for each element that is not false.
#include "compiler/codegen/cpu/kernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler {

KernelInfo emitNonZeroKernel(KernelBuilder &k) {
  ir::NonZeroOp op = *k.body().getOps<ir::NonZeroOp>().begin();
  Dims dims = spaceOf(k), resultDims = typeOf(op.getResult()).dims;
  Value zero = k.constant(0), one = k.constant(1), count = k.dim(resultDims[1]), length = k.dim(NumElements(dims));
  auto store = [&](size_t axis, Value place, Value index) {
    Point to;
    to.index = {k.constant(static_cast<int64_t>(axis)), place};
    k.storeContiguous(index, op.getResult(), to);
  };
  SmallVector<Value> found = k.forReduce(zero, length, one, zero, [&](Value i, ValueRange before) {
    SmallVector<Value> index(dims.size());
    k.delinearize(i, dims, 0, dims.size(), index);
    Point from;
    from.index.assign(index.begin(), index.end());
    Value taken = arith::AndIOp::create(k.b, PointEmitter(k, from).at(op.getX()), k.less(before[0], count));
    k.ifThen(taken, [&] {
      for (size_t axis = 0; axis < dims.size(); ++axis) store(axis, before[0], index[axis]);
    });
    Value more = arith::ExtUIOp::create(k.b, k.b.getI64Type(), taken);
    return SmallVector<Value>{k.add(before[0], more)};
  });
  k.forRange(found[0], count, one, [&](Value place) {
    for (size_t axis = 0; axis < dims.size(); ++axis) store(axis, place, zero);
  });
  return {Dim::Min(1, NumElements(resultDims)), NumElements(dims) * Dim(costPerElement(k)), 0};
}

}  // namespace ingot::compiler
