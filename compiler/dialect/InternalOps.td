// Ops that exist only inside the compiler, beside the graph ops of graph/ops/. Types carry the dims:
// tensor<?x768xf32, #ingot.dims<["batch", "768"]>>.
include "graph/ops/base.td"
include "mlir/IR/SymbolInterfaces.td"

class Ingot_InternalOp<string mnemonic, list<Trait> traits = [Pure]> : Op<Ingot_Dialect, mnemonic, traits>;

def Ingot_ConstantOp : Ingot_InternalOp<"constant"> {
  let summary = "Constant number `id` of the program; its bytes stay outside the IR.";
  let arguments = (ins I64Attr:$id);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$id attr-dict `:` type($result)";
}
def Ingot_ScalarOp : Ingot_InternalOp<"scalar"> {
  let summary = "A number, repeated over the result.";
  let arguments = (ins AnyAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "`(` $value `)` attr-dict `:` type($result)";
}
def Ingot_ViewOp : Ingot_InternalOp<"view"> {
  let summary = "Element [i...] is element offset + sum(i * stride) of the contiguous operand; offset (one) and strides are dim expressions.";
  let arguments = (ins AnyRankedTensor:$source, Ingot_Dims:$offset, Ingot_Dims:$strides);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source `offset` custom<DimList>($offset) `strides` custom<DimList>($strides) attr-dict `:` type($source) `->` type($result)";
}
def Ingot_WindowsOp : Ingot_InternalOp<"windows"> {
  let summary = "A convolution's windows: [n, g, out..., c, kernel...] is x[n, g * C + c, out * stride + kernel * dilation], C being the result's c axis; without a g axis where there is one group. Moves no data.";
  let arguments = (ins AnyRankedTensor:$x, DenseI64ArrayAttr:$steps, DenseI64ArrayAttr:$dilations);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
}
def Ingot_CopyOp : Ingot_InternalOp<"copy"> {
  let summary = "The operand, made contiguous.";
  let arguments = (ins AnyRankedTensor:$x);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
}
def Ingot_HalvesOp : Ingot_InternalOp<"halves"> {
  let summary = "Element i of the vector is half of byte i / 2 of x, a vector of u8: the low half where i is even. As u8, or as i8 with the half's sign.";
  let arguments = (ins AnyRankedTensor:$x);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
}
def Ingot_ContractOp : Ingot_InternalOp<"contract"> {
  let summary = "result[b, m, n] = sum over k of x[b, m, k] * y[b, k, n], with `batch` b axes, `rows` m axes and `depth` k axes, and one n axis.";
  let description = [{
    With `panels`, y is [ceil(n / panels), K, panels]: K-major panels of so many columns, padded with zeros, without batch axes.
    With `library`, a library kernel computes it, from plain matrices.
  }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$y, I64Attr:$batch, I64Attr:$rows, I64Attr:$depth, OptionalAttr<I64Attr>:$panels, UnitAttr:$library);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$x, "::mlir::Value":$y, "int64_t":$batch, "int64_t":$rows, "int64_t":$depth),
                            [{ build($_builder, $_state, result, x, y, batch, rows, depth, /*panels=*/::mlir::IntegerAttr(), /*library=*/false); }]>];
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `,` $y attr-dict `:` type($x) `,` type($y) `->` type($result)";
}
def Ingot_PackOp : Ingot_InternalOp<"pack"> {
  let summary = "A constant matrix [k..., n] as panels [ceil(n / width), product(k), width]; done at compile time.";
  let arguments = (ins AnyRankedTensor:$x);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
}
def Ingot_DispatchOp : Ingot_InternalOp<"dispatch", []> {
  let summary = "Runs an outlined kernel on whole buffers.";
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyRankedTensor>:$operands);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "$kernel `(` $operands `)` attr-dict `:` functional-type($operands, $results)";
}
