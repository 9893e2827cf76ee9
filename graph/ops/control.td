// Ops that run functions of the graph. What a function needs is given to it: nothing is captured.
include "graph/ops/base.td"

class Ingot_Control<string mnemonic> : Ingot_Op<mnemonic, "Control", mnemonic> {
  let dtypes = "Every";
  let complex = "Memory";
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let cost = 0;
  let toleranceText = "256";
}
def Ingot_CallOp : Ingot_Control<"call"> {
  let summary = "The function's outputs for these operands.";
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, FunctionAttr:$function);
}
def Ingot_IfOp : Ingot_Control<"if"> {
  let summary = "The outputs of one of two functions of the same operands: the first where the condition (bool[]) is true.";
  let arguments = (ins AnyRankedTensor:$condition, Variadic<AnyRankedTensor>:$inputs, FunctionAttr:$then_function, FunctionAttr:$else_function);
}
def Ingot_IfSizeOp : Ingot_Control<"if_size"> {
  let summary = "The outputs of one of two functions of the same operands: the first where the size `condition` (one, 0 or 1) is 1. Their results may have other sizes.";
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, DimsAttr<>:$condition, FunctionAttr:$then_function, FunctionAttr:$else_function);
}
def Ingot_WhileOp : Ingot_Control<"while"> {
  let summary = "While the first function of the values gives true (bool[]), they become the second function's outputs; then they are the results.";
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, FunctionAttr:$condition, FunctionAttr:$body);
}
