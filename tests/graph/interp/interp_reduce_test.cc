// Reductions: axes against explicit loops, empty ranges, NaN, integer limits.
#include "tests/graph/interp/interp_test_util.h"

namespace ingot {
namespace {

using Is = std::vector<int64_t>;

TEST(InterpReduce, OverOuterAndInnerAxesTogether) {
  Tensor x = Normal({2, 3, 4}, 1);
  std::vector<double> sums(3, 0), largest(3, -kInf), smallest(3, kInf), products(3, 1);
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t j = 0; j < 3; ++j) {
      for (int64_t k = 0; k < 4; ++k) {
        double v = x.GetDouble((i * 3 + j) * 4 + k);
        size_t at = static_cast<size_t>(j);
        sums[at] += v, products[at] *= v, largest[at] = std::max(largest[at], v),
                                          smallest[at] = std::min(smallest[at], v);
      }
    }
  }
  Attributes axes{{"axes", Ints{2, 0}}};
  ExpectNear(Eval(OpKind::kReduceSum, {x}, axes), sums, 1e-14);
  ExpectNear(Eval(OpKind::kReduceMean, {x}, axes), {sums[0] / 8, sums[1] / 8, sums[2] / 8}, 1e-14);
  ExpectNear(Eval(OpKind::kReduceProd, {x}, axes), products, 1e-14);
  EXPECT_EQ(Eval(OpKind::kReduceMax, {x}, axes), largest);
  EXPECT_EQ(Eval(OpKind::kReduceMin, {x}, axes), smallest);
}

TEST(InterpReduce, KeepDims) {
  absl::StatusOr<Tensor> result =
      Evaluate(OpKind::kReduceSum, {Normal({2, 3, 4}, 1)}, {{"axes", Ints{-1, 0}}, {"keep_dims", true}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->dims(), (Is{1, 3, 1}));
}

TEST(InterpReduce, OfAScalarIsTheScalar) {
  for (OpKind op :
       {OpKind::kReduceSum, OpKind::kReduceMean, OpKind::kReduceMax, OpKind::kReduceMin, OpKind::kReduceProd}) {
    EXPECT_EQ(Eval(op, {Make(DType::kF64, {}, {-2.5})}), std::vector<double>{-2.5});
  }
}

TEST(InterpReduce, OverNothing) {
  Tensor none = Tensor::Zeros(DType::kF32, {2, 0});
  Attributes axes{{"axes", Ints{1}}};
  ExpectNear(Eval(OpKind::kReduceSum, {none}, axes), {0, 0}, 0);
  ExpectNear(Eval(OpKind::kReduceMean, {none}, axes), {kNan, kNan}, 0);
  ExpectNear(Eval(OpKind::kReduceProd, {none}, axes), {1, 1}, 0);
  ExpectNear(Eval(OpKind::kReduceMax, {none}, axes), {-kInf, -kInf}, 0);
  ExpectNear(Eval(OpKind::kReduceMin, {none}, axes), {kInf, kInf}, 0);
  EXPECT_TRUE(Eval(OpKind::kReduceSum, {none}, {{"axes", Ints{0}}}).empty());
  EXPECT_EQ(EvalInts(OpKind::kReduceMax, {Vec(DType::kI8, {})}), Is{-128});
  EXPECT_EQ(EvalInts(OpKind::kReduceMin, {Vec(DType::kI8, {})}), Is{127});
  EXPECT_EQ(EvalInts(OpKind::kReduceMax, {Vec(DType::kU16, {})}), Is{0});
  EXPECT_EQ(EvalInts(OpKind::kReduceMin, {Vec(DType::kU16, {})}), Is{65535});
  EXPECT_EQ(EvalInts(OpKind::kReduceMax, {Vec(DType::kI64, {})}), Is{INT64_MIN});
  EXPECT_EQ(EvalInts(OpKind::kReduceMin, {Vec(DType::kU64, {})}), Is{-1});
  ExpectError(Evaluate(OpKind::kArgMax, {none}).status(), absl::StatusCode::kInvalidArgument, "has no largest element");
}

TEST(InterpReduce, NanWins) {
  Tensor x = Make(DType::kF64, {3, 2}, {1, kNan, kNan, 3, kInf, -kInf});
  Attributes axes{{"axes", Ints{1}}};
  for (OpKind op : {OpKind::kReduceMax, OpKind::kReduceMin}) {
    std::vector<double> result = Eval(op, {x}, axes);
    EXPECT_TRUE(std::isnan(result[0]) && std::isnan(result[1]));
    EXPECT_EQ(result[2], op == OpKind::kReduceMax ? kInf : -kInf);
  }
  EXPECT_TRUE(std::isnan(Eval(OpKind::kReduceSum, {x}, axes)[2]));
  EXPECT_EQ(EvalInts(OpKind::kArgMax, {F64({1, kNan, 5, kNan})}), Is{1});
}

TEST(InterpReduce, IntegersWrap) {
  EXPECT_EQ(EvalInts(OpKind::kReduceSum, {Vec(DType::kI8, {100, 100})}), Is{-56});
  EXPECT_EQ(EvalInts(OpKind::kReduceProd, {Vec(DType::kU8, {16, 17})}), Is{16});
  EXPECT_EQ(EvalInts(OpKind::kReduceMax, {Vec(DType::kI32, {-5, -2, -9})}), Is{-2});
  EXPECT_EQ(EvalInts(OpKind::kReduceMin, {Vec(DType::kI32, {-5, -2, -9})}), Is{-9});
}

TEST(InterpReduce, SumsKeepWhatDoublesWouldLose) {
  EXPECT_EQ(Eval(OpKind::kReduceSum, {F64({0x1p53, 1, 1, -0x1p53})})[0], 2);
}

TEST(InterpReduce, ArgMaxTakesTheFirst) {
  EXPECT_EQ(EvalInts(OpKind::kArgMax, {Make(DType::kF64, {2, 3}, {1, 7, 7, 0, -1, 0})}), (Is{1, 0}));
  EXPECT_EQ(EvalInts(OpKind::kArgMax, {Make(DType::kF64, {2, 3}, {1, 7, 7, 1, 8, 0})}, {{"axis", int64_t{0}}}),
            (Is{0, 1, 0}));
  EXPECT_EQ(EvalInts(OpKind::kArgMax, {Vec(DType::kI16, {-4, -3, -3})}), Is{1});
}

}  // namespace
}  // namespace ingot
