// One contraction with the element-wise ops on its result: a thread for each element, which adds up its products and
// goes on with the sum in a register.
#include "compiler/codegen/cuda/kernels.h"
#include "compiler/codegen/cuda/product.h"
#include "compiler/codegen/point/kernel_parts.h"

using namespace mlir;

namespace ingot::compiler::cuda {

// Axes [begin, end) of a view, from its first element on.
static StridedView Axes(const StridedView &view, size_t begin, size_t end, const Dim &offset) {
  return {offset, Dims(view.dims.begin() + begin, view.dims.begin() + end),
          Dims(view.strides.begin() + begin, view.strides.begin() + end)};
}

KernelInfo EmitContractKernel(KernelBuilder &k) {
  ir::ContractOp op = *k.body().getOps<ir::ContractOp>().begin();
  Dims space = SpaceOf(k);
  size_t batch = op.getBatch(), outer = batch + op.getRows(), axes = op.getDepth();
  Access left = AccessOf(op.getX()), right = AccessOf(op.getY());
  DType dtype = TypeOf(op.getX()).dtype;
  Type element = StorageType(k.b.getContext(), dtype);
  Point point;
  point.index.resize(space.size());
  k.Delinearize(k.tile_begin, space, 0, space.size(), point.index);
  Value column = point.index.back();
  Dims depth = Axes(left.view, outer, outer + axes, 0).dims;

  Point row = point, corner = point;
  row.index.resize(outer);
  corner.index.resize(batch);
  Factor x{
      k.ElementPointer(k.Buffer(left.buffer), element, k.OffsetOf(Axes(left.view, 0, outer, left.view.offset), row)),
      dtype, Axes(left.view, outer, outer + axes, 0).strides};
  Factor y{Value(), dtype, {}};
  if (std::optional<int64_t> width = op.getPanels()) {
    // [panel, depth, column in it].
    Value panel = k.Udiv(column, k.Constant(*width)), lane = k.Urem(column, k.Constant(*width));
    Value at = k.Add(k.Mul(k.Mul(panel, k.Size(NumElements(depth))), k.Constant(*width)), lane);
    y.pointer = k.ElementPointer(k.Buffer(right.buffer), element, at);
    for (Dim stride : ContiguousStrides(depth)) y.strides.push_back(stride * Dim(*width));
  } else {
    Value at = k.OffsetOf(Axes(right.view, 0, batch, right.view.offset), corner);
    at = k.Add(at, k.MulDim(column, right.view.strides.back()));
    y.pointer = k.ElementPointer(k.Buffer(right.buffer), element, at);
    y.strides = Axes(right.view, batch, batch + axes, 0).strides;
  }
  PointEmitter emitter(k, point);
  emitter.Set(op.getResult(), SumOfProducts(k, depth, x, y, AccumulatorType(dtype)));
  StoreResults(k, emitter);
  Dim elements = NumElements(space);
  return {elements, elements * (NumElements(depth) * Dim(2) + Dim(CostPerElement(k))), 0};
}

}  // namespace ingot::compiler::cuda
