// What several kernel kinds share: results, vector loops, reductions.
#include "compiler/codegen/point/kernel_parts.h"

#include "compiler/codegen/point/scalar_math.h"
#include "compiler/fusion/region_planner.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler {

DType AccumulatorType(DType dtype) { return IsHalf(dtype) ? DType::kF32 : dtype; }

Value MultiplyAdd(KernelBuilder &k, Value x, Value y, Value sum) {
  if (isa<FloatType>(getElementTypeOrSelf(sum.getType()))) return math::FmaOp::create(k.b, x, y, sum);
  return arith::AddIOp::create(k.b, arith::MulIOp::create(k.b, x, y), sum);
}

Value UpdateStart(KernelBuilder &k, ir::DynamicUpdateOp op) {
  size_t axis = static_cast<size_t>(op.getAxis());
  Value start = PointEmitter(k, Point()).At(op.getStart());
  if (start.getType() != k.b.getI64Type()) start = arith::ExtSIOp::create(k.b, k.b.getI64Type(), start);
  Value last = k.Sub(k.Size(TypeOf(op.getX()).dims[axis]), k.Size(TypeOf(op.getY()).dims[axis]));
  return k.Min(arith::MaxSIOp::create(k.b, start, k.Constant(0)), last);
}

Dims SpaceOf(KernelBuilder &k) { return k.source->getAttrOfType<ir::DimsAttr>("ingot.space").dims(); }

void StoreResults(KernelBuilder &k, PointEmitter &emitter) {
  for (Value result : k.Terminator()->getOperands()) k.StoreContiguous(emitter.At(result), result, emitter.where());
}

int64_t CostPerElement(KernelBuilder &k) {
  int64_t cost = 1;
  for (Operation &op : k.body()) cost += CostOf(&op);
  return cost;
}

Dim RowsPerTileFor(KernelBuilder &k, const Dim &length) {
  return Dim::Max(1, Dim::FloorDiv(k.schedule.tile_elements, Dim::Max(1, length)));
}

int64_t ElementsIn16Bytes(KernelBuilder &k) {
  int64_t bytes = 1;
  auto find_bytes = [&](Value value) { bytes = std::max(bytes, ElementBytes(TypeOf(value).dtype)); };
  for (Value argument : k.body().getArguments()) find_bytes(argument);
  for (Value result : k.Terminator()->getOperands()) find_bytes(result);
  return 16 / bytes;
}

int VectorWidthFor(KernelBuilder &k, const Dim &size) { return size.Is(1) ? 1 : k.target.vector_width; }

void ForVectors(KernelBuilder &k, Value begin, Value end, std::optional<int64_t> length, int width,
                llvm::function_ref<void(Value, Value)> body) {
  Value step = k.Constant(width);
  if (width == 1) {
    k.ForRange(begin, end, step, [&](Value j) { body(j, nullptr); });
    return;
  }
  Value whole;
  if (length) {
    whole = k.Add(begin, k.Constant(*length / width * width));
  } else {
    Value count = k.Sub(end, begin);
    whole = k.Add(begin, k.Mul(k.Udiv(count, step), step));
  }
  if (!length || *length >= width) k.ForRange(begin, whole, step, [&](Value j) { body(j, nullptr); });
  if (length && *length % width == 0) return;
  Value lanes = k.Sub(end, whole);
  if (length)
    body(whole, lanes);
  else
    k.IfThen(k.Less(whole, end), [&] { body(whole, lanes); });
}

bool IsReduction(Operation *op) { return FusionKindOf(op) == FusionKind::kReduction; }

static Value ConstantOf(KernelBuilder &k, Type element, double real, int64_t integer, int width) {
  TypedAttr scalar = isa<FloatType>(element) ? TypedAttr(k.b.getFloatAttr(element, real))
                                             : TypedAttr(k.b.getIntegerAttr(element, integer));
  if (width == 1) return arith::ConstantOp::create(k.b, scalar);
  return arith::ConstantOp::create(k.b,
                                   DenseElementsAttr::get(VectorType::get({width}, element), mlir::Attribute(scalar)));
}

Value ReductionStart(KernelBuilder &k, Operation *op, int width) {
  DType dtype = TypeOf(op->getOperand(0)).dtype;
  Type element = ComputeType(k.b.getContext(), dtype);
  double infinity = std::numeric_limits<double>::infinity();
  unsigned bits = element.getIntOrFloatBitWidth();
  bool is_unsigned = IsUnsigned(dtype);
  if (isa<ir::ReduceSumOp>(op)) return ConstantOf(k, element, 0, 0, width);
  if (isa<ir::ReduceProdOp>(op)) return ConstantOf(k, element, 1, 1, width);
  if (isa<ir::ReduceMaxOp>(op)) return ConstantOf(k, element, -infinity, is_unsigned ? 0 : llvm::minIntN(bits), width);
  return ConstantOf(k, element, infinity,
                    is_unsigned ? static_cast<int64_t>(llvm::maxUIntN(bits)) : llvm::maxIntN(bits), width);
}

static Value Combine(KernelBuilder &k, Operation *op, Value x, Value y) {
  OpKind kind = isa<ir::ReduceSumOp>(op)    ? OpKind::kAdd
                : isa<ir::ReduceProdOp>(op) ? OpKind::kMul
                : isa<ir::ReduceMaxOp>(op)  ? OpKind::kMax
                                            : OpKind::kMin;
  DType dtype = TypeOf(op->getOperand(0)).dtype;
  return EmitScalarOp(k.b, kind, ScalarClassOf(dtype), x, y, nullptr, dtype, dtype);
}

Value ReductionStep(KernelBuilder &k, Operation *op, Value accumulator, Value value, Value lanes) {
  Value next = Combine(k, op, accumulator, value);
  if (!lanes) return next;
  int width = static_cast<int>(cast<VectorType>(next.getType()).getNumElements());
  return arith::SelectOp::create(k.b, k.LaneMask(lanes, width), next, accumulator);
}

Value ReductionFinish(KernelBuilder &k, Operation *op, Value accumulator) {
  auto type = dyn_cast<VectorType>(accumulator.getType());
  if (!type) return accumulator;
  // Halves onto each other: log2(width) steps.
  for (int64_t width = type.getNumElements() / 2; width >= 1; width /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < width; ++i) {
      low.push_back(i);
      high.push_back(i + width);
    }
    Value x = vector::ShuffleOp::create(k.b, accumulator, accumulator, low),
          y = vector::ShuffleOp::create(k.b, accumulator, accumulator, high);
    accumulator = Combine(k, op, x, y);
  }
  return vector::ExtractOp::create(k.b, accumulator, ArrayRef<int64_t>{0});
}

}  // namespace ingot::compiler
