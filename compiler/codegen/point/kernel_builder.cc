#include "compiler/codegen/point/kernel_builder.h"

#include "compiler/codegen/point/scalar_math.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler {

Type ComputeType(MLIRContext *context, DType dtype) {
  if (IsHalf(dtype) || IsFloat8(dtype)) return Float32Type::get(context);
  if (IsUnsigned(dtype)) return IntegerType::get(context, static_cast<unsigned>(BitWidth(dtype)));
  return ToElementType(context, dtype);
}

Type StorageType(MLIRContext *context, DType dtype) {
  if (dtype == DType::kBool) return IntegerType::get(context, 8);
  if (dtype == DType::kBF16)  // converted by integer arithmetic: the compiler's own conversion would call a library
    return IntegerType::get(context, 16);
  if (IsFloat8(dtype)) return IntegerType::get(context, 8);
  if (dtype == DType::kF16) return ToElementType(context, dtype);
  return ComputeType(context, dtype);
}

KernelBuilder::KernelBuilder(const KernelRequest &request, KernelFunction kind)
    : b(func::FuncOp(request.region).getLoc(), func::FuncOp(request.region).getContext()),
      source(request.region),
      target(request.target),
      schedule(*Schedule::Of(request.region, request.target.device)),
      size_table_(request.sizes),
      kind_(kind) {
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Type i64 = b.getI64Type();
  b.setInsertionPointToEnd(ModuleOp(request.module).getBody());
  size_t num_buffers = body().getNumArguments() + Terminator()->getNumOperands();
  SmallVector<Type> parameters{pointer, pointer}, results{b.getI32Type()};
  if (kind == KernelFunction::Run) parameters.append({i64, i64, pointer});
  if (kind == KernelFunction::Entry) {
    parameters.assign(num_buffers, pointer);
    parameters.append({i64, pointer});
    results.clear();
  }
  function_ = func::FuncOp::create(b, kind == KernelFunction::Prepare ? request.prepare_symbol : request.symbol,
                                   b.getFunctionType(parameters, results));
  Block *entry = function_.addEntryBlock();
  b.setInsertionPointToEnd(entry);
  if (kind == KernelFunction::Entry) {
    tiles = entry->getArgument(num_buffers);
    workspace = entry->getArgument(num_buffers + 1);
  } else if (kind == KernelFunction::Run) {
    buffers_ = entry->getArgument(0);
    sizes_ = entry->getArgument(1);
    tile_begin = entry->getArgument(2);
    tile_end = entry->getArgument(3);
    workspace = entry->getArgument(4);
  } else {
    sizes_ = entry->getArgument(0);
    object = entry->getArgument(1);
  }
  // The status: also marks the end of the entry computations.
  entry_end_ = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
}

void KernelBuilder::Finish(Value status) {
  Block &entry = function_.getBody().front();
  if (!entry.empty() && isa<func::ReturnOp>(entry.back())) return;
  if (kind_ == KernelFunction::Entry)
    func::ReturnOp::create(b);
  else
    func::ReturnOp::create(b, status ? status : entry_end_->getResult(0));
}

Value KernelBuilder::OnEntry(llvm::function_ref<Value()> body) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entry_end_);
  return body();
}

Value KernelBuilder::Buffer(Value tensor) {
  Value &known = buffer_of_[tensor];
  if (known) return known;
  int64_t slot = -1;
  if (auto argument = dyn_cast<BlockArgument>(tensor)) slot = argument.getArgNumber();
  for (OpOperand &result : Terminator()->getOpOperands())
    if (result.get() == tensor) slot = body().getNumArguments() + result.getOperandNumber();
  if (slot < 0) {
    Fail(tensor.getLoc(), "is read from memory, but is neither an operand nor a result of its kernel");
    slot = 0;
  }
  return known = BufferAt(slot);
}

void KernelBuilder::Fail(Location loc, const Twine &what) {
  emitError(loc) << "region '" << source.getName() << "': " << what;
  has_failed_ = true;
}

Value KernelBuilder::BufferAt(int64_t slot) {
  if (kind_ == KernelFunction::Entry) return function_.getArgument(static_cast<unsigned>(slot));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entry_end_);
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value at = LLVM::GEPOp::create(b, pointer, pointer, buffers_, ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(slot)});
  return LLVM::LoadOp::create(b, pointer, at);
}

Value KernelBuilder::LibraryObject() { return BufferAt(body().getNumArguments() + Terminator()->getNumOperands()); }

Value KernelBuilder::Call(StringRef name, ValueRange arguments, Type result) {
  auto module = function_->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(name)) {
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    func::FuncOp::create(top, b.getLoc(), name, b.getFunctionType(arguments.getTypes(), {result})).setPrivate();
  }
  return func::CallOp::create(b, name, TypeRange{result}, arguments).getResult(0);
}

// ---- arithmetic ----

static std::optional<int64_t> ConstantOf(Value value) {
  if (auto op = value.getDefiningOp<arith::ConstantOp>())
    if (auto attribute = dyn_cast<IntegerAttr>(op.getValue())) return attribute.getInt();
  return std::nullopt;
}

Value KernelBuilder::Constant(int64_t value) {
  Value &known = constants_[value];
  if (known) return known;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entry_end_);
  return known = arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
}

Value KernelBuilder::Size(const Dim &expression) {
  if (auto number = expression.constant()) return Constant(*number);
  uint32_t place = size_table_.Index(expression);
  Value &known = dims_[place];
  if (known) return known;
  if (kind_ == KernelFunction::Entry) {
    size_parameters_.push_back(place);
    unsigned last = function_.getNumArguments();
    (void)function_.insertArgument(last, b.getI64Type(), {}, b.getLoc());
    return known = function_.getArgument(last);
  }
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entry_end_);
  Value at = LLVM::GEPOp::create(b, sizes_.getType(), b.getI64Type(), sizes_,
                                 ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(place)});
  return known = LLVM::LoadOp::create(b, b.getI64Type(), at);
}

Value KernelBuilder::Add(Value x, Value y) {
  auto a = ConstantOf(x), c = ConstantOf(y);
  if (a && c) return Constant(*a + *c);
  if (a && *a == 0) return y;
  if (c && *c == 0) return x;
  return arith::AddIOp::create(b, x, y);
}
Value KernelBuilder::Sub(Value x, Value y) {
  auto a = ConstantOf(x), c = ConstantOf(y);
  if (a && c) return Constant(*a - *c);
  if (c && *c == 0) return x;
  return arith::SubIOp::create(b, x, y);
}
Value KernelBuilder::Mul(Value x, Value y) {
  auto a = ConstantOf(x), c = ConstantOf(y);
  if (a && c) return Constant(*a * *c);
  if ((a && *a == 0) || (c && *c == 0)) return Constant(0);
  if (a && *a == 1) return y;
  if (c && *c == 1) return x;
  return arith::MulIOp::create(b, x, y);
}
Value KernelBuilder::Min(Value x, Value y) {
  auto a = ConstantOf(x), c = ConstantOf(y);
  if (a && c) return Constant(std::min(*a, *c));
  return arith::MinSIOp::create(b, x, y);
}
Value KernelBuilder::Udiv(Value x, Value y) {
  auto a = ConstantOf(x), c = ConstantOf(y);
  if (a && c && *c > 0) return Constant(*a / *c);
  if (c && *c == 1) return x;
  if (!c) y = arith::MaxSIOp::create(b, y, Constant(1));
  return arith::DivUIOp::create(b, x, y);
}
Value KernelBuilder::Urem(Value x, Value y) {
  auto a = ConstantOf(x), c = ConstantOf(y);
  if (a && c && *c > 0) return Constant(*a % *c);
  if (c && *c == 1) return Constant(0);
  if (!c) y = arith::MaxSIOp::create(b, y, Constant(1));
  return arith::RemUIOp::create(b, x, y);
}
Value KernelBuilder::Less(Value x, Value y) { return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, y); }

// ---- control flow ----

void KernelBuilder::ForRange(Value begin, Value end, Value step, Body body) {
  auto loop = scf::ForOp::create(b, begin, end, step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

SmallVector<Value> KernelBuilder::ForReduce(Value begin, Value end, Value step, ValueRange init, Reduction body) {
  auto loop = scf::ForOp::create(b, begin, end, step, init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  // With no values carried, the loop has its terminator already.
  if (!next.empty()) scf::YieldOp::create(b, next);
  return SmallVector<Value>(loop.getResults());
}

void KernelBuilder::IfThen(Value condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

void KernelBuilder::IfElse(Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  then();
  b.setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

void KernelBuilder::SwitchOn(Value count, int least, int most, llvm::function_ref<void(int)> body) {
  if (auto known = ConstantOf(count)) {
    if (*known >= least && *known <= most) body(static_cast<int>(*known));
    return;
  }
  Value index = arith::IndexCastOp::create(b, b.getIndexType(), count);
  SmallVector<int64_t> cases;
  for (int i = least; i <= most; ++i) cases.push_back(i);
  if (cases.empty()) return;
  auto op = scf::IndexSwitchOp::create(b, TypeRange(), index, cases, static_cast<unsigned>(cases.size()));
  OpBuilder::InsertionGuard guard(b);
  for (int i = least; i <= most; ++i) {
    b.createBlock(&op.getCaseRegions()[i - least]);
    body(i);
    scf::YieldOp::create(b);
  }
  b.createBlock(&op.getDefaultRegion());
  scf::YieldOp::create(b);
}

Value KernelBuilder::Opaque(Value x) {
  if (ConstantOf(x) || kind_ == KernelFunction::Entry) return x;
  return LLVM::InlineAsmOp::create(b, TypeRange{x.getType()}, ValueRange{x}, /*asm_string=*/"", /*constraints=*/"=r,0",
                                   /*has_side_effects=*/false, /*is_align_stack=*/false, LLVM::TailCallKind::None,
                                   LLVM::AsmDialectAttr(), ArrayAttr())
      .getResult(0);
}

void KernelBuilder::Delinearize(Value flat, const Dims &dims, size_t begin, size_t end, MutableArrayRef<Value> index) {
  for (size_t i = end; i-- > begin;) {
    if (i == begin) {
      index[i] = flat;
    } else if (dims[i].Is(1)) {
      index[i] = Constant(0);
    } else {
      Value size = Size(dims[i]);
      index[i] = Urem(flat, size);
      flat = Udiv(flat, size);
    }
  }
}

// ---- memory ----

Value KernelBuilder::ElementPointer(Value base, Type element, Value offset) {
  if (ConstantOf(offset) == 0) return base;
  return LLVM::GEPOp::create(b, base.getType(), element, base, ArrayRef<LLVM::GEPArg>{offset});
}
Value KernelBuilder::BytePointer(Value base, Value bytes) { return ElementPointer(base, b.getI8Type(), bytes); }

Value KernelBuilder::Scratch(Type element, int64_t count) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entry_end_);
  return LLVM::AllocaOp::create(b, LLVM::LLVMPointerType::get(b.getContext()), element, Constant(count),
                                /*alignment=*/64);
}

Value KernelBuilder::Splat(Value scalar, int width) {
  if (width == 1 || isa<VectorType>(scalar.getType())) return scalar;
  return vector::BroadcastOp::create(b, VectorType::get({width}, scalar.getType()), scalar);
}

Value KernelBuilder::Zero(Type element, int width) {
  Type type = width == 1 ? element : Type(VectorType::get({width}, element));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(entry_end_);
  return arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(type)));
}

Value KernelBuilder::LaneMask(Value lanes, int width) {
  SmallVector<int32_t> numbers;
  for (int i = 0; i < width; ++i) numbers.push_back(i);
  Value iota = arith::ConstantOp::create(b, b.getI32VectorAttr(numbers));
  Value count = arith::TruncIOp::create(b, b.getI32Type(), lanes);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, iota, Splat(count, width));
}

static Type WithElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type)) return VectorType::get(vector.getShape(), element);
  return element;
}

Value KernelBuilder::FromStorage(Value value, DType dtype) {
  if (dtype == DType::kBool)
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value,
                                 arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(value.getType()))));
  if (dtype == DType::kBF16) return FromBfloat16Bits(b, value);
  if (IsFloat8(dtype)) return FromFloat8Bits(b, value, dtype);
  if (dtype == DType::kF16) return arith::ExtFOp::create(b, WithElement(value.getType(), b.getF32Type()), value);
  return value;
}

Value KernelBuilder::ToStorage(Value value, DType dtype) {
  Type type = WithElement(value.getType(), StorageType(b.getContext(), dtype));
  if (dtype == DType::kBool) return arith::ExtUIOp::create(b, type, value);
  if (dtype == DType::kBF16) return ToBfloat16Bits(b, value);
  if (IsFloat8(dtype)) return ToFloat8Bits(b, value, dtype);
  if (dtype == DType::kF16) return arith::TruncFOp::create(b, type, value);
  return value;
}

Value KernelBuilder::Load(Value pointer, DType dtype, int width, Value lanes, int alignment_elements) {
  Type element = StorageType(b.getContext(), dtype);
  unsigned alignment = static_cast<unsigned>(ElementBytes(dtype) * alignment_elements);
  if (width == 1) return FromStorage(LLVM::LoadOp::create(b, element, pointer, alignment), dtype);
  auto type = VectorType::get({width}, element);
  if (!lanes) return FromStorage(LLVM::LoadOp::create(b, type, pointer, alignment), dtype);
  return FromStorage(
      LLVM::MaskedLoadOp::create(b, type, pointer, LaneMask(lanes, width), Zero(element, width), alignment), dtype);
}

Value KernelBuilder::LoadWhere(Value mask, Value pointer, DType dtype, Value otherwise) {
  auto type = VectorType::get(cast<VectorType>(mask.getType()).getShape(), StorageType(b.getContext(), dtype));
  int width = static_cast<int>(type.getNumElements());
  Value loaded = LLVM::MaskedLoadOp::create(b, type, pointer, mask, Zero(type.getElementType(), width),
                                            static_cast<unsigned>(ElementBytes(dtype)));
  return arith::SelectOp::create(b, mask, FromStorage(loaded, dtype), otherwise);
}

void KernelBuilder::Store(Value value, Value pointer, DType dtype, int width, Value lanes, int alignment_elements) {
  value = ToStorage(Splat(value, width), dtype);
  unsigned alignment = static_cast<unsigned>(ElementBytes(dtype) * alignment_elements);
  if (width == 1 || !lanes) {
    LLVM::StoreOp::create(b, value, pointer, alignment);
  } else if (ConstantOf(lanes) == 1) {
    LLVM::StoreOp::create(b, vector::ExtractOp::create(b, value, ArrayRef<int64_t>{0}), pointer, alignment);
  } else {
    // LLVM 22 stores a narrowed integer at its old width where it knows that one lane counts (AVX-512), and so writes
    // behind it: what it may learn of the lanes is hidden from it.
    bool may_narrow = isa<IntegerType>(getElementTypeOrSelf(value.getType()));
    LLVM::MaskedStoreOp::create(b, value, pointer, LaneMask(may_narrow ? Opaque(lanes) : lanes, width), alignment);
  }
}

Value KernelBuilder::OffsetOf(const StridedView &view, const Point &point) {
  Value offset = Size(view.offset);
  for (size_t i = 0; i < view.dims.size(); ++i)
    if (!view.strides[i].Is(0) && !view.dims[i].Is(1)) offset = Add(offset, MulDim(point.index[i], view.strides[i]));
  return offset;
}

bool KernelBuilder::IsAligned(const StridedView &view, int width) {
  auto is_multiple = [&](const Dim &x) { return Dim::DivideExactly(x, width).has_value(); };
  if (!is_multiple(view.offset)) return false;
  for (size_t i = 0; i + 1 < view.dims.size(); ++i)
    if (!view.dims[i].Is(1) && !is_multiple(view.strides[i])) return false;
  return true;
}

int KernelBuilder::AlignmentOf(const StridedView &view, const Point &point) const {
  return kind_ == KernelFunction::Entry && IsAligned(view, point.width) ? point.width : 1;
}

Value KernelBuilder::LoadView(Value base, const StridedView &view, DType dtype, const Point &point) {
  Type element = StorageType(b.getContext(), dtype);
  Value pointer = ElementPointer(base, element, OffsetOf(view, point));
  if (point.width == 1) return Load(pointer, dtype, 1, nullptr);
  Dim stride = view.dims.empty() || view.dims.back().Is(1) ? Dim(0) : view.strides.back();
  if (stride.Is(0)) return Splat(Load(pointer, dtype, 1, nullptr), point.width);
  if (stride.Is(1)) return Load(pointer, dtype, point.width, point.lanes, AlignmentOf(view, point));
  if (stride.Is(2) && IsFloat(dtype)) return LoadEverySecond(pointer, dtype, point);
  // Strided lanes, one by one; lanes that do not count repeat the first.
  Value step = Size(stride), result = Zero(ComputeType(b.getContext(), dtype), point.width);
  for (int i = 0; i < point.width; ++i) {
    Value lane = Constant(i);
    if (point.lanes) lane = arith::SelectOp::create(b, Less(lane, point.lanes), lane, Constant(0));
    Value scalar = Load(ElementPointer(pointer, element, Mul(lane, step)), dtype, 1, nullptr);
    result = vector::InsertOp::create(b, scalar, result, ArrayRef<int64_t>{i});
  }
  return result;
}

// Two vectors, of which the second ends with the last lane: no element behind it is read.
Value KernelBuilder::LoadEverySecond(Value pointer, DType dtype, const Point &point) {
  int width = point.width;
  Value count = point.lanes ? Sub(Mul(point.lanes, Constant(2)), Constant(1)) : Value();
  Value second = ElementPointer(pointer, StorageType(b.getContext(), dtype), Constant(width - 1));
  Value low = Load(pointer, dtype, width, count),
        high = Load(second, dtype, width, count ? Sub(count, Constant(width - 1)) : Value());
  SmallVector<int64_t> lanes;
  for (int i = 0; i < width; ++i) lanes.push_back(2 * i < width ? 2 * i : 2 * i + 1);
  return vector::ShuffleOp::create(b, low, high, lanes);
}

void KernelBuilder::StoreContiguous(Value value, Value tensor, const Point &point) {
  TensorType type = TypeOf(tensor);
  StridedView view = StridedView::Contiguous(type.dims);
  Value offset = OffsetOf(view, point);
  Value pointer = ElementPointer(Buffer(tensor), StorageType(b.getContext(), type.dtype), offset);
  Store(value, pointer, type.dtype, point.width, point.lanes, AlignmentOf(view, point));
}

}  // namespace ingot::compiler
