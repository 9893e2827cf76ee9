// mbarriers: phases end as the PTX ISA says, threads that wait let others run, and waits without an end are deadlocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <math.h>

#include <vector>

#include "tests/gpu/hopper.h"

namespace ingot::gpu_test {

DECLARE_INSTRUCTION(MbarrierInval, "mbarrier.inval.shared")
DECLARE_INSTRUCTION(MbarrierArriveMany, "mbarrier.arrive.scope.cta.space.cta")
DECLARE_INSTRUCTION(MbarrierArriveDrop, "mbarrier.arrive.drop.shared")
DECLARE_INSTRUCTION(MbarrierArriveNoComplete, "mbarrier.arrive.noComplete.shared")
DECLARE_INSTRUCTION(MbarrierExpect, "mbarrier.expect.tx.scope.cta.space.cta")
DECLARE_INSTRUCTION(MbarrierComplete, "mbarrier.complete.tx.scope.cta.space.cta")
DECLARE_INSTRUCTION(MbarrierPending, "mbarrier.pending.count")
DECLARE_INSTRUCTION(MbarrierTestParity, "mbarrier.test.wait.parity.scope.cta.space.cta")
DECLARE_INSTRUCTION(MbarrierTestState, "mbarrier.test.wait.shared")
DECLARE_INSTRUCTION(MbarrierTryParity, "mbarrier.try.wait.parity.scope.cta.space.cta")

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kSeeds[] = {0, 1, 2, 77};

// One thread counts arrivals and bytes, and asks after each whether the phase is over.
void CountAlone(void **p) {
  auto *out = Parameter<uint32_t *>(p, 0);
  void *barrier = SharedAt(8);
  const auto ask = [&](uint32_t parity) { *out++ = Call<bool>(MbarrierTestParity, barrier, parity) ? 1 : 0; };
  Do(MbarrierInit, barrier, 3u);
  ask(0);
  ask(1);  // of the phase before, which is over
  *out++ = Call<uint32_t>(MbarrierPending, Call<uint64_t>(MbarrierArrive, barrier));
  *out++ = Call<uint32_t>(MbarrierPending, Call<uint64_t>(MbarrierArriveNoComplete, barrier, 1u));
  ask(0);
  const auto state = Call<uint64_t>(MbarrierArriveExpect, barrier, 100u);
  ask(0);  // no arrivals are missing, but bytes
  Do(MbarrierComplete, barrier, 60u);
  ask(0);
  Do(MbarrierExpect, barrier, 4u);
  Do(MbarrierComplete, barrier, 44u);
  ask(0);
  ask(1);
  *out++ = Call<bool>(MbarrierTestState, barrier, state) ? 1 : 0;
  // Bytes that come first, and a thread that leaves.
  Do(MbarrierComplete, barrier, 16u);
  Call<uint64_t>(MbarrierArriveDrop, barrier);
  Call<uint64_t>(MbarrierArriveMany, barrier, 2u);
  ask(1);
  Do(MbarrierExpect, barrier, 16u);
  ask(1);
  *out++ = Call<uint32_t>(MbarrierPending, Call<uint64_t>(MbarrierArrive, barrier));
  Do(MbarrierInval, barrier);
}

TEST(Mbarrier, CountsArrivalsAndBytes) {
  std::vector<uint32_t> out(14, 9);
  ASSERT_EQ(RunTwin(CountAlone, {1}, {1}, 16, 0, out.data()), "");
  EXPECT_THAT(out, ElementsAre(0, 1, 3, 2, 0, 0, 0, 1, 0, 1, 0, 1, 2, 9));
}

// A ring of two stages: the first warp fills them, the second one takes from them.
void Ring(void **p) {
  auto *out = Parameter<float *>(p, 0);
  const bool waits_for_empty = Parameter<int64_t>(p, 1) != 0;
  void *full[2] = {SharedAt(0), SharedAt(8)}, *empty[2] = {SharedAt(16), SharedAt(24)};
  float *stages = Shared() + 8;
  if (TidX() == 0) {
    for (int i = 0; i < 2; ++i) {
      Do(MbarrierInit, full[i], 32u);
      Do(MbarrierInit, empty[i], 32u);
    }
  }
  Barrier();
  for (uint32_t i = 0; i < 8; ++i) {
    const uint32_t stage = i % 2, parity = i / 2 % 2;
    float *place = stages + 32 * stage + LaneId();
    if (WarpId() == 0) {
      if (waits_for_empty) WaitFor(empty[stage], parity ^ 1);
      *place = static_cast<float>(100 * i + LaneId());
      Call<uint64_t>(MbarrierArrive, full[stage]);
    } else {
      WaitFor(full[stage], parity);
      out[32 * i + LaneId()] = *place;
      *place = NAN;
      Call<uint64_t>(MbarrierArrive, empty[stage]);
    }
  }
}

TEST(Mbarrier, ThreadsTakeTurns) {
  for (const uint64_t seed : kSeeds) {
    std::vector<float> out(256);
    ASSERT_EQ(RunTwin(Ring, {1}, {64}, 32 + 256, seed, out.data(), int64_t{1}), "");
    for (uint32_t i = 0; i < 256; ++i) ASSERT_EQ(out[i], static_cast<float>(i / 32 * 100 + i % 32)) << seed;
  }
}

// Phases end behind the back of who waits for them.
TEST(Mbarrier, AMissingWaitShows) {
  for (const uint64_t seed : kSeeds) {
    std::vector<float> out(256);
    EXPECT_THAT(RunTwin(Ring, {1}, {64}, 32 + 256, seed, out.data(), int64_t{0}),
                HasSubstr("thread (0, 0, 0) has exited"));
  }
}

// Thread 0 arrives; the others wait in loops around an instruction that may give up.
void Poll(void **p) {
  auto *out = Parameter<uint32_t *>(p, 0);
  if (TidX() == 0) Do(MbarrierInit, SharedAt(0), 1u);
  Barrier();
  if (TidX() == 0) {
    if (Call<bool>(MbarrierTryParity, SharedAt(0), 0u)) return;  // nobody has arrived
    if (Parameter<int64_t>(p, 1) != 0) Arrive(SharedAt(0));
  } else {
    while (!Call<bool>(MbarrierTestParity, SharedAt(0), 0u)) {
    }
  }
  out[TidX()] = 1;
}

TEST(Mbarrier, ATestGivesUpWhenNobodyCanRun) {
  for (const uint64_t seed : kSeeds) {
    std::vector<uint32_t> out(40);
    ASSERT_EQ(RunTwin(Poll, {1}, {40}, 8, seed, out.data(), int64_t{1}), "");
    EXPECT_EQ(out, std::vector<uint32_t>(40, 1));
    EXPECT_THAT(RunTwin(Poll, {1}, {40}, 8, seed, out.data(), int64_t{0}),
                HasSubstr("waits at mbarrier.test.wait.parity.scope.cta.space.cta for the phase of parity 0"));
  }
}

TEST(Mbarrier, AWaitWithoutEndIsADeadlock) {
  const auto wait = [](void **p) {
    if (TidX() == 0) Do(MbarrierInit, SharedAt(8), 2u);
    Barrier();
    Call<uint64_t>(MbarrierArriveExpect, SharedAt(8), TidX() == 0 ? Parameter<uint32_t>(p, 0) : 0);
    if (TidX() == 0) Do(MbarrierComplete, SharedAt(8), 32u);
    WaitFor(SharedAt(8), Parameter<uint32_t>(p, 1));
  };
  EXPECT_EQ(RunTwin(wait, {1}, {2}, 16, 0, int64_t{32}, int64_t{0}), "");
  EXPECT_EQ(
      RunTwin(wait, {1}, {2}, 16, 0, int64_t{48}, int64_t{0}),
      "deadlock: block (0, 0, 0), thread (0, 0, 0) waits at mbarrier.try_wait.parity.shared.b64 for the phase of "
      "parity 0 of the mbarrier at shared address 0x8, which needs 0 of 2 arrivals and 16 bytes to end a phase of "
      "parity 0");
  // The phase after the one that ends.
  EXPECT_THAT(RunTwin(wait, {1}, {2}, 16, 3, int64_t{32}, int64_t{1}),
              HasSubstr("which needs 2 of 2 arrivals and 0 bytes to end a phase of parity 1"));
}

TEST(Mbarrier, MistakesAreReported) {
  const auto run = [](void (*kernel)(void **)) { return RunTwin(kernel, {1}, {1}, 64, 0); };
  EXPECT_THAT(run([](void **) { Arrive(SharedAt(0)); }),
              HasSubstr("mbarrier.arrive.shared: shared address 0x0: there is no mbarrier: mbarrier.init is missing"));
  EXPECT_THAT(run([](void **) { WaitFor(SharedAt(16), 0); }), HasSubstr("shared address 0x10: there is no mbarrier"));
  EXPECT_THAT(run([](void **) { Do(MbarrierInit, SharedAt(4), 1u); }), HasSubstr("0x4 is not a multiple of 8"));
  EXPECT_THAT(run([](void **) { Do(MbarrierInit, SharedAt(64), 1u); }), HasSubstr("are behind the 64 bytes"));
  EXPECT_THAT(run([](void **) { Do(MbarrierInit, SharedAt(0), 0u); }),
              HasSubstr("its count is not between 1 and 1048575"));
  EXPECT_THAT(run([](void **) {
                Do(MbarrierInit, SharedAt(0), 1u);
                Do(MbarrierInit, SharedAt(0), 1u);
              }),
              HasSubstr("mbarrier.inval is missing"));
  EXPECT_THAT(run([](void **) {
                Do(MbarrierInit, SharedAt(0), 2u);
                Shared()[1] = 1;
                Arrive(SharedAt(0));
              }),
              HasSubstr("something wrote over the mbarrier"));
  EXPECT_THAT(run([](void **) {
                Do(MbarrierInit, SharedAt(0), 1u);
                Call<uint64_t>(MbarrierArriveNoComplete, SharedAt(0), 1u);
              }),
              HasSubstr("would complete it"));
  EXPECT_THAT(run([](void **) {
                Do(MbarrierInit, SharedAt(0), 1u);
                Do(MbarrierExpect, SharedAt(0), 1u << 20);
              }),
              HasSubstr("more than 1048575 bytes are to come"));
  EXPECT_THAT(run([](void **) {
                Do(MbarrierInit, SharedAt(0), 1u);
                Do(MbarrierInval, SharedAt(0));
                Do(MbarrierInit, SharedAt(0), 1u);
                WaitFor(SharedAt(0), 2);
              }),
              HasSubstr("the parity of a phase is 0 or 1, not 2"));
  EXPECT_THAT(run([](void **) {
                Do(MbarrierInit, SharedAt(0), 1u);
                const auto first = Call<uint64_t>(MbarrierArrive, static_cast<void *>(SharedAt(0)));
                Arrive(SharedAt(0));
                Call<bool>(MbarrierTestState, SharedAt(0), first);
              }),
              HasSubstr("ended before the last one"));
}

}  // namespace
}  // namespace ingot::gpu_test
