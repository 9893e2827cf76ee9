// Hostile and broken models: one clear error each, never a crash, never memory beyond what the file backs.
#include <filesystem>
#include <fstream>
#include <random>

#include "graph/shape/facts.h"
#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;

Model Good() {
  Model m;
  m.Input("x", kFloat, {"n", 4}).Floats("w", {4, 4}).Output("y");
  m.Node("MatMul", {"x", "w"}, {"h"});
  m.Node("Relu", {"h"}, {"y"});
  return m;
}

TEST(BadInput, EmptyAndRandomBytes) {
  ExpectError(ImportOnnxBytes("", "").status(), kInvalid, {"empty"});
  ExpectError(ImportOnnxBytes("not a model at all", "").status(), kInvalid, {"not an ONNX model"});
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 200, '\0');
    for (char &c : bytes) c = static_cast<char>(random());
    EXPECT_FALSE(ImportOnnxBytes(bytes, "").ok());
  }
}

TEST(BadInput, EveryTruncationAndManyFlippedBytes) {
  std::string bytes = Good().Bytes();
  ASSERT_TRUE(ImportOnnxBytes(bytes, "").ok());
  for (size_t length = 0; length < bytes.size(); ++length) {
    auto graph = ImportOnnxBytes(bytes.substr(0, length), "");
    if (length + 20 < bytes.size()) EXPECT_FALSE(graph.ok()) << length;
  }
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = bytes;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips)
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    absl::StatusCode code = ImportOnnxBytes(damaged, "").status().code();
    EXPECT_TRUE(code == absl::StatusCode::kOk || code == kInvalid || code == kUnimplemented) << static_cast<int>(code);
  }
}

TEST(BadInput, Cycle) {
  Model m;
  m.Input("x", kFloat, {2}).Output("y");
  m.Node("Add", {"x", "b"}, {"a"}).Name("first");
  m.Node("Neg", {"a"}, {"b"}).Name("second");
  m.Node("Relu", {"b"}, {"y"}).Name("third");
  ExpectError(m.Import().status(), kInvalid, {"'first' (Add)", "cycle"});
}

TEST(BadInput, NamesThatAreMissingOrTwice) {
  Model missing = Good();
  missing.proto.mutable_graph()->mutable_node(1)->set_input(0, "nowhere");
  ExpectError(missing.Import().status(), kInvalid, {"'Relu_1' (Relu)", "'nowhere' is made by no node"});
  Model twice = Good();
  twice.proto.mutable_graph()->mutable_node(1)->add_output("h");
  ExpectError(twice.Import().status(), kInvalid, {"'h' is also the name of another value"});
  Model shadow = Good();
  shadow.proto.mutable_graph()->mutable_node(0)->set_output(0, "x");
  ExpectError(shadow.Import().status(), kInvalid, {"'x' is also the name"});
  Model tensors = Good();
  tensors.Floats("w", {1});
  ExpectError(tensors.Import().status(), kInvalid, {"two initializers are called 'w'"});
  Model inputs = Good();
  inputs.Input("x", kFloat, {1});
  ExpectError(inputs.Import().status(), kInvalid, {"two inputs are called 'x'"});
  Model output = Good();
  output.Output("elsewhere");
  ExpectError(output.Import().status(), kInvalid, {"output 'elsewhere' is made by no node"});
  Model same = Good();
  same.Output("y");
  ExpectError(same.Import().status(), kInvalid, {"two outputs are called 'y'"});
  Model none = Good();
  none.proto.mutable_graph()->clear_output();
  ExpectError(none.Import().status(), kInvalid, {"no output"});
}

TEST(BadInput, TooFewAndTooManyOperands) {
  Model few = Good();
  few.proto.mutable_graph()->mutable_node(0)->mutable_input()->RemoveLast();
  ExpectError(few.Import().status(), kInvalid, {"'MatMul_0' (MatMul): needs 2 inputs, but input 1 is missing"});
  Model many = Good();
  many.proto.mutable_graph()->mutable_node(1)->add_input("x");
  ExpectError(many.Import().status(), kInvalid, {"has 2 inputs; at most 1"});
}

TEST(BadInput, WrongTypes) {
  Model dtypes = Good();
  dtypes.Input("i", kInt64, {"n", 4}).Output("z");
  dtypes.Node("Add", {"x", "i"}, {"z"}).Name("mix");
  ExpectError(dtypes.Import().status(), kInvalid, {"'mix'", "f32", "i64", "cast"});
  Model output = Good();
  output.proto.mutable_graph()->mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(kInt32);
  ExpectError(output.Import().status(), kInvalid, {"output 'y' is declared to hold i32", "f32"});
  Model attribute = Good();
  attribute.Output("z").Node("Softmax", {"x"}, {"z"}).Float("axis", 1);
  ExpectError(attribute.Import().status(), kInvalid, {"(Softmax)", "'axis' is not an integer"});
  Model shapes = Good();
  shapes.Floats("b", {3}).Output("z");
  shapes.Node("Add", {"x", "b"}, {"z"});
  ExpectError(shapes.Import().status(), kInvalid, {"do not broadcast"});
}

TEST(BadInput, SizesThatNeedNotAgreeComeWithARemedy) {
  Model m;
  m.Input("x", kFloat, {"length", 3}).Input("mask", kFloat, {"mask length", "width"}).Output("y");
  m.Node("Add", {"x", "mask"}, {"y"});
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(UnprovenFacts(*graph)->size(), 2u) << "both are checked at run time";
  EXPECT_EQ(UnprovenFacts(*m.Import({{{"mask length", Dim::Symbol("length")}, {"width", 3}}}))->size(), 0u);
  ExpectError(m.Import({{{"width", 4}}}).status(), kInvalid, {"3 against 4", "set the dim 'length'"});
}

TEST(BadInput, Opsets) {
  Model none = Good();
  none.proto.clear_opset_import();
  ExpectError(none.Import().status(), kInvalid, {"which opset"});
  ExpectError(Model(1000).Import().status(), kUnimplemented, {"opset 1000"});
  Model zero = Good();
  zero.proto.mutable_opset_import(0)->set_version(0);
  ExpectError(zero.Import().status(), kUnimplemented, {"opset 0"});
}

TEST(BadInput, AbsurdDims) {
  Model negative = Good();
  negative.proto.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(1)
      ->set_dim_value(-4);
  ExpectError(negative.Import().status(), kInvalid, {"input 'x'", "axis 1", "-4"});
  Model huge;
  huge.Input("x", kFloat, {2}).Output("y").Int64s("shape", {INT64_MAX, INT64_MAX, 4});
  huge.Node("ConstantOfShape", {"shape"}, {"y"});
  ExpectError(huge.Import().status(), kInvalid, {"impossible"});
  Model rank;
  rank.Input("x", kFloat, {1, 1, 1, 1, 1, 1, 1, 1, 1}).Output("x");
  ExpectError(rank.Import().status(), kInvalid, {"input 'x' has rank 9"});
  Model grow;
  grow.Input("x", kFloat, {2}).Output("y");
  grow.Node("Unsqueeze", {"x", "axes"}, {"y"});
  std::vector<int64_t> axes;
  for (int i = 0; i < 40; ++i) axes.push_back(i);
  grow.Int64s("axes", axes);
  ExpectError(grow.Import().status(), kUnimplemented, {"rank 41"});
  Model noshape = Good();
  noshape.proto.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  ExpectError(noshape.Import().status(), kUnimplemented, {"input 'x'", "no shape"});
}

TEST(BadInput, AttributesBeyondReason) {
  struct Case {
    const char *op;
    std::vector<int64_t> kernel, strides, pads;
  };
  for (const Case &c : {Case{"MaxPool", {INT64_MAX, 2}, {1, 1}, {0, 0, 0, 0}},
                        {"MaxPool", {2, 2}, {0, 1}, {0, 0, 0, 0}},
                        {"AveragePool", {2}, {1, 1}, {}},
                        {"MaxPool", {2, 2}, {1, 1}, {-1, 0, 0, 0}},
                        {"AveragePool", {0, 0}, {1, 1}, {0, 0, 0, 0}}}) {
    Model m;
    m.Input("x", kFloat, {1, 1, 8, 8}).Output("y");
    m.Node(c.op, {"x"}, {"y"}).Ints("kernel_shape", c.kernel).Ints("strides", c.strides).Ints("pads", c.pads);
    EXPECT_EQ(m.Import().status().code(), kInvalid) << c.op << " " << m.Import().status();
  }
  Model axis = Good();
  axis.Output("z").Node("Softmax", {"x"}, {"z"}).Int("axis", INT64_MIN);
  ExpectError(axis.Import().status(), kInvalid, {"out of range"});
  for (float depth : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -2.0f}) {
    Model hot = Good();
    hot.Input("i", kInt64, {"n"}).Floats("depth", {}, depth).Floats("off and on", {2}).Output("z");
    hot.Node("OneHot", {"i", "depth", "off and on"}, {"z"});
    ExpectError(hot.Import().status(), kInvalid, {"its depth is -1"});
  }
  Model equation = Good();
  equation.Output("z").Node("Einsum", {"x", "w"}, {"z"}).Text("equation", "ij,jk->il");
  ExpectError(equation.Import().status(), kInvalid, {"'ij,jk->il'"});
}

TEST(BadInput, FunctionsWithoutEnd) {
  Model self;
  self.Input("x", kFloat, {2}).Output("y");
  AddNode(self.Function("F", {"a"}, {"r"}), "F", {"a"}, {"r"}).Domain("local");
  self.Node("F", {"x"}, {"y"}).Domain("local");
  ExpectError(self.Import().status(), kInvalid, {"function F", "recursion"});

  // Twenty levels of two calls each: a million nodes from a few lines.
  Model fan;
  fan.Input("x", kFloat, {2}).Output("y");
  for (int level = 0; level < 20; ++level) {
    auto &function = fan.Function("F" + std::to_string(level), {"a"}, {"r"});
    std::string inner = level == 19 ? "Neg" : "F" + std::to_string(level + 1), domain = level == 19 ? "" : "local";
    AddNode(function, inner, {"a"}, {"b"}).Domain(domain);
    AddNode(function, inner, {"b"}, {"r"}).Domain(domain);
  }
  fan.Node("F0", {"x"}, {"y"}).Domain("local");
  ExpectError(fan.Import().status(), kInvalid, {"more than 200,000 nodes"});
}

TEST(BadInput, DeepGraphs) {
  Model deep;
  deep.Input("x", kFloat, {2}).Output("y");
  deep.Initializer("c", kBoolean, {}).add_int32_data(1);
  onnx::GraphProto *graph = deep.proto.mutable_graph();
  for (int i = 0; i < 200; ++i) {
    onnx::GraphProto *body = AddNode(*graph, "If", {"c"}, {i == 0 ? "y" : "y" + std::to_string(i)})
                                 .Add("then_branch", onnx::AttributeProto::GRAPH)
                                 .mutable_g();
    body->add_output()->set_name("y" + std::to_string(i + 1));
    graph = body;
  }
  AddNode(*graph, "Relu", {"x"}, {"y200"});
  ExpectError(deep.Import().status(), kInvalid, {"not an ONNX model, or it is truncated"});
}

TEST(BadInput, MissingFile) {
  ExpectError(ImportOnnx("/nonexistent/model.onnx").status(), absl::StatusCode::kNotFound, {"/nonexistent/model.onnx"});
}

// The fuzzer's corpus, also in builds without libFuzzer.
TEST(BadInput, Corpus) {
  int files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(INGOT_IMPORT_CORPUS)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), {});
    absl::StatusCode code = ImportOnnxBytes(bytes, "").status().code();
    EXPECT_TRUE(code == absl::StatusCode::kOk || code == kInvalid || code == kUnimplemented) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 8);
}

}  // namespace
}  // namespace ingot
