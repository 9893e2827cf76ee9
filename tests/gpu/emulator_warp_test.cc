// Shuffles, votes and reductions of a warp, with whole and partial masks, against what the PTX ISA says lane by lane.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <math.h>

#include <vector>

#include "tests/gpu/twin.h"

namespace ingot::gpu_test {

DECLARE_INSTRUCTION(ShuffleBfly, "shfl.sync.bfly.f32")
DECLARE_INSTRUCTION(ShuffleBflyI, "shfl.sync.bfly.i32")
DECLARE_INSTRUCTION(ShuffleIdx, "shfl.sync.idx.i32")
DECLARE_INSTRUCTION(ShuffleIdxP, "shfl.sync.idx.f32p")
DECLARE_INSTRUCTION(ShuffleUpP, "shfl.sync.up.i32p")
DECLARE_INSTRUCTION(ShuffleDownP, "shfl.sync.down.f32p")
DECLARE_INSTRUCTION(SyncWarp, "bar.warp.sync")
DECLARE_INSTRUCTION(VoteAny, "vote.any.sync")
DECLARE_INSTRUCTION(VoteAll, "vote.all.sync")
DECLARE_INSTRUCTION(VoteBallot, "vote.ballot.sync")
DECLARE_INSTRUCTION(ReduxAdd, "redux.sync.add")
DECLARE_INSTRUCTION(ReduxMin, "redux.sync.min")
DECLARE_INSTRUCTION(ReduxUmax, "redux.sync.umax")

namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSeeds[] = {0, 1, 99};
constexpr uint32_t kAll = ~0u;

template <class T>
struct WithPredicate {
  T value;
  bool inside;
};

void SumOfWarp(void **p) {
  auto value = static_cast<float>(TidX());
  for (uint32_t distance = 16; distance > 0; distance /= 2) {
    value += Call<float>(ShuffleBfly, kAll, value, distance, 31u);
  }
  Parameter<float *>(p, 0)[TidX()] = value;
}

TEST(Warp, SumsByButterflies) {
  for (const uint64_t seed : kSeeds) {
    std::vector<float> out(96);
    ASSERT_EQ(RunTwin(SumOfWarp, {1}, {96}, 0, seed, out.data()), "");
    for (size_t i = 0; i < out.size(); ++i) {
      EXPECT_EQ(out[i], 32 * 31 / 2 + 32 * 32 * static_cast<float>(i / 32));
    }
  }
}

// Segments of eight lanes: c has ones in bits 8 to 12 where the lane's number names the segment.
void ShuffleInSegments(void **p) {
  auto *out = Parameter<float *>(p, 0) + 8 * TidX();
  const uint32_t segment = 0x18 << 8;
  const auto up = Call<WithPredicate<uint32_t>>(ShuffleUpP, kAll, TidX(), 3u, segment);
  const auto down = Call<WithPredicate<float>>(ShuffleDownP, kAll, static_cast<float>(TidX()), 3u, segment | 7);
  const auto index = Call<WithPredicate<float>>(ShuffleIdxP, kAll, static_cast<float>(TidX()), 13u, segment | 7);
  out[0] = static_cast<float>(up.value);
  out[1] = up.inside;
  out[2] = down.value;
  out[3] = down.inside;
  out[4] = index.value;
  out[5] = index.inside;
  out[6] = static_cast<float>(Call<uint32_t>(ShuffleIdx, kAll, TidX(), 5u, 31u));
  out[7] = static_cast<float>(Call<uint32_t>(ShuffleBflyI, kAll, TidX(), 9u, 31u));
}

TEST(Warp, ShufflesStayInTheirSegment) {
  for (const uint64_t seed : kSeeds) {
    std::vector<float> out(32 * 8);
    ASSERT_EQ(RunTwin(ShuffleInSegments, {1}, {32}, 0, seed, out.data()), "");
    for (int lane = 0; lane < 32; ++lane) {
      const float *got = &out[static_cast<size_t>(8 * lane)];
      const int begin = lane / 8 * 8;
      const bool up = lane - 3 >= begin, down = lane + 3 < begin + 8;
      EXPECT_EQ(got[0], up ? lane - 3 : lane);
      EXPECT_EQ(got[1], up);
      EXPECT_EQ(got[2], down ? lane + 3 : lane);
      EXPECT_EQ(got[3], down);
      EXPECT_EQ(got[4], begin + 5);
      EXPECT_EQ(got[5], 1);
      EXPECT_EQ(got[6], 5);
      EXPECT_EQ(got[7], lane ^ 9);
    }
  }
}

// Even and odd lanes apart; the even ones twice.
void PartialMasks(void **p) {
  auto *out = Parameter<uint32_t *>(p, 0);
  const uint32_t even = 0x55555555, odd = 0xaaaaaaaa;
  if (TidX() % 2 == 0) {
    const auto far = Call<uint32_t>(ShuffleBflyI, even, TidX(), 2u, 31u);
    Do(SyncWarp, even);
    out[TidX()] = far + 100 * Call<uint32_t>(ReduxAdd, 1u, even);
  } else {
    out[TidX()] = Call<uint32_t>(VoteBallot, odd, TidX() > 20);
  }
}

TEST(Warp, LanesOfAMaskActAlone) {
  for (const uint64_t seed : kSeeds) {
    std::vector<uint32_t> out(32);
    ASSERT_EQ(RunTwin(PartialMasks, {1}, {32}, 0, seed, out.data()), "");
    for (uint32_t lane = 0; lane < 32; ++lane) {
      EXPECT_EQ(out[lane], lane % 2 == 0 ? (lane ^ 2) + 1600 : 0xaaaaaaaa & ~((1u << 21) - 1)) << lane;
    }
  }
}

void Votes(void **p) {
  auto *out = Parameter<int32_t *>(p, 0) + 4 * TidX();
  const auto value = static_cast<int32_t>(TidX()) - 5;
  out[0] = Call<bool>(VoteAny, kAll, TidX() == 39) ? 1 : 0;
  out[1] = Call<bool>(VoteAll, kAll, TidX() != 39) ? 1 : 0;
  out[2] = Call<int32_t>(ReduxMin, value, kAll);
  out[3] = Call<int32_t>(ReduxUmax, value, kAll);
}

TEST(Warp, AWarpMayLackLanes) {
  for (const uint64_t seed : kSeeds) {
    std::vector<int32_t> out(40 * 4);
    ASSERT_EQ(RunTwin(Votes, {1}, {40}, 0, seed, out.data()), "");
    for (size_t i = 0; i < 40; ++i) {
      const std::vector<int32_t> got(&out[4 * i], &out[4 * i] + 4);
      EXPECT_EQ(got, i < 32 ? (std::vector<int32_t>{0, 1, -5, -1}) : (std::vector<int32_t>{1, 0, 27, 34}));
    }
  }
}

TEST(Warp, ALaneOutsideTheMaskGivesNan) {
  const auto shuffle = [](void **p) {
    if (TidX() < 4) Parameter<float *>(p, 0)[TidX()] = Call<float>(ShuffleBfly, 15u, 1.0f, 4u, 31u);
  };
  float out[4] = {};
  EXPECT_EQ(RunTwin(shuffle, {1}, {32}, 0, 0, &out[0]), "");
  EXPECT_TRUE(isnan(out[0]));
}

TEST(Warp, MistakesAreReported) {
  const auto outside = [](void **) { Do(SyncWarp, 2u); };
  EXPECT_EQ(
      RunTwin(outside, {1}, {1}, 0, 0),
      "block (0, 0, 0), thread (0, 0, 0): bar.warp.sync: unsupported mask 0x2: it lacks the lane that executes it");
  const auto divergent = [](void **) {
    if (TidX() < 16) {
      Do(SyncWarp, kAll);
    } else {
      Call<bool>(VoteAny, kAll, true);
    }
  };
  EXPECT_EQ(RunTwin(divergent, {1}, {32}, 0, 0),
            "deadlock: block (0, 0, 0), thread (0, 0, 0) waits at bar.warp.sync with mask 0xffffffff, but thread "
            "(16, 0, 0) waits at vote.any.sync with mask 0xffffffff");
  const auto masks = [](void **) { Do(SyncWarp, TidX() < 15 ? 0xffffu : kAll); };
  EXPECT_EQ(RunTwin(masks, {1}, {32}, 0, 0),
            "deadlock: block (0, 0, 0), thread (0, 0, 0) waits at bar.warp.sync with mask 0xffff, but thread "
            "(15, 0, 0) waits at bar.warp.sync with mask 0xffffffff");
  const auto exits = [](void **) {
    if (TidX() != 33) Do(SyncWarp, kAll);
  };
  EXPECT_THAT(RunTwin(exits, {1}, {64}, 0, 5), HasSubstr("but thread (33, 0, 0) has exited"));
}

}  // namespace
}  // namespace ingot::gpu_test
