#include "graph/interp/evaluate.h"

#include "absl/strings/str_cat.h"
#include "graph/interp/ops.h"

namespace ingot::interp {

absl::StatusOr<Array> OpCall::Result(const std::vector<int64_t> &own_dims) const {
  if (own_dims == dims) return MakeArray(dtype, dims);
  return absl::InvalidArgumentError(absl::StrCat("the operands give the shape ", DimsText(own_dims),
                                                 ", but the graph promises ", DimsText(dims),
                                                 "; its dim expressions do not hold for these sizes"));
}

// No default: an op that is new in graph/ops does not compile until it has a row here.
// clang-format off
absl::StatusOr<Array> EvaluateOp(const OpCall &c) {
  switch (c.node.op) {
    case OpKind::kNeg: return Unary(c, reference::kNeg);
    case OpKind::kAbs: return Unary(c, reference::kAbs);
    case OpKind::kSign: return Unary(c, reference::kSign);
    case OpKind::kExp: return Unary(c, reference::kExp);
    case OpKind::kLog: return Unary(c, reference::kLog);
    case OpKind::kSqrt: return Unary(c, reference::kSqrt);
    case OpKind::kRsqrt: return Unary(c, reference::kRsqrt);
    case OpKind::kReciprocal: return Unary(c, reference::kReciprocal);
    case OpKind::kTanh: return Unary(c, reference::kTanh);
    case OpKind::kErf: return Unary(c, reference::kErf);
    case OpKind::kSin: return Unary(c, reference::kSin);
    case OpKind::kCos: return Unary(c, reference::kCos);
    case OpKind::kFloor: return Unary(c, reference::kFloor);
    case OpKind::kCeil: return Unary(c, reference::kCeil);
    case OpKind::kRound: return Unary(c, reference::kRound);
    case OpKind::kRelu: return Unary(c, reference::kRelu);
    case OpKind::kSigmoid: return Unary(c, reference::kSigmoid);
    case OpKind::kLogicalNot: return Unary(c, reference::kLogicalNot);
    case OpKind::kGelu: return Unary(c, c.node.Get<bool>("approximate") ? reference::kGeluTanh : reference::kGelu);
    case OpKind::kIsNan: return IsNan(c);
    case OpKind::kAdd: return Binary(c, reference::kAdd);
    case OpKind::kSub: return Binary(c, reference::kSub);
    case OpKind::kMul: return Binary(c, reference::kMul);
    case OpKind::kDiv: return Binary(c, reference::kDiv);
    case OpKind::kRem: return Binary(c, reference::kRem);
    case OpKind::kPow: return Binary(c, reference::kPow);
    case OpKind::kMax: return Binary(c, reference::kMax);
    case OpKind::kMin: return Binary(c, reference::kMin);
    case OpKind::kLogicalAnd: return Binary(c, reference::kLogicalAnd);
    case OpKind::kLogicalOr: return Binary(c, reference::kLogicalOr);
    case OpKind::kLogicalXor: return Binary(c, reference::kLogicalXor);
    case OpKind::kEqual: return Compare(c, reference::kEqual);
    case OpKind::kNotEqual: return Compare(c, reference::kNotEqual);
    case OpKind::kLess: return Compare(c, reference::kLess);
    case OpKind::kLessEqual: return Compare(c, reference::kLessEqual);
    case OpKind::kGreater: return Compare(c, reference::kGreater);
    case OpKind::kGreaterEqual: return Compare(c, reference::kGreaterEqual);
    case OpKind::kSelect: return Select(c);
    case OpKind::kCast: return Cast(c);
    case OpKind::kReshape: return Reshape(c);
    case OpKind::kTranspose: return Transpose(c);
    case OpKind::kBroadcastTo: return BroadcastTo(c);
    case OpKind::kSlice: return Slice(c);
    case OpKind::kConcat: return Concat(c);
    case OpKind::kPad: return Pad(c);
    case OpKind::kGather: return Gather(c);
    case OpKind::kIota: return Iota(c);
    case OpKind::kDimValues: return DimValues(c);
    case OpKind::kReduceSum:
    case OpKind::kReduceMean:
    case OpKind::kReduceMax:
    case OpKind::kReduceMin:
    case OpKind::kReduceProd: return Reduce(c);
    case OpKind::kArgMax: return ArgMax(c);
    case OpKind::kMatMul: return MatMul(c);
    case OpKind::kConv: return Conv(c);
    case OpKind::kSoftmax: return Softmax(c);
    case OpKind::kLogSoftmax: return LogSoftmax(c);
    case OpKind::kLayerNorm: return LayerNorm(c);
  }
  return absl::InternalError(absl::StrCat("there is no op ", static_cast<int>(c.node.op)));
}
// clang-format on

absl::StatusOr<std::vector<int64_t>> EvaluateDims(const Dims &dims, const Symbols &symbols) {
  std::vector<int64_t> values;
  for (const Dim &dim : dims) {
    absl::StatusOr<int64_t> value = dim.Evaluate(symbols);
    if (!value.ok()) return value.status();
    values.push_back(*value);
  }
  return values;
}

absl::Status NodeError(const Node &node, const absl::Status &status) {
  return absl::Status(status.code(),
                      absl::StrCat("node '", node.name, "' (", std::string(Name(node.op)),
                                   node.location.empty() ? "" : ", ", node.location, "): ", status.message()));
}

Around AroundAxis(const std::vector<int64_t> &dims, int64_t axis) {
  Around around{1, dims[static_cast<size_t>(axis)], 1};
  for (size_t i = 0; i < dims.size(); ++i) {
    if (static_cast<int64_t>(i) < axis) around.outer *= dims[i];
    if (static_cast<int64_t>(i) > axis) around.inner *= dims[i];
  }
  return around;
}

}  // namespace ingot::interp
