#include "compiler/codegen/cuda/online_soft_max.h"

#include "compiler/codegen/point/point_emitter.h"
#include "compiler/codegen/point/scalar_math.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace ingot::compiler::cuda {

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

static Value Scalar(KernelBuilder &k, OpKind kind, Value x, Value y = nullptr) {
  return EmitScalarOp(k.b, kind, ScalarClass::Float, x, y, nullptr, DType::kF32, DType::kF32);
}

void OnlineSoftMax::SetBatch(Value batch) {
  batch_.resize(region_.batch);
  k_.Delinearize(batch, region_.space, 0, region_.batch, batch_);
}

Value OnlineSoftMax::ScoreAt(Value query, Value key, Value product) {
  auto within = [&](Value index, const Dim &size) { return k_.Min(index, k_.Sub(k_.Size(size), k_.Constant(1))); };
  Point point;
  point.index = batch_;
  point.index.push_back(within(query, region_.queries));
  point.index.push_back(within(key, region_.keys));
  PointEmitter emitter(k_, point);
  emitter.Set(region_.scores->getResult(0), product);
  Value score = emitter.At(region_.scores_of_max);
  return arith::SelectOp::create(k_.b, k_.Less(key, k_.Size(region_.keys)), score, Real(-kInfinity));
}

Value OnlineSoftMax::Below(Value largest) {
  Value is_masked = arith::CmpFOp::create(k_.b, arith::CmpFPredicate::OEQ, largest, Real(-kInfinity));
  return arith::SelectOp::create(k_.b, is_masked, Real(0), largest);
}

Value OnlineSoftMax::ExpOfDifference(Value x, Value y) {
  return Scalar(k_, OpKind::kExp, Scalar(k_, OpKind::kSub, x, y));
}

Value OnlineSoftMax::Quotient(Value weighed, Value sum) {
  // Of no keys a product is zero.
  Value is_zero = arith::CmpIOp::create(k_.b, arith::CmpIPredicate::eq, k_.Size(region_.keys), k_.Constant(0));
  if (region_.nan_is_zero) {
    // Neither masked as a whole nor a sum of no numbers.
    Value is_none = arith::CmpFOp::create(k_.b, arith::CmpFPredicate::ULE, sum, Real(0));
    is_zero = arith::OrIOp::create(k_.b, is_zero, is_none);
  }
  Value quotient = Multiply(weighed, Scalar(k_, OpKind::kReciprocal, sum));
  return arith::SelectOp::create(k_.b, is_zero, Real(0), quotient);
}

Value OnlineSoftMax::Real(double value) {
  return arith::ConstantOp::create(k_.b, k_.b.getFloatAttr(k_.b.getF32Type(), value));
}
Value OnlineSoftMax::Max(Value x, Value y) { return Scalar(k_, OpKind::kMax, x, y); }
Value OnlineSoftMax::Add(Value x, Value y) { return arith::AddFOp::create(k_.b, x, y); }
Value OnlineSoftMax::Multiply(Value x, Value y) { return arith::MulFOp::create(k_.b, x, y); }
Value OnlineSoftMax::MultiplyAdd(Value x, Value y, Value z) { return math::FmaOp::create(k_.b, x, y, z); }

}  // namespace ingot::compiler::cuda
