// What several kernel kinds share: results, vector loops, reductions.
#include "compiler/codegen/cpu/kernels.h"
#include "compiler/codegen/cpu/scalar_math.h"
#include "compiler/fusion/region_planner.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler {

KernelInfo emitKernel(KernelBuilder &k) {
  switch (*parseRegionKind(k.source->getAttrOfType<StringAttr>("ingot.kind").getValue())) {
    case RegionKind::Loop:
      return emitLoopKernel(k);
    case RegionKind::Row:
      return emitRowKernel(k);
    case RegionKind::Column:
      return emitColumnKernel(k);
    case RegionKind::Contract:
      return emitContractKernel(k);
    case RegionKind::Attention:
      return emitAttentionKernel(k);
    case RegionKind::Library:
      return emitLibraryKernel(k);
    case RegionKind::Sort:
      return k.body().getOps<ir::NonZeroOp>().empty() ? emitSortKernel(k) : emitNonZeroKernel(k);
    case RegionKind::Update:
      return emitUpdateKernel(k);
    case RegionKind::Control:
      break;
  }
  return {};
}

Dims spaceOf(KernelBuilder &k) { return k.source->getAttrOfType<ir::DimsAttr>("ingot.space").dims(); }

void storeResults(KernelBuilder &k, PointEmitter &emitter) {
  for (Value result : k.returnOp()->getOperands()) k.storeContiguous(emitter.at(result), result, emitter.where());
}

int64_t costPerElement(KernelBuilder &k) {
  int64_t cost = 1;
  for (Operation &op : k.body()) cost += costOf(&op);
  return cost;
}

Dim rowsPerTileFor(KernelBuilder &k, const Dim &length) {
  return Dim::Max(1, Dim::FloorDiv(k.schedule.tileElements, Dim::Max(1, length)));
}

int vectorWidthFor(KernelBuilder &k, const Dim &size) { return size.Is(1) ? 1 : k.target.vectorWidth; }

void forVectors(KernelBuilder &k, Value begin, Value end, std::optional<int64_t> length, int width,
                llvm::function_ref<void(Value, Value)> body) {
  Value step = k.constant(width);
  if (width == 1) {
    k.forRange(begin, end, step, [&](Value j) { body(j, nullptr); });
    return;
  }
  Value whole;
  if (length) {
    whole = k.add(begin, k.constant(*length / width * width));
  } else {
    Value count = k.sub(end, begin);
    whole = k.add(begin, k.mul(k.udiv(count, step), step));
  }
  if (!length || *length >= width) k.forRange(begin, whole, step, [&](Value j) { body(j, nullptr); });
  if (length && *length % width == 0) return;
  Value lanes = k.sub(end, whole);
  if (length)
    body(whole, lanes);
  else
    k.ifThen(k.less(whole, end), [&] { body(whole, lanes); });
}

bool isReduction(Operation *op) { return fusionKind(op) == FusionKind::kReduction; }

static Value constantOf(KernelBuilder &k, Type element, double real, int64_t integer, int width) {
  TypedAttr scalar = isa<FloatType>(element) ? TypedAttr(k.b.getFloatAttr(element, real))
                                             : TypedAttr(k.b.getIntegerAttr(element, integer));
  if (width == 1) return arith::ConstantOp::create(k.b, scalar);
  return arith::ConstantOp::create(k.b,
                                   DenseElementsAttr::get(VectorType::get({width}, element), mlir::Attribute(scalar)));
}

Value reductionStart(KernelBuilder &k, Operation *op, int width) {
  DType dtype = typeOf(op->getOperand(0)).dtype;
  Type element = computeType(k.b.getContext(), dtype);
  double infinity = std::numeric_limits<double>::infinity();
  unsigned bits = element.getIntOrFloatBitWidth();
  bool isUnsigned = IsUnsigned(dtype);
  if (isa<ir::ReduceSumOp>(op)) return constantOf(k, element, 0, 0, width);
  if (isa<ir::ReduceProdOp>(op)) return constantOf(k, element, 1, 1, width);
  if (isa<ir::ReduceMaxOp>(op)) return constantOf(k, element, -infinity, isUnsigned ? 0 : llvm::minIntN(bits), width);
  return constantOf(k, element, infinity, isUnsigned ? static_cast<int64_t>(llvm::maxUIntN(bits)) : llvm::maxIntN(bits),
                    width);
}

static Value combine(KernelBuilder &k, Operation *op, Value x, Value y) {
  OpKind kind = isa<ir::ReduceSumOp>(op)    ? OpKind::kAdd
                : isa<ir::ReduceProdOp>(op) ? OpKind::kMul
                : isa<ir::ReduceMaxOp>(op)  ? OpKind::kMax
                                            : OpKind::kMin;
  DType dtype = typeOf(op->getOperand(0)).dtype;
  return emitScalarOp(k.b, kind, scalarClassOf(dtype), x, y, nullptr, dtype, dtype);
}

Value reductionStep(KernelBuilder &k, Operation *op, Value accumulator, Value value, Value lanes) {
  Value next = combine(k, op, accumulator, value);
  if (!lanes) return next;
  int width = static_cast<int>(cast<VectorType>(next.getType()).getNumElements());
  return arith::SelectOp::create(k.b, k.laneMask(lanes, width), next, accumulator);
}

Value reductionFinish(KernelBuilder &k, Operation *op, Value accumulator) {
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
    accumulator = combine(k, op, x, y);
  }
  return vector::ExtractOp::create(k.b, accumulator, ArrayRef<int64_t>{0});
}

}  // namespace ingot::compiler
