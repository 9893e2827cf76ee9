// Composites that reduce axes.
#include "graph/composites/composites.h"

namespace ingot::composites {

Expr Body::Scalar(Expr like, const Dim &value) {
  if (std::optional<int64_t> constant = value.constant()) return Scalar(like, static_cast<double>(*constant));
  return b.Reshape(b.Cast(b.DimValues({value}), b.type(like).dtype), {});
}

Expr Body::Mean(Expr x, const Ints &axes, bool keep_dims) {
  Dim count = 1;
  for (int64_t axis : axes) count = count * b.type(x).dims[static_cast<size_t>(axis)];
  return b.Div(b.ReduceSum(x, axes, keep_dims), Scalar(x, count));
}

Expr ReduceMeanBody(Body body) {
  return body.Mean(body.operands[0], body.Get<Ints>("axes"), body.Get<bool>("keep_dims"));
}

// The smallest index at which x equals its maximum; a NaN counts as the maximum.
Expr ArgMaxBody(Body body) {
  GraphBuilder &b = body.b;
  Expr x = body.operands[0];
  TensorType type = b.type(x);
  int64_t axis = body.Get<int64_t>("axis");
  Expr hit = b.Equal(x, b.ReduceMax(x, {axis}, true));
  if (IsFloat(type.dtype)) hit = b.LogicalOr(hit, b.IsNan(x));
  Dims line(type.dims.size(), Dim(1));
  line[static_cast<size_t>(axis)] = type.dims[static_cast<size_t>(axis)];
  Expr none = b.Scalar(0x1p53, DType::kI64);  // above every index
  return b.ReduceMin(b.Select(hit, b.Iota(line, axis), none), {axis}, body.Get<bool>("keep_dims"));
}

}  // namespace ingot::composites
