// If, Loop and Scan: what they become, and the numbers that the interpreter gives.
#include "ingot/interpreter.h"
#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

onnx::GraphProto &Body(NodeBuilder node, const char *attribute) {
  return *node.Add(attribute, onnx::AttributeProto::GRAPH).mutable_g();
}

std::vector<std::vector<double>> Results(const Model &m, const std::vector<Tensor> &inputs) {
  absl::StatusOr<Graph> graph = m.Import();
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return {};
  absl::StatusOr<std::vector<Tensor>> outputs = Interpret(*graph, inputs);
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  std::vector<std::vector<double>> values;
  for (size_t i = 0; outputs.ok() && i < outputs->size(); ++i) {
    values.emplace_back();
    for (int64_t e = 0; e < (*outputs)[i].size(); ++e) values.back().push_back((*outputs)[i].GetDouble(e));
  }
  return values;
}

Tensor Floats(const std::vector<double> &values) {
  Tensor tensor = Tensor::Zeros(DType::kF32, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) tensor.SetDouble(static_cast<int64_t>(i), values[i]);
  return tensor;
}
Tensor Truth(bool value) {
  Tensor tensor = Tensor::Zeros(DType::kBool, {});
  tensor.SetInt(0, value);
  return tensor;
}

Model Branches() {
  Model m;
  m.Input("c", kBoolean, {}).Input("x", kFloat, {"n"}).Output("y").Floats("two", {}, 2);
  m.Node("Neg", {"x"}, {"minus"});
  NodeBuilder node = m.Node("If", {"c"}, {"y"});
  onnx::GraphProto &yes = Body(node, "then_branch"), &no = Body(node, "else_branch");
  AddNode(yes, "Mul", {"minus", "two"}, {"p"});
  yes.add_output()->set_name("p");
  AddNode(no, "Identity", {"x"}, {"q"});
  no.add_output()->set_name("q");
  return m;
}

TEST(ImportControl, IfOnData) {
  Model m = Branches();
  EXPECT_EQ(Results(m, {Truth(true), Floats({1, 2})}), (std::vector<std::vector<double>>{{-2, -4}}));
  EXPECT_EQ(Results(m, {Truth(false), Floats({1, 2})}), (std::vector<std::vector<double>>{{1, 2}}));
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok());
  ASSERT_EQ(graph->functions.size(), 2u);
  EXPECT_EQ(graph->functions[0].constants.size(), 1u) << "what is known stays known inside";
  EXPECT_EQ(graph->nodes.back().inputs.size(), 3u) << "condition, minus and x";
}

TEST(ImportControl, BranchesOfDifferentTypesAreRefused) {
  Model m = Branches();
  onnx::GraphProto &yes = *m.proto.mutable_graph()->mutable_node(1)->mutable_attribute(0)->mutable_g();
  AddNode(yes, "ReduceSum", {"p"}, {"sum"}).Int("keepdims", 0);
  yes.mutable_output(0)->set_name("sum");
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented, {"(If)", "f32[] to f32[n]"});
}

// y = x in two columns when its length is even, else x in one: by sizes.
TEST(ImportControl, IfOnSizesGivesTheSizesOfTheBranchTaken) {
  Model m;
  m.Input("x", kFloat, {"n"})
      .Output("y")
      .Output("places")
      .Int64("two", 2)
      .Int64s("zero", {0})
      .Int64s("columns", {-1, 2});
  m.Int64s("column", {-1, 1}).Int64s("none", {0});
  m.Node("Shape", {"x"}, {"shape"});
  m.Node("Mod", {"shape", "two"}, {"rest"});
  m.Node("Equal", {"rest", "zero"}, {"even"});
  NodeBuilder node = m.Node("If", {"even"}, {"y", "places"});
  onnx::GraphProto &yes = Body(node, "then_branch"), &no = Body(node, "else_branch");
  AddNode(yes, "Reshape", {"x", "columns"}, {"p"});
  AddNode(yes, "Identity", {"shape"}, {"p_shape"});
  AddNode(no, "Reshape", {"x", "column"}, {"q"});
  AddNode(no, "Identity", {"none"}, {"q_shape"});
  for (const char *name : {"p", "p_shape"}) yes.add_output()->set_name(name);
  for (const char *name : {"q", "q_shape"}) no.add_output()->set_name(name);
  EXPECT_EQ(Results(m, {Floats({1, 2, 3, 4})}), (std::vector<std::vector<double>>{{1, 2, 3, 4}, {4}}));
  EXPECT_EQ(Results(m, {Floats({1, 2, 3})}), (std::vector<std::vector<double>>{{1, 2, 3}, {0}}));
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (auto [n, rows, columns] : {std::tuple(6, 3, 2), {5, 5, 1}, {0, 0, 2}}) {
    absl::StatusOr<std::vector<Tensor>> outputs = Interpret(*graph, {Tensor::Zeros(DType::kF32, {n})});
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    EXPECT_EQ((*outputs)[0].dims(), (std::vector<int64_t>{rows, columns}));
  }
}

// As exporters write a squeeze of an axis whose size they do not know.
TEST(ImportControl, IfOnSizesWithOtherRanksTakesFewerAxesAndChecks) {
  Model m;
  m.Input("x", kFloat, {"n", "m"}).Output("y").Int64s("one", {1}).Int64s("axes", {1});
  m.Node("Shape", {"x"}, {"shape"}).Int("start", 1);
  m.Node("Equal", {"shape", "one"}, {"is_one"});
  NodeBuilder node = m.Node("If", {"is_one"}, {"squeezed"});
  onnx::GraphProto &yes = Body(node, "then_branch"), &no = Body(node, "else_branch");
  AddNode(yes, "Squeeze", {"x", "axes"}, {"p"});
  AddNode(no, "Identity", {"x"}, {"q"});
  yes.add_output()->set_name("p");
  no.add_output()->set_name("q");
  m.Node("Neg", {"squeezed"}, {"y"});
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  absl::StatusOr<std::vector<Tensor>> outputs = Interpret(*graph, {Tensor::Zeros(DType::kF32, {3, 1})});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ((*outputs)[0].dims(), (std::vector<int64_t>{3}));
  EXPECT_FALSE(Interpret(*graph, {Tensor::Zeros(DType::kF32, {3, 2})}).ok());
}

// y by an If on whether x[n, m] has one column.
Model IfOneColumn(const std::function<void(onnx::GraphProto &yes, onnx::GraphProto &no)> &branches) {
  Model m;
  m.Input("x", kFloat, {"n", "m"}).Output("y").Int64s("one", {1}).Int64s("axes", {1}).Int64s("flat", {-1});
  m.Int64("five", 5);
  m.Node("Shape", {"x"}, {"columns"}).Int("start", 1);
  m.Node("Equal", {"columns", "one"}, {"is_one"});
  NodeBuilder node = m.Node("If", {"is_one"}, {"chosen"});
  onnx::GraphProto &yes = Body(node, "then_branch"), &no = Body(node, "else_branch");
  branches(yes, no);
  yes.add_output()->set_name("p");
  no.add_output()->set_name("q");
  return m;
}
constexpr char kOtherRanks[] = "its branches give other ranks";

// A reduction fits every size: nothing but the check refuses two columns.
TEST(ImportControl, TheBranchTakenOnTrustIsChecked) {
  Model m = IfOneColumn([](onnx::GraphProto &yes, onnx::GraphProto &no) {
    AddNode(yes, "ReduceSum", {"x", "axes"}, {"p"}).Int("keepdims", 0);
    AddNode(no, "Identity", {"x"}, {"q"});
  });
  m.Node("Neg", {"chosen"}, {"y"});
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(Interpret(*graph, {Tensor::Zeros(DType::kF32, {3, 1})}).ok());
  ExpectError(Interpret(*graph, {Tensor::Zeros(DType::kF32, {3, 2})}).status(), absl::StatusCode::kInvalidArgument,
              {kOtherRanks});
}

// What a branch gives may be known while importing, and become a size: the check must not be lost with the data.
TEST(ImportControl, AKnownResultOfTheBranchTakenOnTrustIsChecked) {
  Model m = IfOneColumn([](onnx::GraphProto &yes, onnx::GraphProto &no) {
    AddNode(yes, "Identity", {"five"}, {"p"});
    AddNode(no, "Shape", {"x"}, {"q"});
  });
  m.Node("Reshape", {"chosen", "flat"}, {"dims"});
  m.Node("ConstantOfShape", {"dims"}, {"y"});
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  absl::StatusOr<std::vector<Tensor>> outputs = Interpret(*graph, {Tensor::Zeros(DType::kF32, {3, 1})});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ((*outputs)[0].dims(), (std::vector<int64_t>{5}));
  ExpectError(Interpret(*graph, {Tensor::Zeros(DType::kF32, {3, 2})}).status(), absl::StatusCode::kInvalidArgument,
              {kOtherRanks});
}

TEST(ImportControl, BranchesOfOneElementMayHaveOtherRanks) {
  Model m;
  m.Input("c", kBoolean, {}).Input("x", kFloat, {1}).Output("y").Floats("three", {}, 3);
  NodeBuilder node = m.Node("If", {"c"}, {"y"});
  onnx::GraphProto &yes = Body(node, "then_branch"), &no = Body(node, "else_branch");
  AddNode(yes, "Identity", {"three"}, {"p"});
  AddNode(no, "Neg", {"x"}, {"q"});
  yes.add_output()->set_name("p");
  no.add_output()->set_name("q");
  EXPECT_EQ(Results(m, {Truth(true), Floats({2})}), (std::vector<std::vector<double>>{{3}}));
  EXPECT_EQ(Results(m, {Truth(false), Floats({2})}), (std::vector<std::vector<double>>{{-2}}));
}

// sum += x * i, and every turn's sum is kept; as long as i < M and sum[0] < `most`.
Model Loop(bool has_limit, bool has_condition, bool has_rows) {
  Model m;
  m.Input("x", kFloat, {"n"}).Input("most", kFloat, {}).Output("sum");
  m.Floats("zero", {}, 0).Int64("limit", 4).Int64s("first", {0});
  m.Node("Mul", {"x", "zero"}, {"start"});
  m.Initializer("go", kBoolean, {}).add_int32_data(1);
  std::vector<std::string> outputs = {"sum"};
  if (has_rows) outputs.push_back("rows");
  if (has_rows) m.Output("rows");
  NodeBuilder node = m.Node("Loop", {has_limit ? "limit" : "", has_condition ? "go" : "", "start"}, outputs);
  onnx::GraphProto &body = Body(node, "body");
  for (const char *name : {"i", "go_in", "s"}) body.add_input()->set_name(name);
  AddNode(body, "Cast", {"i"}, {"i_float"}).Int("to", kFloat);
  AddNode(body, "Mul", {"x", "i_float"}, {"scaled"});
  AddNode(body, "Add", {"s", "scaled"}, {"next"});
  if (has_condition) {
    AddNode(body, "Gather", {"next", "first"}, {"head"});
    AddNode(body, "Less", {"head", "most"}, {"go_out"});
  } else {
    AddNode(body, "Identity", {"go_in"}, {"go_out"});
  }
  AddNode(body, "Identity", {"next"}, {"row"});
  for (const char *name : {"go_out", "next", "row"}) {
    if (has_rows || std::string(name) != "row") body.add_output()->set_name(name);
  }
  return m;
}

Tensor Scalar(double value) {
  Tensor tensor = Tensor::Zeros(DType::kF32, {});
  tensor.SetDouble(0, value);
  return tensor;
}

TEST(ImportControl, LoopWithATripCountKeepsWhatEveryTurnGives) {
  EXPECT_EQ(Results(Loop(true, false, true), {Floats({1, 2}), Scalar(0)}),
            (std::vector<std::vector<double>>{{6, 12}, {0, 0, 1, 2, 3, 6, 6, 12}}));
}

TEST(ImportControl, LoopEndsByItsCondition) {
  EXPECT_EQ(Results(Loop(true, true, false), {Floats({1, 2}), Scalar(2)}), (std::vector<std::vector<double>>{{3, 6}}));
  EXPECT_EQ(Results(Loop(true, true, false), {Floats({1, 2}), Scalar(100)}),
            (std::vector<std::vector<double>>{{6, 12}}));
  EXPECT_EQ(Results(Loop(false, true, false), {Floats({1}), Scalar(100)}), (std::vector<std::vector<double>>{{105}}));
}

// A value that is a scalar until the first turn gives it its shape; the loop ends by its condition, and keeps rows.
TEST(ImportControl, LoopWhoseValueTakesItsShapeInTheFirstTurn) {
  Model m = Loop(true, true, true);
  for (auto &initializer : *m.proto.mutable_graph()->mutable_initializer()) {
    if (initializer.name() == "zero") initializer.set_name("start");
  }
  auto &nodes = *m.proto.mutable_graph()->mutable_node();
  for (int i = 0; i < nodes.size(); ++i) {
    if (nodes[i].op_type() == "Mul") nodes.DeleteSubrange(i--, 1);  // of the graph: what made `start` as large as x
  }
  EXPECT_EQ(Results(m, {Floats({1, 2}), Scalar(2)}), (std::vector<std::vector<double>>{{3, 6}, {0, 0, 1, 2, 3, 6}}));
  EXPECT_EQ(Results(m, {Floats({1}), Scalar(100)}), (std::vector<std::vector<double>>{{6}, {0, 1, 3, 6}}));
  EXPECT_EQ(Results(m, {Floats({5, 5}), Scalar(-1)}), (std::vector<std::vector<double>>{{0, 0}, {0, 0}}));
}

TEST(ImportControl, RowsThatTakeTheirShapeInTheFirstTurnAreRefused) {
  Model m;
  m.Input("x", kFloat, {"n"}).Output("last").Output("rows").Int64("three", 3).Floats("zero", {}, 0);
  NodeBuilder node = m.Node("Loop", {"three", "", "zero"}, {"last", "rows"});
  onnx::GraphProto &body = Body(node, "body");
  for (const char *name : {"i", "go", "v"}) body.add_input()->set_name(name);
  AddNode(body, "Identity", {"go"}, {"go_out"});
  AddNode(body, "Add", {"v", "x"}, {"next"});
  AddNode(body, "Identity", {"v"}, {"row"});
  for (const char *name : {"go_out", "next", "row"}) body.add_output()->set_name(name);
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented, {"(Loop)", "what its turns give, 0, changes"});
}

TEST(ImportControl, LoopKeepsTheRowsOfTheTurnsThatItMade) {
  EXPECT_EQ(Results(Loop(true, true, true), {Floats({1, 2}), Scalar(2)}),
            (std::vector<std::vector<double>>{{3, 6}, {0, 0, 1, 2, 3, 6}}));
  EXPECT_EQ(Results(Loop(true, true, true), {Floats({1}), Scalar(100)}),
            (std::vector<std::vector<double>>{{6}, {0, 1, 3, 6}}));
}

TEST(ImportControl, LoopWithATripCountThatIsData) {
  Model m = Loop(true, false, true);
  m.proto.mutable_graph()->mutable_initializer(1)->set_name("unused");
  m.Input("limit", kInt64, {});
  EXPECT_EQ(Results(m, {Floats({1, 2}), Scalar(0), Tensor::ScalarI64(2)}),
            (std::vector<std::vector<double>>{{1, 2}, {0, 0, 1, 2}}));
  EXPECT_EQ(Results(m, {Floats({1, 2}), Scalar(0), Tensor::ScalarI64(-7)}),
            (std::vector<std::vector<double>>{{0, 0}, {}}));
}

TEST(ImportControl, RowsOfASizeFoundInsideAreNotSupported) {
  Model m = Loop(true, false, true);
  onnx::GraphProto &body = *m.proto.mutable_graph()->mutable_node(1)->mutable_attribute(0)->mutable_g();
  AddNode(body, "NonZero", {"next"}, {"places"});
  body.mutable_output(2)->set_name("places");
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented,
              {"(Loop)", "every turn gives i64[1, count_1], whose size 'count_1' is found inside the body"});
}

TEST(ImportControl, LoopsThatCannotBe) {
  ExpectError(Loop(false, true, true).Import().status(), absl::StatusCode::kUnimplemented,
              {"(Loop)", "it keeps what every turn gives, which needs a trip count of up to 16777216"});
  ExpectError(Loop(false, false, false).Import().status(), absl::StatusCode::kInvalidArgument,
              {"(Loop)", "it has no end"});
  Model grows = Loop(true, false, false);
  onnx::GraphProto &body = *grows.proto.mutable_graph()->mutable_node(1)->mutable_attribute(0)->mutable_g();
  AddNode(body, "Concat", {"next", "x"}, {"longer"}).Int("axis", 0);
  body.mutable_output(1)->set_name("longer");
  absl::StatusOr<Graph> graph = grows.Import();
  ASSERT_TRUE(graph.ok()) << "n and 2n are equal where n is 0: " << graph.status();
  EXPECT_FALSE(Interpret(*graph, {Floats({1}), Scalar(0)}).ok());
  Model bad = Loop(true, false, false);
  bad.proto.mutable_graph()->mutable_node(1)->mutable_attribute(0)->mutable_g()->clear_input();
  ExpectError(bad.Import().status(), absl::StatusCode::kInvalidArgument,
              {"(Loop)", "its body has 0 inputs; it needs 3"});
}

TEST(ImportControl, ScanForwardsAndBackwards) {
  for (int64_t backwards : {0, 1}) {
    Model m;
    m.Input("start", kFloat, {}).Input("x", kFloat, {"n", "turns"}).Output("sum").Output("sums");
    NodeBuilder node = m.Node("Scan", {"start", "x"}, {"sum", "sums"});
    node.Int("num_scan_inputs", 1).Ints("scan_input_axes", {-1}).Ints("scan_input_directions", {backwards});
    node.Ints("scan_output_axes", {1});
    onnx::GraphProto &body = Body(node, "body");
    for (const char *name : {"s", "column"}) body.add_input()->set_name(name);
    AddNode(body, "ReduceSum", {"column"}, {"part"}).Int("keepdims", 0);
    AddNode(body, "Add", {"s", "part"}, {"next"});
    AddNode(body, "Mul", {"column", "next"}, {"row"});
    for (const char *name : {"next", "row"}) body.add_output()->set_name(name);
    Tensor x = Tensor::Zeros(DType::kF32, {2, 3});
    for (int64_t i = 0; i < 6; ++i) x.SetDouble(i, static_cast<double>(i));
    std::vector<std::vector<double>> expected = {{25}, {0, 18, 50, 39, 72, 125}};  // sums 13, 18, 25
    if (backwards != 0) expected = {{25}, {34, 22, 0, 85, 88, 75}};                // sums 17, 22, 25, in time's order
    EXPECT_EQ(Results(m, {Scalar(10), x}), expected);
  }
}

// Inputs of other lengths would go out of step.
TEST(ImportControl, ScannedInputsMustBeOfOneLength) {
  Model m;
  m.Input("a", kFloat, {"n"}).Input("b", kFloat, {"m"}).Output("rows");
  NodeBuilder node = m.Node("Scan", {"a", "b"}, {"rows"});
  node.Int("num_scan_inputs", 2);
  onnx::GraphProto &body = Body(node, "body");
  for (const char *name : {"x", "y"}) body.add_input()->set_name(name);
  AddNode(body, "Add", {"x", "y"}, {"row"});
  body.add_output()->set_name("row");
  EXPECT_EQ(Results(m, {Floats({1, 2}), Floats({10, 20})}), (std::vector<std::vector<double>>{{11, 22}}));
  EXPECT_FALSE(Interpret(m.Import().value(), {Floats({1, 2}), Floats({10, 20, 30})}).ok());
}

// What a branch needs of a size is not needed where the other one runs.
TEST(ImportControl, BranchesDoNotNarrowTheModel) {
  Model m = Branches();
  onnx::GraphProto &yes = *m.proto.mutable_graph()->mutable_node(1)->mutable_attribute(0)->mutable_g();
  onnx::TensorProto &starts = *yes.add_initializer(), &ends = *yes.add_initializer();
  for (auto [tensor, name, value] : {std::tuple(&starts, "starts", 3), {&ends, "ends", 4}}) {
    tensor->set_name(name);
    tensor->set_data_type(kInt64);
    tensor->add_dims(1);
    tensor->add_int64_data(value);
  }
  AddNode(yes, "Slice", {"p", "starts", "ends"}, {"fourth"});
  AddNode(yes, "Add", {"p", "fourth"}, {"sum"});
  yes.mutable_output(0)->set_name("sum");
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->symbols.at("n").min, 0);
  EXPECT_EQ(Results(m, {Truth(false), Floats({1, 2})}), (std::vector<std::vector<double>>{{1, 2}}));
}

// An unsupported node of a body is named with the others.
TEST(ImportControl, NodesOfBodiesAreNamed) {
  Model m = Loop(true, false, false);
  onnx::GraphProto &body = *m.proto.mutable_graph()->mutable_node(1)->mutable_attribute(0)->mutable_g();
  AddNode(body, "StringSplit", {"next"}, {"text"}).Name("split");
  body.mutable_output(1)->set_name("text");
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented, {"body/split' (StringSplit)"});
}

}  // namespace
}  // namespace ingot
