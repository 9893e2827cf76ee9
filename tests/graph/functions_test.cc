// Functions of a graph: building, validating, printing, saving.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingot/builder.h"
#include "ingot/graph_file.h"
#include "ingot/interpreter.h"

namespace ingot {
namespace {

using Exprs = std::vector<Expr>;
using testing::HasSubstr;

// x doubled until `turns` are done; a branch in the body.
Graph Doubles() {
  GraphBuilder b("doubles");
  Expr x = b.Input("x", DType::kF32, {"n"}), turns = b.Input("turns", DType::kI64, {});
  Exprs r = b.While(
      {b.Scalar(0, DType::kI64), turns, x},
      [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Less(v[0], v[1])}; },
      [](GraphBuilder &f, const Exprs &v) -> Exprs {
        Exprs next = f.If(
            f.Less(v[0], f.Scalar(2, DType::kI64)), {v[2]},
            [](GraphBuilder &g, const Exprs &w) -> Exprs { return {g.Add(w[0], w[0])}; },
            [](GraphBuilder &, const Exprs &w) -> Exprs { return {w[0]}; });
        return {f.Add(v[0], f.Scalar(1, DType::kI64)), v[1], next[0]};
      });
  b.Output("y", r[2]);
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

std::string Message(const absl::Status &status) { return std::string(status.message()); }

TEST(Functions, RunInTheInterpreter) {
  Graph graph = Doubles();
  for (auto [turns, factor] : {std::pair(0, 1.0), {1, 2.0}, {5, 4.0}}) {
    absl::StatusOr<std::vector<Tensor>> y = Interpret(graph, {Tensor::F32({2}, {1, 3}), Tensor::I64({}, {turns})});
    ASSERT_TRUE(y.ok()) << y.status();
    EXPECT_EQ((*y)[0].GetDouble(1), 3 * factor);
  }
}

// [n, 4] in halves when n is at least 8, else its first row doubled.
Graph Halves(const Dim &condition) {
  GraphBuilder b("halves");
  Expr x = b.Input("x", DType::kF32, {"n", 4});
  Exprs r = b.IfSize(
      condition, {x},
      [](GraphBuilder &f, const Exprs &v) -> Exprs {
        return {f.Slice(v[0], {0, 0}, {Dim::FloorDiv("n", 2), 4}, {1, 1})};
      },
      [](GraphBuilder &f, const Exprs &v) -> Exprs {
        Expr first = f.Slice(v[0], {0, 0}, {1, 4}, {1, 1});
        return {f.Add(first, first)};
      });
  b.Output("y", b.Neg(r[0]));
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

TEST(Functions, BranchesBySizesMayGiveOtherSizes) {
  Dim holds = Dim::Min(1, Dim::FloorDiv("n", 8));
  Graph graph = Halves(holds);
  EXPECT_EQ(graph.type(graph.outputs[0].value).dims[0], holds * Dim::FloorDiv("n", 2) + (1 - holds));
  for (auto [n, rows, last] : {std::tuple(9, 4, -1.0), {8, 4, -1.0}, {7, 1, -2.0}, {1, 1, -2.0}}) {
    Tensor ones = Tensor::Zeros(DType::kF32, {n, 4});
    for (int64_t i = 0; i < ones.size(); ++i) ones.SetDouble(i, 1);
    absl::StatusOr<std::vector<Tensor>> y = Interpret(graph, {ones});
    ASSERT_TRUE(y.ok()) << y.status();
    EXPECT_EQ((*y)[0].dims(), (std::vector<int64_t>{rows, 4}));
    EXPECT_EQ((*y)[0].GetDouble((*y)[0].size() - 1), last);
  }
  absl::StatusOr<Graph> read = ParseGraph(*PrintGraph(graph), "");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToString(*read), ToString(graph));
}

TEST(Functions, AConditionOnSizesIsZeroOrOne) {
  GraphBuilder b("wrong");
  Expr x = b.Input("x", DType::kF32, {"n"});
  auto same = [](GraphBuilder &, const Exprs &v) { return v; };
  b.Output("y", b.IfSize(2, {x}, same, same)[0]);
  EXPECT_THAT(Message(b.Finish().status()), HasSubstr("its condition is 2; it must be 0 or 1"));
  Graph graph = Halves(Dim::FloorDiv("n", 8));  // may be more: checked when it runs
  EXPECT_THAT(Message(Interpret(graph, {Tensor::Zeros(DType::kF32, {16, 4})}).status()),
              HasSubstr("the condition must be 0 or 1"));
}

TEST(Functions, RequireChecksSizes) {
  GraphBuilder b("even");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Output("y", b.Require(x, {Dim::Mod("n", 2)}, {0}, "halves must be of one length"));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(Interpret(*graph, {Tensor::F32({2}, {1, 2})}).ok());
  EXPECT_THAT(Message(Interpret(*graph, {Tensor::F32({3}, {1, 2, 3})}).status()),
              HasSubstr("halves must be of one length"));
  GraphBuilder never("never");
  never.Output("y", never.Require(never.Input("x", DType::kF32, {"n"}), {"n"}, {Dim("n") + 1}, "a reason"));
  EXPECT_THAT(Message(never.Finish().status()), HasSubstr("n is never n + 1: a reason"));
}

TEST(Functions, StandBeforeThoseThatNameThem) {
  Graph graph = Doubles();
  std::vector<std::string> names;
  for (const Graph &function : graph.functions) names.push_back(function.name);
  EXPECT_EQ(names, (std::vector<std::string>{"condition", "then", "else", "body"}));
  EXPECT_THAT(ToString(graph), HasSubstr("while(%constant, %turns, %x) : i64[], i64[], f32[n] condition body"));
  Graph reversed = graph;
  std::reverse(reversed.functions.begin(), reversed.functions.end());
  EXPECT_THAT(Message(Validate(reversed)), HasSubstr("function 'body': node 'if'"));
  EXPECT_THAT(Message(Validate(reversed)), HasSubstr("no function before this one is called so"));
  Graph itself = graph;
  for (Node &node : itself.functions[3].nodes) {
    if (node.op == OpKind::kIf) node.attributes["then_function"] = std::string("body");
  }
  EXPECT_THAT(Message(Validate(itself)), HasSubstr("names 'body', and no function before this one is called so"));
}

TEST(Functions, AreValidated) {
  auto error = [](const std::function<void(Graph &)> &change) {
    Graph graph = Doubles();
    change(graph);
    return Message(Validate(graph));
  };
  EXPECT_THAT(error([](Graph &g) { g.functions[1].name = "else"; }), HasSubstr("used twice"));
  EXPECT_THAT(error([](Graph &g) { g.functions[0].symbols["m"]; }), HasSubstr("they belong to the graph"));
  EXPECT_THAT(error([](Graph &g) { g.functions[1].values[0].type.dims[0] = "m"; }),
              HasSubstr("'m', which no input defines"));
  EXPECT_THAT(error([](Graph &g) { g.nodes.back().outputs.pop_back(); }), HasSubstr("has 2 outputs instead of 3"));
  EXPECT_THAT(error([](Graph &g) { g.functions[0].outputs.clear(); }), HasSubstr("has no output"));
}

TEST(Functions, MustFitWhatIsGivenToThem) {
  auto error = [](const std::function<void(GraphBuilder &, Expr)> &build) {
    GraphBuilder b("bad");
    Expr x = b.Input("x", DType::kF32, {"n"});
    build(b, x);
    return Message(b.status());
  };
  auto same = [](GraphBuilder &, const Exprs &v) { return v; };
  auto sum = [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.ReduceSum(v[0])}; };
  auto yes = [](GraphBuilder &f, const Exprs &) -> Exprs { return {f.Scalar(1, DType::kBool)}; };
  EXPECT_THAT(error([&](GraphBuilder &b, Expr x) { b.If(x, {x}, same, same); }), HasSubstr("it must be bool[]"));
  EXPECT_THAT(error([&](GraphBuilder &b, Expr x) { b.If(b.Scalar(1, DType::kBool), {x}, same, sum); }),
              HasSubstr("output 0 of the second branch is f32[] instead of f32[n]"));
  EXPECT_THAT(error([&](GraphBuilder &b, Expr x) { b.While({x}, same, same); }), HasSubstr("must give one bool[]"));
  EXPECT_THAT(error([&](GraphBuilder &b, Expr x) { b.While({x}, yes, sum); }),
              HasSubstr("output 0 of its body is f32[] instead of f32[n]"));
  EXPECT_THAT(error([&](GraphBuilder &b, Expr x) { b.Call("nothing", {x}); }), HasSubstr("names 'nothing'"));
  EXPECT_THAT(
      error([&](GraphBuilder &b, Expr x) {
        b.If(b.Scalar(1, DType::kBool), {}, [x](GraphBuilder &f, const Exprs &) -> Exprs { return {f.Neg(x)}; }, yes);
      }),
      HasSubstr("belongs to another builder"));
  EXPECT_THAT(
      error([&](GraphBuilder &b, Expr x) { b.While({x}, yes, [](GraphBuilder &, const Exprs &) { return Exprs{}; }); }),
      HasSubstr("'body' returns nothing"));
}

// Each calls the one before it twice, or once and all of them.
TEST(Functions, CannotGrowWithoutEnd) {
  auto error = [](int count, bool twice) {
    GraphBuilder b("growing");
    Expr x = b.Input("x", DType::kF32, {2});
    std::string last =
        b.Function("f", {b.type(x)}, [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Neg(v[0])}; });
    for (int i = 0; i < count; ++i) {
      last = b.Function("f", {b.type(x)}, [&](GraphBuilder &f, const Exprs &v) -> Exprs {
        Expr y = f.Call(last, {v[0]})[0];
        return {twice ? f.Call(last, {y})[0] : y};
      });
    }
    b.Output("y", b.Call(last, {x})[0]);
    return Message(b.Finish().status());
  };
  EXPECT_EQ(error(15, true), "");
  EXPECT_THAT(error(40, true), HasSubstr("its functions run functions, more than"));
  EXPECT_EQ(error(60, false), "");
  EXPECT_THAT(error(100, false), HasSubstr("more than 64 deep"));
}

TEST(Functions, GiveInvalidValuesAfterAnError) {
  GraphBuilder b("late");
  Expr x = b.Input("x", DType::kF32, {2}), bad = b.Add(x, b.Input("y", DType::kF32, {3}));
  auto two = [](GraphBuilder &f, const Exprs &v) -> Exprs { return {v[0], f.Neg(v[0])}; };
  EXPECT_EQ(b.If(b.Scalar(1, DType::kBool), {bad}, two, two).size(), 2u);
  EXPECT_EQ(b.Call(b.Function("f", {b.type(x)}, two), {bad}).size(), 2u);
  EXPECT_EQ(b.While({bad, x}, two, two).size(), 2u);
  EXPECT_THAT(Message(b.Finish().status()), HasSubstr("do not broadcast"));
}

TEST(Functions, ThoseThatNoNodeNamesGo) {
  GraphBuilder b("dead");
  Expr x = b.Input("x", DType::kF32, {"n"});
  auto same = [](GraphBuilder &, const Exprs &v) { return v; };
  std::string used = b.Function("f", {b.type(x)}, same);
  EXPECT_EQ(b.Function("f", {b.type(x)}, same), "f_1");
  b.Output("y", b.Call(used, {x})[0]);
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->functions.size(), 1u);
  EXPECT_EQ(graph->functions[0].name, "f");
}

// A file of format version 2, which stays loadable.
TEST(Functions, OfAGoldenFile) {
  absl::StatusOr<Graph> read = LoadGraph(std::string(INGOT_TESTS_GRAPH) + "/golden/functions_v2.ingot.txt");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToString(*read), ToString(Doubles()));
}

TEST(Functions, AreSaved) {
  Graph graph = Doubles();
  std::string directory = testing::TempDir();
  for (const char *name : {"functions.ingot", "functions.ingot.txt"}) {
    std::string path = directory + "/" + name;
    ASSERT_TRUE(SaveGraph(graph, path).ok());
    absl::StatusOr<Graph> read = LoadGraph(path);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(ToString(*read), ToString(graph));
  }
}

}  // namespace
}  // namespace ingot
