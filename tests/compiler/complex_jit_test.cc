// Complex numbers, compiled, against the interpreter, whose arithmetic on them is its own: in memory, in functions, in
// states, as constants, and at ranks where parts side by side would be an axis too many. Every op on them alone:
// ops_jit_test.cc.
#include <cmath>

#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

using Exprs = std::vector<Expr>;

constexpr DType kC = DType::kComplex64;
const std::vector<Sizes> kSizes = {{{"n", 0}}, {{"n", 1}}, {{"n", 7}}, {{"n", 16}}, {{"n", 33}}};

Tensor RandomComplex(std::vector<int64_t> dims, unsigned seed) {
  std::mt19937 engine(seed);
  return RandomTensor(kC, std::move(dims), engine);
}

TEST(ComplexJit, MemoryHoldsBothPartsSideBySide) {
  GraphBuilder b("memory");
  Expr x = b.Input("x", kC, {"n"});
  b.Output("same", x);
  b.Output("flat", b.Reshape(b.Input("y", kC, {"n", 3}), {3 * Dim::Symbol("n")}));
  b.Output("real", b.Real(x));
  b.Output("swapped", b.Complex(b.Imag(x), b.Real(x)));
  Graph graph = b.Finish().value();
  ExpectMatches(graph, kSizes);
  Tensor numbers = Tensor::Zeros(kC, {2}), more = Tensor::Zeros(kC, {2, 3});
  numbers.SetComplex(0, {1, 2});
  numbers.SetComplex(1, {3, 4});
  absl::StatusOr<std::vector<Tensor>> outputs = RunCompiled(graph, {numbers, more});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ((*outputs)[0].type(), (TensorType{kC, {2}}));
  EXPECT_EQ((*outputs)[3].GetComplex(1), std::complex<double>(4, 3));
}

// Rotary positions of attention as models write them: pairs of numbers turned by exp(i t).
TEST(ComplexJit, RotaryPositions) {
  GraphBuilder b("rotary");
  Expr x = b.Input("x", DType::kF32, {"n", 4, 16});
  Expr pairs = b.Reshape(x, {"n", 4, 8, 2});
  auto part = [&](int64_t which) {
    Expr column = b.Slice(pairs, {0, 0, 0, which}, {"n", 4, 8, which + 1}, {1, 1, 1, 1});
    return b.Reshape(column, {"n", 4, 8});
  };
  Expr position = b.Reshape(b.Iota({"n"}, 0, DType::kF32), {"n", 1, 1});
  Expr angle = b.Mul(position, b.Constant(NormalTensor({8}, 3)));
  Expr turned = b.Mul(b.Complex(part(0), part(1)), b.Complex(b.Cos(angle), b.Sin(angle)));
  b.Output("turned", turned);
  b.Output("real", b.Real(turned));
  ExpectMatches(b.Finish(), kSizes);
}

TEST(ComplexJit, FourierTransformAsProduct) {
  constexpr int64_t kPoints = 24;
  Tensor turns = Tensor::Zeros(kC, {kPoints, kPoints});
  for (int64_t i = 0; i < kPoints * kPoints; ++i)
    turns.SetComplex(
        i, std::polar(1.0, -2 * 3.14159265358979323846 * static_cast<double>(i / kPoints * (i % kPoints)) / kPoints));
  GraphBuilder b("fourier");
  Expr x = b.Input("x", DType::kF32, {"n", kPoints});
  Expr spectrum = b.MatMul(b.Cast(x, kC), b.Constant(turns));
  b.Output("spectrum", spectrum);
  b.Output("power", b.Real(b.Mul(spectrum, b.Complex(b.Real(spectrum), b.Neg(b.Imag(spectrum))))));
  // And back.
  Expr back = b.Constant(turns), conjugate = b.Complex(b.Real(back), b.Neg(b.Imag(back)));
  Expr scale = b.Cast(b.Scalar(1.0 / kPoints), kC);
  b.Output("again", b.Mul(b.MatMul(spectrum, conjugate), scale));
  ExpectMatches(b.Finish(), kSizes);
}

TEST(ComplexJit, ConstantsOfOneAndOfManyElements) {
  GraphBuilder b("constants");
  Expr x = b.Input("x", kC, {"n", 5});
  Tensor one = Tensor::Zeros(kC, {1, 1});
  one.SetComplex(0, {0.5, -2});
  b.Output("scalar", b.Mul(x, b.Constant(one)));
  b.Output("row", b.Sub(x, b.Constant(RandomComplex({5}, 1))));
  b.Output("alone", b.Constant(RandomComplex({3, 2}, 2)));
  b.Output("alone_one", b.Constant(one));
  b.Output("padded", b.Pad(x, b.Constant(RandomComplex({}, 3)), {1, 0}, {0, 2}));
  b.Output("left", b.MatMul(b.Constant(RandomComplex({4, 3}, 4)), b.Slice(x, {0, 0}, {3, 5}, {1, 1})));
  ExpectMatches(b.Finish(), {{{"n", 3}}, {{"n", 17}}});
}

TEST(ComplexJit, FunctionsTakeAndGiveThem) {
  GraphBuilder b("functions");
  Expr x = b.Input("x", kC, {"n", 3}), more = b.Input("more", DType::kBool, {});
  Expr turn = b.Constant(RandomComplex({3}, 5));
  // z <- z^2 / (1 + z) + c, five times.
  Exprs turned = b.While(
      {b.Scalar(0, DType::kI64), x, turn},
      [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Less(v[0], f.Scalar(5, DType::kI64))}; },
      [](GraphBuilder &f, const Exprs &v) -> Exprs {
        Expr one = f.Cast(f.Scalar(1), kC), z = f.Div(f.Mul(v[1], v[1]), f.Add(one, v[1]));
        return {f.Add(v[0], f.Scalar(1, DType::kI64)), f.Add(z, v[2]), v[2]};
      });
  b.Output("turned", turned[1]);
  Exprs chosen = b.If(
      more, {x, turned[1]}, [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Add(v[0], v[1]), v[0]}; },
      [](GraphBuilder &f, const Exprs &v) -> Exprs { return {v[1], f.Neg(v[0])}; });
  b.Output("sum", chosen[0]);
  b.Output("other", chosen[1]);
  ExpectMatches(b.Finish(), kSizes);
}

TEST(ComplexJit, RankEight) {
  GraphBuilder b("rank");
  Expr x = b.Input("x", kC, {2, 1, "n", 1, 3, 1, 2, 2});
  Ints turned{7, 6, 5, 4, 3, 2, 1, 0};
  b.Output("y", b.Mul(b.Transpose(x, turned), b.Input("y", kC, {2, 2})));
  b.Output("sum", b.ReduceSum(x, {2, 4, 7}));
  ExpectMatches(b.Finish(), kSizes);
}

TEST(ComplexJit, OfElementsOfFourBits) {
  GraphBuilder b("narrow");
  Expr x = b.Input("x", DType::kI4, {"n", 3});
  b.Output("y", b.Mul(b.Cast(x, kC), b.Input("z", kC, {"n", 3})));
  ExpectMatches(b.Finish(), kSizes);
}

TEST(ComplexJit, QuotientsOfSpecialValues) {
  std::vector<double> parts{0, -0.0, 1, -2.5, 1e-30, 1e30, 3e38, 1e-45, INFINITY, NAN};
  int64_t count = static_cast<int64_t>(parts.size() * parts.size());
  Tensor all = Tensor::Zeros(kC, {count});
  for (int64_t i = 0; i < count; ++i)
    all.SetComplex(i, {parts[static_cast<size_t>(i) % parts.size()], parts[static_cast<size_t>(i) / parts.size()]});
  Tensor column(kC, {count, 1}, all.data(), std::make_shared<Tensor>(all));
  GraphBuilder b("special");
  Expr x = b.Input("x", kC, {"n", 1}), y = b.Input("y", kC, {"n"});
  b.Output("quotient", b.Div(x, y));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok());
  absl::StatusOr<std::vector<Tensor>> outputs = RunCompiled(*graph, {column, all});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  // What is finite in doubles and in floats is the same; no quotient of numbers between 1e-30 and 1e30 is lost.
  int64_t finite = 0;
  for (int64_t i = 0; i < count * count; ++i) {
    std::complex<double> p = all.GetComplex(i / count), q = all.GetComplex(i % count), expected = p / q;
    auto plain = [](double v) { return v == 0 || (std::fabs(v) >= 1e-30 && std::fabs(v) <= 1e30); };
    if (!plain(p.real()) || !plain(p.imag()) || !plain(q.real()) || !plain(q.imag()) || q == 0.0) continue;
    if (std::abs(expected) > 1e37 || std::abs(expected) < 1e-30) continue;
    ++finite;
    std::complex<double> actual = (*outputs)[0].GetComplex(i);
    EXPECT_LT(std::abs(actual - expected), 1e-6 * std::abs(expected)) << p << " / " << q << " is " << actual;
  }
  EXPECT_GT(finite, 300);
}

TEST(ComplexJit, SizesFromData) {
  GraphBuilder b("late");
  Expr x = b.Input("x", kC, {8});
  Dims size = b.SizesFrom(b.Input("index", DType::kI64, {}), "k");
  b.Bound(size[0].ToString(), {0, 8});
  b.Output("head", b.Mul(b.Slice(x, {0}, size, {1}), b.Cast(b.Scalar(2), kC)));
  std::vector<std::vector<Tensor>> inputs;
  for (int64_t k : {0, 1, 5, 8}) inputs.push_back({RandomComplex({8}, static_cast<unsigned>(k)), Tensor::ScalarI64(k)});
  ExpectMatchesOn(b.Finish(), inputs);
}

}  // namespace
}  // namespace ingot
