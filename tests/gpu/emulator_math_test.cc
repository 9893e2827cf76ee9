// Arithmetic, conversions and integer instructions of one thread: values whose results the PTX ISA gives.
#include <gtest/gtest.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "tests/gpu/twin.h"

namespace ingot::gpu_test {

DECLARE_INSTRUCTION(FabsF32, "fabs.f32")
DECLARE_INSTRUCTION(Ex2, "ex2.approx.f32")
DECLARE_INSTRUCTION(Ex2Ftz, "ex2.approx.ftz.f")
DECLARE_INSTRUCTION(Lg2, "lg2.approx.f")
DECLARE_INSTRUCTION(RcpApprox, "rcp.approx.ftz.f")
DECLARE_INSTRUCTION(RsqrtApprox, "rsqrt.approx.f")
DECLARE_INSTRUCTION(SqrtRn, "sqrt.rn.f")
DECLARE_INSTRUCTION(FmaRn, "fma.rn.f")
DECLARE_INSTRUCTION(FmaRm, "fma.rm.f")
DECLARE_INSTRUCTION(FmaSat, "fma.rn.sat.f")
DECLARE_INSTRUCTION(FmaD, "fma.rn.d")
DECLARE_INSTRUCTION(AddRm, "add.rm.f")
DECLARE_INSTRUCTION(AddRp, "add.rp.f")
DECLARE_INSTRUCTION(AddRz, "add.rz.d")
DECLARE_INSTRUCTION(MulFtz, "mul.rn.ftz.f")
DECLARE_INSTRUCTION(DivRz, "div.rz.f")
DECLARE_INSTRUCTION(Fmin, "fmin.f")
DECLARE_INSTRUCTION(Fmax, "fmax.f")
DECLARE_INSTRUCTION(FmaxNan, "fmax.nan.f")
DECLARE_INSTRUCTION(Floor, "floor.f")
DECLARE_INSTRUCTION(RoundF, "round.f")
DECLARE_INSTRUCTION(SaturateF, "saturate.f")
DECLARE_INSTRUCTION(F2iRn, "f2i.rn")
DECLARE_INSTRUCTION(F2iRm, "f2i.rm")
DECLARE_INSTRUCTION(F2uiRz, "f2ui.rz")
DECLARE_INSTRUCTION(D2llRz, "d2ll.rz")
DECLARE_INSTRUCTION(F2ullRz, "f2ull.rz")
DECLARE_INSTRUCTION(Ull2fRz, "ull2f.rz")
DECLARE_INSTRUCTION(Ull2fRp, "ull2f.rp")
DECLARE_INSTRUCTION(Ull2dRm, "ull2d.rm")
DECLARE_INSTRUCTION(D2fRm, "d2f.rm")
DECLARE_INSTRUCTION(D2iHi, "d2i.hi")
DECLARE_INSTRUCTION(D2iLo, "d2i.lo")
DECLARE_INSTRUCTION(LohiI2d, "lohi.i2d")
DECLARE_INSTRUCTION(F2hRn, "f2h.rn")
DECLARE_INSTRUCTION(F2tf32, "f2tf32.rna")
DECLARE_INSTRUCTION(Prmt, "prmt")
DECLARE_INSTRUCTION(MulhiI, "mulhi.i")
DECLARE_INSTRUCTION(MulhiUll, "mulhi.ull")
DECLARE_INSTRUCTION(SadI, "sad.i")

namespace {

constexpr float kTiny = 0x1p-130f;  // subnormal

TEST(Math, Approximations) {
  EXPECT_EQ(Call<float>(FabsF32, -2.5f), 2.5f);
  EXPECT_EQ(Call<float>(Ex2, -3.0f), 0.125f);
  EXPECT_FLOAT_EQ(Call<float>(Ex2, 0.5f), sqrtf(2));
  EXPECT_EQ(Call<float>(Ex2, -140.0f), 0x1p-140f);
  EXPECT_EQ(Call<float>(Ex2Ftz, -140.0f), 0);
  EXPECT_EQ(Call<float>(Lg2, 8.0f), 3);
  EXPECT_EQ(Call<float>(RcpApprox, 4.0f), 0.25f);
  EXPECT_EQ(Call<float>(RcpApprox, -kTiny), -INFINITY);
  EXPECT_EQ(Call<float>(RsqrtApprox, 16.0f), 0.25f);
  EXPECT_EQ(Call<float>(SqrtRn, 2.0f), sqrtf(2));
}

TEST(Math, RoundsAsTheNameSays) {
  const float one = 1, little = 0x1p-30f;
  EXPECT_EQ(Call<float>(FmaRn, 1 + 0x1p-12f, 1 + 0x1p-12f, -1.0f), 0x1p-11f + 0x1p-24f);
  EXPECT_EQ(Call<double>(FmaD, 2.0, 3.0, 4.0), 10);
  EXPECT_EQ(Call<float>(FmaRm, one, one, -little), nextafterf(1, 0));
  EXPECT_EQ(Call<float>(FmaSat, 2.0f, 3.0f, 1.0f), 1);
  EXPECT_EQ(Call<float>(FmaSat, NAN, 3.0f, 1.0f), 0);
  EXPECT_EQ(Call<float>(AddRm, one, little), 1);
  EXPECT_EQ(Call<float>(AddRp, one, little), nextafterf(1, 2));
  EXPECT_EQ(Call<double>(AddRz, -1.0, -1e-30), -1);
  EXPECT_EQ(Call<float>(DivRz, 2.0f, 3.0f), 0x1.555554p-1f);
  EXPECT_EQ(Call<float>(MulFtz, kTiny, 2.0f), 0);
  EXPECT_EQ(Call<float>(MulFtz, 0x1p-100f, 0x1p-30f), 0);
  // The mode is as before.
  volatile float three = 3;
  EXPECT_EQ(2 / three, 0x1.555556p-1f);
}

TEST(Math, MinimumAndWholeNumbers) {
  EXPECT_EQ(Call<float>(Fmin, NAN, 2.0f), 2);
  EXPECT_EQ(Call<float>(Fmax, 3.0f, NAN), 3);
  EXPECT_TRUE(isnan(Call<float>(FmaxNan, 3.0f, NAN)));
  EXPECT_TRUE(signbit(Call<float>(Fmin, 0.0f, -0.0f)));
  EXPECT_FALSE(signbit(Call<float>(Fmax, -0.0f, 0.0f)));
  EXPECT_EQ(Call<float>(Floor, -1.5f), -2);
  EXPECT_EQ(Call<float>(RoundF, 2.5f), 2);
  EXPECT_EQ(Call<float>(SaturateF, -1.0f), 0);
  EXPECT_EQ(Call<float>(SaturateF, NAN), 0);
}

TEST(Math, Conversions) {
  EXPECT_EQ(Call<int32_t>(F2iRn, 2.5f), 2);
  EXPECT_EQ(Call<int32_t>(F2iRm, -2.5f), -3);
  EXPECT_EQ(Call<int32_t>(F2iRn, 1e10f), INT32_MAX);
  EXPECT_EQ(Call<int32_t>(F2iRn, NAN), 0);
  EXPECT_EQ(Call<uint32_t>(F2uiRz, -3.0f), 0u);
  EXPECT_EQ(Call<int64_t>(D2llRz, -1e300), INT64_MIN);
  EXPECT_EQ(Call<int64_t>(D2llRz, static_cast<double>(NAN)), INT64_MIN);
  EXPECT_EQ(Call<uint64_t>(F2ullRz, 0x1p63f), uint64_t{1} << 63);
  EXPECT_EQ(Call<float>(Ull2fRz, UINT64_MAX), nextafterf(0x1p64f, 0));
  EXPECT_EQ(Call<float>(Ull2fRp, (uint64_t{1} << 40) + 1), nextafterf(0x1p40f, INFINITY));
  EXPECT_FALSE(signbit(Call<double>(Ull2dRm, uint64_t{0})));
  EXPECT_EQ(Call<float>(D2fRm, 1 - 1e-12), nextafterf(1, 0));
  EXPECT_EQ(Call<int32_t>(D2iHi, 1.0), 0x3ff00000);
  EXPECT_EQ(Call<int32_t>(D2iLo, 1.0), 0);
  EXPECT_EQ(Call<double>(LohiI2d, 0, 0x3ff00000), 1.0);
  EXPECT_EQ(Call<uint32_t>(F2tf32, 1 + 0x1p-11f), 0x3f802000u);
}

TEST(Math, HalfOfEveryKindOfFloat) {
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 4093) {  // a prime: many low bits
    const auto word = static_cast<uint32_t>(bits);
    float value;
    memcpy(&value, &word, sizeof value);
    if (isnan(value)) continue;
    const auto wanted = static_cast<_Float16>(value);
    uint16_t wanted_bits;
    memcpy(&wanted_bits, &wanted, sizeof wanted_bits);
    ASSERT_EQ(Call<uint16_t>(F2hRn, value), wanted_bits) << value;
  }
}

TEST(Math, Integers) {
  EXPECT_EQ(Call<uint32_t>(Prmt, 0x33221100u, 0x77665544u, 0x7250u), 0x77225500u);
  EXPECT_EQ(Call<uint32_t>(Prmt, 0x80u, 0u, 0x9108u), 0x000080ffu);
  EXPECT_EQ(Call<int32_t>(MulhiI, -1, 1), -1);
  EXPECT_EQ(Call<uint64_t>(MulhiUll, UINT64_MAX, uint64_t{2}), 1u);
  EXPECT_EQ(Call<int32_t>(SadI, -3, 4, 10), 17);
}

}  // namespace
}  // namespace ingot::gpu_test
