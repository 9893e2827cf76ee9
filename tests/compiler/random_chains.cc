// Several ops in a row, in the patterns that the compiler fuses: epilogues of products, rows that a gather reads at
// other rows, attention, embeddings, convolutions with what follows them.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/compiler/random_graph.h"

namespace ingot {
namespace {

using Made = std::optional<Expr>;

bool AtLeastOne(const std::vector<int64_t> &values) {
  return std::all_of(values.begin(), values.end(), [](int64_t v) { return v >= 1; });
}

Expr Activation(RandomGraph &g, Expr x) {
  static const std::vector<OpKind> kOps = {OpKind::kRelu, OpKind::kTanh, OpKind::kSigmoid,
                                           OpKind::kGelu, OpKind::kNeg,  OpKind::kAbs};
  return g.Add(g.OneOf(kOps), {x});
}

// A product with a constant matrix, several row axes, and what stands in its epilogue: operands of lower rank, and
// index ops.
Made Product(RandomGraph &g) {
  Expr x = g.PickFloat(2 + g.Below(2));
  Dims dims = g.DimsOf(x);
  if (!dims.back().is_constant()) {
    dims.push_back(Dim(static_cast<int64_t>(1 + g.Below(17))));
    if (!g.Small(dims)) return std::nullopt;
    x = g.Make(DType::kF32, dims);
  }
  DType dtype = g.type(x).dtype;
  int64_t width = g.OneOf(Ints{1, 3, 8, 15, 16, 17, 32, 33});
  Made product = g.Try(OpKind::kMatMul, {x, g.MakeConstant(dtype, {*dims.back().constant(), width})});
  if (!product) return std::nullopt;
  Expr y = *product;
  if (g.Chance(60)) y = g.Add(OpKind::kAdd, {y, g.MakeConstant(dtype, {width})});
  for (size_t i = 0; i < 1 + g.Below(3); ++i) {
    Dims wanted = g.DimsOf(y);
    if (g.Chance(35)) wanted.erase(wanted.begin(), wanted.begin() + static_cast<int64_t>(g.Below(wanted.size())));
    Made other = g.Chance(70) ? g.Indexed(dtype, wanted) : Made(g.Make(dtype, wanted));
    if (!other) continue;
    y = g.Add(g.Chance(60) ? OpKind::kAdd : OpKind::kMul, {y, *other});
    if (g.Chance(40)) y = Activation(g, y);
  }
  if (g.Chance(30)) return g.Try(OpKind::kSoftmax, {y}, {{"axis", int64_t{-1}}});
  if (g.Chance(30)) return g.Try(OpKind::kReduceSum, {y}, {{"axes", Ints{-1}}, {"keep_dims", true}});
  return y;
}

// Rows made in a region, and read at other rows by its consumers.
Made GatheredRows(RandomGraph &g) {
  Expr x = g.PickFloat(2);
  Dims dims = g.DimsOf(x);
  int64_t last = static_cast<int64_t>(dims.size()) - 1, axis = static_cast<int64_t>(g.Below(dims.size() - 1));
  if (!g.Always(dims, AtLeastOne)) return std::nullopt;
  Made rows = g.Chance(60) ? g.Try(OpKind::kSoftmax, {x}, {{"axis", last}}) : g.Try(OpKind::kTanh, {x});
  if (!rows) return std::nullopt;
  Made moved;
  if (g.Chance(70)) {
    moved = g.Try(OpKind::kGather, {*rows, g.MakeIndices({dims[static_cast<size_t>(axis)]})}, {{"axis", axis}});
  } else {
    Dims starts(dims.size(), Dim(0)), limits = dims;
    Ints steps(dims.size(), 1);
    size_t at = static_cast<size_t>(axis);
    starts[at] = dims[at] - 1, limits[at] = Dim(-1), steps[at] = -1;
    moved = g.Try(OpKind::kSlice, {*rows}, {{"starts", starts}, {"limits", limits}, {"steps", steps}});
  }
  if (!moved) return std::nullopt;
  Expr sum = g.Add(OpKind::kAdd, {*moved, *rows});
  Made reduced =
      g.Try(g.Chance(50) ? OpKind::kReduceMax : OpKind::kReduceSum, {sum}, {{"axes", Ints{last}}, {"keep_dims", true}});
  if (!reduced) return std::nullopt;
  return g.Try(OpKind::kMul, {g.Chance(50) ? *rows : sum, *reduced});
}

// Soft-max of scaled products, with a mask or without, times values.
Made Attention(RandomGraph &g) {
  Dim heads = Dim(static_cast<int64_t>(1 + g.Below(3))), width = Dim(g.OneOf(Ints{1, 2, 4, 8, 9, 16})),
      rows = g.PickDim(), columns = g.Chance(70) ? rows : g.PickDim();
  Dims query = {heads, rows, width}, key = {heads, columns, width};
  if (g.Chance(50)) query.insert(query.begin(), Dim(2)), key.insert(key.begin(), Dim(2));
  if (!g.Small(query) || !g.Small(key)) return std::nullopt;
  Expr q = g.Make(DType::kF32, query), k = g.Make(DType::kF32, key), v = g.Make(DType::kF32, key);
  Ints swap;
  for (size_t i = 0; i < query.size(); ++i) swap.push_back(static_cast<int64_t>(i));
  std::swap(swap.back(), swap[swap.size() - 2]);
  Made scores = g.Try(OpKind::kMatMul, {q, g.Add(OpKind::kTranspose, {k}, {{"permutation", swap}})});
  if (!scores) return std::nullopt;
  Expr s = *scores;
  if (g.Chance(60)) s = g.Add(OpKind::kMul, {s, g.MakeConstant(DType::kF32, {})});
  if (g.Chance(35)) {
    Expr row = g.Add(OpKind::kIota, {}, {{"dims", Dims{rows, columns}}, {"axis", int64_t{0}}, {"dtype", DType::kI64}});
    Expr column =
        g.Add(OpKind::kIota, {}, {{"dims", Dims{rows, columns}}, {"axis", int64_t{1}}, {"dtype", DType::kI64}});
    s = g.Add(OpKind::kSelect, {g.Add(OpKind::kLessEqual, {column, row}), s, g.Make(DType::kF32, {})});
  } else if (g.Chance(50)) {
    s = g.Add(OpKind::kAdd, {s, g.Make(DType::kF32, g.Chance(50) ? Dims{columns} : Dims{rows, columns})});
  }
  Made soft = g.Try(OpKind::kSoftmax, {s}, {{"axis", int64_t{-1}}});
  if (!soft) return std::nullopt;
  return g.Try(OpKind::kMatMul, {*soft, v});
}

// Rows of a table, normalised.
Made Embedding(RandomGraph &g) {
  int64_t width = g.OneOf(Ints{3, 8, 16, 20});
  Dims ids = {g.PickDim()};
  if (g.Chance(50)) ids.insert(ids.begin(), Dim(2));
  if (!g.Small(ids)) return std::nullopt;
  Made rows =
      g.Try(OpKind::kGather, {g.MakeConstant(DType::kF32, {7, width}), g.MakeIndices(ids)}, {{"axis", int64_t{0}}});
  if (!rows) return std::nullopt;
  Expr sum = g.Add(OpKind::kAdd, {*rows, g.Make(DType::kF32, {ids.back(), Dim(width)})});
  return g.Try(OpKind::kLayerNorm, {sum, g.MakeConstant(DType::kF32, {width}), g.MakeConstant(DType::kF32, {width})},
               {{"axis", int64_t{-1}}});
}

// A layer norm written out, as exporters write it.
Made Normalised(RandomGraph &g) {
  Expr x = g.PickFloat(1);
  Attributes last = {{"axes", Ints{static_cast<int64_t>(g.DimsOf(x).size()) - 1}}, {"keep_dims", true}};
  Made mean = g.Try(OpKind::kReduceMean, {x}, last);
  if (!mean) return std::nullopt;
  Expr centred = g.Add(OpKind::kSub, {x, *mean});
  Expr variance = g.Add(OpKind::kReduceMean, {g.Add(OpKind::kMul, {centred, centred})}, last);
  Expr positive = g.Add(OpKind::kAdd, {variance, g.Add(OpKind::kAbs, {g.MakeConstant(g.type(x).dtype, {})})});
  return g.Try(OpKind::kMul, {centred, g.Add(OpKind::kRsqrt, {positive})});
}

// A pool of two taps along a spatial axis, over what is padded differently along every axis.
Made Pooled(RandomGraph &g, Expr x) {
  Dims low, high, limits = g.DimsOf(x);
  for (Dim &limit : limits) {
    low.push_back(Dim(static_cast<int64_t>(g.Below(3))));
    high.push_back(Dim(static_cast<int64_t>(g.Below(3))));
    limit = limit + low.back() + high.back();
  }
  Made padded = g.Try(OpKind::kPad, {x, g.MakeConstant(g.type(x).dtype, {})}, {{"low", low}, {"high", high}});
  size_t axis = 2 + g.Below(limits.size() - 2);
  if (!padded || !g.Always({limits[axis]}, AtLeastOne)) return padded;
  Ints steps(limits.size(), 1);
  steps[axis] = static_cast<int64_t>(1 + g.Below(3));
  Dims starts(limits.size(), Dim(0)), from = starts, to = limits;
  to[axis] = limits[axis] - 1;
  from[axis] = 1;
  Made first = g.Try(OpKind::kSlice, {*padded}, {{"starts", starts}, {"limits", to}, {"steps", steps}}),
       second = g.Try(OpKind::kSlice, {*padded}, {{"starts", from}, {"limits", limits}, {"steps", steps}});
  if (!first || !second) return padded;
  return g.Try(g.Chance(50) ? OpKind::kMax : OpKind::kAdd, {*first, *second});
}

// One group over two spatial axes, of a value or of another convolution's result. Many channels now and then: sums of
// more than 256 terms go in blocks.
Made PlainConv(RandomGraph &g, Made x) {
  if (!x) {
    bool deep = g.Chance(25);
    auto extent = [&] { return deep ? Dim(static_cast<int64_t>(1 + g.Below(3))) : g.PickDim(); };
    Dims dims = {deep ? g.PickDim() : Dim(static_cast<int64_t>(1 + g.Below(2))),
                 Dim(static_cast<int64_t>(deep ? 90 + g.Below(60) : 1 + g.Below(20))), extent(), extent()};
    if (!g.Small(dims)) return std::nullopt;
    x = g.Make(DType::kF32, dims);
  }
  const Dims &dims = g.DimsOf(*x);
  std::optional<int64_t> channels = dims.size() == 4 ? dims[1].constant() : std::nullopt;
  if (!channels || *channels < 1 || g.type(*x).dtype != DType::kF32) return std::nullopt;
  auto side = [&] { return static_cast<int64_t>(*channels >= 90 ? 3 : 1 + g.Below(3)); };
  int64_t high = side(), wide = side();
  Ints strides = {static_cast<int64_t>(1 + g.Below(2)), static_cast<int64_t>(1 + g.Below(2))};
  int64_t filters = static_cast<int64_t>(g.Chance(25) ? 90 + g.Below(60) : 1 + g.Below(20));
  return g.Try(OpKind::kConv, {*x, g.MakeConstant(DType::kF32, {filters, *channels, high, wide})},
               {{"strides", strides},
                {"dilations", Ints{1, 1}},
                {"pads", Ints{high - 1, 0, 0, wide - 1}},
                {"groups", int64_t{1}}});
}

Made ConvBlock(RandomGraph &g) {
  Made y = g.Chance(60) ? PlainConv(g, std::nullopt) : g.RandomOp(Schema(OpKind::kConv));
  if (!y) return std::nullopt;
  Dims dims = g.DimsOf(*y), channel(dims.size() - 1, Dim(1));
  channel[0] = dims[1];
  Expr sum = g.Add(OpKind::kAdd, {*y, g.Make(g.type(*y).dtype, channel)});
  if (g.Chance(50)) sum = Activation(g, sum);
  if (Made other = g.Indexed(g.type(*y).dtype, dims); other && g.Chance(50)) sum = g.Add(OpKind::kAdd, {sum, *other});
  Made result = g.Chance(50) ? Pooled(g, sum) : Made(sum);
  if (Made next = g.Chance(70) ? PlainConv(g, result) : std::nullopt) return next;
  return result;
}

// Arithmetic on complex numbers, and what takes them apart again.
Made ComplexArithmetic(RandomGraph &g) {
  static const std::vector<OpKind> kOps = {OpKind::kMul, OpKind::kMul, OpKind::kDiv, OpKind::kAdd, OpKind::kSub};
  Expr z = g.PickComplex();
  for (size_t i = 0; i < 1 + g.Below(3); ++i) {
    Expr other = g.Chance(30)   ? z
                 : g.Chance(30) ? g.MakeConstant(DType::kComplex64, {})
                                : g.Make(DType::kComplex64, g.DimsOf(z));
    Made made = g.Chance(50) ? g.Try(g.OneOf(kOps), {z, other}) : g.Try(g.OneOf(kOps), {other, z});
    if (!made) return std::nullopt;
    z = *made;
  }
  switch (g.Below(4)) {
    case 0: {  // equal in one part, and in both where the other is 0
      Expr conjugate =
          g.Add(OpKind::kComplex, {g.Add(OpKind::kReal, {z}), g.Add(OpKind::kNeg, {g.Add(OpKind::kImag, {z})})});
      return g.Try(g.Chance(50) ? OpKind::kEqual : OpKind::kNotEqual, {z, conjugate});
    }
    case 1:
      return g.Try(OpKind::kReal, {z});
    case 2:
      return g.Try(OpKind::kImag, {z});
    default:
      return z;
  }
}

}  // namespace

std::optional<Expr> RandomGraph::RandomChain() {
  static constexpr Made (*kChains[])(RandomGraph &) = {Product,      Product,          Product,   GatheredRows,
                                                       GatheredRows, Attention,        Embedding, Normalised,
                                                       ConvBlock,    ComplexArithmetic};
  return kChains[Below(std::size(kChains))](*this);
}

std::optional<Expr> RandomGraph::Indexed(DType dtype, const Dims &dims) {
  if (dims.empty()) return std::nullopt;
  size_t axis = Below(dims.size());
  Dims part = dims;
  switch (Below(5)) {
    case 0: {  // unequal parts, in either order
      Dim first = Chance(70) ? Dim(1) : Dim::FloorDiv(dims[axis], 2);
      Dims rest = dims;
      part[axis] = first;
      rest[axis] = dims[axis] - first;
      if (!Small(part) || !Small(rest)) return std::nullopt;
      Expr a = Make(dtype, part), b = Make(dtype, rest);
      return Try(OpKind::kConcat, Chance(50) ? std::vector<Expr>{a, b} : std::vector<Expr>{b, a},
                 {{"axis", static_cast<int64_t>(axis)}});
    }
    case 1: {
      Dims low(dims.size(), Dim(0)), high = low;
      int64_t before = static_cast<int64_t>(Below(2)),
              after = static_cast<int64_t>(1 - before + static_cast<int64_t>(Below(2)));
      low[axis] = Dim(before), high[axis] = Dim(after);
      part[axis] = dims[axis] - before - after;
      if (!Small(part)) return std::nullopt;
      return Try(OpKind::kPad, {Make(dtype, part), Make(dtype, {})}, {{"low", low}, {"high", high}});
    }
    case 2: {
      part[axis] = Dim(static_cast<int64_t>(1 + Below(5)));
      if (!Small(part)) return std::nullopt;
      return Try(OpKind::kGather, {Make(dtype, part), MakeIndices({dims[axis]})},
                 {{"axis", static_cast<int64_t>(axis)}});
    }
    case 3:
      if (dtype == DType::kBool || IsFloat8(dtype)) return std::nullopt;
      return Try(OpKind::kIota, {}, {{"dims", dims}, {"axis", static_cast<int64_t>(axis)}, {"dtype", dtype}});
    default: {  // a part of something larger, with a symbolic start
      Dim extra = Chance(50) ? Dim(2) : PickDim();
      Dims starts(dims.size(), Dim(0)), limits = dims;
      part[axis] = dims[axis] + extra;
      if (!Small(part)) return std::nullopt;
      starts[axis] = extra, limits[axis] = part[axis];
      return Try(OpKind::kSlice, {Make(dtype, part)},
                 {{"starts", starts}, {"limits", limits}, {"steps", Ints(dims.size(), 1)}});
    }
  }
}

}  // namespace ingot
