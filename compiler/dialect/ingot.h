// The `ingot` dialect: graph ops generated from graph/ops/*.td, and the compiler's own from InternalOps.td.
// Also the bridge between MLIR's types and attributes and the graph's (Dim, TensorType, Attribute).
#ifndef INGOT_COMPILER_DIALECT_INGOT_H
#define INGOT_COMPILER_DIALECT_INGOT_H

#include "compiler/dialect/dims.h"
#include "ingot/graph.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace ingot::ir {

// The types of a graph op's results are what graph/shape says they are.
mlir::LogicalResult VerifyShape(mlir::Operation *op);

template <typename ConcreteOp>
class ShapeChecked : public mlir::OpTrait::TraitBase<ConcreteOp, ShapeChecked> {
 public:
  static mlir::LogicalResult verifyTrait(mlir::Operation *op) { return VerifyShape(op); }
};

}  // namespace ingot::ir

#include "compiler/dialect/IngotDialect.h.inc"
#define GET_OP_CLASSES
#include "compiler/dialect/IngotOps.h.inc"

namespace ingot::compiler {

// Here a value is MLIR's; the graph's is ingot::Value.
using Value = mlir::Value;

// Types.
mlir::Type ToElementType(mlir::MLIRContext *context, DType dtype);
DType ToDType(mlir::Type element_type);
mlir::RankedTensorType ToMlirType(mlir::MLIRContext *context, const TensorType &type);
TensorType ToTensorType(mlir::Type type);
inline TensorType TypeOf(mlir::Value value) { return ToTensorType(value.getType()); }

// Attributes.
mlir::Attribute ToMlirAttribute(mlir::MLIRContext *context, const ingot::Attribute &attribute);
ingot::Attribute FromMlirAttribute(mlir::Attribute attribute, AttributeKind kind);
// Those of an op of the graph that its record has.
Attributes AttributesOf(mlir::Operation *op);

// What a function of the module is: the graph itself (@main), a function of the graph (@fn_NAME), or a kernel, which
// alone is private.
std::string FunctionSymbol(llvm::StringRef graph_function);
bool IsFunctionOfGraph(mlir::Operation *function);
bool IsKernel(mlir::Operation *function);

// The graph op an operation stands for; nullopt for the compiler's own ops.
std::optional<OpKind> KindOf(mlir::Operation *op);
// The record's fusion kind; views and copies of the compiler's own are kView and kElementwise.
std::optional<FusionKind> FusionKindOf(mlir::Operation *op);

// What the record says of the op, and the same of the compiler's own ops: how an operand is read, whether the value
// depends on the index itself, what one element costs in additions.
Reads ReadsOf(mlir::OpOperand &operand);
bool UsesIndex(mlir::Operation *op);
int64_t CostOf(mlir::Operation *op);

// Makes a graph op with one result; its type comes from the shape rule. Operands and attributes as in
// GraphBuilder::Emit.
mlir::Value MakeOp(mlir::OpBuilder &builder, mlir::Location loc, OpKind kind, mlir::ValueRange operands,
                   Attributes attributes = {});
// A scalar splat of a given type.
mlir::Value MakeScalar(mlir::OpBuilder &builder, mlir::Location loc, const TensorType &type, double value);

// Memory: of one element (kernels see none of less than a byte), and of so many one after another.
inline int64_t ElementBytes(DType dtype) { return BitWidth(dtype) / 8; }
Dim StorageSize(DType dtype, const Dim &elements);

// Row-major strides of dims.
Dims ContiguousStrides(const Dims &dims);

// The names of the nodes behind a location ("a+b" for fused ones), for messages and steps.
std::string NodeNames(mlir::Location loc);

}  // namespace ingot::compiler

#endif
