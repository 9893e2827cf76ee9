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
  std::vector<double> second = {};  // the second result's
};

Tensor M(std::vector<int64_t> dims, const std::vector<double> &values) {
  return Make(DType::kF64, std::move(dims), values);
}
Example MakeExample(OpKind op, DType dtype, const std::vector<std::vector<double>> &operands,
                    const std::vector<double> &expected) {
  Example example{op, {}, {}, {static_cast<int64_t>(expected.size())}, expected, {}};
  for (const std::vector<double> &operand : operands) example.inputs.push_back(Make(dtype, example.dims, operand));
  return example;
}
Tensor B(const std::vector<int64_t> &values) { return Vec(DType::kBool, values); }
Tensor I(const std::vector<int64_t> &values) { return Vec(DType::kI64, values); }

// 1 + 2i, 3 - 4i
Tensor OneTwo() {
  Tensor tensor = Tensor::Zeros(DType::kComplex64, {2});
  tensor.SetComplex(0, {1, 2});
  tensor.SetComplex(1, {3, -4});
  return tensor;
}

// Those of the element-wise ops' records.
std::vector<Example> RecordExamples() {
  return {
#define INGOT_EXAMPLE(Op, dtype, ...) MakeExample(OpKind::k##Op, DType::dtype, __VA_ARGS__),
#include "graph/ops/examples.inc"
#undef INGOT_EXAMPLE
  };
}

std::vector<Example> MathExamples() {
  return {
      {OpKind::kSelect, {B({1, 0}), F64({1, 2}), F64({10, 20})}, {}, {2}, {1, 20}},
      {OpKind::kComplex, {F32({1, 2}), F32({3, 4})}, {}, {2}, {1, 2}},  // by its real parts
      {OpKind::kReal, {OneTwo()}, {}, {2}, {1, 3}},
      {OpKind::kImag, {OneTwo()}, {}, {2}, {2, -4}},
      {OpKind::kCast, {F64({1.9, -1.9, 300, kNan})}, {{"to", DType::kI8}}, {4}, {1, -1, 127, 0}},
  };
}

std::vector<Example> TensorExamples() {
  Tensor x = M({2, 3}, {1, 2, 3, 4, 5, 6});
  return {
      {OpKind::kReshape, {x}, {{"dims", Dims{3, 2}}}, {3, 2}, {1, 2, 3, 4, 5, 6}},
      {OpKind::kRequire, {x}, {{"sizes", Dims{2}}, {"equal", Dims{2}}}, {2, 3}, {1, 2, 3, 4, 5, 6}},
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
      {OpKind::kNonZero,
       {Tensor::Copy(DType::kBool, {2, 3}, "\0\1\0\1\1\0")},
       {{"count", Dims{4}}},
       {2, 4},
       {0, 1, 1, 0, 1, 0, 1, 0}},
      {OpKind::kDynamicUpdate, {x, M({1, 3}, {7, 8, 9}), Tensor::I64({}, {1})}, {}, {2, 3}, {1, 2, 3, 7, 8, 9}},
      {OpKind::kDynamicUpdate,
       {x, M({2, 2}, {7, 8, 9, 0}), Tensor::I64({}, {2})},
       {{"axis", int64_t{1}}},
       {2, 3},
       {1, 7, 8, 4, 9, 0}},
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
      {OpKind::kTopK, {x}, {{"k", Dims{2}}}, {2, 2}, {5, 3, 6, 4}, {1, 2, 2, 0}},
      {OpKind::kTopK, {F64({1, kNan, 2, 1})}, {{"k", Dims{4}}}, {4}, {kNan, 2, 1, 1}, {1, 2, 0, 3}},
      {OpKind::kTopK, {F64({1, kNan, 2, 1})}, {{"k", Dims{4}}, {"largest", false}}, {4}, {1, 1, 2, kNan}, {0, 3, 2, 1}},
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
  for (const auto &examples : {RecordExamples(), MathExamples(), TensorExamples(), ReduceExamples(), NnExamples()}) {
    for (const Example &example : examples) {
      SCOPED_TRACE(std::string(Name(example.op)));
      seen.insert(example.op);
      for (InterpreterOptions options : {InterpreterOptions{}, Native()}) {
        absl::StatusOr<std::vector<Tensor>> results =
            EvaluateAll(example.op, example.inputs, example.attributes, options);
        ASSERT_TRUE(results.ok()) << results.status();
        EXPECT_EQ((*results)[0].dims(), example.dims);
        ExpectNear(Doubles((*results)[0]), example.expected, 1e-15);
        ASSERT_EQ(results->size(), example.second.empty() ? 1u : 2u);
        if (results->size() == 2) ExpectNear(Doubles((*results)[1]), example.second, 0);
      }
    }
  }
  for (const OpSchema &schema : AllSchemas())
    EXPECT_TRUE(seen.count(schema.kind) || schema.fusion == FusionKind::kControl || schema.fusion == FusionKind::kSizes)
        << "no example for " << std::string(schema.name);
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
