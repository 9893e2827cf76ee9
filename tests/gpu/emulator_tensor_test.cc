// TMA: boxes of tensors and plain bytes arrive where they should, and not before somebody waits for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <math.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "tests/gpu/hopper.h"
#include "tests/gpu/tensor_maps.h"

namespace ingot::gpu_test {

DECLARE_INSTRUCTION(LoadTensorInCluster, "cp.async.bulk.tensor.g2s.tile.2d")
DECLARE_INSTRUCTION(LoadTensorText, "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes")
DECLARE_INSTRUCTION(StoreTensorText, "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group")
DECLARE_INSTRUCTION(LoadBytes, "cp.async.bulk.global.to.shared.cta")
DECLARE_INSTRUCTION(StoreBytes, "cp.async.bulk.shared.cta.to.global")
DECLARE_INSTRUCTION(FenceAsync, "fence.proxy.async.shared_cta")
DECLARE_INSTRUCTION(FenceMbarrierInit, "fence.mbarrier_init.release.cluster")
DECLARE_INSTRUCTION(PrefetchMap, "prefetch.tensormap.p0")

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kSeeds[] = {0, 1, 2, 77};
// Where the kernels of this file have their mbarrier; tiles begin at 1024.
constexpr uint32_t kTile = 1024;

std::vector<float> Counted(size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

// Thread 0 loads a box at (at0, at1), expects `bytes`, and all threads wait and write it out.
void LoadBox(void **p) {
  const auto *map = Parameter<const void *>(p, 0);
  auto *out = Parameter<float *>(p, 1);
  const auto count = Parameter<uint32_t>(p, 2), bytes = Parameter<uint32_t>(p, 3);
  if (TidX() == 0) {
    Do(PrefetchMap, map);
    Do(MbarrierInit, SharedAt(0), 1u);
    Do(FenceMbarrierInit);
    ArriveExpecting(SharedAt(0), bytes);
    LoadTensor(LoadTensor2, SharedAt(kTile), SharedAt(0), map, Parameter<int32_t>(p, 4), Parameter<int32_t>(p, 5));
  }
  Barrier();
  const bool waits = Parameter<int64_t>(p, 6) != 0 || TidX() == 0;
  if (waits) WaitFor(SharedAt(0), 0);
  for (uint32_t i = TidX(); i < count; i += NtidX()) out[i] = Shared()[kTile / 4 + i];
}

std::string RunLoadBox(const TensorMap &map, std::vector<float> *out, int64_t at0, int64_t at1, uint64_t seed,
                       int64_t bytes, bool waits = true) {
  const auto count = static_cast<int64_t>(out->size());
  return RunTwin(LoadBox, {1}, {32}, kTile + static_cast<uint32_t>(count) * 4, seed, &map, out->data(), count, bytes,
                 at0, at1, int64_t{waits});
}

TEST(Tensor, ABoxArrives) {
  alignas(16) static float x[10 * 12];
  std::iota(x, x + 120, 0.0f);
  const TensorMap map = MakeTensorMap(DenseTensor(kTensorFloat32, 4, x, {12, 10}, {8, 4}));
  for (const uint64_t seed : kSeeds) {
    std::vector<float> out(32, -1);
    ASSERT_EQ(RunLoadBox(map, &out, 2, 5, seed, 128), "");
    for (size_t i = 0; i < 32; ++i) ASSERT_EQ(out[i], static_cast<float>((5 + i / 8) * 12 + 2 + i % 8));
  }
}

TEST(Tensor, OutsideAreZeros) {
  const std::vector<float> x = Counted(120);
  alignas(16) static float aligned[120];
  std::copy(x.begin(), x.end(), aligned);
  const TensorMap map = MakeTensorMap(DenseTensor(kTensorFloat32, 4, aligned, {12, 10}, {8, 4}));
  for (const auto &[at0, at1] : {std::pair<int, int>{-3, -2}, {9, 8}, {-8, 0}, {12, 3}, {0, 10}, {-1, 9}, {0, -4}}) {
    std::vector<float> out(32, -1);
    ASSERT_EQ(RunLoadBox(map, &out, at0, at1, 1, 128), "");
    for (int i = 0; i < 32; ++i) {
      const int column = at0 + i % 8, row = at1 + i / 8;
      const bool inside = column >= 0 && column < 12 && row >= 0 && row < 10;
      ASSERT_EQ(out[static_cast<size_t>(i)], inside ? aligned[row * 12 + column] : 0) << at0 << " " << at1 << " " << i;
    }
  }
}

TEST(Tensor, AMissingWaitShows) {
  alignas(16) static float x[64];
  const TensorMap map = MakeTensorMap(DenseTensor(kTensorFloat32, 4, x, {8, 8}, {8, 4}));
  std::vector<float> out(32);
  ASSERT_EQ(RunLoadBox(map, &out, 0, 0, 0, 128, /*waits=*/false), "");
  EXPECT_EQ(out[0], 0);  // of thread 0, which waits
  for (size_t i = 1; i < 32; ++i) EXPECT_TRUE(isnan(out[i]));
}

TEST(Tensor, WrongBytesAreADeadlock) {
  alignas(16) static float x[64];
  const TensorMap map = MakeTensorMap(DenseTensor(kTensorFloat32, 4, x, {8, 8}, {8, 4}));
  std::vector<float> out(32);
  EXPECT_THAT(RunLoadBox(map, &out, 0, 0, 1, 144), HasSubstr("0 of 1 arrivals and 16 bytes to end a phase"));
  EXPECT_THAT(RunLoadBox(map, &out, 0, 0, 1, 64), HasSubstr("0 of 1 arrivals and -64 bytes to end a phase"));
  // Nobody expects bytes: the phase ends at once, and what comes belongs to the next one.
  ASSERT_THAT(RunLoadBox(map, &out, 0, 0, 1, 0), HasSubstr("was on its way when the block ended"));
  for (const float value : out) EXPECT_TRUE(isnan(value));
}

// Where element `column` of row `row` of a tile lies whose rows are as long as the swizzle's span: chunks of 16 bytes
// trade places by bits of the row's number.
uint32_t SwizzledOffset(uint32_t row, uint32_t byte, uint32_t span) {
  const uint32_t chunk = byte / 16;
  uint32_t moved = chunk;
  if (span == 128) moved = chunk ^ row % 8;
  if (span == 64) moved = chunk ^ row / 2 % 4;
  if (span == 32) moved = chunk ^ row / 4 % 2;
  return row * span + moved * 16 + byte % 16;
}

TEST(Tensor, Swizzles) {
  alignas(16) static float x[64 * 32];
  std::iota(x, x + 64 * 32, 0.0f);
  for (const auto &[swizzle, span] :
       {std::pair<int32_t, uint32_t>{kSwizzle32, 32}, {kSwizzle64, 64}, {kSwizzle128, 128}}) {
    const TensorMap map = MakeTensorMap(DenseTensor(kTensorFloat32, 4, x, {32, 64}, {span / 4, 32}, swizzle));
    std::vector<float> out(32 * span / 4);
    ASSERT_EQ(RunLoadBox(map, &out, 0, 16, 2, 32 * span), "");
    for (uint32_t row = 0; row < 32; ++row) {
      for (uint32_t column = 0; column < span / 4; ++column) {
        ASSERT_EQ(out[SwizzledOffset(row, column * 4, span) / 4], x[(16 + row) * 32 + column]) << span << " " << row;
      }
    }
  }
}

// A whole box of each rank, with a number of 16 bits in each element.
template <uint32_t kRank, void (*kLoad)(void *, const void *)>
void LoadOfRank(void **p) {
  Do(MbarrierInit, SharedAt(0), 1u);
  const auto bytes = Parameter<uint32_t>(p, 2);
  ArriveExpecting(SharedAt(0), bytes);
  LoadOperands<kRank> operands = {SharedAt(kTile), SharedAt(0), Parameter<const void *>(p, 0), {}, 0, false};
  for (uint32_t d = 0; d < kRank; ++d) operands.at[d] = static_cast<int32_t>(d) - 1;
  kLoad(nullptr, &operands);
  WaitFor(SharedAt(0), 0);
  memcpy(Parameter<void *>(p, 1), SharedAt(kTile), bytes);
}

TEST(Tensor, AllRanks) {
  const uint64_t all_sizes[] = {16, 3, 5, 2, 4};
  const uint32_t all_boxes[] = {8, 2, 3, 2, 3};
  void (*const kernels[])(void **) = {LoadOfRank<1, LoadTensor1>, LoadOfRank<2, LoadTensor2>,
                                      LoadOfRank<3, LoadTensor3>, LoadOfRank<4, LoadTensor4>,
                                      LoadOfRank<5, LoadTensor5>};
  alignas(16) static uint16_t x[16 * 3 * 5 * 2 * 4];
  std::iota(x, x + std::size(x), uint16_t{1});
  for (uint32_t rank = 1; rank <= 5; ++rank) {
    const TensorMap map =
        MakeTensorMap(DenseTensor(kTensorFloat16, 2, x, {all_sizes, all_sizes + rank}, {all_boxes, all_boxes + rank}));
    int64_t count = 1;
    for (uint32_t d = 0; d < rank; ++d) count *= all_boxes[d];
    std::vector<uint16_t> out(static_cast<size_t>(count));
    ASSERT_EQ(RunTwin(kernels[rank - 1], {1}, {1}, 4096, 0, &map, out.data(), count * 2), "");
    for (int64_t i = 0; i < count; ++i) {
      int64_t rest = i, place = 0, stride = 1;
      bool inside = true;
      for (uint32_t d = 0; d < rank; ++d) {
        const int64_t at = rest % all_boxes[d] + d - 1;
        rest /= all_boxes[d];
        inside = inside && at >= 0 && at < static_cast<int64_t>(all_sizes[d]);
        place += at * stride;
        stride *= static_cast<int64_t>(all_sizes[d]);
      }
      ASSERT_EQ(out[static_cast<size_t>(i)], inside ? x[place] : 0) << rank << " " << i;
    }
  }
}

// The other forms of the same instructions.
void OtherForms(void **p) {
  const auto *map = Parameter<const void *>(p, 0);
  const struct {
    void *shared, *mbarrier;
    const void *map;
    int32_t at[2];
    uint16_t mask;
    uint64_t hint;
    bool multicast, has_hint;
    int32_t group;
  } cluster = {SharedAt(kTile), SharedAt(0), map, {0, 0}, 0, 0, Parameter<int64_t>(p, 2) != 0, false, 0};
  const struct {
    void *shared;
    const void *map;
    int32_t at[2];
    void *mbarrier;
  } text = {SharedAt(kTile + 128), map, {0, 4}, SharedAt(0)};
  const struct {
    const void *map, *shared;
    int32_t at[2];
  } store = {Parameter<const void *>(p, 1), SharedAt(kTile), {0, 0}};
  Do(MbarrierInit, SharedAt(0), 1u);
  ArriveExpecting(SharedAt(0), 256);
  LoadTensorInCluster(nullptr, &cluster);
  LoadTensorText(nullptr, &text);
  WaitFor(SharedAt(0), 0);
  StoreTensorText(nullptr, &store);
  Do(BulkCommit);
  Do(BulkWaitRead, 0u);
}

TEST(Tensor, OtherForms) {
  alignas(16) static float x[64], y[64];
  std::iota(x, x + 64, 0.0f);
  const TensorMap map = MakeTensorMap(DenseTensor(kTensorFloat32, 4, x, {8, 8}, {8, 4}));
  const TensorMap out = MakeTensorMap(DenseTensor(kTensorFloat32, 4, y, {8, 8}, {8, 8}));
  ASSERT_EQ(RunTwin(OtherForms, {1}, {1}, 4096, 0, &map, &out, int64_t{0}), "");
  EXPECT_TRUE(std::equal(x, x + 64, y));
  EXPECT_THAT(RunTwin(OtherForms, {1}, {1}, 4096, 0, &map, &out, int64_t{1}),
              HasSubstr("clusters of more than one block are not emulated"));
}

enum : int64_t { kWaits, kWaitsForRead, kWritesTooEarly, kNoWait, kNoCommit };

// Stores a box, and looks at what arrived. The last row and the last columns are outside of the tensor.
void StoreBox(void **p) {
  const auto *map = Parameter<const void *>(p, 0);
  auto *y = Parameter<float *>(p, 1);
  const auto how = Parameter<int64_t>(p, 2);
  for (uint32_t i = 0; i < 32; ++i) Shared()[kTile / 4 + i] = static_cast<float>(i);
  Do(FenceAsync);
  StoreTensor(StoreTensor3, SharedAt(kTile), map, 4, 1, 1);
  if (how != kNoCommit) Do(BulkCommit);
  if (how == kWritesTooEarly) Shared()[kTile / 4] = 77;
  if (how != kNoWait) {
    Do(BulkWaitRead, 1u);  // does nothing: there is only one group
    Do(how == kWaits ? BulkWait : BulkWaitRead, 0u);
  }
  for (uint32_t i = 0; i < 32; ++i) Shared()[kTile / 4 + i] = -1;
  y[0] = y[44];
}

TEST(Tensor, AStoreIsThereAfterTheWait) {
  alignas(16) static float y[3 * 24];
  const TensorMap map = MakeTensorMap(DenseTensor(kTensorFloat32, 4, y, {8, 3, 3}, {8, 2, 2}));
  for (const uint64_t seed : kSeeds) {
    std::fill(y, y + 72, -2.0f);
    ASSERT_EQ(RunTwin(StoreBox, {1}, {1}, 4096, seed, &map, &y[0], int64_t{kWaits}), "");
    EXPECT_EQ(y[0], y[44]);
    for (int i = 1; i < 72; ++i) {
      const int column = i % 8 - 4, row = i / 8 % 3 - 1, plane = i / 24 - 1;
      const bool inside = column >= 0 && row >= 0 && plane >= 0;
      ASSERT_EQ(y[i], inside ? static_cast<float>(plane * 16 + row * 8 + column) : -2) << i;
    }
  }
}

TEST(Tensor, WhatAStoreWithoutItsWaitDoes) {
  alignas(16) static float y[72];
  const TensorMap map = MakeTensorMap(DenseTensor(kTensorFloat32, 4, y, {8, 3, 3}, {8, 2, 2}));
  const auto run = [&](int64_t how) { return RunTwin(StoreBox, {1}, {1}, 4096, 0, &map, &y[0], how); };
  // Shared memory may be written again, but the tensor not yet be read.
  EXPECT_EQ(run(kWaitsForRead), "");
  EXPECT_TRUE(isnan(y[0]));
  EXPECT_EQ(y[45], 9);
  EXPECT_THAT(run(kWritesTooEarly), HasSubstr("something wrote to shared address 0x400 while TMA copied it"));
  EXPECT_THAT(run(kNoWait), HasSubstr("exits before its copy of TMA has read shared address 0x400"));
  EXPECT_THAT(run(kNoCommit), HasSubstr("cp.async.bulk.commit_group is missing"));
}

// Bytes there and back.
void CopyBytes(void **p) {
  const auto *x = Parameter<const char *>(p, 0);
  auto *y = Parameter<char *>(p, 1);
  const auto bytes = Parameter<uint32_t>(p, 2);
  const struct {
    void *shared, *mbarrier;
    const void *global;
    uint32_t bytes;
    uint64_t hint;
    bool has_hint;
  } load = {SharedAt(16), SharedAt(0), x, bytes, 0, false};
  const struct {
    void *global;
    const void *shared;
    uint32_t bytes;
    uint64_t hint;
    bool has_hint;
  } store = {y, SharedAt(16), bytes, 0, false};
  Do(MbarrierInit, SharedAt(0), 1u);
  ArriveExpecting(SharedAt(0), bytes);
  LoadBytes(nullptr, &load);
  WaitFor(SharedAt(0), 0);
  StoreBytes(nullptr, &store);
  Do(BulkCommit);
  Do(BulkWait, 0u);
}

TEST(Tensor, PlainBytes) {
  alignas(16) static char x[4800], y[4800];
  for (size_t i = 0; i < sizeof x; ++i) x[i] = static_cast<char>(i * 7);
  ASSERT_EQ(RunTwin(CopyBytes, {1}, {1}, 4816, 0, &x[0], &y[0], int64_t{4800}), "");
  EXPECT_TRUE(std::equal(x, x + 4800, y));
  EXPECT_THAT(RunTwin(CopyBytes, {1}, {1}, 4816, 0, &x[0], &y[0], int64_t{24}),
              HasSubstr("24 bytes are not a multiple"));
  EXPECT_THAT(RunTwin(CopyBytes, {1}, {1}, 4816, 0, &x[8], &y[0], int64_t{32}), HasSubstr("is not a multiple of 16"));
  EXPECT_THAT(RunTwin(CopyBytes, {1}, {1}, 4800, 0, &x[0], &y[0], int64_t{4800}), HasSubstr("are behind the 4800"));
}

// Two loads report to two mbarriers: which arrives first must not matter, and an order that differs shows.
void TwoLoads(void **p) {
  const auto *map = Parameter<const void *>(p, 0);
  auto *out = Parameter<float *>(p, 1);
  if (TidX() == 0) {
    for (uint32_t i = 0; i < 2; ++i) Do(MbarrierInit, SharedAt(8 * i), 1u);
    for (uint32_t i = 0; i < 2; ++i) {
      ArriveExpecting(SharedAt(8 * i), 128);
      LoadTensor(LoadTensor2, SharedAt(kTile + 128 * i), SharedAt(8 * i), map, 0, static_cast<int32_t>(4 * i));
    }
  }
  Barrier();
  WaitFor(SharedAt(8), 0);  // the second one only
  out[0] = Shared()[kTile / 4];
  out[1] = Shared()[kTile / 4 + 32];
  WaitFor(SharedAt(0), 0);
}

TEST(Tensor, LoadsArriveInAnyOrder) {
  alignas(16) static float x[64];
  std::iota(x, x + 64, 0.0f);
  const TensorMap map = MakeTensorMap(DenseTensor(kTensorFloat32, 4, x, {8, 8}, {8, 4}));
  int early = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    float out[2];
    ASSERT_EQ(RunTwin(TwoLoads, {1}, {1}, 4096, seed, &map, &out[0]), "");
    early += isnan(out[0]) ? 1 : 0;
    EXPECT_EQ(out[1], 32);
  }
  EXPECT_GT(early, 2);
  EXPECT_LT(early, 18);
}

TEST(Tensor, MistakesAreReported) {
  alignas(16) static float x[64];
  const TensorMap map = MakeTensorMap(DenseTensor(kTensorFloat32, 4, x, {8, 8}, {8, 4}));
  const auto run = [&](void (*kernel)(void **)) { return RunTwin(kernel, {1}, {1}, 2048, 0, &map); };
  EXPECT_THAT(
      run([](void **p) { LoadTensor(LoadTensor2, SharedAt(kTile), SharedAt(0), Parameter<void *>(p, 0), 0, 0); }),
      HasSubstr("shared address 0x0: there is no mbarrier: mbarrier.init is missing"));
  EXPECT_THAT(run([](void **p) {
                Do(MbarrierInit, SharedAt(0), 1u);
                LoadTensor(LoadTensor2, SharedAt(64), SharedAt(0), Parameter<void *>(p, 0), 0, 0);
              }),
              HasSubstr("shared address 0x40 is not a multiple of 128"));
  EXPECT_THAT(run([](void **p) {
                Do(MbarrierInit, SharedAt(0), 1u);
                LoadTensor(LoadTensor2, SharedAt(2048 - 64), SharedAt(0), Parameter<void *>(p, 0), 0, 0);
              }),
              HasSubstr("are behind the 2048 bytes"));
  EXPECT_THAT(run([](void **p) {
                Do(MbarrierInit, SharedAt(0), 1u);
                LoadTensor(LoadTensor3, SharedAt(kTile), SharedAt(0), Parameter<void *>(p, 0), 0, 0, 0);
              }),
              HasSubstr("the tensor map is one of rank 2"));
  EXPECT_THAT(run([](void **) {
                alignas(64) const TensorMap nothing = {};
                LoadTensor(LoadTensor2, SharedAt(kTile), SharedAt(0), &nothing, 0, 0);
              }),
              HasSubstr("cuTensorMapEncodeTiled did not make this tensor map"));
  EXPECT_THAT(run([](void **p) {
                Do(MbarrierInit, SharedAt(0), 1u);
                LoadTensor(LoadTensor2, SharedAt(kTile), SharedAt(0), Parameter<void *>(p, 0), 0, 0);
                LoadTensor(LoadTensor2, SharedAt(kTile), SharedAt(0), Parameter<void *>(p, 0), 0, 0);
              }),
              HasSubstr("another copy to shared address 0x400 is still on its way"));
}

}  // namespace
}  // namespace ingot::gpu_test
