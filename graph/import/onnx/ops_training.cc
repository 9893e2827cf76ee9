// Optimizers of the preview domain: one step of the parameters by their gradients.
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

// The operands are a rate, a count of updates, and then `kinds` lists of as many tensors each: parameters, gradients,
// and what the optimizer remembers of them.
struct Optimizer {
  NodeContext &n;
  size_t count;
  DType dtype;

  Expr Of(size_t kind, size_t i) const { return n.In(2 + kind * count + i); }
  Expr Number(double value) const { return n.b.Scalar(value, dtype); }
  Expr Times(Expr x, double factor) const { return n.b.Mul(x, Number(factor)); }
  // A scalar operand as the parameters' dtype.
  Expr Scalar(size_t i) const {
    Expr value = CastIfNeeded(n.b, n.In(i), n.dtype(i), dtype);
    return n.rank(i) == 0 ? value : n.b.Reshape(value, {});
  }
  void Set(size_t kind, size_t i, Expr value) { n.Set(kind * count + i, value); }
};

absl::StatusOr<Optimizer> ReadOptimizer(NodeContext &n, size_t kinds) {
  size_t tensors = n.input_count() - 2, count = tensors / kinds;
  if (count == 0 || tensors % kinds != 0)
    return absl::InvalidArgumentError(absl::StrCat("has ", tensors, " tensors; it needs ", kinds, " per parameter"));
  for (size_t i = 0; i < n.input_count(); ++i) {
    if (!n.Has(i)) return absl::InvalidArgumentError(absl::StrCat("input ", i, " is missing"));
  }
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 2));
  if (!NumElements(n.Type(0).dims).Is(1) || !NumElements(n.Type(1).dims).Is(1))
    return absl::InvalidArgumentError("its rate and its count of updates must be scalars");
  return Optimizer{n, count, n.dtype(2)};
}

absl::Status Momentum(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Optimizer o, ReadOptimizer(n, 3));
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha"));
  INGOT_ASSIGN_OR_RETURN(double beta, n.Float("beta"));
  INGOT_ASSIGN_OR_RETURN(double norm, n.Float("norm_coefficient"));
  INGOT_ASSIGN_OR_RETURN(std::string mode, n.Text("mode"));
  if (mode != "standard" && mode != "nesterov")
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'mode' is '", mode.substr(0, 40), "', not standard or nesterov"));
  GraphBuilder &b = n.b;
  Expr rate = o.Scalar(0), first = b.LessEqual(o.Scalar(1), o.Number(0));
  Expr fresh = b.Select(first, o.Number(1), o.Number(beta));  // what the gradient counts
  for (size_t i = 0; i < o.count; ++i) {
    Expr gradient = b.Add(o.Times(o.Of(0, i), norm), o.Of(1, i));
    Expr velocity = b.Add(o.Times(o.Of(2, i), alpha), b.Mul(gradient, fresh));
    Expr step = mode == "standard" ? velocity : b.Add(gradient, o.Times(velocity, alpha));
    o.Set(0, i, b.Sub(o.Of(0, i), b.Mul(rate, step)));
    o.Set(1, i, velocity);
  }
  return absl::OkStatus();
}

absl::Status Adagrad(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Optimizer o, ReadOptimizer(n, 3));
  INGOT_ASSIGN_OR_RETURN(double decay, n.Float("decay_factor", 0));
  INGOT_ASSIGN_OR_RETURN(double epsilon, n.Float("epsilon", 1e-6f));
  INGOT_ASSIGN_OR_RETURN(double norm, n.Float("norm_coefficient", 0));
  GraphBuilder &b = n.b;
  Expr rate = b.Div(o.Scalar(0), b.Add(o.Times(o.Scalar(1), decay), o.Number(1)));
  for (size_t i = 0; i < o.count; ++i) {
    Expr gradient = b.Add(o.Times(o.Of(0, i), norm), o.Of(1, i));
    Expr squares = b.Add(o.Of(2, i), b.Mul(gradient, gradient));
    Expr step = b.Div(b.Mul(rate, gradient), b.Add(b.Sqrt(squares), o.Number(epsilon)));
    o.Set(0, i, b.Sub(o.Of(0, i), step));
    o.Set(1, i, squares);
  }
  return absl::OkStatus();
}

absl::Status Adam(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Optimizer o, ReadOptimizer(n, 4));
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha", 0.9f));
  INGOT_ASSIGN_OR_RETURN(double beta, n.Float("beta", 0.999f));
  INGOT_ASSIGN_OR_RETURN(double epsilon, n.Float("epsilon", 1e-6f));
  INGOT_ASSIGN_OR_RETURN(double norm, n.Float("norm_coefficient", 0));
  INGOT_ASSIGN_OR_RETURN(double after, n.Float("norm_coefficient_post", 0));
  GraphBuilder &b = n.b;
  Expr rate = o.Scalar(0), updates = o.Scalar(1), one = o.Number(1);
  auto bias = [&](double factor) { return b.Sub(one, b.Pow(o.Number(factor), updates)); };
  Expr corrected = b.Div(b.Mul(rate, b.Sqrt(bias(beta))), bias(alpha));
  rate = b.Select(b.Greater(updates, o.Number(0)), corrected, rate);
  for (size_t i = 0; i < o.count; ++i) {
    Expr gradient = b.Add(o.Times(o.Of(0, i), norm), o.Of(1, i));
    Expr mean = b.Add(o.Times(o.Of(2, i), alpha), o.Times(gradient, 1 - alpha));
    Expr squares = b.Add(o.Times(o.Of(3, i), beta), o.Times(b.Mul(gradient, gradient), 1 - beta));
    Expr step = b.Div(b.Mul(rate, mean), b.Add(b.Sqrt(squares), o.Number(epsilon)));
    o.Set(0, i, o.Times(b.Sub(o.Of(0, i), step), 1 - after));
    o.Set(1, i, mean);
    o.Set(2, i, squares);
  }
  return absl::OkStatus();
}

}  // namespace

void AddTrainingOps(OpTable &table) {
  table["ai.onnx.preview.training.Momentum"] = {Momentum, 5, kVariadic};
  table["ai.onnx.preview.training.Adagrad"] = {Adagrad, 5, kVariadic};
  table["ai.onnx.preview.training.Adam"] = {Adam, 6, kVariadic};
}

}  // namespace ingot::onnx_import
