// Validation of graphs put together by hand, as a faulty loader or pass might leave them; dead nodes.
#include "ingot/graph.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingot/builder.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

// y = relu(x + c), out = softmax(y)
Graph Small() {
  GraphBuilder b("small");
  Expr x = b.Input("x", DType::kF32, {"n", 4});
  b.Output("out", b.Softmax(b.Relu(b.Add(x, b.Constant(Tensor::F32({4}, {1, 2, 3, 4}), "c")))));
  return b.Finish().value();
}

// The message after `change`, which must be InvalidArgument.
template <typename Change>
std::string ErrorAfter(const Change &change) {
  Graph graph = Small();
  change(graph);
  absl::Status status = Validate(graph);
  if (status.ok()) return "accepted";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

ValueId Find(const Graph &graph, const std::string &name) {
  for (size_t i = 0; i < graph.values.size(); ++i) {
    if (graph.values[i].name == name) return static_cast<ValueId>(i);
  }
  ADD_FAILURE() << "no value " << name;
  return kNoValue;
}

TEST(ValidateTest, AcceptsWhatTheBuilderMade) { EXPECT_TRUE(Validate(Small()).ok()) << Validate(Small()).message(); }

TEST(ValidateTest, Names) {
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.values[1].name = "x"; }),
              HasSubstr("the value name 'x' is empty or used twice"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.values[1].name = ""; }),
              HasSubstr("the value name '' is empty or used twice"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.outputs.push_back(g.outputs[0]); }),
              HasSubstr("the output name 'out' is empty or used twice"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.outputs[0].name = ""; }), HasSubstr("the output name '' is empty"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.symbols["2n"] = {}; }), HasSubstr("'2n' is not a symbol name"));
}

TEST(ValidateTest, Types) {
  auto with_input = [](TensorType type) {
    return ErrorAfter([&](Graph &g) { g.values[static_cast<size_t>(g.inputs[0])].type = type; });
  };
  EXPECT_THAT(with_input({DType::kInvalid, {4}}),
              HasSubstr("value 'x' has no valid type (dtype invalid, rank 1, at most 8)"));
  EXPECT_THAT(with_input({DType::kF32, Dims(9, 1)}), HasSubstr("rank 9"));
  EXPECT_THAT(with_input({DType::kF32, {"n", -4}}), HasSubstr("value 'x' has the impossible type f32[n, -4]"));
  EXPECT_THAT(with_input({DType::kF32, {"n", INT64_C(1) << 40, INT64_C(1) << 40}}), HasSubstr("impossible type"));
  EXPECT_THAT(with_input({DType::kF32, {"n", 0, INT64_C(1) << 47}}), HasSubstr("impossible type"));
  EXPECT_THAT(with_input({DType::kF32, {"n", Dim::FloorDiv(1, 0)}}), HasSubstr("impossible type f32[n, <undefined>]"));
  EXPECT_THAT(with_input({DType::kF32, {"n", "k"}}),
              HasSubstr("value 'x' uses the symbol 'k', which no input defines"));
  EXPECT_THAT(with_input({DType::kF32, {"n", 5}}), HasSubstr("node 'add' (add, graph_test.cc:"));
  EXPECT_THAT(with_input({DType::kF64, {"n", 4}}), HasSubstr("operands have dtypes f64 and f32; cast one of them"));
}

TEST(ValidateTest, Constants) {
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.values[static_cast<size_t>(Find(g, "c"))].constant = 7; }),
              HasSubstr("value 'c' names a constant that does not exist"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.constants[0] = Tensor::F32({5}, {1, 2, 3, 4, 5}); }),
              HasSubstr("constant 'c' differs from its declared type"));
}

TEST(ValidateTest, Order) {
  EXPECT_THAT(ErrorAfter([](Graph &g) { std::swap(g.nodes[0], g.nodes[1]); }),
              HasSubstr("uses 'add.out' before it is computed; nodes must stand in topological order, without cycles"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.nodes[0].inputs[0] = g.nodes[2].outputs[0]; }),
              HasSubstr("uses 'softmax.out' before it is computed"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.nodes[0].inputs[0] = 99; }), HasSubstr("uses a value before it is computed"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.nodes[0].inputs[0] = kNoValue; }),
              HasSubstr("uses a value before it is computed"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.nodes[1].outputs = g.nodes[0].outputs; }),
              HasSubstr("must define a new value as output 0"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.nodes[1].outputs = {Find(g, "c")}; }),
              HasSubstr("must define a new value as output 0"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.nodes[1].outputs = {}; }), HasSubstr("has 0 outputs instead of 1"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.inputs.push_back(Find(g, "c")); }),
              HasSubstr("an input is not a free value"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.inputs.push_back(Find(g, "relu.out")); }),
              HasSubstr("an input is not a free value"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.inputs.push_back(99); }), HasSubstr("an input is not a free value"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.nodes.pop_back(); }), HasSubstr("output 'out' is never computed"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.outputs[0].value = 99; }), HasSubstr("output 'out' is never computed"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.outputs.clear(); }), HasSubstr("graph 'small' has no output"));
}

TEST(ValidateTest, Nodes) {
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.values[static_cast<size_t>(g.nodes[1].outputs[0])].type.dims[1] = 9; }),
              HasSubstr("yields f32[n, 4], but is declared as f32[n, 9]"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.nodes[2].attributes.clear(); }),
              HasSubstr("has attributes that are not complete"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.nodes[2].attributes["axis"] = int64_t{-1}; }),
              HasSubstr("has attributes that are not complete"));
  EXPECT_THAT(ErrorAfter([](Graph &g) { g.nodes[2].attributes["axis"] = int64_t{5}; }),
              HasSubstr("axis 5 is out of range for rank 2"));
}

TEST(ValidateTest, AnAttributeMayBeNaN) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  GraphBuilder b("nan");
  Expr x = b.Input("x", DType::kF32, {"n", 4});
  b.Output("y", b.LayerNorm(x, b.Scalar(1), b.Scalar(0), -1, nan));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  graph->nodes.back().attributes.erase("epsilon");
  EXPECT_THAT(std::string(Validate(*graph).message()), HasSubstr("has attributes that are not complete"));
}

TEST(ValidateTest, SymbolsOfAttributes) {
  GraphBuilder b("attributes");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Output("out", x);
  b.Output("shape", b.DimValues({"2 * n", "k"}));
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_THAT(std::string(graph.status().message()),
              HasSubstr("attribute 'values' uses the symbol 'k', which no input defines"));
}

TEST(RemoveDeadNodesTest, KeepsInputsAndRenumbers) {
  Graph graph = Small();
  graph.outputs[0].value = Find(graph, "add.out");
  RemoveDeadNodes(graph);
  EXPECT_EQ(ToString(graph),
            "graph small\n"
            "  input %x : f32[n, 4]\n"
            "  constant %c : f32[4]\n"
            "  %add.out = add(%x, %c) : f32[n, 4]\n"
            "  output out = %add.out\n");
  EXPECT_TRUE(Validate(graph).ok()) << Validate(graph).message();
  graph.outputs[0].value = graph.inputs[0];
  RemoveDeadNodes(graph);
  EXPECT_TRUE(graph.nodes.empty() && graph.constants.empty());
  EXPECT_EQ(graph.values.size(), 1u);
  EXPECT_TRUE(Validate(graph).ok()) << Validate(graph).message();
}

}  // namespace
}  // namespace ingot
