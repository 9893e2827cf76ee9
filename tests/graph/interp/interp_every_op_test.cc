// At least one example per op with numbers worked out by hand (or taken from tables of functions), and a check that no
// op of graph/ops lacks one.
#include <set>

#include "tests/graph/interp/interp_test_util.h"

namespace ingot {
namespace {

struct Example {
  OpKind op;
  std::vector<Tensor> inputs;
  Attributes attributes;
  std::vector<int64_t> dims;
  std::vector<double> expected;
};

Tensor M(std::vector<int64_t> dims, const std::vector<double> &values) {
  return Make(DType::kF64, std::move(dims), values);
}
Tensor B(const std::vector<int64_t> &values) { return Vec(DType::kBool, values); }
Tensor I(const std::vector<int64_t> &values) { return Vec(DType::kI64, values); }

std::vector<Example> MathExamples() {
  return {
      {OpKind::kNeg, {F64({1, -2, 0})}, {}, {3}, {-1, 2, -0.0}},
      {OpKind::kAbs, {F64({1, -2, -kInf})}, {}, {3}, {1, 2, kInf}},
      {OpKind::kSign, {F64({5, -0.1, 0, kNan})}, {}, {4}, {1, -1, 0, kNan}},
      {OpKind::kExp, {F64({0, 1, -kInf})}, {}, {3}, {1, 2.718281828459045, 0}},
      {OpKind::kLog, {F64({1, 10, 0, -1})}, {}, {4}, {0, 2.302585092994046, -kInf, kNan}},
      {OpKind::kSqrt, {F64({4, 2})}, {}, {2}, {2, 1.4142135623730951}},
      {OpKind::kRsqrt, {F64({4, 0})}, {}, {2}, {0.5, kInf}},
      {OpKind::kReciprocal, {F64({4, -0.5})}, {}, {2}, {0.25, -2}},
      {OpKind::kTanh, {F64({0, 1, -kInf})}, {}, {3}, {0, 0.7615941559557649, -1}},
      {OpKind::kErf, {F64({0, 1, -1, kInf})}, {}, {4}, {0, 0.8427007929497149, -0.8427007929497149, 1}},
      {OpKind::kSin, {F64({0, 1})}, {}, {2}, {0, 0.8414709848078965}},
      {OpKind::kCos, {F64({0, 1})}, {}, {2}, {1, 0.5403023058681398}},
      {OpKind::kFloor, {F64({1.5, -1.5})}, {}, {2}, {1, -2}},
      {OpKind::kCeil, {F64({1.5, -1.5})}, {}, {2}, {2, -1}},
      {OpKind::kRound, {F64({0.5, 1.5, 2.5, -0.5, 1.4})}, {}, {5}, {0, 2, 2, -0.0, 1}},
      {OpKind::kRelu, {F64({1.5, -1.5, kNan})}, {}, {3}, {1.5, 0, kNan}},
      {OpKind::kSigmoid, {F64({0, 2, -1000})}, {}, {3}, {0.5, 0.8807970779778825, 0}},
      {OpKind::kLogicalNot, {B({0, 1})}, {}, {2}, {1, 0}},
      {OpKind::kIsNan, {F64({0, kNan, kInf})}, {}, {3}, {0, 1, 0}},
      {OpKind::kAdd, {F64({1, 2}), F64({10, 20})}, {}, {2}, {11, 22}},
      {OpKind::kSub, {F64({1, 2}), F64({10, 20})}, {}, {2}, {-9, -18}},
      {OpKind::kMul, {F64({1, 2}), F64({10, 20})}, {}, {2}, {10, 40}},
      {OpKind::kDiv, {F64({1, 1}), F64({4, 0})}, {}, {2}, {0.25, kInf}},
      {OpKind::kRem, {F64({7, -7, 7}), F64({4, 4, -4})}, {}, {3}, {3, -3, 3}},
      {OpKind::kPow, {F64({2, 9, -2}), F64({10, 0.5, 3})}, {}, {3}, {1024, 3, -8}},
      {OpKind::kMax, {F64({1, kNan, 2}), F64({2, 1, kNan})}, {}, {3}, {2, kNan, kNan}},
      {OpKind::kMin, {F64({1, kNan, 2}), F64({2, 1, kNan})}, {}, {3}, {1, kNan, kNan}},
      {OpKind::kLogicalAnd, {B({0, 0, 1, 1}), B({0, 1, 0, 1})}, {}, {4}, {0, 0, 0, 1}},
      {OpKind::kLogicalOr, {B({0, 0, 1, 1}), B({0, 1, 0, 1})}, {}, {4}, {0, 1, 1, 1}},
      {OpKind::kLogicalXor, {I({12, -1}), I({10, 1})}, {}, {2}, {6, -2}},
      {OpKind::kEqual, {F64({1, 2, kNan}), F64({1, 3, kNan})}, {}, {3}, {1, 0, 0}},
      {OpKind::kNotEqual, {F64({1, 2, kNan}), F64({1, 3, kNan})}, {}, {3}, {0, 1, 1}},
      {OpKind::kLess, {F64({1, 2, 3, kNan}), F64({2, 2, 2, 2})}, {}, {4}, {1, 0, 0, 0}},
      {OpKind::kLessEqual, {F64({1, 2, 3, kNan}), F64({2, 2, 2, 2})}, {}, {4}, {1, 1, 0, 0}},
      {OpKind::kGreater, {F64({1, 2, 3, kNan}), F64({2, 2, 2, 2})}, {}, {4}, {0, 0, 1, 0}},
      {OpKind::kGreaterEqual, {F64({1, 2, 3, kNan}), F64({2, 2, 2, 2})}, {}, {4}, {0, 1, 1, 0}},
      {OpKind::kSelect, {B({1, 0}), F64({1, 2}), F64({10, 20})}, {}, {2}, {1, 20}},
      {OpKind::kCast, {F64({1.9, -1.9, 300, kNan})}, {{"to", DType::kI8}}, {4}, {1, -1, 127, 0}},
  };
}

std::vector<Example> TensorExamples() {
  Tensor x = M({2, 3}, {1, 2, 3, 4, 5, 6});
  return {
      {OpKind::kReshape, {x}, {{"dims", Dims{3, 2}}}, {3, 2}, {1, 2, 3, 4, 5, 6}},
      {OpKind::kTranspose, {x}, {{"permutation", Ints{1, 0}}}, {3, 2}, {1, 4, 2, 5, 3, 6}},
      {OpKind::kBroadcastTo,
       {M({2, 1}, {1, 2})},
       {{"dims", Dims{2, 2, 3}}},
       {2, 2, 3},
       {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2}},
      {OpKind::kSlice,
       {x},
       {{"starts", Dims{0, 2}}, {"limits", Dims{2, -1}}, {"steps", Ints{1, -2}}},
       {2, 2},
       {3, 1, 6, 4}},
      {OpKind::kConcat, {x, M({2, 1}, {7, 8})}, {{"axis", int64_t{1}}}, {2, 4}, {1, 2, 3, 7, 4, 5, 6, 8}},
      {OpKind::kPad, {M({2}, {1, 2}), M({}, {9})}, {{"low", Dims{1}}, {"high", Dims{2}}}, {5}, {9, 1, 2, 9, 9}},
      {OpKind::kGather, {x, I({2, -1, 0, 99, -99})}, {{"axis", int64_t{1}}}, {2, 5}, {3, 3, 1, 3, 1, 6, 6, 4, 6, 4}},
      {OpKind::kIota,
       {},
       {{"dims", Dims{2, 3}}, {"axis", int64_t{-1}}, {"dtype", DType::kF32}},
       {2, 3},
       {0, 1, 2, 0, 1, 2}},
      {OpKind::kDimValues, {}, {{"values", Dims{7, 9}}}, {2}, {7, 9}},
  };
}

std::vector<Example> ReduceExamples() {
  Tensor x = M({2, 3}, {1, 5, 3, 4, 2, 6});
  Attributes rows{{"axes", Ints{1}}};
  return {
      {OpKind::kReduceSum, {x}, rows, {2}, {9, 12}},
      {OpKind::kReduceMean, {x}, rows, {2}, {3, 4}},
      {OpKind::kReduceMax, {x}, {{"axes", Ints{0}}, {"keep_dims", true}}, {1, 3}, {4, 5, 6}},
      {OpKind::kReduceMin, {x}, {{"axes", Ints{-2}}}, {3}, {1, 2, 3}},
      {OpKind::kReduceProd, {x}, {}, {}, {720}},
      {OpKind::kArgMax, {x}, {{"axis", int64_t{1}}, {"keep_dims", true}}, {2, 1}, {1, 2}},
  };
}

std::vector<Example> NnExamples() {
  Tensor x = M({2, 2}, {1, 2, 3, 4});
  double e = std::exp(1.0);
  Attributes conv{{"strides", Ints{1}}, {"dilations", Ints{1}}, {"pads", Ints{1, 0}}};
  return {
      {OpKind::kMatMul, {x, M({2, 2}, {5, 6, 7, 8})}, {}, {2, 2}, {19, 22, 43, 50}},
      {OpKind::kConv, {M({1, 1, 3}, {1, 2, 3}), M({1, 1, 2}, {10, 1})}, conv, {1, 1, 3}, {1, 12, 23}},
      {OpKind::kSoftmax, {F64({0, 1})}, {}, {2}, {1 / (1 + e), e / (1 + e)}},
      {OpKind::kLogSoftmax, {F64({0, 1})}, {}, {2}, {-std::log(1 + e), 1 - std::log(1 + e)}},
      {OpKind::kLayerNorm, {F64({1, 3}), F64({2, 4}), F64({10, 20})}, {{"epsilon", 0.0}}, {2}, {8, 24}},
      {OpKind::kGelu, {F64({0, 1, -1})}, {}, {3}, {0, 0.8413447460685429, -0.15865525393145707}},
  };
}

TEST(EveryOp, HasAnExampleAndGivesTheExpectedNumbers) {
  std::set<OpKind> seen;
  for (const auto &examples : {MathExamples(), TensorExamples(), ReduceExamples(), NnExamples()}) {
    for (const Example &example : examples) {
      SCOPED_TRACE(std::string(Name(example.op)));
      seen.insert(example.op);
      for (InterpreterOptions options : {InterpreterOptions{}, Native()}) {
        absl::StatusOr<Tensor> result = Evaluate(example.op, example.inputs, example.attributes, options);
        ASSERT_TRUE(result.ok()) << result.status();
        EXPECT_EQ(result->dims(), example.dims);
        ExpectNear(Doubles(*result), example.expected, 1e-15);
      }
    }
  }
  for (const OpSchema &schema : AllSchemas())
    EXPECT_TRUE(seen.count(schema.kind)) << "no example for " << std::string(schema.name);
}

TEST(EveryOp, WorksOnEmptyTensors) {
  Tensor none = Tensor::Zeros(DType::kF64, {0, 3});
  EXPECT_TRUE(Eval(OpKind::kExp, {none}).empty());
  EXPECT_TRUE(Eval(OpKind::kAdd, {none, M({1, 3}, {1, 2, 3})}).empty());
  EXPECT_TRUE(Eval(OpKind::kSoftmax, {none}).empty());
  EXPECT_TRUE(Eval(OpKind::kTranspose, {none}, {{"permutation", Ints{1, 0}}}).empty());
  EXPECT_EQ(Eval(OpKind::kConcat, {none, M({1, 3}, {1, 2, 3})}, {{"axis", int64_t{0}}}),
            (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(Eval(OpKind::kMatMul, {Tensor::Zeros(DType::kF64, {2, 0}), Tensor::Zeros(DType::kF64, {0, 2})}),
            std::vector<double>(4, 0.0));
  EXPECT_TRUE(Eval(OpKind::kMatMul, {none, Tensor::Zeros(DType::kF64, {3, 2})}).empty());
  EXPECT_TRUE(Eval(OpKind::kGather, {none, Vec(DType::kI64, {})}).empty());
}

}  // namespace
}  // namespace ingot
