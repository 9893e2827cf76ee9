// Ops that move whole tensors: Transpose, Concat, Tile, Pad, and the rearrangements between depth and space.
#include "graph/import/onnx/fold.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

absl::Status Transpose(NodeContext &n) {
  int rank = n.rank(0);
  Ints reversed;
  for (int i = rank; i-- > 0;) reversed.push_back(i);
  INGOT_ASSIGN_OR_RETURN(Ints permutation, n.IntList("perm", reversed));
  if (permutation.size() != static_cast<size_t>(rank))
    return absl::InvalidArgumentError(absl::StrCat("'perm' has ", permutation.size(), " entries for rank ", rank));
  INGOT_ASSIGN_OR_RETURN(permutation, NormalAxes(permutation, rank));
  if (std::is_sorted(permutation.begin(), permutation.end())) {
    n.Forward(0, 0);
    return absl::OkStatus();
  }
  return n.Return(n.b.Transpose(n.In(0), permutation));
}

absl::Status Concat(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", std::nullopt, n.rank(0)));
  std::vector<Expr> operands;
  for (size_t i = 0; i < n.input_count(); ++i) {
    if (!n.Has(i)) return absl::InvalidArgumentError(absl::StrCat("input ", i, " is missing"));
    operands.push_back(n.In(i));
  }
  return n.Return(operands.size() == 1 ? operands[0] : n.b.Concat(operands, axis));
}

// Repeats along one axis: [outer, 1, axis * inner] broadcast to [outer, repeat, axis * inner].
Expr Repeat(GraphBuilder &b, Expr x, const Dims &dims, size_t axis, const Dim &repeat) {
  Dim outer = NumElements(Dims(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(axis)));
  Dim rest = NumElements(Dims(dims.begin() + static_cast<std::ptrdiff_t>(axis), dims.end()));
  Dims result = dims;
  result[axis] = result[axis] * repeat;
  return b.Reshape(b.BroadcastTo(b.Reshape(x, {outer, 1, rest}), {outer, repeat, rest}), result);
}

absl::Status Tile(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Dims repeats, n.SizesIn(1, "repeats"));
  Dims dims = n.Type(0).dims;
  if (repeats.size() != dims.size())
    return absl::InvalidArgumentError(absl::StrCat("has ", repeats.size(), " repeats for rank ", dims.size()));
  // Axes of size 1 only broadcast; the others are done one by one.
  Dims widened = dims;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (repeats[i].constant().value_or(0) < 0)
      return absl::InvalidArgumentError(absl::StrCat("repeats has the entry ", repeats[i].ToString()));
    if (dims[i].Is(1)) widened[i] = repeats[i];
  }
  INGOT_RETURN_IF_ERROR(CheckDims(widened));
  Expr x = widened == dims ? n.In(0) : n.b.BroadcastTo(n.In(0), widened);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i].Is(1) || repeats[i].Is(1)) continue;
    x = Repeat(n.b, x, widened, i, repeats[i]);
    widened[i] = widened[i] * repeats[i];
    INGOT_RETURN_IF_ERROR(CheckDims(widened));
  }
  return n.Return(x);
}

// The other modes are a gather: element i of the result comes from position i - low, folded back into the axis.
Expr PadAxisByGather(NodeContext &n, Expr x, int64_t axis, const Dim &size, const Dim &low, const Dim &high,
                     const std::string &mode) {
  GraphBuilder &b = n.b;
  auto number = [&](const Dim &dim) { return Known::Scalar(dim).Materialize(b); };
  Expr at = b.Sub(b.Iota({low + size + high}), number(low)), zero = number(0), last = number(size - 1);
  if (mode == "edge") {
    at = b.Min(b.Max(at, zero), last);
  } else if (mode == "reflect") {
    at = b.Sub(last, b.Abs(b.Sub(last, b.Abs(at))));
  } else {  // wrap; the padding is at most the size
    at =
        b.Select(b.Less(at, zero), b.Add(at, number(size)), b.Select(b.Greater(at, last), b.Sub(at, number(size)), at));
  }
  return b.Gather(x, at, axis);
}

absl::Status Pad(NodeContext &n) {
  const TensorType type = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(std::string mode, n.Text("mode", "constant"));
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap") {
    return absl::InvalidArgumentError(absl::StrCat("attribute 'mode' is '", mode.substr(0, 40), "'"));
  }
  Dims pads;
  Expr value;
  Ints axes;
  for (int i = 0; i < type.rank(); ++i) axes.push_back(i);
  if (n.opset >= 11) {
    INGOT_ASSIGN_OR_RETURN(pads, n.SizesIn(1, "pads"));
    if (n.Has(2)) value = n.rank(2) == 0 ? n.In(2) : n.b.Reshape(n.In(2), {});
    if (n.Has(3)) {
      INGOT_ASSIGN_OR_RETURN(axes, n.IntsIn(3, "axes"));
      INGOT_ASSIGN_OR_RETURN(axes, NormalAxes(axes, type.rank()));
    }
  } else {
    INGOT_ASSIGN_OR_RETURN(Ints given, n.IntList("pads"));
    INGOT_ASSIGN_OR_RETURN(double fill, n.Float("value", 0));
    pads.assign(given.begin(), given.end());
    value = n.b.Scalar(fill, type.dtype);
  }
  if (value.id == kNoValue) value = n.b.Scalar(0, type.dtype);
  if (pads.size() != 2 * axes.size())
    return absl::InvalidArgumentError(absl::StrCat("'pads' has ", pads.size(), " entries for ", axes.size(), " axes"));
  Dims low(type.dims.size()), high = low, starts = low, limits = type.dims;
  for (size_t i = 0; i < axes.size(); ++i) {
    size_t axis = static_cast<size_t>(axes[i]);
    const Dim &before = pads[i], &after = pads[axes.size() + i];
    for (const Dim *pad : {&before, &after}) {
      if (!pad->is_constant() && n.bounds.Of(*pad).low < 0)
        return absl::UnimplementedError(
            absl::StrCat("cannot tell whether the padding ", pad->ToString(), " is negative"));
      if (pad->constant().value_or(0) < -(INT64_C(1) << 40) || pad->constant().value_or(0) > INT64_C(1) << 40) {
        return absl::InvalidArgumentError(absl::StrCat("the padding ", pad->ToString(), " is impossible"));
      }
    }
    // Negative padding cuts.
    bool cut_before = before.constant().value_or(0) < 0, cut_after = after.constant().value_or(0) < 0;
    (cut_before ? starts : low)[axis] = cut_before ? Dim(-1) * before : before;
    if (cut_after) {
      limits[axis] = limits[axis] + after;
    } else {
      high[axis] = after;
    }
    Dim left = limits[axis] - starts[axis];
    if ((cut_before || cut_after) && !n.bounds.Require(0, left) && n.bounds.Of(left).high < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("its negative padding is larger than axis ", axis, " of size ", type.dims[axis].ToString()));
    }
  }
  Expr x = n.In(0);
  Dims zeros(type.dims.size());
  if (starts != zeros || limits != type.dims) x = n.b.Slice(x, starts, limits, Ints(type.dims.size(), 1));
  if (mode == "constant") return n.Return(low == zeros && high == zeros ? x : n.b.Pad(x, value, low, high));
  for (size_t i = 0; i < low.size(); ++i) {
    if (low[i].Is(0) && high[i].Is(0)) continue;
    Dim size = limits[i] - starts[i], reach = mode == "reflect" ? size - 1
                                              : mode == "wrap"  ? size
                                                                : size + low[i] + high[i];
    if (!n.bounds.Require(1, size) || !n.bounds.Require(low[i], reach) || !n.bounds.Require(high[i], reach)) {
      return absl::UnimplementedError(
          absl::StrCat("the padding of axis ", i, " is larger than the axis, or cannot be told to be smaller"));
    }
    x = PadAxisByGather(n, x, static_cast<int64_t>(i), size, low[i], high[i], mode);
  }
  return n.Return(x);
}

// Cuts or pads axes to a size, as much on both sides.
absl::Status CenterCropPad(NodeContext &n) {
  const TensorType x = n.Type(0);
  Ints all;
  for (int i = 0; i < x.rank(); ++i) all.push_back(i);
  INGOT_ASSIGN_OR_RETURN(Ints axes, n.IntList("axes", all));
  INGOT_ASSIGN_OR_RETURN(axes, NormalAxes(axes, x.rank()));
  INGOT_ASSIGN_OR_RETURN(Dims target, n.SizesIn(1, "shape"));
  if (target.size() != axes.size())
    return absl::InvalidArgumentError(
        absl::StrCat("its shape has ", target.size(), " entries for ", axes.size(), " axes"));
  Dims low(x.dims.size()), high = low, zeros = low, starts = low, limits = x.dims;
  for (size_t i = 0; i < axes.size(); ++i) {
    size_t axis = static_cast<size_t>(axes[i]);
    const Dim &have = x.dims[axis], &want = target[i];
    if (n.bounds.Of(want).high < 0)
      return absl::InvalidArgumentError(absl::StrCat("its shape has the entry ", want.ToString()));
    if (n.bounds.Proves(have, want)) {
      low[axis] = Dim::FloorDiv(want - have, 2);
      high[axis] = want - have - low[axis];
    } else if (n.bounds.Proves(want, have)) {
      starts[axis] = Dim::FloorDiv(have - want, 2);
      limits[axis] = starts[axis] + want;
    } else {
      return absl::UnimplementedError(absl::StrCat("cannot tell whether ", want.ToString(), " is larger than ",
                                                   have.ToString(), "; give those dims numbers"));
    }
  }
  Expr result = n.In(0);
  if (starts != zeros || limits != x.dims) result = n.b.Slice(result, starts, limits, Ints(x.dims.size(), 1));
  if (low != zeros || high != zeros) result = n.b.Pad(result, n.b.Scalar(0, x.dtype), low, high);
  if (result.id != n.In(0).id) return n.Return(result);
  n.Forward(0, 0);
  return absl::OkStatus();
}

// What DepthToSpace and SpaceToDepth share: [n, c, h, w] with a block size that divides what it must.
absl::StatusOr<int64_t> BlockSize(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t block, n.Int("blocksize"));
  if (n.rank(0) != 4)
    return absl::InvalidArgumentError(absl::StrCat("its operand is ", n.Type(0).ToString(), "; it must have rank 4"));
  if (block < 1 || block > 1 << 16) return absl::InvalidArgumentError(absl::StrCat("attribute 'blocksize' is ", block));
  return block;
}

absl::StatusOr<Dim> Divided(const Dim &dim, int64_t by) {
  if (std::optional<Dim> exact = Dim::DivideExactly(dim, by)) return *exact;
  if (dim.is_constant())
    return absl::InvalidArgumentError(absl::StrCat("a size of ", dim.ToString(), " does not divide by ", by));
  return absl::UnimplementedError(absl::StrCat("cannot tell whether the size ", dim.ToString(), " divides by ", by));
}

// Whether the depth comes before the places in a block, or after them.
absl::StatusOr<bool> DepthFirst(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::string mode, n.Text("mode", "DCR"));
  if (mode != "DCR" && mode != "CRD")
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'mode' is '", mode.substr(0, 40), "', not 'DCR' or 'CRD'"));
  return mode == "CRD";
}

absl::Status DepthToSpace(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t block, BlockSize(n));
  INGOT_ASSIGN_OR_RETURN(bool depth_first, DepthFirst(n));
  const Dims d = n.Type(0).dims;
  INGOT_ASSIGN_OR_RETURN(Dim depth, Divided(d[1], block * block));
  Dims split = depth_first ? Dims{d[0], depth, block, block, d[2], d[3]} : Dims{d[0], block, block, depth, d[2], d[3]};
  Expr x = n.b.Transpose(n.b.Reshape(n.In(0), split), depth_first ? Ints{0, 1, 4, 2, 5, 3} : Ints{0, 3, 4, 1, 5, 2});
  return n.Return(n.b.Reshape(x, {d[0], depth, d[2] * Dim(block), d[3] * Dim(block)}));
}

absl::Status SpaceToDepth(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t block, BlockSize(n));
  const Dims d = n.Type(0).dims;
  INGOT_ASSIGN_OR_RETURN(Dim height, Divided(d[2], block));
  INGOT_ASSIGN_OR_RETURN(Dim width, Divided(d[3], block));
  INGOT_ASSIGN_OR_RETURN(bool depth_first, DepthFirst(n));
  Expr x = n.b.Transpose(n.b.Reshape(n.In(0), {d[0], d[1], height, block, width, block}),
                         depth_first ? Ints{0, 1, 3, 5, 2, 4} : Ints{0, 3, 5, 1, 2, 4});
  return n.Return(n.b.Reshape(x, {d[0], d[1] * Dim(block * block), height, width}));
}

}  // namespace

void AddTensorOps(OpTable &table) {
  table["Transpose"] = {Transpose, 1, 1, FoldTranspose};
  table["Concat"] = {Concat, 1, kVariadic, FoldConcat};
  table["Tile"] = {Tile, 2, 2, FoldTile};
  table["Pad"] = {Pad, 1, 4};
  table["CenterCropPad"] = {CenterCropPad, 2, 2};
  table["DepthToSpace"] = {DepthToSpace, 1, 1};
  table["SpaceToDepth"] = {SpaceToDepth, 1, 1};
}

}  // namespace ingot::onnx_import
