// Shapes of graphs that a fusing compiler can get wrong: values that two regions read, views of values made in the same
// region, cycles that a greedy merge would make, and outputs that are inputs, constants, views or each other.
#include "absl/strings/str_cat.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

const std::vector<Sizes> kSizes = {{{"n", 1}}, {{"n", 7}}, {{"n", 16}}, {{"n", 17}}, {{"n", 33}}, {{"n", 0}}};

TEST(FusionJit, OutputsThatNoKernelMakes) {
  GraphBuilder b("outputs");
  Expr x = b.Input("x", DType::kF32, {"n", 6}), c = b.Constant(NormalTensor({2, 3}, 1)), y = b.Exp(x);
  b.Output("input", x);
  b.Output("input_again", x);
  b.Output("constant", c);
  b.Output("constant_view", b.Transpose(c, {1, 0}));
  b.Output("scalar", b.Scalar(2.5));
  b.Output("splat", b.BroadcastTo(b.Scalar(2.5), {"n", 2}));
  b.Output("input_view", b.Transpose(x, {1, 0}));
  b.Output("same_dims", b.Reshape(x, {"n", 6}));
  b.Output("value", y);
  b.Output("value_again", y);
  b.Output("value_view", b.Reshape(y, {"n", 2, 3}));
  b.Output("value_transposed", b.Transpose(y, {1, 0}));
  ExpectMatches(b.Finish(), kSizes);
}

// More operands along another axis than a GPU's block has shared memory for.
TEST(FusionJit, ManyTransposedOperands) {
  GraphBuilder b("transposed");
  Expr sum = b.Input("x", DType::kF64, {24, "n"});
  for (int i = 0; i < 9; ++i)
    sum = b.Add(sum, b.Transpose(b.Input(absl::StrCat("x", i), DType::kF64, {"n", 24}), {1, 0}));
  b.Output("y", sum);
  ExpectMatches(b.Finish(), kSizes);
}

TEST(FusionJit, ValuesReadTwice) {
  GraphBuilder b("shared");
  Expr x = b.Input("x", DType::kF32, {"n", 24}), t = b.Tanh(x), sum = b.ReduceSum(t, {1}, true);
  b.Output("row", b.Sub(t, sum));
  b.Output("column", b.ReduceSum(t, {0}));
  b.Output("product", b.MatMul(t, b.Constant(NormalTensor({24, 5}, 1))));
  b.Output("sum", sum);
  b.Output("both", b.Mul(b.ReduceMax(b.Sub(t, sum), {1}, true), t));
  b.Output("transposed", b.Add(b.Transpose(t, {1, 0}), b.Reshape(sum, {1, "n"})));
  ExpectMatches(b.Finish(), kSizes);
}

TEST(FusionJit, ViewsOfValuesInTheSameRegion) {
  GraphBuilder b("views");
  Expr x = b.Input("x", DType::kF32, {"n", 6}), y = b.Neg(x),
       squares = b.Mul(b.Tanh(b.MatMul(b.Transpose(x, {1, 0}), x)), b.Scalar(0.1));
  b.Output("reversed", b.Add(y, b.Slice(y, {0, 5}, {"n", -1}, {1, -1})));
  b.Output("square", b.Add(squares, b.Transpose(squares, {1, 0})));
  b.Output("square_sum", b.ReduceSum(b.Add(squares, b.Transpose(squares, {1, 0})), {1}));
  b.Output("regrouped", b.Add(b.Reshape(y, {"n", 2, 3}), b.Reshape(b.Input("z", DType::kF32, {"n", 3}), {"n", 1, 3})));
  Expr mean = b.ReduceMean(y, {1});
  b.Output("outer", b.Sub(b.Reshape(mean, {"n", 1}), b.Reshape(mean, {1, "n"})));
  b.Output("rows", b.Mul(b.Reshape(mean, {"n", 1}), y));
  b.Output("shifted", b.Mul(b.BroadcastTo(b.Slice(b.ReduceMax(y, {0}), {1}, {4}, {1}), {"n", 3}),
                            b.Slice(y, {0, 2}, {"n", 5}, {1, 1})));
  ExpectMatches(b.Finish(), kSizes);
}

// a -> other kernel -> b, while a -> b directly: merging a and b would make a cycle.
TEST(FusionJit, NoCycles) {
  GraphBuilder b("cycles");
  Expr x = b.Input("x", DType::kF32, {"n", 6}), a = b.Tanh(x);
  Expr detour = b.MatMul(a, b.Constant(NormalTensor({6, 6}, 1)));
  b.Output("contraction", b.Add(a, detour));
  Expr columns = b.ReduceSum(a, {0}, true);
  b.Output("column", b.Sub(a, columns));
  Expr rows = b.ReduceSum(b.Sub(a, columns), {1}, true);
  b.Output("row", b.Mul(b.Add(a, rows), detour));
  Expr left = b.Abs(a), right = b.Gather(left, b.Constant(Tensor::I64({6}, {5, 4, 3, 2, 1, 0})), 1);
  b.Output("gather", b.Add(left, right));
  Expr p = b.Add(b.ReduceMax(left, {1}, true), right), q = b.Add(b.ReduceMax(right, {1}, true), left);
  b.Output("crossed", b.Mul(p, q));
  ExpectMatches(b.Finish(), kSizes);
}

// Ops without an operand inside rows: where the largest element is, of rows of known and of other lengths.
TEST(FusionJit, RowsOfPositions) {
  GraphBuilder b("positions");
  for (const Dim &length : {Dim(5), Dim(300), Dim("n")}) {
    std::string name = length.ToString();
    Expr x = b.Input(absl::StrCat("x", name), DType::kF32, {3, length});
    Expr is_largest = b.Equal(x, b.ReduceMax(x, {1}, true));
    Expr position = b.Select(is_largest, b.Iota({length}), b.Scalar(1 << 20, DType::kI64));
    b.Output(absl::StrCat("y", name), b.ReduceMin(position, {1}, false));
  }
  ExpectMatches(b.Finish(), kSizes);
}

TEST(FusionJit, RowsOfRows) {
  GraphBuilder b("rows");
  Expr x = b.Input("x", DType::kF32, {"n", 3, 19}), y = b.Softmax(x);
  Expr norm = b.LayerNorm(b.Add(x, y), b.Constant(NormalTensor({19}, 1)), b.Constant(NormalTensor({19}, 2)), -1, 0.1);
  b.Output("norm", norm);
  b.Output("softmax_again", b.Softmax(norm));
  b.Output("mean", b.ReduceMean(norm, {-1}));
  b.Output("spread", b.Sub(b.ReduceMax(x, {2}), b.ReduceMin(x, {2})));
  b.Output("spread_of_all", b.Sub(b.ReduceMax(x), b.ReduceMin(x)));
  b.Output("per_row", b.Exp(b.Neg(b.Reshape(b.ReduceMax(y, {-1}, true), {"n", 3}))));
  b.Output("two_steps", b.ReduceSum(b.ReduceMax(x, {2}), {1}));
  ExpectMatches(b.Finish(), kSizes);
}

TEST(FusionJit, ManyDTypes) {
  GraphBuilder b("dtypes");
  Expr ids = b.Input("index", DType::kI64, {"n", 5}), mask = b.Input("mask", DType::kI32, {"n", 5});
  Expr table = b.Constant(NormalTensor({11, 12}, 1)), half = b.Input("half", DType::kF16, {"n", 5, 12});
  Expr e = b.Add(b.Gather(table, ids, 0), b.Cast(half, DType::kF32));
  Expr keep = b.Cast(b.Cast(mask, DType::kBool), DType::kF32);
  Expr weight = b.Reshape(keep, {"n", 5, 1});
  b.Output("pooled", b.Div(b.ReduceSum(b.Mul(e, weight), {1}), b.Max(b.ReduceSum(weight, {1}), b.Scalar(1))));
  b.Output("positions", b.Gather(table, b.Iota({5}), 0));
  b.Output("hits", b.ReduceSum(b.Cast(b.Equal(ids, b.Scalar(3, DType::kI64)), DType::kI32), {1}));
  b.Output("wide", b.ReduceSum(b.Cast(half, DType::kF64), {2}));
  b.Output("bytes", b.Cast(b.Max(e, b.Scalar(0)), DType::kF16));
  ExpectMatches(b.Finish(), kSizes);
}

TEST(FusionJit, ReductionsOfScalars) {
  GraphBuilder b("scalar");
  Expr x = b.Input("x", DType::kF32, {});
  b.Output("sum", b.ReduceSum(x, {}));
  b.Output("prod", b.ReduceProd(b.Neg(x), {}));
  b.Output("max", b.ReduceMax(x, {}));
  ExpectMatches(b.Finish(), {{}});
}

// One sum through 4096 equal terms would be off by 400 units; a mean may be by 32.
TEST(FusionJit, LongMeansKeepTheirAccuracy) {
  GraphBuilder b("means");
  Expr x = b.Input("x", DType::kF32, {"n", 3, "k"}), y = b.Input("y", DType::kF32, {"m", 3});
  b.Output("two_axes", b.ReduceMean(x, {0, 2}));
  b.Output("moved", b.ReduceMean(b.Transpose(x, {2, 0, 1}), {0, 1}, true));
  b.Output("columns", b.ReduceMean(y, {0}));
  auto equal = [](std::vector<int64_t> dims) {
    Tensor tensor = Tensor::Zeros(DType::kF32, std::move(dims));
    for (int64_t i = 0; i < tensor.size(); ++i) tensor.SetDouble(i, -2.3976829);
    return tensor;
  };
  ExpectMatchesOn(b.Finish(), {{equal({64, 3, 64}), equal({4096, 3})}, {equal({1, 3, 129}), equal({129, 3})}});
}

}  // namespace
}  // namespace ingot
