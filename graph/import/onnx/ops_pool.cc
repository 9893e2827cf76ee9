// Pooling. A window becomes one strided slice per tap; a large one does so axis by axis, which takes the sum of its
// sides instead of their product.
#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/op_table.h"
#include "graph/import/onnx/scatter.h"
#include "graph/import/onnx/window.h"

namespace ingot::onnx_import {
namespace {

constexpr int64_t kMaxTaps = 64;  // in one expression
constexpr int64_t kTogether = 16;

// Elements of a window; a number above kMaxTaps for any that has more.
int64_t Taps(const Window &w) {
  int64_t taps = 1;
  for (int64_t side : w.kernel) taps = std::min(taps * std::min(side, kMaxTaps + 1), kMaxTaps + 1);
  return taps;
}

// Element `tap` of every window of x, which is padded already.
Expr AtTap(GraphBuilder &b, Expr x, const Dims &padded, const Dims &counts, const Window &w, const Ints &tap) {
  Dims starts(padded.size()), limits = padded;
  Ints steps(padded.size(), 1);
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    starts[i + 2] = tap[i] * w.dilations[i];
    limits[i + 2] = starts[i + 2] + (counts[i] - 1) * Dim(w.strides[i]) + 1;
    steps[i + 2] = w.strides[i];
  }
  return b.Slice(x, starts, limits, steps);
}

// The next element of a window in row-major order; false after the last.
bool Advance(Ints &tap, const Ints &kernel) {
  for (size_t axis = kernel.size(); axis-- > 0; tap[axis] = 0) {
    if (++tap[axis] < kernel[axis]) return true;
  }
  return false;
}

// Combines the taps of every window of x, which is padded already.
template <OpKind kCombine>
Expr Pooled(GraphBuilder &b, Expr x, const Dims &padded, const Dims &counts, const Window &w) {
  if (Taps(w) > kTogether && std::count(w.kernel.begin(), w.kernel.end(), 1) + 1 < static_cast<int>(w.kernel.size())) {
    Dims now = padded;
    for (size_t axis = w.kernel.size(); axis-- > 0;) {
      const Ints ones(w.kernel.size(), 1);
      Window along{ones, ones, ones, {}, {}, ""};
      along.kernel[axis] = w.kernel[axis];
      along.strides[axis] = w.strides[axis];
      along.dilations[axis] = w.dilations[axis];
      Dims then(now.begin() + 2, now.end());
      then[axis] = counts[axis];
      x = Pooled<kCombine>(b, x, now, then, along);
      now[axis + 2] = counts[axis];
    }
    return x;
  }
  Ints tap(w.kernel.size(), 0);
  Expr result = AtTap(b, x, padded, counts, w, tap);
  while (Advance(tap, w.kernel)) result = b.Emit(kCombine, {result, AtTap(b, x, padded, counts, w, tap)}, {});
  return result;
}

// What a pool needs besides its window: how many results per axis, and the operand's padding up to the last tap.
struct PoolShape {
  Dims counts, low, high, padded;
};

absl::StatusOr<PoolShape> ShapeOf(NodeContext &n, const TensorType &x, const Window &w) {
  INGOT_ASSIGN_OR_RETURN(int64_t ceil_mode, n.Int("ceil_mode", 0));
  PoolShape s{{}, Dims(x.dims.size()), Dims(x.dims.size()), x.dims};
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    if (w.kernel[i] > kMaxTaps)
      return absl::UnimplementedError(
          absl::StrCat("windows of more than ", kMaxTaps, " elements along an axis are not supported"));
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

// Where in x, counted over all of it, the windows have this element: along every axis its place, and whether that is
// in x at all and not in the padding.
struct Places {
  Expr index, inside;
};

Places PlacesOf(GraphBuilder &b, const TensorType &x, const PoolShape &s, const Window &w, const Ints &tap,
                bool columns_first) {
  size_t rank = x.dims.size();
  Expr index, inside, zero = b.Scalar(0, DType::kI64);
  auto add = [&](Expr part) { index = index.id == kNoValue ? part : b.Add(index, part); };
  Dim plane = NumElements(Dims(x.dims.begin() + 2, x.dims.end())), stride = 1;
  for (size_t step = 0; step + 2 < rank; ++step) {
    size_t i = columns_first ? step : rank - 3 - step;
    Expr at = b.Mul(Counted(b, s.counts[i], i + 2, rank), Number(b, w.strides[i]));
    at = b.Add(at, Number(b, tap[i] * w.dilations[i] - w.low[i]));
    Expr fits = b.LogicalAnd(b.GreaterEqual(at, zero), b.Less(at, Number(b, x.dims[i + 2])));
    inside = step == 0 ? fits : b.LogicalAnd(inside, fits);
    add(b.Mul(at, Number(b, stride)));
    stride = stride * x.dims[i + 2];
  }
  add(b.Mul(Counted(b, x.dims[1], 1, rank), Number(b, plane)));
  add(b.Mul(Counted(b, x.dims[0], 0, rank), Number(b, x.dims[1] * plane)));
  return {index, inside};
}

// The index of the first largest element of every window; x is padded already.
Expr MaximaIndices(GraphBuilder &b, Expr padded, const TensorType &x, const PoolShape &s, const Window &w,
                   bool columns_first) {
  Expr best, index = b.Scalar(-1, DType::kI64), zero = b.Scalar(0, DType::kI64);
  Ints tap(w.kernel.size(), 0);
  do {
    Expr value = AtTap(b, padded, s.padded, s.counts, w, tap);
    Places places = PlacesOf(b, x, s, w, tap, columns_first);
    bool first = best.id == kNoValue;
    Expr better =
        first ? places.inside : b.LogicalAnd(places.inside, b.LogicalOr(b.Greater(value, best), b.Less(index, zero)));
    index = b.Select(better, places.index, index);
    best = first ? value : b.Max(best, value);
  } while (Advance(tap, w.kernel));
  Dims dims = {x.dims[0], x.dims[1]};
  dims.insert(dims.end(), s.counts.begin(), s.counts.end());
  return b.BroadcastTo(index, dims);
}

absl::Status MaxPool(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t columns_first, n.Int("storage_order", 0));
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 3));
  TensorType x = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kMax, x.dtype));
  INGOT_ASSIGN_OR_RETURN(Window w, WindowOver(n, Dims(x.dims.begin() + 2, x.dims.end()), std::nullopt));
  INGOT_ASSIGN_OR_RETURN(PoolShape s, ShapeOf(n, x, w));
  Expr value = n.In(0);
  if (IsPadded(s)) {
    value = n.b.Pad(value, n.b.Constant(Lowest(x.dtype)), s.low, s.high);
  }
  if (n.Wants(1) && Taps(w) > kMaxTaps)
    return absl::UnimplementedError(
        absl::StrCat("the indices of windows of more than ", kMaxTaps, " elements are not supported"));
  if (n.Wants(1)) n.Set(1, MaximaIndices(n.b, value, x, s, w, columns_first != 0));
  return n.Return(Pooled<OpKind::kMax>(n.b, value, s.padded, s.counts, w));
}

// Puts every element back where MaxPool says that it came from; zeros elsewhere.
absl::Status MaxUnpool(NodeContext &n) {
  const TensorType x = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 3));
  if (n.Type(1).dims != x.dims || !IsInteger(n.dtype(1)))
    return absl::InvalidArgumentError(absl::StrCat("x is ", x.ToString(), " and its indices are ", n.Type(1).ToString(),
                                                   "; they must be integers of the same shape"));
  INGOT_ASSIGN_OR_RETURN(Window w, ReadWindow(n, x.dims.size() - 2, std::nullopt));
  Dims out = x.dims, low(x.dims.size()), high(x.dims.size());
  for (size_t i = 0; i < w.kernel.size(); ++i)
    out[i + 2] = (x.dims[i + 2] - 1) * Dim(w.strides[i]) + Dim(w.kernel[i] - w.low[i] - w.high[i]);
  if (n.Has(2)) {
    INGOT_ASSIGN_OR_RETURN(Dims wanted, n.SizesIn(2, "output_shape"));
    if (wanted.size() != out.size())
      return absl::InvalidArgumentError(absl::StrCat("its output shape ", ToString(wanted), " is of another rank"));
    for (size_t i = 0; i < out.size(); ++i) {
      high[i] = wanted[i] - out[i];
      if (!n.bounds.Require(0, high[i]))
        return absl::InvalidArgumentError(
            absl::StrCat("its output shape ", ToString(wanted), " is smaller than ", ToString(out)));
    }
  }
  GraphBuilder &b = n.b;
  Dim planes = x.dims[0] * x.dims[1], count = NumElements(Dims(x.dims.begin() + 2, x.dims.end()));
  Dim size = NumElements(Dims(out.begin() + 2, out.end()));
  Expr index = b.Reshape(CastIfNeeded(b, n.In(1), n.dtype(1), DType::kI64), {planes, count, 1});
  index = b.Sub(index, b.Mul(Counted(b, planes, 0, 3), Number(b, size)));
  ScatterBlocks s{{}, index, b.Reshape(n.In(0), {planes, count, 1}), planes, size, 1, count, planes, 1};
  s.data = b.BroadcastTo(b.Scalar(0, x.dtype), {planes, size, 1});
  INGOT_ASSIGN_OR_RETURN(Expr result, Scattered(n, s, ScatterBy::kReplace, x.dtype));
  result = b.Reshape(result, out);
  return n.Return(high == low ? result : b.Pad(result, b.Scalar(0, x.dtype), low, high));
}

// |x|^p, and the p-th root.
Expr Powered(GraphBuilder &b, Expr x, int64_t p, DType dtype) {
  if (p == 1) return b.Abs(x);
  return p == 2 ? b.Mul(x, x) : b.Pow(b.Abs(x), b.Scalar(static_cast<double>(p), dtype));
}
Expr Rooted(GraphBuilder &b, Expr x, int64_t p, DType dtype) {
  if (p == 1) return x;
  return p == 2 ? b.Sqrt(x) : b.Pow(x, b.Scalar(1 / static_cast<double>(p), dtype));
}

absl::StatusOr<int64_t> ReadPower(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 3));
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_ASSIGN_OR_RETURN(int64_t p, n.Int("p", 2));
  if (p < 1) return absl::InvalidArgumentError(absl::StrCat("attribute 'p' is ", p, "; it must be 1 or more"));
  return p;
}

absl::Status LpPool(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t p, ReadPower(n));
  const TensorType x = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(Window w, WindowOver(n, Dims(x.dims.begin() + 2, x.dims.end()), std::nullopt));
  INGOT_ASSIGN_OR_RETURN(PoolShape s, ShapeOf(n, x, w));
  Expr powers = Powered(n.b, n.In(0), p, x.dtype);
  if (IsPadded(s)) powers = n.b.Pad(powers, n.b.Scalar(0, x.dtype), s.low, s.high);
  return n.Return(Rooted(n.b, Pooled<OpKind::kAdd>(n.b, powers, s.padded, s.counts, w), p, x.dtype));
}

Ints SpatialAxes(int rank) {
  Ints axes;
  for (int axis = 2; axis < rank; ++axis) axes.push_back(axis);
  return axes;
}

absl::Status GlobalLpPool(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t p, ReadPower(n));
  Expr sum = n.b.ReduceSum(Powered(n.b, n.In(0), p, n.dtype(0)), SpatialAxes(n.rank(0)), true);
  return n.Return(Rooted(n.b, sum, p, n.dtype(0)));
}

absl::Status AveragePool(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 3));
  TensorType x = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_ASSIGN_OR_RETURN(int64_t include, n.Int("count_include_pad", 0));
  INGOT_ASSIGN_OR_RETURN(Window w, WindowOver(n, Dims(x.dims.begin() + 2, x.dims.end()), std::nullopt));
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
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 3));
  INGOT_RETURN_IF_ERROR(CheckTakes(kOp, n.dtype(0)));
  return n.Return(n.b.Emit(kOp, {n.In(0)}, {{"axes", SpatialAxes(n.rank(0))}, {"keep_dims", true}}));
}

}  // namespace

void AddPoolOps(OpTable &table) {
  table["MaxPool"] = {MaxPool, 1, 1};
  table["AveragePool"] = {AveragePool, 1, 1};
  table["MaxUnpool"] = {MaxUnpool, 2, 3};
  table["LpPool"] = {LpPool, 1, 1};
  table["GlobalLpPool"] = {GlobalLpPool, 1, 1};
  table["GlobalAveragePool"] = {GlobalPool<OpKind::kReduceMean>, 1, 1};
  table["GlobalMaxPool"] = {GlobalPool<OpKind::kReduceMax>, 1, 1};
}

}  // namespace ingot::onnx_import
