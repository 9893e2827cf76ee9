// wgmma against loops over whole matrices, for every type, shape, place of A and layout of shared memory; and what
// shows of missing waits. Where an element lies in shared memory is written here once more, as the figures of the PTX
// ISA show it: tiles of 8 rows, one behind the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>

#include <functional>
#include <random>
#include <vector>

#include "tests/gpu/emulator/half.h"
#include "tests/gpu/hopper.h"
#include "tests/gpu/wgmma.h"

namespace ingot::gpu_test {

DECLARE_INSTRUCTION(ElectSync, "elect.sync")
DECLARE_INSTRUCTION(SetMaxRegisters, "setmaxnreg.dec.sync.aligned.u32")
DECLARE_INSTRUCTION(ClusterArrive, "barrier.cluster.arrive")
DECLARE_INSTRUCTION(BarArrive, "bar.arrive")
DECLARE_INSTRUCTION(BarrierCount, "barrier.cta.sync.aligned.count")

namespace {

using ::testing::HasSubstr;

// An operand in shared memory: `rows` rows (of A) or columns (of B), 32 bytes of which an instruction multiplies.
struct Layout {
  uint32_t span = 16;       // 16: not swizzled; 32, 64, 128
  bool transposed = false;  // elements of one k side by side
  uint32_t rows = 64;
  uint32_t begin = 0;  // in shared memory
  uint32_t bytes = 2;  // of an element
};

// Not transposed, 8 rows of 32 bytes make a tile: of two columns of 16 bytes or, swizzled, of rows as long as the span,
// of which the first 32 bytes are used.
uint32_t TileBytes(const Layout &layout) { return layout.span == 16 ? 128 : 8 * layout.span; }

uint32_t Swizzle(uint32_t row, uint32_t byte, uint32_t span) {
  const uint32_t by = span == 128 ? row % 8 : span == 64 ? row / 2 % 4 : span == 32 ? row / 4 % 2 : 0;
  return row * span + ((byte / 16 ^ by) * 16 + byte % 16);
}

uint32_t PlaceOf(const Layout &layout, uint32_t row, uint32_t k) {
  const uint32_t byte = k * layout.bytes, tile = TileBytes(layout);
  if (!layout.transposed && layout.span == 16) {
    return layout.begin + (row / 8 * 2 + byte / 16) * tile + row % 8 * 16 + byte % 16;
  }
  if (!layout.transposed) return layout.begin + row / 8 * tile + Swizzle(row % 8, byte, layout.span);
  // Transposed: a tile has 8 k, and as many rows as the span has elements. Tiles of 16 k one behind the other.
  const uint32_t tile_rows = layout.span / layout.bytes;
  return layout.begin + (row / tile_rows * 2 + k / 8) * tile +
         Swizzle(k % 8, row % tile_rows * layout.bytes, layout.span);
}

uint64_t DescriptorOf(const Layout &layout) {
  const uint32_t tile = TileBytes(layout);
  const int32_t mode = layout.span == 16 ? 0 : layout.span == 128 ? 1 : layout.span == 64 ? 2 : 3;
  if (layout.span == 16) return MatrixDescriptor(layout.begin, tile, 2 * tile, mode);
  if (layout.transposed) return MatrixDescriptor(layout.begin, 2 * tile, tile, mode);
  return MatrixDescriptor(layout.begin, 0, tile, mode);
}

struct Case {
  Instruction instruction = nullptr;
  uint32_t n = 8, k = 16, element_bytes = 2;
  bool is_float = true, a_in_registers = false;
  bool adds = true, negates_a = false, negates_b = false, saturates = false;
  Layout a, b;
  std::function<double(uint32_t)> value_a, value_b;  // of an element's bits
  std::vector<uint32_t> bits_a, bits_b;              // 64 x k; n x k
  std::vector<uint32_t> c, d;                        // 64 x n
  int64_t wait = 0;
};

void PutElement(const Layout &layout, uint32_t row, uint32_t k, uint32_t bits) {
  memcpy(SharedAt(PlaceOf(layout, row, k)), &bits, layout.bytes);
}

// The registers of A, by the tables of the PTX ISA: elements of a register lie side by side in a row.
uint32_t RegisterOfA(const Case &c, uint32_t lane, uint32_t r) {
  const uint32_t in_register = 4 / c.element_bytes;
  const uint32_t row = TidX() / 32 * 16 + lane / 4 + (r == 1 || r == 3 ? 8 : 0);
  const uint32_t k = lane % 4 * in_register + (r >= 2 ? 4 * in_register : 0);
  uint32_t bits = 0;
  for (uint32_t i = 0; i < in_register; ++i) bits |= c.bits_a[row * c.k + k + i] << 8 * c.element_bytes * i;
  return bits;
}

void MultiplyOnce(void **p) {
  Case &c = *Parameter<Case *>(p, 0);
  if (TidX() == 0) {
    for (uint32_t k = 0; k < c.k; ++k) {
      for (uint32_t m = 0; m < 64 && !c.a_in_registers; ++m) PutElement(c.a, m, k, c.bits_a[m * c.k + k]);
      for (uint32_t n = 0; n < c.n; ++n) PutElement(c.b, n, k, c.bits_b[n * c.k + k]);
    }
  }
  Barrier();
  const uint32_t lane = LaneId();
  const auto place = [&](uint32_t i) {
    return (TidX() / 32 * 16 + lane / 4 + i / 2 % 2 * 8) * c.n + i / 4 * 8 + lane % 4 * 2 + i % 2;
  };
  WgmmaOperands operands;
  for (uint32_t i = 0; i < c.n / 2; ++i) operands.Add(c.c[place(i)]);
  if (c.a_in_registers) {
    for (uint32_t r = 0; r < 4; ++r) operands.Add(RegisterOfA(c, lane, r));
  } else {
    operands.Add(DescriptorOf(c.a));
  }
  operands.Add(DescriptorOf(c.b));
  operands.Add(c.adds ? 1 : 0);
  if (c.is_float) {
    operands.Add(c.negates_a ? -1 : 1);
    operands.Add(c.negates_b ? -1 : 1);
  }
  if (c.element_bytes == 2 && !c.a_in_registers) operands.Add(c.a.transposed ? 1 : 0);
  if (c.element_bytes == 2) operands.Add(c.b.transposed ? 1 : 0);
  Do(WgmmaFence);
  uint32_t results[128];
  c.instruction(results, operands.Get());
  Do(WgmmaCommit);
  Do(WgmmaWait, c.wait);
  for (uint32_t i = 0; i < c.n / 2; ++i) c.d[place(i)] = results[i];
}

double NumberOf(const Case &c, uint32_t bits) {
  return c.is_float ? static_cast<double>(gpu_emulator::FloatOfBits(bits)) : static_cast<int32_t>(bits);
}

void MultiplyAndCompare(Case *c, uint64_t seed) {
  c->d.assign(size_t{64} * c->n, 0x12345678);
  ASSERT_EQ(RunTwin(MultiplyOnce, {1}, {128}, 200 << 10, seed, c), "");
  for (uint32_t m = 0; m < 64; ++m) {
    for (uint32_t n = 0; n < c->n; ++n) {
      double sum = 0;
      for (uint32_t k = 0; k < c->k; ++k)
        sum += c->value_a(c->bits_a[m * c->k + k]) * c->value_b(c->bits_b[n * c->k + k]);
      if (c->negates_a != c->negates_b) sum = -sum;
      if (c->adds) sum += NumberOf(*c, c->c[m * c->n + n]);
      ASSERT_EQ(NumberOf(*c, c->d[m * c->n + n]), sum) << m << ", " << n;
    }
  }
}

int Small(uint32_t i) { return static_cast<int>(i * 29 % 17) - 8; }

uint32_t HalfBits(int value) {
  const auto half = static_cast<_Float16>(value);
  uint16_t bits;
  memcpy(&bits, &half, sizeof bits);
  return bits;
}
uint32_t BfloatBits(int value) { return gpu_emulator::BitsOfFloat(static_cast<float>(value)) >> 16; }
// What a tensor core does not read is not zero.
uint32_t Tf32Bits(int value) { return gpu_emulator::BitsOfFloat(static_cast<float>(value)) | 0x1fff; }
uint32_t ByteBits(int value) { return static_cast<uint8_t>(value); }

double HalfValue(uint32_t bits) { return gpu_emulator::FloatOfHalf(static_cast<uint16_t>(bits)); }
double BfloatValue(uint32_t bits) { return gpu_emulator::FloatOfBfloat(static_cast<uint16_t>(bits)); }
double Tf32Value(uint32_t bits) { return gpu_emulator::FloatOfTf32(bits); }
double SignedValue(uint32_t bits) { return static_cast<int8_t>(bits); }
double UnsignedValue(uint32_t bits) { return bits; }

struct Type {
  uint32_t element_bytes;
  bool is_float;
  uint32_t (*bits)(int);
  double (*value_a)(uint32_t), (*value_b)(uint32_t);
};
constexpr Type kHalf = {2, true, HalfBits, HalfValue, HalfValue};
constexpr Type kBfloat = {2, true, BfloatBits, BfloatValue, BfloatValue};
constexpr Type kTf32 = {4, true, Tf32Bits, Tf32Value, Tf32Value};
constexpr Type kSigned = {1, false, ByteBits, SignedValue, SignedValue};
constexpr Type kMixed = {1, false, ByteBits, UnsignedValue, SignedValue};

Case CaseOf(const Type &type, Instruction instruction, uint32_t n, bool a_in_registers = false) {
  Case c;
  c.instruction = instruction;
  c.n = n;
  c.element_bytes = type.element_bytes;
  c.k = 32 / type.element_bytes;
  c.is_float = type.is_float;
  c.a_in_registers = a_in_registers;
  c.value_a = type.value_a;
  c.value_b = type.value_b;
  for (uint32_t i = 0; i < 64 * c.k; ++i) c.bits_a.push_back(type.bits(Small(i)));
  for (uint32_t i = 0; i < n * c.k; ++i) c.bits_b.push_back(type.bits(Small(3 * i + 5)));
  for (uint32_t i = 0; i < 64 * n; ++i) {
    c.c.push_back(type.is_float ? gpu_emulator::BitsOfFloat(static_cast<float>(Small(i)))
                                : static_cast<uint32_t>(Small(i)));
  }
  c.a.bytes = c.b.bytes = type.element_bytes;
  c.a.rows = 64;
  c.b.rows = n;
  c.b.begin = 64 << 10;
  return c;
}

TEST(Wgmma, EveryLayoutOfHalves) {
  for (const uint32_t span_a : {16, 32, 64, 128}) {
    for (const uint32_t span_b : {16, 32, 64, 128}) {
      for (int transposed = 0; transposed < 4; ++transposed) {
        Case c = CaseOf(kHalf, WgmmaF16N64, 64);
        c.a.span = span_a;
        c.b.span = span_b;
        c.a.transposed = transposed % 2 != 0;
        c.b.transposed = transposed / 2 != 0;
        SCOPED_TRACE(testing::Message() << span_a << " " << span_b << " " << transposed);
        ASSERT_NO_FATAL_FAILURE(MultiplyAndCompare(&c, span_a));
      }
    }
  }
}

TEST(Wgmma, EveryNumberOfColumns) {
  std::mt19937 random(1);
  for (uint32_t n = 8; n <= 256; n += 8) {
    SCOPED_TRACE(n);
    for (const bool registers : {false, true}) {
      Case c = CaseOf(kHalf, WgmmaF16(n, registers), n, registers);
      c.b.span = 16u << random() % 4;
      c.b.transposed = n % (c.b.span / 2) == 0 && random() % 2 != 0;
      ASSERT_NO_FATAL_FAILURE(MultiplyAndCompare(&c, n));
    }
  }
}

TEST(Wgmma, OtherTypes) {
  const struct {
    Type type;
    Instruction instruction;
    uint32_t n;
    bool registers;
  } cases[] = {{kBfloat, WgmmaBf16N16, 16, false}, {kBfloat, WgmmaBf16N16Registers, 16, true},
               {kTf32, WgmmaTf32N24, 24, false},   {kTf32, WgmmaTf32N24Registers, 24, true},
               {kSigned, WgmmaS8N32, 32, false},   {kSigned, WgmmaS8N32Registers, 32, true},
               {kMixed, WgmmaU8S8N32, 32, false},  {kSigned, WgmmaS8N32Saturated, 32, false}};
  for (const auto &each : cases) {
    for (const uint32_t span : {16, 32, 64, 128}) {
      SCOPED_TRACE(testing::Message() << &each - cases << " " << span);
      Case c = CaseOf(each.type, each.instruction, each.n, each.registers);
      c.a.span = c.b.span = span;
      ASSERT_NO_FATAL_FAILURE(MultiplyAndCompare(&c, span));
    }
  }
}

TEST(Wgmma, Scales) {
  for (int bits = 0; bits < 8; ++bits) {
    Case c = CaseOf(kHalf, WgmmaF16N64, 64);
    c.adds = bits % 2 != 0;
    c.negates_a = bits / 2 % 2 != 0;
    c.negates_b = bits / 4 != 0;
    ASSERT_NO_FATAL_FAILURE(MultiplyAndCompare(&c, 1));
  }
}

TEST(Wgmma, IntegersWrapOrSaturate) {
  for (const bool saturates : {false, true}) {
    Case c = CaseOf(kSigned, saturates ? WgmmaS8N32Saturated : WgmmaS8N32, 32);
    c.c.assign(c.c.size(), INT32_MAX);
    c.bits_a.assign(c.bits_a.size(), 100);
    c.bits_b.assign(c.bits_b.size(), 100);
    c.d.assign(c.c.size(), 0);
    ASSERT_EQ(RunTwin(MultiplyOnce, {1}, {128}, 200 << 10, 0, &c), "");
    EXPECT_EQ(static_cast<int32_t>(c.d[0]), saturates ? INT32_MAX : INT32_MIN + 319999);
  }
}

TEST(Wgmma, AMissingWaitIsReported) {
  Case c = CaseOf(kHalf, WgmmaF16N64, 64);
  c.d.resize(c.c.size());
  c.wait = 1;
  EXPECT_THAT(RunTwin(MultiplyOnce, {1}, {128}, 200 << 10, 0, &c),
              HasSubstr("exits before its wgmma is over: wgmma.wait_group is missing"));
}

enum : int64_t { kRight, kNoFence, kNoCommit, kWritesTooEarly, kArrivesTooEarly, kDiverges, kOtherDescriptor, kPartly };

// Two tiles of ones go through one place in shared memory: warps 0 to 3 multiply, warp 4 fills it.
void FillAndMultiply(void **p) {
  auto *out = Parameter<float *>(p, 0);
  const auto how = Parameter<int64_t>(p, 1);
  void *full = SharedAt(0), *empty = SharedAt(8);
  if (TidX() == 0) {
    Do(MbarrierInit, full, 32u);
    Do(MbarrierInit, empty, 128u);
  }
  Barrier();
  auto *tile = reinterpret_cast<uint16_t *>(SharedAt(1024));
  if (WarpId() == 4) {
    for (uint32_t i = 0; i < 2; ++i) {
      WaitFor(empty, 1 ^ i);
      for (uint32_t j = LaneId(); j < 72 * 16; j += 32)
        tile[j] = static_cast<uint16_t>(HalfBits(static_cast<int>(i + 1)));
      Arrive(full);
    }
    return;
  }
  float sums[4] = {};
  for (uint32_t i = 0; i < 2; ++i) {
    WaitFor(full, i);
    WgmmaOperands operands;
    for (const float sum : sums) operands.Add(sum);
    const uint32_t begin = how == kOtherDescriptor && WarpId() == 2 ? 1024 + 256 : 1024;
    operands.Add(MatrixDescriptor(begin, 128, 256, 0));
    operands.Add(MatrixDescriptor(1024 + 2048, 128, 256, 0));
    for (const int32_t number : {1, 1, 1, 0, 0}) operands.Add(number);
    if (how != kNoFence) Do(WgmmaFence);
    if (how == kDiverges && WarpId() == 3 && i == 1) break;
    WgmmaF16N8(sums, operands.Get());
    // A column of B: all warps read it.
    if (how == kWritesTooEarly && TidX() == 127) tile[1024] = 0;
    if (how != kNoCommit) Do(WgmmaCommit);
    if (how == kArrivesTooEarly) Arrive(empty);
    Do(WgmmaWait, int64_t{0});
    if (how != kArrivesTooEarly) Arrive(empty);
  }
  for (uint32_t i = 0; i < 4; ++i) out[4 * TidX() + i] = sums[i];
}

std::string RunFillAndMultiply(int64_t how, std::vector<float> *out, uint64_t seed, uint32_t threads = 160) {
  out->assign(4 * 128, -1);
  return RunTwin(FillAndMultiply, {1}, {threads}, 4096, seed, out->data(), how);
}

TEST(Wgmma, WorksWithMbarriers) {
  std::vector<float> out;
  for (const uint64_t seed : {0, 1, 2, 3, 4, 5}) {
    ASSERT_EQ(RunFillAndMultiply(kRight, &out, seed), "");
    EXPECT_EQ(out, std::vector<float>(4 * 128, 16 + 64));
  }
}

TEST(Wgmma, MistakesAreReported) {
  std::vector<float> out;
  for (const uint64_t seed : {0, 1, 2, 3, 4, 5}) {
    const auto run = [&](int64_t how) { return RunFillAndMultiply(how, &out, seed); };
    EXPECT_THAT(run(kNoFence), HasSubstr("m64n8k16.f32.f16.f16: wgmma.fence is missing in front of it"));
    EXPECT_THAT(run(kNoCommit), HasSubstr("exits with wgmma in no group: wgmma.commit_group is missing"));
    for (const int64_t how : {kWritesTooEarly, kArrivesTooEarly}) {
      EXPECT_THAT(run(how), HasSubstr("something wrote to its matrix at shared address 0x")) << seed << " " << how;
    }
    EXPECT_THAT(run(kDiverges),
                ::testing::AnyOf(HasSubstr("but the first warp of its warpgroup 2"), HasSubstr("deadlock")))
        << seed;
    EXPECT_THAT(run(kOtherDescriptor), HasSubstr("executes another wgmma, or with another descriptor"));
  }
  EXPECT_THAT(RunFillAndMultiply(kRight, &out, 0, 96), HasSubstr("deadlock"));
}

TEST(Wgmma, NeedsFourWarps) {
  const auto kernel = [](void **) {
    WgmmaOperands operands;
    for (int i = 0; i < 4; ++i) operands.Add(0);
    for (int i = 0; i < 2; ++i) operands.Add(MatrixDescriptor(0, 128, 256, 0));
    for (const int32_t number : {1, 1, 1, 0, 0}) operands.Add(number);
    Do(WgmmaFence);
    float sums[4];
    WgmmaF16N8(sums, operands.Get());
  };
  EXPECT_THAT(RunTwin(kernel, {1}, {96}, 4096, 0), HasSubstr("needs a whole warpgroup"));
  EXPECT_THAT(RunTwin(kernel, {1}, {128}, 400, 0), HasSubstr("are behind the 400 bytes of shared memory"));
}

TEST(Wgmma, WhatBelongsToClusters) {
  const auto elect = [](void **p) {
    struct {
      uint32_t leader;
      bool is_leader;
    } result;
    const uint32_t mask = 0x00ffff00;
    Do(SetMaxRegisters, 40u);
    if ((mask >> LaneId() & 1) != 0) {
      ElectSync(&result, &mask);
      if (result.is_leader) *Parameter<uint32_t *>(p, 0) += 100 * LaneId() + result.leader;
    }
  };
  uint32_t sum = 0;
  EXPECT_EQ(RunTwin(elect, {1}, {32}, 0, 1, &sum), "");
  EXPECT_EQ(sum, 2323);
  EXPECT_THAT(RunTwin([](void **) { Do(ClusterArrive); }, {1}, {32}, 0, 0),
              HasSubstr("barrier.cluster.arrive: clusters of more than one block are not emulated"));
}

// The second warp only arrives, and goes on at once.
TEST(Wgmma, ABarrierThatOneWarpOnlyComesTo) {
  const auto kernel = [](void **p) {
    if (WarpId() == 1) {
      Shared()[LaneId()] = 5;
      Do(BarArrive, 1u, 64u);
    } else {
      Do(BarrierCount, 1u, 64u);
      Parameter<float *>(p, 0)[LaneId()] = Shared()[LaneId()];
    }
  };
  for (const uint64_t seed : {0, 1, 2}) {
    std::vector<float> out(32);
    EXPECT_EQ(RunTwin(kernel, {1}, {64}, 128, seed, out.data()), "");
    EXPECT_EQ(out, std::vector<float>(32, 5));
  }
}

}  // namespace
}  // namespace ingot::gpu_test
