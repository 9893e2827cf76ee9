// What every op record has. Records are ODS-compatible, so stock mlir-tblgen makes the MLIR op from them; the extra fields are read from
// `llvm-tblgen --dump-json` by generate.py. Adding an op: docs/adding-an-op.md.
#ifndef INGOT_OPS_BASE
#define INGOT_OPS_BASE

include "mlir/IR/OpBase.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Ingot_Dialect : Dialect {
  let name = "ingot";
  let cppNamespace = "::ingot::ir";
  let summary = "Ingot's graph ops on tensors";
  let extraClassDeclaration = [{
    ::mlir::Attribute parseAttribute(::mlir::DialectAsmParser &parser, ::mlir::Type type) const override;
    void registerAttributes();
    void printAttribute(::mlir::Attribute attribute, ::mlir::DialectAsmPrinter &printer) const override;
  }];
}

// Dim expressions, also the encoding of every tensor type: #ingot.dims<["batch", "768"]> (compiler/dialect/dims.h).
def Ingot_Dims : Attr<CPred<"::llvm::isa<::ingot::ir::DimsAttr>($_self)">, "dim expressions"> {
  let storageType = "::ingot::ir::DimsAttr";
  let returnType = "const ::ingot::Dims &";
  let convertFromStorage = "$_self.dims()";
  let constBuilderCall = "::ingot::ir::DimsAttr::get($_builder.getContext(), $0)";
}

// Every attribute of a record is one of these (or wrapped in DefaultValuedAttr / with a `Defaulted` text).
class Ingot_Attr<Attr base, string kindName, string defaultText = "required"> : Attr<base.predicate, base.summary> {
  let storageType = base.storageType;
  let returnType = base.returnType;
  let convertFromStorage = base.convertFromStorage;
  let constBuilderCall = base.constBuilderCall;
  let valueType = base.valueType;
  string kind = kindName;          // AttributeKind, without the k
  string defaultValueText = defaultText;
}
class IntAttr<string default = "required"> : Ingot_Attr<I64Attr, "Int", default>;
class FloatAttr<string default = "required"> : Ingot_Attr<F64Attr, "Float", default>;
class FlagAttr<string default = "required"> : Ingot_Attr<BoolAttr, "Bool", default>;
class TextAttr<string default = "required"> : Ingot_Attr<StrAttr, "String", default>;
class IntsAttr<string default = "required"> : Ingot_Attr<DenseI64ArrayAttr, "Ints", default>;
def FunctionAttr : Ingot_Attr<StrAttr, "Function">;  // a function's name
class DimsAttr<string default = "required"> : Ingot_Attr<Ingot_Dims, "Dims", default>;
class DTypeAttr<string default = "required"> : Ingot_Attr<TypeAttr, "DType", default>;

def ShapeChecked : NativeOpTrait<"ShapeChecked"> { let cppNamespace = "::ingot::ir"; }

// fusionKind: FusionKind without the k. shapeRule: "same_with_axis" is InferSameWithAxis of graph/shape/.
class Ingot_Op<string mnemonic, string fusionKind, string shape, list<Trait> traits = [], list<Trait> effects = [Pure]> :
    Op<Ingot_Dialect, mnemonic, traits # effects # [ShapeChecked]> {
  string fusion = fusionKind;
  string shapeRule = shape;
  string dtypes = "Number";  // DTypeSet without the k, of the operands
  // How complex operands are computed, since kernels know real numbers alone: "Parts" where their parts go the same way
  // each, else the function of compiler/transforms/split_complex.cc that does it. Empty: the op does not take them
  // (nor does FromParts, whose result they are).
  string complex = "";
  int sinceOpSet = 1;
  string toleranceText = "8";
  // Which elements of each operand one element of the result needs (Reads without the k); the last entry stands for the operands behind it.
  // Empty: as the fusion kind says (generate.py).
  list<string> reads = [];
  int cost = 1;  // of one element of the result, in additions
  // What the interpreter evaluates: empty for the function of graph/interp/ that is named as the op; "Unary", "Binary" or "Compare" for the row of
  // kernels/reference/scalar.h that is (kTanh); else an expression, in which `c` is the OpCall.
  string reference = "";
  // Of a composite: the function of graph/composites/ that writes it in primitives.
  string body = "";
  // The ONNX op that is exactly this one, without attributes and folding; empty: translated by hand in graph/import/onnx/.
  string onnx = "";
  // Of an element-wise op: operands and result, by another source than Ingot: "1, 2; 10, 20 -> 11, 22"; C++ numbers, kInf, kNan; f64 unless another
  // dtype stands in front ("bool: 0, 1 -> 1, 0"). Tests in every mode are made from it.
  string example = "";
  // C++ for one scalar or vector: `b` (ImplicitLocOpBuilder), operands `x`, `y`, `z`; yields a Value. Empty: not element-wise, or not for that class.
  string floatBody = "";
  string intBody = "";       // signed integers
  string unsignedBody = "";  // unsigned integers; empty takes intBody
  string boolBody = "";      // i1
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

class Ingot_Unary<string mnemonic, string shape = "elementwise"> : Ingot_Op<mnemonic, "Elementwise", shape> {
  let arguments = (ins AnyRankedTensor:$x);
  let reference = "Unary";
}
class Ingot_Binary<string mnemonic, string shape = "elementwise"> : Ingot_Op<mnemonic, "Elementwise", shape> {
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$y);
  let reference = "Binary";
}
#endif
