// Elements of less than 16 bits: 8-bit floats against their definition, i4 and u4 packed two to a byte, and where ops
// take them. The same against ml_dtypes, bit by bit: tests/e2e/low_bits.py.
#include <cmath>
#include <cstring>
#include <limits>

#include "gtest/gtest.h"
#include "ingot/builder.h"
#include "ingot/graph_file.h"
#include "ingot/interpreter.h"
#include "ingot/tensor.h"
#include "proto/ingot/graph.pb.h"

namespace ingot {
namespace {

constexpr DType kFloats8[] = {DType::kF8E4M3, DType::kF8E5M2};
constexpr DType kNarrow[] = {DType::kI4, DType::kU4};

// From the formats' text, by the weights of the bits.
double Meaning(DType dtype, int pattern) {
  int fraction = dtype == DType::kF8E4M3 ? 3 : 2, bias = dtype == DType::kF8E4M3 ? 7 : 15;
  int exponent = (pattern & 127) >> fraction, rest = pattern & ((1 << fraction) - 1);
  double sign = pattern < 128 ? 1 : -1;
  if (dtype == DType::kF8E4M3 && (pattern & 127) == 127) return std::nan("");
  if (dtype == DType::kF8E5M2 && exponent == 31) return rest == 0 ? sign * INFINITY : std::nan("");
  double part = std::ldexp(rest, -fraction);
  return sign * (exponent == 0 ? std::ldexp(part, 1 - bias) : std::ldexp(1 + part, exponent - bias));
}

TEST(Float8, EveryPatternHasItsMeaning) {
  for (DType dtype : kFloats8) {
    for (int pattern = 0; pattern < 256; ++pattern) {
      double value = static_cast<double>(Float8ToFloat(dtype, static_cast<uint8_t>(pattern)));
      double expected = Meaning(dtype, pattern);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(value)) << pattern;
        continue;
      }
      EXPECT_EQ(value, expected) << pattern;
      EXPECT_EQ(std::signbit(value), pattern > 127) << pattern;
      EXPECT_EQ(FloatToFloat8(dtype, static_cast<float>(expected)), pattern) << "and back";
    }
  }
  EXPECT_EQ(LargestFloat8(DType::kF8E4M3), 448);
  EXPECT_EQ(LargestFloat8(DType::kF8E5M2), 57344);
}

// Between each two neighbours: just below, on and just above the middle. The middle goes to the even pattern.
TEST(Float8, RoundsToTheNearestAndTiesToEven) {
  for (DType dtype : kFloats8) {
    int largest = dtype == DType::kF8E4M3 ? 126 : 123;
    for (int low = 0; low <= largest; ++low) {
      double next = low == largest ? 2 * Meaning(dtype, low) - Meaning(dtype, low - 1) : Meaning(dtype, low + 1);
      float middle = static_cast<float>((Meaning(dtype, low) + next) / 2);
      ASSERT_EQ(static_cast<double>(middle), (Meaning(dtype, low) + next) / 2);
      int above = low == largest ? (dtype == DType::kF8E4M3 ? 127 : 124) : low + 1;  // NaN, infinity
      EXPECT_EQ(FloatToFloat8(dtype, std::nextafter(middle, 0.0f)), low);
      EXPECT_EQ(FloatToFloat8(dtype, middle), low % 2 == 0 ? low : above);
      EXPECT_EQ(FloatToFloat8(dtype, std::nextafter(middle, INFINITY)), above);
      EXPECT_EQ(FloatToFloat8(dtype, -middle), 128 | (low % 2 == 0 ? low : above));
    }
    for (float beyond : {1e6f, 3e38f, INFINITY}) EXPECT_EQ(FloatToFloat8(dtype, beyond), largest + 1);
    EXPECT_TRUE(std::isnan(Float8ToFloat(dtype, FloatToFloat8(dtype, NAN))));
    EXPECT_EQ(FloatToFloat8(dtype, 1e-30f), 0);
    EXPECT_EQ(FloatToFloat8(dtype, -1e-30f), 128);
  }
}

TEST(Float8, TensorsRoundDoublesOnce) {
  for (DType dtype : kFloats8) {
    Tensor tensor = Tensor::Zeros(dtype, {2});
    double middle = (Meaning(dtype, 40) + Meaning(dtype, 41)) / 2;
    tensor.SetDouble(0, middle * (1 + 1e-12));  // as f32 it would be the middle
    tensor.SetDouble(1, middle * (1 - 1e-12));
    EXPECT_EQ(tensor.GetDouble(0), Meaning(dtype, 41));
    EXPECT_EQ(tensor.GetDouble(1), Meaning(dtype, 40));
    EXPECT_EQ(tensor.bytes(), 2u);
  }
}

TEST(HalfBytes, TwoElementsShareAByteTheFirstItsLowHalf) {
  for (DType dtype : kNarrow) {
    Tensor tensor = Tensor::Zeros(dtype, {3});
    ASSERT_EQ(tensor.bytes(), 2u);
    for (int i = 0; i < 3; ++i) tensor.SetInt(i, 10 + i);
    EXPECT_EQ(static_cast<unsigned char>(tensor.data()[0]), 0xba);
    EXPECT_EQ(static_cast<unsigned char>(tensor.data()[1]), 0x0c) << "the last half is left alone";
    int64_t first = dtype == DType::kI4 ? 10 - 16 : 10;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(tensor.GetInt(i), first + i);
    tensor.SetInt(1, 1);
    EXPECT_EQ(tensor.GetInt(0), first) << "the neighbour stays";
    EXPECT_EQ(tensor.GetDouble(1), 1);
    EXPECT_EQ(tensor.GetInt(2), first + 2);
  }
}

TEST(HalfBytes, StorageBytes) {
  EXPECT_EQ(StorageBytes(DType::kI4, 0), 0);
  EXPECT_EQ(StorageBytes(DType::kI4, 1), 1);
  EXPECT_EQ(StorageBytes(DType::kU4, 1001), 501);
  EXPECT_EQ(StorageBytes(DType::kU4, INT64_MAX), INT64_MAX / 2 + 1);
  EXPECT_EQ(StorageBytes(DType::kF8E4M3, 7), 7);
  EXPECT_EQ(StorageBytes(DType::kF16, INT64_MAX / 2), INT64_MAX - 1);
  EXPECT_EQ(StorageBytes(DType::kF16, INT64_MAX / 2 + 1), std::nullopt);
  EXPECT_EQ(StorageBytes(DType::kF64, INT64_MAX / 8 + 1), std::nullopt);
  EXPECT_EQ(StorageBytes(DType::kI8, -1), std::nullopt);
}

Tensor Of(DType dtype, const std::vector<double> &values) {
  Tensor tensor = Tensor::Zeros(dtype, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) tensor.SetDouble(static_cast<int64_t>(i), values[i]);
  return tensor;
}

std::vector<double> Cast(const Tensor &x, DType to) {
  GraphBuilder b("cast");
  b.Output("y", b.Cast(b.Input("x", x.dtype(), x.type().dims), to));
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  absl::StatusOr<std::vector<Tensor>> results = Interpret(*graph, {x});
  EXPECT_TRUE(results.ok()) << results.status();
  std::vector<double> values;
  for (int64_t i = 0; i < x.size(); ++i) values.push_back((*results)[0].GetDouble(i));
  return values;
}

TEST(LowBits, CastsSaturateFloatsAndWrapIntegers) {
  using Values = std::vector<double>;
  Tensor reals = Of(DType::kF32, {0.9, -0.9, 7.5, 8, -8.9, 1e9, -INFINITY, NAN});
  EXPECT_EQ(Cast(reals, DType::kI4), (Values{0, 0, 7, 7, -8, 7, -8, 0}));
  EXPECT_EQ(Cast(reals, DType::kU4), (Values{0, 0, 7, 8, 0, 15, 0, 0}));
  Tensor integers = Of(DType::kI32, {7, 8, 15, 16, -1, -9, 1000});
  EXPECT_EQ(Cast(integers, DType::kI4), (Values{7, -8, -1, 0, -1, 7, -8}));
  EXPECT_EQ(Cast(integers, DType::kU4), (Values{7, 8, 15, 0, 15, 7, 8}));
  EXPECT_EQ(Cast(Of(DType::kI4, {-1, 7, -8}), DType::kU4), (Values{15, 7, 8}));
  EXPECT_EQ(Cast(Of(DType::kI4, {-1, 0, -8}), DType::kF32), (Values{-1, 0, -8}));
  EXPECT_EQ(Cast(Of(DType::kU4, {15, 0}), DType::kBool), (Values{1, 0}));
  Tensor large = Of(DType::kF32, {449, 470, -1e9, INFINITY, 0.3});
  EXPECT_EQ(Cast(large, DType::kF8E4M3), (Values{448, 448, -448, 448, 0.3125}));
  EXPECT_EQ(Cast(large, DType::kF8E5M2), (Values{448, 448, -57344, 57344, 0.3125}));
  EXPECT_EQ(Cast(Of(DType::kF8E5M2, {INFINITY, 57344}), DType::kF8E4M3), (Values{448, 448}));
  EXPECT_EQ(Cast(Of(DType::kI32, {300, -1000}), DType::kF8E4M3), (Values{288, -448}));
}

std::string Refusal(DType dtype, Expr (*build)(GraphBuilder &, Expr)) {
  GraphBuilder b("refused");
  b.Output("y", build(b, b.Input("x", dtype, {4, 6})));
  absl::StatusOr<Graph> graph = b.Finish();
  return graph.ok() ? "" : std::string(graph.status().message());
}

TEST(LowBits, OtherOpsSayWhatToCastTo) {
  auto add = [](GraphBuilder &b, Expr x) { return b.Add(x, x); };
  auto transpose = [](GraphBuilder &b, Expr x) { return b.Transpose(x, {1, 0}); };
  auto reshape = [](GraphBuilder &b, Expr x) { return b.Reshape(x, {3, 8}); };
  for (DType dtype : kNarrow) {
    EXPECT_NE(Refusal(dtype, add).find("does not take; cast it to i8 first"), std::string::npos);
    EXPECT_NE(Refusal(dtype, transpose).find("does not take; cast it to i8 first"), std::string::npos);
    EXPECT_EQ(Refusal(dtype, reshape), "");
  }
  for (DType dtype : kFloats8) {
    EXPECT_NE(Refusal(dtype, add).find("does not take; cast it to f32 first"), std::string::npos);
    EXPECT_EQ(Refusal(dtype, transpose), "");
    EXPECT_EQ(Refusal(dtype, [](GraphBuilder &b, Expr x) { return b.Select(b.Less(x, x), x, x); }), "");
  }
  GraphBuilder b("state");
  Expr state = b.State("s", DType::kI4, {3});
  b.SetState(state, state);
  b.Output("y", b.Cast(state, DType::kI8));
  EXPECT_NE(b.Finish().status().message().find("make it i8, and cast where it is used"), std::string::npos);
}

TEST(LowBits, FilesKeepThem) {
  GraphBuilder b("low");
  Tensor weights = Of(DType::kI4, {1, -2, 3, -4, 5});
  b.Output("y", b.Cast(b.Input("x", DType::kF8E5M2, {"n"}), DType::kF32));
  b.Output("w", b.Constant(weights));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::string path = testing::TempDir() + "/low_bits.ingot";
  ASSERT_TRUE(SaveGraph(*graph, path).ok());
  absl::StatusOr<Graph> read = LoadGraph(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToString(*read), ToString(*graph));
  ASSERT_EQ(read->constants.size(), 1u);
  EXPECT_EQ(read->constants[0].bytes(), 3u);
  EXPECT_EQ(std::memcmp(read->constants[0].data(), weights.data(), 3), 0);
  EXPECT_EQ(read->constants[0].GetInt(4), 5);
  // As version 2 writes them.
  absl::StatusOr<Graph> golden = LoadGraph(INGOT_TESTS_GRAPH "/golden/low_bits_v2.ingot.txt");
  ASSERT_TRUE(golden.ok()) << golden.status();
  EXPECT_EQ(ToString(*golden), ToString(*graph));
  EXPECT_EQ(std::memcmp(golden->constants[0].data(), weights.data(), 3), 0);
  proto::Graph message;
  ToProto(*graph, INT64_MAX, "", nullptr, &message);
  EXPECT_EQ(message.format_version(), 2);
}

}  // namespace
}  // namespace ingot
