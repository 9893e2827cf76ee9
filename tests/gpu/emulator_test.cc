// The emulator runs kernels as a GPU would, and shows the mistakes that it is there to show: missing barriers,
// deadlocks, shared memory out of bounds.
#include "tests/gpu/emulator/emulator.h"

#include <fenv.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <math.h>
#include <string.h>

#include <algorithm>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/gpu/twin.h"

namespace ingot::gpu_test {

DECLARE_INSTRUCTION(BarrierCount, "barrier.cta.sync.aligned.count")
DECLARE_INSTRUCTION(BarrierZero, "barrier0")
DECLARE_INSTRUCTION(BarrierPopc, "barrier.cta.red.popc.aligned.all")
DECLARE_INSTRUCTION(BarrierAnd, "barrier.cta.red.and.aligned.all")
DECLARE_INSTRUCTION(BarrierOr, "barrier.cta.red.or.aligned.all")
DECLARE_INSTRUCTION(Membar, "membar.cta")

namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSeeds[] = {0, 1, 2, 12345, ~uint64_t{0}};

void Scale(void **p) {
  const auto *x = Parameter<const float *>(p, 0);
  auto *y = Parameter<float *>(p, 1);
  const auto n = Parameter<int64_t>(p, 2);
  for (int64_t i = CtaidX() * NtidX() + TidX(); i < n; i += NctaidX() * NtidX()) y[i] = 2 * x[i] + 1;
}

TEST(Emulator, RunsAGridWithAStride) {
  std::vector<float> x(10001), y(10001);
  std::iota(x.begin(), x.end(), 0.0f);
  for (const uint64_t seed : kSeeds) {
    y.assign(x.size(), NAN);
    ASSERT_EQ(RunTwin(Scale, {7}, {96}, 0, seed, x.data(), y.data(), static_cast<int64_t>(x.size())), "");
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], 2 * static_cast<float>(i) + 1);
  }
}

void WriteCoordinates(void **p) {
  auto *out = Parameter<uint32_t *>(p, 0);
  const uint32_t thread = TidX() + NtidX() * (TidY() + NtidY() * TidZ());
  const uint32_t block = CtaidX() + NctaidX() * (CtaidY() + NctaidY() * CtaidZ());
  const uint32_t place = block * NtidX() * NtidY() * NtidZ() + thread;
  out[place] += place + (LaneId() == thread % 32 && WarpId() == thread / 32 && NctaidZ() == 2 ? 0 : 1000000);
}

TEST(Emulator, EveryThreadKnowsItsPlace) {
  for (const uint64_t seed : kSeeds) {
    std::vector<uint32_t> out(size_t{5 * 3 * 2} * 7 * 4 * 3), want(out.size());
    std::iota(want.begin(), want.end(), 0);
    ASSERT_EQ(RunTwin(WriteCoordinates, {5, 3, 2}, {7, 4, 3}, 0, seed, out.data()), "");
    EXPECT_EQ(out, want);
  }
}

// The sum of a block's part, by a tree in shared memory. Without its barriers if the last parameter says so.
void Reduce(void **p) {
  const auto *x = Parameter<const float *>(p, 0);
  auto *sums = Parameter<float *>(p, 1);
  const bool barriers = Parameter<int64_t>(p, 2) != 0;
  float *shared = Shared();
  const uint32_t t = TidX();
  shared[t] = x[CtaidX() * NtidX() + t];
  if (barriers) Barrier();
  for (uint32_t half = NtidX() / 2; half > 0; half /= 2) {
    if (t < half) shared[t] += shared[t + half];
    if (barriers) Barrier();
  }
  if (t == 0) sums[CtaidX()] = shared[0];
}

TEST(Emulator, ReducesWithBarriers) {
  std::vector<float> x(4 * 256, 1);
  for (const uint64_t seed : kSeeds) {
    std::vector<float> sums(4);
    ASSERT_EQ(RunTwin(Reduce, {4}, {256}, 256 * 4, seed, x.data(), sums.data(), int64_t{1}), "");
    EXPECT_EQ(sums, std::vector<float>(4, 256));
  }
}

TEST(Emulator, AMissingBarrierShows) {
  std::vector<float> x(256, 1);
  for (const uint64_t seed : kSeeds) {
    float sum = 0;
    ASSERT_EQ(RunTwin(Reduce, {1}, {256}, 256 * 4, seed, x.data(), &sum, int64_t{0}), "");
    EXPECT_NE(sum, 256) << seed;  // NaN, too
  }
}

// Right by luck as long as threads run in ascending order.
void ReadTheOneBefore(void **p) {
  auto *out = Parameter<float *>(p, 0);
  Shared()[TidX()] = 1;
  out[TidX()] = TidX() == 0 ? 1 : Shared()[TidX() - 1];
}

TEST(Emulator, AnotherOrderShowsAnotherMissingBarrier) {
  std::vector<float> out(64);
  const std::vector<float> ones(64, 1);
  ASSERT_EQ(RunTwin(ReadTheOneBefore, {1}, {64}, 256, 0, out.data()), "");
  EXPECT_EQ(out, ones);
  ASSERT_EQ(RunTwin(ReadTheOneBefore, {1}, {64}, 256, 7, out.data()), "");
  EXPECT_NE(out, ones);
}

void AddToOrder(void **p) {
  auto *out = Parameter<uint32_t *>(p, 0);
  out[1 + out[0]++] = TidX();
}

TEST(Emulator, ASeedGivesTheSameOrderAgain) {
  std::vector<uint32_t> first(129), again(129), other(129);
  RunTwin(AddToOrder, {2}, {64}, 0, 3, first.data());
  RunTwin(AddToOrder, {2}, {64}, 0, 3, again.data());
  RunTwin(AddToOrder, {2}, {64}, 0, 4, other.data());
  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
  EXPECT_FALSE(std::equal(first.begin() + 1, first.begin() + 65, first.begin() + 65));  // each block has its own
}

void ReduceVotes(void **p) {
  auto *out = Parameter<uint32_t *>(p, 0);
  const bool odd = TidX() % 2 == 1;
  Do(Membar);
  Do(BarrierZero);
  const auto count = Call<uint32_t>(BarrierPopc, uint32_t{0}, odd);
  const bool all = Call<bool>(BarrierAnd, uint32_t{3}, odd), any = Call<bool>(BarrierOr, uint32_t{3}, odd);
  // Two halves of the block, each with a barrier of its own.
  Do(BarrierCount, 1 + TidX() / 32, uint32_t{32});
  out[TidX()] = count + (all ? 100 : 0) + (any ? 1000 : 0);
}

TEST(Emulator, BarriersCountAndReduce) {
  for (const uint64_t seed : kSeeds) {
    std::vector<uint32_t> out(64);
    ASSERT_EQ(RunTwin(ReduceVotes, {1}, {64}, 0, seed, out.data()), "");
    EXPECT_EQ(out, std::vector<uint32_t>(64, 1032));
  }
}

TEST(Emulator, ADivergentBarrierIsADeadlock) {
  const auto half = [](void **) { Barrier(TidX() < 16 ? 0 : 1); };
  EXPECT_EQ(RunTwin(half, {2}, {32}, 0, 0),
            "deadlock: block (0, 0, 0), thread (0, 0, 0) waits at barrier 0, but thread (16, 0, 0) waits at barrier 1");
  EXPECT_THAT(RunTwin(half, {2}, {32}, 0, 9), HasSubstr("block (1, 0, 0)"));
}

TEST(Emulator, AThreadThatExitsLeavesOthersWaiting) {
  const auto exits = [](void **) {
    if (TidX() != 5) Barrier();
  };
  EXPECT_EQ(RunTwin(exits, {1}, {40}, 0, 0),
            "deadlock: block (0, 0, 0), thread (0, 0, 0) waits at barrier 0, but thread (5, 0, 0) has exited");
  // Nothing of it stays behind.
  std::vector<float> x(256, 1);
  float sum = 0;
  EXPECT_EQ(RunTwin(Reduce, {1}, {256}, 256 * 4, 1, x.data(), &sum, int64_t{1}), "");
  EXPECT_EQ(sum, 256);
}

TEST(Emulator, BarriersThatDoNotExist) {
  const auto seventeenth = [](void **) { Barrier(16); };
  EXPECT_THAT(RunTwin(seventeenth, {1}, {2}, 0, 0), HasSubstr("thread (0, 0, 0): barrier 16 does not exist"));
  const auto too_many = [](void **) { Do(BarrierCount, uint32_t{1}, uint32_t{64}); };
  EXPECT_THAT(RunTwin(too_many, {1}, {32}, 0, 0), HasSubstr("is to wait for 64 threads of a block of 32"));
}

TEST(Emulator, WritesBehindSharedMemoryShow) {
  const auto write = [](void **) { Shared()[4] = 0; };
  EXPECT_EQ(RunTwin(write, {1}, {1}, 20, 0), "");
  EXPECT_THAT(RunTwin(write, {1}, {1}, 16, 0), HasSubstr("something wrote to shared address 0x10"));
}

TEST(Emulator, SharedMemoryBeginsAsNan) {
  const auto read = [](void **p) { *Parameter<float *>(p, 0) = Shared()[TidX()]; };
  float out = 0;
  EXPECT_EQ(RunTwin(read, {1}, {1}, 4, 0, &out), "");
  EXPECT_TRUE(isnan(out));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(emu_shared) % (1 << 18), 0u);
}

TEST(Emulator, IllegalSizes) {
  const auto nothing = [](void **) {};
  EXPECT_THAT(RunTwin(nothing, {0}, {1}, 0, 0), HasSubstr("empty"));
  EXPECT_THAT(RunTwin(nothing, {1}, {1025}, 0, 0), HasSubstr("1024"));
  EXPECT_THAT(RunTwin(nothing, {1}, {1}, (227 << 10) + 1, 0), HasSubstr("bytes of shared memory"));
  EXPECT_EQ(RunTwin(nothing, {1}, {1024}, 227 << 10, 0), "");
}

// Each thread needs much stack, and keeps it over a barrier.
void UseStack(void **p) {
  volatile char room[16 << 10];
  memset(const_cast<char *>(room), static_cast<char>(TidX()), sizeof room);
  Barrier();
  for (const volatile char &byte : room) {
    if (byte != static_cast<char>(TidX())) return;
  }
  __atomic_fetch_add(Parameter<int64_t *>(p, 0), 1, __ATOMIC_RELAXED);
}

TEST(Emulator, StacksAreApart) {
  int64_t good = 0;
  EXPECT_EQ(RunTwin(UseStack, {2}, {1024}, 0, 1, &good), "");
  EXPECT_EQ(good, 2048);
}

TEST(Emulator, AKernelHasItsOwnRounding) {
  const auto divide = [](void **p) {
    volatile float one = 1, three = 3;
    Barrier();
    *Parameter<float *>(p, 0) = one / three;
  };
  float out = 0;
  fesetround(FE_DOWNWARD);
  const std::string error = RunTwin(divide, {1}, {1}, 0, 0, &out);
  const int after = fegetround();
  fesetround(FE_TONEAREST);
  EXPECT_EQ(error, "");
  EXPECT_EQ(out, 1.0f / 3.0f);
  EXPECT_EQ(after, FE_DOWNWARD);
}

TEST(Emulator, HostThreadsTakeTurns) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (size_t k = 0; k < wrong.size(); ++k) {
    threads.emplace_back([&wrong, k] {
      std::vector<float> x(256, static_cast<float>(k + 1));
      for (uint64_t i = 0; i < 20; ++i) {
        float sum = 0;
        const std::string error = RunTwin(Reduce, {1}, {256}, 256 * 4, i, x.data(), &sum, int64_t{1});
        if (!error.empty() || sum != 256 * static_cast<float>(k + 1)) ++wrong[k];
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

}  // namespace
}  // namespace ingot::gpu_test
