#include "compiler/codegen/cpu/point_emitter.h"

#include "compiler/codegen/cpu/scalar_math.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler {

Value PointEmitter::at(Value tensor) {
  if (auto found = known.find(tensor); found != known.end()) return found->second = k.splat(found->second, point.width);
  Value value = compute(tensor);
  return known[tensor] = value;
}

Value PointEmitter::compute(Value tensor) {
  TensorType type = TypeOf(tensor);
  Operation *op = tensor.getDefiningOp();
  if (auto scalar = dyn_cast_or_null<ir::ScalarOp>(op)) {
    double value = 0;
    Type element = ComputeType(k.b.getContext(), type.dtype);
    if (auto real = dyn_cast<FloatAttr>(scalar.getValue())) value = real.getValueAsDouble();
    TypedAttr attribute;
    if (isa<FloatType>(element))
      attribute = k.b.getFloatAttr(element, value);
    else
      attribute = IntegerAttr::get(element, cast<IntegerAttr>(scalar.getValue()).getValue());
    return k.splat(arith::ConstantOp::create(k.b, attribute), point.width);
  }
  if (auto view = dyn_cast_or_null<ir::ViewOp>(op)) {
    // A view of a value of this kernel repeats a per-row scalar along the row; one of an operand reads memory at a
    // place of its own.
    if (auto found = known.find(view.getSource()); found != known.end() && view.getSource().getDefiningOp())
      return k.splat(found->second, point.width);
    return k.LoadView(k.buffer(view.getSource()), ViewOf(view), type.dtype, point);
  }
  if (!op) return k.LoadView(k.buffer(tensor), StridedView::contiguous(type.dims), type.dtype, point);
  if (auto copy = dyn_cast<ir::CopyOp>(op)) return at(copy.getX());
  if (UsesIndex(op)) return ComputeIndexOp(op);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) operands.push_back(at(operand));
  operands.resize(3);
  std::optional<OpKind> kind = KindOf(op);
  DType from = TypeOf(op->getOperand(0)).dtype;
  // A select works on the class of what it selects.
  DType class_of = isa<ir::SelectOp>(op) ? type.dtype : from;
  Value value =
      kind ? EmitScalarOp(k.b, *kind, ScalarClassOf(class_of), operands[0], operands[1], operands[2], from, type.dtype)
           : Value();
  if (!value) {
    k.fail(op->getLoc(), "there is no code for " + op->getName().getStringRef() + " on " + std::string(Name(class_of)));
    return k.zero(ComputeType(k.b.getContext(), type.dtype), point.width);
  }
  return value;
}

Value PointEmitter::LaneIndex(Value first) {
  if (point.width == 1) return first;
  SmallVector<int64_t> numbers;
  for (int i = 0; i < point.width; ++i) numbers.push_back(i);
  auto type = VectorType::get({point.width}, k.b.getI64Type());
  Value iota = arith::ConstantOp::create(k.b, DenseElementsAttr::get(type, ArrayRef<int64_t>(numbers)));
  return arith::AddIOp::create(k.b, k.splat(first, point.width), iota);
}

Value PointEmitter::ByLanes(Value tensor) {
  Value result = k.zero(ComputeType(k.b.getContext(), TypeOf(tensor).dtype), point.width);
  for (int i = 0; i < point.width; ++i) {
    Point lane = point;
    lane.width = 1;
    lane.lanes = nullptr;
    Value number = k.constant(i);
    if (point.lanes)  // lanes that do not count repeat the first
      number = arith::SelectOp::create(k.b, k.less(number, point.lanes), number, k.constant(0));
    lane.index.back() = k.add(point.index.back(), number);
    PointEmitter scalar(k, lane);
    result = vector::InsertOp::create(k.b, scalar.at(tensor), result, ArrayRef<int64_t>{i});
  }
  return result;
}

Value PointEmitter::ComputeIndexOp(Operation *op) {
  if (auto gather_op = dyn_cast<ir::GatherOp>(op)) return gather(gather_op);
  if (auto concat_op = dyn_cast<ir::ConcatOp>(op)) return concat(concat_op);
  if (auto pad_op = dyn_cast<ir::PadOp>(op)) return pad(pad_op);
  if (auto iota_op = dyn_cast<ir::IotaOp>(op)) return iota(iota_op);
  if (auto halves_op = dyn_cast<ir::HalvesOp>(op)) return halves(halves_op);
  return DimValues(cast<ir::DimValuesOp>(op));
}

Value PointEmitter::gather(ir::GatherOp op) {
  TensorType x = TypeOf(op.getX()), indices = TypeOf(op.getIndices());
  size_t axis = op.getAxis(), count = indices.dims.size();
  // With no axis of x behind the gathered one, every lane has an index of its own.
  if (point.width > 1 && axis + 1 == x.dims.size()) return ByLanes(op.getResult());
  Point which;
  which.index.assign(point.index.begin() + axis, point.index.begin() + axis + count);
  PointEmitter index_emitter(k, which);
  Value index = index_emitter.at(op.getIndices());
  if (indices.dtype == DType::kI32) index = arith::ExtSIOp::create(k.b, k.b.getI64Type(), index);
  Value size = k.dim(x.dims[axis]), zero = k.constant(0);
  index = arith::SelectOp::create(k.b, k.less(index, zero), k.add(index, size), index);
  index = arith::MaxSIOp::create(k.b, k.min(index, k.sub(size, k.constant(1))), zero);
  Point from = point;
  from.index.assign(point.index.begin(), point.index.begin() + axis);
  from.index.push_back(index);
  from.index.append(point.index.begin() + axis + count, point.index.end());
  return PointEmitter(k, from).at(op.getX());
}

Value PointEmitter::concat(ir::ConcatOp op) {
  size_t axis = op.getAxis();
  if (point.width > 1 && axis + 1 == point.index.size()) return ByLanes(op.getResult());
  Type element = ComputeType(k.b.getContext(), TypeOf(op.getResult()).dtype);
  Type type = point.width == 1 ? element : Type(VectorType::get({point.width}, element));
  Value begin = k.constant(0);
  std::function<Value(size_t, Value)> choose = [&](size_t i, Value start) -> Value {
    Point inner = point;
    inner.index[axis] = k.sub(point.index[axis], start);
    if (i + 1 == op.getOperands().size()) return PointEmitter(k, inner).at(op.getOperands()[i]);
    Value end = k.add(start, k.dim(TypeOf(op.getOperands()[i]).dims[axis]));
    auto branch = scf::IfOp::create(k.b, type, k.less(point.index[axis], end), true);
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(branch.thenBlock());
    Value here = PointEmitter(k, inner).at(op.getOperands()[i]);
    scf::YieldOp::create(k.b, here);
    k.b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(k.b, choose(i + 1, end));
    return branch.getResult(0);
  };
  return choose(0, begin);
}

Value PointEmitter::pad(ir::PadOp op) {
  Dims low = op.getLow(), high = op.getHigh(), dims = TypeOf(op.getX()).dims;
  bool pads_lanes = !low.empty() && (!low.back().Is(0) || !high.back().Is(0));
  std::optional<Access> lines = pads_lanes && point.width > 1 ? std::optional(AccessOf(op.getX())) : std::nullopt;
  if (lines && !(isa<BlockArgument>(lines->buffer) && lines->view.strides.back().Is(1))) return ByLanes(op.getResult());
  Point inner = point;
  Value inside = arith::ConstantOp::create(k.b, k.b.getBoolAttr(true));
  for (size_t i = 0; i < low.size(); ++i) {
    if (low[i].Is(0) && high[i].Is(0)) continue;
    if (lines && i + 1 == low.size()) continue;  // by the mask of lanes
    inner.index[i] = k.sub(point.index[i], k.dim(low[i]));
    // One unsigned comparison covers both ends.
    Value fits = arith::CmpIOp::create(k.b, arith::CmpIPredicate::ult, inner.index[i], k.dim(dims[i]));
    inside = arith::AndIOp::create(k.b, inside, fits);
  }
  Type element = ComputeType(k.b.getContext(), TypeOf(op.getResult()).dtype);
  Type type = point.width == 1 ? element : Type(VectorType::get({point.width}, element));
  auto branch = scf::IfOp::create(k.b, type, inside, true);
  OpBuilder::InsertionGuard guard(k.b);
  auto fill = [&] { return k.splat(PointEmitter(k, Point{}).at(op.getValue()), point.width); };
  k.b.setInsertionPointToStart(branch.thenBlock());
  Value value =
      lines ? PaddedLanes(*lines, inner, low.back(), TypeOf(op.getX()), fill()) : PointEmitter(k, inner).at(op.getX());
  scf::YieldOp::create(k.b, value);
  k.b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(k.b, fill());
  return branch.getResult(0);
}

// Lanes of a line that begins `low` elements behind the point's axis; what lies outside of it is `fill`.
Value PointEmitter::PaddedLanes(const Access &lines, Point at, const Dim &low, const TensorType &type, Value fill) {
  Value first = k.sub(at.index.back(), k.dim(low)), lanes = LaneIndex(first);
  at.index.back() = k.constant(0);
  Value length = k.dim(type.dims.back());
  if (point.lanes) length = k.min(length, k.add(first, point.lanes));
  Value inside = arith::AndIOp::create(
      k.b, arith::CmpIOp::create(k.b, arith::CmpIPredicate::sge, lanes, k.splat(k.constant(0), point.width)),
      arith::CmpIOp::create(k.b, arith::CmpIPredicate::slt, lanes, k.splat(length, point.width)));
  // The pointer may lie outside of the buffer where the mask has no lane.
  Value pointer = k.ElementPointer(k.buffer(lines.buffer), StorageType(k.b.getContext(), type.dtype),
                                   k.add(k.OffsetOf(lines.view, at), first));
  return k.LoadWhere(inside, pointer, type.dtype, fill);
}

Value PointEmitter::iota(ir::IotaOp op) {
  size_t axis = op.getAxis();
  Value index = axis + 1 == point.index.size() ? LaneIndex(point.index[axis]) : k.splat(point.index[axis], point.width);
  DType dtype = TypeOf(op.getResult()).dtype;
  return EmitScalarOp(k.b, OpKind::kCast, ScalarClass::Signed, index, nullptr, nullptr, DType::kI64, dtype);
}

Value PointEmitter::halves(ir::HalvesOp op) {
  // Of vectors the first lane is even: they begin at multiples of their width.
  Value index = point.index[0], two = k.constant(2);
  Point from;
  from.index.push_back(k.udiv(index, two));
  from.width = std::max(point.width / 2, 1);
  if (point.lanes) from.lanes = k.udiv(k.add(point.lanes, k.constant(1)), two);
  Value bytes = k.splat(PointEmitter(k, from).at(op.getX()), from.width);
  Value four = ConstantLike(k.b, bytes, 4), low = arith::ShLIOp::create(k.b, bytes, four), ours;
  if (point.width == 1) {
    Value is_odd = arith::CmpIOp::create(k.b, arith::CmpIPredicate::ne, k.urem(index, two), k.constant(0));
    ours = arith::SelectOp::create(k.b, is_odd, bytes, low);
  } else {
    SmallVector<int64_t> order;
    for (int i = 0; i < from.width; ++i) order.append({i, from.width + i});
    ours = vector::ShuffleOp::create(k.b, low, bytes, order);
  }
  // Now in the high half; down with its sign, or with zeros.
  four = ConstantLike(k.b, ours, 4);
  if (IsUnsigned(TypeOf(op.getResult()).dtype)) return arith::ShRUIOp::create(k.b, ours, four);
  return arith::ShRSIOp::create(k.b, ours, four);
}

Value PointEmitter::DimValues(ir::DimValuesOp op) {
  if (point.width > 1) return ByLanes(op.getResult());
  Dims values = op.getValues();
  Value result = k.constant(0);
  for (size_t i = 0; i < values.size(); ++i) {
    Value hit =
        arith::CmpIOp::create(k.b, arith::CmpIPredicate::eq, point.index[0], k.constant(static_cast<int64_t>(i)));
    result = arith::SelectOp::create(k.b, hit, k.dim(values[i]), result);
  }
  return result;
}

}  // namespace ingot::compiler
