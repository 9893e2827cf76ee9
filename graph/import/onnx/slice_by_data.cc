#include <algorithm>

#include "graph/import/onnx/axes_by_data.h"
#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/slicing.h"

namespace ingot::onnx_import {
namespace {

constexpr DType kIndex = DType::kI64;

// One element per axis that is cut.
struct Cuts {
  Ints axes;
  NamedAxes by_data;  // where axes are data; then all axes are cut
  Expr start, end, step;
  std::optional<Ints> steps;  // where they are known
};

// The operand i as i64[count], or that many times `otherwise`.
absl::StatusOr<Expr> ListIn(NodeContext &n, size_t i, int64_t count, int64_t otherwise, const char *what) {
  if (!n.Has(i)) return n.b.BroadcastTo(n.b.Scalar(static_cast<double>(otherwise), kIndex), {count});
  const TensorType type = n.Type(i);
  if (!IsInteger(type.dtype) || type.rank() != 1 || !type.dims[0].Is(count))
    return absl::InvalidArgumentError(
        absl::StrCat("its ", what, " are ", type.ToString(), "; they must be ", count, " integers, as its starts are"));
  return CastIfNeeded(n.b, n.In(i), type.dtype, kIndex);
}

// For all axes what `cuts` has for those that data names.
void SpreadOverAllAxes(GraphBuilder &b, const Dims &dims, Cuts &cuts) {
  const Dim rank = static_cast<int64_t>(dims.size()), count = *cuts.by_data.count;
  Expr hits = b.Equal(b.Reshape(cuts.by_data.list, {1, count}), Counted(b, rank, 0, 2));
  Expr zero = b.Scalar(0, kIndex), is_named = b.NotEqual(cuts.by_data.named, zero);
  auto spread = [&](Expr list, Expr otherwise) {
    Expr own = b.ReduceSum(b.Select(hits, b.Reshape(list, {1, count}), zero), {1});
    return b.Select(is_named, own, otherwise);
  };
  cuts.start = spread(cuts.start, zero);
  cuts.end = spread(cuts.end, Known::Vector(dims).Materialize(b));
  cuts.step = spread(cuts.step, b.Scalar(1, kIndex));
  cuts.axes.clear();
  for (size_t i = 0; i < dims.size(); ++i) cuts.axes.push_back(static_cast<int64_t>(i));
}

absl::StatusOr<Cuts> CutsOf(NodeContext &n, int64_t count) {
  Cuts cuts;
  INGOT_ASSIGN_OR_RETURN(cuts.start, ListIn(n, 1, count, 0, "starts"));
  INGOT_ASSIGN_OR_RETURN(cuts.end, ListIn(n, 2, count, 0, "ends"));
  INGOT_ASSIGN_OR_RETURN(cuts.step, ListIn(n, 4, count, 1, "steps"));
  if (!n.Has(4)) cuts.steps = Ints(static_cast<size_t>(count), 1);
  if (n.KnownIn(4) != nullptr) cuts.steps = n.KnownIn(4)->constants();
  auto is_one = [](int64_t step) { return step == 1; };
  if (cuts.steps && std::find(cuts.steps->begin(), cuts.steps->end(), 0) != cuts.steps->end())
    return absl::InvalidArgumentError("a step is 0");
  if (n.Has(3) && n.KnownIn(3) == nullptr) {
    INGOT_RETURN_IF_ERROR(ListIn(n, 3, count, 0, "axes").status());
    INGOT_ASSIGN_OR_RETURN(cuts.by_data, AxesByData(n, 3, n.rank(0)));
    SpreadOverAllAxes(n.b, n.Type(0).dims, cuts);
    bool ones = cuts.steps && std::all_of(cuts.steps->begin(), cuts.steps->end(), is_one);
    cuts.steps = ones ? std::optional<Ints>(Ints(cuts.axes.size(), 1)) : std::nullopt;
    return cuts;
  }
  for (int64_t i = 0; i < count; ++i) cuts.axes.push_back(i);
  if (n.Has(3)) {
    INGOT_ASSIGN_OR_RETURN(cuts.axes, n.IntsIn(3, "axes"));
  }
  if (static_cast<int64_t>(cuts.axes.size()) != count)
    return absl::InvalidArgumentError("'starts', 'ends', 'axes' and 'steps' differ in length");
  INGOT_ASSIGN_OR_RETURN(cuts.axes, NormalAxes(cuts.axes, n.rank(0)));
  return cuts;
}

absl::StatusOr<Dims> Bound(NodeContext &n, const Cuts &cuts, Expr sizes, const char *what, const char *name) {
  return cuts.by_data.fit.id == kNoValue ? n.SizesFrom(sizes, what, name) : SizesIfFit(n, cuts.by_data, sizes, what);
}

}  // namespace

absl::Status SliceByData(NodeContext &n) {
  const Dims dims = n.Type(0).dims;
  std::optional<int64_t> count = n.rank(1) == 1 ? n.Type(1).dims[0].constant() : std::nullopt;
  if (!count || *count > n.rank(0))
    return absl::UnimplementedError(absl::StrCat("its starts are ", n.Type(1).ToString(),
                                                 "; as data they must be a vector of at most ", n.rank(0),
                                                 " elements, and of a known length"));
  if (*count == 0) {
    n.Forward(0, 0);
    return absl::OkStatus();
  }
  INGOT_ASSIGN_OR_RETURN(Cuts cuts, CutsOf(n, *count));
  GraphBuilder &b = n.b;
  Dims cut_sizes;
  for (int64_t axis : cuts.axes) cut_sizes.push_back(dims[static_cast<size_t>(axis)]);
  Expr size = Known::Vector(cut_sizes).Materialize(b), zero = b.Scalar(0, kIndex), one = b.Scalar(1, kIndex);
  auto from_start = [&](Expr at) { return b.Select(b.Less(at, zero), b.Add(at, size), at); };
  auto is_forward = [](int64_t step) { return step > 0; };
  if (cuts.steps && std::all_of(cuts.steps->begin(), cuts.steps->end(), is_forward)) {
    auto within = [&](Expr at) { return b.Min(b.Max(from_start(at), zero), size); };
    Expr start = within(cuts.start), end = b.Max(within(cuts.end), start);
    INGOT_ASSIGN_OR_RETURN(Dims starts, Bound(n, cuts, start, "starts", "start"));
    INGOT_ASSIGN_OR_RETURN(Dims ends, n.SizesFrom(end, "ends", "end"));
    if (starts.size() != cuts.axes.size() || ends.size() != starts.size()) return absl::OkStatus();  // builder's error
    Dims all_starts(dims.size()), all_ends = dims;
    Ints steps(dims.size(), 1);
    for (size_t i = 0; i < starts.size(); ++i) {
      size_t axis = static_cast<size_t>(cuts.axes[i]);
      all_starts[axis] = starts[i];
      all_ends[axis] = ends[i];
      steps[axis] = (*cuts.steps)[i];
    }
    return n.Return(b.Slice(n.In(0), all_starts, all_ends, steps));
  }
  // Steps of any sign: elements are picked by their places.
  Expr step = b.Max(cuts.step, b.Scalar(-0x1p62, kIndex)), backwards = b.Less(step, zero);
  Expr back = b.Cast(backwards, kIndex), last = b.Sub(size, back);
  Expr start = b.Min(b.Max(from_start(cuts.start), zero), last);
  Expr end = b.Min(b.Max(from_start(cuts.end), b.Neg(back)), last);
  Expr span = b.Select(backwards, b.Sub(start, end), b.Sub(end, start));
  Expr counts = b.Add(b.Div(b.Sub(span, one), b.Abs(step)), one);
  counts = b.Select(b.LessEqual(span, zero), zero, counts);
  counts = b.Select(b.Equal(step, zero), b.Scalar(-1, kIndex), counts);  // is refused
  INGOT_ASSIGN_OR_RETURN(Dims sizes, Bound(n, cuts, counts, "sizes of its result", "size_if_no_step_is_0"));
  if (sizes.size() != cuts.axes.size()) return absl::OkStatus();  // the builder has an error
  Expr result = n.In(0);
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t at = static_cast<int64_t>(i);
    auto own = [&](Expr list) { return SliceAxis(b, list, 0, at, at + 1); };
    result = b.Gather(result, b.Add(own(start), b.Mul(b.Iota({sizes[i]}), own(step))), cuts.axes[i]);
  }
  return n.Return(result);
}

}  // namespace ingot::onnx_import
