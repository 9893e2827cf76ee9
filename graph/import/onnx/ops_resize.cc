// Resize and Upsample, one axis after another: every result is a weighted sum of a few elements of the axis. Whole
// multiples of the nearest element are a repetition, which costs no arithmetic.
#include <cmath>

#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/lanes.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

constexpr int64_t kMaxTaps = 64;

enum class Interpolation { kNearest, kLinear, kCubic };

struct Settings {
  Interpolation interpolation = Interpolation::kNearest;
  std::string coordinates = "asymmetric", nearest = "floor";  // as before opset 11
  double cubic = -0.75, extrapolation = 0;
  bool antialias = false, exclude_outside = false;
};

// One axis: sizes before and after, and the scale, which says where results lie. `start` and `end`: the region of
// interest, as fractions of the axis.
struct ResizedAxis {
  Dim in, out;
  Lanes scale, start, end;
};

absl::StatusOr<Settings> SettingsOf(NodeContext &n) {
  Settings s;
  INGOT_ASSIGN_OR_RETURN(std::string mode, n.Text("mode", "nearest"));
  if (mode == "linear" || mode == "bilinear") s.interpolation = Interpolation::kLinear;
  if (mode == "cubic") s.interpolation = Interpolation::kCubic;
  if (mode != "nearest" && s.interpolation == Interpolation::kNearest)
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'mode' is '", mode.substr(0, 40), "', not nearest, linear or cubic"));
  if (n.node.op_type() == "Upsample" || n.opset < 11) return s;
  INGOT_ASSIGN_OR_RETURN(s.coordinates, n.Text("coordinate_transformation_mode", "half_pixel"));
  INGOT_ASSIGN_OR_RETURN(s.nearest, n.Text("nearest_mode", "round_prefer_floor"));
  INGOT_ASSIGN_OR_RETURN(s.cubic, n.Float("cubic_coeff_a", -0.75));
  INGOT_ASSIGN_OR_RETURN(s.extrapolation, n.Float("extrapolation_value", 0));
  INGOT_ASSIGN_OR_RETURN(int64_t antialias, n.Int("antialias", 0));
  INGOT_ASSIGN_OR_RETURN(int64_t exclude, n.Int("exclude_outside", 0));
  s.antialias = antialias != 0;
  s.exclude_outside = exclude != 0;
  return s;
}

// Where result i lies in the operand.
absl::StatusOr<Lanes> Coordinates(GraphBuilder &b, const Settings &s, const ResizedAxis &a) {
  Lanes i = Lanes::Counting(b, a.out), in = Lanes::Of(b, a.in), one = Lanes::Of(b, 1.0);
  // As the operator's text and other runtimes have it; ONNX's tests of `align_corners` divide by the size before
  // rounding.
  Lanes out = Lanes::Of(b, a.out);
  Lanes several = Lanes::Min(Lanes::Max(out - 1, Lanes::Of(b, 0.0)), one);  // 0 for a single result
  if (s.coordinates == "half_pixel") return (i + 0.5) / a.scale - 0.5;
  if (s.coordinates == "pytorch_half_pixel") return several * ((i + 0.5) / a.scale - 0.5);
  if (s.coordinates == "half_pixel_symmetric") return in * 0.5 * (1 - out / (a.scale * in)) + (i + 0.5) / a.scale - 0.5;
  if (s.coordinates == "asymmetric") return i / a.scale;
  if (s.coordinates == "tf_half_pixel_for_nn") return (i + 0.5) / a.scale;
  if (s.coordinates == "align_corners") {
    Lanes single = one - several;  // keeps the divisor from 0 there; i is 0 then
    return several * i * (in - 1) / (several * (out - 1) + single);
  }
  if (s.coordinates == "tf_crop_and_resize") {
    Lanes gaps = Lanes::Max(out - 1, one);
    return (in - 1) * (several * (a.start + i * (a.end - a.start) / gaps) + (one - several) * 0.5 * (a.start + a.end));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("attribute 'coordinate_transformation_mode' is '", s.coordinates.substr(0, 40), "'"));
}

absl::StatusOr<Lanes> Nearest(const Settings &s, const Lanes &x) {
  if (s.nearest == "round_prefer_floor") return (x - 0.5).Ceil();
  if (s.nearest == "round_prefer_ceil") return (x + 0.5).Floor();
  if (s.nearest == "floor") return x.Floor();
  if (s.nearest == "ceil") return x.Ceil();
  return absl::InvalidArgumentError(absl::StrCat("attribute 'nearest_mode' is '", s.nearest.substr(0, 40), "'"));
}

// How much an element at this distance counts.
Lanes Weight(GraphBuilder &b, const Settings &s, const Lanes &distance) {
  Lanes one = Lanes::Of(b, 1.0), x = distance.Abs();
  if (s.interpolation == Interpolation::kLinear) return Lanes::Max(1 - x, Lanes::Of(b, 0.0));
  Lanes near = ((x * (s.cubic + 2) - (s.cubic + 3)) * x * x) + 1;
  Lanes far = ((x - 5) * x + 8) * x * s.cubic - 4 * s.cubic;
  Lanes is_near = Lanes::AtMost(x, one), is_far = (1 - is_near) * Lanes::Less(x, Lanes::Of(b, 2.0));
  return is_near * near + is_far * far;
}

// A vector along `axis`, made to broadcast.
Expr Along(GraphBuilder &b, const Lanes &lanes, size_t axis, size_t rank, DType dtype) {
  Expr vector = lanes.Data(dtype);
  Dims dims(rank, Dim(1));
  const Dims have = b.type(vector).dims;
  if (have.empty()) return vector;
  dims[axis] = have[0];
  return b.Reshape(vector, dims);
}

Expr Interpolated(GraphBuilder &b, Expr x, const Settings &s, const ResizedAxis &a, const Lanes &at, size_t axis,
                  size_t rank, DType dtype) {
  // With antialiasing the weights of a reduction reach further.
  double shrink = s.antialias ? std::min(a.scale.number().value_or(1), 1.0) : 1;
  double reach = s.interpolation == Interpolation::kCubic ? 2 : 1;
  int64_t first = static_cast<int64_t>(std::floor(-reach / shrink)) + 1;
  Lanes base = at.Floor(), last = Lanes::Of(b, a.in) - 1, zero = Lanes::Of(b, 0.0), total = zero;
  std::vector<Lanes> weights, places;
  for (int64_t tap = first; tap < 2 - first; ++tap) {
    Lanes place = base + static_cast<double>(tap), weight = Weight(b, s, (place - at) * shrink);
    if (s.exclude_outside) weight = weight * Lanes::AtMost(zero, place) * Lanes::AtMost(place, last);
    total = total + weight;
    weights.push_back(weight);
    places.push_back(Lanes::Min(Lanes::Max(place, zero), last));
  }
  Expr sum;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i].Are(0)) continue;
    Expr part = b.Gather(x, places[i].Data(DType::kI64), static_cast<int64_t>(axis));
    part = b.Mul(part, Along(b, weights[i] / total, axis, rank, dtype));
    sum = sum.id == kNoValue ? part : b.Add(sum, part);
  }
  return sum;
}

// Every element `times` times in a row.
Expr Repeated(GraphBuilder &b, Expr x, size_t axis, Dims dims, const Dim &times) {
  auto at = dims.begin() + static_cast<std::ptrdiff_t>(axis);
  Dim outer = NumElements(Dims(dims.begin(), at + 1)), inner = NumElements(Dims(at + 1, dims.end()));
  dims[axis] = dims[axis] * times;
  return b.Reshape(b.BroadcastTo(b.Reshape(x, {outer, 1, inner}), {outer, times, inner}), dims);
}

// Whether result i is element i / times, for a scale that is a whole number.
bool IsRepetition(const Settings &s) {
  if (s.interpolation != Interpolation::kNearest) return false;
  bool halves = s.coordinates == "half_pixel" || s.coordinates == "pytorch_half_pixel";
  bool corners = s.coordinates == "asymmetric" || s.coordinates == "tf_half_pixel_for_nn";
  return (halves && s.nearest.rfind("round", 0) == 0) || (corners && s.nearest == "floor");
}

absl::StatusOr<Expr> ResizeAxis(NodeContext &n, Expr x, const Settings &s, const ResizedAxis &a, size_t axis,
                                DType dtype) {
  GraphBuilder &b = n.b;
  const Dims dims = b.type(x).dims;
  if (axis >= dims.size()) return x;
  if (a.out.Is(0)) return SliceAxis(b, x, axis, 0, 0);
  std::optional<double> scale = a.scale.number();
  if (scale && *scale < 0x1p40 && *scale == std::floor(*scale) && a.out == a.in * Dim(static_cast<int64_t>(*scale)) &&
      IsRepetition(s))
    return Repeated(b, x, axis, dims, static_cast<int64_t>(*scale));
  if (s.antialias && !scale)
    return absl::UnimplementedError("'antialias' along a dynamic axis needs constant scales instead of sizes");
  if (s.antialias && *scale * static_cast<double>(kMaxTaps) < 4)
    return absl::UnimplementedError(absl::StrCat("'antialias' with a scale of ", *scale, " is not supported"));
  INGOT_ASSIGN_OR_RETURN(Lanes exact, Coordinates(b, s, a));
  Lanes at = exact.Rounded();
  Lanes last = Lanes::Of(b, a.in) - 1, zero = Lanes::Of(b, 0.0);
  Expr result;
  if (s.interpolation == Interpolation::kNearest) {
    INGOT_ASSIGN_OR_RETURN(Lanes place, Nearest(s, at));
    result = b.Gather(x, Lanes::Min(Lanes::Max(place, zero), last).Data(DType::kI64), static_cast<int64_t>(axis));
  } else {
    result = Interpolated(b, x, s, a, at, axis, dims.size(), dtype);
  }
  Lanes inside = Lanes::AtMost(zero, at) * Lanes::AtMost(at, last);
  if (s.coordinates != "tf_crop_and_resize" || inside.Are(1)) return result;
  return b.Select(Along(b, inside, axis, dims.size(), DType::kBool), result, b.Scalar(s.extrapolation, dtype));
}

absl::StatusOr<Dim> Whole(double size) {
  if (!(size < 0x1p46)) return absl::InvalidArgumentError(absl::StrCat("the impossible size ", size));
  return Dim(static_cast<int64_t>(std::floor(size)));
}

// The size after a scale: rounded down, in f32 as runtimes do it.
absl::StatusOr<Dim> ScaledSize(const Dim &size, double scale) {
  if (auto known = size.constant()) return Whole(static_cast<float>(*known) * static_cast<float>(scale));
  for (int64_t by = 1; by <= 16; ++by) {
    double times = scale * static_cast<double>(by);
    if (times == std::floor(times)) return Dim::FloorDiv(size * Dim(static_cast<int64_t>(times)), by);
  }
  return absl::UnimplementedError(absl::StrCat("a scale of ", scale, " along the dynamic size ", size.ToString(),
                                               " is not supported; give that dim a number"));
}

absl::StatusOr<std::vector<double>> ScalesOf(const Known &known) {
  if (!known.is_real()) return absl::InvalidArgumentError(absl::StrCat("its scales are ", known.type().ToString()));
  for (double scale : known.reals) {
    if (!(scale > 0) || scale > 1e6) return absl::InvalidArgumentError(absl::StrCat("a scale is ", scale));
  }
  return known.reals;
}

// Scales that are data, with sizes as ScaledSize has them.
struct ScalesByData {
  Dims sizes;
  std::vector<Lanes> factors;
};

absl::StatusOr<ScalesByData> ScalesFrom(NodeContext &n, size_t i, const Dims &sizes) {
  const TensorType type = n.Type(i);
  const int64_t count = static_cast<int64_t>(sizes.size());
  if (!IsFloat(type.dtype) || type.rank() != 1 || (type.dims[0].is_constant() && !type.dims[0].Is(count)))
    return absl::InvalidArgumentError(
        absl::StrCat("its scales are ", type.ToString(), "; they must be ", count, " numbers, one for each axis"));
  if (!type.dims[0].is_constant())
    return absl::UnimplementedError(absl::StrCat("its scales are ", type.ToString(), "; give that dim the number ",
                                                 count, ", or make the scales a constant"));
  GraphBuilder &b = n.b;
  Expr factors = CastIfNeeded(b, n.In(i), type.dtype, DType::kF64);
  Expr exact = b.Mul(b.Cast(Known::Vector(sizes).Materialize(b), DType::kF64), factors);
  Expr rounded = b.Cast(b.Cast(exact, DType::kF32), DType::kF64);
  ScalesByData scales;
  INGOT_ASSIGN_OR_RETURN(scales.sizes, n.SizesFrom(b.Cast(b.Floor(rounded), DType::kI64), "sizes", "size_by_scale"));
  for (int64_t at = 0; at < count; ++at)
    scales.factors.push_back(Lanes::OfData(b, b.Reshape(b.Slice(factors, {at}, {at + 1}, {1}), {})));
  return scales;
}

// Sizes with one scale for all axes, so that none is larger (or smaller) than asked for.
absl::Status KeepAspectRatio(const Dims &from, const Ints &axes, bool larger, Dims &sizes, double &scale) {
  for (size_t i = 0; i < axes.size(); ++i) {
    auto in = from[static_cast<size_t>(axes[i])].constant(), out = sizes[i].constant();
    if (!in || !out || *in == 0)
      return absl::UnimplementedError(
          "'keep_aspect_ratio_policy' needs axes of constant size; give those dims numbers");
    double own = static_cast<double>(*out) / static_cast<double>(*in);
    if (i == 0 || (larger ? own > scale : own < scale)) scale = own;
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    double in = static_cast<double>(*from[static_cast<size_t>(axes[i])].constant());
    INGOT_ASSIGN_OR_RETURN(sizes[i], Whole(scale * in + 0.5));
  }
  return absl::OkStatus();
}

// Fills in where scales or sizes are given as operand `scales` or `sizes` (SIZE_MAX: this version has none).
absl::StatusOr<std::vector<ResizedAxis>> AxesFrom(NodeContext &n, const Ints &axes, size_t scales, size_t sizes) {
  GraphBuilder &b = n.b;
  const Dims from = n.Type(0).dims;
  std::vector<ResizedAxis> result;
  Lanes zero = Lanes::Of(b, 0.0), one = Lanes::Of(b, 1.0);
  INGOT_ASSIGN_OR_RETURN(std::string policy, n.Text("keep_aspect_ratio_policy", "stretch"));
  auto given = [&](size_t i) { return n.Has(i) && !NumElements(n.Type(i).dims).Is(0); };
  std::vector<double> factors;
  std::vector<Lanes> data_factors;
  Dims targets;
  if (given(sizes)) {
    INGOT_ASSIGN_OR_RETURN(targets, n.SizesIn(sizes, "sizes"));
  } else if (n.HasAttribute("scales")) {
    INGOT_ASSIGN_OR_RETURN(factors, n.FloatList("scales"));
  } else if (given(scales) && n.KnownIn(scales) != nullptr) {
    INGOT_ASSIGN_OR_RETURN(factors, ScalesOf(*n.KnownIn(scales)));
  } else if (given(scales)) {
    Dims in;
    for (int64_t axis : axes) in.push_back(from[static_cast<size_t>(axis)]);
    INGOT_ASSIGN_OR_RETURN(ScalesByData by_data, ScalesFrom(n, scales, in));
    if (!b.status().ok()) return result;  // it stops the import
    targets = by_data.sizes;
    data_factors = by_data.factors;
  }
  if (factors.size() != axes.size() && targets.size() != axes.size())
    return absl::InvalidArgumentError(
        absl::StrCat("has ", std::max(factors.size(), targets.size()), " scales or sizes for ", axes.size(), " axes"));
  double common = 0;
  if (given(sizes) && policy != "stretch") {
    if (policy != "not_larger" && policy != "not_smaller")
      return absl::InvalidArgumentError(
          absl::StrCat("attribute 'keep_aspect_ratio_policy' is '", policy.substr(0, 40), "'"));
    INGOT_RETURN_IF_ERROR(KeepAspectRatio(from, axes, policy == "not_smaller", targets, common));
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const Dim &in = from[static_cast<size_t>(axes[i])];
    ResizedAxis a{in, in, one, zero, one};
    if (!factors.empty()) {
      INGOT_ASSIGN_OR_RETURN(a.out, ScaledSize(in, factors[i]));
      a.scale = Lanes::Of(b, factors[i]);
    } else if (!data_factors.empty()) {
      a.out = targets[i];
      a.scale = data_factors[i];
    } else {
      a.out = targets[i];
      std::optional<Dim> whole = in.Is(0) ? std::nullopt : Dim::DivideExactly(a.out, in);
      a.scale = common > 0                      ? Lanes::Of(b, common)
                : whole && whole->is_constant() ? Lanes::Of(b, *whole)
                                                : Lanes::Of(b, a.out) / Lanes::Of(b, in);
    }
    if (n.bounds.Of(a.out).high < 0 || (in.Is(0) && !a.out.Is(0)))
      return absl::InvalidArgumentError(absl::StrCat("cannot resize ", in.ToString(), " to ", a.out.ToString()));
    result.push_back(a);
  }
  return result;
}

absl::Status ResizeBy(NodeContext &n, size_t roi, size_t scales, size_t sizes) {
  const TensorType x = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(Settings s, SettingsOf(n));
  Ints all;
  for (int i = 0; i < x.rank(); ++i) all.push_back(i);
  INGOT_ASSIGN_OR_RETURN(Ints axes, n.IntList("axes", all));
  INGOT_ASSIGN_OR_RETURN(axes, NormalAxes(axes, x.rank()));
  INGOT_ASSIGN_OR_RETURN(std::vector<ResizedAxis> resized, AxesFrom(n, axes, scales, sizes));
  if (resized.size() != axes.size()) return absl::OkStatus();  // the builder has an error
  bool crop = s.coordinates == "tf_crop_and_resize";
  if (crop && (!n.Has(roi) || n.Type(roi).dims != Dims{static_cast<int64_t>(2 * axes.size())}))
    return absl::InvalidArgumentError("'tf_crop_and_resize' needs a region of interest: a start and an end per axis");
  if (s.interpolation != Interpolation::kNearest) INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  GraphBuilder &b = n.b;
  bool widen = s.interpolation != Interpolation::kNearest && x.dtype != DType::kF64;
  DType dtype = widen ? DType::kF32 : x.dtype;
  Expr result = CastIfNeeded(b, n.In(0), x.dtype, dtype);
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizedAxis &a = resized[i];
    if (crop) {
      auto bound = [&](size_t place) {
        int64_t at = static_cast<int64_t>(place);
        return Lanes::OfData(b, b.Reshape(b.Slice(n.In(roi), {at}, {at + 1}, {1}), {}));
      };
      a.start = bound(i);
      a.end = bound(axes.size() + i);
    }
    if (!crop && a.in == a.out && a.scale.Are(1)) continue;
    INGOT_ASSIGN_OR_RETURN(result, ResizeAxis(n, result, s, a, static_cast<size_t>(axes[i]), dtype));
  }
  if (result.id == n.In(0).id) {
    n.Forward(0, 0);
    return absl::OkStatus();
  }
  return n.Return(CastIfNeeded(b, result, dtype, x.dtype));
}

absl::Status Resize(NodeContext &n) {
  return n.opset >= 11 ? ResizeBy(n, 1, 2, 3) : ResizeBy(n, SIZE_MAX, 1, SIZE_MAX);
}
absl::Status Upsample(NodeContext &n) { return ResizeBy(n, SIZE_MAX, 1, SIZE_MAX); }

}  // namespace

void AddResizeOps(OpTable &table) {
  table["Resize"] = {Resize, 1, 4};
  table["Upsample"] = {Upsample, 1, 2};
}

}  // namespace ingot::onnx_import
