// Attention in the forms that models write it: scale, additive and boolean masks, transposed layouts, rows that are
// used elsewhere too. The compiler makes one kernel of scores, softmax and the second product; every form has to be
// right whether it does so or not.
#include "absl/strings/str_cat.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

const std::vector<Sizes> kSequences = {{{"n", 1}, {"q", 1}, {"k", 1}},   {{"n", 2}, {"q", 7}, {"k", 16}},
                                       {{"n", 1}, {"q", 17}, {"k", 33}}, {{"n", 1}, {"q", 48}, {"k", 65}},
                                       {{"n", 0}, {"q", 3}, {"k", 5}},   {{"n", 1}, {"q", 0}, {"k", 4}}};

// [n, heads, q, depth], [n, heads, k, depth] and the same for values.
struct Heads {
  Expr q, k, v;
};
Heads Direct(GraphBuilder &b) {
  return {b.Input("xq", DType::kF32, {"n", 3, "q", 8}), b.Input("xk", DType::kF32, {"n", 3, "k", 8}),
          b.Input("xv", DType::kF32, {"n", 3, "k", 20})};
}
Expr Scores(GraphBuilder &b, const Heads &heads) { return b.MatMul(heads.q, b.Transpose(heads.k, {0, 1, 3, 2})); }

TEST(AttentionJit, Plain) {
  GraphBuilder b("attention");
  Heads heads = Direct(b);
  b.Output("y", b.MatMul(b.Softmax(Scores(b, heads)), heads.v));
  ExpectMatches(b.Finish(), kSequences);
}

TEST(AttentionJit, ScaledAndMasked) {
  GraphBuilder b("attention");
  Heads heads = Direct(b);
  Expr scaled = b.Mul(Scores(b, heads), b.Scalar(0.35));
  Expr mask = b.Input("mask", DType::kBool, {"n", 1, 1, "k"}), bias = b.Input("bias", DType::kF32, {"n", 1, 1, "k"}),
       full = b.Input("full", DType::kF32, {"q", "k"});
  b.Output("scaled", b.MatMul(b.Softmax(scaled), heads.v));
  b.Output("divided", b.MatMul(b.Softmax(b.Div(Scores(b, heads), b.Scalar(2.8))), heads.v));
  b.Output("added", b.MatMul(b.Softmax(b.Add(scaled, bias)), heads.v));
  b.Output("where", b.MatMul(b.Softmax(b.Select(mask, scaled, b.Scalar(-1e9))), heads.v));
  b.Output("full", b.MatMul(b.Softmax(b.Add(scaled, full)), heads.v));
  Expr penalty = b.Mul(b.Sub(b.Scalar(1), b.Cast(mask, DType::kF32)), b.Scalar(-10000));
  b.Output("penalty", b.MatMul(b.Softmax(b.Add(scaled, penalty)), heads.v));
  ExpectMatches(b.Finish(), kSequences);
}

TEST(AttentionJit, Causal) {
  GraphBuilder b("attention");
  Heads heads = Direct(b);
  Expr rows = b.Reshape(b.Iota({"q"}), {"q", 1}), columns = b.Iota({"k"});
  Expr allowed = b.LessEqual(columns, rows);
  b.Output("y", b.MatMul(b.Softmax(b.Select(allowed, Scores(b, heads), b.Scalar(-1e9))), heads.v));
  ExpectMatches(b.Finish(), kSequences);
}

// [n, seq, heads * depth] projected, split, transposed and merged again.
TEST(AttentionJit, MultiHead) {
  GraphBuilder b("attention");
  Expr x = b.Input("x", DType::kF32, {"n", "seq", 24});
  auto project = [&](unsigned seed) {
    Expr y = b.Add(b.MatMul(x, b.Constant(NormalTensor({24, 24}, seed))), b.Constant(NormalTensor({24}, seed + 1)));
    return b.Transpose(b.Reshape(y, {"n", "seq", 3, 8}), {0, 2, 1, 3});
  };
  Heads heads{project(1), project(3), project(5)};
  Expr probs = b.Softmax(b.Mul(Scores(b, heads), b.Scalar(0.02)));
  Expr merged = b.Reshape(b.Transpose(b.MatMul(probs, heads.v), {0, 2, 1, 3}), {"n", "seq", 24});
  Expr out = b.Add(b.MatMul(merged, b.Constant(NormalTensor({24, 24}, 7))), x);
  b.Output("y", b.LayerNorm(out, b.Constant(NormalTensor({24}, 8)), b.Constant(NormalTensor({24}, 9)), -1, 0.1));
  ExpectMatches(b.Finish(), {{{"n", 1}, {"seq", 1}},
                             {{"n", 2}, {"seq", 7}},
                             {{"n", 1}, {"seq", 17}},
                             {{"n", 2}, {"seq", 33}},
                             {{"n", 1}, {"seq", 0}}});
}

// What is in between is needed elsewhere as well: it has to exist.
TEST(AttentionJit, RowsAreOutputsToo) {
  GraphBuilder b("attention");
  Heads heads = Direct(b);
  Expr scores = Scores(b, heads), probs = b.Softmax(scores);
  b.Output("scores", scores);
  b.Output("probs", probs);
  b.Output("y", b.MatMul(probs, heads.v));
  b.Output("twice", b.MatMul(probs, b.Neg(heads.v)));
  Expr other = b.Softmax(b.Neg(scores));
  b.Output("other", b.MatMul(other, heads.v));
  ExpectMatches(b.Finish(), kSequences);
}

TEST(AttentionJit, OtherLayouts) {
  GraphBuilder b("attention");
  Expr q = b.Input("xq", DType::kF32, {"q", "n", 8}), k = b.Input("xk", DType::kF32, {8, "n", "k"}),
       v = b.Input("xv", DType::kF32, {"n", 8, "k"});
  Expr scores = b.MatMul(b.Transpose(q, {1, 0, 2}), b.Transpose(k, {1, 0, 2}));
  b.Output("three", b.MatMul(b.Softmax(scores), b.Transpose(v, {0, 2, 1})));
  // Softmax over queries: not the axis that the second product sums over.
  b.Output("queries", b.MatMul(b.Softmax(scores, 1), b.Transpose(v, {0, 2, 1})));
  // Probabilities transposed, and as the right operand.
  b.Output("transposed", b.MatMul(b.Transpose(b.Softmax(scores), {0, 2, 1}), b.Transpose(q, {1, 0, 2})));
  b.Output("right", b.MatMul(v, b.Transpose(b.Softmax(scores), {0, 2, 1})));
  // One set of keys for all.
  Expr shared = b.Input("shared", DType::kF32, {"k", 8});
  b.Output("shared", b.MatMul(b.Softmax(b.MatMul(b.Transpose(q, {1, 0, 2}), b.Transpose(shared, {1, 0}))), shared));
  // Values that depend on the scores.
  b.Output("own", b.MatMul(b.Softmax(scores), b.Transpose(b.Tanh(scores), {0, 2, 1})));
  ExpectMatches(b.Finish(), kSequences);
}

TEST(AttentionJit, StaticAndConstant) {
  GraphBuilder b("attention");
  Expr q = b.Input("xq", DType::kF32, {2, 17, 8});
  Expr k = b.Constant(NormalTensor({2, 8, 33}, 1)), v = b.Constant(NormalTensor({2, 33, 19}, 2)),
       w = b.Constant(NormalTensor({33, 5}, 3));
  b.Output("y", b.MatMul(b.Softmax(b.MatMul(q, k)), v));
  b.Output("packed", b.MatMul(b.Softmax(b.MatMul(q, b.Constant(NormalTensor({8, 33}, 4)))), w));
  b.Output("normed", b.MatMul(b.LayerNorm(b.MatMul(q, k), b.Scalar(1), b.Scalar(0), -1, 0.1), v));
  b.Output("relu", b.MatMul(b.Relu(b.MatMul(q, k)), v));
  ExpectMatches(b.Finish());
}

// Floats of 16 bits, heads of many sizes (one tile of columns, or several), more keys than a tile has, keys in the
// order of either axis, and heads that share keys.
TEST(AttentionJit, HalfAndWideHeads) {
  for (DType dtype : {DType::kF16, DType::kBF16, DType::kF32}) {
    GraphBuilder b("attention");
    for (auto [depth, columns] : {std::pair<int64_t, int64_t>(64, 64), {40, 7}, {96, 128}, {8, 200}}) {
      std::string name = absl::StrCat(depth, "_", columns);
      Expr q = b.Input("xq" + name, dtype, {"n", 4, "q", depth}), k = b.Input("xk" + name, dtype, {"n", 2, depth, "k"}),
           v = b.Input("xv" + name, dtype, {"n", 2, "k", columns}), bias = b.Input("bias" + name, dtype, {"q", "k"});
      auto repeat = [&](Expr x, const Dims &grouped, const Dims &all) {
        return b.Reshape(
            b.BroadcastTo(b.Reshape(x, {"n", 2, 1, grouped[0], grouped[1]}), {"n", 2, 2, grouped[0], grouped[1]}), all);
      };
      Expr keys = repeat(k, {depth, "k"}, {"n", 4, depth, "k"}),
           values = repeat(v, {"k", columns}, {"n", 4, "k", columns});
      Expr scores = b.Mul(b.MatMul(q, keys), b.Cast(b.Scalar(0.1), dtype));
      b.Output("plain" + name, b.MatMul(b.Softmax(scores), values));
      b.Output("biased" + name, b.Tanh(b.MatMul(b.Softmax(b.Add(scores, bias)), values)));
    }
    ExpectMatches(
        b.Finish(),
        {{{"n", 1}, {"q", 70}, {"k", 133}}, {{"n", 2}, {"q", 5}, {"k", 64}}, {{"n", 2}, {"q", 2}, {"k", 133}}});
  }
}

// Rows of which nothing is left are no numbers, or zeros where the model says so; a row's first keys may all be masked.
TEST(AttentionJit, MaskedAsAWhole) {
  GraphBuilder b("attention");
  Heads heads = Direct(b);
  Expr rows = b.Reshape(b.Iota({"q"}), {"q", 1}), columns = b.Iota({"k"});
  double infinity = std::numeric_limits<double>::infinity();
  Expr late = b.Select(b.LessEqual(columns, rows), b.Scalar(-infinity), Scores(b, heads));
  Expr probs = b.Softmax(late);
  b.Output("nan", b.MatMul(probs, heads.v));
  b.Output("zero", b.MatMul(b.Select(b.IsNan(probs), b.Scalar(0), probs), heads.v));
  ExpectMatches(b.Finish(),
                {{{"n", 1}, {"q", 80}, {"k", 70}}, {{"n", 1}, {"q", 7}, {"k", 0}}, {{"n", 1}, {"q", 2}, {"k", 3}}});
}

// Values that are infinite belong to their own key alone, whatever is read in the place of keys that are not there.
TEST(AttentionJit, InfiniteValuesOfTheLastKey) {
  GraphBuilder b("attention");
  std::vector<float> last(17, 0.0f);
  last.back() = std::numeric_limits<float>::infinity();
  Expr q = b.Input("xq", DType::kF32, {"n", "q", 8}), k = b.Input("xk", DType::kF32, {"n", 17, 8}),
       v = b.Add(b.Input("xv", DType::kF32, {"n", 17, 64}), b.Constant(Tensor::F32({17, 1}, last)));
  b.Output("y", b.MatMul(b.Softmax(b.MatMul(q, b.Transpose(k, {0, 2, 1}))), v));
  ExpectMatches(b.Finish(), {{{"n", 1}, {"q", 1}}, {{"n", 2}, {"q", 9}}});
}

}  // namespace
}  // namespace ingot
