// Sizes that nodes bind to data, compiled, against the interpreter.
#include <gmock/gmock.h>

#include "ingot/interpreter.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

using Exprs = std::vector<Expr>;
using testing::HasSubstr;

Expr I64(GraphBuilder &b, int64_t value) { return b.Scalar(static_cast<double>(value), DType::kI64); }

// The elements of a vector x that are above 0, [size].
Expr Positive(GraphBuilder &b, Expr x, const char *size) {
  Expr mask = b.Greater(x, b.Scalar(0));
  b.BindSizes(b.ReduceSum(b.Cast(mask, DType::kI64)), {size});
  return b.Gather(x, b.Reshape(b.NonZero(mask, {size}), {size}));
}

std::vector<std::vector<Tensor>> Vectors(std::initializer_list<int64_t> lengths) {
  std::vector<std::vector<Tensor>> inputs;
  for (int64_t n : lengths) {
    inputs.push_back({NormalTensor({n}, 1)});
    inputs.push_back({NormalTensor({n}, 2)});  // the same shape, other sizes
  }
  return inputs;
}

TEST(BoundSizesJit, TheElementsThatAreChosen) {
  GraphBuilder b("chosen");
  Expr x = b.Input("x", DType::kF32, {"n"});
  Expr chosen = Positive(b, x, "k");
  b.Output("chosen", chosen);
  b.Output("next", b.Add(b.Tanh(chosen), b.Reshape(b.ReduceSum(x), {1})));
  b.Output("total", b.ReduceSum(b.Mul(chosen, chosen)));
  b.Output("count", b.DimValues({"k", "2 * k + n"}));
  b.Output("x2", b.Mul(x, x));
  ExpectMatchesOn(b.Finish(), Vectors({0, 1, 5, 100, 10000}));
}

TEST(BoundSizesJit, OneSizeBehindAnother) {
  GraphBuilder b("chain");
  Expr x = b.Input("x", DType::kF32, {"n"});
  Expr first = Positive(b, x, "k");
  Expr second = Positive(b, b.Sub(first, b.Scalar(0.5)), "m");
  Expr table = b.MatMul(b.Reshape(first, {"k", 1}), b.Reshape(second, {1, "m"}));
  b.Output("table", table);
  b.Output("rows", b.Softmax(table));
  b.Output("all", b.Concat({x, first, second}, 0));
  ExpectMatchesOn(b.Finish(), Vectors({1, 7, 40, 3}));
}

// Sizes of a function that is called twice, and of a loop's body, are found anew each time.
TEST(BoundSizesJit, InFunctionsAndLoops) {
  GraphBuilder b("functions");
  Expr x = b.Input("x", DType::kF32, {"n"});
  std::string positive = b.Function("positive", {{DType::kF32, {"n"}}}, [](GraphBuilder &f, const Exprs &v) -> Exprs {
    return {f.ReduceSum(f.Exp(f.Neg(Positive(f, v[0], "k"))))};
  });
  b.Output("a", b.Call(positive, {x})[0]);
  b.Output("b", b.Call(positive, {b.Neg(x)})[0]);
  Exprs r = b.While(
      {I64(b, 0), x, b.Scalar(0)}, [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Less(v[0], I64(f, 5))}; },
      [&](GraphBuilder &f, const Exprs &v) -> Exprs {
        Expr part = f.Add(f.Call(positive, {v[1]})[0], f.ReduceSum(Positive(f, v[1], "j")));
        return {f.Add(v[0], I64(f, 1)), f.Sub(v[1], f.Scalar(0.25)), f.Add(v[2], part)};
      });
  b.Output("x", r[1]);
  b.Output("sum", r[2]);
  ExpectMatchesOn(b.Finish(), Vectors({1, 7, 300}));
}

// A branch binds a size or not; what stands behind it does not see it.
TEST(BoundSizesJit, InABranch) {
  GraphBuilder b("branch");
  Expr x = b.Input("x", DType::kF32, {"n"});
  Exprs r = b.If(
      b.Greater(b.ReduceSum(x), b.Scalar(0)), {x},
      [](GraphBuilder &f, const Exprs &v) -> Exprs {
        return {f.ReduceMax(f.Concat({Positive(f, v[0], "k"), f.Constant(Tensor::F32({1}, {-1}))}, 0)), v[0]};
      },
      [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.ReduceMin(v[0]), f.Neg(v[0])}; });
  b.Output("one", r[0]);
  b.Output("many", Positive(b, b.Tanh(r[1]), "m"));
  ExpectMatchesOn(b.Finish(), Vectors({1, 2, 7, 300}));
}

TEST(BoundSizesJit, ShapesFromData) {
  GraphBuilder b("reshape");
  Expr x = b.Input("x", DType::kF32, {"n", 6}), shape = b.Input("shape", DType::kI64, {2});
  b.BindSizes(shape, {"r", "c"});
  b.Output("y", b.Transpose(b.Add(b.Reshape(x, {"r", "c"}), b.Iota({"r", 1}, 0, DType::kF32)), {1, 0}));
  absl::StatusOr<Graph> graph = b.Finish();
  std::vector<std::vector<Tensor>> inputs;
  for (std::vector<int64_t> rows : {std::vector<int64_t>{4, 3, 8}, {4, 24, 1}, {4, 1, 24}, {1, 2, 3}, {0, 0, 5}})
    inputs.push_back({NormalTensor({rows[0], 6}, 1), Tensor::I64({2}, {rows[1], rows[2]})});
  ExpectMatchesOn(graph, inputs);
  for (auto [r, c, message] : {std::tuple{5, 5, "a reshape must keep the number of elements"},
                               std::tuple{-2, -12, "the size 'r' is -2, it can be 0 to"}}) {
    std::vector<Tensor> wrong = {NormalTensor({4, 6}, 1), Tensor::I64({2}, {r, c})};
    EXPECT_THAT(std::string(Interpret(*graph, wrong).status().message()), HasSubstr(message));
    EXPECT_THAT(std::string(RunCompiled(*graph, wrong).status().message()), HasSubstr(message));
  }
}

// A later size's kernels are wanted before those of an earlier one; what needs both must still find both.
TEST(BoundSizesJit, SizesKeepTheirOrder) {
  GraphBuilder b("order");
  Expr x = b.Input("x", DType::kF32, {"n"}), first = b.Input("first", DType::kI64, {}),
       second = b.Input("second", DType::kI64, {});
  Expr y = b.Neg(x);
  b.BindSizes(first, {"a"});
  b.BindSizes(second, {"b"});
  b.Output("z", b.Add(y, b.ReduceSum(b.Iota({"b"}, 0, DType::kF32))));
  b.Output("w", b.Add(b.Iota({"a", "b"}, 0, DType::kF32), b.Iota({"a", "b"}, 1, DType::kF32)));
  std::vector<std::vector<Tensor>> inputs;
  for (auto [a, c] : {std::pair(2, 3), std::pair(90, 3), std::pair(90, 40), std::pair(1, 1)})
    inputs.push_back({NormalTensor({5}, 1), Tensor::I64({}, {a}), Tensor::I64({}, {c})});
  ExpectMatchesOn(b.Finish(), inputs);
}

// No elements, and a dim that is known after the run alone.
TEST(BoundSizesJit, AnEmptyOutputHasItsDims) {
  GraphBuilder b("empty");
  Expr x = b.Input("x", DType::kI64, {});
  b.BindSizes(x, {"k"});
  b.Output("y", b.Iota({0, "k"}, 1, DType::kF32));
  b.Output("none", b.NonZero(b.Greater(x, I64(b, 0)), {"k"}));
  std::vector<std::vector<Tensor>> inputs;
  for (int64_t k : {3, 0, 7}) inputs.push_back({Tensor::I64({}, {k})});
  ExpectMatchesOn(b.Finish(), inputs);
}

TEST(BoundSizesJit, AFunctionsCheckSpeaksForItsSizes) {
  GraphBuilder b("check");
  Expr x = b.Input("x", DType::kF32, {9}), count = b.Input("count", DType::kI64, {});
  b.BindSizes(count, {"k"});
  std::string cut = b.Function("cut", {{DType::kF32, {9}}}, [](GraphBuilder &f, const Exprs &v) -> Exprs {
    return {f.ReduceSum(f.Exp(f.Slice(v[0], {0}, {Dim("k") - 5}, {1})))};
  });
  b.Output("y", b.Call(cut, {x})[0]);
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatchesOn(graph, {{NormalTensor({9}, 1), Tensor::I64({}, {8})}});
  absl::Status refused = RunCompiled(*graph, {NormalTensor({9}, 1), Tensor::I64({}, {3})}).status();
  EXPECT_THAT(std::string(refused.message()), HasSubstr("node 'slice'"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("use other inputs"));
}

// Nothing reads the bound value itself, and what needs the size needs nothing else from it.
TEST(BoundSizesJit, ASizeAloneOrdersSteps) {
  GraphBuilder b("order");
  Expr x = b.Input("x", DType::kF32, {"n"}), count = b.Input("count", DType::kI64, {});
  Expr before = b.Exp(x);
  b.BindSizes(b.Add(count, I64(b, 1)), {"k"});
  b.Output("numbers", b.Mul(b.Iota({"k"}, 0, DType::kF32), b.ReduceSum(before)));
  b.Output("repeated", b.BroadcastTo(b.Reshape(x, {"n", 1}), {"n", "k"}));
  b.Output("before", before);
  std::vector<std::vector<Tensor>> inputs;
  for (int64_t k : {0, 3, 17, 2}) inputs.push_back({NormalTensor({5}, 1), Tensor::I64({}, {k})});
  ExpectMatchesOn(b.Finish(), inputs);
}

}  // namespace
}  // namespace ingot
