// cp.async: bytes arrive when they are waited for, and not before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <math.h>

#include <vector>

#include "tests/gpu/twin.h"

namespace ingot::gpu_test {

DECLARE_INSTRUCTION(Copy4, "cp.async.ca.shared.global.4")
DECLARE_INSTRUCTION(Copy8Part, "cp.async.ca.shared.global.8.s")
DECLARE_INSTRUCTION(Copy16, "cp.async.cg.shared.global.16")
DECLARE_INSTRUCTION(Copy16Part, "cp.async.cg.shared.global.16.s")
DECLARE_INSTRUCTION(CommitGroup, "cp.async.commit.group")
DECLARE_INSTRUCTION(WaitGroup, "cp.async.wait.group")
DECLARE_INSTRUCTION(WaitAll, "cp.async.wait.all")

namespace {

using ::testing::HasSubstr;

// Each thread copies four floats, and reads those of its neighbour.
void Copy(void **p) {
  const auto *x = Parameter<const float *>(p, 0);
  auto *y = Parameter<float *>(p, 1);
  Do(Copy16, Shared() + 4 * TidX(), x + 4 * TidX());
  if (Parameter<int64_t>(p, 2) != 0) Do(WaitAll);
  Barrier();
  const uint32_t neighbour = (TidX() + 1) % NtidX();
  for (uint32_t i = 0; i < 4; ++i) y[4 * neighbour + i] = Shared()[4 * neighbour + i];
}

TEST(AsyncCopy, ArrivesAfterTheWait) {
  alignas(16) float x[128], y[128];
  for (int i = 0; i < 128; ++i) x[i] = static_cast<float>(i);
  for (const uint64_t seed : {0, 5}) {
    std::fill(y, y + 128, -1.0f);
    ASSERT_EQ(RunTwin(Copy, {1}, {32}, 512, seed, &x[0], &y[0], int64_t{1}), "");
    EXPECT_TRUE(std::equal(x, x + 128, y));
    ASSERT_EQ(RunTwin(Copy, {1}, {32}, 512, seed, &x[0], &y[0], int64_t{0}), "");
    for (const float value : y) EXPECT_TRUE(isnan(value));
  }
}

// Two stages: the older group is there, the newer not yet.
void Stages(void **p) {
  const auto *x = Parameter<const float *>(p, 0);
  auto *y = Parameter<float *>(p, 1);
  Do(Copy4, Shared(), x);
  Do(Copy4, Shared() + 1, x + 1);
  Do(CommitGroup);
  Do(Copy4, Shared() + 2, x + 2);
  Do(CommitGroup);
  Do(WaitGroup, 2u);
  y[0] = Shared()[0];
  Do(WaitGroup, 1u);
  for (int i = 0; i < 3; ++i) y[1 + i] = Shared()[i];
  Do(WaitGroup, 0u);
  y[4] = Shared()[2];
}

TEST(AsyncCopy, GroupsArriveInOrder) {
  float x[3] = {1, 2, 3}, y[5] = {};
  ASSERT_EQ(RunTwin(Stages, {1}, {1}, 16, 0, &x[0], &y[0]), "");
  EXPECT_TRUE(isnan(y[0]));
  EXPECT_EQ(y[1], 1);
  EXPECT_EQ(y[2], 2);
  EXPECT_TRUE(isnan(y[3]));
  EXPECT_EQ(y[4], 3);
}

TEST(AsyncCopy, APartIsFilledWithZeros) {
  const auto copy = [](void **p) {
    const auto *x = Parameter<const float *>(p, 0);
    Do(Copy16Part, Shared(), x, 8u);
    Do(Copy16Part, Shared() + 4, x, 0u);
    Do(Copy8Part, Shared() + 8, x, 4u);
    Do(WaitAll);
    for (int i = 0; i < 10; ++i) Parameter<float *>(p, 1)[i] = Shared()[i];
  };
  alignas(16) float x[4] = {1, 2, 3, 4}, y[10] = {};
  ASSERT_EQ(RunTwin(copy, {1}, {1}, 40, 0, &x[0], &y[0]), "");
  EXPECT_THAT(y, ::testing::ElementsAre(1, 2, 0, 0, 0, 0, 0, 0, 1, 0));
}

TEST(AsyncCopy, MistakesAreReported) {
  alignas(16) static float x[8];
  const auto behind = [](void **) { Do(Copy16, Shared() + 4, &x[0]); };
  EXPECT_EQ(
      RunTwin(behind, {1}, {1}, 24, 0),
      "block (0, 0, 0), thread (0, 0, 0): cp.async.cg.shared.global.16: 16 bytes at shared address 0x10 are behind the "
      "24 bytes of shared memory");
  const auto global = [](void **) { Do(Copy16, &x[4], &x[0]); };
  EXPECT_THAT(RunTwin(global, {1}, {1}, 24, 0), HasSubstr("is no address in shared memory"));
  const auto unaligned = [](void **) { Do(Copy16, Shared() + 1, &x[0]); };
  EXPECT_THAT(RunTwin(unaligned, {1}, {1}, 64, 0), HasSubstr("shared address 0x4 is not a multiple of 16"));
  const auto unaligned_source = [](void **) { Do(Copy16, Shared(), &x[1]); };
  EXPECT_THAT(RunTwin(unaligned_source, {1}, {1}, 64, 0), HasSubstr("the source is not aligned to 16 bytes"));
  const auto too_much = [](void **) { Do(Copy16Part, Shared(), &x[0], 17u); };
  EXPECT_THAT(RunTwin(too_much, {1}, {1}, 64, 0), HasSubstr("reads 17 bytes to fill 16"));
}

}  // namespace
}  // namespace ingot::gpu_test
