// The importer's frame: inputs, names, constants, outputs, functions, If, and the list of what is unsupported.
#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Import, TwoLayersBecomeTheExpectedNodes) {
  Model m;
  m.Input("x", kFloat, {"batch", 4}).Floats("w", {4, 3}).Floats("b", {3}).Output("y", kFloat);
  m.Node("MatMul", {"x", "w"}, {"h"}).Name("dense");
  m.Node("Add", {"h", "b"}, {"s"});
  m.Node("Relu", {"s"}, {"y"}).Name("act");
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OpNames(*graph), "matmul add relu");
  EXPECT_EQ(OutputType(*graph, "y"), "f32[batch, 3]");
  EXPECT_EQ(graph->nodes[0].name, "dense");
  EXPECT_EQ(graph->nodes[0].location, "onnx:dense");
  EXPECT_EQ(graph->nodes[1].name, "Add_1");
  EXPECT_EQ(graph->name, "test");
}

TEST(Import, DimTextsBecomeSymbols) {
  Model m;
  m.Input("x", kFloat, {"batch size", nullptr, "2*n", "n", "min"}).Output("x");
  m.Input("y", kFloat, {"batch_size", "n + unknown"}).Output("y");
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OutputType(*graph, "x"), "f32[batch_size_2, x_dim1, 2 * n, n, min_]");
  EXPECT_EQ(OutputType(*graph, "y"), "f32[batch_size, n___unknown]");
}

TEST(Import, DimsCanBeSet) {
  Model m;
  m.Input("x", kFloat, {"batch size", "seq", "2*seq"}).Output("x");
  auto graph = m.Import({{{"batch size", 3}, {"seq", 5}}});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OutputType(*graph, "x"), "f32[3, 5, 10]");
  graph = m.Import({{{"batch_size", Dim::Symbol("seq")}}});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OutputType(*graph, "x"), "f32[seq, seq, 2 * seq]");
  ExpectError(m.Import({{{"length", 3}}}).status(), absl::StatusCode::kInvalidArgument,
              {"no dim 'length'", "batch_size, seq"});
  ExpectError(m.Import({{{"seq", -1}}}).status(), absl::StatusCode::kInvalidArgument, {"'seq' cannot be -1"});
}

TEST(Import, InitializersListedAsInputsAreConstants) {
  Model m;
  m.Input("x", kFloat, {2}).Input("w", kFloat, {2}).Floats("w", {2}).Output("y");
  m.Node("Add", {"x", "w"}, {"y"});
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->inputs.size(), 1u);
  EXPECT_EQ(graph->constants.size(), 1u);
}

TEST(Import, OutputsMayBeInputsConstantsAndShapes) {
  Model m;
  m.Input("x", kFloat, {"n", 2})
      .Floats("w", {3})
      .Output("x")
      .Output("w")
      .Output("same")
      .Output("shape", kInt64)
      .Output("size", kInt64);
  m.Node("Identity", {"x"}, {"same"});
  m.Node("Shape", {"x"}, {"shape"});
  m.Node("Size", {"x"}, {"size"});
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OutputType(*graph, "same"), "f32[n, 2]");
  EXPECT_EQ(OutputType(*graph, "w"), "f32[3]");
  EXPECT_EQ(OutputType(*graph, "shape"), "i64[2]");
  EXPECT_EQ(OutputType(*graph, "size"), "i64[]");
  EXPECT_EQ(OutputNode(*graph, "shape").Get<Dims>("values"), (Dims{"n", 2}));
}

TEST(Import, WhatNoOutputNeedsIsNotRead) {
  Model m;
  m.Input("x", kFloat, {2}).Output("y");
  m.Initializer("broken", kFloat, {1000});
  m.Node("Relu", {"x"}, {"y"});
  m.Node("NoSuchOp", {"broken"}, {"unused"});
  EXPECT_TRUE(m.Import().ok());
}

TEST(Import, NodesOutOfOrderAreSorted) {
  Model m;
  m.Input("x", kFloat, {2}).Output("y");
  m.Node("Relu", {"h"}, {"y"});
  m.Node("Neg", {"x"}, {"h"});
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OpNames(*graph), "neg relu");
}

TEST(Import, EverythingUnsupportedIsListedAtOnce) {
  Model m;
  m.Input("x", kFloat, {2, 2}).Input("text", onnx::TensorProto::STRING, {2}).Output("y").Output("z").Output("text");
  m.Node("ImageDecoder", {"x"}, {"d"}).Name("picture");
  m.Node("Relu", {"d"}, {"y"});  // only a dependant
  m.Node("RandomNormalLike", {"x"}, {"n"}).Name("where");
  m.Node("Pad", {"x", "p"}, {"q"}).Name("reflected").Text("mode", "reflect").Int("extra", 1);
  m.Int64s("p", {1, 1, 1, 1});
  m.Node("Concat", {"n", "q"}, {"z"}).Int("axis", 0);
  auto found = FindUnsupportedInBytes(m.Bytes(), "");
  ASSERT_TRUE(found.ok()) << found.status();
  std::vector<std::string> nodes;
  for (const Unsupported &one : *found) nodes.push_back(one.node + ":" + one.op);
  EXPECT_THAT(nodes, ElementsAre("text:input", "picture:ImageDecoder", "where:RandomNormalLike", "reflected:Pad"));
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented,
              {"4 parts", "input 'text': tensors of string", "'picture' (ImageDecoder)", "'where' (RandomNormalLike)",
               "'reflected' (Pad): its attribute 'extra'"});
}

TEST(Import, AttributesThatNobodyReadsAreNotIgnored) {
  Model m;
  m.Input("x", kFloat, {2}).Output("y");
  m.Node("Relu", {"x"}, {"y"}).Int("surprise", 1);
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented, {"its attribute 'surprise' is not supported"});
}

TEST(Import, StringsAndOtherDomainsAreNamed) {
  Model m;
  m.Input("x", kFloat, {2}).Output("b").Output("c");
  m.Node("Magic", {"x"}, {"b"}).Domain("com.example");
  m.Node("TfIdfVectorizer", {"x"}, {"c"});
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented,
              {"domain 'com.example'", "(TfIdfVectorizer): strings are not supported"});
}

TEST(Import, IfWithAConstantConditionIsInlined) {
  for (bool condition : {true, false}) {
    Model m;
    m.Input("x", kFloat, {"n"}).Output("y");
    m.Initializer("c", kBoolean, {}).add_int32_data(condition);
    NodeBuilder node = m.Node("If", {"c"}, {"y"});
    for (const char *branch : {"then_branch", "else_branch"}) {
      onnx::GraphProto &body = *node.Add(branch, onnx::AttributeProto::GRAPH).mutable_g();
      AddNode(body, branch[0] == 't' ? "Neg" : "Abs", {"x"}, {std::string(branch) + "_y"});
      body.add_output()->set_name(std::string(branch) + "_y");
    }
    auto graph = m.Import();
    ASSERT_TRUE(graph.ok()) << graph.status();
    EXPECT_EQ(OpNames(*graph), condition ? "neg" : "abs");
  }
}

TEST(Functions, AreInlinedWithAttributesAndDefaults) {
  Model m;
  m.Input("x", kFloat, {2}).Output("y").Output("z");
  auto &function = m.Function("Leak", {"a", "optional"}, {"r"});
  function.add_attribute("slope");
  AddNode(function, "LeakyRelu", {"a"}, {"r"}).Reference("alpha", "slope", onnx::AttributeProto::FLOAT);
  m.Node("Leak", {"x"}, {"y"}).Domain("local").Name("call").Float("slope", 0.5);
  m.Node("Leak", {"x", ""}, {"z"}).Domain("local");  // LeakyRelu's own default
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OpNames(*graph), "less mul select less mul select");
  EXPECT_EQ(graph->nodes[0].name, "call/LeakyRelu_0");
  EXPECT_DOUBLE_EQ(graph->constant(graph->nodes[1].inputs[1])->GetDouble(0), 0.5);
  EXPECT_FLOAT_EQ(static_cast<float>(graph->constant(graph->nodes[4].inputs[1])->GetDouble(0)), 0.01f);
}

TEST(Functions, NewerDefaultAttributesAreRead) {
  Model m;
  m.Input("x", kFloat, {2}).Output("y");
  auto &function = m.Function("Leak", {"a"}, {"r"});
  onnx::AttributeProto slope;  // FunctionProto.attribute_proto, field 11, which the installed schema lacks
  slope.set_name("slope");
  slope.set_type(onnx::AttributeProto::FLOAT);
  slope.set_f(0.25f);
  function.mutable_unknown_fields()->AddLengthDelimited(11, slope.SerializeAsString());
  AddNode(function, "LeakyRelu", {"a"}, {"r"}).Reference("alpha", "slope", onnx::AttributeProto::FLOAT);
  m.Node("Leak", {"x"}, {"y"}).Domain("local");
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_DOUBLE_EQ(graph->constant(graph->nodes[1].inputs[1])->GetDouble(0), 0.25);
}

// The branch hands on an optional input, which this call leaves out.
TEST(Functions, AnIfThatReturnsAnAbsentInputIsAnError) {
  Model m;
  m.Input("x", kFloat, {2}).Output("y");
  auto &function = m.Function("Choose", {"a", "optional"}, {"r"});
  onnx::TensorProto &yes =
      *AddNode(function, "Constant", {}, {"c"}).Add("value", onnx::AttributeProto::TENSOR).mutable_t();
  yes.set_data_type(kBoolean);
  yes.add_int32_data(1);
  NodeBuilder node = AddNode(function, "If", {"c"}, {"r"});
  node.Add("then_branch", onnx::AttributeProto::GRAPH).mutable_g()->add_output()->set_name("optional");
  node.Add("else_branch", onnx::AttributeProto::GRAPH).mutable_g()->add_output()->set_name("a");
  m.Node("Choose", {"x"}, {"y"}).Domain("local").Name("call");
  ExpectError(m.Import().status(), absl::StatusCode::kInvalidArgument,
              {"node 'call/If_1' (If): the output 'optional' of its then_branch is an input that the function's caller "
               "leaves out; give that input"});
}

TEST(Functions, DoNotSeeTheCallersValues) {
  Model m;
  m.Input("x", kFloat, {2}).Output("y");
  AddNode(m.Function("Leak", {"a"}, {"r"}), "Add", {"a", "x"}, {"r"});
  m.Node("Leak", {"x"}, {"y"}).Domain("local");
  ExpectError(m.Import().status(), absl::StatusCode::kInvalidArgument, {"'x' is made by no node"});
}

}  // namespace
}  // namespace ingot
