// Sequences and optional values, which the program does not have: what is left of them, and what is refused. Values
// against ONNX Runtime: tests/e2e/data_sizes.py.
#include "ingot/interpreter.h"
#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

onnx::GraphProto &Body(NodeBuilder node, const char *attribute) {
  return *node.Add(attribute, onnx::AttributeProto::GRAPH).mutable_g();
}

std::map<std::string, std::vector<double>> Results(const Model &m, const std::vector<Tensor> &inputs) {
  absl::StatusOr<Graph> graph = m.Import();
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return {};
  absl::StatusOr<std::vector<Tensor>> outputs = Interpret(*graph, inputs);
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  std::map<std::string, std::vector<double>> values;
  for (size_t i = 0; outputs.ok() && i < outputs->size(); ++i) {
    std::vector<double> &list = values[graph->outputs[i].name];
    for (int64_t e = 0; e < (*outputs)[i].size(); ++e) list.push_back((*outputs)[i].GetDouble(e));
  }
  return values;
}

using Values = std::map<std::string, std::vector<double>>;

Tensor X() { return Tensor::F32({2, 3}, {1, 2, 3, 4, 5, 6}); }

// s is the three columns of x, [2, 3].
Model Columns() {
  Model m(17);
  m.Input("x", kFloat, {2, 3}).Int64("zero", 0).Int64("one", 1).Int64("last", -1).Int64("three", 3);
  m.Node("SplitToSequence", {"x"}, {"s"}).Int("axis", 1).Int("keepdims", 0);
  return m;
}

TEST(ImportSequence, ElementsAreTakenAddedAndErased) {
  Model m = Columns();
  for (const char *output : {"first", "end", "length", "joined", "stacked"}) m.Output(output);
  m.Node("SequenceAt", {"s", "zero"}, {"first"});
  m.Node("SequenceErase", {"s", "one"}, {"t"});              // 0 2
  m.Node("SequenceInsert", {"t", "first"}, {"u"});           // 0 2 0
  m.Node("SequenceInsert", {"u", "first", "three"}, {"v"});  // 0 2 0 0
  m.Node("SequenceErase", {"v"}, {"w"});                     // 0 2 0
  m.Node("SequenceAt", {"s", "one"}, {"middle"});
  m.Node("SequenceInsert", {"w", "middle", "last"}, {"r"});  // 0 2 1 0
  m.Node("SequenceAt", {"r", "last"}, {"end"});
  m.Node("SequenceLength", {"r"}, {"length"});
  m.Node("ConcatFromSequence", {"r"}, {"joined"}).Int("axis", 0);
  m.Node("ConcatFromSequence", {"r"}, {"stacked"}).Int("axis", -1).Int("new_axis", 1);
  EXPECT_EQ(Results(m, {X()}), (Values{{"first", {1, 4}},
                                       {"end", {1, 4}},
                                       {"length", {4}},
                                       {"joined", {1, 4, 3, 6, 2, 5, 1, 4}},
                                       {"stacked", {1, 3, 2, 1, 4, 6, 5, 4}}}));
}

TEST(ImportSequence, SizesInASequenceStayKnown) {
  Model m(17);
  m.Input("x", kFloat, {"n", 6}).Int64("two", 2).Int64("rest", -1).Output("y");
  m.Node("Shape", {"x"}, {"shape"});
  m.Node("SplitToSequence", {"shape"}, {"sizes"}).Int("keepdims", 0);
  m.Int64("zero", 0).Node("SequenceAt", {"sizes", "zero"}, {"rows"});
  m.Node("SequenceConstruct", {"rows", "two", "rest"}, {"list"});
  m.Node("ConcatFromSequence", {"list"}, {"to"}).Int("axis", 0).Int("new_axis", 1);
  m.Node("Reshape", {"x", "to"}, {"y"});
  absl::StatusOr<Graph> graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OutputType(*graph, "y"), "f32[n, 2, 3]");
}

TEST(ImportSequence, PartsOfGivenSizes) {
  Model m(17);
  m.Input("x", kFloat, {2, 3}).Input("sizes", kInt64, {2}).Int64("two", 2).Output("a").Output("b").Output("c");
  m.Int64("one", 1);
  m.Node("SplitToSequence", {"x", "two"}, {"s"}).Int("axis", 1);
  m.Node("SequenceAt", {"s", "one"}, {"a"});
  m.Node("SplitToSequence", {"x", "sizes"}, {"t"}).Int("axis", 1);
  m.Node("SequenceAt", {"t", "one"}, {"b"});
  m.Node("SequenceLength", {"t"}, {"c"});
  EXPECT_EQ(Results(m, {X(), Tensor::I64({2}, {0, 3})}),
            (Values{{"a", {3, 6}}, {"b", {1, 2, 3, 4, 5, 6}}, {"c", {2}}}));
  EXPECT_FALSE(Interpret(m.Import().value(), {X(), Tensor::I64({2}, {1, 3})}).ok());
}

TEST(ImportSequence, AnOutputIsAsManyAsItHasElements) {
  Model m = Columns();
  m.Output("s").Node("SequenceErase", {"s"}, {"t"});
  EXPECT_EQ(Results(m, {X()}), (Values{{"s_0", {1, 4}}, {"s_1", {2, 5}}, {"s_2", {3, 6}}}));
}

TEST(ImportSequence, MapRunsItsBodyForEveryElement) {
  Model m = Columns();
  m.Output("sums").Input("y", kFloat, {2});
  onnx::GraphProto &body = Body(m.Node("SequenceMap", {"s", "y", "s"}, {"sums"}), "body");
  for (const char *name : {"a", "b", "c"}) body.add_input()->set_name(name);
  AddNode(body, "Mul", {"a", "b"}, {"ab"});
  AddNode(body, "Add", {"ab", "c"}, {"sum"});
  body.add_output()->set_name("sum");
  EXPECT_EQ(Results(m, {X(), Tensor::F32({2}, {10, 100})}),
            (Values{{"sums_0", {11, 404}}, {"sums_1", {22, 505}}, {"sums_2", {33, 606}}}));
}

// Adds to a sequence in every turn, and keeps a row.
Model Loop(const char *trips) {
  Model m = Columns();
  m.Input("data", kInt64, {}).Output("joined").Output("rows").Node("SequenceEmpty", {}, {"none"});
  onnx::GraphProto &body = Body(m.Node("Loop", {trips, "", "none"}, {"list", "rows"}), "body");
  for (const char *name : {"i", "go", "list_in"}) body.add_input()->set_name(name);
  AddNode(body, "SequenceAt", {"s", "i"}, {"element"});
  AddNode(body, "SequenceInsert", {"list_in", "element", "zero"}, {"list_out"});
  AddNode(body, "Neg", {"element"}, {"row"});
  for (const char *name : {"go", "list_out", "row"}) body.add_output()->set_name(name);
  m.Node("ConcatFromSequence", {"list"}, {"joined"}).Int("axis", 0);
  return m;
}

TEST(ImportSequence, LoopsThatCarryThemAreUnrolled) {
  EXPECT_EQ(Results(Loop("three"), {X(), Tensor::ScalarI64(0)}),
            (Values{{"joined", {3, 6, 2, 5, 1, 4}}, {"rows", {-1, -4, -2, -5, -3, -6}}}));
  ExpectError(Loop("data").Import().status(), absl::StatusCode::kUnimplemented,
              {"(Loop)", "its trip count (of a loop that carries sequences)", "is computed from data"});
  ExpectError(Loop("zero").Import().status(), absl::StatusCode::kUnimplemented, {"(Loop)", "it makes no turn"});
}

// One of two sequences, by a condition that is data; both branches read a sequence from outside.
Model Branches(const char *second) {
  Model m = Columns();
  m.Input("c", kBoolean, {}).Output("y").Output("z");
  NodeBuilder node = m.Node("If", {"c"}, {"t", "z"});
  onnx::GraphProto &yes = Body(node, "then_branch"), &no = Body(node, "else_branch");
  AddNode(yes, "SequenceErase", {"s", "zero"}, {"a"});
  AddNode(yes, "SequenceLength", {"a"}, {"n"});
  AddNode(no, "SequenceErase", {second, "one"}, {"b"});
  AddNode(no, "SequenceLength", {"s"}, {"k"});
  for (const char *name : {"a", "n"}) yes.add_output()->set_name(name);
  for (const char *name : {"b", "k"}) no.add_output()->set_name(name);
  m.Node("SequenceErase", {"s"}, {"shorter"});
  m.Node("ConcatFromSequence", {"t"}, {"y"}).Int("axis", 0);
  return m;
}

TEST(ImportSequence, BranchesGiveSequencesOfOneLength) {
  Tensor yes = Tensor::Copy(DType::kBool, {}, "\1"), no = Tensor::Copy(DType::kBool, {}, "\0");
  EXPECT_EQ(Results(Branches("s"), {X(), yes}), (Values{{"y", {2, 5, 3, 6}}, {"z", {2}}}));
  EXPECT_EQ(Results(Branches("s"), {X(), no}), (Values{{"y", {1, 4, 3, 6}}, {"z", {3}}}));
  ExpectError(Branches("shorter").Import().status(), absl::StatusCode::kUnimplemented,
              {"(If)", "its branches give sequences of other lengths"});
}

TEST(ImportSequence, ABranchThatGivesNothingIsNamed) {
  Model m = Columns();
  m.Input("c", kBoolean, {}).Output("y");
  NodeBuilder node = m.Node("If", {"c"}, {"y"});
  onnx::GraphProto &yes = Body(node, "then_branch"), &no = Body(node, "else_branch");
  AddNode(yes, "Optional", {}, {"a"});
  AddNode(no, "Optional", {"x"}, {"b"});
  yes.add_output()->set_name("a");
  no.add_output()->set_name("b");
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented,
              {"(If)", "its output 'a' may be an optional value without an element"});
}

TEST(ImportSequence, AnOptionalValueIsTheValueOrNothing) {
  Model m = Columns();
  m.Output("has").Output("has_not").Output("y");
  m.Node("Optional", {"s"}, {"some"});
  m.Node("Optional", {}, {"nothing"});
  m.Node("OptionalHasElement", {"some"}, {"has"});
  m.Node("OptionalHasElement", {"nothing"}, {"has_not"});
  m.Node("OptionalGetElement", {"some"}, {"t"});
  m.Node("SequenceAt", {"t", "one"}, {"y"});
  EXPECT_EQ(Results(m, {X()}), (Values{{"has", {1}}, {"has_not", {0}}, {"y", {2, 5}}}));
}

// y is what is left of the optional sequence x without its first tensor; `given` says how many there are.
absl::StatusOr<Graph> WithInput(std::optional<Dim> given) {
  Model m(17);
  auto &input = *m.proto.mutable_graph()->add_input();
  input.set_name("x");
  auto &element = *input.mutable_type()->mutable_optional_type()->mutable_elem_type()->mutable_sequence_type();
  auto &tensor = *element.mutable_elem_type()->mutable_tensor_type();
  tensor.set_elem_type(kFloat);
  tensor.mutable_shape()->add_dim()->set_dim_param("N");
  m.Int64("zero", 0).Output("y").Node("OptionalGetElement", {"x"}, {"s"});
  m.Node("SequenceErase", {"s", "zero"}, {"y"});
  ImportOptions options;
  if (given) options.dims["x"] = *given;
  return m.Import(options);
}

TEST(ImportSequence, AnInputIsAsManyAsTheCallerSays) {
  absl::StatusOr<Graph> graph = WithInput(3);
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->inputs.size(), 3u);
  EXPECT_EQ(graph->value(graph->inputs[2]).name, "x_2");
  EXPECT_EQ(OutputType(*graph, "y_0"), "f32[x_1_dim0]") << "tensors of a sequence have sizes of their own";
  EXPECT_EQ(OutputType(*graph, "y_1"), "f32[x_2_dim0]");
  ExpectError(WithInput(std::nullopt).status(), absl::StatusCode::kUnimplemented,
              {"input 'x'", "it is a sequence; say how many tensors it has, by its name (--bind x=3"});
  ExpectError(WithInput(4097).status(), absl::StatusCode::kInvalidArgument,
              {"the sequence 'x' cannot have 4097 tensors; 0 to 4096 are supported"});
  ExpectError(WithInput(Dim("n")).status(), absl::StatusCode::kInvalidArgument, {"cannot have n tensors"});
  ExpectError(WithInput(0).status(), absl::StatusCode::kInvalidArgument, {"erases an element of an empty sequence"});
}

TEST(ImportSequence, ManyLongOnesAreTooMuchWork) {
  Model m(17);
  m.Input("x", kFloat, {4096}).Output("y").Node("SplitToSequence", {"x"}, {"s0"});
  for (int i = 0; i < 60; ++i) {
    std::string from = "s" + std::to_string(i), to = "s" + std::to_string(i + 1), joined = "j" + std::to_string(i);
    m.Node("ConcatFromSequence", {from}, {joined}).Int("axis", 0);
    m.Node("SplitToSequence", {joined}, {to});
  }
  m.Node("ConcatFromSequence", {"s60"}, {"y"}).Int("axis", 0);
  ExpectError(m.Import().status(), absl::StatusCode::kInvalidArgument,
              {"the model's functions and loops expand to more than 200,000 nodes"});
}

struct WrongCase {
  const char *name;
  std::function<void(Model &)> build;  // makes `y` of s, three tensors, and x
  absl::StatusCode code;
  const char *error;
};

class WrongSequences : public ::testing::TestWithParam<WrongCase> {};

TEST_P(WrongSequences, AreRefusedWithTheReason) {
  Model m = Columns();
  m.Input("data", kInt64, {}).Input("d", kFloat, {"n", 3}).Output("y");
  GetParam().build(m);
  ExpectError(m.Import().status(), GetParam().code, {GetParam().error});
}

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument,
                           kUnsupported = absl::StatusCode::kUnimplemented;

INSTANTIATE_TEST_SUITE_P(
    All, WrongSequences,
    ::testing::Values(
        WrongCase{"AtRange", [](Model &m) { m.Node("SequenceAt", {"s", "three"}, {"y"}); }, kInvalid,
                  "its position is 3; a sequence of 3 allows -3 to 2"},
        WrongCase{"InsertRange", [](Model &m) { m.Int64("four", 4).Node("SequenceInsert", {"s", "x", "four"}, {"y"}); },
                  kInvalid, "its position is 4; a sequence of 3 allows -3 to 3"},
        WrongCase{"AtNone",
                  [](Model &m) { m.Node("SequenceEmpty", {}, {"e"}), m.Node("SequenceAt", {"e", "zero"}, {"y"}); },
                  kInvalid, "its position is 0; a sequence of 0 allows 0 to -1"},
        WrongCase{"AtData", [](Model &m) { m.Node("SequenceAt", {"s", "data"}, {"y"}); }, kUnsupported,
                  "its position ('data') is computed from data"},
        WrongCase{"AtTensor", [](Model &m) { m.Node("SequenceAt", {"x", "one"}, {"y"}); }, kInvalid,
                  "input 0 is not a sequence"},
        WrongCase{"TensorWanted", [](Model &m) { m.Node("Abs", {"s"}, {"y"}); }, kInvalid,
                  "its input 's' is a sequence; it must be a tensor"},
        WrongCase{"Nested", [](Model &m) { m.Node("SequenceConstruct", {"x", "s"}, {"y"}); }, kInvalid,
                  "input 1 is not a tensor"},
        WrongCase{"EraseOfNone",
                  [](Model &m) { m.Node("SequenceEmpty", {}, {"e"}), m.Node("SequenceErase", {"e"}, {"y"}); }, kInvalid,
                  "erases an element of an empty sequence"},
        WrongCase{"ConcatOfNone",
                  [](Model &m) {
                    m.Node("SequenceEmpty", {}, {"e"}), m.Node("ConcatFromSequence", {"e"}, {"y"}).Int("axis", 0);
                  },
                  kInvalid, "joins the elements of an empty sequence"},
        WrongCase{"SplitDynamic", [](Model &m) { m.Node("SplitToSequence", {"d"}, {"y"}); }, kUnsupported,
                  "how many parts n elements have is not known; give that dim a number"},
        WrongCase{"SplitBy0", [](Model &m) { m.Node("SplitToSequence", {"x", "zero"}, {"y"}); }, kInvalid,
                  "'split' must be 1 or more"},
        WrongCase{"GetNothing",
                  [](Model &m) { m.Node("Optional", {}, {"e"}), m.Node("OptionalGetElement", {"e"}, {"y"}); }, kInvalid,
                  "its optional value has no element"},
        WrongCase{"NothingOut", [](Model &m) { m.Node("Optional", {}, {"y"}); }, kUnsupported,
                  "it is an optional value without an element, which a program cannot give"},
        WrongCase{"MapLengths",
                  [](Model &m) {
                    m.Node("SequenceErase", {"s"}, {"t"});
                    onnx::GraphProto &body = Body(m.Node("SequenceMap", {"s", "t"}, {"y"}), "body");
                    for (const char *name : {"a", "b"}) body.add_input()->set_name(name);
                    body.add_output()->set_name("a");
                  },
                  kInvalid, "its sequences have 3 and 2 elements; they must be of one length"},
        WrongCase{"OutputNames",
                  [](Model &m) { m.Output("y_0").Node("Identity", {"s"}, {"y"}), m.Node("Abs", {"x"}, {"y_0"}); },
                  kInvalid, "y_0"}),
    [](const auto &info) { return info.param.name; });

}  // namespace
}  // namespace ingot
