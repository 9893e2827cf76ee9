// Every op, compiled, against the interpreter: for the dtypes it takes, with sizes that are known when compiling and
// sizes that are not, on whole tensors and on views of all kinds. One graph holds a whole family of ops, since
// compiling costs more than running.
//
// The table has an entry for every op of graph/ops, which a test checks.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "graph/shape/infer.h"
#include "tests/compiler/guarded_run.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

// On the CPU these tests run between guard pages; a device has memory of its own.
TEST(TestedRuntime, IsGuarded) { EXPECT_EQ(RuntimeIsGuarded(), TestTargets().front().device == nullptr); }

bool Takes(OpKind op, DType dtype) { return Takes(Schema(op), dtype); }

// A graph that grows: inputs are made on first use, outputs are numbered.
class Case {
 public:
  Case(DType dtype, Dim n) : dtype(dtype), n(std::move(n)) {}

  Expr In(const Dims &dims, const std::string &prefix = "x", DType of = DType::kInvalid) {
    if (of == DType::kInvalid) of = dtype;
    std::string key = absl::StrCat(prefix, ToString(dims), std::string(Name(of)));
    auto [found, is_new] = inputs_.try_emplace(key);
    if (is_new) found->second = b.Input(absl::StrCat(prefix, inputs_.size()), of, dims);
    return found->second;
  }
  // Dims [n, 7], read in different ways.
  Expr Operand(int form) {
    if (IsNarrow(dtype)) form = form % 2 * 5;  // read as a whole
    switch (form % 7) {
      case 0:
        return In({n, 7});
      case 1:
        return b.Transpose(In({7, n}), {1, 0});
      case 2:
        return b.Slice(In({n, 7}), {0, 6}, {n, -1}, {1, -1});
      case 3:
        return b.Slice(In({n + 3, 14}), {2, 1}, {n + 2, 14}, {1, 2});
      case 4:
        return b.BroadcastTo(In({1, 7}), {n, 7});
      case 5:
        return b.Reshape(In({7 * n}), {n, 7});
      default:
        return b.Transpose(b.Slice(In({9, n}), {8, 0}, {1, n}, {-1, 1}), {1, 0});
    }
  }
  // Dims that broadcast to [n, 7].
  Expr Broadcast(int form) {
    switch (form % 5) {
      case 0:
        return In({7});
      case 1:
        return In({n, 1});
      case 2:
        return dtype == DType::kBool || IsComplex(dtype) ? In({}) : b.Scalar(3, dtype);
      case 3:
        return In({1, 1});
      default:
        return b.Constant(RandomTensor(dtype, {7}, engine));
    }
  }
  void Out(OpKind op, Expr value) { b.Output(absl::StrCat(std::string(Name(op)), "_", ++outputs_), value); }

  GraphBuilder b{"family"};
  DType dtype;
  Dim n;
  std::mt19937 engine{7};

 private:
  std::map<std::string, Expr> inputs_;
  int outputs_ = 0;
};

struct Example {
  OpKind op;
  void (*build)(Case &c, OpKind op);
};

void Unary(Case &c, OpKind op) {
  c.Out(op, c.b.Emit(op, {c.Operand(0)}, {}));
  c.Out(op, c.b.Emit(op, {c.Operand(1 + static_cast<int>(op))}, {}));
}
void Binary(Case &c, OpKind op) {
  int form = static_cast<int>(op);
  c.Out(op, c.b.Emit(op, {c.Operand(0), c.Operand(form)}, {}));
  c.Out(op, c.b.Emit(op, {c.Broadcast(form), c.Operand(form + 1)}, {}));
}
// For one op of each kind, all forms of operands.
void BinaryInAllForms(Case &c, OpKind op) {
  for (int form = 0; form < 7; ++form) c.Out(op, c.b.Emit(op, {c.Operand(form), c.Operand(form + 3)}, {}));
  for (int form = 0; form < 5; ++form) c.Out(op, c.b.Emit(op, {c.Operand(form + 1), c.Broadcast(form)}, {}));
  c.Out(op, c.b.Emit(op, {c.Broadcast(0), c.Broadcast(1)}, {}));
  c.Out(op, c.b.Emit(op, {c.In({c.n, 1, 3}), c.In({2, 1, 5, 3})}, {}));
  c.Out(op, c.b.Emit(op, {c.In({}), c.Broadcast(2)}, {}));
}
void Complex(Case &c, OpKind op) {
  if (c.dtype != DType::kF32) return;
  c.Out(op, c.b.Complex(c.Operand(0), c.Operand(3)));
  c.Out(op, c.b.Complex(c.Broadcast(1), c.Operand(1)));
  c.Out(op, c.b.Complex(c.Broadcast(0), c.Broadcast(2)));
  c.Out(op, c.b.Complex(c.In({}), c.In({})));
}
void Select(Case &c, OpKind op) {
  Expr mask = c.In({c.n, 7}, "mask", DType::kBool), row = c.In({7}, "mask", DType::kBool),
       column = c.In({c.n, 1}, "mask", DType::kBool);
  c.Out(op, c.b.Select(mask, c.Operand(0), c.Operand(1)));
  c.Out(op, c.b.Select(row, c.Operand(2), c.Broadcast(2)));
  c.Out(op, c.b.Select(column, c.Broadcast(0), c.Operand(3)));
  c.Out(op, c.b.Select(c.b.Transpose(c.In({7, c.n}, "mask", DType::kBool), {1, 0}), c.Broadcast(1), c.Broadcast(0)));
}
void Cast(Case &c, OpKind op) {
  for (DType to :
       {DType::kF64, DType::kF32, DType::kF16, DType::kI64, DType::kI32, DType::kI8, DType::kU64, DType::kU32,
        DType::kU8, DType::kBool, DType::kF8E4M3, DType::kF8E5M2, DType::kI4, DType::kU4, DType::kComplex64}) {
    if (!IsComplex(c.dtype) || IsComplex(to)) c.Out(op, c.b.Cast(c.Operand(static_cast<int>(to)), to));
  }
}

void Require(Case &c, OpKind op) {
  Expr x = c.In({c.n, 6});
  c.Out(op, c.b.Require(x, {6 * c.n}, {3 * c.n + 3 * c.n}));
  c.Out(op, c.b.Require(c.b.Reshape(x, {6 * c.n}), {c.n}, {Dim::FloorDiv(c.n, 2) + Dim::CeilDiv(c.n, 2)}));
}

void Reshape(Case &c, OpKind op) {
  Expr x = c.In({c.n, 6}), y = IsNarrow(c.dtype) ? x : c.b.Transpose(c.In({6, c.n}), {1, 0});
  for (Expr from : {x, y}) {
    c.Out(op, c.b.Reshape(from, {c.n, 2, 3}));
    c.Out(op, c.b.Reshape(from, {6 * c.n}));
    c.Out(op, c.b.Reshape(from, {3, 1, 2 * c.n}));
  }
  c.Out(op, c.b.Reshape(c.In({}), {1, 1}));
  if (IsNarrow(c.dtype)) return;
  c.Out(op, c.b.Reshape(c.b.Slice(x, {0, 1}, {c.n, 5}, {1, 1}), {c.n, 2, 2}));
  c.Out(op, c.b.Reshape(c.b.BroadcastTo(c.In({1, 6}), {c.n, 6}), {2 * c.n, 3}));
}
void Transpose(Case &c, OpKind op) {
  Expr x = c.In({c.n, 5, 3});
  for (const Ints &permutation : std::vector<Ints>{{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {-1, 1, 0}})
    c.Out(op, c.b.Transpose(x, permutation));
  c.Out(op, c.b.Transpose(c.b.Transpose(c.In({2, c.n, 3, 4}), {0, 2, 1, 3}), {3, 0, 2, 1}));
  c.Out(op, c.b.Transpose(c.In({40, c.n}), {1, 0}));
}
void BroadcastTo(Case &c, OpKind op) {
  c.Out(op, c.b.BroadcastTo(c.In({7}), {c.n, 7}));
  c.Out(op, c.b.BroadcastTo(c.In({c.n, 1}), {3, c.n, 7}));
  c.Out(op, c.b.BroadcastTo(c.In({}), {c.n, 2}));
  c.Out(op, c.b.BroadcastTo(c.b.Transpose(c.In({1, c.n}), {1, 0}), {c.n, 5}));
}
void Slice(Case &c, OpKind op) {
  Expr x = c.In({c.n + 4, 9});
  c.Out(op, c.b.Slice(x, {0, 0}, {c.n + 4, 9}, {1, 1}));
  c.Out(op, c.b.Slice(x, {2, 0}, {c.n + 3, 9}, {1, 3}));
  c.Out(op, c.b.Slice(x, {c.n + 3, 8}, {-1, -1}, {-1, -2}));
  c.Out(op, c.b.Slice(x, {1, 3}, {c.n + 4, 3}, {1, 1}));
  c.Out(op, c.b.Slice(c.b.Slice(x, {1, 8}, {c.n + 4, 1}, {1, -1}), {0, 1}, {c.n, 7}, {1, 2}));
  c.Out(op, c.b.Slice(c.b.Transpose(x, {1, 0}), {0, 1}, {9, 4}, {2, 1}));
}
void Concat(Case &c, OpKind op) {
  Expr x = c.In({c.n, 5, 3});
  c.Out(op, c.b.Concat({x, c.In({2, 5, 3}), x}, 0));
  c.Out(op, c.b.Concat({x, c.In({c.n, 1, 3})}, 1));
  c.Out(op, c.b.Concat({x, c.b.Slice(x, {0, 0, 2}, {c.n, 5, -1}, {1, 1, -1}), c.In({c.n, 5, 17})}, -1));
  c.Out(op, c.b.Concat({c.b.Transpose(c.In({5, c.n, 3}), {1, 0, 2}), x}, -2));
  c.Out(op, c.b.Concat({x}, 1));
  c.Out(op, c.b.Concat({c.b.BroadcastTo(c.In({5, 3}), {c.n, 5, 3}), x}, 0));
  c.Out(op, c.b.Concat({c.b.Constant(RandomTensor(c.dtype, {3}, c.engine)), c.In({c.n})}, 0));
}
void Pad(Case &c, OpKind op) {
  Expr x = c.In({c.n, 5, 3}), value = c.In({}), constant = c.b.Scalar(1, c.dtype);
  c.Out(op, c.b.Pad(x, value, {2, 0, 0}, {1, 0, 0}));
  c.Out(op, c.b.Pad(x, constant, {0, 1, 0}, {0, 3, 0}));
  c.Out(op, c.b.Pad(x, constant, {0, 0, 4}, {0, 0, 0}));
  c.Out(op, c.b.Pad(x, value, {1, 2, 3}, {3, 2, 1}));
  c.Out(op, c.b.Pad(c.b.Transpose(x, {2, 0, 1}), constant, {0, c.n, 0}, {1, 0, c.n}));
  c.Out(op, c.b.Pad(x, constant, {0, 0, 0}, {0, 0, 0}));
}
void Gather(Case &c, OpKind op) {
  Expr x = c.In({c.n + 1, 5, 3});
  Expr i64 = c.In({4}, "index", DType::kI64), i32 = c.In({2, c.n}, "index", DType::kI32),
       one = c.In({}, "index", DType::kI64);
  for (int64_t axis : {0, 1, 2, -1}) {
    c.Out(op, c.b.Gather(x, i64, axis));
    c.Out(op, c.b.Gather(x, i32, axis));
    c.Out(op, c.b.Gather(x, one, axis));
  }
  c.Out(op, c.b.Gather(c.b.Transpose(x, {1, 2, 0}), i64, 1));
  c.Out(op, c.b.Gather(x, c.b.Constant(Tensor::I64({3}, {1, -1, 7})), 1));
  c.Out(op, c.b.Gather(c.b.Constant(RandomTensor(c.dtype, {9, 4}, c.engine)), i32, 0));
}
void Iota(Case &c, OpKind op) {
  for (int64_t axis : {0, 1, -1}) c.Out(op, c.b.Iota({c.n, 7}, axis, c.dtype));
  c.Out(op, c.b.Iota({c.n}, 0, c.dtype));
  c.Out(op, c.b.Add(c.b.Iota({1, 7}, 1, c.dtype), c.In({c.n, 7})));
  c.Out(op, c.b.Transpose(c.b.Iota({7, c.n}, 0, c.dtype), {1, 0}));
}
void DynamicUpdate(Case &c, OpKind op) {
  Expr x = c.In({c.n + 2, 5, 3}), start = c.In({}, "index", DType::kI64), start32 = c.In({}, "index", DType::kI32);
  c.Out(op, c.b.DynamicUpdate(x, c.In({2, 5, 3}), start, 0));
  c.Out(op, c.b.DynamicUpdate(x, c.In({c.n + 2, 1, 3}), start32, 1));
  c.Out(op, c.b.DynamicUpdate(x, c.In({c.n + 2, 5, 2}), c.b.Scalar(1, DType::kI64), -1));
  c.Out(op, c.b.DynamicUpdate(x, x, start, 0));
  c.Out(op, c.b.DynamicUpdate(c.b.Reshape(x, {15, c.n + 2}), c.In({1, c.n + 2}), start, 0));
  // In place, and where the new part is of the old.
  Expr y = c.b.Reshape(c.b.Concat({c.In({c.n}), c.In({c.n})}, 0), {c.n, 2});
  c.Out(op, c.b.DynamicUpdate(y, c.In({c.n, 1}), start, 1));
  Expr z = c.b.Concat({c.In({4, c.n}), c.In({2, c.n})}, 0);
  c.Out(op, c.b.DynamicUpdate(z, c.b.Slice(z, {0, 0}, {2, c.n}, {1, 1}), start, 0));
  Expr w = c.b.Concat({c.In({2, c.n}), c.In({4, c.n})}, 0);
  c.Out(op,
        c.b.DynamicUpdate(c.b.DynamicUpdate(w, c.In({1, c.n}), start), c.b.Transpose(c.In({c.n, 2}), {1, 0}), start));
}
void NonZero(Case &c, OpKind op) {
  Expr x = c.In({c.n, 7});
  for (Dim count : {Dim(0), Dim(5), Dim(40), c.n}) c.Out(op, c.b.NonZero(x, {count}));
  c.Out(op, c.b.NonZero(c.b.Transpose(c.In({3, c.n, 2}), {2, 0, 1}), {2 * c.n}));
  c.Out(op, c.b.NonZero(c.In({}), {2}));
}
void DimValues(Case &c, OpKind op) {
  c.In({c.n});
  c.Out(op, c.b.DimValues({c.n, 7, 2 * c.n + 1, Dim::FloorDiv(c.n, 2), Dim::CeilDiv(c.n, 4), Dim::Mod(c.n, 3),
                           Dim::Min(c.n, 9), Dim::Max(c.n, 9)}));
}

void Reduce(Case &c, OpKind op) {
  std::string prefix = op == OpKind::kReduceProd ? "factor" : "x";
  Expr x = c.In({c.n, 5, 3}, prefix), y = c.b.Transpose(c.In({5, 3, c.n}, prefix), {2, 0, 1});
  bool keep_dims = false;
  for (const Ints &axes : std::vector<Ints>{{2}, {0}, {-2}, {0, 1}, {1, 2}, {0, 2}, {}}) {
    c.Out(op, c.b.Emit(op, {x}, {{"axes", axes}, {"keep_dims", keep_dims}}));
    c.Out(op, c.b.Emit(op, {y}, {{"axes", axes}, {"keep_dims", !keep_dims}}));
    keep_dims = !keep_dims;
  }
  c.Out(op, c.b.Emit(op, {c.In({3, c.n}, prefix)}, {{"axes", Ints{1}}}));
  c.Out(op, c.b.Emit(op, {c.In({c.n}, prefix)}, {{"axes", Ints{0}}, {"keep_dims", true}}));
  c.Out(op, c.b.Emit(op, {c.In({c.n, 40}, prefix)}, {{"axes", Ints{0}}}));
  c.Out(op, c.b.Emit(op, {c.In({c.n, 40}, prefix)}, {{"axes", Ints{1}}}));
  c.Out(op, c.b.Emit(op, {c.b.Slice(c.In({4, c.n, 5}, prefix), {3, 0, 4}, {-1, c.n, -1}, {-2, 1, -1})},
                     {{"axes", Ints{-1}}}));
  c.Out(op, c.b.Emit(op, {c.b.BroadcastTo(c.In({c.n, 1}, prefix), {c.n, 6})}, {{"axes", Ints{1}}}));
}
void ArgMax(Case &c, OpKind op) {
  Expr x = c.In({c.n + 1, 5, 3});
  for (int64_t axis : {0, 1, 2, -1}) c.Out(op, c.b.ArgMax(x, axis, axis == 1));
  c.Out(op, c.b.ArgMax(c.In({3, c.n + 1}), -1, true));
  c.Out(op, c.b.ArgMax(c.b.Transpose(x, {1, 2, 0}), -1));
  c.Out(op, c.b.ArgMax(c.b.BroadcastTo(c.In({1, 4}), {c.n, 4}), 1));
}

void MatMul(Case &c, OpKind op) {
  c.Out(op, c.b.MatMul(c.In({c.n, 5}), c.In({5, 7})));
  c.Out(op, c.b.MatMul(c.In({c.n, 5}), c.b.Constant(RandomTensor(c.dtype, {5, 19}, c.engine))));
  c.Out(op, c.b.MatMul(c.In({2, 1, c.n, 4}), c.In({3, 4, c.n})));
  c.Out(op, c.b.MatMul(c.b.Transpose(c.In({5, c.n}), {1, 0}), c.b.Transpose(c.In({7, 5}), {1, 0})));
  c.Out(op, c.b.MatMul(c.In({3, c.n}), c.In({c.n, 4})));
}
void Conv(Case &c, OpKind op) {
  c.Out(op, c.b.Conv(c.In({2, 4, c.n + 5}), c.In({6, 4, 3}), {1}, {1}, {1, 1}));
  c.Out(op, c.b.Conv(c.In({c.n, 4, 6, 5}), c.b.Constant(RandomTensor(c.dtype, {4, 2, 3, 2}, c.engine)), {2, 1}, {1, 2},
                     {1, 0, 0, 2}, 2));
}
void SoftmaxLike(Case &c, OpKind op) {
  Expr x = c.In({c.n, 5, 3});
  for (int64_t axis : {0, 1, -1}) c.Out(op, c.b.Emit(op, {x}, {{"axis", axis}}));
  c.Out(op, c.b.Emit(op, {c.b.Transpose(x, {1, 2, 0})}, {{"axis", int64_t{2}}}));
  c.Out(op, c.b.Emit(op, {c.In({3, c.n})}, {}));
  c.Out(op, c.b.Emit(op, {c.In({c.n, 40})}, {}));
}
void LayerNorm(Case &c, OpKind op) {
  Expr x = c.In({c.n, 5, 6}), one = c.b.Scalar(1, c.dtype);
  c.Out(op, c.b.LayerNorm(x, c.In({6}), c.In({6}), -1, 0.1));
  c.Out(op, c.b.LayerNorm(x, one, c.In({5, 1}), 1, 0.1));
  c.Out(op, c.b.LayerNorm(x, c.In({5, 6}), one, 1, 0.1));
  c.Out(op, c.b.LayerNorm(x, one, one, 0, 0.1));
  c.Out(op, c.b.LayerNorm(c.b.Transpose(c.In({6, c.n}), {1, 0}), c.b.Constant(RandomTensor(c.dtype, {6}, c.engine)),
                          c.In({6}), 1, 0.1));
  c.Out(op, c.b.LayerNorm(c.In({2, c.n + 1}), one, one, -1, 0.1));
}
void Gelu(Case &c, OpKind op) {
  c.Out(op, c.b.Gelu(c.Operand(0), false));
  c.Out(op, c.b.Gelu(c.Operand(1), true));
}

void TopK(Case &c, OpKind op) {
  auto out = [&](GraphBuilder::TopKResults results) {
    c.Out(op, results.values);
    c.Out(op, results.indices);
  };
  Expr x = c.In({c.n + 1, 5, 3});
  for (int64_t axis : {0, 1, 2}) out(c.b.TopK(x, {1}, axis, axis != 1));
  out(c.b.TopK(x, {c.n + 1}, 0, false));
  out(c.b.TopK(x, {0}, 1));
  out(c.b.TopK(c.In({3, 2 * c.n}), {c.n}));
  out(c.b.TopK(c.b.Transpose(c.In({2, 40}), {1, 0}), {25}, 0));
  out(c.b.TopK(c.b.BroadcastTo(c.In({1, 4}), {c.n, 4}), {3}));
  // One result alone, and what follows it.
  c.Out(op, c.b.Add(c.b.TopK(x, {2}, 1).values, c.In({c.n + 1, 2, 3})));
  c.Out(op, c.b.Gather(c.In({5, 2}), c.b.TopK(x, {5}, 1, false).indices, 0));
}

using Family = std::vector<Example>;
// The element-wise ops of so many operands, without attributes.
Family ElementwiseOps(size_t operands, void (*build)(Case &, OpKind)) {
  Family family;
  for (const OpSchema &schema : AllSchemas()) {
    if (schema.fusion == FusionKind::kElementwise && schema.attributes.empty() && schema.operands.size() == operands)
      family.push_back({schema.kind, build});
  }
  return family;
}
Family UnaryOps() {
  Family family = ElementwiseOps(1, Unary);
  family.push_back({OpKind::kGelu, Gelu});
  family.push_back({OpKind::kCast, Cast});
  family.push_back({OpKind::kReal, Unary});
  family.push_back({OpKind::kImag, Unary});
  return family;
}
Family BinaryOps() {
  Family family = ElementwiseOps(2, Binary);
  for (Example &example : family) {
    for (OpKind op : {OpKind::kAdd, OpKind::kMul, OpKind::kLogicalAnd, OpKind::kLess})
      if (example.op == op) example.build = BinaryInAllForms;
  }
  family.push_back({OpKind::kSelect, Select});
  family.push_back({OpKind::kComplex, Complex});
  return family;
}
Family TensorOps() {
  return {{OpKind::kReshape, Reshape},         {OpKind::kTranspose, Transpose},
          {OpKind::kBroadcastTo, BroadcastTo}, {OpKind::kSlice, Slice},
          {OpKind::kConcat, Concat},           {OpKind::kPad, Pad},
          {OpKind::kGather, Gather},           {OpKind::kIota, Iota},
          {OpKind::kDimValues, DimValues},     {OpKind::kDynamicUpdate, DynamicUpdate},
          {OpKind::kNonZero, NonZero},         {OpKind::kRequire, Require}};
}
Family ReduceOps() {
  return {{OpKind::kReduceSum, Reduce}, {OpKind::kReduceMean, Reduce}, {OpKind::kReduceMax, Reduce},
          {OpKind::kReduceMin, Reduce}, {OpKind::kReduceProd, Reduce}, {OpKind::kArgMax, ArgMax},
          {OpKind::kTopK, TopK}};
}
Family NnOps() {
  return {{OpKind::kMatMul, MatMul},
          {OpKind::kConv, Conv},
          {OpKind::kSoftmax, SoftmaxLike},
          {OpKind::kLogSoftmax, SoftmaxLike},
          {OpKind::kLayerNorm, LayerNorm}};
}

struct NamedFamily {
  const char *name;
  Family (*ops)();
};
void PrintTo(const NamedFamily &family, std::ostream *out) { *out << family.name; }
const NamedFamily kFamilies[] = {
    {"Unary", UnaryOps}, {"Binary", BinaryOps}, {"Tensor", TensorOps}, {"Reduce", ReduceOps}, {"Nn", NnOps}};

TEST(EveryOpCompiled, HasAnExample) {
  std::set<OpKind> seen;
  for (const NamedFamily &family : kFamilies) {
    for (const Example &example : family.ops())
      EXPECT_TRUE(seen.insert(example.op).second) << std::string(Name(example.op)) << " has two";
  }
  for (const OpSchema &schema : AllSchemas())
    EXPECT_TRUE(seen.count(schema.kind) || schema.fusion == FusionKind::kControl || schema.fusion == FusionKind::kSizes)
        << "no example for " << std::string(schema.name);
}

absl::StatusOr<Graph> Build(const Family &family, DType dtype, Dim n) {
  Case c(dtype, std::move(n));
  for (const Example &example : family) {
    if (Takes(example.op, dtype)) example.build(c, example.op);
  }
  return c.b.Finish();
}

class OpsJit : public testing::TestWithParam<std::tuple<NamedFamily, DType>> {};
class OpsJitStatic : public OpsJit {};

TEST_P(OpsJitStatic, Matches) {
  auto [family, dtype] = GetParam();
  for (int64_t n : {1, 17}) {
    if (n == 1 && dtype != DType::kF32) continue;
    ExpectMatches(Build(family.ops(), dtype, n));
  }
}

TEST_P(OpsJit, Matches) {
  auto [family, dtype] = GetParam();
  ExpectMatches(Build(family.ops(), dtype, "n"),
                {{{"n", 1}}, {{"n", 7}}, {{"n", 16}}, {{"n", 17}}, {{"n", 33}}, {{"n", 0}}});
}

std::vector<std::tuple<NamedFamily, DType>> Cases(const std::vector<DType> &dtypes) {
  std::vector<std::tuple<NamedFamily, DType>> cases;
  for (const NamedFamily &family : kFamilies) {
    Family ops = family.ops();
    for (DType dtype : dtypes) {
      bool takes =
          std::any_of(ops.begin(), ops.end(), [dtype](const Example &example) { return Takes(example.op, dtype); });
      if (takes) cases.emplace_back(family, dtype);
    }
  }
  return cases;
}

std::string CaseName(const testing::TestParamInfo<std::tuple<NamedFamily, DType>> &info) {
  return absl::StrCat(std::get<0>(info.param).name, "_", std::string(Name(std::get<1>(info.param))));
}

INSTANTIATE_TEST_SUITE_P(Symbolic, OpsJit,
                         testing::ValuesIn(Cases({DType::kF32, DType::kF64, DType::kF16, DType::kI64, DType::kI32,
                                                  DType::kU8, DType::kBool, DType::kF8E4M3, DType::kF8E5M2, DType::kI4,
                                                  DType::kU4, DType::kComplex64})),
                         CaseName);
// Known sizes change loops, not arithmetic: fewer dtypes do.
INSTANTIATE_TEST_SUITE_P(Static, OpsJitStatic,
                         testing::ValuesIn(Cases({DType::kF32, DType::kF16, DType::kI64, DType::kBool, DType::kF8E5M2,
                                                  DType::kI4, DType::kComplex64})),
                         CaseName);

}  // namespace
}  // namespace ingot
