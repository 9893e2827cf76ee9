// Constant folding: what goes, what stays, and that the graph still means the same.
#include "tests/graph/interp/interp_test_util.h"

namespace ingot {
namespace {

Graph Finish(GraphBuilder &b) {
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

TEST(FoldConstants, FoldsChainsAndKeepsTheRest) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {"n", 2});
  Expr weights = b.Transpose(b.Reshape(b.Constant(F32({1, 2, 3, 4})), {2, 2}), {1, 0});
  Expr scale = b.Sqrt(b.Scalar(16));
  b.Output("y", b.Div(b.MatMul(x, weights), scale));
  Graph graph = Finish(b), folded = graph;
  absl::StatusOr<int> count = FoldConstants(folded);
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(*count, 3);
  EXPECT_EQ(folded.nodes.size(), 2u);
  EXPECT_EQ(folded.constants.size(), 2u);  // the originals are gone
  EXPECT_TRUE(Validate(folded).ok()) << Validate(folded);
  for (size_t i = 0; i < folded.nodes.size(); ++i)
    EXPECT_EQ(folded.value(folded.nodes[i].outputs[0]).producer, static_cast<int32_t>(i));
  Tensor input = Make(DType::kF32, {1, 2}, {1, 10});
  EXPECT_EQ(Doubles((*Interpret(folded, {input}))[0]), (std::vector<double>{5.25, 10.75}));
  EXPECT_EQ(Doubles((*Interpret(graph, {input}))[0]), (std::vector<double>{5.25, 10.75}));
  EXPECT_EQ(*FoldConstants(folded), 0);
}

TEST(FoldConstants, RoundsLikeTheDType) {
  GraphBuilder b("g");
  b.Output("y", b.Div(b.Scalar(1), b.Scalar(3)));
  Graph graph = Finish(b);
  EXPECT_EQ(*FoldConstants(graph), 1);
  EXPECT_EQ(graph.constant(graph.outputs[0].value)->GetDouble(0), static_cast<double>(1.0f / 3.0f));
}

TEST(FoldConstants, LeavesWhatDependsOnSymbols) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {"n"});
  Expr wide = b.BroadcastTo(b.Scalar(2), {"n"});
  b.Output("y", b.Mul(x, wide));
  b.Output("dims", b.DimValues({"n", 3}));
  b.Output("three", b.DimValues({3}));
  Graph graph = Finish(b);
  EXPECT_EQ(*FoldConstants(graph), 1);
  EXPECT_EQ(graph.nodes.size(), 3u);
}

TEST(FoldConstants, LeavesResultsThatAreCheaperToComputeThanToStore) {
  GraphBuilder b("g");
  b.Output("wide", b.BroadcastTo(b.Scalar(2), {1000, 1000}));
  b.Output("iota", b.Iota({1000000}));
  b.Output("small", b.Iota({4}));
  Graph graph = Finish(b);
  EXPECT_EQ(*FoldConstants(graph), 1);
  EXPECT_EQ(graph.nodes.size(), 2u);
}

TEST(FoldConstants, HonoursTheLimitExceptForViews) {
  GraphBuilder b("g");
  Tensor x = Normal({4, 5}, 1, DType::kF32);
  b.Output("exp", b.Exp(b.Constant(x)));
  b.Output("transposed", b.Transpose(b.Constant(x), {1, 0}));
  b.Output("flat", b.Reshape(b.Constant(x), {20}));
  b.Output("sum", b.ReduceSum(b.Constant(x)));
  Graph graph = Finish(b);
  EXPECT_EQ(*FoldConstants(graph, 10), 3);
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.nodes[0].op, OpKind::kExp);
  const Tensor *transposed = graph.constant(graph.outputs[1].value);
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t j = 0; j < 5; ++j) EXPECT_EQ(transposed->GetDouble(j * 4 + i), x.GetDouble(i * 5 + j));
  }
}

TEST(FoldConstants, TransposesEveryElementSize) {
  for (DType dtype : {DType::kF64, DType::kF32, DType::kBF16, DType::kI8, DType::kBool}) {
    GraphBuilder b("g");
    b.Output("y", b.Transpose(b.Constant(Make(dtype, {3, 1, 2}, {1, 0, 0, 1, 1, 1})), {2, 0, 1}));
    Graph graph = Finish(b);
    EXPECT_EQ(*FoldConstants(graph), 1);
    EXPECT_EQ(Doubles(*graph.constant(graph.outputs[0].value)), (std::vector<double>{1, 0, 1, 0, 1, 1}))
        << std::string(Name(dtype));
  }
}

TEST(FoldConstants, AReshapeSharesItsData) {
  GraphBuilder b("g");
  Tensor x = Normal({4, 5}, 1, DType::kF32);
  b.Output("y", b.Reshape(b.Constant(x), {20}));
  Graph graph = Finish(b);
  EXPECT_EQ(*FoldConstants(graph), 1);
  EXPECT_EQ(graph.constant(graph.outputs[0].value)->data(), x.data());
}

TEST(FoldConstants, AnErrorNamesTheNodeAndLeavesTheGraph) {
  GraphBuilder b("g");
  b.Output("y", b.Gather(b.Constant(F32({1, 2})), b.Constant(Tensor::ScalarI64(0)), 0));
  Graph graph = Finish(b);
  graph.constants[0] = Tensor::F32({2, 1}, {1, 2});  // not of the type that the graph says
  ExpectError(FoldConstants(graph).status(), absl::StatusCode::kInvalidArgument, "node 'gather'");
  EXPECT_EQ(graph.nodes.size(), 1u);
}

}  // namespace
}  // namespace ingot
