// One generator per shape rule: operands and attributes of a random node that the rule accepts. What the shape rule
// says about an op is all that is used of it, so that another op with the same rule is covered without a line here.
#include <algorithm>

#include "tests/compiler/random_graph.h"

namespace ingot {
namespace {

using Made = std::optional<Expr>;
using Generator = Made (*)(RandomGraph &, const OpSchema &);

size_t At(int64_t axis) { return static_cast<size_t>(axis); }

bool AtLeastOne(const std::vector<int64_t> &values) {
  return std::all_of(values.begin(), values.end(), [](int64_t v) { return v >= 1; });
}

// A value that broadcasts with x: the same dims, fewer of them, or ones among them.
Expr Mate(RandomGraph &g, Expr x, DType dtype) {
  Dims dims = g.DimsOf(x);
  if (g.Chance(10)) return g.CastTo(x, dtype);
  if (g.Chance(45)) dims.erase(dims.begin(), dims.begin() + static_cast<int64_t>(g.Below(dims.size() + 1)));
  for (Dim &dim : dims) {
    if (g.Chance(15)) dim = Dim(1);
  }
  if (g.Chance(12)) {
    if (Made indexed = g.Indexed(dtype, dims)) return *indexed;
  }
  return g.Make(dtype, dims);
}

Attributes Flags(RandomGraph &g, const OpSchema &schema) {
  Attributes attributes;
  for (const AttributeSchema &attribute : schema.attributes) {
    if (attribute.kind == AttributeKind::kBool) attributes[std::string(attribute.name)] = g.Chance(50);
  }
  return attributes;
}

Made Elementwise(RandomGraph &g, const OpSchema &schema) {
  std::vector<Expr> operands = {g.PickFor(schema)};
  while (operands.size() < schema.operands.size()) operands.push_back(Mate(g, operands[0], g.type(operands[0]).dtype));
  if (operands.size() == 2 && g.Chance(40)) std::swap(operands[0], operands[1]);
  return g.Try(schema.kind, operands, Flags(g, schema));
}

Made Complex(RandomGraph &g, const OpSchema &schema) {
  Expr real = g.CastTo(g.PickFor(schema), DType::kF32), imaginary = Mate(g, real, DType::kF32);
  return g.Chance(60) ? g.Try(schema.kind, {real, imaginary}) : g.Try(schema.kind, {imaginary, real});
}

Made Select(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  Expr condition = Mate(g, x, DType::kBool), y = Mate(g, x, g.type(x).dtype);
  return g.Chance(50) ? g.Try(schema.kind, {condition, x, y}) : g.Try(schema.kind, {condition, y, x});
}

Made Cast(RandomGraph &g, const OpSchema &schema) {
  static const std::vector<DType> kTo = {DType::kF32,    DType::kF64,    DType::kF16, DType::kBF16, DType::kI64,
                                         DType::kI32,    DType::kI8,     DType::kU8,  DType::kBool, DType::kI16,
                                         DType::kF8E4M3, DType::kF8E5M2, DType::kI4,  DType::kU4,   DType::kComplex64};
  return g.Try(schema.kind, {g.PickFor(schema)}, {{"to", g.OneOf(kTo)}});
}

Made WithAxis(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  size_t rank = g.DimsOf(x).size();
  if (rank == 0) return std::nullopt;
  int64_t axis = g.Chance(60) ? -1 : static_cast<int64_t>(g.Below(rank));
  Attributes attributes = Flags(g, schema);
  attributes["axis"] = axis;
  // argmax of nothing has no answer.
  Dim along = g.DimsOf(x)[axis < 0 ? rank - 1 : At(axis)];
  if (schema.shape_rule == "arg_max" && !g.Always({along}, AtLeastOne)) return std::nullopt;
  return g.Try(schema.kind, {x}, attributes);
}

Made TopK(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  size_t rank = g.DimsOf(x).size();
  if (rank == 0) return std::nullopt;
  int64_t axis = static_cast<int64_t>(g.Chance(60) ? rank - 1 : g.Below(rank));
  Dim along = g.DimsOf(x)[At(axis)], few = Dim::Min(along, Dim(static_cast<int64_t>(g.Below(4))));
  Attributes attributes = Flags(g, schema);
  attributes["axis"] = axis;
  attributes["k"] = Dims{g.Chance(30) ? along : few};
  return g.Try(schema.kind, {x}, attributes);
}

Made NonZero(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  Dim count = g.Chance(50) ? g.PickDim() : Dim(static_cast<int64_t>(g.Below(9)));
  return g.Try(schema.kind, {x}, {{"count", Dims{count}}});
}

Made BindSizes(RandomGraph &g, const OpSchema &) { return g.BindSize(); }

// What holds for every size, but not by the expressions.
Made Require(RandomGraph &g, const OpSchema &schema) {
  Dim size = g.PickDim();
  Dims sizes = {Dim::FloorDiv(size, 2) * Dim(2) + Dim::Mod(size, 2)}, equal = {size};
  return g.Try(schema.kind, {g.PickOfEvery()}, {{"sizes", sizes}, {"equal", equal}});
}

Made LayerNorm(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFloat(1);
  const Dims &dims = g.DimsOf(x);
  int64_t axis = g.Chance(70) ? static_cast<int64_t>(dims.size()) - 1 : static_cast<int64_t>(g.Below(dims.size()));
  Dims inner(dims.begin() + axis, dims.end());
  DType dtype = g.type(x).dtype;
  Expr scale = g.Make(dtype, g.Chance(80) ? inner : Dims{}), shift = g.Make(dtype, g.Chance(80) ? inner : Dims{});
  return g.Try(schema.kind, {x, scale, shift}, {{"axis", axis}, {"epsilon", g.Chance(50) ? 1e-5 : 0.5}});
}

Made Reduce(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  // Products of large numbers overflow in one order, and meet their 0 first in another.
  if (schema.kind == OpKind::kReduceProd && IsFloat(g.type(x).dtype)) {
    Made small = g.Try(OpKind::kTanh, {x}, {});
    if (!small) return std::nullopt;
    x = *small;
  }
  Ints axes;
  int64_t rank = static_cast<int64_t>(g.DimsOf(x).size());
  for (int64_t axis = 0; axis < rank; ++axis) {
    if (g.Chance(45)) axes.push_back(axis);
  }
  if (axes.empty() && rank > 0 && g.Chance(80)) axes.push_back(rank - 1);
  return g.Try(schema.kind, {x}, {{"axes", axes}, {"keep_dims", g.Chance(50)}});
}

Made MatMul(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.Chance(80) ? g.PickFloat(2) : g.PickFor(schema);
  Dims a = g.DimsOf(x);
  if (a.size() < 2) return std::nullopt;
  Ints swap;
  for (size_t i = 0; i < a.size(); ++i) swap.push_back(static_cast<int64_t>(i));
  std::swap(swap.back(), swap[swap.size() - 2]);
  if (g.Chance(15)) {  // with itself
    Made turned = g.Try(OpKind::kTranspose, {x}, {{"permutation", swap}});
    if (!turned) return std::nullopt;
    return g.Chance(50) ? g.Try(schema.kind, {x, *turned}) : g.Try(schema.kind, {*turned, x});
  }
  DType dtype = g.type(x).dtype;
  Dim columns = g.PickDim();
  Dims right = {a.back(), columns};
  if (a.back().is_constant() && g.Chance(55)) {  // packed when it is a constant matrix
    int64_t width = columns.constant().value_or(static_cast<int64_t>(1 + g.Below(20)));
    return g.Try(schema.kind, {x, g.MakeConstant(dtype, {*a.back().constant(), width})});
  }
  if (g.Chance(40)) right.insert(right.begin(), a.begin() + static_cast<int64_t>(g.Below(a.size() - 1)), a.end() - 2);
  for (size_t i = 0; i + 2 < right.size(); ++i) {
    if (g.Chance(20)) right[i] = Dim(1);
  }
  if (g.Chance(20)) right.insert(right.begin(), a.size() > 2 ? Dim(1) : Dim(2));
  return g.Try(schema.kind, {x, g.Make(dtype, right)});
}

bool WindowFits(const std::vector<int64_t> &v) { return v[0] >= v[1]; }

Made Conv(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFloat(3);
  Dims dims = g.DimsOf(x);
  size_t spatial = dims.size() - 2;
  if (spatial > 3) return std::nullopt;
  int64_t groups = 1;
  if (auto channels = dims[1].constant(); channels && g.Chance(50)) {
    groups = g.Chance(40) ? *channels : g.OneOf(Ints{1, 2, 3, 4});
    if (groups < 1 || *channels % groups != 0) groups = 1;
  }
  std::optional<Dim> inner = Dim::DivideExactly(dims[1], Dim(groups));
  if (!inner) return std::nullopt;
  Dims weights = {g.Chance(85) ? Dim(groups * static_cast<int64_t>(1 + g.Below(4))) : g.PickDim(), *inner};
  Ints strides, dilations, pads;
  for (size_t i = 0; i < spatial; ++i) {
    weights.push_back(Dim(static_cast<int64_t>(1 + g.Below(3))));
    strides.push_back(static_cast<int64_t>(1 + (g.Chance(35) ? g.Below(3) : 0)));
    dilations.push_back(static_cast<int64_t>(1 + (g.Chance(25) ? g.Below(2) : 0)));
  }
  for (size_t i = 0; i < 2 * spatial; ++i) pads.push_back(static_cast<int64_t>(g.Below(3)));
  for (size_t i = 0; i < spatial; ++i) {
    Dim extent = (weights[i + 2] - 1) * Dim(dilations[i]) + 1;
    if (!g.Always({dims[i + 2] + pads[i] + pads[spatial + i], extent}, WindowFits)) return std::nullopt;
  }
  return g.Try(schema.kind, {x, g.Make(g.type(x).dtype, weights)},
               {{"strides", strides}, {"dilations", dilations}, {"pads", pads}, {"groups", groups}});
}

Made Reshape(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  Dims dims = g.DimsOf(x);
  for (size_t times = 0; times < 1 + g.Below(2); ++times) {
    if (dims.empty()) {
      dims.push_back(Dim(1));
      continue;
    }
    size_t axis = g.Below(dims.size());
    switch (g.Below(6)) {
      case 0:
        dims.insert(dims.begin() + static_cast<int64_t>(axis), Dim(1));
        break;
      case 1:
        std::swap(dims[axis], dims[g.Below(dims.size())]);
        break;
      case 2:
        dims = {NumElements(dims)};
        break;
      case 3: {
        Dim factor = g.Chance(50) ? Dim(g.OneOf(Ints{2, 3, 4})) : g.PickDim();
        std::optional<Dim> rest = Dim::DivideExactly(dims[axis], factor);
        if (!rest) break;
        dims[axis] = *rest;
        dims.insert(dims.begin() + static_cast<int64_t>(axis), factor);
        break;
      }
      case 4:
        if (g.daring() && g.Chance(30)) dims[axis] = g.PickDim();  // may hold for some sizes
        break;
      default:
        if (axis == 0) break;
        dims[axis] = dims[axis] * dims[axis - 1];
        dims.erase(dims.begin() + static_cast<int64_t>(axis) - 1);
    }
  }
  return g.Try(schema.kind, {x}, {{"dims", dims}});
}

Made Transpose(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  Ints order;
  for (size_t i = 0; i < g.DimsOf(x).size(); ++i) order.push_back(static_cast<int64_t>(i));
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[g.Below(i)]);
  return g.Try(schema.kind, {x}, {{"permutation", order}});
}

Made BroadcastTo(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  Dims dims = g.DimsOf(x);
  for (Dim &dim : dims) {
    if (dim.Is(1) && g.Chance(60)) dim = g.PickDim();
  }
  if (g.Chance(60)) dims.insert(dims.begin(), g.PickDim());
  return g.Try(schema.kind, {x}, {{"dims", dims}});
}

bool SliceHolds(const std::vector<int64_t> &v) {  // size, start, limit, step
  int64_t size = v[0], start = v[1], limit = v[2], step = v[3];
  if (step > 0) return 0 <= start && start <= limit && limit <= size;
  return -1 <= limit && limit <= start && 0 <= start && start < size;
}

Made Slice(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  Dims limits = g.DimsOf(x), starts(limits.size(), Dim(0));
  Ints steps(limits.size(), 1);
  for (size_t axis = 0; axis < limits.size(); ++axis) {
    if (g.Chance(40)) continue;
    Dim size = limits[axis], some = g.Chance(25) ? g.PickDim() : Dim(static_cast<int64_t>(g.Below(4)));
    const std::vector<Dim> cuts = {Dim(0),  some, Dim::FloorDiv(size, 2), size - some, size, Dim::Min(size, 3),
                                   size - 1};
    int64_t step = g.OneOf(Ints{1, 1, 1, 2, 3, -1, -1, -2});
    Dim start = g.OneOf(cuts), limit = step > 0 ? g.OneOf(cuts) : Dim(g.Chance(70) ? Dim(-1) : g.OneOf(cuts));
    if (step < 0) start = g.Chance(60) ? size - 1 : start;
    if (!g.Always({size, start, limit, Dim(step)}, SliceHolds)) continue;
    starts[axis] = start;
    limits[axis] = limit;
    steps[axis] = step;
  }
  return g.Try(schema.kind, {x}, {{"starts", starts}, {"limits", limits}, {"steps", steps}});
}

Made DynamicUpdate(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  Dims dims = g.DimsOf(x);
  if (dims.empty()) return std::nullopt;
  int64_t axis = static_cast<int64_t>(g.Below(dims.size()));
  Dim &part = dims[At(axis)];
  if (g.Chance(80)) part = Dim::Min(part, Dim(static_cast<int64_t>(g.Below(4))));
  DType dtype = g.type(x).dtype;
  Expr start = g.Chance(50) ? g.MakeConstant(DType::kI64, {}) : g.Make(DType::kI32, {});
  return g.Try(schema.kind, {x, g.Make(dtype, dims), start}, {{"axis", axis}});
}

Made Concat(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  if (g.DimsOf(x).empty()) return std::nullopt;
  size_t axis = g.Below(g.DimsOf(x).size());
  std::vector<Expr> parts = {x};
  for (size_t i = 0; i < 1 + g.Below(3); ++i) {
    Dims dims = g.DimsOf(x);
    if (g.Chance(70)) dims[axis] = g.Chance(50) ? g.PickDim() : Dim(static_cast<int64_t>(g.Below(4)));
    parts.push_back(g.Chance(10) ? x : g.Make(g.type(x).dtype, dims));
  }
  std::swap(parts[0], parts[g.Below(parts.size())]);
  return g.Try(schema.kind, parts, {{"axis", static_cast<int64_t>(axis)}});
}

Made Pad(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  auto amounts = [&] {
    Dims dims;
    for (size_t i = 0; i < g.DimsOf(x).size(); ++i) {
      dims.push_back(g.Chance(45) ? Dim(0) : g.Chance(20) ? g.PickDim() : Dim(static_cast<int64_t>(g.Below(4))));
    }
    return dims;
  };
  Dims low = amounts(), high = amounts();
  return g.Try(schema.kind, {x, g.Make(g.type(x).dtype, {})}, {{"low", low}, {"high", high}});
}

Made Gather(RandomGraph &g, const OpSchema &schema) {
  Expr x = g.PickFor(schema);
  if (g.DimsOf(x).empty()) return std::nullopt;
  size_t axis = g.Below(g.DimsOf(x).size());
  if (!g.Always({g.DimsOf(x)[axis]}, AtLeastOne)) return std::nullopt;
  Dims dims;
  for (size_t i = g.Below(5) == 0 ? 0 : 1 + g.Below(5) / 4; i > 0; --i) dims.push_back(g.PickDim());
  if (!g.Small(dims)) return std::nullopt;
  return g.Try(schema.kind, {x, g.MakeIndices(dims)}, {{"axis", static_cast<int64_t>(axis)}});
}

Made Iota(RandomGraph &g, const OpSchema &schema) {
  Dims dims;
  for (size_t i = 0; i < 1 + g.Below(3); ++i) dims.push_back(g.PickDim());
  static const std::vector<DType> kTypes = {DType::kF32, DType::kF32, DType::kI64, DType::kI32,
                                            DType::kF64, DType::kF16, DType::kI8,  DType::kU8};
  return g.Try(schema.kind, {},
               {{"dims", dims}, {"axis", static_cast<int64_t>(g.Below(dims.size()))}, {"dtype", g.OneOf(kTypes)}});
}

Made DimValues(RandomGraph &g, const OpSchema &schema) {
  Dims values;
  for (size_t i = 0; i < 1 + g.Below(4); ++i)
    values.push_back(g.PickDim() - g.PickDim() + static_cast<int64_t>(g.Below(3)));
  Made made = g.Try(schema.kind, {}, {{"values", values}});
  if (!made || g.Chance(30)) return made;
  return g.Try(OpKind::kCast, {*made}, {{"to", DType::kF32}});
}

}  // namespace

std::optional<Expr> RandomGraph::RandomOp(const OpSchema &schema) {
  static const std::map<std::string_view, Generator> kGenerators = {{"elementwise", Elementwise},
                                                                    {"predicate", Elementwise},
                                                                    {"select", Select},
                                                                    {"complex", Complex},
                                                                    {"part", Elementwise},
                                                                    {"cast", Cast},
                                                                    {"reshape", Reshape},
                                                                    {"transpose", Transpose},
                                                                    {"slice", Slice},
                                                                    {"broadcast_to", BroadcastTo},
                                                                    {"concat", Concat},
                                                                    {"pad", Pad},
                                                                    {"gather", Gather},
                                                                    {"iota", Iota},
                                                                    {"dim", DimValues},
                                                                    {"reduce", Reduce},
                                                                    {"arg_max", WithAxis},
                                                                    {"same_with_axis", WithAxis},
                                                                    {"layer_norm", LayerNorm},
                                                                    {"mat_mul", MatMul},
                                                                    {"conv", Conv},
                                                                    {"top_k", TopK},
                                                                    {"non_zero", NonZero},
                                                                    {"bind_sizes", BindSizes},
                                                                    {"require", Require},
                                                                    {"dynamic_update", DynamicUpdate}};
  auto generator = kGenerators.find(schema.shape_rule);
  if (generator == kGenerators.end()) {
    Incomplete(schema);
    return std::nullopt;
  }
  return generator->second(*this, schema);
}

}  // namespace ingot
