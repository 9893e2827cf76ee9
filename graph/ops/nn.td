// Contractions, and composites of neural networks.
include "graph/ops/base.td"

def Ingot_MatMulOp : Ingot_Op<"matmul", "Contraction", "mat_mul"> {
  let summary = "Matrix product of the last two axes (rank at least 2 each); leading axes broadcast.";
  let complex = "MatrixProduct";
  let dtypes = "Number";
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$y);
  let toleranceText = "64";
}
def Ingot_ConvOp : Ingot_Op<"conv", "Contraction", "conv"> {
  let summary = "Convolution of x [N, C, spatial...] with weights [M, C / groups, kernel...]; pads are low then high per spatial axis.";
  let dtypes = "Float";
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$weights, IntsAttr<>:$strides, IntsAttr<>:$dilations, IntsAttr<>:$pads, IntAttr<"1">:$groups);
  let toleranceText = "64";
}
def Ingot_SoftmaxOp : Ingot_Op<"softmax", "Composite", "same_with_axis"> {
  let summary = "exp(x - max) / sum along an axis.";
  let body = "SoftmaxBody";
  let dtypes = "Float";
  let arguments = (ins AnyRankedTensor:$x, IntAttr<"-1">:$axis);
}
def Ingot_LogSoftmaxOp : Ingot_Op<"log_softmax", "Composite", "same_with_axis"> {
  let summary = "log(softmax(x)) along an axis.";
  let body = "LogSoftmaxBody";
  let dtypes = "Float";
  let arguments = (ins AnyRankedTensor:$x, IntAttr<"-1">:$axis);
}
def Ingot_LayerNormOp : Ingot_Op<"layer_norm", "Composite", "layer_norm"> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + shift over the axes from `axis` on; scale and shift broadcast.";
  let body = "LayerNormBody";
  let dtypes = "Float";
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$scale, AnyRankedTensor:$shift, IntAttr<"-1">:$axis, FloatAttr<"1e-5">:$epsilon);
  let toleranceText = "64";
}
def Ingot_GeluOp : Ingot_Op<"gelu", "Composite", "elementwise"> {
  let reference = "Unary(c, c.node.Get<bool>(\"approximate\") ? reference::kGeluTanh : reference::kGelu)";
  let summary = "x * P(X <= x) for a standard normal X; approximate: by tanh.";
  let body = "GeluBody";
  let dtypes = "Float";
  let arguments = (ins AnyRankedTensor:$x, FlagAttr<"false">:$approximate);
}
