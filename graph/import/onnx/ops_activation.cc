// Activation functions, composed of primitives where Ingot has no op of its own.
#include <limits>

#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

// Everything a formula needs: the operand, and constants of its dtype.
struct Formula {
  GraphBuilder &b;
  Expr x;
  DType dtype;

  Expr operator()(double value) const { return b.Scalar(value, dtype); }
  Expr Plus(Expr y, double c) const { return b.Add(y, (*this)(c)); }
  Expr Times(Expr y, double c) const { return c == 1 ? y : b.Mul(y, (*this)(c)); }
  Expr AtMost(Expr y, double c) const { return b.Min(y, (*this)(c)); }
  Expr AtLeast(Expr y, double c) const { return b.Max(y, (*this)(c)); }
  // exp(y) - 1 for y <= 0, and 0 above.
  Expr ExpMinusOne(Expr y) const { return Plus(b.Exp(AtMost(y, 0)), -1); }
  Expr Positive() const { return b.Greater(x, (*this)(0)); }
  // log(1 + exp(x)) without overflow.
  Expr Softplus() const { return b.Add(b.Relu(x), b.Log(Plus(b.Exp(b.Neg(b.Abs(x))), 1))); }
};

absl::StatusOr<Formula> Float(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  return Formula{n.b, n.In(0), n.dtype(0)};
}

absl::Status Relu(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kRelu, n.dtype(0)));
  return n.Return(n.b.Relu(n.In(0)));
}
absl::Status Sigmoid(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  return n.Return(n.b.Sigmoid(f.x));
}
absl::Status Tanh(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  return n.Return(n.b.Tanh(f.x));
}

absl::Status LeakyRelu(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha", 0.01));
  return n.Return(n.b.Select(n.b.Less(f.x, f(0)), f.Times(f.x, alpha), f.x));
}

absl::Status PRelu(NodeContext &n) {
  DType dtype = n.dtype(0);
  if (dtype == DType::kBool) return absl::InvalidArgumentError("works on numbers only");
  Expr x = n.In(0), slope = n.In(1);
  if (n.opset < 7 && n.rank(1) == 1 && n.rank(0) > 2) {  // one slope per channel
    Dims dims(static_cast<size_t>(n.rank(0)) - 1, Dim(1));
    dims[0] = n.Type(1).dims[0];
    slope = n.b.Reshape(slope, dims);
  }
  return n.Return(n.b.Select(n.b.Less(x, n.b.Scalar(0, dtype)), n.b.Mul(x, slope), x));
}

absl::Status ThresholdedRelu(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha", 1));
  return n.Return(n.b.Select(n.b.Greater(f.x, f(alpha)), f.x, f(0)));
}

absl::Status Elu(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha", 1));
  return n.Return(n.b.Select(f.Positive(), f.x, f.Times(f.ExpMinusOne(f.x), alpha)));
}

absl::Status Selu(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha", 1.67326319217681884765625));
  INGOT_ASSIGN_OR_RETURN(double gamma, n.Float("gamma", 1.05070102214813232421875));
  return n.Return(f.Times(n.b.Select(f.Positive(), f.x, f.Times(f.ExpMinusOne(f.x), alpha)), gamma));
}

absl::Status Celu(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha", 1));
  if (alpha == 0) return absl::InvalidArgumentError("attribute 'alpha' is 0, by which it divides");
  Expr scaled = n.b.Div(f.x, f(alpha));
  return n.Return(n.b.Add(f.AtLeast(f.x, 0), f.AtMost(f.Times(f.Plus(n.b.Exp(scaled), -1), alpha), 0)));
}

absl::Status HardSigmoid(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha", 0.2f));
  INGOT_ASSIGN_OR_RETURN(double beta, n.Float("beta", 0.5));
  return n.Return(f.AtLeast(f.AtMost(f.Plus(f.Times(f.x, alpha), beta), 1), 0));
}

absl::Status HardSwish(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  return n.Return(n.b.Mul(f.x, f.AtLeast(f.AtMost(f.Plus(f.Times(f.x, 1.0 / 6), 0.5), 1), 0)));
}

absl::Status Mish(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  return n.Return(n.b.Mul(f.x, n.b.Tanh(f.Softplus())));
}

absl::Status Softplus(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  return n.Return(f.Softplus());
}

absl::Status Softsign(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  return n.Return(n.b.Div(f.x, f.Plus(n.b.Abs(f.x), 1)));
}

absl::Status Shrink(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  INGOT_ASSIGN_OR_RETURN(double bias, n.Float("bias", 0));
  INGOT_ASSIGN_OR_RETURN(double lambda, n.Float("lambd", 0.5));
  Expr above = n.b.Select(n.b.Greater(f.x, f(lambda)), f.Plus(f.x, -bias), f(0));
  return n.Return(n.b.Select(n.b.Less(f.x, f(-lambda)), f.Plus(f.x, bias), above));
}

// Swish of opset 24, QuickGelu of ONNX Runtime: x * sigmoid(alpha * x).
template <bool kQuickGelu>
absl::Status Swish(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha", kQuickGelu ? 1.702f : 1.0));
  return n.Return(n.b.Mul(f.x, n.b.Sigmoid(f.Times(f.x, alpha))));
}

absl::Status Gelu(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  INGOT_ASSIGN_OR_RETURN(std::string approximate, n.Text("approximate", "none"));
  if (approximate != "none" && approximate != "tanh")
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'approximate' is '", approximate.substr(0, 40), "', not 'none' or 'tanh'"));
  return n.Return(n.b.Gelu(f.x, approximate == "tanh"));
}

// ONNX Runtime's fused forms: with a bias, exact or by tanh.
template <bool kApproximate>
absl::Status BiasGelu(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Formula f, Float(n));
  return n.Return(n.b.Gelu(n.Has(1) ? n.b.Add(f.x, n.In(1)) : f.x, kApproximate));
}

}  // namespace

void AddActivationOps(OpTable &table) {
  table["Relu"] = {Relu, 1, 1};
  table["Sigmoid"] = {Sigmoid, 1, 1};
  table["Tanh"] = {Tanh, 1, 1};
  table["LeakyRelu"] = {LeakyRelu, 1, 1};
  table["PRelu"] = {PRelu, 2, 2};
  table["ThresholdedRelu"] = {ThresholdedRelu, 1, 1};
  table["Elu"] = {Elu, 1, 1};
  table["Selu"] = {Selu, 1, 1};
  table["Celu"] = {Celu, 1, 1};
  table["HardSigmoid"] = {HardSigmoid, 1, 1};
  table["HardSwish"] = {HardSwish, 1, 1};
  table["Mish"] = {Mish, 1, 1};
  table["Softplus"] = {Softplus, 1, 1};
  table["Softsign"] = {Softsign, 1, 1};
  table["Shrink"] = {Shrink, 1, 1};
  table["Swish"] = {Swish<false>, 1, 1};
  table["Gelu"] = {Gelu, 1, 1};
  table["com.microsoft.Gelu"] = {BiasGelu<false>, 1, 1};
  table["com.microsoft.BiasGelu"] = {BiasGelu<false>, 2, 2};
  table["com.microsoft.FastGelu"] = {BiasGelu<true>, 1, 2};
  table["com.microsoft.QuickGelu"] = {Swish<true>, 1, 1};
}

}  // namespace ingot::onnx_import
