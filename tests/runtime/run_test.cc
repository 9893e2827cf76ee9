// Running: results, plans of several sizes, copies, workspaces, library objects, allocators, traces, failing kernels.
// Subject: runtime/src/context.cc, plan.cc, execute.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

using testing::HasSubstr;

TEST(RunTest, Chain) {
  ChainProgram chain;
  Program program = Load(chain.Desc());
  Context context = MakeContext(program);
  for (int64_t n : {1, 3, 256, 257, 10000, 0, 3}) EXPECT_EQ(RunChain(context.get(), n), ExpectedChain(n)) << n;
}

TEST(RunTest, ManySizesInTurn) {
  ChainProgram chain;
  Program program = Load(chain.Desc());
  Context context = MakeContext(program);
  // More sizes than cached plans, visited in an order that evicts, grows and reuses.
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    int64_t n = static_cast<int64_t>(random() % 20) * 300;
    ASSERT_EQ(RunChain(context.get(), n, static_cast<float>(i)), ExpectedChain(n, static_cast<float>(i))) << n;
  }
}

// A program of static shape: in[4] -> copy -> arena -> copy -> out, with eval_sizes giving constants.
int32_t EvalStatic(int64_t *sizes, uint32_t) {
  sizes[0] = 4;
  sizes[1] = 16;
  sizes[2] = 1;
  sizes[3] = 100;
  sizes[4] = 8;
  return 0;
}

struct StaticProgram : TestProgram {
  uint32_t in, out;
  StaticProgram() {
    desc.num_sizes = 5;
    desc.eval_sizes = EvalStatic;
    in = AddInput("in", INGOT_I32, {0}, 1);
    out = AddOutput("out", INGOT_I32, {0}, 1);
  }
  int32_t Run(const Context &context, std::vector<int32_t> *result, ingot_status_t *status) {
    std::vector<int32_t> data = {1, 2, 3, 4};
    result->assign(4, -1);
    ingot_tensor_t input = Tensor(data, INGOT_I32, {4}), output = Tensor(*result, 0, {});
    return ingot_context_run(context.get(), &input, &output, status);
  }
};

TEST(RunTest, Copies) {
  StaticProgram p;
  uint32_t arena = p.AddArena(1, 0, 1);
  p.AddCopy(p.in, arena);
  p.AddCopy(arena, p.out);
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  std::vector<int32_t> result;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(p.Run(context, &result, nullptr), INGOT_OK);
    EXPECT_THAT(result, testing::ElementsAre(1, 2, 3, 4));
  }
}

TEST(RunTest, CopyBetweenSizesIsTheCompilersFault) {
  StaticProgram p;
  uint32_t arena = p.AddArena(3, 0, 0);
  p.AddCopy(p.in, arena);
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  std::vector<int32_t> result;
  ingot_status_t status;
  EXPECT_EQ(p.Run(context, &result, &status), INGOT_INTERNAL);
  EXPECT_THAT(status.message, HasSubstr("step 0 copies between sizes"));
}

TEST(RunTest, NoStepsNoInputs) {
  TestProgram p;
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  EXPECT_EQ(ingot_context_run(context.get(), nullptr, nullptr, nullptr), INGOT_OK);
  EXPECT_EQ(ingot_context_query(context.get(), nullptr, nullptr, nullptr), INGOT_OK);
}

int32_t FailWith7(void *const *, const int64_t *, int64_t, int64_t, void *) { return 7; }

TEST(RunTest, FailingKernelIsNamed) {
  StaticProgram p;
  p.AddStep("/encoder/fail", p.AddKernel("fail", FailWith7), {p.in, p.out}, 2, 3);
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  std::vector<int32_t> result;
  ingot_status_t status;
  EXPECT_EQ(p.Run(context, &result, &status), INGOT_INTERNAL);
  EXPECT_STREQ(status.message, "step 0 (/encoder/fail) failed: kernel fail returned 7");
}

int32_t CheckWorkspace(void *const *b, const int64_t *sizes, int64_t, int64_t, void *workspace) {
  if (workspace == nullptr || reinterpret_cast<uintptr_t>(workspace) % INGOT_ALIGNMENT != 0) return 1;
  memset(workspace, 1, static_cast<size_t>(sizes[3]));
  memcpy(workspace, b[0], 16);
  memcpy(b[1], workspace, 16);
  return 0;
}

TEST(RunTest, Workspace) {
  StaticProgram p;
  p.AddStep("scratch", p.AddKernel("scratch", CheckWorkspace, 3), {p.in, p.out}, 2, 3);
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  std::vector<int32_t> result;
  EXPECT_EQ(p.Run(context, &result, nullptr), INGOT_OK);
  EXPECT_THAT(result, testing::ElementsAre(1, 2, 3, 4));
}

// Kernels with a prepared object: counts of what is alive, and the size it was made for.
struct Prepared {
  static inline int alive = 0, made = 0;
  int64_t n;
};

int32_t PreparePrepared(const int64_t *sizes, void **object) {
  ++Prepared::alive;
  ++Prepared::made;
  *object = new Prepared{sizes[0]};
  return 0;
}
void DestroyPrepared(void *object) {
  --Prepared::alive;
  delete static_cast<Prepared *>(object);
}
int32_t RunPrepared(void *const *b, const int64_t *sizes, int64_t begin, int64_t end, void *) {
  if (static_cast<Prepared *>(b[2])->n != sizes[0]) return 1;
  int64_t last = std::min(end * kChainTile, sizes[0]);
  for (int64_t i = begin * kChainTile; i < last; ++i) static_cast<float *>(b[1])[i] = static_cast<float *>(b[0])[i];
  return 0;
}

TEST(RunTest, PreparedObjects) {
  Prepared::alive = Prepared::made = 0;
  ChainProgram chain;
  chain.kernels.push_back(
      {"library", RunPrepared, PreparePrepared, DestroyPrepared, INGOT_NONE, INGOT_NONE, INGOT_NONE, 1});
  // Two steps share the kernel and thereby the object; the first overwrites what the chain has computed.
  chain.values[6].last_step = 5;
  chain.AddStep("again", 3, {6, 2}, 2, 3);
  chain.AddStep("once more", 3, {6, 2}, 2, 3);
  Program program = Load(chain.Desc());
  Context context = MakeContext(program);
  for (int64_t n : {10, 10, 20, 10, 20}) RunChain(context.get(), n);
  EXPECT_EQ(Prepared::made, 2);
  RunChain(context.get(), 0);
  EXPECT_EQ(Prepared::made, 2) << "nothing to run, nothing to prepare";
  for (int64_t n = 30; n < 60; ++n) RunChain(context.get(), n);
  EXPECT_LE(Prepared::alive, 8);
  context.reset();
  EXPECT_EQ(Prepared::alive, 0);
}

int32_t RefuseToPrepare(const int64_t *sizes, void **) { return sizes[0] > 5 ? 3 : 9; }

TEST(RunTest, FailingPrepareIsNamed) {
  StaticProgram p;
  p.kernels.push_back({"library", FailWith7, RefuseToPrepare, nullptr, INGOT_NONE, INGOT_NONE, INGOT_NONE, 1});
  p.AddStep("conv", 0, {p.in, p.out}, 2, 3);
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  std::vector<int32_t> result;
  ingot_status_t status;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(p.Run(context, &result, &status), INGOT_INTERNAL);
    EXPECT_THAT(status.message, HasSubstr("step 0 (conv): kernel library could not be prepared (code 9)"));
  }
}

// An allocator that counts, checks releases, and may fail.
struct CountingAllocator {
  std::map<void *, size_t> blocks;
  int calls = 0;
  bool fail = false, misalign = false;
  ingot_allocator_t interface = {Allocate, Release, this};

  static void *Allocate(void *self, size_t bytes, size_t alignment) {
    auto *a = static_cast<CountingAllocator *>(self);
    ++a->calls;
    if (a->fail) return nullptr;
    char *memory = static_cast<char *>(aligned_alloc(alignment, (bytes + 2 * alignment - 1) / alignment * alignment));
    if (a->misalign) memory += 8;
    a->blocks[memory] = bytes;
    return memory;
  }
  static void Release(void *self, void *memory, size_t bytes) {
    auto *a = static_cast<CountingAllocator *>(self);
    EXPECT_EQ(a->blocks.at(memory), bytes);
    a->blocks.erase(memory);
    free(a->misalign ? static_cast<char *>(memory) - 8 : memory);
  }
};

TEST(AllocatorTest, AllMemoryComesFromTheCaller) {
  CountingAllocator allocator;
  ChainProgram chain;
  Program program = Load(chain.Desc());
  Context context =
      MakeContext(program, {sizeof(ingot_context_options_t), nullptr, nullptr, &allocator.interface, nullptr});
  EXPECT_EQ(RunChain(context.get(), 1000), ExpectedChain(1000));
  EXPECT_EQ(allocator.blocks.size(), 2u) << "the context and its arena";
  int calls = allocator.calls;
  // Sizes no larger than those seen, more of them than there are plans: nothing is allocated.
  for (int64_t n = 0; n <= 1000; n += 13) RunChain(context.get(), n);
  EXPECT_EQ(allocator.calls, calls);
  RunChain(context.get(), 2000);
  EXPECT_EQ(allocator.calls, calls + 1);
  EXPECT_EQ(allocator.blocks.size(), 2u) << "the smaller arena is gone";
  context.reset();
  EXPECT_TRUE(allocator.blocks.empty());
}

TEST(AllocatorTest, RecoversFromFailure) {
  CountingAllocator allocator;
  ChainProgram chain;
  Program program = Load(chain.Desc());
  ingot_context_options_t options = {sizeof(options), nullptr, nullptr, &allocator.interface, nullptr};
  Context context = MakeContext(program, options);
  EXPECT_EQ(RunChain(context.get(), 1000), ExpectedChain(1000));
  allocator.fail = true;
  std::vector<float> data(5000);
  ingot_tensor_t inputs[] = {Tensor(data, INGOT_F32, {5000}), Tensor(data, INGOT_F32, {5000})},
                 output = Tensor(data, INGOT_F32, {5000});
  ingot_status_t status;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ingot_context_run(context.get(), inputs, &output, &status), INGOT_OUT_OF_MEMORY);
    EXPECT_THAT(status.message, HasSubstr("bytes of arena"));
  }
  allocator.fail = false;
  EXPECT_EQ(RunChain(context.get(), 1000), ExpectedChain(1000));
  EXPECT_EQ(RunChain(context.get(), 5000), ExpectedChain(5000));
  allocator.fail = true;
  ingot_context_t *none = nullptr;
  EXPECT_EQ(ingot_context_create(program.get(), &options, &none, &status), INGOT_OUT_OF_MEMORY);
}

TEST(AllocatorTest, MisalignedMemoryIsRefused) {
  CountingAllocator allocator;
  allocator.misalign = true;
  ChainProgram chain;
  Program program = Load(chain.Desc());
  ingot_context_options_t options = {sizeof(options), nullptr, nullptr, &allocator.interface, nullptr};
  ingot_context_t *context = nullptr;
  ingot_status_t status;
  EXPECT_EQ(ingot_context_create(program.get(), &options, &context, &status), INGOT_OUT_OF_MEMORY);
  EXPECT_THAT(status.message, HasSubstr("misaligned"));
  EXPECT_TRUE(allocator.blocks.empty());
}

// Many arena values of sizes s_i(n) with random lifetimes, where first fit may need more room for a smaller n.
constexpr uint32_t kWild = 40;
int32_t EvalWild(int64_t *sizes, uint32_t) {
  sizes[1] = 1;
  sizes[2] = sizes[0];
  for (uint32_t i = 0; i < kWild; ++i)
    sizes[3 + i] = sizes[0] * ((i * 7919) % 13 + 1) * 8 + (i * 31 % 7) * (sizes[0] / 3) * 64;
  return 0;
}
int32_t Nothing(void *const *, const int64_t *, int64_t, int64_t, void *) { return 0; }

TEST(AllocatorTest, SmallerSizesNeverAllocate) {
  std::mt19937 random(99);
  for (int round = 0; round < 20; ++round) {
    CountingAllocator allocator;
    TestProgram p;
    p.desc.num_sizes = 3 + kWild;
    p.desc.eval_sizes = EvalWild;
    p.symbols = {{"n", 0, 1000}};
    uint32_t in = p.AddInput("in", INGOT_U8, {0}, 2);
    uint32_t kernel = p.AddKernel("nothing", Nothing);
    for (uint32_t s = 0; s < 20; ++s) p.AddStep("s", kernel, {in}, 1, 1);
    for (uint32_t i = 0; i < kWild; ++i) {
      uint32_t first = random() % 20;
      p.AddArena(3 + i, first, std::min<uint32_t>(19, first + random() % 6));
    }
    Program program = Load(p.Desc());
    Context context =
        MakeContext(program, {sizeof(ingot_context_options_t), nullptr, nullptr, &allocator.interface, nullptr});
    std::vector<uint8_t> data(1000);
    auto run = [&](int64_t n) {
      ingot_tensor_t input = Tensor(data, INGOT_U8, {n});
      ASSERT_EQ(ingot_context_run(context.get(), &input, nullptr, nullptr), INGOT_OK);
    };
    run(1000);
    int calls = allocator.calls;
    for (int i = 0; i < 200; ++i) run(random() % 1001);
    ASSERT_EQ(allocator.calls, calls) << "round " << round;
  }
}

TEST(TraceTest, EveryStepIsReported) {
  struct Event {
    uint32_t step;
    std::string name;
    uint64_t begin, end;
  };
  std::vector<Event> events;
  ingot_trace_t trace = {[](void *self, uint32_t step, const char *name, uint64_t begin, uint64_t end) {
                           static_cast<std::vector<Event> *>(self)->push_back({step, name, begin, end});
                         },
                         &events};
  ChainProgram chain;
  Program program = Load(chain.Desc());
  Context context = MakeContext(program, {sizeof(ingot_context_options_t), nullptr, nullptr, nullptr, &trace});
  EXPECT_EQ(RunChain(context.get(), 1000), ExpectedChain(1000));
  ASSERT_EQ(events.size(), 4u);
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(events[i].step, i);
    EXPECT_EQ(events[i].name, chain.steps[i].name);
    EXPECT_LE(events[i].begin, events[i].end);
    EXPECT_LE(i == 0 ? 0 : events[i - 1].end, events[i].begin);
  }
}

TEST(ContextTest, RefusesBadOptions) {
  ChainProgram chain;
  Program program = Load(chain.Desc());
  ingot_context_t *context = nullptr;
  ingot_status_t status;
  ingot_context_options_t options = {};
  EXPECT_EQ(ingot_context_create(program.get(), &options, &context, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("sizeof(ingot_context_options_t)"));
  options.struct_size = sizeof(options);
  ingot_parallel_for_t parallel_for = {};
  options.parallel_for = &parallel_for;
  EXPECT_EQ(ingot_context_create(program.get(), &options, &context, &status), INGOT_INVALID_ARGUMENT);
  options.parallel_for = nullptr;
  ingot_allocator_t allocator = {};
  options.allocator = &allocator;
  EXPECT_EQ(ingot_context_create(program.get(), &options, &context, &status), INGOT_INVALID_ARGUMENT);
  options.allocator = nullptr;
  ingot_trace_t trace = {};
  options.trace = &trace;
  EXPECT_EQ(ingot_context_create(program.get(), &options, &context, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_context_create(nullptr, nullptr, &context, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_context_create(program.get(), nullptr, nullptr, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(context, nullptr);
  ingot_context_free(nullptr);
  ingot_program_free(nullptr);
  ingot_pool_free(nullptr);
}

}  // namespace
}  // namespace ingot_test
