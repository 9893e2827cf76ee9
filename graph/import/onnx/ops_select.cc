// Ops whose results are as large as their data says: NonZero, Unique, NonMaxSuppression.
#include "graph/import/onnx/fold.h"
#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/op_table.h"
#include "graph/import/onnx/selection.h"

namespace ingot::onnx_import {

Expr TrueIndices(GraphBuilder &b, Expr mask) {
  Ints all;
  for (int i = 0; i < b.type(mask).rank(); ++i) all.push_back(i);
  Expr ones = b.Cast(mask, DType::kI64);
  Dims count = b.SizesFrom(all.empty() ? ones : b.ReduceSum(ones, all), "count");
  return b.NonZero(mask, count);
}

Expr TruePlaces(GraphBuilder &b, Expr mask) {
  Expr indices = TrueIndices(b, mask);
  return b.type(indices).rank() == 2 ? b.Reshape(indices, {b.type(indices).dims[1]}) : indices;
}

namespace {

absl::Status NonZero(NodeContext &n) {
  const TensorType x = n.Type(0);
  Expr mask = n.In(0);
  if (x.dtype != DType::kBool) mask = n.b.NotEqual(mask, n.b.Scalar(0, x.dtype));
  return n.Return(TrueIndices(n.b, mask));
}

// Unique along an axis. Every slice is compared with every other, by the first elements that differ.
absl::Status UniqueSlices(NodeContext &n, size_t axis, bool sorted) {
  const TensorType x = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kTopK, x.dtype));
  GraphBuilder &b = n.b;
  const Dim count = x.dims[axis];
  Ints to_front = {static_cast<int64_t>(axis)};
  Dim width = 1;
  for (size_t i = 0; i < x.dims.size(); ++i) {
    if (i == axis) continue;
    to_front.push_back(static_cast<int64_t>(i));
    width = width * x.dims[i];
  }
  Expr rows = b.Reshape(b.Transpose(n.In(0), to_front), {count, width});
  auto index = [&](Expr truth) { return b.Cast(truth, DType::kI64); };
  Expr unequal = b.NotEqual(b.Reshape(rows, {count, 1, width}), b.Reshape(rows, {1, count, width}));
  Expr place = b.ArgMax(index(unequal), 2);  // [count, count]
  Expr i = Counted(b, count, 0, 2), j = Counted(b, count, 1, 2), step = Number(b, width);
  Expr mine = TakeFlat(b, rows, b.Add(b.Mul(i, step), place)), other = TakeFlat(b, rows, b.Add(b.Mul(j, step), place));
  Expr same = b.Equal(mine, other), below = b.Less(other, mine);
  Expr is_first = b.Equal(b.ReduceSum(index(b.LogicalAnd(same, b.Less(j, i))), {1}), b.Scalar(0, DType::kI64));
  Expr first = b.ArgMax(index(same), 1);  // the place of the first slice that is equal
  // How many different slices stand before each in the result.
  Expr before = sorted ? below : b.Less(j, b.Reshape(first, {count, 1}));
  Expr inverse = b.ReduceSum(index(b.LogicalAnd(before, b.Reshape(is_first, {1, count}))), {1});
  Expr places = TruePlaces(b, is_first);
  if (!b.status().ok()) return absl::OkStatus();  // it stops the import
  if (sorted) places = b.Gather(places, b.TopK(b.Gather(inverse, places), b.type(places).dims, 0, false).indices);
  n.Set(0, b.Gather(n.In(0), places, static_cast<int64_t>(axis)));
  n.Set(1, places);
  n.Set(2, inverse);
  if (n.Wants(3)) n.Set(3, b.ReduceSum(index(b.Gather(same, places, 0)), {1}));
  return absl::OkStatus();
}

// In sorted order, equal elements stand together; the first of each group is one of the results. Elements are counted
// by comparing each with all results where their places in those are wanted.
absl::Status Unique(NodeContext &n) {
  const TensorType x = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(int64_t sorted, n.Int("sorted", 1));
  if (n.HasAttribute("axis")) {
    INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Int("axis"));
    INGOT_ASSIGN_OR_RETURN(axis, NormalAxis(axis, x.rank()));
    if (x.rank() != 1) return UniqueSlices(n, static_cast<size_t>(axis), sorted != 0);
  }
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kTopK, x.dtype));
  GraphBuilder &b = n.b;
  const Dim size = NumElements(x.dims);
  Expr flat = b.Reshape(n.In(0), {size}), zero = b.Scalar(0, DType::kI64), one = b.Scalar(1, DType::kI64);
  auto [values, places] = b.TopK(flat, {size}, 0, /*largest=*/false);
  Expr at = b.Iota({size}), before = b.Gather(values, b.Max(b.Sub(at, one), zero));
  Expr first = TruePlaces(b, b.LogicalOr(b.NotEqual(values, before), b.Equal(at, zero)));
  if (!b.status().ok()) return absl::OkStatus();  // it stops the import
  const Dims count = b.type(first).dims;
  Expr result = b.Gather(values, first), index = b.Gather(places, first);
  Expr end = Known::Vector({size}).Materialize(b);
  Expr next = b.Gather(b.Concat({first, end}, 0), b.Add(b.Iota(count), one));
  Expr counts = b.Sub(next, first), inverse;
  if (n.Wants(2)) {
    Expr below = b.Less(b.Reshape(result, {1, count[0]}), b.Reshape(flat, {size, 1}));
    inverse = b.ReduceSum(b.Cast(below, DType::kI64), {1});
  }
  if (sorted == 0) {  // in the order of their first places
    auto [ordered, order] = b.TopK(index, count, 0, /*largest=*/false);
    if (n.Wants(2)) inverse = b.Gather(b.TopK(order, count, 0, /*largest=*/false).indices, inverse);
    result = b.Gather(result, order);
    counts = b.Gather(counts, order);
    index = ordered;
  }
  n.Set(0, result);
  n.Set(1, index);
  if (n.Wants(2)) n.Set(2, inverse);
  n.Set(3, counts);
  return absl::OkStatus();
}

// Corners of boxes [..., 4], each [..., 1]: the lower and the higher end of both axes.
struct Corners {
  Expr low[2], high[2];
};

Corners CornersOf(GraphBuilder &b, Expr boxes, bool is_center) {
  const Dims dims = b.type(boxes).dims;
  auto part = [&](int64_t i) {
    Dims starts(dims.size()), limits = dims;
    starts.back() = i;
    limits.back() = i + 1;
    return b.Slice(boxes, starts, limits, Ints(dims.size(), 1));
  };
  Corners corners;
  for (int i = 0; i < 2; ++i) {
    if (is_center) {
      Expr half = b.Mul(part(i + 2), b.Scalar(0.5));
      corners.low[i] = b.Sub(part(i), half);
      corners.high[i] = b.Add(part(i), half);
    } else {
      corners.low[i] = b.Min(part(i), part(i + 2));
      corners.high[i] = b.Max(part(i), part(i + 2));
    }
  }
  return corners;
}

// Intersection over union, 0 where the union is empty.
Expr OverlapOf(GraphBuilder &b, const Corners &x, const Corners &y) {
  Expr zero = b.Scalar(0), shared, area_x, area_y;
  for (int i = 0; i < 2; ++i) {
    Expr side = b.Max(b.Sub(b.Min(x.high[i], y.high[i]), b.Max(x.low[i], y.low[i])), zero);
    Expr side_x = b.Sub(x.high[i], x.low[i]), side_y = b.Sub(y.high[i], y.low[i]);
    shared = i == 0 ? side : b.Mul(shared, side);
    area_x = i == 0 ? side_x : b.Mul(area_x, side_x);
    area_y = i == 0 ? side_y : b.Mul(area_y, side_y);
  }
  Expr all = b.Sub(b.Add(area_x, area_y), shared);
  return b.Select(b.Greater(all, zero), b.Div(shared, all), zero);
}

// Box by box in the order of its scores, for all classes of all batches at once: one is kept unless it overlaps one
// that has been kept, its score is too low, or there are enough.
absl::Status NonMaxSuppression(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t is_center, n.Int("center_point_box", 0));
  const TensorType boxes = n.Type(0), scores = n.Type(1);
  // Sizes that have other names are checked when they are known, as broadcasts or by their range.
  auto differ = [&](size_t axis, size_t of_scores) {
    const Dim &x = boxes.dims[axis], &y = scores.dims[of_scores];
    return x != y &&
           ((x.is_constant() && y.is_constant()) || (y.Is(1) && !(n.bounds.Require(x, 1) && n.bounds.Require(1, x))));
  };
  if (boxes.rank() != 3 || scores.rank() != 3 || !boxes.dims[2].Is(4) || differ(0, 0) || differ(1, 2) ||
      boxes.dtype != DType::kF32 || scores.dtype != DType::kF32)
    return absl::InvalidArgumentError(
        absl::StrCat("its boxes are ", boxes.ToString(), " and its scores ", scores.ToString(),
                     "; they must be f32[batch, boxes, 4] and f32[batch, classes, boxes]"));
  GraphBuilder &b = n.b;
  auto scalar = [&](size_t i) { return b.Reshape(n.In(i), {}); };
  Expr zero = b.Scalar(0, DType::kI64), one = b.Scalar(1, DType::kI64);
  Expr most = n.Has(2) ? CastIfNeeded(b, scalar(2), n.dtype(2), DType::kI64) : zero;
  Expr limit = n.Has(3) ? scalar(3) : b.Scalar(0);
  const Dim batch = boxes.dims[0], classes = scores.dims[1], count = boxes.dims[1], pairs = batch * classes;
  Expr same = scores.dims == Dims{batch, classes, count} ? n.In(1) : b.BroadcastTo(n.In(1), {batch, classes, count});
  auto [best, order] = b.TopK(b.Reshape(same, {pairs, count}), {count}, 1);
  Expr good = n.Has(4) ? b.Greater(best, scalar(4))
                       : b.BroadcastTo(b.Constant(Tensor::Copy(DType::kBool, {}, "\1")), {pairs, count});
  // Box i of a pair in the order of its scores: one of batch * count rows.
  Expr pair = b.Iota({pairs, 1}), per = Known::Scalar(classes).Materialize(b);
  Expr row = b.Add(b.Mul(b.Div(pair, per), Known::Scalar(count).Materialize(b)), order);
  Expr sorted = b.Gather(b.Reshape(n.In(0), {batch * count, 4}), row);  // [pairs, count, 4]
  if (!b.status().ok()) return absl::OkStatus();                        // it stops the import
  Expr none = b.BroadcastTo(zero, {pairs, count}), total = Known::Scalar(count).Materialize(b);
  auto turns = [](GraphBuilder &f, const std::vector<Expr> &v) -> std::vector<Expr> { return {f.Less(v[0], v[6])}; };
  auto turn = [&](GraphBuilder &f, const std::vector<Expr> &v) -> std::vector<Expr> {
    Expr i = f.Reshape(v[0], {1}), own = f.Gather(v[2], i, 1);
    Expr overlap =
        f.Reshape(OverlapOf(f, CornersOf(f, own, is_center != 0), CornersOf(f, v[2], is_center != 0)), {pairs, count});
    Expr is_kept = f.Equal(v[1], f.Scalar(1, DType::kI64));
    Expr rivals = f.Cast(f.LogicalAnd(is_kept, f.Greater(overlap, v[4])), DType::kI64);
    Expr keep = f.LogicalAnd(f.Equal(f.ReduceSum(rivals, {1}, true), f.Scalar(0, DType::kI64)),
                             f.LogicalAnd(f.Gather(v[3], i, 1), f.Less(f.ReduceSum(v[1], {1}, true), v[5])));
    Expr kept = f.DynamicUpdate(v[1], f.Cast(keep, DType::kI64), v[0], 1);
    return {f.Add(v[0], f.Scalar(1, DType::kI64)), kept, v[2], v[3], v[4], v[5], v[6]};
  };
  Expr kept = b.While({zero, none, sorted, good, limit, most, total}, turns, turn)[1];
  Expr found = TrueIndices(b, b.Equal(kept, one));  // [2, selected]
  if (!b.status().ok()) return absl::OkStatus();
  const Dim selected = b.type(found).dims[1];
  auto line = [&](int64_t i) { return b.Reshape(b.Slice(found, {i, 0}, {i + 1, selected}, {1, 1}), {selected}); };
  Expr of = line(0), place = b.Add(b.Mul(of, total), line(1));
  Expr box = b.Gather(b.Reshape(order, {pairs * count}), place);
  std::vector<Expr> columns;
  for (Expr column : {b.Div(of, per), b.Rem(of, per), box}) columns.push_back(b.Reshape(column, {selected, 1}));
  return n.Return(b.Concat(columns, 1));
}

}  // namespace

void AddSelectOps(OpTable &table) {
  table["NonZero"] = {NonZero, 1, 1, FoldNonZero};
  table["Unique"] = {Unique, 1, 1};
  table["NonMaxSuppression"] = {NonMaxSuppression, 2, 5};
}

}  // namespace ingot::onnx_import
