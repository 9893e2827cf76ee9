// The tensor cores' instructions against loops over whole matrices. Who holds which element is written here once more,
// one line per row of the tables in the PTX ISA, "Matrix Fragments for mma.m16n8k8, k16 and k32".
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <math.h>
#include <string.h>

#include <functional>
#include <vector>

#include "tests/gpu/emulator/half.h"
#include "tests/gpu/twin.h"

namespace ingot::gpu_test {

DECLARE_INSTRUCTION(LdmatrixX1, "ldmatrix.sync.aligned.m8n8.x1.b16.p3")
DECLARE_INSTRUCTION(LdmatrixX4, "ldmatrix.sync.aligned.m8n8.x4.b16.p3")
DECLARE_INSTRUCTION(LdmatrixX2Trans, "ldmatrix.sync.aligned.m8n8.x2.trans.b16.p3")
DECLARE_INSTRUCTION(MmaF16, "mma.m16n8k16.row.col.f32.f32")
DECLARE_INSTRUCTION(MmaF16Short, "mma.m16n8k8.row.col.f32.f32")
DECLARE_INSTRUCTION(MmaBf16, "mma.m16n8k16.row.col.bf16")
DECLARE_INSTRUCTION(MmaTf32, "mma.m16n8k8.row.col.tf32")
DECLARE_INSTRUCTION(MmaS8, "mma.m16n8k32.row.col.s8")
DECLARE_INSTRUCTION(MmaU8S8, "mma.m16n8k32.row.col.u8.s8")
DECLARE_INSTRUCTION(MmaS8Saturated, "mma.m16n8k32.row.col.satfinite.s8")

namespace {

using ::testing::HasSubstr;

struct Place {
  uint32_t row, column;
};

// Element i of lane's fragment, by the tables.
Place PlaceInA16(uint32_t lane, uint32_t i) {  // f16, bf16: a0 to a7
  const uint32_t row = i < 2 || (i >= 4 && i < 6) ? lane / 4 : lane / 4 + 8;
  return {row, lane % 4 * 2 + (i & 1) + (i >= 4 ? 8 : 0)};
}
Place PlaceInB16(uint32_t lane, uint32_t i) {
  return {lane % 4 * 2 + (i & 1) + (i >= 2 ? 8 : 0), lane / 4};
}  // b0 to b3
Place PlaceInA8(uint32_t lane, uint32_t i) {  // tf32: a0 to a3
  return {i == 0 || i == 2 ? lane / 4 : lane / 4 + 8, i < 2 ? lane % 4 : lane % 4 + 4};
}
Place PlaceInB8(uint32_t lane, uint32_t i) { return {i == 0 ? lane % 4 : lane % 4 + 4, lane / 4}; }  // b0, b1
Place PlaceInA32(uint32_t lane, uint32_t i) {  // s8, u8: a0 to a15
  const uint32_t row = i < 4 || (i >= 8 && i < 12) ? lane / 4 : lane / 4 + 8;
  return {row, lane % 4 * 4 + (i & 3) + (i < 8 ? 0 : 16)};
}
Place PlaceInB32(uint32_t lane, uint32_t i) {
  return {lane % 4 * 4 + (i & 3) + (i < 4 ? 0 : 16), lane / 4};
}  // b0 to b7
Place PlaceInC(uint32_t lane, uint32_t i) {  // c0 to c3
  return {i < 2 ? lane / 4 : lane / 4 + 8, lane % 4 * 2 + (i & 1)};
}

// What a lane passes: A's elements, B's, and the accumulators.
template <class Element, class Sum, int kA, int kB>
struct Fragments {
  Element a[kA], b[kB];
  Sum c[4];
};

template <class Element, class Sum>
struct Matrices {
  std::vector<Element> a, b;
  std::vector<Sum> c, d;
  Matrices(uint32_t k, const std::function<Element(int)> &element) : a(16 * k), b(k * 8), c(16 * 8), d(16 * 8) {
    int i = 0;
    for (Element &value : a) value = element(i++);
    for (Element &value : b) value = element(i++);
    for (Sum &value : c) value = static_cast<Sum>(i++ % 7);
  }
};

using PlaceFunction = Place (*)(uint32_t, uint32_t);

// One warp with fragments taken from whole matrices.
template <class Element, class Sum, int kA, int kB, void (*kMma)(void *, const void *), PlaceFunction kPlaceInA,
          PlaceFunction kPlaceInB>
void MultiplyTile(void **p) {
  auto &m = *Parameter<Matrices<Element, Sum> *>(p, 0);
  const uint32_t k = kB * 4, lane = LaneId();
  Fragments<Element, Sum, kA, kB> fragments;
  for (uint32_t i = 0; i < kA; ++i) fragments.a[i] = m.a[kPlaceInA(lane, i).row * k + kPlaceInA(lane, i).column];
  for (uint32_t i = 0; i < kB; ++i) fragments.b[i] = m.b[kPlaceInB(lane, i).row * 8 + kPlaceInB(lane, i).column];
  for (uint32_t i = 0; i < 4; ++i) fragments.c[i] = m.c[PlaceInC(lane, i).row * 8 + PlaceInC(lane, i).column];
  Sum d[4];
  kMma(d, &fragments);
  for (uint32_t i = 0; i < 4; ++i) m.d[PlaceInC(lane, i).row * 8 + PlaceInC(lane, i).column] = d[i];
}

// Small whole numbers, so that every order of adding gives the same sum.
template <class Element, class Sum>
void ExpectProduct(const Matrices<Element, Sum> &m, const std::function<double(Element)> &of_a,
                   const std::function<double(Element)> &of_b) {
  const size_t k = m.b.size() / 8;
  for (size_t row = 0; row < 16; ++row) {
    for (size_t column = 0; column < 8; ++column) {
      double sum = static_cast<double>(m.c[row * 8 + column]);
      for (size_t i = 0; i < k; ++i) sum += of_a(m.a[row * k + i]) * of_b(m.b[i * 8 + column]);
      ASSERT_EQ(static_cast<double>(m.d[row * 8 + column]), sum) << row << ", " << column;
    }
  }
}

int Small(int i) { return i * 29 % 17 - 8; }
_Float16 HalfAt(int i) { return static_cast<_Float16>(Small(i)); }
uint16_t BfloatAt(int i) {
  return static_cast<uint16_t>(gpu_emulator::BitsOfFloat(static_cast<float>(Small(i))) >> 16);
}

TEST(Mma, F16) {
  Matrices<_Float16, float> m(16, HalfAt);
  ASSERT_EQ(RunTwin(MultiplyTile<_Float16, float, 8, 4, MmaF16, PlaceInA16, PlaceInB16>, {1}, {32}, 0, 1, &m), "");
  const auto number = [](_Float16 x) { return static_cast<double>(x); };
  ExpectProduct<_Float16, float>(m, number, number);
}

TEST(Mma, F16OfEight) {
  Matrices<_Float16, float> m(8, HalfAt);
  ASSERT_EQ(RunTwin(MultiplyTile<_Float16, float, 4, 2, MmaF16Short, PlaceInA16, PlaceInB16>, {1}, {32}, 0, 0, &m), "");
  const auto number = [](_Float16 x) { return static_cast<double>(x); };
  ExpectProduct<_Float16, float>(m, number, number);
}

TEST(Mma, Bf16) {
  Matrices<uint16_t, float> m(16, BfloatAt);
  ASSERT_EQ(RunTwin(MultiplyTile<uint16_t, float, 8, 4, MmaBf16, PlaceInA16, PlaceInB16>, {1}, {32}, 0, 1, &m), "");
  const auto number = [](uint16_t x) { return static_cast<double>(gpu_emulator::FloatOfBfloat(x)); };
  ExpectProduct<uint16_t, float>(m, number, number);
}

TEST(Mma, Tf32DropsLowBits) {
  Matrices<float, float> m(8, [](int i) { return static_cast<float>(Small(i)) * (1 + 0x1p-12f); });
  ASSERT_EQ(RunTwin(MultiplyTile<float, float, 4, 2, MmaTf32, PlaceInA8, PlaceInB8>, {1}, {32}, 0, 0, &m), "");
  const auto number = [](float x) { return static_cast<double>(roundf(x)); };
  ExpectProduct<float, float>(m, number, number);
}

TEST(Mma, Integers) {
  Matrices<uint8_t, int32_t> m(32, [](int i) { return static_cast<uint8_t>(i * 37); });
  const auto number = [](uint8_t x) { return static_cast<double>(static_cast<int8_t>(x)); };
  const auto unsigned_number = [](uint8_t x) { return static_cast<double>(x); };
  ASSERT_EQ(RunTwin(MultiplyTile<uint8_t, int32_t, 16, 8, MmaS8, PlaceInA32, PlaceInB32>, {1}, {32}, 0, 1, &m), "");
  ExpectProduct<uint8_t, int32_t>(m, number, number);
  ASSERT_EQ(RunTwin(MultiplyTile<uint8_t, int32_t, 16, 8, MmaU8S8, PlaceInA32, PlaceInB32>, {1}, {32}, 0, 1, &m), "");
  ExpectProduct<uint8_t, int32_t>(m, unsigned_number, number);
}

TEST(Mma, IntegersWrapOrSaturate) {
  Matrices<uint8_t, int32_t> m(32, [](int) { return uint8_t{100}; });
  m.c.assign(m.c.size(), INT32_MAX);
  ASSERT_EQ(RunTwin(MultiplyTile<uint8_t, int32_t, 16, 8, MmaS8, PlaceInA32, PlaceInB32>, {1}, {32}, 0, 0, &m), "");
  EXPECT_EQ(m.d[0], INT32_MIN + 319999);
  ASSERT_EQ(RunTwin(MultiplyTile<uint8_t, int32_t, 16, 8, MmaS8Saturated, PlaceInA32, PlaceInB32>, {1}, {32}, 0, 0, &m),
            "");
  EXPECT_EQ(m.d[0], INT32_MAX);
}

struct F16Operands {
  uint32_t a[4], b[2];
  float c[4];
};

// As a kernel does it: A (16 x 16) and B (16 x 8) by rows in shared memory, A by one ldmatrix, B by a transposing one.
void LoadAndMultiply(void **p) {
  const auto *a = Parameter<const uint16_t *>(p, 0), *b = Parameter<const uint16_t *>(p, 1);
  auto *d = Parameter<float *>(p, 2);
  auto *shared = Shared<uint16_t>();
  const uint32_t lane = LaneId();
  for (uint32_t i = lane; i < 256; i += 32) shared[i] = a[i];
  for (uint32_t i = lane; i < 128; i += 32) shared[256 + i] = b[i];
  Barrier();
  F16Operands operands = {};
  const uint16_t *row_of_a = shared + lane % 16 * 16 + lane / 16 * 8;
  const uint16_t *row_of_b = shared + 256 + lane % 16 * 8;
  LdmatrixX4(operands.a, &row_of_a);
  LdmatrixX2Trans(operands.b, &row_of_b);
  float sums[4];
  MmaF16(sums, &operands);
  for (uint32_t i = 0; i < 4; ++i) d[PlaceInC(lane, i).row * 8 + PlaceInC(lane, i).column] = sums[i];
}

TEST(Mma, LdmatrixFeedsIt) {
  Matrices<_Float16, float> m(16, HalfAt);
  m.c.assign(m.c.size(), 0);
  for (const uint64_t seed : {0, 11}) {
    ASSERT_EQ(RunTwin(LoadAndMultiply, {1}, {32}, 768, seed, m.a.data(), m.b.data(), m.d.data()), "");
    const auto number = [](_Float16 x) { return static_cast<double>(x); };
    ExpectProduct<_Float16, float>(m, number, number);
  }
}

TEST(Mma, MistakesAreReported) {
  const auto outside = [](void **) {
    const uint16_t *row = Shared<uint16_t>() + LaneId() * 8;
    uint32_t pair;
    LdmatrixX1(&pair, &row);
  };
  EXPECT_EQ(RunTwin(outside, {1}, {32}, 128, 0), "");
  EXPECT_THAT(RunTwin(outside, {1}, {32}, 127, 0), HasSubstr("ldmatrix: 16 bytes at shared address 0x70 are behind"));
  EXPECT_THAT(RunTwin(outside, {1}, {40}, 1024, 0), HasSubstr("needs a whole warp"));
}

TEST(Half, AllValues) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    _Float16 wanted;
    memcpy(&wanted, &half, sizeof wanted);
    const float got = gpu_emulator::FloatOfHalf(half);
    if (isnan(static_cast<float>(wanted))) {
      ASSERT_TRUE(isnan(got));
    } else {
      ASSERT_EQ(gpu_emulator::BitsOfFloat(got), gpu_emulator::BitsOfFloat(static_cast<float>(wanted))) << bits;
    }
  }
}

}  // namespace
}  // namespace ingot::gpu_test
