// Convolution and pooling. A pooling window becomes one strided slice per tap: right for the small windows of real
// models.
#include <limits>

#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

constexpr int64_t kMaxTaps = 64;

struct Window {
  Ints kernel, strides, dilations;
  Ints low, high;  // padding
};

// Attributes that Conv and the pools share. `kernel` comes from the weights for Conv.
absl::StatusOr<Window> WindowOf(NodeContext &n, const Dims &spatial, std::optional<Ints> kernel) {
  size_t rank = spatial.size();
  Window w;
  INGOT_ASSIGN_OR_RETURN(w.kernel, n.IntList("kernel_shape", kernel));
  INGOT_ASSIGN_OR_RETURN(w.strides, n.IntList("strides", Ints(rank, 1)));
  INGOT_ASSIGN_OR_RETURN(w.dilations, n.IntList("dilations", Ints(rank, 1)));
  INGOT_ASSIGN_OR_RETURN(Ints pads, n.IntList("pads", Ints(2 * rank, 0)));
  INGOT_ASSIGN_OR_RETURN(std::string automatic, n.Text("auto_pad", "NOTSET"));
  if (w.kernel.size() != rank || w.strides.size() != rank || w.dilations.size() != rank || pads.size() != 2 * rank) {
    return absl::InvalidArgumentError(absl::StrCat("with ", rank,
                                                   " spatial axes 'kernel_shape', 'strides' and 'dilations' need ",
                                                   rank, " entries and 'pads' ", 2 * rank));
  }
  if (kernel && w.kernel != *kernel)
    return absl::InvalidArgumentError("'kernel_shape' differs from the weights' shape");
  constexpr int64_t kLargest = INT64_C(1) << 30;
  auto outside = [](int64_t low) { return [low](int64_t value) { return value < low || value > kLargest; }; };
  for (const Ints *list : {&w.kernel, &w.strides, &w.dilations}) {
    if (std::any_of(list->begin(), list->end(), outside(1)))
      return absl::InvalidArgumentError("'kernel_shape', 'strides' and 'dilations' must be at least 1");
  }
  if (std::any_of(pads.begin(), pads.end(), outside(0)))
    return absl::InvalidArgumentError("'pads' must not be negative");
  w.low.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank));
  w.high.assign(pads.begin() + static_cast<std::ptrdiff_t>(rank), pads.end());
  if (automatic == "NOTSET") return w;
  if (automatic != "VALID" && automatic != "SAME_UPPER" && automatic != "SAME_LOWER") {
    return absl::InvalidArgumentError(absl::StrCat("attribute 'auto_pad' is '", automatic.substr(0, 40), "'"));
  }
  for (size_t i = 0; i < rank; ++i) {
    w.low[i] = w.high[i] = 0;
    if (automatic == "VALID") continue;
    int64_t extent = (w.kernel[i] - 1) * w.dilations[i] + 1, total = extent - 1;
    if (w.strides[i] != 1) {
      auto size = spatial[i].constant();
      if (!size)
        return absl::UnimplementedError(
            "automatic padding of a dynamic axis with a stride is not supported; set 'pads'");
      total = std::max<int64_t>(((*size + w.strides[i] - 1) / w.strides[i] - 1) * w.strides[i] + extent - *size, 0);
    }
    w.low[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    w.high[i] = total - w.low[i];
  }
  return w;
}

absl::Status Conv(NodeContext &n) {
  TensorType x = n.Type(0), weights = n.Type(1);
  if (!IsFloat(x.dtype))
    return absl::UnimplementedError(
        absl::StrCat("it works on ", std::string(Name(x.dtype)), "; only floats are supported"));
  if (x.rank() < 3 || weights.rank() != x.rank()) {
    return absl::InvalidArgumentError(absl::StrCat("x is ", x.ToString(), " and the weights are ", weights.ToString(),
                                                   "; both need the same rank, 3 or more"));
  }
  Ints kernel;
  for (size_t i = 2; i < weights.dims.size(); ++i) {
    if (!weights.dims[i].is_constant()) return absl::UnimplementedError("weights of dynamic shape are not supported");
    kernel.push_back(*weights.dims[i].constant());
  }
  INGOT_ASSIGN_OR_RETURN(int64_t groups, n.Int("group", 1));
  if (groups < 1 || groups > INT64_C(1) << 30)
    return absl::InvalidArgumentError(absl::StrCat("attribute 'group' is ", groups));
  INGOT_ASSIGN_OR_RETURN(Window w, WindowOf(n, Dims(x.dims.begin() + 2, x.dims.end()), kernel));
  Ints pads = w.low;
  pads.insert(pads.end(), w.high.begin(), w.high.end());
  Expr result = n.b.Conv(n.In(0), n.In(1), w.strides, w.dilations, pads, groups);
  if (n.Has(2)) {
    Dims per_channel(x.dims.size(), Dim(1));
    per_channel[1] = weights.dims[0];
    result = n.b.Add(result, n.b.Reshape(n.In(2), per_channel));
  }
  return n.Return(result);
}

// Combines the taps of every window of x, which is padded already.
template <OpKind kCombine>
Expr Pooled(GraphBuilder &b, Expr x, const Dims &padded, const Dims &counts, const Window &w) {
  size_t rank = w.kernel.size();
  Ints tap(rank, 0);
  Expr result;
  for (;;) {
    Dims starts(rank + 2), limits = padded;
    Ints steps(rank + 2, 1);
    for (size_t i = 0; i < rank; ++i) {
      starts[i + 2] = tap[i] * w.dilations[i];
      limits[i + 2] = starts[i + 2] + (counts[i] - 1) * Dim(w.strides[i]) + 1;
      steps[i + 2] = w.strides[i];
    }
    Expr part = b.Slice(x, starts, limits, steps);
    result = result.id == kNoValue ? part : b.Emit(kCombine, {result, part}, {});
    size_t axis = rank;
    while (axis-- > 0 && ++tap[axis] == w.kernel[axis]) tap[axis] = 0;
    if (axis == SIZE_MAX) return result;
  }
}

// What a pool needs besides its window: how many results per axis, and the operand's padding up to the last tap.
struct PoolShape {
  Dims counts, low, high, padded;
};

absl::StatusOr<PoolShape> ShapeOf(NodeContext &n, const TensorType &x, const Window &w) {
  INGOT_ASSIGN_OR_RETURN(int64_t ceil_mode, n.Int("ceil_mode", 0));
  int64_t taps = 1;
  PoolShape s{{}, Dims(x.dims.size()), Dims(x.dims.size()), x.dims};
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    taps *= std::min(w.kernel[i], kMaxTaps + 1);
    if (taps > kMaxTaps)
      return absl::UnimplementedError(absl::StrCat("windows of more than ", kMaxTaps, " elements are not supported"));
    const Dim &size = x.dims[i + 2];
    Dim extent = (w.kernel[i] - 1) * w.dilations[i] + 1, span = size + Dim(w.low[i]) + Dim(w.high[i]) - extent;
    // What is undecided is checked with the slices below.
    if (!n.bounds.Require(0, span) && n.bounds.Of(span).high < 0) {
      return absl::InvalidArgumentError(absl::StrCat("the window of ", extent.ToString(),
                                                     " is larger than the padded axis ", i + 2, " of ", x.ToString()));
    }
    Dim count = Dim::FloorDiv(span, w.strides[i]) + 1, high = w.high[i];
    if (ceil_mode != 0 && w.strides[i] != 1) {
      // No window may start in the padding behind.
      count = n.bounds.Min(Dim::CeilDiv(span, w.strides[i]) + 1, Dim::CeilDiv(size + Dim(w.low[i]), w.strides[i]));
      Dim missing = (count - 1) * Dim(w.strides[i]) + extent - (size + Dim(w.low[i]) + Dim(w.high[i]));
      high = high + n.bounds.Max(missing, 0);
    }
    s.counts.push_back(count);
    s.low[i + 2] = w.low[i];
    s.high[i + 2] = high;
    s.padded[i + 2] = size + Dim(w.low[i]) + high;
  }
  return s;
}

bool IsPadded(const PoolShape &s) {
  auto zero = [](const Dim &dim) { return dim.Is(0); };
  return !std::all_of(s.low.begin(), s.low.end(), zero) || !std::all_of(s.high.begin(), s.high.end(), zero);
}

absl::Status CheckPool(NodeContext &n) {
  if (n.rank(0) < 3)
    return absl::InvalidArgumentError(
        absl::StrCat("its operand is ", n.Type(0).ToString(), "; it must have rank 3 or more"));
  return absl::OkStatus();
}

absl::Status MaxPool(NodeContext &n) {
  n.Ignore({"storage_order"});  // about the indices
  INGOT_RETURN_IF_ERROR(CheckPool(n));
  TensorType x = n.Type(0);
  if (n.Wants(1)) return absl::UnimplementedError("the indices of the maxima are not supported");
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kMax, x.dtype));
  INGOT_ASSIGN_OR_RETURN(Window w, WindowOf(n, Dims(x.dims.begin() + 2, x.dims.end()), std::nullopt));
  INGOT_ASSIGN_OR_RETURN(PoolShape s, ShapeOf(n, x, w));
  Expr value = n.In(0);
  if (IsPadded(s)) {
    Tensor lowest = Tensor::Zeros(x.dtype, {});
    if (IsFloat(x.dtype)) lowest.SetDouble(0, -std::numeric_limits<double>::infinity());
    if (IsSigned(x.dtype)) lowest.SetInt(0, static_cast<int64_t>(UINT64_C(1) << (ByteSize(x.dtype) * 8 - 1)));
    value = n.b.Pad(value, n.b.Constant(std::move(lowest)), s.low, s.high);
  }
  return n.Return(Pooled<OpKind::kMax>(n.b, value, s.padded, s.counts, w));
}

absl::Status AveragePool(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckPool(n));
  TensorType x = n.Type(0);
  if (!IsFloat(x.dtype))
    return absl::UnimplementedError(
        absl::StrCat("it works on ", std::string(Name(x.dtype)), "; only floats are supported"));
  INGOT_ASSIGN_OR_RETURN(int64_t include, n.Int("count_include_pad", 0));
  INGOT_ASSIGN_OR_RETURN(Window w, WindowOf(n, Dims(x.dims.begin() + 2, x.dims.end()), std::nullopt));
  INGOT_ASSIGN_OR_RETURN(PoolShape s, ShapeOf(n, x, w));
  GraphBuilder &b = n.b;
  Expr value = n.In(0), zero = b.Scalar(0, x.dtype);
  int64_t taps = 1;
  for (int64_t size : w.kernel) taps *= size;
  if (!IsPadded(s))
    return n.Return(
        b.Div(Pooled<OpKind::kAdd>(b, value, s.padded, s.counts, w), b.Scalar(static_cast<double>(taps), x.dtype)));
  Expr sum = Pooled<OpKind::kAdd>(b, b.Pad(value, zero, s.low, s.high), s.padded, s.counts, w);
  // How many elements each window holds: the same sum over ones. Padding by 'ceil_mode' never counts.
  Dims ones = x.dims, low = s.low, high = s.high, padded = s.padded;
  ones[0] = ones[1] = padded[0] = padded[1] = 1;
  if (include != 0) {
    for (size_t i = 0; i < w.kernel.size(); ++i) {
      ones[i + 2] = ones[i + 2] + Dim(w.low[i]) + Dim(w.high[i]);
      low[i + 2] = 0;
      high[i + 2] = high[i + 2] - Dim(w.high[i]);
    }
  }
  Expr counted = b.BroadcastTo(b.Scalar(1, x.dtype), ones);
  return n.Return(b.Div(sum, Pooled<OpKind::kAdd>(b, b.Pad(counted, zero, low, high), padded, s.counts, w)));
}

template <OpKind kOp>
absl::Status GlobalPool(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckPool(n));
  INGOT_RETURN_IF_ERROR(CheckTakes(kOp, n.dtype(0)));
  Ints axes;
  for (int axis = 2; axis < n.rank(0); ++axis) axes.push_back(axis);
  return n.Return(n.b.Emit(kOp, {n.In(0)}, {{"axes", axes}, {"keep_dims", true}}));
}

}  // namespace

void AddConvOps(OpTable &table) {
  table["Conv"] = {Conv, 2, 3};
  table["MaxPool"] = {MaxPool, 1, 1};
  table["AveragePool"] = {AveragePool, 1, 1};
  table["GlobalAveragePool"] = {GlobalPool<OpKind::kReduceMean>, 1, 1};
  table["GlobalMaxPool"] = {GlobalPool<OpKind::kReduceMax>, 1, 1};
}

}  // namespace ingot::onnx_import
