// Ops that move or index data. Axes may be negative; shape functions make them non-negative.
include "graph/ops/base.td"

def Ingot_ReshapeOp : Ingot_Op<"reshape", "View", "reshape"> {
  let summary = "The same elements in row-major order with other dims; the number of elements must agree.";
  let complex = "Parts";
  let dtypes = "Every";
  let arguments = (ins AnyRankedTensor:$x, DimsAttr<>:$dims);
}
def Ingot_TransposeOp : Ingot_Op<"transpose", "View", "transpose"> {
  let summary = "Axis i of the result is axis permutation[i] of x.";
  let complex = "Parts";
  let dtypes = "Any";
  let arguments = (ins AnyRankedTensor:$x, IntsAttr<>:$permutation);
}
def Ingot_BroadcastToOp : Ingot_Op<"broadcast_to", "View", "broadcast_to"> {
  let summary = "x repeated along axes where it has size 1, and along new leading axes.";
  let complex = "Parts";
  let dtypes = "Any";
  let arguments = (ins AnyRankedTensor:$x, DimsAttr<>:$dims);
}
def Ingot_SliceOp : Ingot_Op<"slice", "View", "slice"> {
  let summary = "x[starts : limits : steps] with one entry per axis, starts and limits within bounds, steps not zero. A negative step runs from start down to (not including) limit.";
  let complex = "Parts";
  let dtypes = "Any";
  let arguments = (ins AnyRankedTensor:$x, DimsAttr<>:$starts, DimsAttr<>:$limits, IntsAttr<>:$steps);
}
def Ingot_ConcatOp : Ingot_Op<"concat", "Gather", "concat"> {
  let summary = "The operands one after another along an axis.";
  let complex = "Parts";
  let dtypes = "Any";
  let arguments = (ins Variadic<AnyRankedTensor>:$operands, IntAttr<>:$axis);
}
def Ingot_PadOp : Ingot_Op<"pad", "Gather", "pad"> {
  let summary = "x with `low` and `high` more elements (not negative) on both sides of every axis, filled with the scalar `value`.";
  let complex = "Parts";
  let dtypes = "Any";
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$value, DimsAttr<>:$low, DimsAttr<>:$high);
}
def Ingot_GatherOp : Ingot_Op<"gather", "Gather", "gather"> {
  let summary = "Slices of x along an axis, one per index (NumPy's take). Negative indices count from the end; others out of range are clamped.";
  let complex = "Parts";
  let dtypes = "Any";
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$indices, IntAttr<"0">:$axis);
}
def Ingot_IotaOp : Ingot_Op<"iota", "Leaf", "iota"> {
  let summary = "0, 1, 2, ... along an axis of a tensor with these dims.";
  let arguments = (ins DimsAttr<>:$dims, IntAttr<"0">:$axis, DTypeAttr<"i64">:$dtype);
}
def Ingot_DimValuesOp : Ingot_Op<"dim_values", "Leaf", "dim"> {
  let summary = "The values of dim expressions, as an i64 vector with one element each.";
  let arguments = (ins DimsAttr<>:$values);
}
// Not pure: ops whose sizes it binds stand behind it without reading its result.
def Ingot_BindSizesOp : Ingot_Op<"bind_sizes", "Sizes", "bind_sizes", [], []> {
  let summary = "x (i64, a number or a vector), whose elements are from here on the values of these symbols, which no input has; one out of a symbol's range ends the run. Left out where nothing uses the symbols.";
  let dtypes = "Integer";
  let arguments = (ins AnyRankedTensor:$x, DimsAttr<>:$sizes);
  let cost = 0;
}
def Ingot_RequireOp : Ingot_Op<"require", "View", "require"> {
  let summary = "x, where each of `sizes` equals its entry of `equal`; where they differ the run ends with a message that gives `why`.";
  let complex = "Parts";
  let dtypes = "Every";
  let arguments = (ins AnyRankedTensor:$x, DimsAttr<>:$sizes, DimsAttr<>:$equal, TextAttr<"sizes must be equal">:$why);
  let reference = "c.operand(0)";
  let cost = 0;
}
def Ingot_NonZeroOp : Ingot_Op<"non_zero", "Sort", "non_zero"> {
  let summary = "The indices (i64[rank, count]) of the first `count` (one size) elements that are not false, in row-major order; zeros where there are fewer.";
  let dtypes = "Bool";
  let arguments = (ins AnyRankedTensor:$x, DimsAttr<>:$count);
  let cost = 2;
}
def Ingot_DynamicUpdateOp : Ingot_Op<"dynamic_update", "Update", "dynamic_update"> {
  let summary = "x with y in place of its elements from `start` (an integer, i64[] or i32[]) on along an axis; start is moved so that y lies inside. Writes y alone where nothing else reads x.";
  let complex = "Parts";
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$y, AnyRankedTensor:$start, IntAttr<"0">:$axis);
  let dtypes = "Any";
}
