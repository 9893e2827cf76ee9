// What single ONNX ops become: versions with attributes and with operands, defaults, dtypes, compositions. Numbers are
// checked by the conformance tests, which run ONNX's own cases.
#include <functional>

#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

struct OpCase {
  const char *name;
  std::function<void(Model &)> build;  // makes `y`; x is f32[n, 3, 4, 5], i is i64[n, 3], m is f32[4, 6], v is f32[5]
  const char *type, *ops;
  int opset = 17;
};

class Ops : public ::testing::TestWithParam<OpCase> {};

TEST_P(Ops, BecomeTheExpectedNodes) {
  const OpCase &c = GetParam();
  Model m(c.opset);
  m.Input("x", kFloat, {"n", 3, 4, 5})
      .Input("i", kInt64, {"n", 3})
      .Input("m", kFloat, {4, 6})
      .Input("v", kFloat, {5})
      .Output("y");
  c.build(m);
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OutputType(*graph, "y"), c.type);
  EXPECT_EQ(OpNames(*graph), c.ops);
}

INSTANTIATE_TEST_SUITE_P(
    All, Ops,
    ::testing::Values(
        OpCase{"SqueezeAttribute", [](Model &m) { m.Node("Unsqueeze", {"x"}, {"u"}).Ints("axes", {0}), m.Node("Squeeze", {"u"}, {"y"}).Ints("axes", {-5}); },
               "f32[n, 3, 4, 5]", "reshape reshape", 11},
        OpCase{"UnsqueezeOperand", [](Model &m) { m.Int64s("a", {1, -1}), m.Node("Unsqueeze", {"v", "a"}, {"y"}); }, "f32[5, 1, 1]", "reshape"},
        OpCase{"SliceAttributes", [](Model &m) { m.Node("Slice", {"x"}, {"y"}).Ints("starts", {1}).Ints("ends", {-1}).Ints("axes", {2}); }, "f32[n, 3, 2, 5]", "slice", 9},
        OpCase{"SliceOfEverything", [](Model &m) { m.Int64s("s", {0}).Int64s("e", {9}).Int64s("a", {3}), m.Node("Slice", {"x", "s", "e", "a"}, {"y"}); },
               "f32[n, 3, 4, 5]", ""},
        OpCase{"SplitAttribute", [](Model &m) { m.Node("Split", {"v"}, {"y", "z"}).Ints("split", {2, 3}).Int("axis", 0); }, "f32[2]", "slice", 11},
        OpCase{"SplitUneven", [](Model &m) { m.Node("Split", {"v"}, {"y", "z"}).Int("num_outputs", 2); }, "f32[3]", "slice", 18},
        OpCase{"SoftmaxOldFlattens", [](Model &m) { m.Node("Softmax", {"x"}, {"y"}); }, "f32[n, 3, 4, 5]", "reshape softmax reshape", 11},
        OpCase{"SoftmaxOldLastAxis", [](Model &m) { m.Node("Softmax", {"x"}, {"y"}).Int("axis", 3); }, "f32[n, 3, 4, 5]", "softmax", 11},
        OpCase{"SoftmaxNew", [](Model &m) { m.Node("Softmax", {"x"}, {"y"}).Int("axis", 1); }, "f32[n, 3, 4, 5]", "softmax"},
        OpCase{"ReduceSumAttribute", [](Model &m) { m.Node("ReduceSum", {"x"}, {"y"}).Ints("axes", {1, -1}).Int("keepdims", 0); }, "f32[n, 4]", "reduce_sum", 11},
        OpCase{"ReduceSumOperand", [](Model &m) { m.Int64s("a", {-1}), m.Node("ReduceSum", {"x", "a"}, {"y"}); }, "f32[n, 3, 4, 1]", "reduce_sum"},
        OpCase{"ReduceNothing", [](Model &m) { m.Node("ReduceSum", {"x"}, {"y"}).Int("noop_with_empty_axes", 1); }, "f32[n, 3, 4, 5]", ""},
        OpCase{"ReduceAll", [](Model &m) { m.Node("ReduceMax", {"x"}, {"y"}).Int("keepdims", 0); }, "f32[]", "reduce_max"},
        OpCase{"ReduceL2", [](Model &m) { m.Node("ReduceL2", {"v"}, {"y"}).Int("keepdims", 0); }, "f32[]", "mul reduce_sum sqrt"},
        OpCase{"ArgMinOfFloats", [](Model &m) { m.Node("ArgMin", {"x"}, {"y"}).Int("axis", 1).Int("keepdims", 0); }, "i64[n, 4, 5]", "neg argmax"},
        OpCase{"ArgMinOfIntegers", [](Model &m) { m.Node("ArgMin", {"i"}, {"y"}).Int("axis", 1); }, "i64[n, 1]", "logical_xor argmax"},
        OpCase{"TopKOperand", [](Model &m) { m.Int64s("k", {2}), m.Node("TopK", {"x", "k"}, {"y", "at"}).Int("axis", 1).Int("largest", 0).Int("sorted", 0); },
               "f32[n, 2, 4, 5]", "top_k"},
        OpCase{"TopKAttribute", [](Model &m) { m.Node("TopK", {"v"}, {"y", "at"}).Int("k", 5); }, "f32[5]", "top_k", 1},
        OpCase{"TopKIndices", [](Model &m) { m.Int64s("k", {2}), m.Node("TopK", {"v", "k"}, {"", "y"}); }, "i64[2]", "top_k"},
        OpCase{"Recorded", [](Model &m) { m.Node("Asinh", {"v"}, {"y"}); }, "f32[5]", "asinh"},
        OpCase{"BitShift", [](Model &m) { m.Node("BitShift", {"i", "i"}, {"y"}).Text("direction", "RIGHT"); }, "i64[n, 3]", "shift_right"},
        OpCase{"ModOfFloats", [](Model &m) { m.Node("Mod", {"v", "v"}, {"y"}).Int("fmod", 1); }, "f32[5]", "rem"},
        OpCase{"ModOfIntegers", [](Model &m) { m.Node("Mod", {"i", "i"}, {"y"}); }, "i64[n, 3]", "rem less less logical_xor not_equal logical_and add select"},
        OpCase{"PowMixedTypes", [](Model &m) { m.Int64("three", 3), m.Node("Pow", {"v", "three"}, {"y"}); }, "f32[5]", "cast pow"},
        OpCase{"PowSquare", [](Model &m) { m.Floats("two", {}, 2), m.Node("Pow", {"v", "two"}, {"y"}); }, "f32[5]", "mul"},
        OpCase{"ClipOperands", [](Model &m) { m.Floats("hi", {}, 6), m.Node("Clip", {"v", "", "hi"}, {"y"}); }, "f32[5]", "min"},
        OpCase{"ClipAttributes", [](Model &m) { m.Node("Clip", {"v"}, {"y"}).Float("min", 0).Float("max", 6); }, "f32[5]", "max min", 6},
        OpCase{"MaxOfThree", [](Model &m) { m.Node("Max", {"v", "v", "v"}, {"y"}); }, "f32[5]", "max max"},
        OpCase{"MatMulVectors", [](Model &m) { m.Node("MatMul", {"v", "v"}, {"y"}); }, "f32[]", "reshape reshape matmul reshape"},
        OpCase{"MatMulVectorRight", [](Model &m) { m.Node("MatMul", {"x", "v"}, {"y"}); }, "f32[n, 3, 4]", "reshape matmul reshape"},
        OpCase{"Gemm", [](Model &m) { m.Floats("w", {2, 6}).Floats("b", {2}), m.Node("Gemm", {"m", "w", "b"}, {"y"}).Int("transB", 1).Float("alpha", 0.5); },
               "f32[4, 2]", "transpose matmul mul add"},
        OpCase{"EinsumAttention", [](Model &m) { m.Node("Einsum", {"x", "x"}, {"y"}).Text("equation", "bhqd,bhkd->bhqk"); }, "f32[n, 3, 4, 4]",
               "transpose matmul reshape"},
        OpCase{"EinsumEllipsis", [](Model &m) { m.Floats("w", {5, 2}), m.Node("Einsum", {"x", "w"}, {"y"}).Text("equation", "...i,ij->...j"); }, "f32[n, 3, 4, 2]",
               "reshape matmul reshape"},
        OpCase{"TransposeDefault", [](Model &m) { m.Node("Transpose", {"x"}, {"y"}); }, "f32[5, 4, 3, n]", "transpose"},
        OpCase{"Tile", [](Model &m) { m.Int64s("r", {2}), m.Node("Tile", {"v", "r"}, {"y"}); }, "f32[10]", "reshape broadcast_to reshape"},
        OpCase{"PadNegativeCuts", [](Model &m) { m.Int64s("p", {-1, 2}), m.Node("Pad", {"v", "p"}, {"y"}); }, "f32[6]", "slice pad"},
        OpCase{"PadAxes", [](Model &m) { m.Int64s("p", {1, 1}).Int64s("a", {-1}), m.Node("Pad", {"x", "p", "", "a"}, {"y"}); }, "f32[n, 3, 4, 7]", "pad", 18},
        OpCase{"PadReflects", [](Model &m) { m.Int64s("p", {2, 1}), m.Node("Pad", {"v", "p"}, {"y"}).Text("mode", "reflect"); }, "f32[8]",
               "iota sub abs sub abs sub gather"},
        OpCase{"CumSum", [](Model &m) { m.Int64("a", 1), m.Node("CumSum", {"i", "a"}, {"y"}); }, "i64[n, 3]", "iota iota less_equal cast matmul"},
        OpCase{"AddOldBroadcast", [](Model &m) { m.Floats("b", {3}), m.Node("Add", {"x", "b"}, {"y"}).Int("broadcast", 1).Int("axis", 1); },
               "f32[n, 3, 4, 5]", "reshape add", 6},
        OpCase{"OneHot", [](Model &m) { m.Int64("d", 7).Floats("o", {2}), m.Node("OneHot", {"i", "d", "o"}, {"y"}); }, "f32[n, 3, 7]",
               "less add select reshape iota equal slice reshape slice reshape select"},
        OpCase{"Trilu", [](Model &m) { m.Node("Trilu", {"m"}, {"y"}).Int("upper", 0); }, "f32[4, 6]", "iota iota sub less_equal select"},
        OpCase{"EyeLike", [](Model &m) { m.Node("EyeLike", {"m"}, {"y"}).Int("dtype", kInt64); }, "i64[4, 6]", "iota iota add equal cast"},
        OpCase{"Gelu", [](Model &m) { m.Node("Gelu", {"v"}, {"y"}).Text("approximate", "tanh"); }, "f32[5]", "gelu", 20},
        OpCase{"FastGelu", [](Model &m) { m.Node("FastGelu", {"v", "v"}, {"y"}).Domain("com.microsoft"); }, "f32[5]", "add gelu"},
        OpCase{"LayerNormNoShift", [](Model &m) { m.Node("LayerNormalization", {"x", "v"}, {"y"}); }, "f32[n, 3, 4, 5]", "layer_norm"},
        OpCase{"RmsNorm", [](Model &m) { m.Node("RMSNormalization", {"x", "v"}, {"y"}); }, "f32[n, 3, 4, 5]", "mul reduce_mean add rsqrt mul mul", 23},
        OpCase{"SkipLayerNorm", [](Model &m) { m.Node("SkipLayerNormalization", {"x", "x", "v", "v", "v"}, {"y"}).Domain("com.microsoft"); }, "f32[n, 3, 4, 5]",
               "add add layer_norm"},
        OpCase{"BatchNorm", [](Model &m) { m.Floats("s", {3}), m.Node("BatchNormalization", {"x", "s", "s", "s", "s"}, {"y"}); }, "f32[n, 3, 4, 5]",
               "reshape mul reshape add"},
        OpCase{"ConvWithBias", [](Model &m) { m.Floats("w", {6, 3, 3, 3}).Floats("b", {6}), m.Node("Conv", {"x", "w", "b"}, {"y"}).Ints("pads", {1, 1, 1, 1}); },
               "f32[n, 6, 4, 5]", "conv reshape add"},
        OpCase{"ConvSame", [](Model &m) { m.Floats("w", {6, 3, 3, 3}), m.Node("Conv", {"x", "w"}, {"y"}).Text("auto_pad", "SAME_UPPER").Ints("strides", {2, 2}); },
               "f32[n, 6, 2, 3]", "conv"},
        OpCase{"MaxPool", [](Model &m) { m.Node("MaxPool", {"x"}, {"y"}).Ints("kernel_shape", {2, 1}).Ints("strides", {2, 1}); }, "f32[n, 3, 2, 5]", "slice slice max"},
        OpCase{"GlobalAveragePool", [](Model &m) { m.Node("GlobalAveragePool", {"x"}, {"y"}); }, "f32[n, 3, 1, 1]", "reduce_mean"},
        OpCase{"DropoutIsNothing", [](Model &m) { m.Node("Dropout", {"x"}, {"y"}).Float("ratio", 0.5); }, "f32[n, 3, 4, 5]", "", 10},
        OpCase{"CastToSame", [](Model &m) { m.Node("Cast", {"x"}, {"y"}).Int("to", kFloat); }, "f32[n, 3, 4, 5]", ""},
        OpCase{"FlattenNegative", [](Model &m) { m.Node("Flatten", {"x"}, {"y"}).Int("axis", -1); }, "f32[12 * n, 5]", "reshape"},
        OpCase{"DepthToSpace", [](Model &m) { m.Floats("d", {1, 4, 2, 3}), m.Node("DepthToSpace", {"d"}, {"y"}).Int("blocksize", 2); }, "f32[1, 1, 4, 6]",
               "reshape transpose reshape"}),
    [](const auto &info) { return std::string(info.param.name); });

TEST(OpDetails, BatchNormIsFoldedIntoOneProductAndOneSum) {
  Model m;
  m.Input("x", kFloat, {"n", 2, 3})
      .Output("y")
      .Floats("s", {2}, 3)
      .Floats("b", {2}, 5)
      .Floats("mean", {2}, 2)
      .Floats("var", {2}, 4);
  m.Node("BatchNormalization", {"x", "s", "b", "mean", "var"}, {"y"}).Float("epsilon", 0);
  auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->constants.size(), 2u);
  EXPECT_EQ(graph->constants[0].GetDouble(1), 1.5);
  EXPECT_EQ(graph->constants[1].GetDouble(1), 2.0);
}

TEST(OpDetails, TrainingModesAreUnsupported) {
  Model m;
  m.Input("x", kFloat, {"n", 2}).Output("y").Output("z").Floats("s", {2});
  m.Node("BatchNormalization", {"x", "s", "s", "s", "s"}, {"y"}).Int("training_mode", 1);
  m.Initializer("t", kBoolean, {}).add_int32_data(1);
  m.Node("Dropout", {"x", "", "t"}, {"z"});
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented,
              {"2 parts", "batch normalization in training mode", "dropout in training mode"});
}

TEST(OpDetails, OptionalOutputsThatAreUsedAreUnsupported) {
  Model m;
  m.Input("x", kFloat, {1, 1, 4}).Output("y").Output("at");
  m.Node("MaxPool", {"x"}, {"y", "at"}).Ints("kernel_shape", {2});
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented, {"indices of the maxima"});
}

TEST(OpDetails, IndicesOutOfRangeAreRefused) {
  Model m;
  m.Input("x", kFloat, {4, 2}).Output("y").Int64s("i", {1, 4});
  m.Node("Gather", {"x", "i"}, {"y"}).Name("lookup");
  ExpectError(m.Import().status(), absl::StatusCode::kInvalidArgument,
              {"'lookup' (Gather)", "index 4 is out of range"});
}

}  // namespace
}  // namespace ingot
