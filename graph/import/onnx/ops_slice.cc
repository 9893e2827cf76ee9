// Ops that take parts of a tensor: Slice, Split, Gather. Positions may be dim expressions; ONNX cuts them at the axis's
// ends, which is decided here from what is known about the symbols, by narrowing a symbol's range where the model
// evidently relies on it, or by min and max.
#include "graph/import/onnx/fold.h"
#include "graph/import/onnx/op_table.h"
#include "graph/import/onnx/slicing.h"

namespace ingot::onnx_import {
namespace {

constexpr int64_t kFar = INT32_MAX;           // exporters write "to the end" as any number from here on
constexpr int64_t kLarge = INT64_C(1) << 24;  // and some as 10^9: a symbol is then taken to be smaller than that

// One axis of a slice, within bounds.
struct Cut {
  Dim start, limit;
  int64_t step = 1;
};

Cut ConstantCut(int64_t size, int64_t start, int64_t end, int64_t step) {
  auto clamp = [&](int64_t at, int64_t low, int64_t high) {
    return std::clamp(at < 0 ? std::max(at, -size - 1) + size : at, low, high);
  };
  if (step > 0) {
    start = clamp(start, 0, size);
    return {start, std::max(clamp(end, 0, size), start), step};
  }
  start = std::min(clamp(start, 0, size), size - 1);
  end = clamp(end, -1, size - 1);
  return start > end ? Cut{start, end, step} : Cut{0, 0, 1};
}

// A start or an end as a position in 0..size, for positive steps. `exact`: the model takes one element here, so it must
// exist.
absl::StatusOr<Dim> Position(SymbolBounds &bounds, const Dim &at, const Dim &size, bool exact) {
  if (auto constant = at.constant()) {
    if (*constant >= kFar) return size;
    if (*constant <= -kFar) return Dim(0);
    // A single symbol may be taken to be at least 1, and large enough for an element that is picked.
    bool insist = exact || (*constant >= -1 && *constant <= 1);
    Dim need = *constant < 0 ? Dim(-1) * at : at, position = *constant < 0 ? size + at : at;
    if (*constant >= kLarge && !size.is_constant() && bounds.Require(size, at)) return size;
    if (bounds.Proves(need, size) || (insist && bounds.Require(need, size))) return position;
    return *constant < 0 ? bounds.Max(position, 0) : bounds.Min(position, size);
  }
  Interval range = bounds.Of(at);
  if (range.low < 0 && range.high <= 0) {  // -seq: counts from the end
    if (!bounds.Require(at, -1))
      return absl::UnimplementedError(absl::StrCat("cannot tell whether ", at.ToString(), " counts from the end"));
    Dim position = size + at;
    if (bounds.Proves(0, position) || (size.is_constant() && bounds.Require(0, position))) return position;
    return bounds.Max(position, 0);
  }
  if (!bounds.Require(0, at))
    return absl::UnimplementedError(
        absl::StrCat("cannot tell whether ", at.ToString(), " is negative, which would count from the end"));
  if (bounds.Proves(at, size) || (size.is_constant() && bounds.Require(at, size))) return at;
  return bounds.Min(at, size);
}

absl::StatusOr<Cut> CutAxis(SymbolBounds &bounds, const Dim &size, const Dim &start, const Dim &end, int64_t step) {
  if (step == 0 || step == INT64_MIN) return absl::InvalidArgumentError(absl::StrCat("a step is ", step));
  auto from = start.constant(), to = end.constant(), length = size.constant();
  if (length && from && to) return ConstantCut(*length, *from, *to, step);
  if (step < 0) {
    if (!from || !to)
      return absl::UnimplementedError("negative steps between positions that are sizes are not supported");
    // As a position from `least` on; one counted from the end of an empty axis is refused when it is run.
    auto position = [&](int64_t at, int64_t least) -> Dim {
      if (at >= kFar || at == -1) return size - 1;
      if (at <= -kFar) return least;
      return at < 0 ? bounds.Max(size + at, least) : bounds.Min(at, size - 1);
    };
    Dim first = position(*from, 0), last = position(*to, -1);
    bool ordered = *from >= kFar || *to <= -kFar || ((*from < 0) == (*to < 0) && *to <= *from);
    return Cut{first, ordered ? last : bounds.Min(first, last), step};
  }
  bool one = (end - start).Is(1) || (from == -1 && to && *to >= kFar);
  Cut cut{0, 0, step};
  INGOT_ASSIGN_OR_RETURN(cut.start, Position(bounds, start, size, one));
  INGOT_ASSIGN_OR_RETURN(cut.limit, Position(bounds, end, size, one));
  cut.limit = bounds.Max(cut.start, cut.limit);
  return cut;
}

// The slice as a result: known elements stay known, a whole axis costs nothing.
absl::Status SetSliced(NodeContext &n, size_t output, const std::vector<Cut> &cuts) {
  const TensorType x = n.Type(0);
  Dims starts, limits;
  Ints steps, known_starts, known_counts;
  bool whole = true;
  for (size_t i = 0; i < cuts.size(); ++i) {
    starts.push_back(cuts[i].start);
    limits.push_back(cuts[i].limit);
    steps.push_back(cuts[i].step);
    whole = whole && cuts[i].start.Is(0) && cuts[i].limit == x.dims[i] && cuts[i].step == 1;
    auto start = cuts[i].start.constant(), limit = cuts[i].limit.constant();
    if (!start || !limit) continue;
    known_starts.push_back(*start);
    int64_t span = cuts[i].step > 0 ? *limit - *start : *start - *limit;
    known_counts.push_back(span <= 0 ? 0 : (span - 1) / std::abs(cuts[i].step) + 1);
  }
  if (whole) {
    n.Forward(output, 0);
  } else if (n.KnownIn(0) != nullptr && known_starts.size() == cuts.size()) {
    n.Set(output, SliceKnown(*n.KnownIn(0), known_starts, known_counts, steps));
  } else {
    n.Set(output, n.b.Slice(n.In(0), starts, limits, steps));
  }
  return absl::OkStatus();
}

std::vector<Cut> WholeCuts(const Dims &dims) {
  std::vector<Cut> cuts;
  for (const Dim &dim : dims) cuts.push_back({0, dim, 1});
  return cuts;
}

absl::Status Slice(NodeContext &n) {
  const Dims dims = n.Type(0).dims;
  Dims starts, ends;
  Ints axes, steps;
  if (n.opset >= 10) {
    if (!n.Has(1) || !n.Has(2)) return absl::InvalidArgumentError("needs 'starts' and 'ends'");
    for (size_t i = 1; i <= 4; ++i) {
      if (n.Has(i) && n.KnownIn(i) == nullptr) return SliceByData(n);
    }
    INGOT_ASSIGN_OR_RETURN(starts, n.DimsIn(1, "starts"));
    INGOT_ASSIGN_OR_RETURN(ends, n.DimsIn(2, "ends"));
    if (n.Has(3)) {
      INGOT_ASSIGN_OR_RETURN(axes, n.IntsIn(3, "axes"));
    }
    if (n.Has(4)) {
      INGOT_ASSIGN_OR_RETURN(steps, n.IntsIn(4, "steps"));
    }
  } else {
    INGOT_ASSIGN_OR_RETURN(Ints given_starts, n.IntList("starts"));
    INGOT_ASSIGN_OR_RETURN(Ints given_ends, n.IntList("ends"));
    INGOT_ASSIGN_OR_RETURN(axes, n.IntList("axes", Ints{}));
    starts.assign(given_starts.begin(), given_starts.end());
    ends.assign(given_ends.begin(), given_ends.end());
  }
  if (axes.empty() && !n.Has(3)) {
    for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  }
  if (!n.Has(4)) steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) {
    return absl::InvalidArgumentError("'starts', 'ends', 'axes' and 'steps' differ in length");
  }
  INGOT_ASSIGN_OR_RETURN(axes, NormalAxes(axes, static_cast<int>(dims.size())));
  std::vector<Cut> cuts = WholeCuts(dims);
  for (size_t i = 0; i < axes.size(); ++i) {
    size_t axis = static_cast<size_t>(axes[i]);
    INGOT_ASSIGN_OR_RETURN(cuts[axis], CutAxis(n.bounds, dims[axis], starts[i], ends[i], steps[i]));
  }
  return SetSliced(n, 0, cuts);
}

absl::Status Split(NodeContext &n) {
  const Dims dims = n.Type(0).dims;
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", 0, static_cast<int>(dims.size())));
  const Dim &size = dims[static_cast<size_t>(axis)];
  int64_t count = static_cast<int64_t>(n.output_count());
  INGOT_ASSIGN_OR_RETURN(int64_t declared, n.Int("num_outputs", count));
  Dims parts;
  if (n.Has(1)) {
    INGOT_ASSIGN_OR_RETURN(parts, n.SizesIn(1, "split"));
  } else {
    INGOT_ASSIGN_OR_RETURN(Ints given, n.IntList("split", Ints{}));
    parts.assign(given.begin(), given.end());
  }
  if (parts.empty()) {
    if (declared != count)
      return absl::InvalidArgumentError(absl::StrCat("has ", count, " outputs, but 'num_outputs' is ", declared));
    if (n.opset < 18 && size.is_constant() && *size.constant() % count != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis ", axis, " of size ", size.ToString(), " does not split into ", count, " equal parts"));
    }
    Dim part = Dim::CeilDiv(size, count), used = 0;
    for (int64_t i = 0; i + 1 < count; ++i) {
      parts.push_back(size.is_constant() ? n.bounds.Min(part, size - used) : part);
      used = used + parts.back();
    }
    if (!n.bounds.Proves(used, size) && !(part * Dim(count) == size)) {
      return absl::UnimplementedError(absl::StrCat("cannot tell whether ", size.ToString(), " splits into ", count,
                                                   " equal parts; give that dim a number"));
    }
    parts.push_back(size - used);
  }
  if (static_cast<int64_t>(parts.size()) != count)
    return absl::InvalidArgumentError(
        absl::StrCat("'split' has ", parts.size(), " parts; it must have ", count, ", one for each output"));
  return SplitAxis(n, axis, parts);
}

absl::Status Gather(NodeContext &n) {
  const TensorType x = n.Type(0), indices = n.Type(1);
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", 0, x.rank()));
  if (!IsInteger(indices.dtype))
    return absl::InvalidArgumentError(absl::StrCat("its indices are ", indices.ToString(), "; they must be integers"));
  if (x.rank() - 1 + indices.rank() > kMaxRank)
    return absl::UnimplementedError(
        absl::StrCat("the result has rank ", x.rank() - 1 + indices.rank(), "; at most ", kMaxRank, " is supported"));
  const Dim &size = x.dims[static_cast<size_t>(axis)];
  std::optional<Ints> known = n.KnownIn(1) != nullptr ? n.KnownIn(1)->constants() : std::nullopt;
  for (int64_t index : known.value_or(Ints{})) {
    if (auto length = size.constant(); length && (index < -*length || index >= *length)) {
      return absl::InvalidArgumentError(
          absl::StrCat("index ", index, " is out of range for axis ", axis, " of ", x.ToString()));
    }
  }
  // One constant index is a slice, which costs nothing.
  if (known && known->size() == 1 && (*known)[0] > -kFar && (*known)[0] < kFar) {
    int64_t index = (*known)[0];
    Dim start = index < 0 ? size + Dim(index) : Dim(index);
    if (n.bounds.Require(index < 0 ? Dim(-index) : Dim(index + 1), size)) {
      Dims starts(x.dims.size()), limits = x.dims, dims(x.dims.begin(), x.dims.begin() + axis);
      starts[static_cast<size_t>(axis)] = start;
      limits[static_cast<size_t>(axis)] = start + 1;
      dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
      dims.insert(dims.end(), x.dims.begin() + axis + 1, x.dims.end());
      Expr part = size.Is(1) ? n.In(0) : n.b.Slice(n.In(0), starts, limits, Ints(x.dims.size(), 1));
      return n.Return(n.b.Reshape(part, dims));
    }
  }
  bool direct = indices.dtype == DType::kI64 || indices.dtype == DType::kI32;
  return n.Return(n.b.Gather(n.In(0), direct ? n.In(1) : n.b.Cast(n.In(1), DType::kI64), axis));
}

}  // namespace

absl::Status SplitAxis(NodeContext &n, int64_t axis, const Dims &parts) {
  const Dims dims = n.Type(0).dims;
  const Dim &size = dims[static_cast<size_t>(axis)];
  Dim total = 0;
  for (const Dim &part : parts) {
    if (part.constant().value_or(0) < 0)
      return absl::InvalidArgumentError(absl::StrCat("'split' has the entry ", part.ToString()));
    total = total + part;
  }
  // The model says that the parts make up the axis; the program refuses other sizes, by the range of one symbol where
  // that decides it, else as a reshape of the last part.
  bool differ = total.is_constant() && size.is_constant() && total != size;
  bool whole = total == size || (!differ && n.bounds.Require(total, size) && n.bounds.Require(size, total));
  if (differ)
    return absl::InvalidArgumentError(
        absl::StrCat("'split' has a sum of ", total.ToString(), "; it must be ", size.ToString()));
  Dim start = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    std::vector<Cut> cuts = WholeCuts(dims);
    cuts[static_cast<size_t>(axis)] = {start, start + parts[i], 1};
    if (n.Wants(i)) INGOT_RETURN_IF_ERROR(SetSliced(n, i, cuts));
    if (!whole && i + 1 == parts.size() && n.Wants(i)) {
      Dims left = dims;
      left[static_cast<size_t>(axis)] = size - start;
      n.Set(i, n.b.Reshape(DataOf(n.b, *n.outputs[i]), left));
    }
    start = start + parts[i];
  }
  return absl::OkStatus();
}

void AddSliceOps(OpTable &table) {
  table["Slice"] = {Slice, 1, 5};
  table["Split"] = {Split, 1, 2};
  table["Gather"] = {Gather, 2, 2, FoldGather};
}

}  // namespace ingot::onnx_import
