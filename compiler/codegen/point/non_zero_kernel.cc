// non_zero: one tile reads x in row-major order and writes an index for each element that is not false.
#include "compiler/codegen/point/kernel_parts.h"
#include "compiler/codegen/point/kernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler {

KernelInfo EmitNonZeroKernel(KernelBuilder &k) {
  ir::NonZeroOp op = *k.body().getOps<ir::NonZeroOp>().begin();
  Dims dims = SpaceOf(k), result_dims = TypeOf(op.getResult()).dims;
  Value zero = k.Constant(0), one = k.Constant(1), count = k.Size(result_dims[1]), length = k.Size(NumElements(dims));
  auto store = [&](size_t axis, Value place, Value index) {
    Point to;
    to.index = {k.Constant(static_cast<int64_t>(axis)), place};
    k.StoreContiguous(index, op.getResult(), to);
  };
  SmallVector<Value> found = k.ForReduce(zero, length, one, zero, [&](Value i, ValueRange before) {
    SmallVector<Value> index(dims.size());
    k.Delinearize(i, dims, 0, dims.size(), index);
    Point from;
    from.index.assign(index.begin(), index.end());
    Value taken = arith::AndIOp::create(k.b, PointEmitter(k, from).At(op.getX()), k.Less(before[0], count));
    k.IfThen(taken, [&] {
      for (size_t axis = 0; axis < dims.size(); ++axis) store(axis, before[0], index[axis]);
    });
    Value more = arith::ExtUIOp::create(k.b, k.b.getI64Type(), taken);
    return SmallVector<Value>{k.Add(before[0], more)};
  });
  k.ForRange(found[0], count, one, [&](Value place) {
    for (size_t axis = 0; axis < dims.size(); ++axis) store(axis, place, zero);
  });
  return {Dim::Min(1, NumElements(result_dims)), NumElements(dims) * Dim(CostPerElement(k)), 0};
}

}  // namespace ingot::compiler
