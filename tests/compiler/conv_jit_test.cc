// Convolutions of one and two dimensions: groups, strides, dilations and pads, with constant weights and without, and
// what is fused around.
#include "absl/strings/str_cat.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

struct Form {
  int64_t in, out, groups;
  Ints kernel, strides, dilations, pads;
};

void ExpectConvolutions(const std::vector<Form> &forms, const Dims &spatial, DType dtype,
                        const std::vector<Sizes> &sizes) {
  GraphBuilder b("conv");
  unsigned count = 0;
  // Where symbols get their values.
  for (const char *symbol : {"length", "h", "w"}) {
    if (sizes[0].count(symbol) != 0) b.Input(symbol, dtype, {symbol});
  }
  for (const Form &form : forms) {
    Dims dims{"n", form.in};
    dims.insert(dims.end(), spatial.begin(), spatial.end());
    std::vector<int64_t> weights{form.out, form.in / form.groups};
    weights.insert(weights.end(), form.kernel.begin(), form.kernel.end());
    Expr x = b.Input(absl::StrCat("x", ++count), dtype, dims),
         constant = b.Constant(NormalTensor(weights, count, dtype));
    Expr given = b.Input(absl::StrCat("weights", count), dtype, Dims(weights.begin(), weights.end()));
    Expr y = b.Conv(x, constant, form.strides, form.dilations, form.pads, form.groups);
    b.Output(absl::StrCat("constant", count), y);
    b.Output(absl::StrCat("given", count), b.Conv(x, given, form.strides, form.dilations, form.pads, form.groups));
    std::vector<int64_t> bias(spatial.size() + 1, 1);
    bias[0] = form.out;
    b.Output(absl::StrCat("relu", count),
             b.Relu(b.Add(b.Conv(x, constant, form.strides, form.dilations, form.pads, form.groups),
                          b.Constant(NormalTensor(bias, count, dtype)))));
  }
  ExpectMatches(b.Finish(), sizes);
}

const std::vector<Form> kOneDimension = {
    {3, 5, 1, {1}, {1}, {1}, {0, 0}}, {3, 17, 1, {3}, {1}, {1}, {1, 1}}, {4, 6, 2, {3}, {2}, {1}, {0, 2}},
    {4, 4, 4, {5}, {1}, {2}, {4, 4}}, {4, 4, 4, {3}, {2}, {1}, {1, 1}},  {6, 9, 3, {2}, {3}, {3}, {2, 0}},
};
const std::vector<Form> kTwoDimensions = {
    {3, 16, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {3, 5, 1, {1, 1}, {2, 2}, {1, 1}, {0, 0, 0, 0}},
    {4, 6, 2, {2, 3}, {1, 2}, {2, 1}, {0, 1, 2, 0}},
    {5, 5, 5, {3, 2}, {2, 1}, {1, 3}, {1, 2, 0, 3}},
};

TEST(ConvJit, OneDimension) {
  ExpectConvolutions(kOneDimension, {19}, DType::kF32, {{{"n", 1}}, {{"n", 3}}, {{"n", 0}}});
}
TEST(ConvJit, OneDimensionSymbolic) {
  ExpectConvolutions(kOneDimension, {Dim("length + 9")}, DType::kF32,
                     {{{"n", 1}, {"length", 0}}, {{"n", 2}, {"length", 17}}, {{"n", 1}, {"length", 33}}});
}
TEST(ConvJit, TwoDimensions) { ExpectConvolutions(kTwoDimensions, {9, 8}, DType::kF32, {{{"n", 1}}, {{"n", 2}}}); }
TEST(ConvJit, TwoDimensionsSymbolic) {
  ExpectConvolutions(kTwoDimensions, {Dim("h + 5"), Dim("w + 6")}, DType::kF32,
                     {{{"n", 1}, {"h", 0}, {"w", 0}}, {{"n", 2}, {"h", 4}, {"w", 11}}});
}
TEST(ConvJit, F64) { ExpectConvolutions({kTwoDimensions[2]}, {9, 8}, DType::kF64, {{{"n", 2}}}); }

// Channels-last inside, so that channels are read in runs: sums in several blocks of them, of each tap or of several.
TEST(ConvJit, ManyChannelsBehindEachOther) {
  GraphBuilder b("deep");
  b.Input("rows", DType::kF32, {"h"});  // where the symbol gets its value
  Expr x = b.Input("x", DType::kF32, {"n", 20, "h + 3", 6});
  unsigned seed = 0;
  auto conv = [&](Expr y, int64_t from, int64_t to, Ints kernel, Ints strides) {
    Expr weights = b.Constant(NormalTensor({to, from, kernel[0], kernel[1]}, ++seed));
    Expr sum = b.Conv(y, weights, strides, {1, 1}, {kernel[0] / 2, 0, 0, kernel[1] / 2});
    return b.Tanh(b.Add(sum, b.Constant(NormalTensor({to, 1, 1}, ++seed))));
  };
  Expr y = conv(x, 20, 300, {3, 1}, {1, 1});
  Expr z = conv(y, 300, 9, {3, 3}, {1, 1});
  b.Output("tapwise", z);
  b.Output("steps", conv(y, 300, 17, {1, 2}, {2, 1}));
  b.Output("several", conv(conv(y, 300, 40, {1, 1}, {1, 1}), 40, 5, {3, 3}, {2, 2}));
  ExpectMatches(b.Finish(), {{{"n", 1}, {"h", 0}}, {{"n", 2}, {"h", 4}}});
}

// Index ops behind a product whose contracted axes are merged: what they read has other ranks than the product.
TEST(ConvJit, IndexOpsBehindIt) {
  GraphBuilder b("indexed");
  Expr x = b.Input("x", DType::kF32, {"n", 12, 1, 2}), rows = b.Input("rows", DType::kF32, {"n", 1, 1, 4});
  Expr sum = b.Conv(x, b.Constant(NormalTensor({1, 12, 3, 3}, 1)), {1, 2}, {1, 1}, {2, 0, 0, 2});
  Expr one = b.Gather(rows, b.BroadcastTo(b.Scalar(2, DType::kI64), {1}), 3);
  b.Output("gathered", b.Relu(b.Add(sum, one)));
  Expr taken = b.Gather(b.Input("table", DType::kF32, {7, 1, 1, 1}), b.Input("index", DType::kI64, {"n"}), 0);
  b.Output("taken", b.Mul(sum, taken));
  ExpectMatches(b.Finish(), {{{"n", 1}}, {{"n", 5}}});
}

TEST(ConvJit, PoolsOfChannelsLast) {
  GraphBuilder b("pools");
  b.Input("rows", DType::kF32, {"h"});
  Expr x = b.Input("x", DType::kF32, {"n", 5, "h + 2", 7});
  Expr y = b.Relu(b.Conv(x, b.Constant(NormalTensor({19, 5, 3, 3}, 1)), {1, 1}, {1, 1}, {1, 1, 1, 1}));
  Expr padded = b.Pad(y, b.Scalar(-1e30), {0, 0, 1, 2}, {0, 0, 0, 1}), most;
  for (int64_t i : {0, 1}) {
    for (int64_t j : {0, 1, 2}) {
      Expr tap = b.Slice(padded, {0, 0, i, j}, {"n", 19, 2 + Dim::Symbol("h") + i, 8 + j}, {1, 1, 1, 2});
      most = most.id == kNoValue ? tap : b.Max(most, tap);
    }
  }
  b.Output("most", most);
  b.Output("behind", b.Conv(most, b.Constant(NormalTensor({4, 19, 2, 2}, 2)), {1, 1}, {1, 1}, {0, 0, 0, 0}));
  b.Output("backwards", b.Slice(y, {0, 18, Dim::Symbol("h") + 1, 6}, {"n", -1, -1, -1}, {1, -2, -1, -3}));
  ExpectMatches(b.Finish(), {{{"n", 1}, {"h", 0}}, {{"n", 3}, {"h", 5}}});
}

// Norms, pools and residuals between convolutions, which are channels-last inside.
TEST(ConvJit, Block) {
  GraphBuilder b("conv");
  Expr x = b.Input("x", DType::kF32, {"n", 8, 12, 10});
  Expr scale = b.Constant(NormalTensor({8, 1, 1}, 1)), shift = b.Constant(NormalTensor({8, 1, 1}, 2));
  Expr y = b.Relu(
      b.Add(b.Mul(b.Conv(x, b.Constant(NormalTensor({8, 8, 3, 3}, 3)), {1, 1}, {1, 1}, {1, 1, 1, 1}), scale), shift));
  y = b.Add(b.Conv(y, b.Constant(NormalTensor({8, 1, 3, 3}, 4)), {1, 1}, {1, 1}, {1, 1, 1, 1}, 8), x);
  b.Output("block", b.Relu(y));
  Expr pooled = b.ReduceMean(y, {2, 3}, true);
  b.Output("pooled", b.Reshape(pooled, {"n", 8}));
  b.Output("excited", b.Mul(y, b.Sigmoid(pooled)));
  b.Output("classes",
           b.Softmax(b.MatMul(b.Reshape(b.ReduceMax(y, {2, 3}), {"n", 8}), b.Constant(NormalTensor({8, 5}, 5)))));
  b.Output("flat", b.MatMul(b.Reshape(y, {"n", 960}), b.Constant(NormalTensor({960, 3}, 6))));
  ExpectMatches(b.Finish(), {{{"n", 1}}, {{"n", 3}}});
}

TEST(ConvJit, SequenceBlock) {
  GraphBuilder b("conv");
  Expr x = b.Input("x", DType::kF32, {"n", "seq", 6});
  Expr y = b.Conv(b.Transpose(x, {0, 2, 1}), b.Constant(NormalTensor({7, 6, 5}, 1)), {1}, {1}, {2, 2});
  b.Output("gelu", b.Gelu(b.Add(y, b.Constant(NormalTensor({7, 1}, 2)))));
  b.Output("last", b.LayerNorm(b.Transpose(y, {0, 2, 1}), b.Scalar(1), b.Scalar(0), -1, 0.1));
  b.Output("max", b.ReduceMax(y, {-1}));
  ExpectMatches(b.Finish(), {{{"n", 1}, {"seq", 1}}, {{"n", 2}, {"seq", 16}}, {{"n", 3}, {"seq", 33}}});
}

// A sum begins at +0, however it is computed: a root tells.
TEST(ConvJit, SumsOfNegativeZerosArePositive) {
  for (int64_t groups : {1, 4}) {
    GraphBuilder b("zeros");
    Expr x = b.Input("x", DType::kF32, {"n", 4, 9});
    Tensor weights = Tensor::Zeros(DType::kF32, {4, 4 / groups, 3});
    for (int64_t i = 0; i < weights.size(); ++i) weights.SetDouble(i, -1);
    b.Output("y", b.Rsqrt(b.Conv(x, b.Constant(weights), {1}, {1}, {1, 1}, groups)));
    ExpectMatchesOn(b.Finish(), {{Tensor::Zeros(DType::kF32, {2, 4, 9})}});
  }
}

}  // namespace
}  // namespace ingot
