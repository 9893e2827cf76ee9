// Matrix products around the sizes of the register tile: one less and one more than a multiple of rows, columns and
// panels.
#include "absl/strings/str_cat.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

constexpr int64_t kSizes[] = {1, 5, 16, 17, 47, 48, 49, 65};

std::vector<Sizes> AllRows() {
  std::vector<Sizes> sizes;
  for (int64_t m : kSizes) sizes.push_back({{"m", m}});
  sizes.push_back({{"m", 0}});
  return sizes;
}

class MatMulJit : public testing::TestWithParam<int64_t> {};

// Symbolic rows; every number of columns; the right operand constant (packed when compiling) and not.
TEST_P(MatMulJit, RowsAndColumns) {
  int64_t k = GetParam();
  GraphBuilder b("matmul");
  Expr x = b.Input("x", DType::kF32, {"m", k});
  for (int64_t n : kSizes) {
    Expr constant = b.Constant(NormalTensor({k, n}, static_cast<unsigned>(n)));
    b.Output(absl::StrCat("constant", n), b.MatMul(x, constant));
    b.Output(absl::StrCat("input", n), b.MatMul(x, b.Input(absl::StrCat("y", n), DType::kF32, {k, n})));
  }
  ExpectMatches(b.Finish(), AllRows());
}
INSTANTIATE_TEST_SUITE_P(Depths, MatMulJit, testing::ValuesIn(kSizes));

TEST(MatMulForms, StaticRows) {
  GraphBuilder b("matmul");
  for (int64_t m : kSizes) {
    Expr x = b.Input(absl::StrCat("x", m), DType::kF32, {m, 19});
    b.Output(absl::StrCat("constant", m), b.MatMul(x, b.Constant(NormalTensor({19, 33}, 1))));
    b.Output(absl::StrCat("input", m), b.MatMul(x, b.Input(absl::StrCat("y", m), DType::kF32, {19, 18})));
  }
  ExpectMatches(b.Finish());
}

TEST(MatMulForms, EveryDimSymbolic) {
  GraphBuilder b("matmul");
  Expr x = b.Input("x", DType::kF32, {"m", "k"}), y = b.Input("y", DType::kF32, {"k", "n"});
  Expr xt = b.Input("xt", DType::kF32, {"k", "m"}), yt = b.Input("yt", DType::kF32, {"n", "k"});
  b.Output("plain", b.MatMul(x, y));
  b.Output("left", b.MatMul(b.Transpose(xt, {1, 0}), y));
  b.Output("right", b.MatMul(x, b.Transpose(yt, {1, 0})));
  b.Output("both", b.MatMul(b.Transpose(xt, {1, 0}), b.Transpose(yt, {1, 0})));
  std::vector<Sizes> sizes;
  for (size_t i = 0; i < 16; ++i)
    sizes.push_back({{"m", kSizes[i % 8]}, {"k", kSizes[(i * 3 + 1) % 8]}, {"n", kSizes[(i * 5 + i / 8) % 8]}});
  for (const char *empty : {"m", "k", "n"}) {
    sizes.push_back({{"m", 3}, {"k", 17}, {"n", 5}});
    sizes.back()[empty] = 0;
  }
  ExpectMatches(b.Finish(), sizes);
}

TEST(MatMulForms, BatchesBroadcast) {
  GraphBuilder b("matmul");
  Expr x = b.Input("x", DType::kF32, {2, 1, "m", 17}), y = b.Input("y", DType::kF32, {3, 17, 18}),
       flat = b.Input("flat", DType::kF32, {17, 18});
  Expr w = b.Constant(NormalTensor({17, 20}, 1)), stack = b.Constant(NormalTensor({3, 17, 20}, 2)),
       one = b.Constant(NormalTensor({1, 1, 17, 20}, 3));
  b.Output("broadcast", b.MatMul(x, y));
  b.Output("shared", b.MatMul(x, flat));
  b.Output("constant", b.MatMul(x, w));
  b.Output("stack", b.MatMul(x, stack));
  b.Output("one", b.MatMul(x, one));
  b.Output("left_constant", b.MatMul(b.Constant(NormalTensor({4, 17}, 4)), y));
  b.Output("batch_symbol", b.MatMul(b.Input("many", DType::kF32, {"m", 5, 6}), b.Input("few", DType::kF32, {1, 6, 7})));
  b.Output("transposed", b.MatMul(b.Transpose(b.Input("heads", DType::kF32, {2, "m", 3, 8}), {0, 2, 1, 3}),
                                  b.Transpose(b.Input("keys", DType::kF32, {2, "m", 3, 8}), {0, 2, 3, 1})));
  ExpectMatches(b.Finish(), {{{"m", 1}}, {{"m", 7}}, {{"m", 16}}, {{"m", 33}}, {{"m", 0}}});
}

TEST(MatMulForms, OperandsAreViews) {
  GraphBuilder b("matmul");
  Expr x = b.Input("x", DType::kF32, {"m", 20}), w = b.Constant(NormalTensor({40, 20}, 1));
  b.Output("transposed_constant", b.MatMul(x, b.Transpose(w, {1, 0})));
  b.Output("part_of_constant", b.MatMul(b.Slice(x, {0, 3}, {"m", 13}, {1, 1}), b.Slice(w, {5, 1}, {15, 20}, {1, 2})));
  b.Output("reversed", b.MatMul(b.Slice(x, {0, 19}, {"m", -1}, {1, -1}), b.Slice(w, {39, 0}, {19, 20}, {-1, 1})));
  b.Output("broadcast",
           b.MatMul(b.BroadcastTo(b.Input("row", DType::kF32, {1, 20}), {"m", 20}), b.Transpose(w, {1, 0})));
  b.Output("splat", b.MatMul(x, b.BroadcastTo(b.Scalar(0.5), {20, 3})));
  b.Output("square", b.MatMul(b.Transpose(x, {1, 0}), x));
  ExpectMatches(b.Finish(), {{{"m", 1}}, {{"m", 17}}, {{"m", 48}}});
}

// What is fused behind a product: bias, activation, residual, a second result, a row-wise op.
TEST(MatMulForms, WithWorkOnTheResult) {
  GraphBuilder b("matmul");
  Expr x = b.Input("x", DType::kF32, {"m", 24}), residual = b.Input("residual", DType::kF32, {"m", 33}),
       rows = b.Input("rows", DType::kF32, {"m", 1});
  Expr bias = b.Constant(NormalTensor({33}, 2));
  Expr y = b.Add(b.MatMul(x, b.Constant(NormalTensor({24, 33}, 1))), bias);
  b.Output("gelu", b.Gelu(y));
  b.Output("residual", b.Add(y, residual));
  b.Output("rows", b.Mul(b.Relu(y), rows));
  b.Output("raw", y);
  b.Output("norm", b.LayerNorm(b.Add(b.MatMul(x, b.Constant(NormalTensor({24, 33}, 3))), residual), b.Scalar(1), bias,
                               -1, 0.1));
  b.Output("transposed", b.Transpose(b.Tanh(b.MatMul(x, b.Constant(NormalTensor({24, 33}, 4)))), {1, 0}));
  b.Output("mask", b.Less(b.MatMul(x, b.Constant(NormalTensor({24, 9}, 5))), b.Scalar(0)));
  ExpectMatches(b.Finish(), {{{"m", 1}}, {{"m", 6}}, {{"m", 17}}, {{"m", 50}}, {{"m", 0}}});
}

// Deep and wide enough for several tiles and blocks in each direction.
TEST(MatMulForms, Large) {
  GraphBuilder b("matmul");
  Expr x = b.Input("x", DType::kF32, {"m", 700});
  b.Output("constant", b.MatMul(x, b.Constant(NormalTensor({700, 259}, 1))));
  b.Output("input", b.MatMul(x, b.Input("y", DType::kF32, {700, 131})));
  ExpectMatches(b.Finish(), {{{"m", 3}}, {{"m", 101}}});
}

}  // namespace
}  // namespace ingot
