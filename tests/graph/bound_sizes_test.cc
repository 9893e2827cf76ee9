// Where a size that a node binds may be used, and what becomes of nodes that bind sizes nobody uses.
#include "graph/bound_sizes.h"

#include <gmock/gmock.h>

#include "ingot/builder.h"
#include "ingot/graph_file.h"
#include "ingot/interpreter.h"
#include "tests/graph/graph_testing.h"

namespace ingot {
namespace {

using Exprs = std::vector<Expr>;
using testing::HasSubstr;

// iota(k) for a k that is data.
Graph Numbers() {
  GraphBuilder b("numbers");
  Expr count = b.Input("count", DType::kI64, {});
  b.BindSizes(count, {"k"});
  b.Bound("k", {0, 10});
  b.Output("y", b.Iota({"k"}));
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *graph;
}

TEST(BoundSizes, AreUsedBehindTheirNode) {
  Graph graph = Numbers();
  ASSERT_EQ(graph.nodes.size(), 2u);
  absl::StatusOr<std::vector<Tensor>> y = Interpret(graph, {Tensor::I64({}, {3})});
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_EQ((*y)[0].dims(), std::vector<int64_t>{3});
  EXPECT_THAT(std::string(Interpret(graph, {Tensor::I64({}, {11})}).status().message()),
              HasSubstr("the size 'k' is 11, it can be 0 to 10"));
  EXPECT_THAT(std::string(Interpret(graph, {Tensor::I64({}, {-1})}).status().message()), HasSubstr("is -1"));
  std::swap(graph.nodes[0], graph.nodes[1]);
  EXPECT_THAT(std::string(Validate(graph).message()), HasSubstr("uses the size 'k' before a node binds it"));
}

TEST(BoundSizes, AreInFiles) {
  Graph graph = Numbers();
  absl::StatusOr<std::string> text = PrintGraph(graph);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, HasSubstr("format_version: 2"));
  absl::StatusOr<Graph> read = ParseGraph(*text, "");
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(graph, *read);
}

TEST(BoundSizes, AreBoundOnce) {
  GraphBuilder twice("twice");
  Expr count = twice.Input("count", DType::kI64, {});
  twice.BindSizes(count, {"k"});
  twice.BindSizes(count, {"k"});
  EXPECT_THAT(std::string(twice.status().message()), HasSubstr("the symbol 'k' has a meaning already"));
  GraphBuilder input("input");
  input.Input("x", DType::kF32, {"n"});
  input.BindSizes(input.Input("count", DType::kI64, {}), {"n"});
  EXPECT_THAT(std::string(input.status().message()), HasSubstr("the symbol 'n' has a meaning already"));
  for (Dims wrong : {Dims{}, Dims{3}, Dims{"a + 1"}, Dims{"a", "b"}}) {
    GraphBuilder b("wrong");
    b.BindSizes(b.Input("count", DType::kI64, {}), wrong);
    EXPECT_FALSE(b.status().ok()) << ToString(wrong);
  }
}

TEST(BoundSizes, StayInTheirFunction) {
  GraphBuilder b("function");
  Expr count = b.Input("count", DType::kI64, {});
  std::string f = b.Function("f", {{DType::kI64, {}}}, [](GraphBuilder &f, const Exprs &v) -> Exprs {
    f.BindSizes(v[0], {"k"});
    return {f.Iota({"k"})};
  });
  b.Output("y", b.Call(f, {count})[0]);
  EXPECT_THAT(std::string(b.Finish().status().message()), HasSubstr("uses the size 'k'"));
}

TEST(BoundSizes, AreNoInputsAndNoStates) {
  for (bool state : {false, true}) {
    Graph graph = Numbers();
    graph.values.push_back({"late", {DType::kF32, {"k"}}, -1, -1});
    ValueId id = static_cast<ValueId>(graph.values.size() - 1);
    if (state) {
      graph.states.push_back({id, id, kNoValue});
    } else {
      graph.inputs.push_back(id);
    }
    EXPECT_THAT(std::string(Validate(graph).message()),
                HasSubstr("binds the size 'k', which an input, a state or another node has"));
  }
}

TEST(BoundSizes, HaveARangeInFunctionsToo) {
  GraphBuilder b("range");
  Expr count = b.Input("count", DType::kI64, {});
  std::string f = b.Function("f", {{DType::kI64, {}}}, [](GraphBuilder &f, const Exprs &v) -> Exprs {
    Dims k = f.SizesFrom(v[0], "k");
    f.Bound("k_1", {1, 5});
    return {f.ReduceSum(f.Iota(k))};
  });
  b.Output("y", b.Call(f, {count})[0]);
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(Interpret(*graph, {Tensor::I64({}, {5})}).ok());
  EXPECT_THAT(std::string(Interpret(*graph, {Tensor::I64({}, {6})}).status().message()), HasSubstr("it can be 1 to 5"));
}

TEST(BoundSizes, ThatNobodyUsesAreRemoved) {
  GraphBuilder b("dead");
  Expr count = b.Input("count", DType::kI64, {});
  b.BindSizes(count, {"k"});
  b.Exp(b.Iota({"k"}, 0, DType::kF32));
  b.Output("y", b.Neg(count));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->nodes.size(), 1u);
  EXPECT_TRUE(graph->symbols.empty());
}

}  // namespace
}  // namespace ingot
