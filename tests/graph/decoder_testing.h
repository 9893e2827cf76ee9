// A decoder at small size, one position per run with its cache in states, and all positions at once: what the tests of
// states in graphs and in compiled programs share.
#ifndef INGOT_TESTS_GRAPH_DECODER_TESTING_H_
#define INGOT_TESTS_GRAPH_DECODER_TESTING_H_

#include <functional>

#include "ingot/builder.h"

namespace ingot {

constexpr int64_t kWidth = 4, kRows = 6;

// Elements between -1 and 1.
inline Tensor SmallTensor(std::vector<int64_t> dims, unsigned seed) {
  Tensor tensor = Tensor::Zeros(DType::kF32, std::move(dims));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    seed = seed * 1664525 + 1013904223;
    tensor.SetDouble(i, static_cast<double>(seed >> 8) / (1 << 23) - 1);
  }
  return tensor;
}

// A decoder block: attention to the rows so far, and a projection, each added to x. `x` has one row per position in
// `positions` (i64[rows, 1]); keys and values of all kRows positions pass through `keep`, and those behind a row's own
// position count for nothing.
inline Expr DecoderBlock(GraphBuilder &b, Expr x, Expr positions, const std::function<Expr(const char *, Expr)> &keep) {
  auto weight = [&](unsigned seed) { return b.Constant(SmallTensor({kWidth, kWidth}, seed)); };
  Expr keys = keep("keys", b.MatMul(x, weight(1))), values = keep("values", b.MatMul(x, weight(2)));
  Expr scores = b.Mul(b.MatMul(b.MatMul(x, weight(3)), b.Transpose(keys, {1, 0})), b.Scalar(0.5));
  Expr all = b.Constant(Tensor::I64({1, kRows}, {0, 1, 2, 3, 4, 5}));
  Expr seen = b.Select(b.Less(positions, all), b.Scalar(-1e9), scores);
  Expr attended = b.Add(x, b.MatMul(b.Softmax(seen), values));
  return b.Add(attended, b.Tanh(b.MatMul(attended, weight(4))));
}

// One position per run; the rows before are states.
inline Graph DecoderStep() {
  GraphBuilder b("decoder_step");
  Expr x = b.Input("x", DType::kF32, {1, kWidth}), at = b.State("at", DType::kI64, {});
  Expr y = DecoderBlock(b, x, b.Reshape(at, {1, 1}), [&](const char *name, Expr row) {
    Expr cache = b.State(name, DType::kF32, {kRows, kWidth}), next = b.DynamicUpdate(cache, row, at, 0);
    b.SetState(cache, next);
    return next;
  });
  b.SetState(at, b.Add(at, b.Scalar(1, DType::kI64)));
  b.Output("y", y);
  return b.Finish().value();
}

// All positions at once.
inline Graph Decoder() {
  GraphBuilder b("decoder");
  Expr x = b.Input("x", DType::kF32, {kRows, kWidth});
  Expr positions = b.Constant(Tensor::I64({kRows, 1}, {0, 1, 2, 3, 4, 5}));
  b.Output("y", DecoderBlock(b, x, positions, [](const char *, Expr row) { return row; }));
  return b.Finish().value();
}

}  // namespace ingot
#endif  // INGOT_TESTS_GRAPH_DECODER_TESTING_H_
