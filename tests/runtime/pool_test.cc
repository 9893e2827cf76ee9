// Threads: equal results for every count, concurrent contexts on one pool, the embedder's parallel_for, and how many
// threads there are. Subject: runtime/src/pool.cc, execute.cc, cpu_count.cc. The tsan preset runs these under the
// thread sanitizer.
#include "runtime/src/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

using ingot::runtime::PoolRun;
using testing::HasSubstr;

TEST(PoolTest, EveryItemRunsOnce) {
  for (uint32_t threads : {1, 2, 4, 7}) {
    Pool pool = MakePool(threads);
    EXPECT_EQ(ingot_pool_get_threads(pool.get()), threads);
    for (int64_t items : {1, 2, 3, 100, 1000}) {
      struct Job {
        std::vector<std::atomic<int>> counts;
        uint32_t threads;
        std::atomic<bool> bad{false};
      } job{std::vector<std::atomic<int>>(items), threads};
      auto body = [](void *data, uint32_t worker, int64_t item) {
        auto *j = static_cast<Job *>(data);
        if (worker >= j->threads) j->bad = true;
        ++j->counts[item];
      };
      ASSERT_TRUE(PoolRun(pool.get(), items, threads, body, &job));
      for (auto &count : job.counts) ASSERT_EQ(count, 1);
      EXPECT_FALSE(job.bad);
    }
  }
}

TEST(PoolTest, WorkerNumbersAreExclusive) {
  Pool pool = MakePool(4);
  struct Job {
    std::atomic<int> inside[4] = {};
    std::atomic<bool> shared{false};
  } job;
  auto body = [](void *data, uint32_t worker, int64_t) {
    auto *j = static_cast<Job *>(data);
    if (j->inside[worker]++ != 0) j->shared = true;
    for (int i = 0; i < 50; ++i) sched_yield();
    --j->inside[worker];
  };
  for (int round = 0; round < 50; ++round) ASSERT_TRUE(PoolRun(pool.get(), 16, 4, body, &job));
  EXPECT_FALSE(job.shared);
}

TEST(PoolTest, ManyShortJobs) {
  Pool pool = MakePool(3);
  std::atomic<int64_t> sum{0};
  auto body = [](void *data, uint32_t, int64_t item) { *static_cast<std::atomic<int64_t> *>(data) += item; };
  for (int round = 0; round < 5000; ++round) {
    if (round % 100 == 0) ingot::runtime::PoolBeginRun(pool.get());
    ASSERT_TRUE(PoolRun(pool.get(), 4, 3, body, &sum));
    if (round % 100 == 50) ingot::runtime::PoolEndRun(pool.get());
  }
  EXPECT_EQ(sum, 5000 * 6);
}

TEST(PoolTest, ThreadsHelp) {
  // Every item waits for the others: this ends only if four threads are in the job at the same time.
  Pool pool = MakePool(4);
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, nullptr, 4);
  auto body = [](void *data, uint32_t, int64_t) { pthread_barrier_wait(static_cast<pthread_barrier_t *>(data)); };
  EXPECT_TRUE(PoolRun(pool.get(), 4, 4, body, &barrier));
  pthread_barrier_destroy(&barrier);
}

TEST(PoolTest, BusyPoolIsLeftAlone) {
  Pool pool = MakePool(2);
  static ingot_pool_t *inner;
  inner = pool.get();
  bool entered = true;
  auto body = [](void *data, uint32_t, int64_t) {
    *static_cast<bool *>(data) = PoolRun(inner, 1, 2, [](void *, uint32_t, int64_t) {}, nullptr);
  };
  EXPECT_TRUE(PoolRun(pool.get(), 1, 1, body, &entered));
  EXPECT_FALSE(entered);
}

TEST(PoolTest, ParksWhenIdle) {
  Pool pool = MakePool(4);
  std::atomic<int64_t> sum{0};
  auto body = [](void *data, uint32_t, int64_t item) { *static_cast<std::atomic<int64_t> *>(data) += item; };
  ASSERT_TRUE(PoolRun(pool.get(), 64, 4, body, &sum));
  timespec before, after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  timespec pause = {0, 200000000};
  nanosleep(&pause, nullptr);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  int64_t used = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
  EXPECT_LT(used, 50000000) << "three idle threads used " << used << " ns of 200 ms";
}

TEST(PoolTest, RefusesTooManyThreads) {
  ingot_pool_t *pool = nullptr;
  ingot_status_t status;
  EXPECT_EQ(ingot_pool_create(1000000, &pool, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("too many"));
  EXPECT_EQ(ingot_pool_create(1, nullptr, &status), INGOT_INVALID_ARGUMENT);
}

TEST(ThreadsTest, ResultsAreEqualForEveryCount) {
  ChainProgram chain;
  Program program = Load(chain.Desc());
  for (int64_t n : {1, 1000, 100000}) {
    Context single = MakeContext(program);
    std::vector<float> expected = RunChain(single.get(), n);
    EXPECT_EQ(expected, ExpectedChain(n));
    for (uint32_t threads : {1, 2, 4}) {
      Pool pool = MakePool(threads);
      Context context = MakeContext(program, pool.get());
      for (int i = 0; i < 20; ++i) ASSERT_EQ(RunChain(context.get(), n), expected) << n << " on " << threads;
    }
  }
}

TEST(ThreadsTest, ConcurrentContextsShareProgramAndPool) {
  ChainProgram chain;
  Program program = Load(chain.Desc());
  Pool pool = MakePool(3);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Context context = MakeContext(program, pool.get());
      for (int i = 0; i < 50; ++i) {
        int64_t n = (i * 37 + t * 1001) % 5000;
        float seed = static_cast<float>(t * 100 + i);
        ASSERT_EQ(RunChain(context.get(), n, seed), ExpectedChain(n, seed));
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
}

// Fails on the tile that `b[0]` holds; sees that each thread has its own workspace.
int32_t FailOnTile(void *const *b, const int64_t *, int64_t begin, int64_t end, void *workspace) {
  auto *busy = static_cast<std::atomic<int> *>(workspace);
  if (busy->fetch_add(1) != 0) return 99;
  for (int64_t tile = begin; tile < end; ++tile) {
    if (tile == *static_cast<int64_t *>(b[0])) return 42;
  }
  busy->fetch_sub(1);
  return 0;
}
int32_t EvalTiles(int64_t *sizes, uint32_t) {
  sizes[0] = 8;
  sizes[1] = 1000;
  sizes[2] = 100000000;
  sizes[3] = 64;
  sizes[4] = 1;
  return 0;
}

TEST(ThreadsTest, KernelFailureOnAThread) {
  TestProgram p;
  p.desc.num_sizes = 5;
  p.desc.eval_sizes = EvalTiles;
  uint32_t in = p.AddInput("in", INGOT_I64, {4}, 0);
  p.AddStep("tiles", p.AddKernel("fail", FailOnTile, 3), {in}, 1, 2);
  Program program = Load(p.Desc());
  Pool pool = MakePool(4);
  // Zeroed memory, since the kernel counts in its workspace.
  ingot_allocator_t allocator = {[](void *, size_t bytes, size_t alignment) {
                                   bytes = (bytes + alignment - 1) / alignment * alignment;
                                   void *memory = aligned_alloc(alignment, bytes);
                                   return memory == nullptr ? nullptr : memset(memory, 0, bytes);
                                 },
                                 [](void *, void *memory, size_t) { free(memory); }, nullptr};
  Context context = MakeContext(program, {sizeof(ingot_context_options_t), pool.get(), nullptr, &allocator, nullptr});
  std::vector<int64_t> tile = {-1};
  ingot_tensor_t input = Tensor(tile, INGOT_I64, {1});
  ingot_status_t status;
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(ingot_context_run(context.get(), &input, nullptr, &status), INGOT_OK) << status.message;
  tile[0] = 777;
  EXPECT_EQ(ingot_context_run(context.get(), &input, nullptr, &status), INGOT_INTERNAL);
  EXPECT_STREQ(status.message, "step 0 (tiles) failed: kernel fail returned 42");
}

// An embedder's parallel_for: a thread per worker, or broken in one of two ways.
struct Embedder {
  enum { kRight, kLosesItems, kWrongWorker } mode = kRight;
  int calls = 0;
  ingot_parallel_for_t interface = {Run, this, 3};

  static void Run(void *self, int64_t items, void (*body)(void *, uint32_t, int64_t), void *data) {
    auto *embedder = static_cast<Embedder *>(self);
    ++embedder->calls;
    if (embedder->mode == kLosesItems) --items;
    uint32_t wrong = embedder->mode == kWrongWorker ? 3 : 0;
    std::vector<std::thread> threads;
    for (uint32_t worker = 0; worker < 3; ++worker) {
      threads.emplace_back([=] {
        for (int64_t item = items - 1 - worker; item >= 0; item -= 3) body(data, worker + wrong, item);
      });
    }
    for (std::thread &thread : threads) thread.join();
  }
};

TEST(ParallelForTest, EmbeddersThreadsAreUsed) {
  Embedder embedder;
  ChainProgram chain;
  Program program = Load(chain.Desc());
  Context context =
      MakeContext(program, {sizeof(ingot_context_options_t), nullptr, &embedder.interface, nullptr, nullptr});
  EXPECT_EQ(RunChain(context.get(), 10000), ExpectedChain(10000));
  EXPECT_EQ(embedder.calls, 4);
  EXPECT_EQ(RunChain(context.get(), 10), ExpectedChain(10));
  EXPECT_EQ(embedder.calls, 4) << "small steps stay on the calling thread";
}

TEST(ParallelForTest, BrokenEmbeddersAreNoticed) {
  Embedder embedder;
  ChainProgram chain;
  Program program = Load(chain.Desc());
  Context context =
      MakeContext(program, {sizeof(ingot_context_options_t), nullptr, &embedder.interface, nullptr, nullptr});
  std::vector<float> data(10000), out(10000);
  ingot_tensor_t inputs[] = {Tensor(data, INGOT_F32, {10000}), Tensor(data, INGOT_F32, {10000})},
                 output = Tensor(out, 0, {});
  ingot_status_t status;
  for (auto mode : {Embedder::kLosesItems, Embedder::kWrongWorker}) {
    embedder.mode = mode;
    EXPECT_EQ(ingot_context_run(context.get(), inputs, &output, &status), INGOT_INTERNAL);
    EXPECT_THAT(status.message, HasSubstr("parallel_for left out items, or used a worker number"));
  }
}

// A file system root with control groups in it.
uint32_t CpusWith(const std::vector<std::pair<std::string, std::string>> &files) {
  TemporaryDirectory root;
  for (const auto &[path, content] : files) {
    std::filesystem::create_directories(std::filesystem::path(root.Path(path)).parent_path());
    WriteFile(root.Path(path), content);
  }
  return ingot::runtime::AvailableCpus(root.path().c_str());
}

TEST(CpuCountTest, QuotasOfControlGroups) {
  // The affinity mask bounds everything, so only quotas of one processor can be told apart on every machine.
  uint32_t all = CpusWith({});
  EXPECT_GE(all, 1u);
  EXPECT_EQ(CpusWith({{"proc/self/cgroup", "0::/a/b\n"}, {"sys/fs/cgroup/a/b/cpu.max", "max 100000\n"}}), all);
  EXPECT_EQ(CpusWith({{"proc/self/cgroup", "0::/a/b\n"}, {"sys/fs/cgroup/a/b/cpu.max", "50000 100000\n"}}), 1u);
  EXPECT_EQ(CpusWith({{"proc/self/cgroup", "0::/a/b\n"}, {"sys/fs/cgroup/a/cpu.max", "100000 100000\n"}}), 1u)
      << "a group above";
  EXPECT_EQ(CpusWith({{"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/cpu.max", "1000 100000\n"}}), 1u);
  EXPECT_EQ(CpusWith({{"proc/self/cgroup", "0::/../../x\n"}, {"sys/fs/cgroup/cpu.max", "1000 100000\n"}}), 1u);
  EXPECT_EQ(CpusWith({{"proc/self/cgroup", "4:cpuset:/z\n3:cpu,cpuacct:/a\n"},
                      {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "90000\n"},
                      {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}}),
            1u);
  EXPECT_EQ(CpusWith({{"proc/self/cgroup", "3:cpu,cpuacct:/a\n"},
                      {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n"},
                      {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}}),
            all);
  EXPECT_EQ(CpusWith({{"proc/self/cgroup", "garbage\n::::\n0\n0::/\n"}, {"sys/fs/cgroup/cpu.max", "nonsense"}}), all);
}

}  // namespace
}  // namespace ingot_test
