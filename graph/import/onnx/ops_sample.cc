// Sampling images at computed places: GridSample, AffineGrid, RoiAlign.
#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/lanes.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

enum class Outside { kZeros, kBorder, kReflection };

// What formulas over coordinates need: constants of their dtype.
struct Arithmetic {
  GraphBuilder &b;
  DType dtype;

  Expr operator()(double value) const { return b.Scalar(value, dtype); }
  Expr operator()(const Dim &dim) const {
    auto known = dim.constant();
    return known ? b.Scalar(static_cast<double>(*known), dtype) : b.Cast(Number(b, dim), dtype);
  }
  Expr Clamped(Expr x, Expr low, Expr high) const { return b.Min(b.Max(x, low), high); }
};

// One place along one axis, and how much it counts; both [batch, points].
struct Tap {
  Expr index, weight, inside;  // no weight: 1; no `inside`: always
};

// One spatial axis of the image.
struct ImageAxis {
  Expr size, last, low, high;  // `low` and `high`: where reflection turns
};

// Folds coordinates back between the turning points.
Expr Reflected(const Arithmetic &f, Expr x, const ImageAxis &a) {
  GraphBuilder &b = f.b;
  Expr span = b.Max(b.Sub(a.high, a.low), f(1)), period = b.Add(span, span);
  Expr along = b.Rem(b.Abs(b.Sub(x, a.low)), period);
  return b.Add(a.low, b.Min(along, b.Sub(period, along)));
}

Tap TapAt(const Arithmetic &f, Expr place, Expr weight, const ImageAxis &a, Outside outside) {
  GraphBuilder &b = f.b;
  Expr zero = f(0), inside;
  if (outside == Outside::kZeros) inside = b.LogicalAnd(b.GreaterEqual(place, zero), b.LessEqual(place, a.last));
  if (outside == Outside::kReflection) place = b.Round(Reflected(f, place, a));
  return {b.Cast(f.Clamped(place, zero, a.last), DType::kI64), weight, inside};
}

// The places that an axis's coordinate is interpolated from.
std::vector<Tap> TapsOf(const Arithmetic &f, Expr x, const ImageAxis &a, const std::string &mode, Outside outside) {
  GraphBuilder &b = f.b;
  if (mode == "nearest") return {TapAt(f, x, {}, a, outside)};
  Expr base = b.Floor(x), t = b.Sub(x, base), rest = b.Sub(f(1), t);
  if (mode == "linear") return {TapAt(f, base, rest, a, outside), TapAt(f, b.Add(base, f(1)), t, a, outside)};
  // Keys' cubic with a = -0.75: `d` is the distance of the nearer and the farther two.
  auto near = [&](Expr d) { return b.Add(b.Mul(b.Mul(b.Sub(b.Mul(f(1.25), d), f(2.25)), d), d), f(1)); };
  auto far = [&](Expr d) { return b.Mul(f(-0.75), b.Sub(b.Mul(b.Add(b.Mul(b.Sub(d, f(5)), d), f(8)), d), f(4))); };
  return {TapAt(f, b.Sub(base, f(1)), far(b.Add(t, f(1))), a, outside), TapAt(f, base, near(t), a, outside),
          TapAt(f, b.Add(base, f(1)), near(rest), a, outside),
          TapAt(f, b.Add(base, f(2)), far(b.Add(rest, f(1))), a, outside)};
}

// Position of the first element of every [image, channel]: [batch, channels, 1].
Expr PlaneStarts(GraphBuilder &b, const Dims &x, Expr image, const Dim &plane) {
  Expr channel = b.Add(b.Mul(image, Number(b, x[1])), Counted(b, x[1], 1, 3));
  return b.Mul(channel, Number(b, plane));
}

// The weighted sum over all combinations of one tap per axis: [batch, channels, points].
Expr Combined(GraphBuilder &b, Expr x, Expr starts, const Dims &spatial, const std::vector<std::vector<Tap>> &taps,
              const Dim &batch, const Dim &points, DType dtype) {
  Expr flat = b.Reshape(x, {NumElements(b.type(x).dims)}), sum;
  auto row = [&](Expr value) { return b.Reshape(value, {batch, 1, points}); };
  std::vector<size_t> chosen(taps.size());
  for (;;) {
    Expr at, weight, inside;
    for (size_t i = 0; i < taps.size(); ++i) {
      const Tap &tap = taps[i][chosen[i]];
      at = i == 0 ? tap.index : b.Add(b.Mul(at, Number(b, spatial[i])), tap.index);
      if (tap.weight.id != kNoValue) weight = weight.id == kNoValue ? tap.weight : b.Mul(weight, tap.weight);
      if (tap.inside.id != kNoValue) inside = inside.id == kNoValue ? tap.inside : b.LogicalAnd(inside, tap.inside);
    }
    Expr part = b.Gather(flat, b.Add(starts, row(at)), 0);
    if (inside.id != kNoValue) part = b.Select(row(inside), part, b.Scalar(0, dtype));
    if (weight.id != kNoValue) part = b.Mul(part, row(weight));
    sum = sum.id == kNoValue ? part : b.Add(sum, part);
    size_t axis = taps.size();
    while (axis-- > 0 && ++chosen[axis] == taps[axis].size()) chosen[axis] = 0;
    if (axis == SIZE_MAX) return sum;
  }
}

absl::StatusOr<Outside> OutsideOf(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::string mode, n.Text("padding_mode", "zeros"));
  if (mode == "zeros") return Outside::kZeros;
  if (mode == "border") return Outside::kBorder;
  if (mode == "reflection") return Outside::kReflection;
  return absl::InvalidArgumentError(
      absl::StrCat("attribute 'padding_mode' is '", mode.substr(0, 40), "', not zeros, border or reflection"));
}

absl::StatusOr<std::string> ModeOf(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::string mode, n.Text("mode", "linear"));
  if (mode == "bilinear") mode = "linear";  // as opset 16 calls them
  if (mode == "bicubic") mode = "cubic";
  if (mode == "nearest" || mode == "linear" || mode == "cubic") return mode;
  return absl::InvalidArgumentError(
      absl::StrCat("attribute 'mode' is '", mode.substr(0, 40), "', not nearest, linear or cubic"));
}

// From -1 to 1 across the axis to positions of elements, with what lies outside brought in as far as it is.
Expr Denormalized(const Arithmetic &f, Expr x, const ImageAxis &a, bool corners, const std::string &mode,
                  Outside outside) {
  GraphBuilder &b = f.b;
  x = b.Add(x, f(1));
  x = corners ? b.Mul(b.Mul(x, f(0.5)), a.last) : b.Mul(b.Sub(b.Mul(x, a.size), f(1)), f(0.5));
  if (mode == "nearest") x = b.Round(x);
  if (mode == "cubic") return x;  // its elements are brought in one by one
  if (outside == Outside::kBorder) return f.Clamped(x, f(0), a.last);
  return outside == Outside::kReflection ? Reflected(f, x, a) : x;
}

absl::Status GridSample(NodeContext &n) {
  const TensorType x = n.Type(0), grid = n.Type(1);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 1));
  INGOT_ASSIGN_OR_RETURN(std::string mode, ModeOf(n));
  INGOT_ASSIGN_OR_RETURN(Outside outside, OutsideOf(n));
  INGOT_ASSIGN_OR_RETURN(int64_t corners, n.Int("align_corners", 0));
  int spatial = x.rank() - 2;
  if (spatial < 1 || grid.rank() != x.rank() || !grid.dims.back().Is(spatial))
    return absl::InvalidArgumentError(absl::StrCat("x is ", x.ToString(), " and its grid is ", grid.ToString(),
                                                   "; the grid needs the same rank and one coordinate per spatial "
                                                   "axis at its end"));
  if (spatial > 3)
    return absl::UnimplementedError(absl::StrCat("has ", spatial, " spatial axes; at most 3 are supported"));
  GraphBuilder &b = n.b;
  Arithmetic f{b, x.dtype == DType::kF64 ? DType::kF64 : DType::kF32};
  const Dims sizes(x.dims.begin() + 2, x.dims.end()), out(grid.dims.begin() + 1, grid.dims.end() - 1);
  Dim points = NumElements(out);
  Expr flat = b.Reshape(CastIfNeeded(b, n.In(1), grid.dtype, f.dtype), {x.dims[0], points, spatial});
  std::vector<std::vector<Tap>> taps;
  for (int i = 0; i < spatial; ++i) {
    const Dim &size = sizes[static_cast<size_t>(i)];
    ImageAxis a{f(size), f(size - 1), f(corners != 0 ? 0 : -0.5), {}};
    a.high = corners != 0 ? a.last : b.Sub(a.size, f(0.5));
    int64_t place = spatial - 1 - i;  // the last axis comes first
    Expr own = b.Reshape(SliceAxis(b, flat, 2, place, place + 1), {x.dims[0], points});
    own = Denormalized(f, own, a, corners != 0, mode, outside);
    taps.push_back(TapsOf(f, own, a, mode, outside));
  }
  Expr starts = PlaneStarts(b, x.dims, Counted(b, x.dims[0], 0, 3), NumElements(sizes));
  Expr data = CastIfNeeded(b, n.In(0), x.dtype, f.dtype);
  Expr sum = Combined(b, data, starts, sizes, taps, x.dims[0], points, f.dtype);
  Dims result = {x.dims[0], x.dims[1]};
  result.insert(result.end(), out.begin(), out.end());
  return n.Return(CastIfNeeded(b, b.Reshape(sum, result), f.dtype, x.dtype));
}

// Coordinates of every place of the result, under an affine map per image.
absl::Status AffineGrid(NodeContext &n) {
  const TensorType theta = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_ASSIGN_OR_RETURN(Dims size, n.SizesIn(1, "size"));
  INGOT_ASSIGN_OR_RETURN(int64_t corners, n.Int("align_corners", 0));
  size_t spatial = size.size() < 2 ? 0 : size.size() - 2;
  if (spatial < 2 || spatial > 3 || theta.rank() != 3 || !theta.dims[1].Is(static_cast<int64_t>(spatial)) ||
      !theta.dims[2].Is(static_cast<int64_t>(spatial) + 1))
    return absl::InvalidArgumentError(absl::StrCat("theta is ", theta.ToString(), " for the size ", ToString(size),
                                                   "; it needs [batch, 2, 3] for images or [batch, 3, 4] for volumes"));
  GraphBuilder &b = n.b;
  Dims out(size.begin() + 2, size.end()), column = out;
  column.push_back(1);
  std::vector<Expr> columns;
  for (size_t i = spatial; i-- > 0;) {
    Lanes steps = Lanes::Counting(b, out[i]) * 2, count = Lanes::Of(b, out[i]), one = Lanes::Of(b, 1.0);
    Lanes place = corners != 0 ? steps / Lanes::Max(count - 1, one) - 1 : (steps + 1) / count - 1;
    Dims dims(spatial + 1, Dim(1));
    dims[i] = out[i];
    columns.push_back(b.BroadcastTo(b.Reshape(place.Data(theta.dtype), dims), column));
  }
  columns.push_back(b.BroadcastTo(b.Scalar(1, theta.dtype), column));
  Expr places = b.Reshape(b.Concat(columns, static_cast<int64_t>(spatial)),
                          {NumElements(out), static_cast<int64_t>(spatial) + 1});
  out.insert(out.begin(), theta.dims[0]);
  out.push_back(static_cast<int64_t>(spatial));
  return n.Return(b.Reshape(b.MatMul(places, b.Transpose(n.In(0), {0, 2, 1})), out));
}

// Samples of all regions along one image axis, as taps [regions, points], from bounds in columns of the rois.
struct RoiAxis {
  int64_t start, end, bins;
  Dim size;
};

std::vector<Tap> RoiTaps(NodeContext &n, const Arithmetic &f, const RoiAxis &a, int64_t samples, double scale,
                         bool half_pixel) {
  GraphBuilder &b = n.b;
  Expr rois = CastIfNeeded(b, n.In(1), n.dtype(1), f.dtype);
  auto bound = [&](int64_t column) {
    return b.Sub(b.Mul(SliceAxis(b, rois, 1, column, column + 1), f(scale)), f(half_pixel ? 0.5 : 0));
  };
  Expr start = bound(a.start), span = b.Sub(bound(a.end), start), zero = f(0), last = f(a.size - 1);
  if (!half_pixel) span = b.Max(span, f(1));
  Expr at = (Lanes::Counting(b, a.bins * samples) + 0.5).Data(f.dtype);
  at = b.Mul(b.Reshape(at, {1, a.bins * samples}), f(1 / static_cast<double>(a.bins * samples)));
  Expr x = b.Add(start, b.Mul(span, at));
  Expr inside = b.LogicalAnd(b.GreaterEqual(x, f(-1)), b.LessEqual(x, f(a.size)));
  x = f.Clamped(x, zero, last);
  Expr low = b.Floor(x), t = b.Sub(x, low), high = b.Min(b.Add(low, f(1)), last);
  return {{b.Cast(low, DType::kI64), b.Sub(f(1), t), inside}, {b.Cast(high, DType::kI64), t, inside}};
}

absl::Status RoiAlign(NodeContext &n) {
  const TensorType x = n.Type(0), rois = n.Type(1);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_ASSIGN_OR_RETURN(std::string mode, n.Text("mode", "avg"));
  INGOT_ASSIGN_OR_RETURN(std::string coordinates,
                         n.Text("coordinate_transformation_mode", n.opset >= 16 ? "half_pixel" : "output_half_pixel"));
  INGOT_ASSIGN_OR_RETURN(int64_t height, n.Int("output_height", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t width, n.Int("output_width", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t samples, n.Int("sampling_ratio", 0));
  INGOT_ASSIGN_OR_RETURN(double scale, n.Float("spatial_scale", 1));
  if (mode != "avg") return absl::UnimplementedError("only the mode 'avg' is supported");
  if (samples < 1)
    return absl::UnimplementedError("a number of samples that depends on data is not supported; set 'sampling_ratio'");
  if (x.rank() != 4 || rois.rank() != 2 || !rois.dims[1].Is(4) || n.rank(2) != 1 || height < 1 || width < 1 ||
      samples > 64 || height > 4096 || width > 4096)
    return absl::InvalidArgumentError(absl::StrCat("x is ", x.ToString(), ", its regions are ", rois.ToString(),
                                                   " and the result has ", height, " x ", width, " bins of ", samples,
                                                   " samples; it needs [N, C, H, W] and [regions, 4]"));
  GraphBuilder &b = n.b;
  Arithmetic f{b, x.dtype == DType::kF64 ? DType::kF64 : DType::kF32};
  bool half_pixel = coordinates == "half_pixel";
  std::vector<Tap> rows = RoiTaps(n, f, {1, 3, height, x.dims[2]}, samples, scale, half_pixel);
  std::vector<Tap> columns = RoiTaps(n, f, {0, 2, width, x.dims[3]}, samples, scale, half_pixel);
  const Dim &regions = rois.dims[0];
  Dim down = height * samples, across = width * samples;
  auto spread = [&](std::vector<Tap> &taps, const Dims &dims) {
    Dims full = {regions, down, across};
    for (Tap &tap : taps) {
      for (Expr *part : {&tap.index, &tap.weight, &tap.inside})
        *part = b.Reshape(b.BroadcastTo(b.Reshape(*part, dims), full), {regions, down * across});
    }
  };
  spread(rows, {regions, down, 1});
  spread(columns, {regions, 1, across});
  Expr image = b.Reshape(CastIfNeeded(b, n.In(2), n.dtype(2), DType::kI64), {regions, 1, 1});
  Expr starts = PlaneStarts(b, x.dims, image, x.dims[2] * x.dims[3]);
  Expr data = CastIfNeeded(b, n.In(0), x.dtype, f.dtype);
  Expr sampled = Combined(b, data, starts, {x.dims[2], x.dims[3]}, {rows, columns}, regions, down * across, f.dtype);
  Expr bins = b.ReduceMean(b.Reshape(sampled, {regions, x.dims[1], height, samples, width, samples}), {3, 5});
  return n.Return(CastIfNeeded(b, bins, f.dtype, x.dtype));
}

}  // namespace

void AddSampleOps(OpTable &table) {
  table["GridSample"] = {GridSample, 2, 2};
  table["AffineGrid"] = {AffineGrid, 2, 2};
  table["RoiAlign"] = {RoiAlign, 3, 3};
}

}  // namespace ingot::onnx_import
