// What single ONNX ops become: versions with attributes and with operands, defaults, dtypes, compositions. Numbers are
// checked by the conformance tests, which run ONNX's own cases.
#include <functional>

#include "tests/graph/import/onnx_model.h"

namespace ingot {
namespace {

struct OpCase {
  const char *name;
  std::function<void(Model &)> build;  // makes `y`; x is f32[n, 3, 4, 5], i is i64[n, 3], m is f32[4, 6], v is f32[5]
  const char *type, *ops;              // nullptr: too many to list
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
  if (c.ops != nullptr) EXPECT_EQ(OpNames(*graph), c.ops);
}

INSTANTIATE_TEST_SUITE_P(
    All, Ops,
    ::testing::Values(
        OpCase{"SqueezeAttribute", [](Model &m) { m.Node("Unsqueeze", {"x"}, {"u"}).Ints("axes", {0}), m.Node("Squeeze", {"u"}, {"y"}).Ints("axes", {-5}); },
               "f32[n, 3, 4, 5]", "reshape reshape", 11},
        OpCase{"UnsqueezeOperand", [](Model &m) { m.Int64s("a", {1, -1}), m.Node("Unsqueeze", {"v", "a"}, {"y"}); }, "f32[5, 1, 1]", "reshape"},
        OpCase{"SliceAttributes", [](Model &m) { m.Node("Slice", {"x"}, {"y"}).Ints("starts", {1}).Ints("ends", {-1}).Ints("axes", {2}); }, "f32[n, 3, 2, 5]", "slice", 9},
        OpCase{"SliceBackwardsOfASymbol", [](Model &m) { m.Input("k", kFloat, {"m"}).Int64s("s", {-1}).Int64s("e", {-3}).Int64s("a", {0}).Int64s("p", {-1}), m.Node("Slice", {"k", "s", "e", "a", "p"}, {"y"}); }, "f32[m - max(m - 3, -1) - 1]", "slice"},
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
               "reshape transpose reshape"},
        OpCase{"SplitOfOneSymbol", [](Model &m) { m.Input("k", kFloat, {"k"}).Int64s("s", {2, 3}), m.Node("Split", {"k", "s"}, {"y", "z"}).Int("axis", 0); }, "f32[2]", "slice"},
        OpCase{"GatherElements", [](Model &m) { m.Int64s("k", {0, -1}), m.Node("GatherElements", {"v", "k"}, {"y"}); }, "f32[2]", "less add select gather"},
        OpCase{"GatherND", [](Model &m) { m.Node("GatherND", {"x", "i"}, {"y"}); }, "f32[n, 5]", "slice reshape less dim_values reshape add select slice reshape mul less add select add slice reshape mul less add select add reshape gather"},
        OpCase{"GatherNDBatch", [](Model &m) { m.Input("k", kInt64, {"n", 2}), m.Node("GatherND", {"x", "k"}, {"y"}).Int("batch_dims", 1); }, "f32[n, 5]", "iota slice reshape mul less add select add slice reshape mul less add select add reshape gather"},
        OpCase{"ReverseSequence", [](Model &m) { m.Input("k", kInt64, {"n"}), m.Node("ReverseSequence", {"x", "k"}, {"y"}).Int("time_axis", 1).Int("batch_axis", 0); }, "f32[n, 3, 4, 5]", "reshape iota sub sub less select iota iota mul add mul add iota mul add reshape gather"},
        OpCase{"CompressByConstant", [](Model &m) { m.Bools("c", {true, false, true}), m.Node("Compress", {"x", "c"}, {"y"}).Int("axis", 1); }, "f32[n, 2, 4, 5]", "gather"},
        OpCase{"ScatterElements", [](Model &m) { m.Int64s("k", {1, -1}).Floats("u", {2}), m.Node("ScatterElements", {"v", "k", "u"}, {"y"}); }, "f32[5]", "less add select reshape reshape reshape reshape iota equal iota select reduce_max max reshape gather greater_equal select reshape", 18},
        OpCase{"ScatterElementsAdds", [](Model &m) { m.Int64s("k", {1, 1}).Floats("u", {2}), m.Node("ScatterElements", {"v", "k", "u"}, {"y"}).Text("reduction", "add"); }, "f32[5]", "less add select reshape reshape reshape reshape iota equal reshape select reduce_sum add reshape", 18},
        OpCase{"ScatterOld", [](Model &m) { m.Int64s("k", {1, 3}).Floats("u", {2}), m.Node("Scatter", {"v", "k", "u"}, {"y"}); }, "f32[5]", "less add select reshape reshape reshape reshape iota equal iota select reduce_max max reshape gather greater_equal select reshape", 10},
        OpCase{"ScatterND", [](Model &m) { m.Input("k", kInt64, {"n", 1}).Input("u", kFloat, {"n", 6}), m.Node("ScatterND", {"m", "k", "u"}, {"y"}); }, "f32[4, 6]", "reshape reshape less add select reshape reshape reshape iota equal iota select reduce_max pad max iota mul add reshape gather greater_equal select reshape"},
        OpCase{"LossOfLogits", [](Model &m) { m.Input("t", kInt64, {"n", 4, 5}), m.Node("SoftmaxCrossEntropyLoss", {"x", "t"}, {"y"}); }, "f32[]", "log_softmax reshape iota iota mul add mul add iota mul add reshape gather reshape neg reduce_mean"},
        OpCase{"LossWithWeights", [](Model &m) { m.Input("t", kInt64, {"n", 4, 5}).Floats("w", {3}), m.Node("NegativeLogLikelihoodLoss", {"x", "t", "w"}, {"y"}).Int("ignore_index", -1); }, "f32[]", "equal select reshape iota iota mul add mul add iota mul add reshape gather reshape neg gather select mul select reduce_sum reduce_sum div"},
        OpCase{"LossOfEach", [](Model &m) { m.Input("t", kInt64, {"n", 4, 5}), m.Node("NegativeLogLikelihoodLoss", {"x", "t"}, {"y"}).Text("reduction", "none"); }, "f32[n, 4, 5]", "reshape iota iota mul add mul add iota mul add reshape gather reshape neg"},
        OpCase{"ConvTranspose", [](Model &m) { m.Floats("w", {3, 2, 3, 3}), m.Node("ConvTranspose", {"x", "w"}, {"y"}).Ints("strides", {2, 1}).Ints("output_padding", {1, 0}); }, "f32[n, 2, 10, 7]", "reshape pad reshape slice conv"},
        OpCase{"ConvTransposeInBlocks", [](Model &m) { m.Floats("w", {3, 2, 2, 3}).Floats("b", {2}), m.Node("ConvTranspose", {"x", "w", "b"}, {"y"}).Ints("strides", {2, 3}); }, "f32[n, 2, 8, 15]", "reshape transpose reshape conv reshape broadcast_to reshape add reshape transpose reshape"},
        OpCase{"ConvTransposeComputedWeights", [](Model &m) { m.Input("w", kFloat, {3, 2, 3, 3}).Floats("b", {2}), m.Node("ConvTranspose", {"x", "w", "b"}, {"y"}).Ints("pads", {1, 1, 1, 1}); }, "f32[n, 2, 4, 5]", "reshape transpose slice reshape conv reshape add"},
        OpCase{"ConvTransposeShape", [](Model &m) { m.Floats("w", {3, 1, 3, 3}), m.Node("ConvTranspose", {"x", "w"}, {"y"}).Ints("output_shape", {9, 5}).Ints("strides", {2, 1}).Text("auto_pad", "SAME_UPPER"); }, "f32[n, 1, 9, 5]", "reshape pad reshape slice conv"},
        OpCase{"Col2Im", [](Model &m) { m.Input("k", kFloat, {"n", 4, 6}).Int64s("image", {3, 4}).Int64s("block", {2, 2}), m.Node("Col2Im", {"k", "image", "block"}, {"y"}); }, "f32[n, 1, 3, 4]", "reshape slice reshape pad slice reshape pad add slice reshape pad add slice reshape pad add slice", 18},
        OpCase{"QuantizeLinear", [](Model &m) { m.Floats("s", {}), m.Node("QuantizeLinear", {"v", "s"}, {"y"}); }, "u8[5]", "div round cast"},
        OpCase{"QuantizePerAxis", [](Model &m) { m.Floats("s", {3}).Input("z", kInt8, {3}), m.Node("QuantizeLinear", {"x", "s", "z"}, {"y"}); }, "i8[n, 3, 4, 5]", "reshape reshape div round cast add cast"},
        OpCase{"DequantizeLinear", [](Model &m) { m.Input("q", kUint8, {"n", 3}).Input("z", kUint8, {}).Floats("s", {}), m.Node("DequantizeLinear", {"q", "s", "z"}, {"y"}); }, "f32[n, 3]", "cast cast sub cast mul"},
        OpCase{"DequantizeBlocks", [](Model &m) { m.Input("q", kUint8, {4, 6}).Floats("s", {4, 2}), m.Node("DequantizeLinear", {"q", "s"}, {"y"}).Int("block_size", 3); }, "f32[4, 6]", "iota div gather cast cast mul", 21},
        OpCase{"DynamicQuantizeLinear", [](Model &m) { m.Node("DynamicQuantizeLinear", {"v"}, {"y", "s", "z"}); }, "u8[5]", "reduce_min min reduce_max max sub equal div select div neg max min round cast div round cast add cast"},
        OpCase{"MatMulInteger", [](Model &m) { m.Input("a", kUint8, {"n", 3}).Input("b", kInt8, {3, 2}).Input("z", kUint8, {}), m.Node("MatMulInteger", {"a", "b", "z"}, {"y"}); }, "i32[n, 2]", "cast cast sub cast matmul"},
        OpCase{"ConvInteger", [](Model &m) { m.Input("a", kUint8, {"n", 3, 4, 5}).Input("w", kUint8, {2, 3, 3, 3}), m.Node("ConvInteger", {"a", "w"}, {"y"}); }, "i32[n, 2, 2, 3]", "cast cast conv cast"},
        OpCase{"QLinearMatMul", [](Model &m) { m.Input("a", kUint8, {"n", 3}).Input("b", kUint8, {3, 2}).Input("z", kUint8, {}).Floats("s", {}), m.Node("QLinearMatMul", {"a", "s", "z", "b", "s", "z", "s", "z"}, {"y"}); }, "u8[n, 2]", "cast cast sub cast cast sub matmul mul div cast mul round cast add cast"},
        OpCase{"QLinearConv", [](Model &m) { m.Input("a", kUint8, {"n", 3, 4, 5}).Input("w", kUint8, {2, 3, 3, 3}).Input("z", kUint8, {}).Floats("s", {}), m.Node("QLinearConv", {"a", "s", "z", "w", "s", "z", "s", "z"}, {"y"}); }, "u8[n, 2, 2, 3]", "cast cast sub cast cast sub conv cast mul div cast mul round cast add cast"},
        OpCase{"ResizeRepeats", [](Model &m) { m.Input("k", kFloat, {"n", 3, "h", "w"}).FloatList("s", {1, 1, 2, 3}), m.Node("Resize", {"k", "", "s"}, {"y"}); }, "f32[n, 3, 2 * h, 3 * w]", "reshape broadcast_to reshape reshape broadcast_to reshape"},
        OpCase{"ResizeNearestSizes", [](Model &m) { m.Int64s("s", {3, 7}), m.Node("Resize", {"m", "", "", "s"}, {"y"}).Text("coordinate_transformation_mode", "align_corners"); }, "f32[3, 7]", "gather gather"},
        OpCase{"ResizeLinear", [](Model &m) { m.FloatList("s", {1.5}), m.Node("Resize", {"v", "", "s"}, {"y"}).Text("mode", "linear"); }, "f32[7]", "gather reshape mul gather reshape mul add"},
        OpCase{"ResizeLinearDynamic", [](Model &m) { m.Input("k", kFloat, {"h"}).FloatList("s", {2}), m.Node("Resize", {"k", "", "s"}, {"y"}).Text("mode", "linear"); }, "f32[2 * h]", nullptr},
        OpCase{"ResizeCubic", [](Model &m) { m.FloatList("s", {2}), m.Node("Resize", {"v", "", "s"}, {"y"}).Text("mode", "cubic"); }, "f32[10]", "gather reshape mul gather reshape mul add gather reshape mul add gather reshape mul add"},
        OpCase{"ResizeAntialias", [](Model &m) { m.Int64s("s", {3}), m.Node("Resize", {"m", "", "", "s"}, {"y"}).Text("mode", "linear").Int("antialias", 1).Ints("axes", {1}); }, "f32[4, 3]", "gather reshape mul gather reshape mul add gather reshape mul add gather reshape mul add", 18},
        OpCase{"UpsampleOld", [](Model &m) { m.FloatList("s", {2, 1}), m.Node("Upsample", {"m", "s"}, {"y"}); }, "f32[8, 6]", "reshape broadcast_to reshape", 9},
        OpCase{"GridSample", [](Model &m) { m.Input("g", kFloat, {"n", 6, 7, 2}), m.Node("GridSample", {"x", "g"}, {"y"}).Text("mode", "nearest"); }, "f32[n, 3, 6, 7]", nullptr},
        OpCase{"AffineGrid", [](Model &m) { m.Input("t", kFloat, {"n", 2, 3}).Int64s("s", {1, 1, 4, 5}), m.Node("AffineGrid", {"t", "s"}, {"y"}); }, "f32[n, 4, 5, 2]", "reshape broadcast_to reshape broadcast_to broadcast_to concat reshape transpose matmul reshape", 20},
        OpCase{"RoiAlign", [](Model &m) { m.Input("r", kFloat, {"r", 4}).Input("k", kInt64, {"r"}), m.Node("RoiAlign", {"x", "r", "k"}, {"y"}).Int("output_height", 2).Int("output_width", 3).Int("sampling_ratio", 2); }, "f32[r, 3, 2, 3]", nullptr},
        OpCase{"Rnn", [](Model &m) { m.Input("k", kFloat, {2, "n", 3}).Floats("w", {1, 4, 3}).Floats("r", {1, 4, 4}), m.Node("RNN", {"k", "w", "r"}, {"y"}).Int("hidden_size", 4); }, "f32[2, 1, n, 4]", "broadcast_to broadcast_to reshape transpose reshape matmul reshape while reshape"},
        OpCase{"RnnOfAnyWidth", [](Model &m) { m.Input("k", kFloat, {"t", "n", "wide"}).Floats("w", {1, 4, 3}).Floats("r", {1, 4, 4}), m.Node("RNN", {"k", "w", "r"}, {"y"}).Int("hidden_size", 4); }, "f32[t, 1, n, 4]", nullptr},
        OpCase{"GruLengths", [](Model &m) { m.Input("k", kFloat, {1, "n", 3}).Floats("w", {1, 12, 3}).Floats("r", {1, 12, 4}).Input("l", kInt32, {"n"}), m.Node("GRU", {"k", "w", "r", "", "l"}, {"", "y"}).Int("hidden_size", 4); }, "f32[1, n, 4]", "broadcast_to broadcast_to reshape transpose reshape matmul reshape while reshape"},
        OpCase{"LstmBothWays", [](Model &m) { m.Input("k", kFloat, {1, "n", 3}).Floats("w", {2, 16, 3}).Floats("r", {2, 16, 4}), m.Node("LSTM", {"k", "w", "r"}, {"y"}).Int("hidden_size", 4).Text("direction", "bidirectional"); }, "f32[1, 2, n, 4]", nullptr},
        OpCase{"Hardmax", [](Model &m) { m.Node("Hardmax", {"x"}, {"y"}).Int("axis", 1); }, "f32[n, 3, 4, 5]", "argmax iota equal cast"},
        OpCase{"HardmaxOldFlattens", [](Model &m) { m.Node("Hardmax", {"x"}, {"y"}); }, "f32[n, 3, 4, 5]", "reshape argmax iota equal cast reshape", 11},
        OpCase{"BatchNormTraining", [](Model &m) { m.Floats("s", {3}), m.Node("BatchNormalization", {"x", "s", "s", "s", "s"}, {"z", "y"}).Int("training_mode", 1); }, "f32[3]", "reduce_mean mul reshape mul add"},
        OpCase{"MeanVarianceNorm", [](Model &m) { m.Node("MeanVarianceNormalization", {"x"}, {"y"}); }, "f32[n, 3, 4, 5]", "reduce_mean sub mul reduce_mean sqrt add div"},
        OpCase{"BitShiftUnsigned", [](Model &m) { m.Input("a", kUint8, {"n"}), m.Node("BitShift", {"a", "a"}, {"y"}).Text("direction", "LEFT"); }, "u8[n]", "shift_left"},
        OpCase{"SpaceToDepthByDepth", [](Model &m) { m.Floats("d", {1, 2, 2, 4}), m.Node("SpaceToDepth", {"d"}, {"y"}).Int("blocksize", 2).Text("mode", "CRD"); },
               "f32[1, 8, 1, 2]", "reshape transpose reshape", 26},
        OpCase{"PowOfIntegersByFloats", [](Model &m) { m.Floats("e", {3}, 0.5), m.Node("Pow", {"i", "e"}, {"y"}); }, "i64[n, 3]", "cast cast pow cast"},
        OpCase{"Det", [](Model &m) { m.Input("k", kFloat, {"n", 2, 2}), m.Node("Det", {"k"}, {"y"}); }, "f32[n]", "slice slice reshape slice reshape slice slice reshape slice reshape mul mul sub"},
        OpCase{"EinsumDiagonal", [](Model &m) { m.Input("k", kFloat, {"n", 3, 3}), m.Node("Einsum", {"k"}, {"y"}).Text("equation", "nii->ni"); }, "f32[n, 3]", "iota mul transpose reshape gather"},
        OpCase{"MaxPoolLarge", [](Model &m) { m.Input("k", kFloat, {"n", 1, 9, 7}), m.Node("MaxPool", {"k"}, {"y"}).Ints("kernel_shape", {6, 3}).Ints("strides", {3, 2}); }, "f32[n, 1, 2, 3]", "slice slice max slice max slice slice max slice max slice max slice max slice max"},
        OpCase{"MaxPoolIndices", [](Model &m) { m.Input("k", kFloat, {"n", 1, 4}), m.Node("MaxPool", {"k"}, {"z", "y"}).Ints("kernel_shape", {2}); }, "i64[n, 1, 3]", "slice iota mul add greater_equal less logical_and mul iota mul add iota mul add select slice iota mul add greater_equal less logical_and mul iota mul add iota mul add greater less logical_or logical_and select broadcast_to"},
        OpCase{"MaxUnpool", [](Model &m) { m.Input("k", kFloat, {"n", 1, 2}).Input("at", kInt64, {"n", 1, 2}), m.Node("MaxUnpool", {"k", "at"}, {"y"}).Ints("kernel_shape", {2}).Ints("strides", {2}); }, "f32[n, 1, 4]", "reshape iota mul sub reshape broadcast_to reshape iota equal iota select reduce_max max iota mul add reshape gather greater_equal select reshape"},
        OpCase{"LpPool", [](Model &m) { m.Node("LpPool", {"x"}, {"y"}).Ints("kernel_shape", {2, 1}).Int("p", 3); }, "f32[n, 3, 3, 5]", "abs pow slice slice add pow"},
        OpCase{"GlobalLpPool", [](Model &m) { m.Node("GlobalLpPool", {"x"}, {"y"}); }, "f32[n, 3, 1, 1]", "mul reduce_sum sqrt"},
        OpCase{"CenterCropPad", [](Model &m) { m.Int64s("s", {2, 9}), m.Node("CenterCropPad", {"m", "s"}, {"y"}); }, "f32[2, 9]", "slice pad", 18},
        OpCase{"Dft", [](Model &m) { m.Input("k", kFloat, {"n", 4, 1}), m.Node("DFT", {"k"}, {"y"}).Int("onesided", 1); }, "f32[n, 3, 2]", "reshape transpose reshape matmul matmul neg reshape reshape transpose transpose reshape reshape concat"},
        OpCase{"Stft", [](Model &m) { m.Input("k", kFloat, {"n", 16}).Int64("step", 4).Floats("w", {8}), m.Node("STFT", {"k", "step", "w"}, {"y"}); }, "f32[n, 3, 5, 2]", "reshape reshape iota mul iota add gather mul reshape matmul matmul neg reshape reshape reshape reshape concat"},
        OpCase{"HannWindow", [](Model &m) { m.Int64("size", 8), m.Node("HannWindow", {"size"}, {"y"}); }, "f32[8]", ""},
        OpCase{"HammingWindow", [](Model &m) { m.Int64("size", 8), m.Node("HammingWindow", {"size"}, {"y"}).Int("periodic", 0); }, "f32[8]", ""},
        OpCase{"BlackmanWindow", [](Model &m) { m.Int64("size", 8), m.Node("BlackmanWindow", {"size"}, {"y"}); }, "f32[8]", ""},
        OpCase{"MelWeightMatrix", [](Model &m) { m.Int64("k", 8).Int64("n", 16).Int64("rate", 8192).Floats("low", {}, 0).Floats("high", {}, 4096), m.Node("MelWeightMatrix", {"k", "n", "rate", "low", "high"}, {"y"}); }, "f32[9, 8]", ""},
        OpCase{"DropoutOfNothing", [](Model &m) { m.Floats("r", {}, 0).Bools("t", {true}), m.Node("Dropout", {"x", "r", "t"}, {"y"}); }, "f32[n, 3, 4, 5]", ""},
        OpCase{"Momentum", [](Model &m) { m.Floats("r", {}).Int64("t", 1), m.Node("Momentum", {"r", "t", "v", "v", "v"}, {"y", "z"}).Domain("ai.onnx.preview.training").Float("alpha", 0.5).Float("beta", 0.5).Float("norm_coefficient", 0.5).Text("mode", "standard"); }, "f32[5]", "cast less_equal select mul add mul mul add mul sub"},
        OpCase{"Adagrad", [](Model &m) { m.Floats("r", {}).Int64("t", 1), m.Node("Adagrad", {"r", "t", "v", "v", "v"}, {"y", "z"}).Domain("ai.onnx.preview.training"); }, "f32[5]", "cast mul add div mul add mul add mul sqrt add div sub"},
        OpCase{"Adam", [](Model &m) { m.Floats("r", {}).Int64("t", 1), m.Node("Adam", {"r", "t", "v", "v", "v", "v"}, {"y", "z", "q"}).Domain("ai.onnx.preview.training"); }, "f32[5]", "cast pow sub sqrt mul pow sub div greater select mul add mul mul add mul mul mul add mul sqrt add div sub mul"}),
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
  Model m(12);
  m.Input("x", kFloat, {"n", 2}).Output("mean").Output("z").Floats("s", {2}).Bools("t", {true});
  m.Node("BatchNormalization", {"x", "s", "s", "s", "s"}, {"y", "mean"});
  m.Node("Dropout", {"x", "", "t"}, {"z"});
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented,
              {"2 parts", "batch normalization in training mode", "dropout in training mode"});
}

TEST(OpDetails, LowBitsAreCastAndNothingElse) {
  constexpr int kFloat8E5M2 = 19, kInt4 = 22;  // Debian's schema is older
  Model good(21);
  good.Input("x", kFloat, {"n"}).Input("w", kInt4, {"n"}).Floats("s", {}).Output("a").Output("b").Output("c");
  good.Node("Cast", {"x"}, {"a"}).Int("to", kFloat8E5M2);
  good.Node("Cast", {"x"}, {"b"}).Int("to", kFloat8E5M2).Int("saturate", 0);
  good.Node("DequantizeLinear", {"w", "s"}, {"c"});
  auto graph = good.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(OutputType(*graph, "a"), "f8e5m2[n]");
  EXPECT_EQ(OpNames(*graph), "cast cast greater_equal select neg greater_equal select cast cast mul");
  Model bad(21);
  bad.Input("x", kFloat8E5M2, {"n"}).Input("w", kInt4, {"n"}).Output("a").Output("b").Output("c");
  bad.Node("Abs", {"x"}, {"a"});
  bad.Node("Add", {"w", "w"}, {"b"});
  bad.Node("Concat", {"x", "x"}, {"c"}).Int("axis", 0);  // moves are for 8-bit floats too
  ExpectError(bad.Import().status(), absl::StatusCode::kUnimplemented,
              {"2 parts", "it works on f8e5m2, for which 'abs' is not supported; cast it to f32 first",
               "it works on i4, for which 'add' is not supported; cast it to i8 first"});
}

TEST(OpDetails, SizesThatMustBeConstantAreNamed) {
  Model m;
  m.Input("x", kFloat, {"n", 3, 4, "w"}).Input("i", kInt64, {2, "k"});
  m.Input("scales", kFloat, {"s"}).Input("c", kBoolean, {3}).Floats("f", {4}, 0.3f);
  m.Floats("k", {3, 1, 2, 2});
  for (const char *output : {"b", "c1", "d", "e", "g", "h"}) m.Output(output);
  m.Node("GatherND", {"x", "i"}, {"b"});
  m.Node("Resize", {"x", "", "scales"}, {"c1"});
  m.Node("Resize", {"x", "", "f"}, {"d"});
  m.Node("Compress", {"x", "c"}, {"e"}).Int("axis", 1);  // picked by data
  m.Node("ConvTranspose", {"x", "k"}, {"g"}).Ints("output_shape", {4, 4});
  m.Node("RoiAlign", {"x", "x", "x"}, {"h"});
  ExpectError(m.Import().status(), absl::StatusCode::kUnimplemented,
              {"5 parts", "the last axis of its indices i64[2, k] must be constant",
               "its scales are f32[s]; give that dim the number 4, or make the scales a constant",
               "along the dynamic size n is not supported; give that dim a number", "'output_shape' of a dynamic axis",
               "set 'sampling_ratio'"});
}

struct WrongCase {
  const char *name;
  std::function<void(Model &)> build;  // makes `y` of v, f32[5], and m, f32[4, 6]
  const char *error;
};

class WrongOps : public ::testing::TestWithParam<WrongCase> {};

TEST_P(WrongOps, AreRefusedWithTheReason) {
  Model m(18);
  m.Input("v", kFloat, {5}).Input("m", kFloat, {4, 6}).Output("y");
  GetParam().build(m);
  ExpectError(m.Import().status(), absl::StatusCode::kInvalidArgument, {GetParam().error});
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongOps,
    ::testing::Values(
        WrongCase{"GatherElementsRange",
                  [](Model &m) { m.Int64s("i", {5}), m.Node("GatherElements", {"v", "i"}, {"y"}); },
                  "index 5 is out of range for an axis of size 5"},
        WrongCase{"SuppressionLimit",  // an error of the builder, with a loop to be built behind it
                  [](Model &m) {
                    m.Input("boxes", kFloat, {1, 6, 4}).Input("scores", kFloat, {1, 2, 6}).Int64s("most", {1, 2});
                    m.Node("NonMaxSuppression", {"boxes", "scores", "most"}, {"s"}), m.Node("Abs", {"s"}, {"y"});
                  },
                  "cannot reshape i64[2]"},
        WrongCase{"ResizeScales", [](Model &m) { m.Node("Resize", {"m", "", "v"}, {"y"}); },
                  "its scales are f32[5]; they must be 2 numbers, one for each axis"},
        WrongCase{"WindowOfMany", [](Model &m) { m.Input("sizes", kInt64, {2}).Node("HannWindow", {"sizes"}, {"y"}); },
                  "its size is i64[2]; it must be a scalar"},
        WrongCase{"WindowTooLong", [](Model &m) { m.Int64("size", 1000001).Node("HannWindow", {"size"}, {"y"}); },
                  "its size is 1000001; 0 to 1000000 is supported"},
        WrongCase{"FrameStep0",
                  [](Model &m) {
                    m.Input("signal", kFloat, {1, 9}).Int64("step", 0).Int64("frame", 3);
                    m.Node("STFT", {"signal", "step", "", "frame"}, {"y"});
                  },
                  "cannot take a frame every 0 elements of f32[1, 9]"},
        WrongCase{"GatherElementsRank",
                  [](Model &m) { m.Int64s("i", {1}), m.Node("GatherElements", {"m", "i"}, {"y"}); },
                  "the ranks must be equal"},
        WrongCase{"GatherNDDepth", [](Model &m) { m.Int64s("i", {1, 1}), m.Node("GatherND", {"v", "i"}, {"y"}); },
                  "with 'batch_dims' 0 they do not fit"},
        WrongCase{"ScatterDtype",
                  [](Model &m) { m.Int64s("i", {1}), m.Node("ScatterElements", {"v", "i", "i"}, {"y"}); },
                  "the dtypes must be equal"},
        WrongCase{"ScatterReduction",
                  [](Model &m) {
                    m.Int64s("i", {1}), m.Node("ScatterElements", {"v", "i", "v"}, {"y"}).Text("reduction", "xor");
                  },
                  "not none, add, mul, max or min"},
        WrongCase{"CompressTooLong",
                  [](Model &m) { m.Bools("c", {0, 0, 0, 0, 0, 1}), m.Node("Compress", {"v", "c"}, {"y"}); },
                  "keeps element 5, but the size is 5"},
        WrongCase{"LossTargets",
                  [](Model &m) { m.Int64s("t", {1, 2}), m.Node("SoftmaxCrossEntropyLoss", {"m", "m"}, {"y"}); },
                  "the targets must be integers without the axis of classes"},
        WrongCase{"ResizeMode",
                  [](Model &m) { m.FloatList("s", {2}), m.Node("Resize", {"v", "", "s"}, {"y"}).Text("mode", "area"); },
                  "not nearest, linear or cubic"},
        WrongCase{"ResizeCount", [](Model &m) { m.FloatList("s", {2}), m.Node("Resize", {"m", "", "s"}, {"y"}); },
                  "has 1 scales or sizes for 2 axes"},
        WrongCase{"ResizeScale", [](Model &m) { m.FloatList("s", {-1}), m.Node("Resize", {"v", "", "s"}, {"y"}); },
                  "a scale is -1"},
        WrongCase{"QuantizeScale", [](Model &m) { m.Floats("s", {2, 2}), m.Node("QuantizeLinear", {"m", "s"}, {"y"}); },
                  "that must be a scalar, a vector, or blocks"},
        WrongCase{"ConvTransposeGroups",
                  [](Model &m) {
                    m.Input("x", kFloat, {1, 3, 4}).Floats("w", {3, 1, 2}),
                        m.Node("ConvTranspose", {"x", "w"}, {"y"}).Int("group", 2);
                  },
                  "3 channels do not divide into 2 groups"},
        WrongCase{"LstmWeights",
                  [](Model &m) {
                    m.Input("x", kFloat, {2, 1, 3}).Floats("w", {1, 3, 3}).Floats("r", {1, 3, 3}),
                        m.Node("LSTM", {"x", "w", "r"}, {"y"});
                  },
                  "with 1 directions and 4 gates they do not fit"},
        WrongCase{"GridRank",
                  [](Model &m) { m.Input("x", kFloat, {1, 1, 4, 4}), m.Node("GridSample", {"x", "m"}, {"y"}); },
                  "one coordinate per spatial axis"},
        WrongCase{"BitShiftOfFloats", [](Model &m) { m.Node("BitShift", {"v", "v"}, {"y"}).Text("direction", "LEFT"); },
                  "both must be of one integer dtype"},
        WrongCase{"EinsumDiagonal", [](Model &m) { m.Node("Einsum", {"m"}, {"y"}).Text("equation", "ii->i"); },
                  "which must be equal"},
        WrongCase{"CropRank", [](Model &m) { m.Int64s("s", {2}), m.Node("CenterCropPad", {"m", "s"}, {"y"}); },
                  "has 1 entries for 2 axes"},
        WrongCase{"Col2ImChannels",
                  [](Model &m) {
                    m.Input("x", kFloat, {1, 3, 6}).Int64s("i", {3, 4}).Int64s("b", {2, 2}),
                        m.Node("Col2Im", {"x", "i", "b"}, {"y"});
                  },
                  "it must be [batch, channels * 4, blocks]"},
        WrongCase{"DftAxis",
                  [](Model &m) { m.Input("x", kFloat, {1, 4, 1}), m.Node("DFT", {"x"}, {"y"}).Int("axis", 2); },
                  "the axis that holds the complex numbers"}),
    [](const auto &info) { return std::string(info.param.name); });

TEST(OpDetails, IndicesOutOfRangeAreRefused) {
  Model m;
  m.Input("x", kFloat, {4, 2}).Output("y").Int64s("i", {1, 4});
  m.Node("Gather", {"x", "i"}, {"y"}).Name("lookup");
  ExpectError(m.Import().status(), absl::StatusCode::kInvalidArgument,
              {"'lookup' (Gather)", "index 4 is out of range"});
}

}  // namespace
}  // namespace ingot
