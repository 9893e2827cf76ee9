// Errors on purpose: as large as asked, both ways, and only where asked.
#include <cmath>

#include "graph/builder.h"
#include "graph/interp/interpreter.h"
#include "gtest/gtest.h"

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

}  // namespace
}  // namespace ingot
