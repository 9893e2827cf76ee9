// Functions, branches and loops, compiled, against the interpreter.
#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "ingot/compile.h"
#include "ingot/interpreter.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

using Exprs = std::vector<Expr>;
using testing::HasSubstr;

const std::vector<Sizes> kSizes = {{{"n", 1}}, {{"n", 7}}, {{"n", 17}}, {{"n", 0}}};

Expr I64(GraphBuilder &b, int64_t value) { return b.Scalar(static_cast<double>(value), DType::kI64); }

// Runs `body` so many times over `values`; its first value is the turn's number.
Exprs Repeat(GraphBuilder &b, Expr turns, Exprs values, const GraphBuilder::Body &body) {
  values.insert(values.begin(), {I64(b, 0), turns});
  Exprs results = b.While(
      values, [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Less(v[0], v[1])}; },
      [&body](GraphBuilder &f, const Exprs &v) {
        Exprs inner(v.begin() + 2, v.end());
        inner.insert(inner.begin(), v[0]);
        Exprs next = body(f, inner);
        next.insert(next.begin(), {f.Add(v[0], I64(f, 1)), v[1]});
        return next;
      });
  return Exprs(results.begin() + 2, results.end());
}

TEST(ControlJit, ALoopComputesUntilItsConditionFails) {
  GraphBuilder b("loop");
  Expr x = b.Input("x", DType::kF32, {"n", 6}), turns = b.Input("turns", DType::kI64, {});
  Exprs r = Repeat(b, turns, {x, b.Scalar(0)}, [](GraphBuilder &f, const Exprs &v) -> Exprs {
    return {f.Tanh(f.MatMul(v[1], f.Constant(NormalTensor({6, 6}, 3)))), f.Add(v[2], f.ReduceSum(v[1]))};
  });
  b.Output("x", r[0]);
  b.Output("sum", r[1]);
  b.Output("after", b.Mul(r[0], r[1]));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<std::vector<Tensor>> inputs;
  for (int64_t n : {1, 5, 0}) {
    for (int64_t count : {0, 1, 4}) inputs.push_back({NormalTensor({n, 6}, 1), Tensor::I64({}, {count})});
  }
  ExpectMatchesOn(graph, inputs);
}

// Every value of the next turn is another's of this one.
TEST(ControlJit, ValuesOfALoopChangePlaces) {
  GraphBuilder b("places");
  Expr x = b.Input("x", DType::kF32, {"n"}), y = b.Input("y", DType::kF32, {"n"}), z = b.Input("z", DType::kF32, {"n"});
  Exprs r = Repeat(b, I64(b, 4), {x, y, z},
                   [](GraphBuilder &f, const Exprs &v) -> Exprs { return {v[2], v[3], f.Add(v[1], v[1])}; });
  Exprs same = Repeat(b, I64(b, 3), {x, y, z}, [](GraphBuilder &f, const Exprs &v) -> Exprs {
    Expr sum = f.Add(v[1], v[3]);
    return {sum, v[2], sum};
  });
  for (size_t i = 0; i < 3; ++i) {
    b.Output(std::string("moved") + "012"[i], r[i]);
    b.Output(std::string("same") + "012"[i], same[i]);
  }
  ExpectMatches(b.Finish(), kSizes);
}

// Branches by sizes: results of other sizes, a branch that would not fit if it were taken, one in a loop.
TEST(ControlJit, ABranchBySizesGivesTheSizesOfTheOneTaken) {
  GraphBuilder b("branch_size");
  Expr x = b.Input("x", DType::kF32, {"n", 4});
  Dim holds = Dim::Min(1, Dim::FloorDiv("n", 8));
  auto yes = [](GraphBuilder &f, const Exprs &v) -> Exprs {
    Expr half = f.Slice(v[0], {Dim("n") - Dim::FloorDiv("n", 2), 0}, {"n", 4}, {1, 1});
    return {f.MatMul(half, f.Constant(NormalTensor({4, 4}, 3))), half, v[0]};
  };
  auto no = [](GraphBuilder &f, const Exprs &v) -> Exprs {
    Expr padded = f.Pad(v[0], f.Scalar(2), {1, 0}, {1, 0});
    return {f.Exp(padded), f.Slice(padded, {0, 0}, {1, 4}, {1, 1}), f.Neg(v[0])};
  };
  Exprs r = b.IfSize(holds, {x}, yes, no);
  for (size_t i = 0; i < r.size(); ++i) b.Output(std::string("y") + "012"[i], r[i]);
  b.Output("after", b.ReduceSum(r[0], {0}));
  Exprs turned = Repeat(b, I64(b, 3), {x}, [&](GraphBuilder &f, const Exprs &v) -> Exprs {
    return {f.IfSize(
        holds, {v[1]}, [](GraphBuilder &g, const Exprs &w) -> Exprs { return {g.Tanh(w[0])}; },
        [](GraphBuilder &g, const Exprs &w) -> Exprs { return {g.Add(w[0], g.Scalar(1))}; })};
  });
  b.Output("turned", turned[0]);
  ExpectMatches(b.Finish(), {{{"n", 1}}, {{"n", 7}}, {{"n", 8}}, {{"n", 17}}, {{"n", 0}}});
}

TEST(ControlJit, ABranchRunsOneOfTwoFunctions) {
  GraphBuilder b("branch");
  Expr x = b.Input("x", DType::kF32, {"n", 4}), yes = b.Input("yes", DType::kBool, {});
  Exprs r = b.If(
      yes, {x, b.Exp(x)},
      [](GraphBuilder &f, const Exprs &v) -> Exprs {
        return {f.MatMul(v[0], f.Constant(NormalTensor({4, 4}, 3))), v[1], v[0]};
      },
      [](GraphBuilder &f, const Exprs &v) -> Exprs {
        Expr y = f.Neg(v[1]);
        return {y, y, f.BroadcastTo(f.Scalar(3), {"n", 4})};
      });
  for (size_t i = 0; i < r.size(); ++i) b.Output(std::string("y") + "012"[i], r[i]);
  b.Output("after", b.ReduceSum(b.Add(r[0], r[2]), {1}));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<std::vector<Tensor>> inputs;
  for (int64_t n : {1, 5, 0}) {
    for (bool value : {false, true}) {
      Tensor condition = Tensor::Zeros(DType::kBool, {});
      condition.SetInt(0, value);
      inputs.push_back({NormalTensor({n, 4}, 1), condition});
    }
  }
  ExpectMatchesOn(graph, inputs);
}

TEST(ControlJit, LoopsAndBranchesNest) {
  GraphBuilder b("nest");
  Expr x = b.Input("x", DType::kF32, {"n"});
  Exprs r = Repeat(b, I64(b, 5), {x, b.Scalar(0)}, [](GraphBuilder &f, const Exprs &v) {
    Exprs inner =
        Repeat(f, v[0], {v[1]}, [](GraphBuilder &g, const Exprs &w) -> Exprs { return {g.Mul(w[1], g.Scalar(0.5))}; });
    return f.If(
        f.Equal(f.Rem(v[0], I64(f, 2)), I64(f, 0)), {v[1], inner[0], v[2]},
        [](GraphBuilder &g, const Exprs &w) -> Exprs { return {g.Add(w[0], w[1]), w[2]}; },
        [](GraphBuilder &g, const Exprs &w) {
          return Repeat(g, I64(g, 2), {w[1], w[2]}, [](GraphBuilder &h, const Exprs &u) -> Exprs {
            return {u[1], h.Add(u[2], h.ReduceMax(h.Concat({u[1], h.BroadcastTo(h.Scalar(0), {1})}, 0)))};
          });
        });
  });
  b.Output("x", r[0]);
  b.Output("y", r[1]);
  ExpectMatches(b.Finish(), kSizes);
}

// One function, named three times: compiled once.
TEST(ControlJit, AFunctionIsCalledWithOtherValues) {
  GraphBuilder b("calls");
  Expr x = b.Input("x", DType::kF32, {"n", 8});
  std::string layer = b.Function("layer", {b.type(x)}, [](GraphBuilder &f, const Exprs &v) -> Exprs {
    return {f.Relu(f.MatMul(v[0], f.Constant(NormalTensor({8, 8}, 3)))), v[0]};
  });
  Exprs first = b.Call(layer, {x}), second = b.Call(layer, {first[0]});
  b.Output("first", first[0]);
  b.Output("second", second[0]);
  b.Output("kept", second[1]);
  b.Output("third", b.Call(layer, {b.Add(second[0], x)})[0]);
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, kSizes);
  absl::StatusOr<CompiledProgram> program = Compile(*graph, {});
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->statistics().weights_bytes, 8 * 16 * 4);
}

// A buffer that fills row by row is copied once, before the loop.
TEST(ControlJit, ALoopThatFillsABufferCopiesNoRows) {
  GraphBuilder b("rows");
  Expr x = b.Input("x", DType::kF32, {4});
  Exprs r =
      Repeat(b, I64(b, 100), {b.BroadcastTo(b.Scalar(0), {100, 4}), x}, [](GraphBuilder &f, const Exprs &v) -> Exprs {
        return {f.DynamicUpdate(v[1], f.Reshape(f.Mul(v[2], f.Cast(v[0], DType::kF32)), {1, 4}), v[0]), v[2]};
      });
  b.Output("rows", b.Neg(r[0]));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph);
  absl::StatusOr<std::string> plan = CompileToPhase(*graph, {}, "buffers");
  ASSERT_TRUE(plan.ok()) << plan.status();
  int before = 0, inside = 0;
  bool in_loop = false;
  for (absl::string_view line : absl::StrSplit(*plan, '\n')) {
    in_loop = in_loop || absl::StrContains(line, " while [");
    if (absl::StrContains(line, " copy (")) ++(in_loop ? inside : before);
  }
  EXPECT_TRUE(in_loop) << *plan;
  EXPECT_EQ(before, 2) << "the turn's number and the buffer\n" << *plan;
  EXPECT_EQ(inside, 1) << "the turn's number\n" << *plan;
}

// Sizes of a block that is not entered need not fit.
TEST(ControlJit, ABranchThatIsNotTakenMayNotFit) {
  GraphBuilder b("unfit");
  Expr x = b.Input("x", DType::kF32, {"n"}), yes = b.Input("yes", DType::kBool, {});
  Exprs r = b.If(
      yes, {x},
      [](GraphBuilder &f, const Exprs &v) {
        return Repeat(f, I64(f, 2), {v[0]}, [](GraphBuilder &g, const Exprs &w) -> Exprs {
          return {g.Add(w[1], g.Constant(NormalTensor({4}, 1)))};
        });
      },
      [](GraphBuilder &, const Exprs &v) { return v; });
  b.Output("y", r[0]);
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  Tensor no = Tensor::Zeros(DType::kBool, {}), taken = Tensor::Zeros(DType::kBool, {});
  taken.SetInt(0, 1);
  ExpectMatchesOn(graph, {{NormalTensor({7}, 1), no}, {NormalTensor({4}, 1), taken}, {NormalTensor({4}, 1), no}});
}

// The body of a loop may write into its values; the same function called must leave its operands alone.
TEST(ControlJit, AnUpdateInPlaceIsTheLoopsOwn) {
  GraphBuilder b("update");
  Expr x = b.Input("x", DType::kF32, {"n", 4}), y = b.Exp(x), i = I64(b, 0);
  std::vector<TensorType> types = {b.type(i), b.type(y)};
  std::string holds =
      b.Function("holds", types, [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Less(v[0], I64(f, 3))}; });
  std::string turn = b.Function("turn", types, [](GraphBuilder &f, const Exprs &v) -> Exprs {
    Expr column = f.BroadcastTo(f.Cast(v[0], DType::kF32), {"n", 1});
    return {f.Add(v[0], I64(f, 1)), f.DynamicUpdate(v[1], column, v[0], 1)};
  });
  Exprs looped = b.EmitAll(OpKind::kWhile, {i, y}, {{"condition", holds}, {"body", turn}});
  Exprs called = b.Call(turn, {I64(b, 2), y});
  b.Output("looped", looped[1]);
  b.Output("called", called[1]);
  b.Output("y", b.Neg(y));
  ExpectMatches(b.Finish(), kSizes);
}

// What a branch relies on is checked when it is taken.
TEST(ControlJit, ChecksOfABranchAreItsOwn) {
  GraphBuilder b("checks");
  Expr x = b.Input("x", DType::kF32, {"n"}), yes = b.Input("yes", DType::kBool, {});
  Exprs r = b.If(
      yes, {x}, [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.ReduceSum(f.Slice(v[0], {5}, {9}, {1}))}; },
      [](GraphBuilder &f, const Exprs &v) -> Exprs {
        return {f.ReduceSum(f.Slice(v[0], {0}, {Dim::Symbol("n") - 3}, {1}))};
      });
  b.Output("y", r[0]);
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (auto [n, taken, works] : {std::tuple(12, true, true), {2, true, false}, {2, false, false}, {4, false, true}}) {
    Tensor condition = Tensor::Zeros(DType::kBool, {});
    condition.SetInt(0, taken);
    std::vector<Tensor> inputs = {NormalTensor({n}, 1), condition};
    EXPECT_EQ(Interpret(*graph, inputs).ok(), works) << n << taken;
    absl::StatusOr<std::vector<Tensor>> outputs = RunCompiled(*graph, inputs);
    EXPECT_EQ(outputs.ok(), works) << n << taken << outputs.status();
    if (works) ExpectMatchesOn(graph, {inputs});
    if (!works) EXPECT_THAT(std::string(outputs.status().message()), HasSubstr("node 'slice'"));
  }
}

}  // namespace
}  // namespace ingot
