// 8-bit floats and elements of 4 bits, compiled, against the interpreter: conversions of every pattern, and half bytes
// at lengths where a byte is shared or half empty.
#include <cmath>
#include <cstring>

#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

using Exprs = std::vector<Expr>;

constexpr DType kFloats8[] = {DType::kF8E4M3, DType::kF8E5M2};
constexpr DType kNarrow[] = {DType::kI4, DType::kU4};
const std::vector<DType> kAll = {DType::kF64,  DType::kF32, DType::kF16, DType::kBF16,   DType::kI64,   DType::kI32,
                                 DType::kI16,  DType::kI8,  DType::kU64, DType::kU32,    DType::kU16,   DType::kU8,
                                 DType::kBool, DType::kI4,  DType::kU4,  DType::kF8E4M3, DType::kF8E5M2};
// Sizes around a byte and around the widths of vectors.
const std::vector<Sizes> kSizes = {{{"n", 0}},  {{"n", 1}},  {{"n", 2}},  {{"n", 3}},   {{"n", 15}},
                                   {{"n", 16}}, {{"n", 17}}, {{"n", 33}}, {{"n", 8193}}};

// Bytes that count up, as elements.
Tensor Patterns(DType dtype, int64_t elements) {
  Tensor tensor = Tensor::Zeros(dtype, {elements});
  for (size_t i = 0; i < tensor.bytes(); ++i) tensor.mutable_data()[i] = static_cast<char>(i * 37);
  return tensor;
}

// A number of every exponent with fractions below, on and above the middles of few bits.
Tensor Sweep() {
  Tensor tensor = Tensor::Zeros(DType::kF32, {6 << 16});
  int64_t i = 0;
  for (uint32_t high = 0; high < 1 << 16; ++high) {
    for (uint32_t low : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      uint32_t bits = high << 16 | low;
      std::memcpy(tensor.mutable_data() + 4 * i++, &bits, 4);
    }
  }
  return tensor;
}

absl::StatusOr<Graph> Casts(DType from, const std::vector<DType> &to) {
  GraphBuilder b("casts");
  Expr x = b.Input("x", from, {"n"});
  for (DType dtype : to) b.Output(std::string(Name(dtype)), b.Cast(x, dtype));
  return b.Finish();
}

TEST(LowBitsJit, EveryPatternOfAnEightBitFloat) {
  for (DType dtype : kFloats8) ExpectMatchesOn(Casts(dtype, kAll), {{Patterns(dtype, 256)}, {Patterns(dtype, 259)}});
}

// Through a type in between, a number beside the middle of two others would be rounded to the middle first. What is
// cast on stays in registers, and is rounded there.
TEST(LowBitsJit, WiderTypesRoundOnce) {
  std::vector<double> doubles{0, 1e-320, 1e300, -1e300, INFINITY, NAN, std::ldexp(1, -150)};
  std::vector<int64_t> integers{0, 255, 257, 258, 259, -257, 2049, 4097, (1 << 24) + 1, (1 << 30) + (1 << 22) + 1};
  for (double middle :
       {1.0625, 1.125, 1.1875, 1 + 1.0 / 256, 1 + 3.0 / 256, 1 + 1.0 / 2048, 0.00048828125, 448.0, 464.0})
    for (double beside : {-1.0, 0.0, 1.0})
      for (double sign : {1.0, -1.0}) doubles.push_back(sign * (middle + beside * std::ldexp(middle, -40)));
  Tensor x = Tensor::Zeros(DType::kF64, {static_cast<int64_t>(doubles.size())});
  for (size_t i = 0; i < doubles.size(); ++i) x.SetDouble(static_cast<int64_t>(i), doubles[i]);
  Tensor y = Tensor::Zeros(DType::kI32, {static_cast<int64_t>(integers.size())});
  for (size_t i = 0; i < integers.size(); ++i) y.SetInt(static_cast<int64_t>(i), integers[i]);
  for (const Tensor &input : {x, y}) {
    GraphBuilder b("once");
    Expr in = b.Input("x", input.dtype(), {"n"});
    for (DType dtype : {DType::kF16, DType::kBF16, DType::kF8E4M3, DType::kF8E5M2})
      b.Output(std::string(Name(dtype)), b.Cast(in, dtype));
    for (DType dtype : kFloats8) b.Output("wide_" + std::string(Name(dtype)), b.Cast(b.Cast(in, dtype), DType::kF32));
    ExpectMatchesOn(b.Finish(), {{input}});
  }
}

TEST(LowBitsJit, FloatsRoundOnceAndSaturate) {
  ExpectMatchesOn(Casts(DType::kF32, {DType::kF8E4M3, DType::kF8E5M2, DType::kI4, DType::kU4}), {{Sweep()}});
  for (DType dtype : {DType::kF16, DType::kBF16}) {
    Tensor all = Tensor::Zeros(dtype, {1 << 16});
    for (int i = 0; i < 1 << 16; ++i) std::memcpy(all.mutable_data() + 2 * i, &i, 2);
    ExpectMatchesOn(Casts(dtype, {DType::kF8E4M3, DType::kF8E5M2, DType::kI4, DType::kU4}), {{all}});
  }
}

TEST(LowBitsJit, HalfBytesOfEveryLength) {
  for (DType dtype : kNarrow) {
    std::vector<std::vector<Tensor>> inputs;
    for (int64_t n : {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 64, 65, 8191, 8192, 8193, 16387})
      inputs.push_back({Patterns(dtype, n)});
    ExpectMatchesOn(Casts(dtype, kAll), inputs);
  }
  for (DType from : kAll) ExpectMatches(Casts(from, {DType::kI4, DType::kU4}), kSizes);
}

// What moves without a cast: inputs and constants that are outputs, reshapes, functions and loops.
TEST(LowBitsJit, HalfBytesMoveWhole) {
  for (DType dtype : kNarrow) {
    GraphBuilder b("moves");
    Expr x = b.Input("x", dtype, {"n", 3}), y = b.Input("y", dtype, {"n", 3}), yes = b.Input("yes", DType::kBool, {});
    std::mt19937 engine(3);
    b.Output("input", x);
    b.Output("constant", b.Constant(RandomTensor(dtype, {5, 3}, engine)));
    b.Output("number", b.Constant(RandomTensor(dtype, {}, engine)));
    b.Output("reshaped", b.Reshape(x, {3, "n"}));
    b.Output("reshaped_later", b.Cast(b.Reshape(x, {3, 1, "n"}), DType::kI32));
    b.Output("both", b.Cast(x, DType::kF32));
    b.Output("remade", b.Reshape(b.Cast(b.Neg(b.Cast(x, DType::kI8)), dtype), {3 * Dim("n")}));
    b.Output("other", b.Cast(x, dtype == DType::kI4 ? DType::kU4 : DType::kI4));
    Exprs chosen = b.If(
        yes, {x, y}, [](GraphBuilder &, const Exprs &v) -> Exprs { return {v[0]}; },
        [dtype](GraphBuilder &f, const Exprs &v) -> Exprs {
          return {f.Cast(f.Add(f.Cast(v[0], DType::kI8), f.Cast(v[1], DType::kI8)), dtype)};
        });
    b.Output("chosen", chosen[0]);
    b.Output("chosen_wide", b.Cast(chosen[0], DType::kF32));
    Exprs turned = b.While(
        {b.Scalar(0, DType::kI64), x, y},
        [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Less(v[0], f.Scalar(3, DType::kI64))}; },
        [dtype](GraphBuilder &f, const Exprs &v) -> Exprs {
          Expr sum = f.Add(f.Cast(v[1], DType::kU8), f.Cast(v[2], DType::kU8));
          return {f.Add(v[0], f.Scalar(1, DType::kI64)), f.Cast(sum, dtype), v[1]};
        });
    b.Output("turned", turned[1]);
    b.Output("turned_before", turned[2]);
    ExpectMatches(b.Finish(), kSizes);
  }
}

// Weights of 4 bits that no folding reaches, and a scale for each of their rows.
TEST(LowBitsJit, WeightsOfAFunctionAreUnpackedWhereTheyAreUsed) {
  GraphBuilder b("weights");
  std::mt19937 engine(5);
  Expr x = b.Input("x", DType::kF32, {"n", 7}), yes = b.Input("yes", DType::kBool, {});
  Expr first = b.Constant(RandomTensor(DType::kI4, {7, 5}, engine)),
       second = b.Constant(RandomTensor(DType::kI4, {7, 5}, engine));
  Exprs w = b.If(
      yes, {first, second}, [](GraphBuilder &, const Exprs &v) -> Exprs { return {v[0]}; },
      [](GraphBuilder &, const Exprs &v) -> Exprs { return {v[1]}; });
  Expr scale = b.Constant(RandomTensor(DType::kF32, {7, 1}, engine));
  b.Output("y", b.MatMul(x, b.Mul(b.Cast(w[0], DType::kF32), scale)));
  ExpectMatches(b.Finish(), {{{"n", 1}}, {{"n", 4}}, {{"n", 0}}});
}

// Vectors, whose half bytes are taken apart inside the kernels that use them.
TEST(LowBitsJit, HalfBytesInsideKernels) {
  for (DType dtype : kNarrow) {
    GraphBuilder b("inside");
    Expr stored = b.Input("stored", dtype, {"n"}), y = b.Input("y", DType::kF32, {"n"}),
         x = b.Cast(stored, DType::kF32);
    b.Output("chain", b.Mul(b.Add(x, y), b.Cast(stored, DType::kF32)));
    b.Output("row", b.Softmax(x));
    b.Output("sum", b.ReduceSum(b.Cast(stored, DType::kI32)));
    b.Output("again", b.Cast(b.Add(b.Cast(stored, DType::kI8), b.Scalar(3, DType::kI8)), dtype));
    b.Output("joined", b.Concat({x, y, x}, 0));
    b.Output("reversed", b.Slice(x, {Dim("n") - 1}, {-1}, {-1}));
    b.Output("wide", b.Add(x, b.Input("z", DType::kF32, {3, "n"})));
    ExpectMatches(b.Finish(), {{{"n", 1}}, {{"n", 7}}, {{"n", 16}}, {{"n", 33}}, {{"n", 1000}}, {{"n", 20001}}});
  }
}

// In the middle of what fuses: rows, sums, products and index ops around 8-bit floats.
TEST(LowBitsJit, EightBitFloatsInsideKernels) {
  for (DType dtype : kFloats8) {
    GraphBuilder b("inside");
    Expr x = b.Input("x", DType::kF32, {"n", 9}), stored = b.Input("stored", dtype, {"n", 9});
    auto there = [&](Expr value) { return b.Cast(b.Cast(value, dtype), DType::kF32); };
    b.Output("chain", b.Add(there(x), b.Cast(stored, DType::kF32)));
    b.Output("row", b.Cast(b.Softmax(there(x)), dtype));
    b.Output("sum", b.ReduceSum(there(b.Mul(x, x)), {1}));
    b.Output("column", b.ReduceMax(b.Cast(stored, DType::kF16), {0}, true));
    b.Output("product", b.MatMul(there(x), b.Cast(b.Transpose(stored, {1, 0}), DType::kF32)));
    b.Output("joined", b.Concat({stored, b.Slice(stored, {0, 8}, {"n", -1}, {1, -1}), b.Cast(x, dtype)}, 1));
    b.Output("chosen", b.Select(b.Less(b.Cast(x, dtype), stored), b.Cast(x, dtype), b.Scalar(0.75, dtype)));
    b.Output("padded", b.Pad(stored, b.Scalar(-2, dtype), {1, 0}, {0, 2}));
    ExpectMatches(b.Finish(), {{{"n", 1}}, {{"n", 7}}, {{"n", 17}}, {{"n", 64}}});
  }
}

}  // namespace
}  // namespace ingot
