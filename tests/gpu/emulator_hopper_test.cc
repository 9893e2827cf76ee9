// Instructions of sm_90 together, as in a kernel for products: a warp loads tiles by TMA into a ring of stages, a
// warpgroup multiplies them by wgmma, TMA stores the result. Each wait that is left out is seen, in every order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/gpu/hopper.h"
#include "tests/gpu/tensor_maps.h"
#include "tests/gpu/wgmma.h"

namespace ingot::gpu_test {
namespace {

constexpr int kRows = 64, kColumns = 16, kTileK = 64, kTiles = 6, kK = kTiles * kTileK;
constexpr uint32_t kStages = 2;
// Shared memory: mbarriers, the result, stages of a tile of A and one of B, swizzled by 128 bytes.
constexpr uint32_t kFull = 0, kEmpty = 64, kResult = 1024, kFirstStage = 8192;
constexpr uint32_t kBytesOfA = kRows * kTileK * 2, kBytesOfB = kColumns * kTileK * 2;
constexpr uint32_t kStageBytes = kBytesOfA + kBytesOfB, kSharedBytes = kFirstStage + kStages * kStageBytes;

enum Bug : int64_t {
  kNone,
  kNoWaitForFull,
  kNoWaitForEmpty,
  kFreedBeforeWgmmaIsOver,
  kTooFewBytes,
  kTooManyBytes,
  kWrongParity,
  kNoArrival,
  kNoWaitGroup,
  kOneGroupPending,
  kNoBarrierBeforeStore,
  kNoWaitForStore,
  kNumBugs
};

void Load(const void *map_a, const void *map_b, Bug bug) {
  for (uint32_t i = 0; i < kTiles; ++i) {
    const uint32_t stage = i % kStages, parity = i / kStages % 2;
    char *tile = SharedAt(kFirstStage + stage * kStageBytes), *full = SharedAt(kFull + 8 * stage);
    if (bug != kNoWaitForEmpty) WaitFor(SharedAt(kEmpty + 8 * stage), bug == kWrongParity ? parity : parity ^ 1);
    ArriveExpecting(full, bug == kTooFewBytes ? kBytesOfA : bug == kTooManyBytes ? kStageBytes + 16 : kStageBytes);
    LoadTensor(LoadTensor2, tile, full, map_a, static_cast<int32_t>(i * kTileK), 0);
    LoadTensor(LoadTensor2, tile + kBytesOfA, full, map_b, static_cast<int32_t>(i * kTileK), 0);
  }
}

void MultiplyTiles(Bug bug, float sums[kColumns / 2]) {
  for (uint32_t i = 0; i < kTiles; ++i) {
    const uint32_t stage = i % kStages, tile = kFirstStage + stage * kStageBytes;
    if (bug != kNoWaitForFull) WaitFor(SharedAt(kFull + 8 * stage), i / kStages % 2);
    Do(WgmmaFence);
    for (uint32_t k = 0; k < kTileK; k += 16) {
      WgmmaOperands operands;
      for (int j = 0; j < kColumns / 2; ++j) operands.Add(sums[j]);
      operands.Add(MatrixDescriptor(tile + 2 * k, 16, 1024, 1));
      operands.Add(MatrixDescriptor(tile + kBytesOfA + 2 * k, 16, 1024, 1));
      for (const int32_t number : {1, 1, 1, 0, 0}) operands.Add(number);
      WgmmaF16N16(sums, operands.Get());
    }
    Do(WgmmaCommit);
    if (bug == kFreedBeforeWgmmaIsOver) Arrive(SharedAt(kEmpty + 8 * stage));
    if (bug != kNoWaitGroup) Do(WgmmaWait, int64_t{bug == kOneGroupPending});
    if (bug != kFreedBeforeWgmmaIsOver && bug != kNoArrival) Arrive(SharedAt(kEmpty + 8 * stage));
  }
}

// Parameters: tensor maps of A (64 x K), B (16 x K) and the result (64 x 16).
void Product(void **p) {
  const auto bug = static_cast<Bug>(Parameter<int64_t>(p, 3));
  if (TidX() == 0) {
    for (uint32_t stage = 0; stage < kStages; ++stage) {
      Do(MbarrierInit, SharedAt(kFull + 8 * stage), 1u);
      Do(MbarrierInit, SharedAt(kEmpty + 8 * stage), 128u);
    }
  }
  Barrier();
  if (WarpId() == 4) {
    if (LaneId() == 0) Load(Parameter<const void *>(p, 0), Parameter<const void *>(p, 1), bug);
    if (bug != kNoBarrierBeforeStore) Barrier();
    return;
  }
  float sums[kColumns / 2] = {};
  MultiplyTiles(bug, sums);
  auto *result = reinterpret_cast<float *>(SharedAt(kResult));
  for (uint32_t i = 0; i < kColumns / 2; ++i) {
    const uint32_t row = TidX() / 32 * 16 + LaneId() / 4 + i / 2 % 2 * 8;
    result[row * kColumns + i / 4 * 8 + LaneId() % 4 * 2 + i % 2] = sums[i];
  }
  if (bug != kNoBarrierBeforeStore) Barrier();
  if (TidX() == 0) {
    StoreTensor(StoreTensor2, SharedAt(kResult), Parameter<const void *>(p, 2), 0, 0);
    Do(BulkCommit);
    if (bug != kNoWaitForStore) Do(BulkWaitRead, 0u);
  }
}

class HopperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < kRows * kK; ++i) a_[i] = static_cast<_Float16>(i * 29 % 17 - 8);
    for (int i = 0; i < kColumns * kK; ++i) b_[i] = static_cast<_Float16>(i * 31 % 13 - 6);
  }

  // The error, or "wrong" or "".
  std::string RunProduct(int64_t bug, uint64_t seed) {
    const TensorMap a = MakeTensorMap(DenseTensor(kTensorFloat16, 2, a_, {kK, kRows}, {kTileK, kRows}, kSwizzle128));
    const TensorMap b =
        MakeTensorMap(DenseTensor(kTensorFloat16, 2, b_, {kK, kColumns}, {kTileK, kColumns}, kSwizzle128));
    const TensorMap c = MakeTensorMap(DenseTensor(kTensorFloat32, 4, c_, {kColumns, kRows}, {kColumns, kRows}));
    std::fill(c_, c_ + kRows * kColumns, -1.0f);
    const std::string error = RunTwin(Product, {1}, {160}, kSharedBytes, seed, &a, &b, &c, bug);
    if (!error.empty()) return error;
    for (int m = 0; m < kRows; ++m) {
      for (int n = 0; n < kColumns; ++n) {
        float sum = 0;
        for (int k = 0; k < kK; ++k) sum += static_cast<float>(a_[m * kK + k]) * static_cast<float>(b_[n * kK + k]);
        if (c_[m * kColumns + n] != sum) return "wrong";
      }
    }
    return "";
  }

  alignas(16) _Float16 a_[kRows * kK], b_[kColumns * kK];
  alignas(16) float c_[kRows * kColumns];
};

TEST_F(HopperTest, AProductIsRightInEveryOrder) {
  for (uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(RunProduct(kNone, seed), "") << seed;
}

TEST_F(HopperTest, EveryBugIsSeenInEveryOrder) {
  for (int64_t bug = kNone + 1; bug < kNumBugs; ++bug) {
    for (uint64_t seed = 0; seed < 20; ++seed) EXPECT_NE(RunProduct(bug, seed), "") << bug << " " << seed;
  }
}

TEST_F(HopperTest, WhatBugsLookLike) {
  const auto sees = [&](int64_t bug, const char *text) { EXPECT_THAT(RunProduct(bug, 0), ::testing::HasSubstr(text)); };
  sees(kNoWaitForEmpty, "more threads arrive than the phase waits for");
  sees(kFreedBeforeWgmmaIsOver, "something wrote to its matrix at shared address 0x20");
  // The phase ends with the tile of A, and B comes while it is multiplied.
  sees(kTooFewBytes, "something wrote to its matrix at shared address 0x4000 before wgmma.wait_group");
  sees(kTooManyBytes, "arrivals and 16 bytes to end a phase of parity 0");
  sees(kNoArrival, "which needs 128 of 128 arrivals and 0 bytes to end a phase of parity 0");
  sees(kNoWaitGroup, "exits before its wgmma is over: wgmma.wait_group is missing");
  sees(kNoBarrierBeforeStore, "something wrote to shared address 0x400 while TMA copied it");
  sees(kNoWaitForStore, "exits before its copy of TMA has read shared address 0x400");
}

}  // namespace
}  // namespace ingot::gpu_test
