// Ops about shapes: Shape and Size give dims, Reshape and its kin take them.
#include "graph/import/onnx/axes_by_data.h"
#include "graph/import/onnx/fold.h"
#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

// The first operand with other dims. Known elements stay known.
absl::Status SetReshaped(NodeContext &n, const Dims &dims) {
  INGOT_RETURN_IF_ERROR(CheckDims(dims));
  if (dims == n.Type(0).dims) {
    n.Forward(0, 0);
    return absl::OkStatus();
  }
  if (const Known *known = n.KnownIn(0)) {
    Known moved = *known;
    moved.shape.clear();
    for (const Dim &dim : dims) moved.shape.push_back(dim.constant().value_or(-1));
    if (SmallSize(moved.shape) == known->size()) {
      n.Set(0, std::move(moved));
      return absl::OkStatus();
    }
  }
  return n.Return(n.b.Reshape(n.In(0), dims));
}

absl::Status Identity(NodeContext &n) {
  n.Forward(0, 0);
  return absl::OkStatus();
}

absl::Status Shape(NodeContext &n) {
  const Dims dims = n.Type(0).dims;
  int64_t rank = static_cast<int64_t>(dims.size());
  INGOT_ASSIGN_OR_RETURN(int64_t start, n.Int("start", 0));
  INGOT_ASSIGN_OR_RETURN(int64_t end, n.Int("end", rank));
  auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? std::max(at, -rank) + rank : at, 0, rank); };
  start = clamp(start);
  end = std::max(clamp(end), start);
  n.Set(0, Known::Vector(Dims(dims.begin() + start, dims.begin() + end)));
  return absl::OkStatus();
}

absl::Status Size(NodeContext &n) {
  n.Set(0, Known::Scalar(NumElements(n.Type(0).dims)));
  return absl::OkStatus();
}

// What stands for -1: the elements that the other dims leave over.
absl::StatusOr<Dim> Remaining(const Dims &from, const Dims &to, size_t hole) {
  // Equal dims cancel first; that also divides by sums such as past + seq.
  Dims numerator = from;
  Dim denominator = 1;
  for (size_t i = 0; i < to.size(); ++i) {
    if (i == hole) continue;
    auto same = std::find(numerator.begin(), numerator.end(), to[i]);
    if (same != numerator.end()) {
      numerator.erase(same);
    } else {
      denominator = denominator * to[i];
    }
  }
  Dim total = NumElements(numerator);
  if (denominator.Is(0)) return absl::InvalidArgumentError("its shape has both a 0 and a -1, so -1 could be anything");
  if (std::optional<Dim> exact = Dim::DivideExactly(total, denominator)) return *exact;
  if (total.is_constant() && denominator.is_constant()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot reshape ", ToString(from),
                                                   ": its elements do not divide by ",
                                                   NumElements(to).ToString().substr(0, 100)));
  }
  return Dim::FloorDiv(total, denominator);
}

// The vector's elements for `dims`, then `other`, in `count` places.
Expr Sizes(NodeContext &n, Dims dims, size_t count, int64_t other) {
  dims.resize(count, Dim(other));
  return Known::Vector(dims).Materialize(n.b);
}

// The number of elements of a shape that is data; that many symbols it becomes.
absl::StatusOr<size_t> ShapeLength(const NodeContext &n, size_t i) {
  const TensorType type = n.Type(i);
  std::optional<int64_t> count = NumElements(type.dims).constant();
  if (type.dtype != DType::kI64 || type.rank() != 1 || !count || *count > kMaxRank)
    return absl::UnimplementedError(
        absl::StrCat("its shape is ", type.ToString(), "; as data it must be i64 of a known length"));
  return static_cast<size_t>(*count);
}

// A shape that is data: 0 stands for x's own size, -1 for what is left.
absl::Status ReshapeByData(NodeContext &n, bool zero_is_own) {
  INGOT_ASSIGN_OR_RETURN(size_t count, ShapeLength(n, 1));
  GraphBuilder &b = n.b;
  Expr shape = n.In(1), zero = b.Scalar(0, DType::kI64), one = b.Scalar(1, DType::kI64);
  if (zero_is_own) shape = b.Select(b.Equal(shape, zero), Sizes(n, n.Type(0).dims, count, 0), shape);
  Expr total = Known::Scalar(NumElements(n.Type(0).dims)).Materialize(b);
  Expr rest = b.Div(total, b.ReduceProd(b.Select(b.Less(shape, zero), one, shape), {0}));
  shape = b.Select(b.Equal(shape, b.Scalar(-1, DType::kI64)), rest, shape);
  INGOT_ASSIGN_OR_RETURN(Dims to, n.SizesFrom(shape, "shape"));
  return n.Return(b.Reshape(n.In(0), to));
}

absl::Status Reshape(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t allow_zero, n.Int("allowzero", 0));
  if (n.KnownIn(1) == nullptr) return ReshapeByData(n, allow_zero == 0);
  INGOT_ASSIGN_OR_RETURN(Dims to, n.DimsIn(1, "shape"));
  const Dims from = n.Type(0).dims;
  std::optional<size_t> hole;
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i].Is(0) && allow_zero == 0) {
      if (i >= from.size())
        return absl::InvalidArgumentError(
            absl::StrCat("its shape copies axis ", i, " of an operand with rank ", from.size()));
      to[i] = from[i];
    } else if (to[i].Is(-1)) {
      if (hole) return absl::InvalidArgumentError("its shape has two entries of -1");
      hole = i;
      to[i] = 1;
    } else if (to[i].constant().value_or(0) < 0) {
      return absl::InvalidArgumentError(absl::StrCat("its shape has the entry ", to[i].ToString()));
    }
  }
  INGOT_RETURN_IF_ERROR(CheckDims(to));
  if (hole) {
    INGOT_ASSIGN_OR_RETURN(to[*hole], Remaining(from, to, *hole));
  }
  return SetReshaped(n, to);
}

absl::Status Flatten(NodeContext &n) {
  const Dims dims = n.Type(0).dims;
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Int("axis", 1));
  int64_t rank = static_cast<int64_t>(dims.size());
  if (axis < -rank || axis > rank)
    return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " is out of range for rank ", rank));
  if (axis < 0) axis += rank;
  return SetReshaped(
      n, {NumElements(Dims(dims.begin(), dims.begin() + axis)), NumElements(Dims(dims.begin() + axis, dims.end()))});
}

// Axes of the operand, or of the result of Unsqueeze, that are data: how many there are is known.
absl::StatusOr<NamedAxes> SqueezeAxesByData(NodeContext &n, bool adds) {
  std::optional<int64_t> count = NumElements(n.Type(1).dims).constant();
  if (!count)
    return absl::UnimplementedError(absl::StrCat("its axes are ", n.Type(1).ToString(),
                                                 "; as data they must be of a known length: give that dim a number"));
  int64_t rank = n.rank(0) + (adds ? *count : 0);
  if (rank > kMaxRank)
    return absl::UnimplementedError(
        absl::StrCat("the result has rank ", rank, "; at most ", kMaxRank, " is supported"));
  if (*count > rank)
    return absl::InvalidArgumentError(absl::StrCat("names ", *count, " axes of an operand with rank ", rank));
  return AxesByData(n, 1, static_cast<int>(rank));
}

absl::Status SqueezeByData(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(NamedAxes axes, SqueezeAxesByData(n, false));
  if (*axes.count == n.rank(0)) return n.Return(n.b.Reshape(n.In(0), {}));
  Expr own = Known::Vector(n.Type(0).dims).Materialize(n.b);
  INGOT_ASSIGN_OR_RETURN(Dims sizes, SizesIfFit(n, axes, SizesOfOthers(n.b, axes, own), "sizes of its result"));
  return n.Return(n.b.Reshape(n.In(0), sizes));
}

absl::Status UnsqueezeByData(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(NamedAxes axes, SqueezeAxesByData(n, true));
  GraphBuilder &b = n.b;
  Dims own = n.Type(0).dims;
  own.push_back(1);  // no axis, where all have been taken
  const Dim rank = n.rank(0) + *axes.count;
  // How many axes that are not new stand before each.
  Expr earlier = b.Cast(b.Less(Counted(b, rank, 1, 2), Counted(b, rank, 0, 2)), DType::kI64);
  Expr before = b.Sub(b.Iota({rank}), b.ReduceSum(b.Mul(b.Reshape(axes.named, {1, rank}), earlier), {1}));
  Expr one = b.Scalar(1, DType::kI64), kept = b.Gather(Known::Vector(own).Materialize(b), before);
  Expr sizes = b.Select(b.Equal(axes.named, one), one, kept);
  INGOT_ASSIGN_OR_RETURN(Dims to, SizesIfFit(n, axes, sizes, "sizes of its result"));
  return n.Return(b.Reshape(n.In(0), to));
}

// An attribute before opset 13, an operand since.
absl::StatusOr<Ints> SqueezeAxes(NodeContext &n) {
  if (n.Has(1)) return n.IntsIn(1, "axes");
  return n.IntList("axes", Ints{});
}

absl::Status Squeeze(NodeContext &n) {
  const Dims dims = n.Type(0).dims;
  if (n.Has(1) && n.KnownIn(1) == nullptr) return SqueezeByData(n);
  INGOT_ASSIGN_OR_RETURN(Ints axes, SqueezeAxes(n));
  bool all = axes.empty() && !n.Has(1) && !n.HasAttribute("axes");
  INGOT_ASSIGN_OR_RETURN(axes, NormalAxes(axes, n.rank(0)));
  Dims result;
  for (size_t i = 0; i < dims.size(); ++i) {
    bool named = std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    if (all && !dims[i].is_constant()) {
      return absl::UnimplementedError(absl::StrCat("without 'axes' its result depends on whether ", dims[i].ToString(),
                                                   " is 1; name the axes, or give that dim a number"));
    }
    if (named && !dims[i].Is(1)) {
      if (dims[i].is_constant())
        return absl::InvalidArgumentError(
            absl::StrCat("axis ", i, " has size ", dims[i].ToString(), "; only axes of size 1 can be removed"));
      // The model says that this size is 1; the program refuses others, if not by its range then as a reshape.
      (void)(n.bounds.Require(dims[i], 1) && n.bounds.Require(1, dims[i]));
    }
    if (!named && !(all && dims[i].Is(1))) result.push_back(dims[i]);
  }
  return SetReshaped(n, result);
}

absl::Status Unsqueeze(NodeContext &n) {
  const Dims dims = n.Type(0).dims;
  if (!n.Has(1) && !n.HasAttribute("axes")) return absl::InvalidArgumentError("'axes' is missing");
  if (n.Has(1) && n.KnownIn(1) == nullptr) return UnsqueezeByData(n);
  INGOT_ASSIGN_OR_RETURN(Ints axes, SqueezeAxes(n));
  size_t rank = dims.size() + axes.size();
  if (rank > kMaxRank)
    return absl::UnimplementedError(
        absl::StrCat("the result has rank ", rank, "; at most ", kMaxRank, " is supported"));
  INGOT_ASSIGN_OR_RETURN(axes, NormalAxes(axes, static_cast<int>(rank)));
  Dims result;
  auto next = dims.begin();
  for (size_t i = 0; i < rank; ++i) {
    bool added = std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    result.push_back(added ? Dim(1) : *next++);
  }
  return SetReshaped(n, result);
}

// A shape that is data: 1 leaves an axis as it is.
absl::Status ExpandByData(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(size_t count, ShapeLength(n, 1));
  GraphBuilder &b = n.b;
  Dims from = n.Type(0).dims;
  const size_t rank = std::max(count, from.size());
  Dims last = from;
  if (count < from.size()) last.erase(last.begin(), last.end() - static_cast<std::ptrdiff_t>(count));
  last.insert(last.begin(), count - last.size(), Dim(1));
  Expr shape = n.In(1);
  shape = b.Select(b.Equal(shape, b.Scalar(1, DType::kI64)), Sizes(n, last, count, 1), shape);
  INGOT_ASSIGN_OR_RETURN(Dims to, n.SizesFrom(shape, "shape"));
  if (to.size() < rank) to.insert(to.begin(), from.begin(), from.end() - static_cast<std::ptrdiff_t>(to.size()));
  return n.Return(b.BroadcastTo(n.In(0), to));
}

absl::Status Expand(NodeContext &n) {
  if (n.KnownIn(1) == nullptr) return ExpandByData(n);
  INGOT_ASSIGN_OR_RETURN(Dims target, n.DimsIn(1, "shape"));
  const Dims from = n.Type(0).dims;
  Dims to(std::max(from.size(), target.size()));
  for (size_t i = 0; i < to.size(); ++i) {
    Dim x = i < from.size() ? from[from.size() - 1 - i] : Dim(1),
        y = i < target.size() ? target[target.size() - 1 - i] : Dim(1);
    if (y.constant().value_or(0) < 0)
      return absl::InvalidArgumentError(absl::StrCat("its shape has the entry ", y.ToString()));
    if (x != y && !x.Is(1) && !y.Is(1)) {
      std::string what = absl::StrCat("cannot expand a size of ", x.ToString(), " to ", y.ToString());
      if (x.is_constant() && y.is_constant()) return absl::InvalidArgumentError(what);
      return absl::UnimplementedError(
          absl::StrCat(what, ": whether they are equal is not known; give those dims numbers, or one name"));
    }
    to[to.size() - 1 - i] = x.Is(1) ? y : x;
  }
  INGOT_RETURN_IF_ERROR(CheckDims(to));
  if (to == from) {
    n.Forward(0, 0);
    return absl::OkStatus();
  }
  return n.Return(n.b.BroadcastTo(n.In(0), to));
}

absl::Status ConstantOfShape(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Dims dims, n.SizesIn(0, "shape"));
  Tensor value = Tensor::ScalarF32(0);
  if (n.HasAttribute("value")) {
    INGOT_ASSIGN_OR_RETURN(value, n.TensorAttribute("value"));
    if (value.size() != 1)
      return absl::InvalidArgumentError(
          absl::StrCat("attribute 'value' has ", value.size(), " elements; it must have one"));
  }
  Ints shape;
  for (const Dim &dim : dims) {
    if (dim.constant().value_or(0) < 0)
      return absl::InvalidArgumentError(absl::StrCat("its shape has the entry ", dim.ToString()));
    shape.push_back(dim.constant().value_or(-1));
  }
  INGOT_RETURN_IF_ERROR(CheckDims(dims));
  std::optional<Known> element = Known::FromTensor(value);
  std::optional<int64_t> size = SmallSize(shape);
  if (element && size) {
    Known known{element->dtype, shape, {}, {}};
    if (element->is_real()) {
      known.reals.assign(static_cast<size_t>(*size), element->reals[0]);
    } else {
      known.ints.assign(static_cast<size_t>(*size), element->ints[0]);
    }
    n.Set(0, std::move(known));
    return absl::OkStatus();
  }
  Expr scalar = n.b.Constant(std::move(value));
  if (n.b.type(scalar).rank() != 0) scalar = n.b.Reshape(scalar, {});
  return n.Return(n.b.BroadcastTo(scalar, dims));
}

absl::Status Constant(NodeContext &n) {
  std::optional<Tensor> tensor;
  if (n.HasAttribute("value")) {
    INGOT_ASSIGN_OR_RETURN(tensor, n.TensorAttribute("value"));
  } else if (n.HasAttribute("value_float")) {
    INGOT_ASSIGN_OR_RETURN(double value, n.Float("value_float"));
    tensor = Tensor::ScalarF32(static_cast<float>(value));
  } else if (n.HasAttribute("value_int")) {
    INGOT_ASSIGN_OR_RETURN(int64_t value, n.Int("value_int"));
    tensor = Tensor::ScalarI64(value);
  } else if (n.HasAttribute("value_floats")) {
    INGOT_ASSIGN_OR_RETURN(std::vector<double> values, n.FloatList("value_floats"));
    tensor = Tensor::F32({static_cast<int64_t>(values.size())}, {values.begin(), values.end()});
  } else if (n.HasAttribute("value_ints")) {
    INGOT_ASSIGN_OR_RETURN(Ints values, n.IntList("value_ints"));
    tensor = Tensor::I64({static_cast<int64_t>(values.size())}, values);
  } else {
    return absl::UnimplementedError(
        "it has none of the attributes value, value_float, value_floats, value_int and value_ints");
  }
  if (n.outputs.empty() || n.outputs[0] == nullptr) return absl::OkStatus();
  n.outputs[0]->known = Known::FromTensor(*tensor);
  n.outputs[0]->tensor = std::move(tensor);
  return absl::OkStatus();
}

}  // namespace

void AddShapeOps(OpTable &table) {
  table["Identity"] = {Identity, 1, 1, nullptr, /*takes_sequences=*/true};
  table["Shape"] = {Shape, 1, 1};
  table["Size"] = {Size, 1, 1};
  table["Reshape"] = {Reshape, 2, 2};
  table["Flatten"] = {Flatten, 1, 1};
  table["Squeeze"] = {Squeeze, 1, 2};
  table["Unsqueeze"] = {Unsqueeze, 1, 2};
  table["Expand"] = {Expand, 2, 2, FoldExpand};
  table["ConstantOfShape"] = {ConstantOfShape, 1, 1};
  table["Constant"] = {Constant, 0, 0};
}

}  // namespace ingot::onnx_import
