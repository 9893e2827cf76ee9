// Reductions over axes (sorted, without duplicates; empty: all axes), and orders along an axis.
include "graph/ops/base.td"

class Ingot_Reduce<string mnemonic> : Ingot_Op<mnemonic, "Reduction", "reduce"> {
  let arguments = (ins AnyRankedTensor:$x, IntsAttr<"{}">:$axes, FlagAttr<"false">:$keep_dims);
  let toleranceText = "32";
  let reference = "Reduce(c)";
}
def Ingot_ReduceSumOp : Ingot_Reduce<"reduce_sum"> {
  let summary = "Sum; 0 over nothing.";
  let complex = "Parts";
}
def Ingot_ReduceMeanOp : Ingot_Reduce<"reduce_mean"> {
  let summary = "Mean; NaN over nothing.";
  let complex = "Parts";
  let body = "ReduceMeanBody";
  let dtypes = "Float";
}
def Ingot_ReduceMaxOp : Ingot_Reduce<"reduce_max"> { let summary = "Largest element; the dtype's lowest value over nothing; NaN wins."; }
def Ingot_ReduceMinOp : Ingot_Reduce<"reduce_min"> { let summary = "Smallest element; the dtype's highest value over nothing; NaN wins."; }
def Ingot_ReduceProdOp : Ingot_Reduce<"reduce_prod"> { let summary = "Product; 1 over nothing."; }
def Ingot_ArgMaxOp : Ingot_Op<"argmax", "Composite", "arg_max"> {
  let body = "ArgMaxBody";
  let summary = "Index (i64) of the first largest element along an axis.";
  let arguments = (ins AnyRankedTensor:$x, IntAttr<"-1">:$axis, FlagAttr<"false">:$keep_dims);
}
def Ingot_TopKOp : Ingot_Op<"top_k", "Sort", "top_k"> {
  let summary = "The k (one size) largest or smallest elements along an axis, best first, with their indices (i64); of equal ones the first; NaN is larger than all numbers.";
  let arguments = (ins AnyRankedTensor:$x, DimsAttr<>:$k, IntAttr<"-1">:$axis, FlagAttr<"true">:$largest);
  let results = (outs AnyRankedTensor:$values, AnyRankedTensor:$indices);
  let cost = 16;
}
