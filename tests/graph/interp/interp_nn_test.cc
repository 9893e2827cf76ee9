// Contractions against naive loops (products bit for bit) and composites against their formulas.
#include "tests/graph/interp/interp_test_util.h"

namespace ingot {
namespace {

using Is = std::vector<int64_t>;

std::vector<double> NaiveProduct(const Tensor &a, const Tensor &b, int64_t m, int64_t k, int64_t n, int64_t a_at = 0,
                                 int64_t b_at = 0) {
  std::vector<double> c;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t p = 0; p < k; ++p) {
        // Through a volatile, so that no compiler fuses the product into the sum.
        volatile double product = a.GetDouble(a_at + i * k + p) * b.GetDouble(b_at + p * n + j);
        sum += product;
      }
      c.push_back(sum);
    }
  }
  return c;
}

TEST(InterpNn, MatMulEqualsTheTripleLoopBitForBit) {
  // Sizes around the blocks of 4 rows, 16 columns and a depth of 128; the last one is split between two threads.
  for (auto [m, k, n] : {std::array<int64_t, 3>{1, 1, 1},
                         {4, 128, 16},
                         {5, 129, 17},
                         {3, 300, 33},
                         {9, 7, 1},
                         {1, 257, 40},
                         {150, 260, 120}}) {
    Tensor a = Normal({m, k}, 1), b = Normal({k, n}, 2);
    EXPECT_EQ(Eval(OpKind::kMatMul, {a, b}), NaiveProduct(a, b, m, k, n)) << m << " " << k << " " << n;
  }
}

TEST(InterpNn, MatMulBroadcastsLeadingAxes) {
  Tensor a = Normal({3, 1, 2, 4}, 1), b = Normal({5, 4, 3}, 2);
  absl::StatusOr<Tensor> result = Evaluate(OpKind::kMatMul, {a, b});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->dims(), (Is{3, 5, 2, 3}));
  std::vector<double> expected;
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < 5; ++j) {
      for (double v : NaiveProduct(a, b, 2, 4, 3, i * 8, j * 12)) expected.push_back(v);
    }
  }
  EXPECT_EQ(Doubles(*result), expected);
}

TEST(InterpNn, MatMulKeepsNanAndInfinity) {
  Tensor a = Make(DType::kF64, {1, 2}, {kInf, 1}), b = Make(DType::kF64, {2, 3}, {1, 0, kNan, 1, 1, 1});
  ExpectNear(Eval(OpKind::kMatMul, {a, b}), {kInf, kNan, kNan}, 0);
}

TEST(InterpNn, MatMulOfIntegersWraps) {
  Tensor a = MakeInts(DType::kI8, {1, 2}, {100, 3}), b = MakeInts(DType::kI8, {2, 1}, {2, -5});
  EXPECT_EQ(EvalInts(OpKind::kMatMul, {a, b}), Is{(100 * 2 - 15) - 256});
  EXPECT_EQ(EvalInts(OpKind::kMatMul, {Tensor::Zeros(DType::kI32, {1, 0}), Tensor::Zeros(DType::kI32, {0, 1})}), Is{0});
}

TEST(InterpNn, ConvEqualsItsDefinition) {
  // x [2, 4, 5, 6], 6 filters in 2 groups of kernel 3 x 2, uneven strides, dilations and pads.
  Tensor x = Normal({2, 4, 5, 6}, 1), w = Normal({6, 2, 3, 2}, 2);
  Ints strides{2, 1}, dilations{1, 3}, pads{1, 2, 0, 1};  // low, low, high, high
  absl::StatusOr<Tensor> result = Evaluate(
      OpKind::kConv, {x, w}, {{"strides", strides}, {"dilations", dilations}, {"pads", pads}, {"groups", int64_t{2}}});
  ASSERT_TRUE(result.ok()) << result.status();
  int64_t height = (5 + 1 + 0 - 3) / 2 + 1, width = (6 + 2 + 1 - 4) / 1 + 1;
  ASSERT_EQ(result->dims(), (Is{2, 6, height, width}));
  std::vector<double> expected;
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t m = 0; m < 6; ++m) {
      for (int64_t oy = 0; oy < height; ++oy) {
        for (int64_t ox = 0; ox < width; ++ox) {
          double sum = 0;
          for (int64_t c = 0; c < 2; ++c) {
            for (int64_t ky = 0; ky < 3; ++ky) {
              for (int64_t kx = 0; kx < 2; ++kx) {
                int64_t y = oy * 2 + ky - 1, z = ox + 3 * kx - 2, channel = m / 3 * 2 + c;
                if (y < 0 || y >= 5 || z < 0 || z >= 6) continue;
                sum += x.GetDouble(((n * 4 + channel) * 5 + y) * 6 + z) * w.GetDouble(((m * 2 + c) * 3 + ky) * 2 + kx);
              }
            }
          }
          expected.push_back(sum);
        }
      }
    }
  }
  ExpectNear(Doubles(*result), expected, 1e-13);
}

TEST(InterpNn, ConvOverThreeAxesOfOnes) {
  Tensor x = Make(DType::kF32, {1, 1, 2, 2, 2}, std::vector<double>(8, 1)),
         w = Make(DType::kF32, {1, 1, 2, 2, 2}, std::vector<double>(8, 1));
  Ints ones{1, 1, 1};
  Attributes attributes{{"strides", ones}, {"dilations", ones}, {"pads", Ints{1, 1, 1, 1, 1, 1}}};
  std::vector<double> expected;
  for (int i = 0; i < 27; ++i)
    expected.push_back((i / 9 == 1 ? 2 : 1) * (i / 3 % 3 == 1 ? 2 : 1) * (i % 3 == 1 ? 2 : 1));
  EXPECT_EQ(Eval(OpKind::kConv, {x, w}, attributes), expected);
}

TEST(InterpNn, ConvWithASymbolicSizeTooSmallForTheKernel) {
  GraphBuilder b("conv");
  Expr x = b.Input("x", DType::kF32, {1, 1, "n"});
  b.Output("y", b.Conv(x, b.Constant(Make(DType::kF32, {1, 1, 4}, {1, 1, 1, 1})), {1}, {1}, {0, 0}));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(Interpret(*graph, {Make(DType::kF32, {1, 1, 4}, {1, 2, 3, 4})}).ok());
  ExpectError(Interpret(*graph, {Make(DType::kF32, {1, 1, 2}, {1, 2})}).status(), absl::StatusCode::kInvalidArgument,
              "node 'conv'");
}

TEST(InterpNn, SoftmaxAlongEachAxisAndWithHugeScores) {
  Tensor x = Normal({2, 3, 2}, 3);
  for (int64_t axis : {0, 1, 2}) {
    std::vector<double> softmax = Eval(OpKind::kSoftmax, {x}, {{"axis", axis}}),
                        logs = Eval(OpKind::kLogSoftmax, {x}, {{"axis", axis}});
    int64_t stride = axis == 0 ? 6 : axis == 1 ? 2 : 1, size = axis == 1 ? 3 : 2;
    for (int64_t i = 0; i < 12; ++i) {
      double sum = 0;
      int64_t first = i - i / stride % size * stride;
      for (int64_t j = 0; j < size; ++j) sum += std::exp(x.GetDouble(first + j * stride));
      EXPECT_NEAR(softmax[static_cast<size_t>(i)], std::exp(x.GetDouble(i)) / sum, 1e-15);
      EXPECT_NEAR(logs[static_cast<size_t>(i)], x.GetDouble(i) - std::log(sum), 1e-14);
    }
  }
  ExpectNear(Eval(OpKind::kSoftmax, {F64({1e4, 1e4, -3e38})}), {0.5, 0.5, 0}, 0);
  ExpectNear(Eval(OpKind::kLogSoftmax, {F64({0, -1e4})}), {0, -1e4}, 0);
  ExpectNear(Eval(OpKind::kSoftmax, {F64({-kInf, 0})}), {0, 1}, 0);
  ExpectNear(Eval(OpKind::kSoftmax, {F64({-kInf, -kInf})}), {kNan, kNan}, 0);
  ExpectNear(Eval(OpKind::kSoftmax, {F64({kNan, 0})}), {kNan, kNan}, 0);
}

TEST(InterpNn, LayerNormOverTheLastTwoAxes) {
  Tensor x = Normal({2, 3, 4}, 1), scale = Normal({3, 4}, 2), shift = Normal({4}, 3);
  std::vector<double> expected;
  for (int64_t i = 0; i < 2; ++i) {
    double mean = 0, variance = 0;
    for (int64_t j = 0; j < 12; ++j) mean += x.GetDouble(i * 12 + j) / 12;
    for (int64_t j = 0; j < 12; ++j) variance += std::pow(x.GetDouble(i * 12 + j) - mean, 2) / 12;
    for (int64_t j = 0; j < 12; ++j) {
      expected.push_back((x.GetDouble(i * 12 + j) - mean) / std::sqrt(variance + 1e-3) * scale.GetDouble(j) +
                         shift.GetDouble(j % 4));
    }
  }
  ExpectNear(Eval(OpKind::kLayerNorm, {x, scale, shift}, {{"axis", int64_t{1}}, {"epsilon", 1e-3}}), expected, 1e-14);
}

TEST(InterpNn, LayerNormOfEqualElementsIsTheShift) {
  Tensor x = F64({1e8, 1e8, 1e8}), one = F64({1, 1, 1}), shift = F64({1, 2, 3});
  EXPECT_EQ(Eval(OpKind::kLayerNorm, {x, one, shift}), (std::vector<double>{1, 2, 3}));
}

}  // namespace
}  // namespace ingot
