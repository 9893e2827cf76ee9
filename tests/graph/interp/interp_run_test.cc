// Solving symbols from input shapes, checking inputs, memory limits, and evaluating whole graphs and single nodes.
#include "tests/graph/interp/interp_test_util.h"

namespace ingot {
namespace {

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
using SymbolMap = std::map<std::string, int64_t>;

Graph TwoInputs() {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {"batch", "seq", 2});
  Expr past = b.Input("past", DType::kF32, {"batch", "seq + 1", 2});
  b.Bound("seq", {1, 8});
  b.Output("y", b.Concat({x, past}, 1));
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *graph;
}

TEST(SolveSymbols, ReadsThemFromTheShapes) {
  absl::StatusOr<SymbolMap> symbols = SolveSymbols(TwoInputs(), {{3, 5, 2}, {3, 6, 2}});
  ASSERT_TRUE(symbols.ok()) << symbols.status();
  EXPECT_EQ(*symbols, (SymbolMap{{"batch", 3}, {"seq", 5}}));
}

TEST(SolveSymbols, ErrorsNameInputDimExpectedAndGot) {
  Graph graph = TwoInputs();
  ExpectError(SolveSymbols(graph, {{3, 5, 2}}).status(), kInvalid, "takes 2 inputs, got 1");
  ExpectError(SolveSymbols(graph, {{3, 5}, {3, 6, 2}}).status(), kInvalid,
              "input 'x': expected f32[batch, seq, 2], got the shape [3, 5]");
  ExpectError(SolveSymbols(graph, {{3, 5, 4}, {3, 6, 2}}).status(), kInvalid, "input 'x' dim 2: expected 2, got 4");
  ExpectError(SolveSymbols(graph, {{3, 5, 2}, {4, 6, 2}}).status(), kInvalid,
              "input 'past' dim 0: expected batch = 3 (batch = 3 from input 'x'), got 4");
  ExpectError(SolveSymbols(graph, {{3, 5, 2}, {3, 5, 2}}).status(), kInvalid,
              "input 'past' dim 1: expected seq + 1 = 6 (seq = 5 from input 'x'), got 5");
  ExpectError(SolveSymbols(graph, {{3, 9, 2}, {3, 10, 2}}).status(), kInvalid,
              "input 'x' dim 1: expected seq from 1 to 8, got 9");
  ExpectError(SolveSymbols(graph, {{3, 0, 2}, {3, 1, 2}}).status(), kInvalid, "expected seq from 1 to 8, got 0");
  ExpectError(SolveSymbols(graph, {{-3, 5, 2}, {3, 6, 2}}).status(), kInvalid, "input 'x': expected");
  ExpectError(SolveSymbols(graph, {{INT64_MAX, 5, 2}, {3, 6, 2}}).status(), kInvalid, "input 'x': expected");
}

TEST(SolveSymbols, ASymbolThatNoInputFixesIsAnError) {
  Graph graph = TwoInputs();
  graph.symbols["lost"] = {};
  ExpectError(SolveSymbols(graph, {{3, 5, 2}, {3, 6, 2}}).status(), kInvalid, "symbol 'lost'");
}

TEST(Interpret, RefusesTheWrongDType) {
  ExpectError(Interpret(TwoInputs(), {Normal({1, 1, 2}, 1), Normal({1, 2, 2}, 1)}).status(), kInvalid,
              "input 'x': expected dtype f32, got f64");
}

TEST(Interpret, RunsAPerceptron) {
  GraphBuilder b("mlp");
  Expr x = b.Input("x", DType::kF32, {"batch", 2});
  Expr h =
      b.Relu(b.Add(b.MatMul(x, b.Constant(Make(DType::kF32, {2, 2}, {1, -1, 2, 0.5}))), b.Constant(F32({0.5, -0.5}))));
  b.Output("h", h);
  b.Output("sum", b.ReduceSum(h, {1}, true));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  absl::StatusOr<std::vector<Tensor>> outputs = Interpret(*graph, {Make(DType::kF32, {2, 2}, {1, 2, -3, 1})});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ(Doubles((*outputs)[0]), (std::vector<double>{5.5, 0, 0, 3}));
  EXPECT_EQ(Doubles((*outputs)[1]), (std::vector<double>{5.5, 3}));
  EXPECT_EQ((*outputs)[0].dtype(), DType::kF32);
}

TEST(Interpret, OutputsMayBeInputsConstantsOrRepeated) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kI32, {2});
  b.Output("same", x);
  b.Output("again", x);
  b.Output("constant", b.Constant(Tensor::ScalarF32(2.5f)));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  absl::StatusOr<std::vector<Tensor>> outputs = Interpret(*graph, {Vec(DType::kI32, {4, -5})});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ(Integers((*outputs)[0]), (std::vector<int64_t>{4, -5}));
  EXPECT_EQ(Integers((*outputs)[1]), (std::vector<int64_t>{4, -5}));
  EXPECT_EQ((*outputs)[2].GetDouble(0), 2.5);
}

TEST(Interpret, MemoryIsFreedAfterTheLastUseAndLimited) {
  GraphBuilder b("chain");
  Expr x = b.Input("x", DType::kF32, {1000});
  for (int i = 0; i < 20; ++i) x = b.Neg(x);
  b.Output("y", x);
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  Tensor input = Normal({1000}, 1, DType::kF32);
  InterpreterOptions two, one;
  two.max_bytes = 2 * 8000;
  one.max_bytes = 2 * 8000 - 1;
  EXPECT_TRUE(Interpret(*graph, {input}, two).ok());
  absl::Status status = Interpret(*graph, {input}, one).status();
  ExpectError(status, absl::StatusCode::kResourceExhausted, "node 'neg' (neg, interp_run_test.cc:");
  ExpectError(status, absl::StatusCode::kResourceExhausted, "raise max_bytes");
}

TEST(Interpret, ImpossibleSizesAreErrorsNotAllocations) {
  GraphBuilder b("huge");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Output("y", b.BroadcastTo(x, {"n * n * n * n", "n"}));
  b.Output("z", b.Iota({"n - 3"}));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_FALSE(Interpret(*graph, {Normal({100000}, 1, DType::kF32)}).ok());
  ExpectError(Interpret(*graph, {F32({1})}).status(), kInvalid,
              "no size may be negative, but 0 is larger than 'n - 3' = -2");
}

TEST(EvaluateNode, ComputesOneNodeInNativePrecision) {
  GraphBuilder b("one");
  Expr x = b.Input("x", DType::kF16, {"n"});
  b.Output("y", b.Add(x, x));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Node &node = graph->nodes[0];
  Tensor x3 = Make(DType::kF16, {3}, {1, 65504, 0.5});
  absl::StatusOr<std::vector<Tensor>> sum = EvaluateNode(*graph, node, {&x3, &x3}, {{"n", 3}});
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_EQ(Doubles((*sum)[0]), (std::vector<double>{2, kInf, 1}));
  ExpectError(EvaluateNode(*graph, node, {&x3, &x3}, {{"n", 3}}, 2).status(), absl::StatusCode::kResourceExhausted,
              "node 'add'");
  ExpectError(EvaluateNode(*graph, node, {&x3}, {{"n", 3}}).status(), kInvalid, "number of operands");
  ExpectError(EvaluateNode(*graph, node, {&x3, &x3}, {{"n", 4}}).status(), kInvalid, "the graph promises [4]");
  EXPECT_FALSE(EvaluateNode(*graph, node, {&x3, &x3}, {}).ok());
  Tensor wide = F32({1, 2, 3});
  ExpectError(EvaluateNode(*graph, node, {&wide, &x3}, {{"n", 3}}).status(), kInvalid, "operand 0: expected f16[n]");
}

}  // namespace
}  // namespace ingot
