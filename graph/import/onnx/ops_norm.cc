// Normalizations: layer, RMS, batch, instance, group, and ONNX Runtime's fused forms with a residual.
#include <cmath>

#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

Ints AxesFrom(int64_t first, int rank) {
  Ints axes;
  for (int64_t axis = first; axis < rank; ++axis) axes.push_back(axis);
  return axes;
}

// 1 / sqrt(x + epsilon)
Expr InverseRoot(GraphBuilder &b, Expr x, double epsilon, DType dtype) {
  return b.Rsqrt(b.Add(x, b.Scalar(epsilon, dtype)));
}

// Mean and 1 / deviation over axes, which stay as size 1.
struct Moments {
  Expr mean, inverse;
};

Moments MomentsOf(GraphBuilder &b, Expr x, const Ints &axes, double epsilon, DType dtype) {
  Expr mean = b.ReduceMean(x, axes, true), centered = b.Sub(x, mean);
  return {mean, InverseRoot(b, b.ReduceMean(b.Mul(centered, centered), axes, true), epsilon, dtype)};
}

Expr Standardized(GraphBuilder &b, Expr x, const Moments &m) { return b.Mul(b.Sub(x, m.mean), m.inverse); }

absl::Status LayerNormalization(NodeContext &n) {
  n.Ignore({"stash_type"});  // f32, which the op computes in
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  int rank = n.rank(0);
  DType dtype = n.dtype(0);
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", -1, rank));
  INGOT_ASSIGN_OR_RETURN(double epsilon, n.Float("epsilon", 1e-5f));
  Expr shift = n.Has(2) ? n.In(2) : n.b.Scalar(0, dtype);
  n.Set(0, n.b.LayerNorm(n.In(0), n.In(1), shift, axis, epsilon));
  if (!n.Wants(1) && !n.Wants(2)) return absl::OkStatus();
  DType stash = dtype == DType::kF64 ? DType::kF64 : DType::kF32;
  Moments moments = MomentsOf(n.b, CastIfNeeded(n.b, n.In(0), dtype, stash), AxesFrom(axis, rank), epsilon, stash);
  n.Set(1, moments.mean);
  n.Set(2, moments.inverse);
  return absl::OkStatus();
}

// x / sqrt(mean(x^2) + epsilon) * scale, computed in f32 at least.
Expr RmsNorm(GraphBuilder &b, Expr x, Expr scale, const Ints &axes, double epsilon, DType dtype) {
  DType wide = dtype == DType::kF64 ? DType::kF64 : DType::kF32;
  Expr y = CastIfNeeded(b, x, dtype, wide);
  y = b.Mul(y, InverseRoot(b, b.ReduceMean(b.Mul(y, y), axes, true), epsilon, wide));
  return b.Mul(CastIfNeeded(b, y, wide, dtype), scale);
}

absl::Status RmsNormalization(NodeContext &n) {
  n.Ignore({"stash_type"});
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", -1, n.rank(0)));
  INGOT_ASSIGN_OR_RETURN(double epsilon, n.Float("epsilon", 1e-5f));
  return n.Return(RmsNorm(n.b, n.In(0), n.In(1), AxesFrom(axis, n.rank(0)), epsilon, n.dtype(0)));
}

// input + skip (+ bias), normalized over the last axis; the sum is output 3.
template <bool kRms>
absl::Status SkipNormalization(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  if (n.rank(0) < 1) return absl::InvalidArgumentError("its operand is a scalar");
  INGOT_ASSIGN_OR_RETURN(double epsilon, n.Float("epsilon", kRms ? 1e-6f : 1e-12f));
  size_t bias = kRms ? 3 : 4;
  Expr sum = n.b.Add(n.In(0), n.In(1));
  if (n.Has(bias)) sum = n.b.Add(sum, n.In(bias));
  n.Set(3, sum);
  int64_t axis = n.rank(0) - 1;
  if (kRms) return n.Return(RmsNorm(n.b, sum, n.In(2), {axis}, epsilon, n.dtype(0)));
  return n.Return(n.b.LayerNorm(sum, n.In(2), n.Has(3) ? n.In(3) : n.b.Scalar(0, n.dtype(0)), axis, epsilon));
}

// One value per channel (axis 1), made to broadcast against x.
Expr PerChannel(GraphBuilder &b, Expr vector, const TensorType &x) {
  Dims dims(x.dims.size(), Dim(1));
  dims[1] = x.dims[1];
  return b.Reshape(vector, dims);
}

// The vectors of a batch normalization as one product and one sum per channel, when all are constants.
std::optional<std::pair<Tensor, Tensor>> FoldedBatchNorm(const NodeContext &n, double epsilon) {
  const Tensor *scale = n.ConstantIn(1), *shift = n.ConstantIn(2), *mean = n.ConstantIn(3), *variance = n.ConstantIn(4);
  if (scale == nullptr || shift == nullptr || mean == nullptr || variance == nullptr) return std::nullopt;
  int64_t channels = scale->size();
  for (const Tensor *t : {scale, shift, mean, variance}) {
    if (t->rank() != 1 || t->size() != channels || !IsFloat(t->dtype())) return std::nullopt;
  }
  DType dtype = n.dtype(0);
  Tensor product = Tensor::Zeros(dtype, {channels}), sum = Tensor::Zeros(dtype, {channels});
  for (int64_t i = 0; i < channels; ++i) {
    double factor = scale->GetDouble(i) / std::sqrt(variance->GetDouble(i) + epsilon);
    product.SetDouble(i, factor);
    sum.SetDouble(i, shift->GetDouble(i) - mean->GetDouble(i) * factor);
  }
  return std::pair(std::move(product), std::move(sum));
}

// By the batch's own mean and variance; also what the running ones become.
absl::Status BatchNormTraining(NodeContext &n, const TensorType &x, double epsilon, double momentum) {
  GraphBuilder &b = n.b;
  Ints axes = AxesFrom(2, x.rank());
  axes.insert(axes.begin(), 0);
  auto vector = [&](size_t i) { return CastIfNeeded(b, n.In(i), n.dtype(i), x.dtype); };
  Expr mean = b.ReduceMean(n.In(0), axes, true), centered = b.Sub(n.In(0), mean);
  Expr variance = b.ReduceMean(b.Mul(centered, centered), axes, true);
  Expr y = b.Mul(centered, b.Mul(PerChannel(b, vector(1), x), InverseRoot(b, variance, epsilon, x.dtype)));
  n.Set(0, b.Add(y, PerChannel(b, vector(2), x)));
  auto running = [&](size_t i, Expr batch) {
    Expr old = b.Mul(vector(i), b.Scalar(momentum, x.dtype));
    Expr fresh = b.Mul(b.Reshape(batch, {x.dims[1]}), b.Scalar(1 - momentum, x.dtype));
    return CastIfNeeded(b, b.Add(old, fresh), x.dtype, n.dtype(i));
  };
  if (n.Wants(1)) n.Set(1, running(3, mean));
  if (n.Wants(2)) n.Set(2, running(4, variance));
  return absl::OkStatus();
}

absl::Status BatchNormalization(NodeContext &n) {
  n.Ignore({"spatial", "is_test"});
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  TensorType x = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(double epsilon, n.Float("epsilon", 1e-5f));
  INGOT_ASSIGN_OR_RETURN(int64_t training, n.Int("training_mode", 0));
  INGOT_ASSIGN_OR_RETURN(int64_t spatial, n.Int("spatial", 1));
  INGOT_ASSIGN_OR_RETURN(double momentum, n.Float("momentum", 0.9f));
  if (n.opset < 14 && n.Wants(1))
    return absl::UnimplementedError(
        "batch normalization in training mode is not supported before opset 14; export the model for inference");
  if (spatial != 1) return absl::UnimplementedError("'spatial' = 0 is not supported");
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 2));
  if (training != 0) return BatchNormTraining(n, x, epsilon, momentum);
  GraphBuilder &b = n.b;
  Expr product, sum;
  if (auto folded = FoldedBatchNorm(n, epsilon)) {
    product = b.Constant(std::move(folded->first));
    sum = b.Constant(std::move(folded->second));
  } else {
    auto vector = [&](size_t i) { return CastIfNeeded(b, n.In(i), n.dtype(i), x.dtype); };
    product = b.Mul(vector(1), InverseRoot(b, vector(4), epsilon, x.dtype));
    sum = b.Sub(vector(2), b.Mul(vector(3), product));
  }
  return n.Return(b.Add(b.Mul(n.In(0), PerChannel(b, product, x)), PerChannel(b, sum, x)));
}

absl::Status InstanceNormalization(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  TensorType x = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(double epsilon, n.Float("epsilon", 1e-5f));
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 3));
  Expr y = Standardized(n.b, n.In(0), MomentsOf(n.b, n.In(0), AxesFrom(2, x.rank()), epsilon, x.dtype));
  return n.Return(n.b.Add(n.b.Mul(y, PerChannel(n.b, n.In(1), x)), PerChannel(n.b, n.In(2), x)));
}

// Scale and shift per channel since opset 21, per group before.
absl::Status GroupNormalization(NodeContext &n) {
  n.Ignore({"stash_type"});
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  TensorType x = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(double epsilon, n.Float("epsilon", 1e-5f));
  INGOT_ASSIGN_OR_RETURN(int64_t groups, n.Int("num_groups"));
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 3));
  std::optional<Dim> channels = groups < 1 ? std::nullopt : Dim::DivideExactly(x.dims[1], groups);
  if (!channels)
    return absl::InvalidArgumentError(
        absl::StrCat(x.dims[1].ToString(), " channels do not divide into ", groups, " groups"));
  GraphBuilder &b = n.b;
  Dim rest = *channels * NumElements(Dims(x.dims.begin() + 2, x.dims.end()));
  Expr y = b.Reshape(n.In(0), {x.dims[0], groups, rest});
  y = Standardized(b, y, MomentsOf(b, y, {2}, epsilon, x.dtype));
  if (n.opset >= 21) {
    y = b.Reshape(y, x.dims);
    return n.Return(b.Add(b.Mul(y, PerChannel(b, n.In(1), x)), PerChannel(b, n.In(2), x)));
  }
  auto per_group = [&](size_t i) { return b.Reshape(n.In(i), {1, groups, 1}); };
  return n.Return(b.Reshape(b.Add(b.Mul(y, per_group(1)), per_group(2)), x.dims));
}

absl::Status MeanVarianceNormalization(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_ASSIGN_OR_RETURN(Ints axes, n.IntList("axes", Ints{0, 2, 3}));
  INGOT_ASSIGN_OR_RETURN(axes, NormalAxes(axes, n.rank(0)));
  GraphBuilder &b = n.b;
  Expr centered = b.Sub(n.In(0), b.ReduceMean(n.In(0), axes, true));
  Expr deviation = b.Sqrt(b.ReduceMean(b.Mul(centered, centered), axes, true));
  return n.Return(b.Div(centered, b.Add(deviation, b.Scalar(1e-9, n.dtype(0)))));
}

absl::Status LpNormalization(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", -1, n.rank(0)));
  INGOT_ASSIGN_OR_RETURN(int64_t p, n.Int("p", 2));
  if (p != 1 && p != 2) return absl::InvalidArgumentError(absl::StrCat("attribute 'p' is ", p, ", not 1 or 2"));
  GraphBuilder &b = n.b;
  Expr x = n.In(0), norm = b.ReduceSum(p == 1 ? b.Abs(x) : b.Mul(x, x), {axis}, true);
  if (p == 2) norm = b.Sqrt(norm);
  // ONNX Runtime gives 0 for vectors of zeros.
  Expr zero = b.Scalar(0, n.dtype(0));
  return n.Return(b.Select(b.Equal(norm, zero), zero, b.Div(x, norm)));
}

// x / (bias + alpha / size * sum of squares over `size` neighbouring channels) ^ beta
absl::Status Lrn(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  TensorType x = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha", 1e-4f));
  INGOT_ASSIGN_OR_RETURN(double beta, n.Float("beta", 0.75));
  INGOT_ASSIGN_OR_RETURN(double bias, n.Float("bias", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t size, n.Int("size"));
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 2));
  if (size < 1 || size > 64)
    return absl::UnimplementedError(absl::StrCat("a size of ", size, " is not supported; 1 to 64 are"));
  GraphBuilder &b = n.b;
  Dims low(x.dims.size()), high(x.dims.size()), starts(x.dims.size()), limits = x.dims;
  low[1] = (size - 1) / 2;
  high[1] = size - 1 - (size - 1) / 2;
  Expr squares = b.Pad(b.Mul(n.In(0), n.In(0)), b.Scalar(0, x.dtype), low, high), sum;
  for (int64_t i = 0; i < size; ++i) {
    starts[1] = i;
    limits[1] = x.dims[1] + Dim(i);
    Expr part = b.Slice(squares, starts, limits, Ints(x.dims.size(), 1));
    sum = i == 0 ? part : b.Add(sum, part);
  }
  Expr base = b.Add(b.Mul(sum, b.Scalar(alpha / static_cast<double>(size), x.dtype)), b.Scalar(bias, x.dtype));
  return n.Return(b.Div(n.In(0), b.Pow(base, b.Scalar(beta, x.dtype))));
}

}  // namespace

void AddNormOps(OpTable &table) {
  table["LayerNormalization"] = {LayerNormalization, 2, 3};
  table["RMSNormalization"] = {RmsNormalization, 2, 2};
  table["SimplifiedLayerNormalization"] = {RmsNormalization, 2, 2};
  table["com.microsoft.SimplifiedLayerNormalization"] = {RmsNormalization, 2, 2};
  table["com.microsoft.SkipLayerNormalization"] = {SkipNormalization<false>, 3, 5};
  table["com.microsoft.SkipSimplifiedLayerNormalization"] = {SkipNormalization<true>, 3, 4};
  table["BatchNormalization"] = {BatchNormalization, 5, 5};
  table["InstanceNormalization"] = {InstanceNormalization, 3, 3};
  table["GroupNormalization"] = {GroupNormalization, 3, 3};
  table["MeanVarianceNormalization"] = {MeanVarianceNormalization, 1, 1};
  table["LRN"] = {Lrn, 1, 1};
  table["LpNormalization"] = {LpNormalization, 1, 1};
}

}  // namespace ingot::onnx_import
