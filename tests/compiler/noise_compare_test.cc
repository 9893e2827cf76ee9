// What the comparison lets pass because of rounding, and what it must not.
#include "tests/compiler/noise_compare.h"

#include <cmath>

#include "gtest/gtest.h"
#include "ingot/builder.h"
#include "ingot/interpreter.h"

namespace ingot {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The complaint about the first output with one element changed.
std::string With(const absl::StatusOr<Graph> &graph, const std::vector<Tensor> &inputs, int64_t element, double value) {
  std::vector<Tensor> outputs = Interpret(graph.value(), inputs).value();
  if (IsFloat(outputs[0].dtype())) {
    outputs[0].SetDouble(element, value);
  } else {
    outputs[0].SetInt(element, static_cast<int64_t>(value));
  }
  return NoiseCompare::Create(graph.value(), inputs).value().Difference(outputs);
}

// The tanh of -8 is -1 plus two units, and a kernel may say -1.
TEST(NoiseCompare, ASumMayBeZeroInTheProgramOnly) {
  GraphBuilder b("sum");
  Expr t = b.Tanh(b.Input("x", DType::kF32, {3})), most = b.ReduceMax(b.Add(t, b.Tanh(b.Scalar(20))), {0}, true);
  b.Output("y", b.Cast(b.Mul(t, most), DType::kBool));
  absl::StatusOr<Graph> graph = b.Finish();
  Tensor close = Tensor::F32({3}, {-8, -9, -8}), far = Tensor::F32({3}, {-8, -5, -8});
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(With(graph, {close}, i, 0), "");
    EXPECT_NE(With(graph, {far}, i, 0), "");
  }
}

// An exponent near 3e5 has 32 steps to the next integer.
TEST(NoiseCompare, APowerMayHaveAnIntegerForItsExponent) {
  GraphBuilder b("power");
  Expr x = b.Input("x", DType::kF32, {2, 1}), y = b.Input("y", DType::kF32, {1, 1});
  b.Output("y", b.Pow(b.Scalar(-1.5), b.MatMul(x, y)));
  absl::StatusOr<Graph> graph = b.Finish();
  Tensor bases = Tensor::F32({2, 1}, {276497.2f, 2.5f}), one = Tensor::F32({1, 1}, {1});
  EXPECT_EQ(With(graph, {bases, one}, 0, INFINITY), "");
  EXPECT_EQ(With(graph, {bases, one}, 0, -INFINITY), "");
  EXPECT_NE(With(graph, {bases, one}, 1, 3.4), "");
}

TEST(NoiseCompare, ANormMayCarryTheErrorOfItsMean) {
  GraphBuilder b("norm");
  b.Output("y", b.LayerNorm(b.Input("x", DType::kF32, {2, 3}), b.Scalar(1), b.Scalar(0)));
  absl::StatusOr<Graph> graph = b.Finish();
  Tensor x = Tensor::F32({2, 3}, {65525, 65535, 65535, -1, 2, 0.5});
  double first = -std::sqrt(2.0), mean = 0.5, deviation = std::sqrt(1.5);
  EXPECT_EQ(With(graph, {x}, 0, first - 0.0005), "");
  EXPECT_NE(With(graph, {x}, 0, first - 0.1), "");
  EXPECT_EQ(With(graph, {x}, 3, (-1 - mean) / deviation + 1e-6), "");
  EXPECT_NE(With(graph, {x}, 3, (-1 - mean) / deviation + 1e-3), "");
}

TEST(NoiseCompare, WhatIsNotAtAJumpIsCompared) {
  GraphBuilder b("jumps");
  Expr e = b.Exp(b.Input("x", DType::kF32, {4}));
  b.Output("y", b.Cast(b.Floor(e), DType::kI32));
  absl::StatusOr<Graph> floors = b.Finish();
  Tensor x = Tensor::F32({4}, {static_cast<float>(std::log(3.0)), 1, 0, 2});
  EXPECT_EQ(With(floors, {x}, 0, Interpret(*floors, {x}).value()[0].GetInt(0) == 3 ? 2 : 3), "");
  EXPECT_NE(With(floors, {x}, 1, 3), "");
  EXPECT_NE(With(floors, {x}, 3, 6), "");

  GraphBuilder same("same");
  Expr s = same.Exp(same.Input("x", DType::kF32, {4}));
  same.Output("y", same.Equal(s, same.Reshape(same.Reshape(s, {2, 2}), {4})));
  EXPECT_NE(With(same.Finish(), {x}, 1, 0), "");
}

// Eleven quarter turns, up to an error of the exponential: the tangent is huge, of either sign.
TEST(NoiseCompare, ATangentMayBeOnTheOtherSideOfItsPole) {
  GraphBuilder b("pole");
  b.Output("y", b.Tan(b.Exp(b.Input("x", DType::kF32, {2}))));
  absl::StatusOr<Graph> graph = b.Finish();
  Tensor x = Tensor::F32({2}, {static_cast<float>(std::log(11 * std::acos(0.0))), 1});
  double y = Interpret(*graph, {x}).value()[0].GetDouble(0);
  EXPECT_EQ(With(graph, {x}, 0, -y), "");
  EXPECT_EQ(With(graph, {x}, 0, y / 7), "");
  EXPECT_NE(With(graph, {x}, 1, 0.45), "");
}

// At 2.6e17 a number is steps of 2^35 from the next.
TEST(NoiseCompare, ATangentOfHugeNumbersMayBeAnything) {
  GraphBuilder b("huge");
  b.Output("y", b.Tan(b.Exp(b.Input("x", DType::kF32, {2}))));
  absl::StatusOr<Graph> graph = b.Finish();
  Tensor x = Tensor::F32({2}, {40.1f, 1});
  EXPECT_EQ(With(graph, {x}, 0, 12345), "");
  EXPECT_NE(With(graph, {x}, 1, 12345), "");
}

// The erf of 3.9 is 1 or the number below it, whose acosh is 0 or NaN.
TEST(NoiseCompare, AnArgumentMayBeAtTheEndOfADomain) {
  GraphBuilder b("domain");
  b.Output("y", b.Acosh(b.Erf(b.Input("x", DType::kF32, {2}))));
  absl::StatusOr<Graph> graph = b.Finish();
  Tensor x = Tensor::F32({2}, {3.9f, 1});
  EXPECT_EQ(With(graph, {x}, 0, 0), "");
  EXPECT_EQ(With(graph, {x}, 0, kNan), "");
  EXPECT_NE(With(graph, {x}, 1, 0), "");
}

// A kernel's gelu of -9.6 is 0, the exact one is not: each of many quotients, with errors of its own, may be infinite.
TEST(NoiseCompare, AComplexDivisorMayVanish) {
  constexpr int64_t kMany = 4000;
  GraphBuilder b("vanishes");
  Tensor factor = Tensor::Zeros(DType::kComplex64, {});
  factor.SetComplex(0, {0.5, -2});
  Expr part = b.Gelu(b.Input("x", DType::kF32, {kMany})), one = b.Cast(b.Scalar(1), DType::kComplex64);
  b.Output("y", b.Real(b.Div(one, b.Mul(b.Constant(factor), b.Complex(part, part)))));
  Graph graph = b.Finish().value();
  std::vector<float> numbers(kMany, -9.6f);
  numbers[0] = 1;
  const Tensor x = Tensor::F32({kMany}, numbers);
  std::vector<Tensor> outputs = Interpret(graph, {x}).value();
  for (int64_t i = 1; i < kMany; ++i) outputs[0].SetDouble(i, std::numeric_limits<double>::infinity());
  EXPECT_EQ(NoiseCompare::Create(graph, {x}).value().Difference(outputs), "");
  EXPECT_NE(With(graph, {x}, 0, 0.4), "");
}

// The square of (1 + i) 2^64 is 2^129 i, whose parts are infinite in f32 before they cancel.
TEST(NoiseCompare, AComplexProductMayOverflow) {
  GraphBuilder b("overflows");
  Expr part = b.Input("x", DType::kF32, {2}), z = b.Complex(part, part);
  b.Output("y", b.Real(b.Mul(z, z)));
  absl::StatusOr<Graph> graph = b.Finish();
  Tensor x = Tensor::F32({2}, {0x1p64f, 1});
  EXPECT_EQ(With(graph, {x}, 0, -std::numeric_limits<double>::infinity()), "");
  EXPECT_NE(With(graph, {x}, 1, 0.001), "");
}

TEST(NoiseCompare, MemoryThatStayedPoisonIsSeen) {
  GraphBuilder b("poison");
  Expr x = b.Input("x", DType::kF32, {4});
  b.Output("y", b.Mul(b.Exp(x), b.Reciprocal(x)));
  EXPECT_NE(With(b.Finish(), {Tensor::F32({4}, {1, 2, -3, 0.5})}, 2, kNan), "");
}

}  // namespace
}  // namespace ingot
