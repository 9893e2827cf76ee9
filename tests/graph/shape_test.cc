// Every shape rule, good and bad. A bad case checks that the message names the node and says what to do.
#include <functional>

#include "gmock/gmock.h"
#include "graph/shape/infer.h"
#include "graph/shape/rules.h"
#include "gtest/gtest.h"
#include "ingot/builder.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Builds inputs by type: in("f32", {2, "n"}).
struct Maker {
  GraphBuilder b{"case"};
  int count = 0;

  Expr operator()(const char *dtype, Dims dims) {
    return b.Input("x" + std::to_string(count++), ParseDType(dtype).value(), std::move(dims));
  }
};
using Build = std::function<Expr(GraphBuilder &b, Maker &in)>;

std::string Type(const Build &build) {
  Maker maker;
  Expr result = build(maker.b, maker);
  return maker.b.status().ok() ? maker.b.type(result).ToString() : "error: " + std::string(maker.b.status().message());
}

// The part of the message after "node 'OP' (OP, shape_test.cc:LINE): ".
std::string ErrorOf(const char *op, const Build &build) {
  Maker maker;
  build(maker.b, maker);
  if (maker.b.status().ok()) return "accepted";
  EXPECT_EQ(maker.b.status().code(), absl::StatusCode::kInvalidArgument);
  std::string message(maker.b.status().message());
  EXPECT_THAT(message, StartsWith("node '" + std::string(op) + "' (" + op + ", shape_test.cc:"));
  return message.substr(message.find("): ") + 3);
}

// Cases that need only one of the two.
#define BUILD(expression) [](GraphBuilder &b, Maker &in) { return (void)in, (void)b, expression; }
#define EXPECT_TYPE(wanted, expression) EXPECT_EQ(Type(BUILD(expression)), wanted)
#define EXPECT_BAD(op, wanted, expression) EXPECT_EQ(ErrorOf(op, BUILD(expression)), wanted)

TEST(ShapeTest, Elementwise) {
  EXPECT_TYPE("f32[n, 3]", b.Add(in("f32", {"n", 3}), in("f32", {3})));
  EXPECT_TYPE("i32[2]", b.Neg(in("i32", {2})));
  EXPECT_TYPE("bool[2]", b.LogicalNot(in("bool", {2})));
  EXPECT_BAD("add", "operands have dtypes f32 and f64; cast one of them", b.Add(in("f32", {2}), in("f64", {2})));
  EXPECT_BAD("add", "shapes [2, 3] and [2, 4] do not broadcast: 3 against 4; sizes must be equal, or one of them 1",
             b.Add(in("f32", {2, 3}), in("f32", {2, 4})));
  EXPECT_BAD("exp", "operand 0 has dtype i32, which this op does not take; cast it first", b.Exp(in("i32", {2})));
  EXPECT_BAD("logical_not", "operand 0 has dtype f32, which this op does not take; cast it first",
             b.LogicalNot(in("f32", {2})));
  EXPECT_BAD("add", "operand 0 has dtype bool, which this op does not take; cast it first",
             b.Add(in("bool", {2}), in("bool", {2})));
  EXPECT_BAD("logical_and", "operand 0 has dtype f16, which this op does not take; cast it first",
             b.LogicalAnd(in("f16", {2}), in("f16", {2})));
}

TEST(ShapeTest, Predicate) {
  EXPECT_TYPE("bool[2, 3]", b.Less(in("f32", {2, 1}), in("f32", {3})));
  EXPECT_TYPE("bool[n]", b.IsNan(in("f16", {"n"})));
  EXPECT_BAD("equal", "operands have dtypes i64 and i32; cast one of them", b.Equal(in("i64", {}), in("i32", {})));
}

TEST(ShapeTest, Select) {
  EXPECT_TYPE("f32[n, 3]", b.Select(in("bool", {"n", 1}), in("f32", {3}), in("f32", {})));
  EXPECT_BAD("select", "the condition must be bool", b.Select(in("f32", {2}), in("f32", {2}), in("f32", {2})));
  EXPECT_BAD("select", "operands have dtypes f32 and i32; cast one of them",
             b.Select(in("bool", {2}), in("f32", {2}), in("i32", {2})));
  EXPECT_BAD("select", "shapes [3] and [2] do not broadcast: 3 against 2; sizes must be equal, or one of them 1",
             b.Select(in("bool", {3}), in("f32", {2}), in("f32", {2})));
}

TEST(ShapeTest, Cast) {
  EXPECT_TYPE("bf16[n]", b.Cast(in("bool", {"n"}), DType::kBF16));
  EXPECT_BAD("cast", "cannot cast to an invalid dtype", b.Cast(in("f32", {2}), DType::kInvalid));
}

TEST(ShapeTest, Reshape) {
  EXPECT_TYPE("f32[6]", b.Reshape(in("f32", {2, 3}), {6}));
  EXPECT_TYPE("f32[n, 12, 64]", b.Reshape(in("f32", {"n", 768}), {"n", 12, 64}));
  EXPECT_TYPE("f32[]", b.Reshape(in("f32", {1, 1}), {}));
  EXPECT_BAD("reshape", "cannot reshape f32[2, 3] (6 elements) to [4] (4 elements); keep the number of elements",
             b.Reshape(in("f32", {2, 3}), {4}));
  EXPECT_BAD("reshape", "the result would be f32[-2, -3], with a negative size",
             b.Reshape(in("f32", {2, 3}), {-2, -3}));
  EXPECT_BAD("reshape", "the result has rank 9; at most 8 is supported", b.Reshape(in("f32", {1}), Dims(9, 1)));
  EXPECT_BAD("reshape", "attribute 'dims' is [<undefined>]; a size overflows or divides by zero",
             b.Reshape(in("f32", {"n"}), {Dim(INT64_MAX) * Dim(2)}));
}

TEST(ShapeTest, Transpose) {
  EXPECT_TYPE("f32[3, n]", b.Transpose(in("f32", {"n", 3}), {-1, 0}));
  EXPECT_BAD("transpose", "'permutation' has 1 entries; x has 2 axes", b.Transpose(in("f32", {2, 3}), {0}));
  EXPECT_BAD("transpose", "'permutation' names axis 1 twice", b.Transpose(in("f32", {2, 3}), {1, -1}));
  EXPECT_BAD("transpose", "axis 2 is out of range for rank 2; use -2 to 1", b.Transpose(in("f32", {2, 3}), {0, 2}));
}

TEST(ShapeTest, BroadcastTo) {
  EXPECT_TYPE("f32[n, 2, 3]", b.BroadcastTo(in("f32", {1, 3}), {"n", 2, 3}));
  EXPECT_BAD("broadcast_to", "cannot broadcast f32[2, 3] to [2, 1]", b.BroadcastTo(in("f32", {2, 3}), {2, 1}));
  EXPECT_BAD("broadcast_to", "cannot broadcast f32[2, 3] to [3]", b.BroadcastTo(in("f32", {2, 3}), {3}));
  EXPECT_BAD("broadcast_to", "cannot broadcast f32[2] to [3]", b.BroadcastTo(in("f32", {2}), {3}));
}

TEST(ShapeTest, Slice) {
  EXPECT_TYPE("f32[2]", b.Slice(in("f32", {5}), {1}, {5}, {2}));
  EXPECT_TYPE("f32[5]", b.Slice(in("f32", {5}), {4}, {-1}, {-1}));
  EXPECT_TYPE("f32[3]", b.Slice(in("f32", {5}), {4}, {-1}, {-2}));
  EXPECT_TYPE("f32[0]", b.Slice(in("f32", {5}), {3}, {2}, {1}));
  EXPECT_TYPE("f32[0]", b.Slice(in("f32", {0}), {0}, {0}, {-1}));
  EXPECT_TYPE("f32[n - 1]", b.Slice(in("f32", {"n"}), {1}, {"n"}, {1}));
  EXPECT_TYPE("f32[((n) ceildiv (2))]", b.Slice(in("f32", {"n"}), {"n - 1"}, {-1}, {-2}));
  EXPECT_BAD("slice", "'starts' has 2 entries; x has 1 axes", b.Slice(in("f32", {5}), {0, 0}, {1}, {1}));
  EXPECT_BAD("slice", "'limits' has 0 entries; x has 1 axes", b.Slice(in("f32", {5}), {0}, {}, {1}));
  EXPECT_BAD("slice", "'steps' has 2 entries; x has 1 axes", b.Slice(in("f32", {5}), {0}, {1}, {1, 1}));
  EXPECT_BAD("slice", "axis 0 has step 0", b.Slice(in("f32", {5}), {0}, {1}, {0}));
  EXPECT_BAD("slice", "axis 0 has step -9223372036854775808", b.Slice(in("f32", {5}), {0}, {1}, {INT64_MIN}));
}

TEST(ShapeTest, SliceStaysInBounds) {
  auto bounds = [](Dim size, Dim start, Dim limit, int64_t step) {
    return "axis 0 of size " + size.ToString() + " has start " + start.ToString() + ", limit " + limit.ToString() +
           " and step " + std::to_string(step) + ", out of bounds; clamp them to the axis";
  };
  struct Case {
    Dim size, start, limit;
    int64_t step;
  };
  for (const Case &c : std::vector<Case>{
           {5, 0, 6, 1},
           {5, 6, 6, 1},
           {5, -1, 3, 1},
           {5, 0, -1, 1},
           {5, 4, -2, -1},
           {5, 5, -1, -1},  // backwards, the first element read is x[5]
           {0, 0, -1, -1},
           {"n", 0, "n + 1", 1},
           {"n", "n", -1, -1},
           {"n", "n + 2", "n + 2", 1},
       }) {
    EXPECT_EQ(ErrorOf("slice", [&](GraphBuilder &b,
                                   Maker &in) { return b.Slice(in("f32", {c.size}), {c.start}, {c.limit}, {c.step}); }),
              bounds(c.size, c.start, c.limit, c.step));
  }
}

TEST(ShapeTest, Concat) {
  EXPECT_TYPE("f32[2, n + 7]", b.Concat({in("f32", {2, "n"}), in("f32", {2, 3}), in("f32", {2, 4})}, -1));
  EXPECT_TYPE("f32[2]", b.Concat({in("f32", {2})}, 0));
  EXPECT_BAD("concat", "takes at least 1 operands, got 0", b.Concat({}, 0));
  EXPECT_BAD("concat", "cannot concatenate f32[2] and f64[2]", b.Concat({in("f32", {2}), in("f64", {2})}, 0));
  EXPECT_BAD("concat", "cannot concatenate f32[2] and f32[2, 1]", b.Concat({in("f32", {2}), in("f32", {2, 1})}, 0));
  EXPECT_BAD("concat", "operands f32[2, 3] and f32[4, 3] differ on axis 0 besides the concatenated one",
             b.Concat({in("f32", {2, 3}), in("f32", {4, 3})}, 1));
  EXPECT_BAD("concat", "axis 1 is out of range for rank 1; use -1 to 0", b.Concat({in("f32", {2}), in("f32", {2})}, 1));
  EXPECT_BAD("concat", "axis 0 is out of range: a scalar has no axes; reshape it", b.Concat({in("f32", {})}, 0));
}

TEST(ShapeTest, Pad) {
  EXPECT_TYPE("f32[n + 3, 2]", b.Pad(in("f32", {"n", 2}), in("f32", {}), {1, 0}, {2, 0}));
  EXPECT_BAD("pad", "'low' has 1 entries; x has 2 axes", b.Pad(in("f32", {2, 2}), in("f32", {}), {1}, {1, 1}));
  EXPECT_BAD("pad", "'high' has 0 entries; x has 2 axes", b.Pad(in("f32", {2, 2}), in("f32", {}), {1, 1}, {}));
  EXPECT_BAD("pad", "the padding value must be a scalar of x's dtype", b.Pad(in("f32", {2}), in("f32", {1}), {1}, {1}));
  EXPECT_BAD("pad", "the padding value must be a scalar of x's dtype", b.Pad(in("f32", {2}), in("i32", {}), {1}, {1}));
  EXPECT_BAD("pad", "axis 0 has negative padding; slice instead", b.Pad(in("f32", {2}), in("f32", {}), {-1}, {1}));
  EXPECT_BAD("pad", "the result would be f32[<undefined>]; a size overflows 64 bits or is too long an expression",
             b.Pad(in("f32", {2}), in("f32", {}), {INT64_MAX}, {1}));
}

TEST(ShapeTest, Gather) {
  EXPECT_TYPE("f32[2, n, 3, 5]", b.Gather(in("f32", {2, 4, 5}), in("i64", {"n", 3}), 1));
  EXPECT_TYPE("f32[2]", b.Gather(in("f32", {2, 4}), in("i32", {}), -1));
  EXPECT_BAD("gather", "indices must be i64 or i32", b.Gather(in("f32", {2}), in("f32", {2}), 0));
  EXPECT_BAD("gather", "axis 2 is out of range for rank 2; use -2 to 1",
             b.Gather(in("f32", {2, 2}), in("i64", {2}), 2));
  EXPECT_BAD("gather", "the result has rank 9; at most 8 is supported",
             b.Gather(in("f32", {1, 1, 1, 1, 1}), in("i64", {1, 1, 1, 1, 1}), 0));
}

TEST(ShapeTest, Iota) {
  EXPECT_TYPE("i64[n]", b.Iota({"n"}));
  EXPECT_TYPE("f16[2, 3]", b.Iota({2, 3}, -1, DType::kF16));
  EXPECT_BAD("iota", "axis 0 is out of range: a scalar has no axes; reshape it", b.Iota({}));
  EXPECT_BAD("iota", "iota makes no bool; cast what it makes", b.Iota({2}, 0, DType::kBool));
  EXPECT_BAD("iota", "the result would be i64[-2], with a negative size", b.Iota({-2}));
}

TEST(ShapeTest, DimValues) {
  EXPECT_TYPE("i64[2]", b.DimValues({"n", 3}));
  EXPECT_TYPE("i64[0]", b.DimValues({}));
  EXPECT_BAD("dim_values", "'values' has 33 entries; at most 32 are supported", b.DimValues(Dims(33, 1)));
}

TEST(ShapeTest, Reduce) {
  EXPECT_TYPE("f32[]", b.ReduceSum(in("f32", {2, "n"})));
  EXPECT_TYPE("f32[1, 1]", b.ReduceSum(in("f32", {2, "n"}), {}, true));
  EXPECT_TYPE("f32[n]", b.ReduceMax(in("f32", {2, "n", 3}), {-1, 0}));
  EXPECT_TYPE("f32[1, n, 1]", b.ReduceMean(in("f32", {2, "n", 3}), {2, 0}, true));
  EXPECT_TYPE("f32[]", b.ReduceProd(in("f32", {})));
  EXPECT_BAD("reduce_sum", "'axes' names an axis twice", b.ReduceSum(in("f32", {2, 3}), {1, -1}));
  EXPECT_BAD("reduce_min", "axis -3 is out of range for rank 2; use -2 to 1", b.ReduceMin(in("f32", {2, 3}), {-3}));
  EXPECT_BAD("reduce_mean", "operand 0 has dtype i32, which this op does not take; cast it first",
             b.ReduceMean(in("i32", {2})));
}

TEST(ShapeTest, ArgMax) {
  EXPECT_TYPE("i64[n]", b.ArgMax(in("f32", {"n", 3})));
  EXPECT_TYPE("i64[1, 3]", b.ArgMax(in("f32", {"n", 3}), 0, true));
  EXPECT_BAD("argmax", "axis 1 is out of range for rank 1; use -1 to 0", b.ArgMax(in("f32", {3}), 1));
  EXPECT_BAD("argmax", "axis -1 is out of range: a scalar has no axes; reshape it", b.ArgMax(in("f32", {})));
}

TEST(ShapeTest, MatMul) {
  EXPECT_TYPE("f32[n, 5]", b.MatMul(in("f32", {"n", 4}), in("f32", {4, 5})));
  EXPECT_TYPE("f32[n, 7, 2, 5]", b.MatMul(in("f32", {"n", 1, 2, 4}), in("f32", {7, 4, 5})));
  EXPECT_TYPE("f32[2, 3]", b.MatMul(in("f32", {2, "n + 1"}), in("f32", {"1 + n", 3})));
  EXPECT_BAD("matmul", "operands are f32[2, 2] and f64[2, 2]; cast one of them",
             b.MatMul(in("f32", {2, 2}), in("f64", {2, 2})));
  EXPECT_BAD("matmul", "operands f32[2] and f32[2, 2] need rank 2 or more; reshape vectors",
             b.MatMul(in("f32", {2}), in("f32", {2, 2})));
  EXPECT_BAD("matmul",
             "operands f32[2, n] and f32[n + 1, 2] disagree on the contracted size: n and n + 1; transpose or reshape "
             "one of them",
             b.MatMul(in("f32", {2, "n"}), in("f32", {"n + 1", 2})));
  EXPECT_BAD("matmul", "shapes [2] and [3] do not broadcast: 2 against 3; sizes must be equal, or one of them 1",
             b.MatMul(in("f32", {2, 4, 4}), in("f32", {3, 4, 4})));
}

TEST(ShapeTest, Conv) {
  EXPECT_TYPE("f32[n, 64, 112, 112]",
              b.Conv(in("f32", {"n", 3, 224, 224}), in("f32", {64, 3, 7, 7}), {2, 2}, {1, 1}, {3, 3, 3, 3}));
  EXPECT_TYPE("f32[1, 4, ((h - 3) floordiv (2)) + 1]",
              b.Conv(in("f32", {1, 2, "h"}), in("f32", {4, 1, 3}), {2}, {1}, {0, 0}, 2));
  EXPECT_TYPE("f32[1, 1, 4]", b.Conv(in("f32", {1, 1, 8}), in("f32", {1, 1, 3}), {1}, {2}, {0, 0}));
  EXPECT_TYPE("f32[1, 1, 3, 5]",
              b.Conv(in("f32", {1, 1, 3, 3}), in("f32", {1, 1, 1, 1}), {1, 1}, {1, 1}, {0, 1, 0, 1}));
  EXPECT_BAD("conv", "x f32[1, 2] and weights f32[1, 2] must have one dtype and the same rank, 3 or more",
             b.Conv(in("f32", {1, 2}), in("f32", {1, 2}), {}, {}, {}));
  EXPECT_BAD("conv", "with 1 spatial axes 'strides' and 'dilations' need 1 entries and 'pads' 2",
             b.Conv(in("f32", {1, 1, 8}), in("f32", {1, 1, 3}), {1}, {1}, {0}));
  EXPECT_BAD("conv", "groups, strides and dilations must be at least 1 and pads at least 0",
             b.Conv(in("f32", {1, 1, 8}), in("f32", {1, 1, 3}), {0}, {1}, {0, 0}));
  EXPECT_BAD("conv", "groups, strides and dilations must be at least 1 and pads at least 0",
             b.Conv(in("f32", {1, 1, 8}), in("f32", {1, 1, 3}), {1}, {1}, {0, 0}, 0));
  EXPECT_BAD("conv", "x has 2 channels; weights want 3",
             b.Conv(in("f32", {1, 2, 8}), in("f32", {1, 3, 3}), {1}, {1}, {0, 0}));
  EXPECT_BAD("conv", "3 output channels do not divide into 2 groups",
             b.Conv(in("f32", {1, 4, 8}), in("f32", {3, 2, 3}), {1}, {1}, {0, 0}, 2));
  EXPECT_BAD("conv", "the kernel of size 9 is larger than the padded input on spatial axis 0",
             b.Conv(in("f32", {1, 1, 8}), in("f32", {1, 1, 9}), {1}, {1}, {0, 0}));
  // 2^40 * 2^30 does not fit 64 bits.
  EXPECT_BAD("conv",
             "the result would be f32[1, 1, <undefined>]; a size overflows 64 bits or is too long an expression",
             b.Conv(in("f32", {1, 1, 8}), in("f32", {1, 1, INT64_C(1) << 40}), {1}, {1 << 30}, {0, 0}));
}

TEST(ShapeTest, SameWithAxis) {
  EXPECT_TYPE("f32[n, 3]", b.Softmax(in("f32", {"n", 3}), 0));
  EXPECT_BAD("softmax", "axis 2 is out of range for rank 2; use -2 to 1", b.Softmax(in("f32", {2, 2}), 2));
  EXPECT_BAD("log_softmax", "operand 0 has dtype i32, which this op does not take; cast it first",
             b.LogSoftmax(in("i32", {2})));
}

TEST(ShapeTest, LayerNorm) {
  EXPECT_TYPE("f32[n, 3, 4]", b.LayerNorm(in("f32", {"n", 3, 4}), in("f32", {4}), in("f32", {3, 4}), 1));
  EXPECT_BAD("layer_norm", "scale and shift must have x's dtype",
             b.LayerNorm(in("f32", {2, 4}), in("f16", {4}), in("f32", {4})));
  EXPECT_BAD("layer_norm", "scale or shift f32[3, 2, 4] does not broadcast to f32[2, 4]",
             b.LayerNorm(in("f32", {2, 4}), in("f32", {3, 2, 4}), in("f32", {4})));
  EXPECT_BAD("layer_norm", "scale or shift f32[3] does not broadcast to f32[2, 4]",
             b.LayerNorm(in("f32", {2, 4}), in("f32", {3}), in("f32", {4})));
  EXPECT_BAD("layer_norm", "axis 3 is out of range for rank 2; use -2 to 1",
             b.LayerNorm(in("f32", {2, 4}), in("f32", {4}), in("f32", {4}), 3));
}

TEST(ShapeTest, AttributesAreChecked) {
  EXPECT_BAD("softmax", "attribute 'axis' has the wrong kind of value",
             b.Emit(OpKind::kSoftmax, {in("f32", {2})}, {{"axis", 1.0}}));
  EXPECT_BAD("softmax", "there is no attribute 'axes'; docs/ops.md lists them",
             b.Emit(OpKind::kSoftmax, {in("f32", {2})}, {{"axes", int64_t{0}}}));
  EXPECT_BAD("transpose", "attribute 'permutation' is missing and has no default",
             b.Emit(OpKind::kTranspose, {in("f32", {2})}, {}));
  EXPECT_BAD("relu", "takes 1 operands, got 2", b.Emit(OpKind::kRelu, {in("f32", {2}), in("f32", {2})}, {}));
  EXPECT_BAD("concat", "operand 1 is missing", b.Concat({in("f32", {2}), Expr()}, 0));
  EXPECT_TYPE("f32[2]", b.Emit(OpKind::kSoftmax, {in("f32", {2})}, {}));
}

// Expressions grow by a factor at every node here; the message must come soon and without much memory.
TEST(ShapeTest, HostileGrowthOfSizesIsRefused) {
  GraphBuilder b("growth");
  Expr x = b.Input("x", DType::kF32, {1, 1, "n"});
  Expr one = b.Constant(Tensor::F32({1, 1, 1}, {1}));
  for (int i = 0; i < 1000; ++i) x = b.Concat({x, b.Conv(x, one, {2}, {1}, {0, 0})}, 2);
  EXPECT_THAT(std::string(b.status().message()), HasSubstr("a size overflows 64 bits or is too long an expression"));
}

}  // namespace
}  // namespace ingot
