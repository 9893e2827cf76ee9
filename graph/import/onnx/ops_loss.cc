// Losses of classifiers: minus the log-probability of the class that each target names.
#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

enum class Reduction { kNone, kSum, kMean };

absl::StatusOr<Reduction> ReductionOf(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::string name, n.Text("reduction", "mean"));
  if (name == "none") return Reduction::kNone;
  if (name == "sum") return Reduction::kSum;
  if (name == "mean") return Reduction::kMean;
  return absl::InvalidArgumentError(
      absl::StrCat("attribute 'reduction' is '", name.substr(0, 40), "', not none, sum or mean"));
}

// Scores are [batch, classes, spatial...], targets [batch, spatial...], weights one per class.
absl::Status CheckOperands(NodeContext &n) {
  const TensorType scores = n.Type(0), targets = n.Type(1);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  if (scores.rank() < 2 || targets.rank() != scores.rank() - 1 || !IsInteger(targets.dtype))
    return absl::InvalidArgumentError(absl::StrCat("its scores are ", scores.ToString(), " and its targets ",
                                                   targets.ToString(),
                                                   "; the targets must be integers without the axis of classes"));
  if (n.Has(2) && (n.rank(2) != 1 || n.dtype(2) != scores.dtype))
    return absl::InvalidArgumentError(absl::StrCat("its weights are ", n.Type(2).ToString(), "; they must be one ",
                                                   std::string(Name(scores.dtype)), " per class"));
  return absl::OkStatus();
}

absl::Status SetLoss(NodeContext &n, Expr log_probabilities) {
  INGOT_ASSIGN_OR_RETURN(Reduction reduction, ReductionOf(n));
  const TensorType scores = n.Type(0), targets = n.Type(1);
  GraphBuilder &b = n.b;
  Expr target = CastIfNeeded(b, n.In(1), targets.dtype, DType::kI64), zero = b.Scalar(0, scores.dtype), ignored, weight;
  if (n.HasAttribute("ignore_index")) {
    INGOT_ASSIGN_OR_RETURN(int64_t index, n.Int("ignore_index"));
    ignored = b.Equal(target, b.Constant(Tensor::ScalarI64(index)));
    target = b.Select(ignored, b.Scalar(0, DType::kI64), target);
  }
  Dims column = targets.dims;
  column.insert(column.begin() + 1, Dim(1));
  Expr picked = TakeAlong(b, log_probabilities, b.Reshape(target, column), 1, column);
  Expr loss = b.Neg(b.Reshape(picked, targets.dims));
  if (n.Has(2)) weight = b.Gather(n.In(2), target, 0);
  if (ignored.id != kNoValue) weight = b.Select(ignored, zero, n.Has(2) ? weight : b.Scalar(1, scores.dtype));
  if (n.Has(2)) loss = b.Mul(loss, weight);
  if (ignored.id != kNoValue) loss = b.Select(ignored, zero, loss);
  if (reduction == Reduction::kNone) return n.Return(loss);
  if (reduction == Reduction::kSum) return n.Return(b.ReduceSum(loss));
  if (weight.id == kNoValue) return n.Return(b.ReduceMean(loss));
  return n.Return(b.Div(b.ReduceSum(loss), b.ReduceSum(weight)));
}

absl::Status NegativeLogLikelihoodLoss(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckOperands(n));
  return SetLoss(n, n.In(0));
}

absl::Status SoftmaxCrossEntropyLoss(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckOperands(n));
  Expr log_probabilities = n.b.LogSoftmax(n.In(0), 1);
  n.Set(1, log_probabilities);
  return SetLoss(n, log_probabilities);
}

}  // namespace

void AddLossOps(OpTable &table) {
  table["NegativeLogLikelihoodLoss"] = {NegativeLogLikelihoodLoss, 2, 3};
  table["SoftmaxCrossEntropyLoss"] = {SoftmaxCrossEntropyLoss, 2, 3};
}

}  // namespace ingot::onnx_import
