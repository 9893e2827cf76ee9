// Element-wise ops at the edges: integer widths, NaN and signed zeros, rounding to narrow floats, casts, broadcasting.
#include "tests/graph/interp/interp_test_util.h"

namespace ingot {
namespace {

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min(), kHighest = std::numeric_limits<int64_t>::max();
using Is = std::vector<int64_t>;

TEST(InterpMath, IntegersWrapToTheirWidth) {
  EXPECT_EQ(EvalInts(OpKind::kAdd, {Vec(DType::kI8, {127}), Vec(DType::kI8, {1})}), Is{-128});
  EXPECT_EQ(EvalInts(OpKind::kSub, {Vec(DType::kU16, {0}), Vec(DType::kU16, {1})}), Is{65535});
  EXPECT_EQ(EvalInts(OpKind::kMul, {Vec(DType::kI32, {65536}), Vec(DType::kI32, {65536})}), Is{0});
  EXPECT_EQ(EvalInts(OpKind::kAdd, {Vec(DType::kI64, {kHighest}), Vec(DType::kI64, {1})}), Is{kLowest});
  EXPECT_EQ(EvalInts(OpKind::kNeg, {Vec(DType::kI16, {-32768, 5})}), (Is{-32768, -5}));
  EXPECT_EQ(EvalInts(OpKind::kNeg, {Vec(DType::kU8, {1})}), Is{255});
  EXPECT_EQ(EvalInts(OpKind::kAbs, {Vec(DType::kI64, {kLowest, -3})}), (Is{kLowest, 3}));
}

TEST(InterpMath, IntegerDivisionTruncatesAndSurvivesZero) {
  Tensor x = Vec(DType::kI32, {7, -7, 7, -7, 5, INT32_MIN}), y = Vec(DType::kI32, {2, 2, -2, -2, 0, -1});
  EXPECT_EQ(EvalInts(OpKind::kDiv, {x, y}), (Is{3, -3, -3, 3, 0, INT32_MIN}));
  EXPECT_EQ(EvalInts(OpKind::kRem, {x, y}), (Is{1, -1, 1, -1, 0, 0}));
  EXPECT_EQ(EvalInts(OpKind::kDiv, {Vec(DType::kI64, {kLowest}), Vec(DType::kI64, {-1})}), Is{kLowest});
  EXPECT_EQ(EvalInts(OpKind::kRem, {Vec(DType::kI64, {kLowest}), Vec(DType::kI64, {-1})}), Is{0});
}

TEST(InterpMath, UnsignedSixtyFourBitsAreNotSigned) {
  Tensor big = Vec(DType::kU64, {-1, -2}), two = Vec(DType::kU64, {2, 2});  // 2^64 - 1, 2^64 - 2
  EXPECT_EQ(EvalInts(OpKind::kDiv, {big, two}), (Is{kHighest, kHighest}));
  EXPECT_EQ(EvalInts(OpKind::kRem, {big, two}), (Is{1, 0}));
  EXPECT_EQ(EvalInts(OpKind::kMax, {big, two}), (Is{-1, -2}));
  EXPECT_EQ(EvalInts(OpKind::kMin, {big, two}), (Is{2, 2}));
  EXPECT_EQ(EvalInts(OpKind::kGreater, {big, two}), (Is{1, 1}));
  EXPECT_EQ(EvalInts(OpKind::kLess, {big, two}), (Is{0, 0}));
  EXPECT_EQ(EvalInts(OpKind::kLessEqual, {big, two}), (Is{0, 0}));
  EXPECT_EQ(EvalInts(OpKind::kGreaterEqual, {two, two}), (Is{1, 1}));
  EXPECT_EQ(EvalInts(OpKind::kSign, {big}), (Is{1, 1}));
  EXPECT_EQ(EvalInts(OpKind::kAbs, {big}), (Is{-1, -2}));
  EXPECT_EQ(EvalInts(OpKind::kRelu, {big}), (Is{-1, -2}));
  EXPECT_EQ(Eval(OpKind::kCast, {big}, {{"to", DType::kF64}})[0], 0x1p64);
  EXPECT_EQ(EvalInts(OpKind::kReduceMax, {big}), Is{-1});
  EXPECT_EQ(EvalInts(OpKind::kArgMax, {Vec(DType::kU64, {5, -1, 7})}), Is{1});
}

TEST(InterpMath, SignedIntegers) {
  Tensor x = Vec(DType::kI8, {-3, 0, 4}), y = Vec(DType::kI8, {2, 2, 2});
  EXPECT_EQ(EvalInts(OpKind::kSign, {x}), (Is{-1, 0, 1}));
  EXPECT_EQ(EvalInts(OpKind::kRelu, {x}), (Is{0, 0, 4}));
  EXPECT_EQ(EvalInts(OpKind::kMax, {x, y}), (Is{2, 2, 4}));
  EXPECT_EQ(EvalInts(OpKind::kMin, {x, y}), (Is{-3, 0, 2}));
  EXPECT_EQ(EvalInts(OpKind::kLess, {x, y}), (Is{1, 1, 0}));
  EXPECT_EQ(EvalInts(OpKind::kLogicalAnd, {x, y}), (Is{0, 0, 0}));
  EXPECT_EQ(EvalInts(OpKind::kLogicalOr, {x, y}), (Is{-1, 2, 6}));
}

TEST(InterpMath, Bools) {
  Tensor x = Vec(DType::kBool, {0, 0, 1, 1}), y = Vec(DType::kBool, {0, 1, 0, 1});
  EXPECT_EQ(EvalInts(OpKind::kEqual, {x, y}), (Is{1, 0, 0, 1}));
  EXPECT_EQ(EvalInts(OpKind::kLess, {x, y}), (Is{0, 1, 0, 0}));
  EXPECT_EQ(EvalInts(OpKind::kLogicalXor, {x, y}), (Is{0, 1, 1, 0}));
  EXPECT_EQ(EvalInts(OpKind::kSelect, {x, x, y}), (Is{0, 1, 1, 1}));
  EXPECT_EQ(EvalInts(OpKind::kCast, {x}, {{"to", DType::kI32}}), (Is{0, 0, 1, 1}));
}

TEST(InterpMath, NanAndSignedZeros) {
  EXPECT_FALSE(std::signbit(Eval(OpKind::kMax, {F64({-0.0}), F64({0.0})})[0]));
  EXPECT_TRUE(std::signbit(Eval(OpKind::kMin, {F64({0.0}), F64({-0.0})})[0]));
  EXPECT_FALSE(std::signbit(Eval(OpKind::kRelu, {F64({-0.0})})[0]));
  EXPECT_TRUE(std::signbit(Eval(OpKind::kNeg, {F64({0.0})})[0]));
  ExpectNear(Eval(OpKind::kRem, {F64({5, -0.0, kInf, 5}), F64({0, 3, 2, kInf})}), {kNan, -0.0, kNan, 5}, 0);
  ExpectNear(Eval(OpKind::kPow, {F64({0, kNan, -8, 0}), F64({0, 0, 1.0 / 3, -1})}), {1, 1, kNan, kInf}, 0);
  ExpectNear(Eval(OpKind::kSqrt, {F64({-1, kInf})}), {kNan, kInf}, 0);
  ExpectNear(Eval(OpKind::kGelu, {F64({kNan, kInf, -40})}), {kNan, kInf, -0.0}, 1e-300);
}

TEST(InterpMath, GeluMatchesTheNormalDistribution) {
  // P(X <= x) by Simpson's rule from 0.
  for (double x : {-3.0, -1.25, 0.5, 2.0}) {
    double sum = 0, h = x / 2000;
    for (int i = 0; i <= 2000; ++i) sum += std::exp(-0.5 * i * h * i * h) * (i == 0 || i == 2000 ? 1 : i % 2 ? 4 : 2);
    double p = 0.5 + sum * h / 3 / std::sqrt(2 * std::acos(-1.0));
    ExpectNear(Eval(OpKind::kGelu, {F64({x})}), {x * p}, 1e-13);
    ExpectNear(Eval(OpKind::kGelu, {F64({x})}, {{"approximate", true}}), {x * p}, 1e-3);
  }
  ExpectNear(Eval(OpKind::kGelu, {F64({1})}, {{"approximate", true}}), {0.8411919906082768}, 1e-14);
}

TEST(InterpMath, CastsSaturateTruncateAndWrap) {
  Tensor x = F64({2.9, -2.9, 1e30, -1e30, kNan, -0.5});
  EXPECT_EQ(EvalInts(OpKind::kCast, {x}, {{"to", DType::kI64}}), (Is{2, -2, kHighest, kLowest, 0, 0}));
  EXPECT_EQ(EvalInts(OpKind::kCast, {x}, {{"to", DType::kU64}}), (Is{2, 0, -1, 0, 0, 0}));
  EXPECT_EQ(EvalInts(OpKind::kCast, {x}, {{"to", DType::kU8}}), (Is{2, 0, 255, 0, 0, 0}));
  EXPECT_EQ(EvalInts(OpKind::kCast, {x}, {{"to", DType::kI32}}), (Is{2, -2, INT32_MAX, INT32_MIN, 0, 0}));
  EXPECT_EQ(EvalInts(OpKind::kCast, {F64({0x1p63, -0x1p63, 0x1.8p63})}, {{"to", DType::kU64}}),
            (Is{kLowest, 0, kLowest + (INT64_C(1) << 62)}));
  EXPECT_EQ(EvalInts(OpKind::kCast, {F64({0, -0.0, 0.1, kNan})}, {{"to", DType::kBool}}), (Is{0, 0, 1, 1}));
  EXPECT_EQ(EvalInts(OpKind::kCast, {Vec(DType::kI32, {300, -1, 256})}, {{"to", DType::kU8}}), (Is{44, 255, 0}));
  EXPECT_EQ(EvalInts(OpKind::kCast, {Vec(DType::kU8, {200})}, {{"to", DType::kI8}}), Is{-56});
  EXPECT_EQ(EvalInts(OpKind::kCast, {Vec(DType::kI64, {256})}, {{"to", DType::kBool}}), Is{1});
}

TEST(InterpMath, NativePrecisionRoundsEveryResultOnce) {
  // 1/3 in binary16 and bfloat16, by hand: 0x3555 and 0x3eab.
  EXPECT_EQ(Eval(OpKind::kDiv, {Make(DType::kF16, {1}, {1}), Make(DType::kF16, {1}, {3})}, {}, Native())[0],
            0x1.554p-2);
  EXPECT_EQ(Eval(OpKind::kDiv, {Make(DType::kBF16, {1}, {1}), Make(DType::kBF16, {1}, {3})}, {}, Native())[0],
            0x1.56p-2);
  EXPECT_EQ(Eval(OpKind::kDiv, {F32({1}), F32({3})}, {}, Native())[0], static_cast<double>(1.0f / 3.0f));
  // Just above the middle of 1 and the next half; rounding to float on the way would make it a tie, and then 1.
  EXPECT_EQ(Eval(OpKind::kCast, {F64({1 + 0x1p-11 + 0x1p-40})}, {{"to", DType::kF16}}, Native())[0], 1 + 0x1p-10);
  EXPECT_EQ(Eval(OpKind::kCast, {F64({1 + 0x1p-11 + 0x1p-40})}, {{"to", DType::kF16}})[0], 1 + 0x1p-10);
  ExpectNear(Eval(OpKind::kCast, {F64({65519, 65520, 0x1p-25, 0x1.8p-25, kNan})}, {{"to", DType::kF16}}, Native()),
             {65504, kInf, 0, 0x1p-24, kNan}, 0);
  ExpectNear(Eval(OpKind::kCast, {F64({1e39, -1e39, 0x1p-149})}, {{"to", DType::kF32}}, Native()),
             {kInf, -kInf, 0x1p-149}, 0);
  EXPECT_EQ(Eval(OpKind::kCast, {F64({0x1.fffp127})}, {{"to", DType::kBF16}}, Native())[0], kInf);
}

TEST(InterpMath, DoublePrecisionLastsFromInputToOutput) {
  GraphBuilder b("chain");
  Expr x = b.Input("x", DType::kF16, {1});
  b.Output("y", b.Sub(b.Add(x, b.Scalar(1e-4, DType::kF16)), x));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<Tensor> input = {Make(DType::kF16, {1}, {1000})};
  EXPECT_EQ((*Interpret(*graph, input, Native()))[0].GetDouble(0), 0);
  EXPECT_NEAR((*Interpret(*graph, input))[0].GetDouble(0), 1e-4, 1e-7);
  absl::StatusOr<std::vector<Tensor>> wide = InterpretDouble(*graph, input);
  EXPECT_EQ((*wide)[0].dtype(), DType::kF64);
  EXPECT_NEAR((*wide)[0].GetDouble(0), Make(DType::kF16, {}, {1e-4}).GetDouble(0), 1e-12);
}

TEST(InterpMath, OperandsBroadcast) {
  Tensor column = Make(DType::kF64, {2, 1}, {1, 2}), row = F64({10, 20, 30}), scalar = Make(DType::kF64, {}, {100});
  EXPECT_EQ(Eval(OpKind::kAdd, {column, row}), (std::vector<double>{11, 21, 31, 12, 22, 32}));
  EXPECT_EQ(Eval(OpKind::kSub, {scalar, row}), (std::vector<double>{90, 80, 70}));
  EXPECT_EQ(Eval(OpKind::kAdd, {scalar, scalar}), (std::vector<double>{200}));
  EXPECT_EQ(Eval(OpKind::kSelect, {Make(DType::kBool, {2, 1}, {1, 0}), row, scalar}),
            (std::vector<double>{10, 20, 30, 100, 100, 100}));
  EXPECT_EQ(EvalInts(OpKind::kLess, {row, column}), (Is{0, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace ingot
