// Errors on purpose: as large as asked, both ways, and only where asked.
#include <cmath>

#include "gtest/gtest.h"
#include "ingot/builder.h"
#include "ingot/interpreter.h"

namespace ingot {
namespace {

NodeNoise OnExp(const Graph &, const Node &node) { return node.op == OpKind::kExp ? NodeNoise{8, 0, 0} : NodeNoise{}; }
NodeNoise OnSums(const Graph &, const Node &node) {
  return node.op == OpKind::kReduceSum ? NodeNoise{0, 0, 1} : NodeNoise{};
}

Graph Make() {
  GraphBuilder b("noise");
  Expr x = b.Input("x", DType::kF32, {3}), e = b.Exp(x);
  b.Output("exp", e);
  b.Output("neg", b.Neg(x));
  b.Output("sum", b.ReduceSum(x, {0}));
  return b.Finish().value();
}

std::vector<Tensor> RunWith(NodeNoise (*of)(const Graph &, const Node &), double sign) {
  InterpreterOptions options;
  options.noise = {of, 5, sign};
  return InterpretDouble(Make(), {Tensor::F32({3}, {1, 1000, -1000})}, options).value();
}

TEST(Noise, IsAsLargeAsAskedAndBothWays) {
  double exact = std::exp(1.0);
  double plus = RunWith(OnExp, 1)[0].GetDouble(0) - exact, minus = RunWith(OnExp, -1)[0].GetDouble(0) - exact;
  EXPECT_NE(plus, 0);
  EXPECT_NEAR(plus, -minus, 1e-12);
  EXPECT_LE(std::fabs(plus), 8 * 0x1p-23 * exact);
  EXPECT_EQ(RunWith(OnExp, 1)[1].GetDouble(0), -1);
}

TEST(Noise, MayMakeWhatIsSmallExactlyZero) {
  GraphBuilder b("small");
  b.Output("y", b.Exp(b.Input("x", DType::kF32, {64})));
  InterpreterOptions options;
  options.noise = {[](const Graph &, const Node &) { return NodeNoise{0, 8, 0}; }, 5, 1};
  Tensor x = Tensor::Zeros(DType::kF32, {64});
  for (int64_t i = 0; i < 64; ++i) x.SetDouble(i, i < 32 ? -40 : 0);
  Tensor y = InterpretDouble(b.Finish().value(), {x}, options).value()[0];
  int zeros = 0;
  for (int64_t i = 0; i < 64; ++i) zeros += y.GetDouble(i) == 0;
  EXPECT_GT(zeros, 4) << "exp(-40) is within the error, and vanishes for some";
  EXPECT_LT(zeros, 32) << "exp(0) is not";
}

TEST(Noise, OnOperandsIsRelativeToTheLargest) {
  double sum = RunWith(OnSums, 1)[2].GetDouble(0);  // 1 + 1000 - 1000
  EXPECT_NE(sum, 1);
  EXPECT_NEAR(sum, 1, 3 * 1000 * 0x1p-23);
}

// Errors of single elements leave the row's first one, which is far from the others, at -sqrt(2).
TEST(Noise, MovesTheMeanOfALayerNorm) {
  GraphBuilder b("norm");
  b.Output("y", b.LayerNorm(b.Input("x", DType::kF32, {3}), b.Scalar(1), b.Scalar(0)));
  InterpreterOptions options;
  options.noise = {[](const Graph &, const Node &) { return NodeNoise{0, 0, 8}; }, 5, 1};
  double y =
      InterpretDouble(b.Finish().value(), {Tensor::F32({3}, {65525, 65535, 65535})}, options).value()[0].GetDouble(0);
  double unit = 65535 * 0x1p-23 / std::sqrt(200.0 / 9);
  EXPECT_GT(std::fabs(y + std::sqrt(2.0)), unit / 10);
  EXPECT_LT(std::fabs(y + std::sqrt(2.0)), 8 * unit);
}

// A row of large numbers does not make the next one uncertain.
TEST(Noise, OnOperandsIsOfTheirRow) {
  GraphBuilder b("rows");
  Expr x = b.Input("x", DType::kF32, {2, 2}), ones = b.Constant(Tensor::F32({2, 1}, {1, 1}));
  b.Output("product", b.MatMul(x, ones));
  b.Output("sum", b.ReduceSum(x, {1}));
  b.Output("norm", b.LayerNorm(x, b.Scalar(1), b.Scalar(0)));
  InterpreterOptions options;
  options.noise = {[](const Graph &, const Node &) { return NodeNoise{0, 0, 1}; }, 5, 1};
  std::vector<Tensor> y = InterpretDouble(b.Finish().value(), {Tensor::F32({2, 2}, {1e6, 2e6, 1, 2})}, options).value();
  EXPECT_GT(std::fabs(y[0].GetDouble(0) - 3e6), 1e-4);
  EXPECT_LT(std::fabs(y[0].GetDouble(1) - 3), 1e-5);
  EXPECT_GT(std::fabs(y[1].GetDouble(0) - 3e6), 1e-4);
  EXPECT_LT(std::fabs(y[1].GetDouble(1) - 3), 1e-5);
  EXPECT_LT(std::fabs(y[2].GetDouble(3) - 0.5 / std::sqrt(0.25 + 1e-5)), 1e-5);
}

class Pushes : public testing::Test {
 protected:
  // What a run gives after others have shown how far exp may be off.
  std::vector<Tensor> RunWith(const Graph &graph, const Tensor &x, Push push) {
    JumpDistances jumps;
    InterpreterOptions options;
    options.noise.jumps = &jumps;
    EXPECT_TRUE(InterpretDouble(graph, {x}, options).ok());
    options.noise.of = OnExp;
    for (options.noise.seed = 1; options.noise.seed < 5; ++options.noise.seed)
      EXPECT_TRUE(InterpretDouble(graph, {x}, options).ok());
    options.noise.push = push;
    options.noise.push_reach = 4;
    return InterpretDouble(graph, {x}, options).value();
  }
};

TEST_F(Pushes, PutWhatIsNearAJumpOnEitherSide) {
  GraphBuilder b("pushes");
  Expr e = b.Exp(b.Input("x", DType::kF32, {2}));
  b.Output("floor", b.Floor(e));
  b.Output("less", b.Less(e, b.Scalar(3)));
  b.Output("inverse", b.Div(b.Scalar(1), b.Sub(e, b.Scalar(3))));
  b.Output("pow", b.Pow(b.Scalar(-2), e));
  Graph graph = b.Finish().value();
  Tensor x = Tensor::F32({2}, {static_cast<float>(std::log(3.0)), 1});  // 3, nearly, and 2.7
  std::vector<Tensor> below = RunWith(graph, x, Push::kBelow), at = RunWith(graph, x, Push::kAt),
                      above = RunWith(graph, x, Push::kAbove);
  EXPECT_EQ(below[0].GetDouble(0), 2);
  EXPECT_EQ(at[0].GetDouble(0), 3);
  EXPECT_EQ(below[1].GetInt(0), 1);
  EXPECT_EQ(at[1].GetInt(0), 0);
  EXPECT_LT(below[2].GetDouble(0), -1e5);
  EXPECT_TRUE(std::isinf(at[2].GetDouble(0)));
  EXPECT_GT(above[2].GetDouble(0), 1e5);
  EXPECT_EQ(at[3].GetDouble(0), -8);
  EXPECT_TRUE(std::isnan(above[3].GetDouble(0)));
  for (const std::vector<Tensor> &run : {below, at, above}) {
    EXPECT_EQ(run[0].GetDouble(1), 2);
    EXPECT_EQ(run[1].GetInt(1), 1);
    EXPECT_TRUE(std::isnan(run[3].GetDouble(1)));
  }
}

TEST_F(Pushes, LeaveWhatDoesNotMove) {
  GraphBuilder b("same");
  Expr x = b.Input("x", DType::kF32, {2}), e = b.Exp(x);
  b.Output("equal", b.Equal(e, b.Reshape(b.Reshape(e, {2, 1}), {2})));
  b.Output("floor", b.Floor(b.Mul(x, b.Scalar(2))));
  Graph graph = b.Finish().value();
  for (Push push : {Push::kBelow, Push::kAt, Push::kAbove}) {
    std::vector<Tensor> run = RunWith(graph, Tensor::F32({2}, {1, 1.5}), push);
    EXPECT_EQ(run[0].GetInt(0), 1);
    EXPECT_EQ(run[1].GetDouble(1), 3);
  }
}

}  // namespace
}  // namespace ingot
