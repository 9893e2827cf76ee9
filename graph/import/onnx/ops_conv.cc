// Convolution, its transpose as a convolution over an operand with zeros between its elements, and Col2Im.
#include <algorithm>
#include <cstring>

#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/op_table.h"
#include "graph/import/onnx/window.h"

namespace ingot::onnx_import {
namespace {

// One value per channel added to a result of `rank` axes.
Expr WithBias(NodeContext &n, Expr result, size_t bias, size_t rank, const Dim &channels) {
  if (!n.Has(bias)) return result;
  Dims per_channel(rank, Dim(1));
  per_channel[1] = channels;
  return n.b.Add(result, n.b.Reshape(n.In(bias), per_channel));
}

absl::Status Conv(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_ASSIGN_OR_RETURN(Expr result, Convolution(n, n.In(0), n.In(1), 0, 1));
  return n.Return(WithBias(n, result, 2, n.Type(0).dims.size(), n.Type(1).dims[0]));
}

// Padding of a transposed convolution: how much of the full result is cut off on both sides; below 0 adds zeros.
absl::Status SetTransposedPadding(NodeContext &n, const Dims &spatial, const Ints &added, Window &w) {
  INGOT_ASSIGN_OR_RETURN(Ints wanted, n.IntList("output_shape", Ints{}));
  if (!wanted.empty() && wanted.size() != spatial.size())
    return absl::InvalidArgumentError(
        absl::StrCat("'output_shape' has ", wanted.size(), " entries for ", spatial.size(), " spatial axes"));
  bool same = w.automatic.rfind("SAME", 0) == 0;
  if (wanted.empty() && !same) {
    if (w.automatic == "VALID") w.low = w.high = Ints(spatial.size(), 0);
    return absl::OkStatus();
  }
  for (size_t i = 0; i < spatial.size(); ++i) {
    Dim size = wanted.empty() ? spatial[i] * Dim(w.strides[i]) : Dim(wanted[i]);
    Dim full = (spatial[i] - 1) * Dim(w.strides[i]) + Dim(added[i] + w.extent(i));
    auto total = (full - size).constant();
    if (!total)
      return absl::UnimplementedError(
          "'output_shape' of a dynamic axis is not supported; set 'pads' and 'output_padding'");
    int64_t half = *total < 0 ? 0 : *total / 2;
    w.low[i] = *total < 0 || w.automatic == "SAME_UPPER" ? half : *total - half;
    w.high[i] = *total - w.low[i];
  }
  return absl::OkStatus();
}

// Weights [C, M / groups, kernel...] as those of the convolution: [M, C / groups, kernel...], every kernel reversed.
Tensor TransposedConstant(const Tensor &weights, int64_t groups) {
  int64_t inputs = weights.dims()[0] / groups, outputs = weights.dims()[1], taps = 1;
  Ints dims = weights.dims();
  for (size_t i = 2; i < dims.size(); ++i) taps *= dims[i];
  dims[0] = outputs * groups;
  dims[1] = inputs;
  Tensor result = Tensor::Zeros(weights.dtype(), dims);
  if (weights.size() == 0) return result;
  size_t bytes = static_cast<size_t>(BitWidth(weights.dtype())) / 8;
  char *to = result.mutable_data();
  for (int64_t row = 0; row < outputs * groups; ++row) {
    for (int64_t column = 0; column < inputs; ++column) {
      int64_t channel = row / outputs * inputs + column, from = (channel * outputs + row % outputs) * taps;
      for (int64_t tap = taps; tap-- > 0; to += bytes)
        std::memcpy(to, weights.data() + static_cast<size_t>(from + tap) * bytes, bytes);
    }
  }
  return result;
}

Expr TransposedWeights(NodeContext &n, const Dims &dims, const Ints &kernel, const Dim &inputs, int64_t groups) {
  if (const Tensor *constant = n.ConstantIn(1)) return n.b.Constant(TransposedConstant(*constant, groups));
  int64_t taps = 1;
  for (int64_t size : kernel) taps *= size;
  GraphBuilder &b = n.b;
  Expr w = b.Transpose(b.Reshape(n.In(1), {groups, inputs, dims[1], taps}), {0, 2, 1, 3});
  if (taps > 1) w = b.Slice(w, {0, 0, 0, taps - 1}, {groups, dims[1], inputs, -1}, {1, 1, 1, -1});
  Dims result = dims;
  result[0] = dims[1] * Dim(groups);
  result[1] = inputs;
  return b.Reshape(w, result);
}

// `stride - 1` zeros between neighbours along one axis.
Expr Spread(GraphBuilder &b, Expr x, size_t axis, int64_t stride) {
  Dims dims = b.type(x).dims;
  if (stride == 1 || axis >= dims.size()) return x;
  Dim size = dims[axis];
  Dims split = dims, low(dims.size() + 1), high(dims.size() + 1);
  split.insert(split.begin() + static_cast<std::ptrdiff_t>(axis) + 1, Dim(1));
  high[axis + 1] = stride - 1;
  dims[axis] = size * Dim(stride);
  Expr zero = b.Scalar(0, b.type(x).dtype);
  Expr spread = b.Reshape(b.Pad(b.Reshape(x, split), zero, low, high), dims);
  return SliceAxis(b, spread, axis, 0, dims[axis] - Dim(stride - 1));
}

// Windows that neither meet nor leave gaps: each element of x becomes a block of the result, so that a convolution of
// one tap computes whole blocks, which are then put in their places.
bool IsInBlocks(const Window &w, const Ints &added) {
  auto all = [](const Ints &list, int64_t value) {
    return std::all_of(list.begin(), list.end(), [value](int64_t v) { return v == value; });
  };
  return w.kernel == w.strides && all(w.dilations, 1) && all(w.low, 0) && all(w.high, 0) && all(added, 0) &&
         static_cast<int>(2 * w.kernel.size()) + 2 <= kMaxRank;
}

Expr InBlocks(NodeContext &n, const TensorType &x, const Dims &weights, const Dim &inputs, int64_t groups) {
  GraphBuilder &b = n.b;
  size_t spatial = x.dims.size() - 2;
  Dim channels = weights[1] * Dim(groups), taps = NumElements(Dims(weights.begin() + 2, weights.end()));
  Expr rows = b.Transpose(b.Reshape(n.In(1), {groups, inputs, weights[1], taps}), {0, 2, 3, 1});
  Dims one_tap(x.dims.size(), Dim(1));
  one_tap[0] = channels * taps;
  one_tap[1] = inputs;
  Expr result =
      b.Conv(n.In(0), b.Reshape(rows, one_tap), Ints(spatial, 1), Ints(spatial, 1), Ints(2 * spatial, 0), groups);
  if (n.Has(2)) {
    Expr bias = b.BroadcastTo(b.Reshape(n.In(2), {channels, 1}), {channels, taps});
    one_tap[1] = one_tap[0];
    one_tap[0] = 1;
    result = b.Add(result, b.Reshape(bias, one_tap));
  }
  Dims split{x.dims[0], channels}, joined = split;
  split.insert(split.end(), weights.begin() + 2, weights.end());
  split.insert(split.end(), x.dims.begin() + 2, x.dims.end());
  Ints order{0, 1};
  for (size_t i = 0; i < spatial; ++i) {
    order.push_back(static_cast<int64_t>(2 + spatial + i));
    order.push_back(static_cast<int64_t>(2 + i));
    joined.push_back(x.dims[i + 2] * weights[i + 2]);
  }
  return b.Reshape(b.Transpose(b.Reshape(result, split), order), joined);
}

absl::Status ConvTranspose(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  const TensorType x = n.Type(0), weights = n.Type(1);
  if (x.rank() < 3 || x.rank() + 1 > kMaxRank || weights.rank() != x.rank())
    return absl::InvalidArgumentError(absl::StrCat("x is ", x.ToString(), " and the weights are ", weights.ToString(),
                                                   "; both need the same rank, 3 to ", kMaxRank - 1));
  INGOT_ASSIGN_OR_RETURN(Ints kernel, KernelOf(weights));
  INGOT_ASSIGN_OR_RETURN(int64_t groups, GroupsOf(n));
  std::optional<Dim> inputs = Dim::DivideExactly(weights.dims[0], groups);
  if (!inputs)
    return absl::InvalidArgumentError(
        absl::StrCat(weights.dims[0].ToString(), " channels do not divide into ", groups, " groups"));
  const Dims spatial(x.dims.begin() + 2, x.dims.end());
  INGOT_ASSIGN_OR_RETURN(Window w, ReadWindow(n, spatial.size(), kernel));
  INGOT_ASSIGN_OR_RETURN(Ints added, n.IntList("output_padding", Ints(spatial.size(), 0)));
  bool possible = std::all_of(added.begin(), added.end(), [](int64_t v) { return v >= 0 && v <= INT64_C(1) << 30; });
  if (added.size() != spatial.size() || !possible)
    return absl::InvalidArgumentError(absl::StrCat("'output_padding' has ", added.size(), " entries for ",
                                                   spatial.size(), " spatial axes, or one below 0 or above 2^30"));
  INGOT_RETURN_IF_ERROR(SetTransposedPadding(n, spatial, added, w));
  if (IsInBlocks(w, added)) return n.Return(InBlocks(n, x, weights.dims, *inputs, groups));
  GraphBuilder &b = n.b;
  Expr data = n.In(0);
  Ints low, high;
  for (size_t i = 0; i < spatial.size(); ++i) {
    n.bounds.Require(1, spatial[i]);  // what that cannot say of a symbol's range is checked when it runs
    data = Spread(b, data, i + 2, w.strides[i]);
    // Padding below 0 cuts elements that no kept window reaches.
    int64_t before = w.extent(i) - 1 - w.low[i], after = w.extent(i) - 1 - w.high[i] + added[i];
    Dim size = (spatial[i] - 1) * Dim(w.strides[i]) + 1;
    data = SliceAxis(b, data, i + 2, std::max<int64_t>(-before, 0), size + Dim(std::min<int64_t>(after, 0)));
    low.push_back(std::max<int64_t>(before, 0));
    high.push_back(std::max<int64_t>(after, 0));
  }
  low.insert(low.end(), high.begin(), high.end());
  Expr turned = TransposedWeights(n, weights.dims, kernel, *inputs, groups);
  Expr result = b.Conv(data, turned, Ints(spatial.size(), 1), w.dilations, low, groups);
  return n.Return(WithBias(n, result, 2, x.dims.size(), weights.dims[1] * Dim(groups)));
}

// The inverse of cutting an image into blocks: every block is added where it was taken from.
absl::Status Col2Im(NodeContext &n) {
  constexpr int64_t kMaxTaps = 64;
  const TensorType x = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kAdd, x.dtype));
  INGOT_ASSIGN_OR_RETURN(Dims image, n.SizesIn(1, "image shape"));
  INGOT_ASSIGN_OR_RETURN(Ints block, n.IntsIn(2, "block shape"));
  INGOT_ASSIGN_OR_RETURN(Window w, ReadWindow(n, image.size(), block));
  int64_t taps = 1;
  for (int64_t size : block) taps = std::min(taps * size, kMaxTaps + 1);
  if (taps > kMaxTaps || image.size() + 3 > kMaxRank)
    return absl::UnimplementedError(absl::StrCat("blocks of more than ", kMaxTaps, " elements are not supported"));
  std::optional<Dim> channels = x.rank() == 3 ? Dim::DivideExactly(x.dims[1], taps) : std::nullopt;
  if (!channels || image.empty())
    return absl::InvalidArgumentError(
        absl::StrCat("its operand is ", x.ToString(), "; it must be [batch, channels * ", taps, ", blocks]"));
  Dims blocks = {x.dims[0], *channels}, padded = blocks, starts(image.size() + 2), limits = blocks;
  for (size_t i = 0; i < image.size(); ++i) {
    padded.push_back(image[i] + Dim(w.low[i] + w.high[i]));
    blocks.push_back(Dim::FloorDiv(padded.back() - Dim(w.extent(i)), w.strides[i]) + 1);
    starts[i + 2] = w.low[i];
    limits.push_back(image[i] + Dim(w.low[i]));
  }
  GraphBuilder &b = n.b;
  Expr columns = b.Reshape(n.In(0), {x.dims[0], *channels, taps, x.dims[2]}), sum;
  for (int64_t tap = 0; tap < taps; ++tap) {
    Expr part = b.Reshape(SliceAxis(b, columns, 2, tap, tap + 1), blocks);
    Dims low(padded.size()), high(padded.size());
    int64_t left = tap;
    for (size_t i = image.size(); i-- > 0; left /= block[i]) {
      part = Spread(b, part, i + 2, w.strides[i]);
      low[i + 2] = left % block[i] * w.dilations[i];
      high[i + 2] = padded[i + 2] - low[i + 2] - (blocks[i + 2] - 1) * Dim(w.strides[i]) - 1;
    }
    part = b.Pad(part, b.Scalar(0, x.dtype), low, high);
    sum = tap == 0 ? part : b.Add(sum, part);
  }
  return n.Return(b.Slice(sum, starts, limits, Ints(limits.size(), 1)));
}

}  // namespace

void AddConvOps(OpTable &table) {
  table["Conv"] = {Conv, 2, 3};
  table["ConvTranspose"] = {ConvTranspose, 2, 3};
  table["Col2Im"] = {Col2Im, 3, 3};
}

}  // namespace ingot::onnx_import
