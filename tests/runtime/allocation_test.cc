// A repeated run allocates nothing: this program replaces malloc and its relatives by counting ones. Not built under
// sanitizers, which replace them too.
#include <errno.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <stdlib.h>

#include <atomic>

#include "tests/runtime/test_program.h"

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);
}

namespace {
std::atomic<long> calls{0};
}

extern "C" {
void *malloc(size_t size) {
  ++calls;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++calls;
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  ++calls;
  return __libc_realloc(memory, size);
}
void free(void *memory) {
  ++calls;
  __libc_free(memory);
}
void *memalign(size_t alignment, size_t size) {
  ++calls;
  return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}

namespace ingot_test {
namespace {

// Calls of the allocator while the chain runs at sizes n, twice each, without the test's own.
long CallsOf(ingot_context_t *context, const std::vector<int64_t> &sizes) {
  std::vector<float> x(100000), y(100000), out(100000);
  long before = calls;
  for (int i = 0; i < 2; ++i) {
    for (int64_t n : sizes) {
      ingot_tensor_t inputs[2] = {{x.data(), x.size() * 4, INGOT_F32, 1, {n}},
                                  {y.data(), y.size() * 4, INGOT_F32, 1, {n}}};
      ingot_tensor_t output = {out.data(), out.size() * 4, 0, 0, {}};
      ingot_status_t status;
      if (ingot_context_run(context, inputs, &output, &status) != INGOT_OK) return -1;
      if (ingot_context_query(context, inputs, &output, &status) != INGOT_OK) return -1;
    }
  }
  return calls - before;
}

TEST(AllocationTest, TheInterposerCounts) {
  long before = calls;
  free(malloc(10));
  void *volatile memory = aligned_alloc(64, 64);
  free(memory);
  EXPECT_GE(calls - before, 2);
}

TEST(AllocationTest, RepeatedRunsAllocateNothing) {
  ChainProgram chain;
  Program program = Load(chain.Desc());
  for (uint32_t threads : {1, 2, 4}) {
    Pool pool = MakePool(threads);
    Context context = MakeContext(program, pool.get());
    EXPECT_EQ(CallsOf(context.get(), {100000}), 1) << "the arena (the pool's threads need no workspace here)";
    EXPECT_EQ(CallsOf(context.get(), {100000}), 0);
    EXPECT_EQ(CallsOf(context.get(), {1, 0, 100000, 7, 20000}), 0) << "smaller sizes, seen or not";
    std::vector<int64_t> many;
    for (int64_t n = 0; n < 50; ++n) many.push_back(n * 999);
    EXPECT_EQ(CallsOf(context.get(), many), 0) << "more sizes than plans";
  }
}

TEST(AllocationTest, LoopsAllocateNothing) {
  CountProgram count;
  Program program = Load(count.Desc());
  Context context = MakeContext(program);
  std::vector<int64_t> limit = {1000}, out = {0};
  ingot_tensor_t input = Tensor(limit, INGOT_I64, {}), output = Tensor(out, INGOT_I64, {});
  ingot_status_t status;
  ASSERT_EQ(ingot_context_run(context.get(), &input, &output, &status), INGOT_OK) << status.message;
  limit[0] = 2000;
  long before = calls;
  EXPECT_EQ(ingot_context_run(context.get(), &input, &output, &status), INGOT_OK) << status.message;
  EXPECT_EQ(calls - before, 0);
  EXPECT_EQ(out[0], 2000);
}

TEST(AllocationTest, RunsWithAStateAllocateNothing) {
  AccumulateProgram p;
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  State given = MakeState(program, {1000});
  std::vector<float> x(1000, 1), out(1000);
  ingot_tensor_t input = Tensor(x, INGOT_F32, {1000}), output = Tensor(out, INGOT_F32, {1000});
  ingot_status_t status;
  ASSERT_EQ(ingot_context_run(context.get(), &input, &output, &status), INGOT_OK) << status.message;
  long before = calls;
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ingot_context_run(context.get(), &input, &output, &status), INGOT_OK) << status.message;
  EXPECT_EQ(calls - before, 0);
  EXPECT_EQ(out[999], 4);
  EXPECT_EQ(ingot_context_set_state(context.get(), given.get(), &status), INGOT_OK);
  before = calls;
  EXPECT_EQ(ingot_context_run(context.get(), &input, &output, &status), INGOT_OK) << status.message;
  EXPECT_EQ(calls - before, 0);
  EXPECT_EQ(out[999], 1);
}

}  // namespace
}  // namespace ingot_test
