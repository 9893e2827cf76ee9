// Graphs that once crashed the compiler, read foreign memory or gave wrong numbers. Each either matches the
// interpreter, or is refused by both for sizes that do not fit, with the node's name and the reason.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "ingot/interpreter.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

using testing::HasSubstr;

// The program and the interpreter refuse these sizes, and the program says this.
void ExpectRefused(const absl::StatusOr<Graph> &graph, const Sizes &sizes, const std::string &message) {
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<Tensor> inputs = TestInputs(*graph, sizes, 1);
  EXPECT_FALSE(Interpret(*graph, inputs).ok());
  absl::StatusOr<std::vector<Tensor>> outputs = RunCompiled(*graph, inputs);
  ASSERT_FALSE(outputs.ok());
  EXPECT_EQ(outputs.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(outputs.status().message()), HasSubstr(message));
}

// x[b, rows, 4] times a constant [4, 5], plus what `other` makes: the contraction's two row axes must not be walked as
// one where that needs both.
absl::StatusOr<Graph> BehindPackedMatMul(const Dim &rows, const std::function<Expr(GraphBuilder &)> &other) {
  GraphBuilder b("packed");
  Expr x = b.Input("x", DType::kF32, {"b", rows, 4});
  b.Output("y", b.Add(b.MatMul(x, b.Constant(NormalTensor({4, 5}, 3))), other(b)));
  return b.Finish();
}
const std::vector<Sizes> kRows = {{{"b", 2}, {"s", 5}, {"t", 3}, {"v", 6}},
                                  {{"b", 3}, {"s", 1}, {"t", 1}, {"v", 1}},
                                  {{"b", 1}, {"s", 7}, {"t", 0}, {"v", 2}}};

TEST(Soundness, IotaBehindPackedMatMul) {
  ExpectMatches(BehindPackedMatMul("s", [](GraphBuilder &b) { return b.Iota({"s", 1}, 0, DType::kF32); }), kRows);
}
TEST(Soundness, ConcatBehindPackedMatMul) {
  ExpectMatches(BehindPackedMatMul("s + t",
                                   [](GraphBuilder &b) {
                                     Expr p = b.Input("p", DType::kF32, {"b", "s", 5}),
                                          q = b.Input("q", DType::kF32, {"b", "t", 5});
                                     return b.Concat({p, q}, 1);
                                   }),
                kRows);
}
TEST(Soundness, ConcatWithoutBatchBehindPackedMatMul) {
  ExpectMatches(BehindPackedMatMul("s + t",
                                   [](GraphBuilder &b) {
                                     Expr p = b.Input("p", DType::kF32, {"s", 5}),
                                          q = b.Input("q", DType::kF32, {"t", 5});
                                     return b.Concat({p, q}, 0);
                                   }),
                kRows);
}
TEST(Soundness, GatherBehindPackedMatMul) {
  ExpectMatches(BehindPackedMatMul("s",
                                   [](GraphBuilder &b) {
                                     Expr table = b.Input("table", DType::kF32, {"v"}),
                                          index = b.Input("index", DType::kI64, {"b", "s", 5});
                                     return b.Gather(table, index);
                                   }),
                kRows);
}
TEST(Soundness, PadBehindPackedMatMul) {
  ExpectMatches(BehindPackedMatMul("s + 2",
                                   [](GraphBuilder &b) {
                                     Expr p = b.Input("p", DType::kF32, {"b", "s", 5});
                                     return b.Pad(p, b.Scalar(7), {0, 1, 0}, {0, 1, 0});
                                   }),
                kRows);
}
TEST(Soundness, DimValuesBehindPackedMatMul) {
  ExpectMatches(BehindPackedMatMul(
                    "s", [](GraphBuilder &b) { return b.Cast(b.DimValues({"b", "s", 3, "b * s", 5}), DType::kF32); }),
                kRows);
}
// A class token before the others, as vision transformers have it.
TEST(Soundness, TokensAreConcatenatedBehindALinearLayer) {
  GraphBuilder b("tokens");
  Expr x = b.Input("x", DType::kF32, {2, 6, 8}), first = b.Input("first", DType::kF32, {2, 1, 16}),
       rest = b.Input("rest", DType::kF32, {2, 5, 16});
  Expr linear = b.Add(b.MatMul(x, b.Constant(NormalTensor({8, 16}, 1))), b.Constant(NormalTensor({16}, 2)));
  b.Output("y", b.Add(linear, b.Concat({first, rest}, 1)));
  ExpectMatches(b.Finish());
}

absl::StatusOr<Graph> IotaOf(const Dim &size) {
  GraphBuilder b("iota");
  b.Input("x", DType::kF32, {"n"});
  b.Output("y", b.Iota({size}, 0, DType::kF32));
  return b.Finish();
}
TEST(Soundness, NegativeDivisorsRoundDown) {
  ExpectMatches(IotaOf("20000 - (n floordiv (-2))"), {{{"n", 9000}}, {{"n", 0}}, {{"n", 1}}});
  ExpectMatches(IotaOf("-1 * (n floordiv (-2))"), {{{"n", 9}}, {{"n", 8}}, {{"n", 0}}});
  ExpectMatches(IotaOf("5 + (n mod (-3))"), {{{"n", 9}}, {{"n", 8}}, {{"n", 0}}});
}
TEST(Soundness, DivisionByZeroIsAnError) {
  ExpectMatches(IotaOf("100 floordiv n"), {{{"n", 7}}});
  ExpectRefused(IotaOf("100 floordiv n"), {{"n", 0}},
                "the size '((100) floordiv (n))' of program 'model' overflows or divides by zero for n=0");
}
TEST(Soundness, NegativeSizeIsAnError) {
  ExpectMatches(IotaOf("n - 3"), {{{"n", 3}}, {{"n", 9}}});
  ExpectRefused(IotaOf("n - 3"), {{"n", 2}}, "node 'iota': no size may be negative, but 0 is larger than 'n - 3' = -1");
}

TEST(Soundness, ReshapeChecksItsElements) {
  GraphBuilder b("reshape");
  Expr x = b.Input("x", DType::kF32, {"n"}), z = b.Input("z", DType::kF32, {"m"});
  b.Output("y", b.Add(b.Reshape(x, {"m"}), z));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, {{{"n", 5}, {"m", 5}}});
  ExpectRefused(graph, {{"n", 5}, {"m", 400000}},
                "node 'reshape': a reshape must keep the number of elements, but 'n' = 5 is not equal to 'm' = 400000");
}
TEST(Soundness, ReshapeToPairsNeedsAnEvenNumber) {
  GraphBuilder b("reshape");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Output("y", b.Neg(b.Reshape(x, {"(n + 1) floordiv 2", 2})));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, {{{"n", 6}}, {{"n", 0}}});
  ExpectRefused(graph, {{"n", 7}}, "node 'reshape': ");
}
TEST(Soundness, SliceChecksItsBounds) {
  GraphBuilder b("slice");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Input("z", DType::kF32, {"m"});
  b.Output("y", b.Neg(b.Slice(x, {"m"}, {"m + 3"}, {1})));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, {{{"n", 9}, {"m", 6}}, {{"n", 3}, {"m", 0}}});
  ExpectRefused(graph, {{"n", 9}, {"m", 7}},
                "node 'slice': a slice must lie within its axis, but 'm + 3' = 10 is larger than 'n' = 9");
}
TEST(Soundness, GatherFromAnEmptyAxis) {
  GraphBuilder b("gather");
  Expr x = b.Input("x", DType::kF32, {"n", 1000}), i = b.Input("index", DType::kI64, {"m"});
  b.Output("y", b.Neg(b.Gather(x, i, 0)));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, {{{"n", 2}, {"m", 3}}, {{"n", 0}, {"m", 0}}});
  ExpectRefused(graph, {{"n", 0}, {"m", 3}},
                "node 'gather': an axis that is gathered from must not be empty, but 'min(1000 * m, 1)' = 1 is larger "
                "than 'n' = 0");
}
TEST(Soundness, LargestOfAnEmptyAxis) {
  GraphBuilder b("argmax");
  b.Output("y", b.ArgMax(b.Input("x", DType::kF32, {3, "n"}), 1));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, {{{"n", 4}}});
  ExpectRefused(graph, {{"n", 0}}, "node 'argmax': an axis must not be empty to have a largest element");
}
TEST(Soundness, SizesOfOperandsAreChecked) {
  GraphBuilder b("add");
  Expr x = b.Input("x", DType::kF32, {"n", 4}), y = b.Input("y_", DType::kF32, {"m", "k"});
  b.Output("y", b.Softmax(b.Add(b.Neg(x), y), 1));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, {{{"n", 3}, {"m", 3}, {"k", 4}}});
  ExpectRefused(graph, {{"n", 3}, {"m", 1}, {"k", 4}},
                "node 'add': sizes that broadcast must be equal where none is 1 for every input, but 'n' = 3 is not "
                "equal to 'm' = 1");
  ExpectRefused(graph, {{"n", 3}, {"m", 3}, {"k", 5}}, "node 'add': ");
}
TEST(Soundness, SizesOfAScaleAreChecked) {
  GraphBuilder b("norm");
  Expr x = b.Input("x", DType::kF32, {2, "t", 4}), w = b.Input("w", DType::kF32, {3, 4});
  b.Output("y", b.LayerNorm(x, w, w, 1));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, {{{"t", 3}}});
  ExpectRefused(graph, {{"t", 1}}, "node 'layer_norm': ");
}
TEST(Soundness, ContractedSizesAreChecked) {
  GraphBuilder b("matmul");
  b.Output("y", b.MatMul(b.Input("x", DType::kF32, {"n", "k"}), b.Input("z", DType::kF32, {"l", "m"})));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, {{{"n", 3}, {"k", 5}, {"l", 5}, {"m", 17}}});
  ExpectRefused(graph, {{"n", 3}, {"k", 5}, {"l", 6}, {"m", 17}},
                "node 'matmul': a matmul's contracted sizes must be equal");
}
TEST(Soundness, DepthOfAPackedProductIsChecked) {
  GraphBuilder b("matmul");
  Expr w = b.Constant(NormalTensor({5, 18}, 1));
  b.Output("y", b.Relu(b.MatMul(b.Input("x", DType::kF32, {2, "n", "k"}), w)));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, {{{"n", 3}, {"k", 5}}, {{"n", 0}, {"k", 5}}});
  ExpectRefused(graph, {{"n", 3}, {"k", 6}}, "node 'matmul': a matmul's contracted sizes must be equal, but 'k' = 6");
}
TEST(Soundness, SymbolicConvolution) {
  GraphBuilder b("conv");
  Expr x = b.Input("x", DType::kF32, {"n", 2, "w"}), weights = b.Input("weights", DType::kF32, {"m", 1, "k"});
  b.Output("y", b.Conv(x, weights, {1}, {1}, {0, 1}, 2));
  absl::StatusOr<Graph> graph = b.Finish();
  ExpectMatches(graph, {{{"n", 2}, {"m", 4}, {"w", 8}, {"k", 3}}, {{"n", 1}, {"m", 2}, {"w", 2}, {"k", 3}}});
  ExpectRefused(graph, {{"n", 2}, {"m", 3}, {"w", 8}, {"k", 3}},
                "node 'conv': a convolution's output channels must divide into its groups");
  ExpectRefused(
      graph, {{"n", 2}, {"m", 4}, {"w", 1}, {"k", 3}},
      "node 'conv': a convolution's window must fit into its padded input, but 'k' = 3 is larger than 'w + 1' = 2");
}

// Sums of long names: sizes whose text is longer than a file may hold.
TEST(Soundness, LongSizes) {
  std::string names[9];
  GraphBuilder b("long");
  for (int i = 0; i < 9; ++i) {
    names[i] = std::string(150, static_cast<char>('a' + i));
    b.Input(absl::StrCat("i", i), DType::kF32, {Dim::Symbol(names[i])});
  }
  auto sum = [&](int i) { return Dim::Symbol(names[i]) + Dim::Symbol(names[i + 1]) + Dim::Symbol(names[i + 2]); };
  Expr z = b.Input("z", DType::kF32, {sum(0), sum(3), sum(6), Dim::Symbol(names[0]) + Dim::Symbol(names[4])});
  Expr t = b.Transpose(z, {1, 0, 2, 3});
  b.Output("y", b.Add(b.Neg(t), t));
  b.Output("r", b.ReduceSum(t, {3}, false));
  Sizes sizes;
  for (int i = 0; i < 9; ++i) sizes[names[i]] = 1 + i % 2;
  ExpectMatches(b.Finish(), {sizes});
}

// More operands than one kernel picks among.
TEST(Soundness, ConcatOfManyParts) {
  for (int64_t axis : {0, 1}) {
    GraphBuilder b("concat");
    std::vector<Expr> parts;
    for (int64_t i = 0; i < 35; ++i) {
      Dims dims{"n", "n"};
      dims[static_cast<size_t>(axis)] = i % 4 == 3 ? Dim("m") : Dim(i % 4);
      parts.push_back(b.Input(absl::StrCat("x", i), DType::kF32, dims));
    }
    b.Output("y", b.Neg(b.Concat(parts, axis)));
    ExpectMatches(b.Finish(), {{{"n", 5}, {"m", 2}}, {{"n", 1}, {"m", 0}}});
  }
}

// A reduction over no elements reads none: not even one to start with.
TEST(Soundness, ReductionsOfNothing) {
  struct Case {
    Dims dims;
    Ints axes;
  };
  for (const Case &c : {Case{{17, 0}, {1}}, Case{{1, "t", 0, 0}, {3}}, Case{{1, "t", 0, 0}, {2, 3}},
                        Case{{0, 0, 2}, {0}}, Case{{0, 5, 2}, {0, 1}}, Case{{0}, {0}}}) {
    for (DType dtype : {DType::kF32, DType::kF16, DType::kI32}) {
      GraphBuilder b("nothing");
      Expr x = b.Input("x", dtype, c.dims);
      b.Input("z", DType::kF32, {"t"});
      b.Output("sum", b.ReduceSum(x, c.axes, true));
      b.Output("max", b.ReduceMax(b.Neg(x), c.axes, false));
      b.Output("min", b.ReduceMin(x, c.axes, false));
      b.Output("prod", b.ReduceProd(x, c.axes, true));
      ExpectMatches(b.Finish(), {{{"t", 3}}, {{"t", 0}}});
    }
  }
}

// One element behind the last whole vector, of a type that the value has to be narrowed to: nothing behind it is
// written (LLVM 22 would, with AVX-512).
TEST(Soundness, RowsThatEndWithOneNarrowedElement) {
  for (int64_t columns : {9, 17, 33}) {
    GraphBuilder b("narrowed");
    const Dims square = {columns, columns};  // their number has one beyond whole vectors too
    Expr wide = b.Input("wide", DType::kI64, square), x = b.Input("x", DType::kF32, square);
    Expr integers = b.Input("integers", DType::kI32, square);
    Expr w = b.Constant(NormalTensor({columns, columns}, 3));
    for (DType to : {DType::kI32, DType::kI16, DType::kI8, DType::kU8, DType::kBF16, DType::kF16}) {
      // Gathered from, so that it stands between guard pages.
      auto output = [&](const char *name, Expr value) {
        b.Output(absl::StrCat(name, std::string(Name(to))),
                 b.Gather(b.Cast(value, to),
                          b.Input(absl::StrCat("index", name, static_cast<int>(to)), DType::kI64, {4}), 0));
      };
      output("wide", wide);
      output("loop", integers);
      output("line", b.Reshape(x, {columns * columns}));
      output("row", b.Sub(x, b.ReduceMax(x, {1}, true)));
      output("column", b.ReduceSum(x, {0}));
      if (IsFloat(to)) output("product", b.MatMul(x, w));
    }
    ExpectMatches(b.Finish());
  }
}

// A gather reads other rows than the one a row kernel is at.
// LLVM 22 takes the constant lane of a vector of integers for any number where a select on it guards a quotient of that
// lane (x86-64-v3): seen in the assembly.
TEST(Soundness, AGuardedQuotientOfSizesOfWhichOneIsZero) {
  GraphBuilder b("lanes");
  b.Input("x", DType::kF32, {"n", "m"});
  Expr sizes = b.DimValues({10 - Dim::Symbol("n"), 0, Dim::Symbol("m") - 2 * Dim::Symbol("n")});
  Expr x = b.Cast(sizes, DType::kF32), zero = b.Scalar(0);
  b.Output("y", b.Select(b.Equal(x, zero), zero, b.Div(x, x)));
  Expr z = b.Input("z", DType::kComplex64, {3});
  b.Output("quotient", b.Div(z, b.Complex(x, x)));
  ExpectMatches(b.Finish(), {{{"n", 5}, {"m", 5}}, {{"n", 1}, {"m", 2}}});
}

// 2^40 paths lead from the transpose to the input: what looks where a value comes from must not walk them all.
TEST(Soundness, ManyPathsFromOneValue) {
  GraphBuilder b("paths");
  Expr x = b.Input("x", DType::kF32, {"n", 3});
  for (int i = 0; i < 40; ++i) x = b.Add(x, x);
  b.Output("y", b.Relu(b.Transpose(x, {1, 0})));
  ExpectMatches(b.Finish(), {{{"n", 5}}});
}

TEST(Soundness, GatherOfRowsOfTheSameKernel) {
  GraphBuilder b("rows");
  Expr x = b.Input("x", DType::kF32, {"n", "k"}), i = b.Input("index", DType::kI64, {"n"});
  Expr s = b.Softmax(x, 1), y = b.Add(b.Gather(s, i, 0), s);
  b.Output("y", b.Add(b.Mul(s, b.ReduceMax(y, {1}, true)), y));
  ExpectMatches(b.Finish(), {{{"n", 5}, {"k", 9}}, {{"n", 1}, {"k", 1}}, {{"n", 3}, {"k", 40}}});
}

TEST(Soundness, WhatIsRequiredIsCheckedEvenWhereTheValueIsNotComputed) {
  GraphBuilder b("required");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Output("y", b.Require(x, {Dim::Mod("n", 4)}, {0}, "heads are of four"));
  ExpectRefused(b.Finish(), {{"n", 6}}, "node 'require': heads are of four");
}

TEST(Soundness, ABranchBySizesWhoseConditionIsNeitherZeroNorOneIsRefused) {
  GraphBuilder b("condition");
  Expr x = b.Input("x", DType::kF32, {"n"});
  auto same = [](GraphBuilder &, const std::vector<Expr> &v) { return v; };
  b.Output("y", b.IfSize(Dim::FloorDiv("n", 4), {x}, same, same)[0]);
  ExpectRefused(b.Finish(), {{"n", 9}}, "node 'if_size': the condition must be 0 or 1");
}

}  // namespace
}  // namespace ingot
