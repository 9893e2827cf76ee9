// The builder: a perceptron in ten lines, broadcasting, names and locations, symbols, and the first error that sticks.
// The shape rules one by one are in shape_test.cc.
#include "ingot/builder.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string FinishError(GraphBuilder &b) {
  absl::StatusOr<Graph> graph = b.Finish();
  if (graph.ok()) return "accepted";
  EXPECT_EQ(graph.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(graph.status().message());
}

TEST(BuilderTest, PerceptronInTenLines) {
  GraphBuilder b("mlp");
  Expr x = b.Input("x", DType::kF32, {"batch", 784});
  Expr w1 = b.Constant(Tensor::Zeros(DType::kF32, {784, 512}), "w1"),
       b1 = b.Constant(Tensor::Zeros(DType::kF32, {512}), "b1");
  Expr w2 = b.Constant(Tensor::Zeros(DType::kF32, {512, 10}), "w2"),
       b2 = b.Constant(Tensor::Zeros(DType::kF32, {10}), "b2");
  Expr h = b.Relu(b.Add(b.MatMul(x, w1), b1));
  b.Output("probs", b.Softmax(b.Add(b.MatMul(h, w2), b2)));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_EQ(ToString(*graph),
            "graph mlp\n"
            "  input %x : f32[batch, 784]\n"
            "  constant %w1 : f32[784, 512]\n"
            "  constant %b1 : f32[512]\n"
            "  constant %w2 : f32[512, 10]\n"
            "  constant %b2 : f32[10]\n"
            "  %matmul.out = matmul(%x, %w1) : f32[batch, 512]\n"
            "  %add.out = add(%matmul.out, %b1) : f32[batch, 512]\n"
            "  %relu.out = relu(%add.out) : f32[batch, 512]\n"
            "  %matmul_1.out = matmul(%relu.out, %w2) : f32[batch, 10]\n"
            "  %add_1.out = add(%matmul_1.out, %b2) : f32[batch, 10]\n"
            "  %softmax.out = softmax(%add_1.out) : f32[batch, 10]\n"
            "  output probs = %softmax.out\n");
  EXPECT_EQ(graph->symbols.count("batch"), 1u);
  EXPECT_EQ(graph->nodes[0].location.substr(0, 16), "builder_test.cc:");
  EXPECT_EQ(graph->nodes.back().Get<int64_t>("axis"), 1) << "the default, made non-negative";
}

TEST(BuilderTest, OperandsBroadcast) {
  GraphBuilder b("broadcast");
  auto input = [&, n = 0](Dims dims) mutable {
    return b.Input("x" + std::to_string(n++), DType::kF32, std::move(dims));
  };
  auto sum = [&](Dims x, Dims y) { return b.type(b.Add(input(std::move(x)), input(std::move(y)))).ToString(); };
  EXPECT_EQ(sum({2, 3}, {2, 3}), "f32[2, 3]");
  EXPECT_EQ(sum({2, 3}, {3}), "f32[2, 3]");
  EXPECT_EQ(sum({}, {2, 3}), "f32[2, 3]");
  EXPECT_EQ(sum({2, 1}, {1, 3}), "f32[2, 3]");
  EXPECT_EQ(sum({"n", 1, 4}, {"m", 1}), "f32[n, m, 4]");
  EXPECT_EQ(sum({"n + 1"}, {"1 + n"}), "f32[n + 1]");
  EXPECT_EQ(sum({0, 3}, {1, 3}), "f32[0, 3]");
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  EXPECT_EQ(sum({"n", 4}, {"m", 4}), "f32[n, 4]") << "checked at run time";
  EXPECT_EQ(sum({"n"}, {6}), "f32[6]");
  sum({"n"}, {"n + 2"});
  EXPECT_THAT(
      std::string(b.status().message()),
      HasSubstr("shapes [n] and [n + 2] do not broadcast: n against n + 2; sizes must be equal, or one of them 1"));
}

TEST(BuilderTest, FirstErrorSticksAndNamesTheLine) {
  GraphBuilder b("wrong");
  Expr x = b.Input("x", DType::kF32, {2, 3}), y = b.Input("y", DType::kF32, {4, 5});
  int line = __LINE__ + 1;
  Expr bad = b.MatMul(x, y);
  EXPECT_EQ(bad.id, kNoValue);
  EXPECT_EQ(b.Add(bad, x).id, kNoValue) << "nothing is built after an error";
  EXPECT_EQ(b.Concat({x, bad}, 9).id, kNoValue);
  EXPECT_EQ(b.type(bad).dtype, DType::kInvalid);
  b.Output("out", bad);
  EXPECT_EQ(FinishError(b), "node 'matmul' (matmul, builder_test.cc:" + std::to_string(line) +
                                "): operands f32[2, 3] and f32[4, 5] disagree on the contracted size: 3 and 4; "
                                "transpose or reshape one of them");
}

TEST(BuilderTest, CallersMayFail) {
  GraphBuilder b("caller");
  b.Fail(absl::UnimplementedError("first"));
  b.Fail(absl::InternalError("second"));
  EXPECT_EQ(b.Finish().status(), absl::UnimplementedError("first"));
}

TEST(BuilderTest, InputsAndOutputsNeedNames) {
  {
    GraphBuilder b("twice");
    b.Input("x", DType::kF32, {1});
    b.Output("y", b.Input("x", DType::kF32, {1}));
    EXPECT_THAT(FinishError(b), MatchesRegex("builder_test.cc:[0-9]+: the input name 'x' is empty or already used"));
  }
  {
    GraphBuilder b("empty");
    b.Output("y", b.Input("", DType::kF32, {1}));
    EXPECT_THAT(FinishError(b), HasSubstr("the input name '' is empty or already used"));
  }
  {
    GraphBuilder b("outputs");
    Expr x = b.Input("x", DType::kF32, {1});
    b.Output("y", x);
    b.Output("y", x);
    EXPECT_THAT(FinishError(b), HasSubstr("two outputs are called 'y'"));
  }
  {
    GraphBuilder b("unnamed");
    b.Output("", b.Input("x", DType::kF32, {1}));
    EXPECT_THAT(FinishError(b), HasSubstr("the output name '' is empty or used twice"));
  }
  {
    GraphBuilder b("none");
    b.Input("x", DType::kF32, {1});
    EXPECT_THAT(FinishError(b), HasSubstr("graph 'none' has no output; call Output(name, value)"));
  }
  {
    GraphBuilder b("missing");
    b.Output("y", {});
    EXPECT_THAT(FinishError(b), HasSubstr("the output 'y' has no value"));
  }
}

TEST(BuilderTest, OperandsOfAnotherBuilderAreRefused) {
  GraphBuilder a("a"), b("b");
  Expr x = b.Input("x", DType::kF32, {2}), foreign = x;
  for (int i = 0; i < 5; ++i) foreign = a.Input("x" + std::to_string(i), DType::kF32, {2});
  EXPECT_EQ(b.type(foreign).dtype, DType::kInvalid);
  b.Add(x, foreign);
  EXPECT_THAT(std::string(b.status().message()),
              HasSubstr("an operand belongs to another builder; build one graph with one builder"));
}

// Also where this builder has a value of that number.
TEST(BuilderTest, ValuesOfAnotherBuilderAreRefusedWhateverTheirNumber) {
  GraphBuilder a("a");
  Expr foreign = a.Constant(Tensor::F32({2}, {1, 2}));
  {
    GraphBuilder b("b");
    Expr x = b.Constant(Tensor::F32({2}, {3, 4}));
    EXPECT_EQ(foreign.id, x.id);
    EXPECT_EQ(b.type(foreign).dtype, DType::kInvalid);
    EXPECT_EQ(b.constant(foreign), nullptr);
    b.Add(x, foreign);
    EXPECT_THAT(std::string(b.status().message()), HasSubstr("an operand belongs to another builder"));
  }
  GraphBuilder c("c");
  c.Input("x", DType::kF32, {2});
  c.Output("y", foreign);
  EXPECT_THAT(FinishError(c),
              HasSubstr("the output 'y' is a value of another builder; build one graph with one builder"));
}

TEST(BuilderTest, AMalformedDimIsRefusedWithItsText) {
  GraphBuilder b("dims");
  b.Output("y", b.Relu(b.Input("x", DType::kF32, {"n +", 4})));
  EXPECT_THAT(FinishError(b),
              MatchesRegex("builder_test.cc:[0-9]+: the input 'x' has the dim <malformed 'n .'>; give a number.*"));
}

TEST(BuilderTest, MissingOperandsAreRefused) {
  GraphBuilder b("missing");
  b.Relu({});
  EXPECT_THAT(FinishError(b), MatchesRegex("node 'relu' \\(relu, builder_test.cc:[0-9]+\\): operand 0 is missing"));
}

TEST(BuilderTest, NamesAreUniqueAndImportersMayChooseThem) {
  GraphBuilder b("names");
  Expr x = b.Input("relu", DType::kF32, {2});
  b.SetNext("/encoder/Relu", "model.onnx:Relu_3");
  Expr y = b.Relu(b.Relu(x));
  b.SetNext("", "");
  Expr z = b.Relu(y), c = b.Constant(Tensor::ScalarF32(1), "relu"), d = b.Scalar(2);
  b.Output("out", b.Add(b.Mul(z, c), d));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  std::vector<std::string> names, locations;
  for (const Node &node : graph->nodes) names.push_back(node.name);
  EXPECT_THAT(names, ElementsAre("/encoder/Relu", "/encoder/Relu_1", "relu_1", "mul", "add"));
  EXPECT_EQ(graph->nodes[0].location, "model.onnx:Relu_3");
  EXPECT_THAT(graph->nodes[2].location, MatchesRegex("builder_test.cc:[0-9]+"));
}

TEST(BuilderTest, AnErrorNamesTheImportersNode) {
  GraphBuilder b("import");
  b.SetNext("/layer.0/MatMul", "model.onnx:MatMul_7");
  b.MatMul(b.Input("x", DType::kF32, {2}), b.Input("y", DType::kF32, {2}));
  EXPECT_THAT(
      FinishError(b),
      HasSubstr("node '/layer.0/MatMul' (matmul, model.onnx:MatMul_7): operands f32[2] and f32[2] need rank 2"));
}

TEST(BuilderTest, SymbolsComeFromInputs) {
  {
    GraphBuilder b("bound");
    b.Output("y", b.Input("x", DType::kF32, {"n", "2 * n + m", "m"}));
    b.Bound("n", {1, 512});
    absl::StatusOr<Graph> graph = b.Finish();
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    EXPECT_EQ(graph->symbols.at("n").max, 512);
    EXPECT_EQ(graph->symbols.at("m").max, INT64_C(1) << 31);
  }
  {
    GraphBuilder b("hidden");
    b.Output("y", b.Input("x", DType::kF32, {"2 * n"}));
    EXPECT_THAT(FinishError(b), HasSubstr("no input has the symbol 'n' alone as a dim, and no node binds it, so its "
                                          "value cannot be found; give one input the dim \"n\""));
  }
  {
    GraphBuilder b("range");
    b.Output("y", b.Input("x", DType::kF32, {"n"}));
    b.Bound("n", {5, 4});
    EXPECT_THAT(FinishError(b), HasSubstr("symbol 'n' has the empty range [5, 4]"));
  }
  {
    GraphBuilder b("zero");
    b.Output("y", b.Input("x", DType::kF32, {"n"}));
    b.Bound("n", {0, 0});
    EXPECT_THAT(FinishError(b), HasSubstr("symbol 'n' can only be 0; use the number instead"));
  }
  {
    GraphBuilder b("typo");
    b.Output("y", b.Input("x", DType::kF32, {"n"}));
    b.Bound("m", {1, 4});
    EXPECT_THAT(FinishError(b), HasSubstr("no input has the symbol 'm' alone"));
  }
}

TEST(BuilderTest, WhatNoOutputNeedsIsDropped) {
  GraphBuilder b("dead");
  Expr x = b.Input("x", DType::kF32, {2}), unused = b.Input("unused", DType::kF32, {3});
  b.Exp(b.Add(unused, b.Scalar(1)));
  b.Output("y", b.Relu(x));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->nodes.size(), 1u);
  EXPECT_EQ(graph->constants.size(), 0u);
  EXPECT_EQ(graph->inputs.size(), 2u) << "inputs are the caller's and stay";
}

TEST(BuilderTest, InvalidTensorsAreRefused) {
  GraphBuilder b("invalid");
  b.Output("y", b.Constant(Tensor()));
  EXPECT_THAT(FinishError(b), HasSubstr("value 'constant' has no valid type"));
}

}  // namespace
}  // namespace ingot
