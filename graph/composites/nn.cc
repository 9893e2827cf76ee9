// Composites of neural networks.
#include "graph/composites/composites.h"

namespace ingot::composites {
namespace {

struct Shifted {
  Expr x, exponentials, sum;
};

// Less the largest element, so that no exponential overflows.
Shifted ShiftedExponentials(Body &body) {
  GraphBuilder &b = body.b;
  Ints axes = {body.Get<int64_t>("axis")};
  Expr x = body.operands[0], shifted = b.Sub(x, b.ReduceMax(x, axes, true)), exponentials = b.Exp(shifted);
  return {shifted, exponentials, b.ReduceSum(exponentials, axes, true)};
}

}  // namespace

Expr SoftmaxBody(Body body) {
  Shifted s = ShiftedExponentials(body);
  return body.b.Mul(s.exponentials, body.b.Reciprocal(s.sum));
}

Expr LogSoftmaxBody(Body body) {
  Shifted s = ShiftedExponentials(body);
  return body.b.Sub(s.x, body.b.Log(s.sum));
}

Expr LayerNormBody(Body body) {
  GraphBuilder &b = body.b;
  Expr x = body.operands[0];
  Ints axes;
  for (int64_t axis = body.Get<int64_t>("axis"); axis < b.type(x).rank(); ++axis) axes.push_back(axis);
  Expr centred = b.Sub(x, body.Mean(x, axes, true));
  Expr variance = body.Mean(b.Mul(centred, centred), axes, true);
  Expr deviation = b.Rsqrt(b.Add(variance, body.Scalar(x, body.Get<double>("epsilon"))));
  return b.Add(b.Mul(b.Mul(centred, deviation), body.operands[1]), body.operands[2]);
}

// By the error function; or as Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016), approximate it.
Expr GeluBody(Body body) {
  GraphBuilder &b = body.b;
  Expr x = body.operands[0], inner;
  if (body.Get<bool>("approximate")) {
    Expr sum = b.Add(x, b.Mul(b.Mul(b.Mul(x, x), x), body.Scalar(x, 0.044715)));
    inner = b.Tanh(b.Mul(sum, body.Scalar(x, 0.7978845608028654)));  // sqrt(2 / pi)
  } else {
    inner = b.Erf(b.Mul(x, body.Scalar(x, 0.7071067811865476)));
  }
  Expr half = b.Mul(x, body.Scalar(x, 0.5));
  return b.Mul(half, b.Add(inner, body.Scalar(x, 1)));
}

}  // namespace ingot::composites
