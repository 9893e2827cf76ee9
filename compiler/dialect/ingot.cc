#include "compiler/dialect/ingot.h"

#include "graph/shape/infer.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

// The brackets of a view's offset and strides.
static mlir::ParseResult parseDimList(mlir::OpAsmParser &parser, ingot::ir::DimsAttr &dims) {
  mlir::FailureOr<ingot::ir::DimsAttr> parsed = ingot::ir::DimsAttr::ParseList(parser);
  if (mlir::failed(parsed)) return mlir::failure();
  dims = *parsed;
  return mlir::success();
}
static void printDimList(mlir::OpAsmPrinter &printer, mlir::Operation *, ingot::ir::DimsAttr dims) {
  dims.PrintList(printer);
}

#include "compiler/dialect/IngotDialect.cpp.inc"
#define GET_OP_CLASSES
#include "compiler/dialect/IngotOps.cpp.inc"

using namespace mlir;

void ingot::ir::IngotDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/IngotOps.cpp.inc"
      >();
}

LogicalResult ingot::ir::VerifyShape(Operation *op) {
  using namespace ingot;
  using namespace ingot::compiler;
  const OpSchema &schema = Schema(*KindOf(op));
  // The graph's verifier has looked at functions; nothing here changes their types.
  if (schema.fusion == FusionKind::kControl) return success();
  std::vector<TensorType> types;
  for (mlir::Value operand : op->getOperands()) types.push_back(TypeOf(operand));
  std::vector<const TensorType *> operands;
  for (const TensorType &type : types) operands.push_back(&type);
  Attributes attributes = AttributesOf(op);
  absl::StatusOr<ResultTypes> results = InferTypes(schema, operands, attributes);
  if (!results.ok()) return op->emitOpError() << std::string(results.status().message());
  for (auto [result, expected] : llvm::zip_equal(op->getResults(), *results)) {
    TensorType actual = TypeOf(result);
    if (actual != expected)
      return op->emitOpError() << "has type " << actual.ToString() << " but its shape rule gives "
                               << expected.ToString();
  }
  return success();
}

namespace ingot::compiler {

mlir::Type ToElementType(MLIRContext *context, DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return Float64Type::get(context);
    case DType::kF32:
      return Float32Type::get(context);
    case DType::kF16:
      return Float16Type::get(context);
    case DType::kBF16:
      return BFloat16Type::get(context);
    case DType::kF8E4M3:
      return Float8E4M3FNType::get(context);
    case DType::kF8E5M2:
      return Float8E5M2Type::get(context);
    case DType::kBool:
      return IntegerType::get(context, 1);
    case DType::kComplex64:
      return ComplexType::get(Float32Type::get(context));
    case DType::kInvalid:
      return NoneType::get(context);
    default:
      break;
  }
  unsigned width = static_cast<unsigned>(BitWidth(dtype));
  return IntegerType::get(context, width, IsUnsigned(dtype) ? IntegerType::Unsigned : IntegerType::Signless);
}

DType ToDType(mlir::Type type) {
  if (type.isF64()) return DType::kF64;
  if (type.isF32()) return DType::kF32;
  if (type.isF16()) return DType::kF16;
  if (type.isBF16()) return DType::kBF16;
  if (isa<Float8E4M3FNType>(type)) return DType::kF8E4M3;
  if (isa<Float8E5M2Type>(type)) return DType::kF8E5M2;
  if (isa<ComplexType>(type)) return DType::kComplex64;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer) return DType::kInvalid;
  bool is_unsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
    case 1:
      return DType::kBool;
    case 4:
      return is_unsigned ? DType::kU4 : DType::kI4;
    case 8:
      return is_unsigned ? DType::kU8 : DType::kI8;
    case 16:
      return is_unsigned ? DType::kU16 : DType::kI16;
    case 32:
      return is_unsigned ? DType::kU32 : DType::kI32;
    case 64:
      return is_unsigned ? DType::kU64 : DType::kI64;
    default:
      return DType::kInvalid;
  }
}

RankedTensorType ToMlirType(MLIRContext *context, const TensorType &type) {
  SmallVector<int64_t> shape;
  bool is_static = true;
  for (const Dim &dim : type.dims) {
    shape.push_back(dim.constant().value_or(ShapedType::kDynamic));
    is_static &= dim.is_constant();
  }
  return RankedTensorType::get(shape, ToElementType(context, type.dtype),
                               is_static ? mlir::Attribute() : ir::DimsAttr::get(context, type.dims));
}

TensorType ToTensorType(mlir::Type type) {
  auto tensor = cast<RankedTensorType>(type);
  TensorType result{ToDType(tensor.getElementType()), {}};
  if (auto dims = dyn_cast_or_null<ir::DimsAttr>(tensor.getEncoding())) {
    result.dims = dims.dims();
  } else {
    for (int64_t size : tensor.getShape()) result.dims.push_back(size);
  }
  return result;
}

mlir::Attribute ToMlirAttribute(MLIRContext *context, const Attribute &attribute) {
  Builder b(context);
  struct Visitor {
    Builder &b;
    mlir::Attribute operator()(bool v) { return b.getBoolAttr(v); }
    mlir::Attribute operator()(int64_t v) { return b.getI64IntegerAttr(v); }
    mlir::Attribute operator()(double v) { return b.getF64FloatAttr(v); }
    mlir::Attribute operator()(const std::string &v) { return b.getStringAttr(v); }
    mlir::Attribute operator()(const Ints &v) { return b.getDenseI64ArrayAttr(v); }
    mlir::Attribute operator()(const std::vector<double> &v) { return b.getDenseF64ArrayAttr(v); }
    mlir::Attribute operator()(const Dims &v) { return ir::DimsAttr::get(b.getContext(), v); }
    mlir::Attribute operator()(DType v) { return TypeAttr::get(ToElementType(b.getContext(), v)); }
  };
  return std::visit(Visitor{b}, attribute);
}

Attribute FromMlirAttribute(mlir::Attribute attribute, AttributeKind kind) {
  switch (kind) {
    case AttributeKind::kBool:
      return cast<BoolAttr>(attribute).getValue();
    case AttributeKind::kInt:
      return cast<IntegerAttr>(attribute).getInt();
    case AttributeKind::kFloat:
      return cast<FloatAttr>(attribute).getValueAsDouble();
    case AttributeKind::kString:
    case AttributeKind::kFunction:
      return cast<StringAttr>(attribute).getValue().str();
    case AttributeKind::kInts:
      return Ints(cast<DenseI64ArrayAttr>(attribute).asArrayRef());
    case AttributeKind::kFloats:
      return std::vector<double>(cast<DenseF64ArrayAttr>(attribute).asArrayRef());
    case AttributeKind::kDims:
      return cast<ir::DimsAttr>(attribute).dims();
    case AttributeKind::kDType:
      return ToDType(cast<TypeAttr>(attribute).getValue());
  }
  return false;
}

static constexpr llvm::StringLiteral kFunctionPrefix = "fn_";
Attributes AttributesOf(Operation *op) {
  Attributes attributes;
  for (const AttributeSchema &wanted : Schema(*KindOf(op)).attributes)
    if (mlir::Attribute attribute = op->getAttr(StringRef(wanted.name.data(), wanted.name.size())))
      attributes[std::string(wanted.name)] = FromMlirAttribute(attribute, wanted.kind);
  return attributes;
}

std::string FunctionSymbol(StringRef graph_function) { return (kFunctionPrefix + graph_function).str(); }
bool IsFunctionOfGraph(Operation *function) {
  return SymbolTable::getSymbolName(function).getValue().starts_with(kFunctionPrefix);
}
bool IsKernel(Operation *function) {
  return SymbolTable::getSymbolVisibility(function) == SymbolTable::Visibility::Private;
}

std::optional<OpKind> KindOf(Operation *op) {
  StringRef name = op->getName().getStringRef();
  if (!name.consume_front("ingot.")) return std::nullopt;
  return FindOp(std::string_view(name.data(), name.size()));
}

std::optional<FusionKind> FusionKindOf(Operation *op) {
  if (isa<ir::ViewOp, ir::WindowsOp>(op)) return FusionKind::kView;
  if (isa<ir::CopyOp>(op)) return FusionKind::kElementwise;
  if (isa<ir::ScalarOp>(op)) return FusionKind::kLeaf;
  if (isa<ir::ContractOp>(op)) return FusionKind::kContraction;
  if (isa<ir::HalvesOp>(op)) return FusionKind::kGather;
  if (std::optional<OpKind> kind = KindOf(op)) return Schema(*kind).fusion;
  return std::nullopt;
}

Reads ReadsOf(OpOperand &operand) {
  if (std::optional<OpKind> kind = KindOf(operand.getOwner()))
    return OperandReads(Schema(*kind), operand.getOperandNumber());
  return isa<ir::CopyOp>(operand.getOwner()) ? Reads::kPoint : Reads::kAnywhere;
}

bool UsesIndex(Operation *op) {
  std::optional<OpKind> kind = KindOf(op);
  return isa<ir::HalvesOp>(op) || (kind && UsesIndex(Schema(*kind)));
}

int64_t CostOf(Operation *op) {
  std::optional<OpKind> kind = KindOf(op);
  return kind ? Schema(*kind).cost : isa<ir::CopyOp, ir::HalvesOp>(op) ? 1 : 0;
}

mlir::Value MakeOp(OpBuilder &builder, Location loc, OpKind kind, ValueRange operands, Attributes attributes) {
  const OpSchema &schema = Schema(kind);
  std::vector<TensorType> types;
  for (mlir::Value operand : operands) types.push_back(TypeOf(operand));
  std::vector<const TensorType *> pointers;
  for (const TensorType &type : types) pointers.push_back(&type);
  absl::StatusOr<ResultTypes> results = InferTypes(schema, pointers, attributes);
  if (!results.ok()) {
    // The op stays wrong, and the verifier behind the pass ends the compilation.
    emitError(loc) << "the compiler built a bad " << std::string(schema.name) << ": "
                   << std::string(results.status().message());
    results = ResultTypes{types.empty() ? TensorType{DType::kF32, {}} : types[0]};
  }
  OperationState state(loc, ("ingot." + std::string(schema.name)));
  state.addOperands(operands);
  state.addTypes(ToMlirType(builder.getContext(), results->front()));
  for (const auto &[name, attribute] : attributes)
    state.addAttribute(name, ToMlirAttribute(builder.getContext(), attribute));
  return builder.create(state)->getResult(0);
}

mlir::Value MakeScalar(OpBuilder &builder, Location loc, const TensorType &type, double value) {
  RankedTensorType mlir_type = ToMlirType(builder.getContext(), type);
  mlir::Type element = mlir_type.getElementType();
  TypedAttr attribute;
  if (IsFloat(type.dtype))
    attribute = builder.getFloatAttr(element, value);
  else
    attribute = IntegerAttr::get(IntegerType::get(builder.getContext(), element.getIntOrFloatBitWidth()),
                                 static_cast<int64_t>(value));
  return ir::ScalarOp::create(builder, loc, mlir_type, attribute);
}

Dim StorageSize(DType dtype, const Dim &elements) {
  Dim bits = static_cast<int64_t>(BitWidth(dtype));
  return IsNarrow(dtype) ? Dim::CeilDiv(elements * bits, 8) : elements * Dim(ElementBytes(dtype));
}

Dims ContiguousStrides(const Dims &dims) {
  Dims strides(dims.size(), Dim(1));
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

static void CollectNames(Location loc, llvm::SetVector<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    names.insert(name.getName().getValue());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations()) CollectNames(part, names);
  }
}

std::string NodeNames(Location loc) {
  llvm::SetVector<StringRef> names;
  CollectNames(loc, names);
  std::string text;
  for (StringRef name : names) {
    if (text.size() > 200) return text + "+...";
    text += (text.empty() ? "" : "+") + name.str();
  }
  return text;
}

}  // namespace ingot::compiler
