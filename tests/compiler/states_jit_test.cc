// Compiled programs with states: run after run as the interpreter's steps, in place where that can be, and what their
// plans hold.
#include <gmock/gmock.h>

#include <random>

#include "ingot/compile.h"
#include "ingot/interpreter.h"
#include "tests/compiler/jit_testing.h"
#include "tests/graph/decoder_testing.h"

namespace ingot {
namespace {

using testing::HasSubstr;
using testing::Not;

// A program with a context of its own.
class Machine {
 public:
  // `sizes`: of a state that is made for the context, or empty: it makes its own.
  explicit Machine(const Graph &graph, const std::vector<int64_t> &sizes = {}) {
    absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(graph, TestOptions());
    EXPECT_TRUE(program.ok()) << program.status();
    program_ = *std::move(program);
    EXPECT_EQ(ingot_context_create(program_->program(), nullptr, &context_, &status_), INGOT_OK) << status_.message;
    if (sizes.empty()) return;
    EXPECT_EQ(ingot_state_create(program_->program(), sizes.data(), nullptr, &state_, &status_), INGOT_OK)
        << status_.message;
    EXPECT_EQ(ingot_context_set_state(context_, state_, &status_), INGOT_OK) << status_.message;
  }
  ~Machine() {
    ingot_context_free(context_);
    ingot_state_free(state_);
  }

  // The outputs, or none after an error.
  std::vector<Tensor> Run(const std::vector<Tensor> &inputs) {
    std::vector<ingot_tensor_t> in, out(desc().num_outputs);
    for (const Tensor &tensor : inputs) in.push_back(View(tensor));
    std::vector<Tensor> outputs;
    if (ingot_context_query(context_, in.data(), out.data(), &status_) != INGOT_OK) return outputs;
    for (ingot_tensor_t &tensor : out) {
      outputs.push_back(Tensor::Zeros(static_cast<DType>(tensor.dtype), {tensor.dims, tensor.dims + tensor.rank}));
      tensor.data = outputs.back().mutable_data();
    }
    if (ingot_context_run(context_, in.data(), out.data(), &status_) != INGOT_OK) outputs.clear();
    return outputs;
  }

  Tensor State(const char *name) {
    ingot_state_t *state = ingot_context_get_state(context_);
    ingot_tensor_t tensor = {};
    uint32_t number = ingot_state_find(state, name);
    EXPECT_EQ(ingot_state_query(state, number, &tensor, &status_), INGOT_OK) << status_.message;
    Tensor copy = Tensor::Zeros(static_cast<DType>(tensor.dtype), {tensor.dims, tensor.dims + tensor.rank});
    tensor.data = copy.mutable_data();
    EXPECT_EQ(ingot_state_read(state, number, &tensor, &status_), INGOT_OK) << status_.message;
    return copy;
  }

  const ingot_program_desc_t &desc() const { return *ingot_program_get_desc(program_->program()); }
  const char *error() const { return status_.message; }

 private:
  static ingot_tensor_t View(const Tensor &tensor) {
    ingot_tensor_t view = {const_cast<char *>(tensor.data()),
                           tensor.bytes(),
                           static_cast<uint32_t>(tensor.dtype()),
                           static_cast<uint32_t>(tensor.rank()),
                           {}};
    std::copy(tensor.dims().begin(), tensor.dims().end(), view.dims);
    return view;
  }

  std::unique_ptr<JitProgram> program_;
  ingot_context_t *context_ = nullptr;
  ingot_state_t *state_ = nullptr;
  ingot_status_t status_ = {};
};

void ExpectNear(const Tensor &got, const Tensor &expected, const std::string &what) {
  ASSERT_EQ(got.type(), expected.type()) << what;
  const Tensor x = got.Parts(), y = expected.Parts();
  for (int64_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x.GetDouble(i), y.GetDouble(i), 1e-5) << what << ", element " << i;
}

// Runs the program and the interpreter on these inputs, one after another, and compares outputs and states each time.
void ExpectSameSteps(const absl::StatusOr<Graph> &graph, const std::vector<std::vector<Tensor>> &runs,
                     const std::map<std::string, int64_t> &symbols = {}, const std::vector<int64_t> &sizes = {}) {
  ASSERT_TRUE(graph.ok()) << graph.status();
  Machine machine(*graph, sizes);
  std::vector<Tensor> states = InitialStates(*graph, symbols).value();
  for (size_t r = 0; r < runs.size(); ++r) {
    std::string what = "run " + std::to_string(r);
    absl::StatusOr<std::vector<Tensor>> expected = InterpretStep(*graph, runs[r], states);
    ASSERT_TRUE(expected.ok()) << what << ": " << expected.status();
    std::vector<Tensor> got = machine.Run(runs[r]);
    ASSERT_EQ(got.size(), expected->size()) << what << ": " << machine.error();
    for (size_t i = 0; i < got.size(); ++i) ExpectNear(got[i], (*expected)[i], what + ", output");
    for (size_t i = 0; i < states.size(); ++i) {
      const std::string &name = graph->value(graph->states[i].input).name;
      ExpectNear(machine.State(name.c_str()), states[i], what + ", state " + name);
    }
  }
}

std::string PlanOf(const absl::StatusOr<Graph> &graph) {
  if (!graph.ok()) return graph.status().ToString();
  absl::StatusOr<std::string> plan = CompileToPhase(*graph, {}, "buffers");
  return plan.ok() ? *plan : plan.status().ToString();
}

TEST(StatesJit, ADecoderWithACacheGivesWhatAllRowsAtOnceGive) {
  Tensor rows = SmallTensor({kRows, kWidth}, 7), whole = Interpret(Decoder(), {rows}).value()[0];
  Machine machine(DecoderStep());
  for (int64_t i = 0; i < kRows; ++i) {
    std::vector<Tensor> y = machine.Run({Tensor::Copy(DType::kF32, {1, kWidth}, rows.data() + i * kWidth * 4)});
    ASSERT_EQ(y.size(), 1u) << machine.error();
    ExpectNear(y[0], Tensor::Copy(DType::kF32, {1, kWidth}, whole.data() + i * kWidth * 4), "row " + std::to_string(i));
    EXPECT_EQ(machine.State("at").GetInt(0), i + 1);
  }
}

TEST(StatesJit, AndWithItsStatesPassedByHandToo) {
  Graph step = DecoderStep();
  Tensor rows = SmallTensor({kRows, kWidth}, 7);
  Tensor whole = Interpret(Decoder(), {rows}).value()[0];
  std::vector<Tensor> passed = InitialStates(step, {}).value();
  for (int64_t i = 0; i < kRows; ++i) {
    Tensor row = Tensor::Copy(DType::kF32, {1, kWidth}, rows.data() + i * kWidth * 4);
    absl::StatusOr<std::vector<Tensor>> all = RunCompiled(StatesAsValues(step), {row, passed[0], passed[1], passed[2]});
    ASSERT_TRUE(all.ok()) << all.status();
    passed.assign(all->begin() + 1, all->end());
    EXPECT_EQ(passed[0].GetInt(0), i + 1);
    for (int64_t j = 0; j < kWidth; ++j) {
      EXPECT_NEAR((*all)[0].GetDouble(j), whole.GetDouble(i * kWidth + j), 1e-5) << i << ", " << j;
    }
  }
}

TEST(StatesJit, ACacheIsWrittenInPlace) {
  // Of the decoder's three states only the counter, one number, is copied.
  std::string plan = PlanOf(DecoderStep());
  EXPECT_THAT(plan, HasSubstr(")  at\n")) << plan;
  EXPECT_THAT(plan, Not(HasSubstr(")  keys\n"))) << plan;
  EXPECT_THAT(plan, Not(HasSubstr(")  values\n"))) << plan;
  size_t copies = 0;
  for (size_t at = 0; (at = plan.find(" copy (", at)) != std::string::npos; ++at) ++copies;
  EXPECT_EQ(copies, 1u) << plan;
}

// A cache of symbolic length, which no input knows.
absl::StatusOr<Graph> Cache(int updates, bool reads_old) {
  GraphBuilder b("cache");
  Expr row = b.Input("row", DType::kF32, {1, 2}), other = b.Input("other", DType::kF32, {1, 2});
  Expr cache = b.State("cache", DType::kF32, {"rows", 2}), at = b.State("at", DType::kI64, {});
  Expr filled = b.DynamicUpdate(cache, row, at, 0);
  if (updates > 1) filled = b.DynamicUpdate(filled, other, b.Scalar(0, DType::kI64), 0);
  b.SetState(cache, filled);
  b.SetState(at, b.Add(at, b.Scalar(1, DType::kI64)));
  b.Output("sum", b.ReduceSum(filled, {0}, false));
  if (reads_old) b.Output("old", b.ReduceSum(cache, {0}, false));
  return b.Finish();
}

std::vector<std::vector<Tensor>> CacheRuns() {
  std::vector<std::vector<Tensor>> runs;
  for (float i : {1.f, 2.f, 3.f, 4.f})
    runs.push_back({Tensor::F32({1, 2}, {i, 10 * i}), Tensor::F32({1, 2}, {-i, 100 * i})});
  return runs;
}

TEST(StatesJit, ACacheMayHaveASizeThatNoInputKnows) {
  for (int updates : {1, 2}) {
    for (bool reads_old : {false, true}) {
      ExpectSameSteps(Cache(updates, reads_old), CacheRuns(), {{"rows", 5}}, {5});
    }
  }
  Machine machine(Cache(1, false).value());
  EXPECT_TRUE(machine.Run(CacheRuns()[0]).empty());
  EXPECT_THAT(machine.error(), HasSubstr("'rows' is known from state 'cache' alone"));
}

TEST(StatesJit, AChainOfUpdatesIsInPlaceUnlessTheOldValueIsRead) {
  EXPECT_THAT(PlanOf(Cache(2, false)), Not(HasSubstr(")  cache\n")));
  EXPECT_THAT(PlanOf(Cache(2, true)), HasSubstr(")  cache\n"));
}

TEST(StatesJit, ACounterAndARunningMean) {
  GraphBuilder b("running_mean");
  Expr x = b.Input("x", DType::kF32, {"n"});
  Expr count = b.State("count", DType::kF32, {}), mean = b.State("mean", DType::kF32, {"n"}, b.Scalar(8));
  Expr next = b.Add(count, b.Scalar(1)), moved = b.Add(mean, b.Div(b.Sub(x, mean), next));
  b.SetState(count, next);
  b.SetState(mean, moved);
  b.Output("y", moved);
  b.Output("before", mean);
  std::vector<std::vector<Tensor>> runs;
  for (float i : {4.f, 2.f, 9.f, -1.f}) runs.push_back({Tensor::F32({3}, {0, i, 2 * i})});
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectSameSteps(graph, runs, {{"n", 3}});
  // Two contexts, each with its own.
  Machine machine(*graph), another(*graph);
  machine.Run(runs[0]);
  machine.Run(runs[1]);
  another.Run(runs[2]);
  EXPECT_EQ(machine.State("count").GetDouble(0), 2);
  EXPECT_EQ(another.State("count").GetDouble(0), 1);
  // Another size is another state's.
  EXPECT_TRUE(machine.Run({Tensor::F32({2}, {1, 2})}).empty());
  EXPECT_THAT(machine.error(), HasSubstr("state 'mean': dim 0 is 3, expected 2"));
}

TEST(StatesJit, ComplexNumbers) {
  constexpr DType kC = DType::kComplex64;
  GraphBuilder b("phases");
  Tensor unit = Tensor::Zeros(kC, {});
  unit.SetComplex(0, {0.6, -0.8});
  Expr x = b.Input("x", kC, {"n"}), row = b.Input("row", DType::kI64, {});
  Expr phase = b.State("phase", kC, {"n"}, b.Constant(unit)), table = b.State("table", kC, {3, "n"});
  Expr next = b.Mul(phase, x);
  b.SetState(phase, next);
  b.SetState(table, b.DynamicUpdate(table, b.Reshape(next, {1, "n"}), row, 0));
  b.Output("sum", b.ReduceSum(table, {0}));
  std::vector<std::vector<Tensor>> runs;
  for (int64_t i = 0; i < 4; ++i) {
    Tensor turns = Tensor::Zeros(kC, {5});
    for (int64_t j = 0; j < 5; ++j) turns.SetComplex(j, std::polar(1.0, 0.3 * static_cast<double>(i + j)));
    runs.push_back({turns, Tensor::ScalarI64(i % 3)});
  }
  ExpectSameSteps(b.Finish(), runs, {{"n", 5}});
}

TEST(StatesJit, StatesThatReplaceEachOther) {
  GraphBuilder b("turn");
  Expr x = b.Input("x", DType::kF32, {2});
  Expr one = b.State("one", DType::kF32, {2}, b.Constant(Tensor::F32({2}, {1, 2})));
  Expr two = b.State("two", DType::kF32, {2}, b.Constant(Tensor::F32({2}, {3, 4})));
  Expr three = b.State("three", DType::kF32, {2}, b.Scalar(5)), still = b.State("still", DType::kF32, {2}, b.Scalar(6));
  Expr fixed = b.State("fixed", DType::kF32, {2}), same = b.State("same", DType::kF32, {2});
  Expr scalar = b.State("scalar", DType::kF32, {});
  b.SetState(one, two);
  b.SetState(two, b.DynamicUpdate(three, b.Slice(x, {0}, {1}, {1}), b.Scalar(1, DType::kI64), 0));
  b.SetState(three, one);
  b.SetState(fixed, b.Constant(Tensor::F32({2}, {7, 8})));
  Expr sum = b.Add(b.Add(x, one), b.Add(two, still));
  b.SetState(same, sum);
  b.SetState(scalar, b.Scalar(9));
  b.Output("y", sum);
  b.Output("z", b.Add(b.Add(fixed, same), scalar));
  std::vector<std::vector<Tensor>> runs;
  for (float i : {1.f, 20.f, 300.f, 4000.f, 5.f}) runs.push_back({Tensor::F32({2}, {i, -i})});
  ExpectSameSteps(b.Finish(), runs);
}

using Exprs = std::vector<Expr>;

// Four tables that take each other's place, are updated, added to and read, in any order: what may be written in place,
// what is copied, and in which order.
absl::StatusOr<Graph> RandomTables(unsigned seed) {
  std::mt19937 engine(seed);
  auto pick = [&](size_t count) { return static_cast<int64_t>(engine() % count); };
  auto one_of = [&](const Exprs &list) { return list[static_cast<size_t>(pick(list.size()))]; };
  GraphBuilder b("tables");
  Exprs rows{b.Input("x", DType::kF32, {1, 2})}, states;
  for (int64_t s = 0; s < 4; ++s) {
    Expr initial = pick(2) != 0 ? b.Scalar(static_cast<double>(s) / 8) : Expr();
    states.push_back(b.State("s" + std::to_string(s), DType::kF32, {3, 2}, initial));
  }
  Exprs tables = states;
  for (int64_t left = 2 + pick(7); left > 0; --left) {
    Expr table = one_of(tables), row = one_of(rows);
    int64_t at = pick(3), kind = pick(6);
    if (kind < 3) tables.push_back(b.DynamicUpdate(table, row, b.Scalar(static_cast<double>(at), DType::kI64), 0));
    if (kind == 3) tables.push_back(b.Add(table, row));
    if (kind == 4) rows.push_back(b.Mul(b.ReduceSum(table, {0}, true), b.Scalar(0.25)));
    if (kind == 5) rows.push_back(b.Slice(table, {at, 0}, {at + 1, 2}, {1, 1}));
  }
  for (Expr state : states) {
    if (pick(4) != 0) b.SetState(state, one_of(tables));
  }
  b.Output("table", one_of(tables));
  b.Output("row", one_of(rows));
  return b.Finish();
}

TEST(StatesJit, RandomTablesAreTheInterpreters) {
  std::vector<std::vector<Tensor>> runs;
  for (float i : {1.f, 2.f, 3.f}) runs.push_back({Tensor::F32({1, 2}, {i / 4, -i / 8})});
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    absl::StatusOr<Graph> graph = RandomTables(seed);
    ExpectSameSteps(graph, runs);
    if (HasFailure()) FAIL() << ToString(*graph) << PlanOf(graph);
  }
}

TEST(StatesJit, StatesInLoopsBranchesAndCalls) {
  GraphBuilder b("control");
  Expr x = b.Input("x", DType::kF32, {1, 2}), many = b.Input("many", DType::kI64, {});
  Expr total = b.State("total", DType::kF32, {1, 2}), rows = b.State("rows", DType::kF32, {3, 2});
  Expr kept = b.State("kept", DType::kF32, {1, 2}, b.Scalar(1)), called = b.State("called", DType::kF32, {3, 2});
  Exprs r = b.While(
      {b.Scalar(0, DType::kI64), total, rows, many, x},
      [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Less(v[0], v[3])}; },
      [](GraphBuilder &f, const Exprs &v) -> Exprs {
        Expr sum = f.Add(v[1], v[4]);
        return {f.Add(v[0], f.Scalar(1, DType::kI64)), sum, f.DynamicUpdate(v[2], sum, v[0], 0), v[3], v[4]};
      });
  b.SetState(total, r[1]);
  b.SetState(rows, r[2]);
  b.SetState(kept, b.If(
                       b.Less(many, b.Scalar(2, DType::kI64)), {kept, x},
                       [](GraphBuilder &, const Exprs &v) -> Exprs { return {v[0]}; },
                       [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Add(v[0], v[1])}; })[0]);
  std::string put = b.Function("put", {b.type(called), b.type(x)}, [](GraphBuilder &f, const Exprs &v) -> Exprs {
    return {f.DynamicUpdate(v[0], v[1], f.Scalar(1, DType::kI64), 0)};
  });
  b.SetState(called, b.Call(put, {called, x})[0]);
  b.Output("y", b.Add(r[1], b.ReduceSum(r[2], {0}, true)));
  b.Output("old", b.Add(total, kept));
  std::vector<std::vector<Tensor>> runs;
  for (int64_t i : {1, 0, 3, 2}) {
    float value = static_cast<float>(i);
    runs.push_back({Tensor::F32({1, 2}, {value + 1, -value}), Tensor::I64({}, {i})});
  }
  ExpectSameSteps(b.Finish(), runs);
}

}  // namespace
}  // namespace ingot
