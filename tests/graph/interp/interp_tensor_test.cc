// Data movement against explicit loops, for floats and integers, and its errors.
#include "tests/graph/interp/interp_test_util.h"

namespace ingot {
namespace {

using Is = std::vector<int64_t>;

Tensor Counting(std::vector<int64_t> dims) {
  Tensor tensor = Tensor::Zeros(DType::kI32, std::move(dims));
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.SetInt(i, i);
  return tensor;
}

TEST(InterpTensor, TransposeOfThreeAxes) {
  Is expected;
  for (int64_t k = 0; k < 4; ++k) {
    for (int64_t i = 0; i < 2; ++i) {
      for (int64_t j = 0; j < 3; ++j) expected.push_back((i * 3 + j) * 4 + k);
    }
  }
  EXPECT_EQ(EvalInts(OpKind::kTranspose, {Counting({2, 3, 4})}, {{"permutation", Ints{2, 0, 1}}}), expected);
  EXPECT_EQ(EvalInts(OpKind::kTranspose, {Counting({})}, {{"permutation", Ints{}}}), Is{0});
}

TEST(InterpTensor, SliceForwardsAndBackwards) {
  auto slice = [](int64_t start, int64_t limit, int64_t step) {
    return EvalInts(OpKind::kSlice, {Counting({7})},
                    {{"starts", Dims{start}}, {"limits", Dims{limit}}, {"steps", Ints{step}}});
  };
  EXPECT_EQ(slice(1, 6, 2), (Is{1, 3, 5}));
  EXPECT_EQ(slice(0, 7, 3), (Is{0, 3, 6}));
  EXPECT_EQ(slice(6, -1, -1), (Is{6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(slice(6, 0, -4), (Is{6, 2}));
  EXPECT_EQ(slice(3, 3, 1), Is{});
  EXPECT_EQ(slice(7, 7, 1), Is{});
  EXPECT_EQ(slice(5, 2, 1), Is{});
  EXPECT_EQ(slice(2, 7, INT64_MAX), Is{2});
  EXPECT_EQ(slice(2, -1, -INT64_MAX), Is{2});
}

TEST(InterpTensor, SliceOfTwoAxes) {
  Is expected;
  for (int64_t i = 1; i < 4; i += 2) {
    for (int64_t j = 3; j > 0; --j) expected.push_back(i * 5 + j);
  }
  EXPECT_EQ(EvalInts(OpKind::kSlice, {Counting({4, 5})},
                     {{"starts", Dims{1, 3}}, {"limits", Dims{4, 0}}, {"steps", Ints{2, -1}}}),
            expected);
}

TEST(InterpTensor, SliceOutOfBoundsIsAnError) {
  GraphBuilder b("slice");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Output("y", b.Slice(x, {0}, {3}, {1}));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(Interpret(*graph, {F32({1, 2, 3})}).ok());
  ExpectError(Interpret(*graph, {F32({1, 2})}).status(), absl::StatusCode::kInvalidArgument, "node 'slice' (slice");
}

TEST(InterpTensor, ConcatOfThreeAlongEachAxis) {
  Tensor x = Counting({2, 2}), y = MakeInts(DType::kI32, {2, 2}, {10, 11, 12, 13});
  EXPECT_EQ(EvalInts(OpKind::kConcat, {x, y, x}, {{"axis", int64_t{0}}}), (Is{0, 1, 2, 3, 10, 11, 12, 13, 0, 1, 2, 3}));
  EXPECT_EQ(EvalInts(OpKind::kConcat, {x, y, x}, {{"axis", int64_t{-1}}}),
            (Is{0, 1, 10, 11, 0, 1, 2, 3, 12, 13, 2, 3}));
}

TEST(InterpTensor, PadOfTwoAxes) {
  Tensor value = MakeInts(DType::kI32, {}, {-7});
  EXPECT_EQ(EvalInts(OpKind::kPad, {Counting({2, 2}), value}, {{"low", Dims{1, 0}}, {"high", Dims{0, 1}}}),
            (Is{-7, -7, -7, 0, 1, -7, 2, 3, -7}));
  EXPECT_EQ(EvalInts(OpKind::kPad, {Counting({0}), value}, {{"low", Dims{1}}, {"high", Dims{1}}}), (Is{-7, -7}));
}

TEST(InterpTensor, GatherAlongTheMiddleAxis) {
  Tensor indices = MakeInts(DType::kI32, {2, 2}, {0, 2, -1, -3});
  Is expected;
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t j : {0, 2, 2, 0}) {
      for (int64_t k = 0; k < 2; ++k) expected.push_back((i * 3 + j) * 2 + k);
    }
  }
  absl::StatusOr<Tensor> result = Evaluate(OpKind::kGather, {Counting({2, 3, 2}), indices}, {{"axis", int64_t{1}}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->dims(), (Is{2, 2, 2, 2}));
  EXPECT_EQ(Integers(*result), expected);
}

TEST(InterpTensor, GatherWithAScalarIndexDropsTheAxis) {
  absl::StatusOr<Tensor> result = Evaluate(OpKind::kGather, {Counting({3, 2}), Tensor::ScalarI64(1)});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->dims(), Is{2});
  EXPECT_EQ(Integers(*result), (Is{2, 3}));
}

TEST(InterpTensor, GatherFromNothingIsAnError) {
  ExpectError(Evaluate(OpKind::kGather, {Counting({0, 2}), Tensor::ScalarI64(0)}).status(),
              absl::StatusCode::kInvalidArgument, "is empty, so there is nothing to gather");
}

TEST(InterpTensor, IotaAlongTheFirstAxisAndInNarrowTypes) {
  EXPECT_EQ(EvalInts(OpKind::kIota, {}, {{"dims", Dims{2, 2}}}), (Is{0, 0, 1, 1}));
  Is wrapped = EvalInts(OpKind::kIota, {}, {{"dims", Dims{258}}, {"dtype", DType::kU8}});
  EXPECT_EQ(wrapped[255], 255);
  EXPECT_EQ(wrapped[257], 1);
}

TEST(InterpTensor, DimsFollowTheInputs) {
  GraphBuilder b("dims");
  Expr x = b.Input("x", DType::kF32, {"n", 2});
  b.Output("dims", b.DimValues({"n", "2 * n", "n floordiv 2"}));
  b.Output("iota", b.Iota({"n"}, 0, DType::kI32));
  b.Output("flat", b.Reshape(x, {"2 * n"}));
  b.Output("wide", b.BroadcastTo(b.Reshape(x, {"n", 2, 1}), {3, "n", 2, "n"}));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  absl::StatusOr<std::vector<Tensor>> outputs = Interpret(*graph, {Make(DType::kF32, {3, 2}, {1, 2, 3, 4, 5, 6})});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ(Integers((*outputs)[0]), (Is{3, 6, 1}));
  EXPECT_EQ(Integers((*outputs)[1]), (Is{0, 1, 2}));
  EXPECT_EQ((*outputs)[2].dims(), Is{6});
  EXPECT_EQ((*outputs)[3].dims(), (Is{3, 3, 2, 3}));
  EXPECT_EQ((*outputs)[3].GetDouble(3 * 6 + 3), 2);
}

TEST(InterpTensor, AReshapeThatDoesNotFitNamesTheNode) {
  GraphBuilder b("reshape");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Output("y", b.Reshape(x, {"n floordiv 2", 2}));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(Interpret(*graph, {F32({1, 2, 3, 4})}).ok());
  absl::Status status = Interpret(*graph, {F32({1, 2, 3})}).status();
  ExpectError(status, absl::StatusCode::kInvalidArgument, "node 'reshape' (reshape, interp_tensor_test.cc:");
  ExpectError(status, absl::StatusCode::kInvalidArgument,
              "a reshape must keep the number of elements, but 'n' = 3 is not equal to");
}

}  // namespace
}  // namespace ingot
