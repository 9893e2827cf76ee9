#include "compiler/codegen/point/point_emitter.h"

#include "compiler/codegen/point/scalar_math.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler {

Value PointEmitter::At(Value tensor) {
  if (auto found = known_.find(tensor); found != known_.end())
    return found->second = k_.Splat(found->second, point_.width);
  Value value = Compute(tensor);
  return known_[tensor] = value;
}

Value PointEmitter::Compute(Value tensor) {
  TensorType type = TypeOf(tensor);
  Operation *op = tensor.getDefiningOp();
  if (auto scalar = dyn_cast_or_null<ir::ScalarOp>(op)) {
    double value = 0;
    Type element = ComputeType(k_.b.getContext(), type.dtype);
    if (auto real = dyn_cast<FloatAttr>(scalar.getValue())) value = real.getValueAsDouble();
    TypedAttr attribute;
    if (isa<FloatType>(element))
      attribute = k_.b.getFloatAttr(element, value);
    else
      attribute = IntegerAttr::get(element, cast<IntegerAttr>(scalar.getValue()).getValue());
    return k_.Splat(arith::ConstantOp::create(k_.b, attribute), point_.width);
  }
  if (auto view = dyn_cast_or_null<ir::ViewOp>(op)) {
    // A view of a value of this kernel repeats a per-row scalar along the row; one of an operand reads memory at a
    // place of its own.
    if (auto found = known_.find(view.getSource()); found != known_.end() && view.getSource().getDefiningOp())
      return k_.Splat(found->second, point_.width);
    return k_.LoadView(k_.Buffer(view.getSource()), ViewOf(view), type.dtype, point_);
  }
  if (!op) return k_.LoadView(k_.Buffer(tensor), StridedView::Contiguous(type.dims), type.dtype, point_);
  if (auto copy = dyn_cast<ir::CopyOp>(op)) return At(copy.getX());
  if (UsesIndex(op)) return ComputeIndexOp(op);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) operands.push_back(At(operand));
  operands.resize(3);
  std::optional<OpKind> kind = KindOf(op);
  DType from = TypeOf(op->getOperand(0)).dtype;
  // A select works on the class of what it selects.
  DType class_of = isa<ir::SelectOp>(op) ? type.dtype : from;
  Value value =
      kind ? EmitScalarOp(k_.b, *kind, ScalarClassOf(class_of), operands[0], operands[1], operands[2], from, type.dtype)
           : Value();
  if (!value) {
    k_.Fail(op->getLoc(),
            "there is no code for " + op->getName().getStringRef() + " on " + std::string(Name(class_of)));
    return k_.Zero(ComputeType(k_.b.getContext(), type.dtype), point_.width);
  }
  return value;
}

Value PointEmitter::LaneIndex(Value first) {
  if (point_.width == 1) return first;
  SmallVector<int64_t> numbers;
  for (int i = 0; i < point_.width; ++i) numbers.push_back(i);
  auto type = VectorType::get({point_.width}, k_.b.getI64Type());
  Value iota = arith::ConstantOp::create(k_.b, DenseElementsAttr::get(type, ArrayRef<int64_t>(numbers)));
  return arith::AddIOp::create(k_.b, k_.Splat(first, point_.width), iota);
}

Value PointEmitter::ByLanes(Value tensor) {
  Value result = k_.Zero(ComputeType(k_.b.getContext(), TypeOf(tensor).dtype), point_.width);
  for (int i = 0; i < point_.width; ++i) {
    Point lane = point_;
    lane.width = 1;
    lane.lanes = nullptr;
    Value number = k_.Constant(i);
    if (point_.lanes)  // lanes that do not count repeat the first
      number = arith::SelectOp::create(k_.b, k_.Less(number, point_.lanes), number, k_.Constant(0));
    lane.index.back() = k_.Add(point_.index.back(), number);
    PointEmitter scalar(k_, lane);
    result = vector::InsertOp::create(k_.b, scalar.At(tensor), result, ArrayRef<int64_t>{i});
  }
  return result;
}

Value PointEmitter::ComputeIndexOp(Operation *op) {
  if (auto gather_op = dyn_cast<ir::GatherOp>(op)) return Gather(gather_op);
  if (auto concat_op = dyn_cast<ir::ConcatOp>(op)) return Concat(concat_op);
  if (auto pad_op = dyn_cast<ir::PadOp>(op)) return Pad(pad_op);
  if (auto iota_op = dyn_cast<ir::IotaOp>(op)) return Iota(iota_op);
  if (auto halves_op = dyn_cast<ir::HalvesOp>(op)) return Halves(halves_op);
  return DimValues(cast<ir::DimValuesOp>(op));
}

Value PointEmitter::Gather(ir::GatherOp op) {
  TensorType x = TypeOf(op.getX()), indices = TypeOf(op.getIndices());
  size_t axis = op.getAxis(), count = indices.dims.size();
  // With no axis of x behind the gathered one, every lane has an index of its own.
  if (point_.width > 1 && axis + 1 == x.dims.size()) return ByLanes(op.getResult());
  Point which;
  which.index.assign(point_.index.begin() + axis, point_.index.begin() + axis + count);
  PointEmitter index_emitter(k_, which);
  Value index = index_emitter.At(op.getIndices());
  if (indices.dtype == DType::kI32) index = arith::ExtSIOp::create(k_.b, k_.b.getI64Type(), index);
  Value size = k_.Size(x.dims[axis]), zero = k_.Constant(0);
  index = arith::SelectOp::create(k_.b, k_.Less(index, zero), k_.Add(index, size), index);
  index = arith::MaxSIOp::create(k_.b, k_.Min(index, k_.Sub(size, k_.Constant(1))), zero);
  Point from = point_;
  from.index.assign(point_.index.begin(), point_.index.begin() + axis);
  from.index.push_back(index);
  from.index.append(point_.index.begin() + axis + count, point_.index.end());
  return PointEmitter(k_, from).At(op.getX());
}

Value PointEmitter::Concat(ir::ConcatOp op) {
  size_t axis = op.getAxis();
  if (point_.width > 1 && axis + 1 == point_.index.size()) return ByLanes(op.getResult());
  Type element = ComputeType(k_.b.getContext(), TypeOf(op.getResult()).dtype);
  Type type = point_.width == 1 ? element : Type(VectorType::get({point_.width}, element));
  Value begin = k_.Constant(0);
  std::function<Value(size_t, Value)> choose = [&](size_t i, Value start) -> Value {
    Point inner = point_;
    inner.index[axis] = k_.Sub(point_.index[axis], start);
    if (i + 1 == op.getOperands().size()) return PointEmitter(k_, inner).At(op.getOperands()[i]);
    Value end = k_.Add(start, k_.Size(TypeOf(op.getOperands()[i]).dims[axis]));
    auto branch = scf::IfOp::create(k_.b, type, k_.Less(point_.index[axis], end), true);
    OpBuilder::InsertionGuard guard(k_.b);
    k_.b.setInsertionPointToStart(branch.thenBlock());
    Value here = PointEmitter(k_, inner).At(op.getOperands()[i]);
    scf::YieldOp::create(k_.b, here);
    k_.b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(k_.b, choose(i + 1, end));
    return branch.getResult(0);
  };
  return choose(0, begin);
}

Value PointEmitter::Pad(ir::PadOp op) {
  Dims low = op.getLow(), high = op.getHigh(), dims = TypeOf(op.getX()).dims;
  bool pads_lanes = !low.empty() && (!low.back().Is(0) || !high.back().Is(0));
  std::optional<Access> lines = pads_lanes && point_.width > 1 ? std::optional(AccessOf(op.getX())) : std::nullopt;
  if (lines && !(isa<BlockArgument>(lines->buffer) && lines->view.strides.back().Is(1))) return ByLanes(op.getResult());
  Point inner = point_;
  Value inside = arith::ConstantOp::create(k_.b, k_.b.getBoolAttr(true));
  for (size_t i = 0; i < low.size(); ++i) {
    if (low[i].Is(0) && high[i].Is(0)) continue;
    if (lines && i + 1 == low.size()) continue;  // by the mask of lanes
    inner.index[i] = k_.Sub(point_.index[i], k_.Size(low[i]));
    // One unsigned comparison covers both ends.
    Value fits = arith::CmpIOp::create(k_.b, arith::CmpIPredicate::ult, inner.index[i], k_.Size(dims[i]));
    inside = arith::AndIOp::create(k_.b, inside, fits);
  }
  Type element = ComputeType(k_.b.getContext(), TypeOf(op.getResult()).dtype);
  Type type = point_.width == 1 ? element : Type(VectorType::get({point_.width}, element));
  auto branch = scf::IfOp::create(k_.b, type, inside, true);
  OpBuilder::InsertionGuard guard(k_.b);
  auto fill = [&] { return k_.Splat(PointEmitter(k_, Point{}).At(op.getValue()), point_.width); };
  k_.b.setInsertionPointToStart(branch.thenBlock());
  Value value =
      lines ? PaddedLanes(*lines, inner, low.back(), TypeOf(op.getX()), fill()) : PointEmitter(k_, inner).At(op.getX());
  scf::YieldOp::create(k_.b, value);
  k_.b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(k_.b, fill());
  return branch.getResult(0);
}

// Lanes of a line that begins `low` elements behind the point's axis; what lies outside of it is `fill`.
Value PointEmitter::PaddedLanes(const Access &lines, Point at, const Dim &low, const TensorType &type, Value fill) {
  Value first = k_.Sub(at.index.back(), k_.Size(low)), lanes = LaneIndex(first);
  at.index.back() = k_.Constant(0);
  Value length = k_.Size(type.dims.back());
  if (point_.lanes) length = k_.Min(length, k_.Add(first, point_.lanes));
  Value inside = arith::AndIOp::create(
      k_.b, arith::CmpIOp::create(k_.b, arith::CmpIPredicate::sge, lanes, k_.Splat(k_.Constant(0), point_.width)),
      arith::CmpIOp::create(k_.b, arith::CmpIPredicate::slt, lanes, k_.Splat(length, point_.width)));
  // The pointer may lie outside of the buffer where the mask has no lane.
  Value pointer = k_.ElementPointer(k_.Buffer(lines.buffer), StorageType(k_.b.getContext(), type.dtype),
                                    k_.Add(k_.OffsetOf(lines.view, at), first));
  return k_.LoadWhere(inside, pointer, type.dtype, fill);
}

Value PointEmitter::Iota(ir::IotaOp op) {
  size_t axis = op.getAxis();
  Value index =
      axis + 1 == point_.index.size() ? LaneIndex(point_.index[axis]) : k_.Splat(point_.index[axis], point_.width);
  DType dtype = TypeOf(op.getResult()).dtype;
  return EmitScalarOp(k_.b, OpKind::kCast, ScalarClass::Signed, index, nullptr, nullptr, DType::kI64, dtype);
}

Value PointEmitter::Halves(ir::HalvesOp op) {
  // Of vectors the first lane is even: they begin at multiples of their width.
  Value index = point_.index[0], two = k_.Constant(2);
  Point from;
  from.index.push_back(k_.Udiv(index, two));
  from.width = std::max(point_.width / 2, 1);
  if (point_.lanes) from.lanes = k_.Udiv(k_.Add(point_.lanes, k_.Constant(1)), two);
  Value bytes = k_.Splat(PointEmitter(k_, from).At(op.getX()), from.width);
  Value four = ConstantLike(k_.b, bytes, 4), low = arith::ShLIOp::create(k_.b, bytes, four), ours;
  if (point_.width == 1) {
    Value is_odd = arith::CmpIOp::create(k_.b, arith::CmpIPredicate::ne, k_.Urem(index, two), k_.Constant(0));
    ours = arith::SelectOp::create(k_.b, is_odd, bytes, low);
  } else {
    SmallVector<int64_t> order;
    for (int i = 0; i < from.width; ++i) order.append({i, from.width + i});
    auto as_vector = [&](Value half) -> Value {
      if (isa<VectorType>(half.getType())) return half;
      return vector::BroadcastOp::create(k_.b, VectorType::get({1}, half.getType()), half);
    };
    ours = vector::ShuffleOp::create(k_.b, as_vector(low), as_vector(bytes), order);
  }
  // Now in the high half; down with its sign, or with zeros.
  four = ConstantLike(k_.b, ours, 4);
  if (IsUnsigned(TypeOf(op.getResult()).dtype)) return arith::ShRUIOp::create(k_.b, ours, four);
  return arith::ShRSIOp::create(k_.b, ours, four);
}

Value PointEmitter::DimValues(ir::DimValuesOp op) {
  if (point_.width > 1) return ByLanes(op.getResult());
  Dims values = op.getValues();
  Value result = k_.Constant(0);
  for (size_t i = 0; i < values.size(); ++i) {
    Value hit =
        arith::CmpIOp::create(k_.b, arith::CmpIPredicate::eq, point_.index[0], k_.Constant(static_cast<int64_t>(i)));
    result = arith::SelectOp::create(k_.b, hit, k_.Size(values[i]), result);
  }
  // LLVM 22 loses constant lanes of a vector of integers (Soundness.AGuardedQuotientOfSizesOfWhichOneIsZero).
  return k_.Opaque(result);
}

}  // namespace ingot::compiler
