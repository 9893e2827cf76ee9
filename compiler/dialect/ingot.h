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
mlir::LogicalResult verifyShape(mlir::Operation *op);

template <typename ConcreteOp>
class ShapeChecked : public mlir::OpTrait::TraitBase<ConcreteOp, ShapeChecked> {
 public:
  static mlir::LogicalResult verifyTrait(mlir::Operation *op) { return verifyShape(op); }
};

}  // namespace ingot::ir

#include "compiler/dialect/IngotDialect.h.inc"
#define GET_OP_CLASSES
#include "compiler/dialect/IngotOps.h.inc"

namespace ingot::compiler {

// Here a value is MLIR's; the graph's is ingot::Value.
using Value = mlir::Value;

// Types.
mlir::Type toElementType(mlir::MLIRContext *context, DType dtype);
DType toDType(mlir::Type elementType);
mlir::RankedTensorType toMlirType(mlir::MLIRContext *context, const TensorType &type);
TensorType toTensorType(mlir::Type type);
inline TensorType typeOf(mlir::Value value) { return toTensorType(value.getType()); }

// Attributes.
mlir::Attribute toMlirAttribute(mlir::MLIRContext *context, const ingot::Attribute &attribute);
ingot::Attribute fromMlirAttribute(mlir::Attribute attribute, AttributeKind kind);

// What a function of the module is: the graph itself (@main), a function of the graph (@fn_NAME), or a kernel, which
// alone is private.
std::string functionSymbol(llvm::StringRef graphFunction);
bool isFunctionOfGraph(mlir::Operation *function);
bool isKernel(mlir::Operation *function);

// The graph op an operation stands for; nullopt for the compiler's own ops.
std::optional<OpKind> opKind(mlir::Operation *op);
// The record's fusion kind; views and copies of the compiler's own are kView and kElementwise.
std::optional<FusionKind> fusionKind(mlir::Operation *op);

// What the record says of the op, and the same of the compiler's own ops: how an operand is read, whether the value
// depends on the index itself, what one element costs in additions.
Reads readsOf(mlir::OpOperand &operand);
bool usesIndex(mlir::Operation *op);
int64_t costOf(mlir::Operation *op);

// Makes a graph op with one result; its type comes from the shape rule. Operands and attributes as in
// GraphBuilder::Emit.
mlir::Value makeOp(mlir::OpBuilder &builder, mlir::Location loc, OpKind kind, mlir::ValueRange operands,
                   Attributes attributes = {});
// A scalar splat of a given type.
mlir::Value makeScalar(mlir::OpBuilder &builder, mlir::Location loc, const TensorType &type, double value);

// Memory: of one element (kernels see none of less than a byte), and of so many one after another.
inline int64_t elementBytes(DType dtype) { return BitWidth(dtype) / 8; }
Dim storageBytes(DType dtype, const Dim &elements);

// Row-major strides of dims.
Dims contiguousStrides(const Dims &dims);

// The names of the nodes behind a location ("a+b" for fused ones), for messages and steps.
std::string nodeNames(mlir::Location loc);

}  // namespace ingot::compiler

#endif
