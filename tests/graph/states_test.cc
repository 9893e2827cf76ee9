// States of a graph: building, validating, printing, saving, and runs of the interpreter one after another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingot/builder.h"
#include "ingot/graph_file.h"
#include "ingot/interpreter.h"
#include "tests/graph/decoder_testing.h"

namespace ingot {
namespace {

using testing::HasSubstr;

std::string Message(const absl::Status &status) { return std::string(status.message()); }

// The mean of all x so far, and how many there were; the mean begins at 8, which the first x replaces.
Graph RunningMean() {
  GraphBuilder b("running_mean");
  Expr x = b.Input("x", DType::kF32, {"n"});
  Expr count = b.State("count", DType::kF32, {}), mean = b.State("mean", DType::kF32, {"n"}, b.Scalar(8));
  Expr next = b.Add(count, b.Scalar(1));
  Expr moved = b.Add(mean, b.Div(b.Sub(x, mean), next));
  b.SetState(count, next);
  b.SetState(mean, moved);
  b.Output("y", moved);
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

TEST(States, AreKeptFromRunToRun) {
  Graph graph = RunningMean();
  std::vector<Tensor> states = InitialStates(graph, {{"n", 2}}).value();
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].GetDouble(0), 0);
  EXPECT_EQ(states[1].dims(), (std::vector<int64_t>{2}));
  EXPECT_EQ(states[1].GetDouble(1), 8);
  for (auto [x, mean] : {std::pair(4.f, 4.), {2.f, 3.}, {9.f, 5.}}) {
    absl::StatusOr<std::vector<Tensor>> y = InterpretStep(graph, {Tensor::F32({2}, {0, x})}, states);
    ASSERT_TRUE(y.ok()) << y.status();
    ASSERT_EQ(y->size(), 1u);
    EXPECT_EQ((*y)[0].GetDouble(1), mean);
    EXPECT_EQ(states[1].GetDouble(1), mean);
  }
  EXPECT_EQ(states[0].GetDouble(0), 3);
}

TEST(States, KeepARowPerRun) {
  GraphBuilder b("cache");
  Expr row = b.Input("row", DType::kF32, {1, 2});
  Expr cache = b.State("cache", DType::kF32, {"rows", 2}), at = b.State("at", DType::kI64, {});
  Expr filled = b.DynamicUpdate(cache, row, at, 0);
  b.SetState(cache, filled);
  b.SetState(at, b.Add(at, b.Scalar(1, DType::kI64)));
  b.Output("sum", b.ReduceSum(filled, {0}, false));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<Tensor> states = InitialStates(*graph, {{"rows", 3}}).value();
  for (float i : {1.f, 2.f, 3.f}) {
    absl::StatusOr<std::vector<Tensor>> sum = InterpretStep(*graph, {Tensor::F32({1, 2}, {i, 10 * i})}, states);
    ASSERT_TRUE(sum.ok()) << sum.status();
    EXPECT_EQ((*sum)[0].GetDouble(1), 10 * i * (i + 1) / 2);
  }
  for (int i : {0, 1, 2}) EXPECT_EQ(states[0].GetDouble(2 * i), i + 1);
}

TEST(States, ADecoderWithACacheGivesWhatAllRowsAtOnceGive) {
  Graph step = DecoderStep();
  Tensor rows = SmallTensor({kRows, kWidth}, 7), whole = Interpret(Decoder(), {rows}).value()[0];
  std::vector<Tensor> states = InitialStates(step, {}).value();
  for (int64_t i = 0; i < kRows; ++i) {
    Tensor row = Tensor::Copy(DType::kF32, {1, kWidth}, rows.data() + i * kWidth * 4);
    absl::StatusOr<std::vector<Tensor>> y = InterpretStep(step, {row}, states);
    ASSERT_TRUE(y.ok()) << y.status();
    EXPECT_EQ(states[0].GetInt(0), i + 1);
    for (int64_t j = 0; j < kWidth; ++j)
      EXPECT_NEAR((*y)[0].GetDouble(j), whole.GetDouble(i * kWidth + j), 1e-5) << i << ", " << j;
  }
}

TEST(States, AreAsTheyWereAfterAnError) {
  Graph graph = RunningMean();
  std::vector<Tensor> states = InitialStates(graph, {{"n", 2}}).value();
  absl::Status status = InterpretStep(graph, {Tensor::F32({3}, {1, 2, 3})}, states).status();
  EXPECT_THAT(Message(status), HasSubstr("'mean' dim 0: expected n = 3"));
  EXPECT_EQ(states[0].GetDouble(0), 0);
  EXPECT_EQ(states[1].GetDouble(0), 8);
  EXPECT_THAT(Message(InterpretStep(graph, {}, states).status()),
              HasSubstr("takes 1 inputs and 2 states, got 0 and 2"));
  EXPECT_THAT(Message(Interpret(graph, {Tensor::F32({1}, {1})}).status()), HasSubstr("run it with InterpretStep"));
  states[0] = Tensor::I64({}, {0});
  EXPECT_THAT(Message(InterpretStep(graph, {Tensor::F32({2}, {1, 2})}, states).status()),
              HasSubstr("'count': expected"));
}

TEST(States, HaveInitialValues) {
  Graph graph = RunningMean();
  EXPECT_THAT(Message(InitialStates(graph, {}).status()), HasSubstr("state 'mean'"));
  EXPECT_THAT(Message(InitialStates(graph, {{"n", -1}}).status()), HasSubstr("is not possible"));
  EXPECT_THAT(Message(InitialStates(graph, {{"n", 1000}}, 100).status()), HasSubstr("exceeds 96 bytes"));
  GraphBuilder b("table");
  Expr table = b.State("table", DType::kI64, {2}, b.Constant(Tensor::I64({2}, {3, 5})));
  b.Output("y", b.Add(table, table));
  std::vector<Tensor> states = InitialStates(b.Finish().value(), {}).value();
  EXPECT_EQ(states[0].GetInt(0), 3);
  EXPECT_EQ(states[0].GetInt(1), 5);
}

TEST(States, StayAsTheyAreUnlessSet) {
  GraphBuilder b("fixed");
  Expr fixed = b.State("fixed", DType::kF32, {}, b.Scalar(2));
  b.Output("y", b.Add(b.Input("x", DType::kF32, {}), fixed));
  Graph graph = b.Finish().value();
  std::vector<Tensor> states = InitialStates(graph, {}).value();
  ASSERT_TRUE(InterpretStep(graph, {Tensor::ScalarF32(1)}, states).ok());
  EXPECT_EQ(states[0].GetDouble(0), 2);
}

TEST(States, KeepAliveWhatTheyNeed) {
  GraphBuilder b("dead");
  Expr x = b.Input("x", DType::kF32, {}), total = b.State("total", DType::kF32, {}, b.Scalar(1));
  b.Tanh(x);
  b.SetState(total, b.Add(total, x));
  b.Output("y", x);
  Graph graph = b.Finish().value();
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.nodes[0].op, OpKind::kAdd);
  EXPECT_THAT(ToString(graph), HasSubstr("  state %total : f32[] from %constant\n"));
  EXPECT_THAT(ToString(graph), HasSubstr("  next total = %add.out\n"));
}

TEST(States, AreValidated) {
  auto error = [](const std::function<void(Graph &)> &change) {
    Graph graph = RunningMean();
    change(graph);
    return Message(Validate(graph));
  };
  EXPECT_EQ(error([](Graph &) {}), "");
  EXPECT_THAT(error([](Graph &g) { g.states[0].input = 99; }), HasSubstr("not a free value of its own"));
  EXPECT_THAT(error([](Graph &g) { g.states[0].input = -1; }), HasSubstr("not a free value of its own"));
  EXPECT_THAT(error([](Graph &g) { g.states[0].input = g.inputs[0]; }), HasSubstr("not a free value of its own"));
  EXPECT_THAT(error([](Graph &g) { g.states[0].input = g.states[1].input; }), HasSubstr("not a free value of its own"));
  EXPECT_THAT(error([](Graph &g) { g.states[0].input = g.states[1].initial; }), HasSubstr("not a free value"));
  EXPECT_THAT(error([](Graph &g) { g.states[0].output = kNoValue; }), HasSubstr("state 'count': what replaces it"));
  EXPECT_THAT(error([](Graph &g) { g.states[0].output = 99; }), HasSubstr("is never computed"));
  EXPECT_THAT(error([](Graph &g) { g.states[0].output = g.inputs[0]; }), HasSubstr("is f32[], and 'x'"));
  EXPECT_THAT(error([](Graph &g) { g.states[1].initial = 99; }), HasSubstr("its initial value is no constant"));
  EXPECT_THAT(error([](Graph &g) { g.states[1].initial = g.inputs[0]; }),
              HasSubstr("its initial value is no constant"));
  EXPECT_THAT(error([](Graph &g) { g.outputs[0].name = "mean"; }), HasSubstr("an output has this name"));
  Graph function = RunningMean();
  function.symbols.clear();
  EXPECT_THAT(error([&](Graph &g) { g.functions.push_back(function); }), HasSubstr("they belong to the graph"));
}

TEST(States, OfTheBuilderAreChecked) {
  auto error = [](const std::function<void(GraphBuilder &, Expr)> &build) {
    GraphBuilder b("bad");
    Expr s = b.State("s", DType::kF32, {2});
    build(b, s);
    b.Output("y", s);
    return Message(b.Finish().status());
  };
  EXPECT_EQ(error([](GraphBuilder &, Expr) {}), "");
  EXPECT_THAT(error([](GraphBuilder &b, Expr s) { b.SetState(s, b.Scalar(1)); }),
              HasSubstr("the state 's' is f32[2], and what replaces it is f32[]"));
  EXPECT_THAT(error([](GraphBuilder &b, Expr s) { b.SetState(s, {}); }), HasSubstr("is no value of this builder"));
  EXPECT_THAT(error([](GraphBuilder &b, Expr s) { b.SetState(b.Tanh(s), s); }),
              HasSubstr("a value that State returned"));
  EXPECT_THAT(error([](GraphBuilder &b, Expr s) { b.SetState(s, b.Tanh(s)), b.SetState(s, b.Tanh(s)); }),
              HasSubstr("is set twice"));
  EXPECT_THAT(error([](GraphBuilder &b, Expr) { b.State("s", DType::kF32, {}); }), HasSubstr("the state name 's'"));
  EXPECT_THAT(error([](GraphBuilder &b, Expr s) { b.State("t", DType::kF32, {2}, s); }), HasSubstr("no constant"));
  EXPECT_THAT(error([](GraphBuilder &b, Expr) { b.State("t", DType::kF32, {2}, b.Scalar(1, DType::kF64)); }),
              HasSubstr("state 't': its initial value is f64[]; give f32[2] or a scalar"));
  auto in_function = [](GraphBuilder &f, const std::vector<Expr> &) -> std::vector<Expr> {
    return {f.State("t", DType::kF32, {2})};
  };
  EXPECT_THAT(error([&](GraphBuilder &b, Expr s) { b.Function("f", {b.type(s)}, in_function); }),
              HasSubstr("the state 't' stands in a function"));
}

TEST(States, BecomeInputsAndOutputs) {
  Graph plain = StatesAsValues(RunningMean());
  EXPECT_TRUE(Validate(plain).ok());
  ASSERT_EQ(plain.inputs.size(), 3u);
  ASSERT_EQ(plain.outputs.size(), 3u);
  EXPECT_EQ(plain.value(plain.inputs[1]).name, "count");
  EXPECT_EQ(plain.outputs[2].name, "mean");
  std::vector<Tensor> y =
      Interpret(plain, {Tensor::F32({1}, {6}), Tensor::ScalarF32(1), Tensor::F32({1}, {2})}).value();
  EXPECT_EQ(y[1].GetDouble(0), 2);
  EXPECT_EQ(y[2].GetDouble(0), 4);
}

TEST(States, AreSaved) {
  Graph graph = RunningMean();
  std::string directory = testing::TempDir();
  for (const char *name : {"states.ingot", "states.ingot.txt"}) {
    std::string path = directory + "/" + name;
    ASSERT_TRUE(SaveGraph(graph, path).ok());
    absl::StatusOr<Graph> read = LoadGraph(path);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(ToString(*read), ToString(graph));
    EXPECT_EQ(InitialStates(*read, {{"n", 1}}).value()[1].GetDouble(0), 8);
  }
  absl::StatusOr<std::string> text = PrintGraph(graph);
  EXPECT_THAT(*text, HasSubstr("format_version: 2"));
  EXPECT_THAT(*PrintGraph(StatesAsValues(graph)), HasSubstr("format_version: 1"));
  EXPECT_EQ(ToString(ParseGraph(*text, "").value()), ToString(graph));
}

TEST(States, OfAGoldenFile) {
  absl::StatusOr<Graph> read = LoadGraph(std::string(INGOT_TESTS_GRAPH) + "/golden/states_v2.ingot.txt");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToString(*read), ToString(RunningMean()));
}

TEST(States, OfABadFileAreRefused) {
  auto error = [](const std::string &state) {
    std::string text =
        "format_version: 2 op_set: 1 name: 'g' inputs { name: 'x' type { dtype: F32 } } "
        "outputs { name: 'y' value: 'x' } " +
        state;
    return Message(ParseGraph(text, "").status());
  };
  std::string s = "input { name: 's' type { dtype: F32 } } ";
  EXPECT_EQ(error("states { " + s + "output: 'x' }"), "");
  EXPECT_THAT(error("states { " + s + "}"), HasSubstr("state 's': what replaces it is never computed"));
  EXPECT_THAT(error("states { " + s + "output: 'z' }"), HasSubstr("is never computed"));
  EXPECT_THAT(error("states { " + s + "output: 'x' initial: 'z' }"), HasSubstr("there is no constant 'z'"));
  EXPECT_THAT(error("states { " + s + "output: 'x' initial: 'x' }"), HasSubstr("its initial value is no constant"));
  EXPECT_THAT(error("states { output: 'x' }"), HasSubstr("the dtype 0 is not known"));
  EXPECT_THAT(error("states { input { name: 'x' type { dtype: F32 } } output: 'x' }"), HasSubstr("defined twice"));
  EXPECT_THAT(error("functions { name: 'f' states { " + s + "output: 's' } }"), HasSubstr("they belong to the graph"));
}

}  // namespace
}  // namespace ingot
