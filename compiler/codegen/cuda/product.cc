#include "compiler/codegen/cuda/product.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

class SumEmitter {
 public:
  SumEmitter(KernelBuilder &k, const Dims &depth, const Factor &x, const Factor &y, DType accumulator)
      : k_(k), depth_(depth), x_(x), y_(y), element_(ComputeType(k.b.getContext(), accumulator)) {}

  // The axes from this one on, at these offsets of the operands.
  Value Sum(size_t axis, Value x, Value y) {
    const Dim &size = depth_[axis];
    Value zero = k_.Constant(0), end = k_.Size(size);
    if (size.constant().value_or(INT64_MAX) <= k_.schedule.sum_length) return Piece(axis, zero, end, x, y);
    return k_.ForReduce(zero, end, k_.Constant(k_.schedule.sum_length), {k_.Zero(element_, 1)},
                        [&](Value begin, ValueRange total) -> SmallVector<Value> {
                          Value stop = k_.Min(k_.Add(begin, k_.Constant(k_.schedule.sum_length)), end);
                          return {Add(total[0], Piece(axis, begin, stop, x, y))};
                        })[0];
  }

 private:
  Value Piece(size_t axis, Value begin, Value end, Value x, Value y) {
    return k_.ForReduce(
        begin, end, k_.Constant(1), {k_.Zero(element_, 1)}, [&](Value i, ValueRange sum) -> SmallVector<Value> {
          Value x_at = k_.Add(x, k_.MulDim(i, x_.strides[axis])), y_at = k_.Add(y, k_.MulDim(i, y_.strides[axis]));
          if (axis + 1 == depth_.size()) return {Step(x_at, y_at, sum[0])};
          return {Add(sum[0], Sum(axis + 1, x_at, y_at))};
        })[0];
  }

  Value Add(Value x, Value y) {
    if (isa<FloatType>(element_)) return arith::AddFOp::create(k_.b, x, y);
    return arith::AddIOp::create(k_.b, x, y);
  }

  Value Step(Value x_at, Value y_at, Value sum) {
    Value x = Element(x_, x_at), y = Element(y_, y_at);
    if (isa<FloatType>(element_)) return math::FmaOp::create(k_.b, x, y, sum);
    return Add(arith::MulIOp::create(k_.b, x, y), sum);
  }

  Value Element(const Factor &factor, Value at) {
    Type element = StorageType(k_.b.getContext(), factor.dtype);
    return k_.Load(k_.ElementPointer(factor.pointer, element, at), factor.dtype, 1, nullptr);
  }

  KernelBuilder &k_;
  const Dims &depth_;
  const Factor &x_, &y_;
  Type element_;
};

}  // namespace

Value SumOfProducts(KernelBuilder &k, const Dims &depth, const Factor &x, const Factor &y, DType accumulator) {
  return SumEmitter(k, depth, x, y, accumulator).Sum(0, k.Constant(0), k.Constant(0));
}

}  // namespace ingot::compiler::cuda
