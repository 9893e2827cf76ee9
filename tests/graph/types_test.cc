// Element types agree with the runtime's ABI and the wire format; conversions of half and bfloat16 agree with the
// compiler's, for every pattern.
#include "ingot/types.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "gtest/gtest.h"
#include "ingot/abi.h"
#include "ingot/tensor.h"
#include "proto/ingot/graph.pb.h"

namespace ingot {
namespace {

struct Row {
  DType dtype;
  ingot_dtype_t abi;
  proto::DType wire;
  const char *name;
  int bits;
};
constexpr Row kRows[] = {
    {DType::kInvalid, INGOT_DTYPE_INVALID, proto::DTYPE_INVALID, "invalid", 0},
    {DType::kF64, INGOT_F64, proto::F64, "f64", 64},
    {DType::kF32, INGOT_F32, proto::F32, "f32", 32},
    {DType::kF16, INGOT_F16, proto::F16, "f16", 16},
    {DType::kBF16, INGOT_BF16, proto::BF16, "bf16", 16},
    {DType::kI64, INGOT_I64, proto::I64, "i64", 64},
    {DType::kI32, INGOT_I32, proto::I32, "i32", 32},
    {DType::kI16, INGOT_I16, proto::I16, "i16", 16},
    {DType::kI8, INGOT_I8, proto::I8, "i8", 8},
    {DType::kU64, INGOT_U64, proto::U64, "u64", 64},
    {DType::kU32, INGOT_U32, proto::U32, "u32", 32},
    {DType::kU16, INGOT_U16, proto::U16, "u16", 16},
    {DType::kU8, INGOT_U8, proto::U8, "u8", 8},
    {DType::kBool, INGOT_BOOL, proto::BOOL, "bool", 8},
    {DType::kF8E4M3, INGOT_F8E4M3, proto::F8E4M3, "f8e4m3", 8},
    {DType::kF8E5M2, INGOT_F8E5M2, proto::F8E5M2, "f8e5m2", 8},
    {DType::kI4, INGOT_I4, proto::I4, "i4", 4},
    {DType::kU4, INGOT_U4, proto::U4, "u4", 4},
    {DType::kComplex64, INGOT_COMPLEX64, proto::COMPLEX64, "complex64", 64},
};

TEST(TypesTest, DTypesAgreeWithAbiAndWireFormat) {
  EXPECT_EQ(std::size(kRows), static_cast<size_t>(proto::DType_ARRAYSIZE))
      << "a dtype of the wire format is missing here";
  for (const Row &row : kRows) {
    EXPECT_EQ(static_cast<int>(row.dtype), static_cast<int>(row.abi)) << row.name;
    EXPECT_EQ(static_cast<int>(row.dtype), static_cast<int>(row.wire)) << row.name;
    EXPECT_EQ(Name(row.dtype), row.name);
    EXPECT_EQ(BitWidth(row.dtype), row.bits) << row.name;
    EXPECT_EQ(ParseDType(row.name), row.dtype == DType::kInvalid ? std::nullopt : std::optional<DType>(row.dtype));
    int kinds = IsFloat(row.dtype) + IsComplex(row.dtype) + IsSigned(row.dtype) + IsUnsigned(row.dtype) +
                (row.dtype == DType::kBool);
    EXPECT_EQ(kinds, row.dtype == DType::kInvalid ? 0 : 1) << row.name;
    EXPECT_EQ(IsInteger(row.dtype), row.name[0] == 'u' || (row.name[0] == 'i' && row.dtype != DType::kInvalid));
  }
  EXPECT_EQ(ParseDType("f33"), std::nullopt);
  EXPECT_EQ(ParseDType(""), std::nullopt);
  EXPECT_EQ(static_cast<unsigned>(kMaxRank), INGOT_MAX_RANK);
}

TEST(TypesTest, EpsilonIsTheStepAboveOne) {
  EXPECT_EQ(Epsilon(DType::kF64), std::numeric_limits<double>::epsilon());
  EXPECT_EQ(Epsilon(DType::kF32), static_cast<double>(std::numeric_limits<float>::epsilon()));
  EXPECT_EQ(Epsilon(DType::kF16), static_cast<double>(HalfToFloat(0x3c01)) - 1);
  EXPECT_EQ(Epsilon(DType::kBF16), static_cast<double>(Bfloat16ToFloat(0x3f81)) - 1);
  EXPECT_EQ(Epsilon(DType::kF8E4M3), static_cast<double>(Float8ToFloat(DType::kF8E4M3, 0x39)) - 1);
  EXPECT_EQ(Epsilon(DType::kF8E5M2), static_cast<double>(Float8ToFloat(DType::kF8E5M2, 0x3d)) - 1);
}

TEST(TypesTest, TensorTypePrintsAndCompares) {
  TensorType type{DType::kF32, {"batch", 768}};
  EXPECT_EQ(type.ToString(), "f32[batch, 768]");
  EXPECT_EQ(type, (TensorType{DType::kF32, {"batch", "700 + 68"}}));
  EXPECT_NE(type, (TensorType{DType::kF16, {"batch", 768}}));
  EXPECT_NE(type, (TensorType{DType::kF32, {"batch"}}));
  EXPECT_EQ((TensorType{DType::kI64, {}}).ToString(), "i64[]");
}

uint16_t HalfBits(_Float16 value) { return std::bit_cast<uint16_t>(value); }

TEST(HalfTest, EveryPatternWidensExactlyAndComesBack) {
  for (uint32_t i = 0; i < 65536; ++i) {
    uint16_t bits = static_cast<uint16_t>(i);
    float wide = HalfToFloat(bits), wanted = static_cast<float>(std::bit_cast<_Float16>(bits));
    ASSERT_EQ(std::signbit(wide), std::signbit(wanted)) << i;
    if (std::isnan(wanted)) {
      ASSERT_TRUE(std::isnan(wide)) << i;
      ASSERT_TRUE(std::isnan(HalfToFloat(FloatToHalf(wide)))) << i;
      ASSERT_EQ(FloatToHalf(wide) & 0x8000, bits & 0x8000) << i;
    } else {
      ASSERT_EQ(wide, wanted) << i;
      ASSERT_EQ(FloatToHalf(wide), bits);
    }
  }
}

TEST(HalfTest, RoundsToNearestEven) {
  EXPECT_EQ(FloatToHalf(1.0f), 0x3c00);
  EXPECT_EQ(FloatToHalf(65504.0f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65519.996f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(FloatToHalf(-1e30f), 0xfc00);
  EXPECT_EQ(FloatToHalf(INFINITY), 0x7c00);
  EXPECT_EQ(FloatToHalf(-0.0f), 0x8000);
  EXPECT_EQ(FloatToHalf(0x1p-25f), 0);         // half of the smallest subnormal: ties to even
  EXPECT_EQ(FloatToHalf(0x1.8p-24f), 2);       // 1.5 of them
  EXPECT_EQ(FloatToHalf(0x1.002p0f), 0x3c00);  // ties
  EXPECT_EQ(FloatToHalf(0x1.006p0f), 0x3c02);
  // Around every boundary between neighbours, on both sides.
  for (uint32_t i = 0; i < 0x7c00; ++i) {
    float low = HalfToFloat(static_cast<uint16_t>(i)),
          high = i == 0x7bff ? 65536.0f : HalfToFloat(static_cast<uint16_t>(i + 1));
    float middle = low + (high - low) / 2;
    for (float value :
         {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f), std::nextafter(low, 1e9f)}) {
      ASSERT_EQ(FloatToHalf(value), HalfBits(static_cast<_Float16>(value))) << std::hexfloat << value;
      ASSERT_EQ(FloatToHalf(-value), HalfBits(static_cast<_Float16>(-value))) << std::hexfloat << value;
    }
  }
}

TEST(HalfTest, RandomFloatsRoundAsTheCompilerDoes) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000000; ++i) {
    float value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value))));
    } else {
      ASSERT_EQ(FloatToHalf(value), HalfBits(static_cast<_Float16>(value))) << std::hexfloat << value;
    }
  }
}

TEST(Bfloat16Test, EveryPatternComesBack) {
  for (uint32_t i = 0; i < 65536; ++i) {
    uint16_t bits = static_cast<uint16_t>(i);
    float wide = Bfloat16ToFloat(bits);
    ASSERT_EQ(std::bit_cast<uint32_t>(wide), i << 16);
    if (std::isnan(wide)) {
      ASSERT_EQ(FloatToBfloat16(wide), bits | 0x40) << "a NaN becomes quiet and keeps its sign";
    } else {
      ASSERT_EQ(FloatToBfloat16(wide), bits);
    }
  }
}

TEST(Bfloat16Test, RoundsToNearestEven) {
  for (uint32_t i = 0; i < 0x7f80; ++i) {
    uint32_t low = i << 16, middle = low | 0x8000;
    uint16_t down = static_cast<uint16_t>(i), up = static_cast<uint16_t>(i + 1);
    ASSERT_EQ(FloatToBfloat16(std::bit_cast<float>(middle)), i & 1 ? up : down) << i;
    ASSERT_EQ(FloatToBfloat16(std::bit_cast<float>(middle - 1)), down) << i;
    ASSERT_EQ(FloatToBfloat16(std::bit_cast<float>(middle + 1)), up) << i;
    ASSERT_EQ(FloatToBfloat16(-std::bit_cast<float>(middle + 1)), up | 0x8000) << i;
  }
  EXPECT_EQ(FloatToBfloat16(std::numeric_limits<float>::max()), 0x7f80) << "overflow is infinity";
  EXPECT_EQ(FloatToBfloat16(std::bit_cast<float>(0x7f800001u)) & 0x7fc0, 0x7fc0)
      << "a NaN whose payload is cut off stays one";
}

uint16_t Stored(DType dtype, double value) {
  Tensor tensor = Tensor::Zeros(dtype, {});
  tensor.SetDouble(0, value);
  uint16_t bits;
  std::memcpy(&bits, tensor.data(), 2);
  return bits;
}

TEST(TensorTest, DoublesAreRoundedOnce) {
  // Just above the middle between two halves, by less than a float can tell: rounding to float first would fall on the
  // tie.
  EXPECT_EQ(Stored(DType::kF16, 1.0 + 0x1p-11 + 0x1p-40), 0x3c01);
  EXPECT_EQ(Stored(DType::kF16, 1.0 + 0x1p-11), 0x3c00);
  EXPECT_EQ(Stored(DType::kF16, 1.0 + 0x3p-11 - 0x1p-40), 0x3c01);
  EXPECT_EQ(Stored(DType::kBF16, 1.0 + 0x1p-8 + 0x1p-40), 0x3f81);
  EXPECT_EQ(Stored(DType::kBF16, 1.0 + 0x1p-8), 0x3f80);
  EXPECT_EQ(Stored(DType::kF16, 1e300), 0x7c00);
  EXPECT_EQ(Stored(DType::kBF16, -1e300), 0xff80);
  EXPECT_EQ(Stored(DType::kF16, -1e-300), 0x8000);
  EXPECT_EQ(Stored(DType::kF16, 0x1p-25 + 0x1p-70), 1);
  std::mt19937_64 random(5);
  for (int i = 0; i < 200000; ++i) {
    // Near the boundaries between halves.
    double value =
        HalfToFloat(static_cast<uint16_t>(random() % 0x7800)) * (1 + static_cast<double>(random() % 3) * 0x1p-12);
    value += std::ldexp(static_cast<double>(random() % 5) - 2, -60) * value;
    ASSERT_EQ(Stored(DType::kF16, value), HalfBits(static_cast<_Float16>(value))) << std::hexfloat << value;
  }
}

TEST(TensorTest, StoresAndLoadsEveryDType) {
  for (const Row &row : kRows) {
    if (row.dtype == DType::kInvalid) continue;
    Tensor tensor = Tensor::Zeros(row.dtype, {2, 3});
    EXPECT_EQ(tensor.size(), 6);
    EXPECT_EQ(tensor.bytes(), static_cast<size_t>(6 * row.bits / 8));
    EXPECT_EQ(tensor.type(), (TensorType{row.dtype, {2, 3}}));
    for (int i = 0; i < 6; ++i) tensor.SetDouble(i, i);
    for (int i = 0; i < 6; ++i) {
      EXPECT_EQ(tensor.GetDouble(i), row.dtype == DType::kBool ? i != 0 : i) << row.name;
      EXPECT_EQ(tensor.GetInt(i), row.dtype == DType::kBool ? i != 0 : i) << row.name;
    }
    if (IsFloat(row.dtype)) continue;
    for (int i = 0; i < 6; ++i) tensor.SetInt(i, 5 - i);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(tensor.GetInt(i), row.dtype == DType::kBool ? i != 5 : 5 - i) << row.name;
  }
}

TEST(TensorTest, ComplexNumbersAreTwoFloats) {
  Tensor tensor = Tensor::Zeros(DType::kComplex64, {2, 1});
  tensor.SetComplex(0, {1.5, -2});
  tensor.SetComplex(1, {1 + 0x1p-30, 0x1p-150});
  EXPECT_EQ(tensor.GetComplex(0), std::complex<double>(1.5, -2));
  EXPECT_EQ(tensor.GetComplex(1), std::complex<double>(1, 0)) << "parts are rounded";
  EXPECT_EQ(tensor.GetDouble(0), 1.5);
  EXPECT_EQ(tensor.GetInt(0), 1);
  Tensor parts = tensor.Parts();
  EXPECT_EQ(parts.type(), (TensorType{DType::kF32, {4}}));
  EXPECT_EQ(parts.GetDouble(1), -2);
  EXPECT_EQ(parts.data(), tensor.data());
  EXPECT_EQ(parts.Parts().type(), parts.type());
}

TEST(TensorTest, IntegersFromDoublesNeverTrap) {
  auto stored = [](DType dtype, double value) {
    Tensor tensor = Tensor::Zeros(dtype, {});
    tensor.SetDouble(0, value);
    return tensor.GetInt(0);
  };
  EXPECT_EQ(stored(DType::kI64, 1e30), INT64_MAX);
  EXPECT_EQ(stored(DType::kI64, -1e30), INT64_MIN);
  EXPECT_EQ(stored(DType::kI64, NAN), 0);
  EXPECT_EQ(stored(DType::kI32, -2.9), -2);
  EXPECT_EQ(stored(DType::kU64, 1e30), -1) << "2^64 - 1, as bits";
  EXPECT_EQ(stored(DType::kU64, -1), 0);
  EXPECT_EQ(stored(DType::kBool, 0.5), 1);
  EXPECT_EQ(stored(DType::kBool, NAN), 1);
  Tensor large = Tensor::Zeros(DType::kU64, {});
  large.SetDouble(0, 0x1p63);
  EXPECT_EQ(large.GetDouble(0), 0x1p63);
}

TEST(TensorTest, EmptyTensorsHaveData) {
  for (const Tensor &tensor : {Tensor::F32({0, 3}, {}), Tensor::Zeros(DType::kI64, {2, 0})}) {
    EXPECT_EQ(tensor.bytes(), 0u);
    EXPECT_NE(tensor.data(), nullptr);
  }
  EXPECT_EQ(Tensor::ScalarI64(-7).GetInt(0), -7);
  EXPECT_EQ(Tensor::ScalarF32(1.5f).GetDouble(0), 1.5);
}

}  // namespace
}  // namespace ingot
