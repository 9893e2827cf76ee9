// Blocks of steps: loops and branches, their end by cancelling, and descriptions that are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

using testing::HasSubstr;

std::atomic<bool> endless_runs{false};

// count < limit, but for the limit -1, which is never reached.
int32_t Less(void *const *buffers, const int64_t *, int64_t, int64_t, void *) {
  int64_t count = *static_cast<int64_t *>(buffers[0]), limit = *static_cast<int64_t *>(buffers[1]);
  if (limit == -1) endless_runs = true;
  *static_cast<unsigned char *>(buffers[2]) = limit == -1 || count < limit;
  return 0;
}
int32_t Increment(void *const *buffers, const int64_t *, int64_t, int64_t, void *) {
  *static_cast<int64_t *>(buffers[1]) = *static_cast<int64_t *>(buffers[0]) + 1;
  return 0;
}
int32_t Zero(void *const *buffers, const int64_t *, int64_t, int64_t, void *) {
  *static_cast<int64_t *>(buffers[0]) = 0;
  return 0;
}
int32_t EvalSizes(int64_t *sizes) {
  sizes[0] = 8;
  sizes[1] = 1;
  return 0;
}

// out = limit, counted: while (out < limit) out = out + 1. Steps: 0 zero, 1 while, 2 less, 3 increment, 4 copy.
struct CountProgram : TestProgram {
  CountProgram() {
    desc.num_sizes = 2;
    desc.eval_sizes = EvalSizes;
    uint32_t limit = AddInput("limit", INGOT_I64, {}, 0), out = AddOutput("out", INGOT_I64, {}, 0);
    uint32_t holds = AddArena(1, 1, 4), next = AddArena(0, 3, 4);
    AddStep("zero", AddKernel("zero", Zero), {out}, 1, 1);
    AddControl(INGOT_STEP_WHILE, holds);
    AddStep("less", AddKernel("less", Less), {out, limit, holds}, 1, 1);
    AddStep("increment", AddKernel("increment", Increment), {out, next}, 1, 1);
    AddCopy(next, out);
    steps[1].split = 3;
    steps[1].end = 5;
  }
};

int32_t Count(ingot_context_t *context, int64_t limit, int64_t *out, ingot_status_t *status) {
  std::vector<int64_t> in = {limit}, result = {-7};
  ingot_tensor_t input = Tensor(in, INGOT_I64, {}), output = Tensor(result, INGOT_I64, {});
  int32_t code = ingot_context_run(context, &input, &output, status);
  *out = result[0];
  return code;
}

TEST(Control, ALoopRunsUntilItsConditionFails) {
  CountProgram p;
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  ingot_status_t status;
  for (int64_t limit : {0, 1, 1000}) {
    int64_t out = 0;
    ASSERT_EQ(Count(context.get(), limit, &out, &status), INGOT_OK) << status.message;
    EXPECT_EQ(out, limit);
  }
}

TEST(Control, ABranchRunsOneBlock) {
  TestProgram p;
  p.desc.num_sizes = 2;
  p.desc.eval_sizes = EvalSizes;
  uint32_t limit = p.AddInput("limit", INGOT_I64, {}, 0), out = p.AddOutput("out", INGOT_I64, {}, 0);
  uint32_t zero = p.AddArena(0, 0, 1), holds = p.AddArena(1, 1, 2);
  p.AddStep("zero", p.AddKernel("zero", Zero), {zero}, 1, 1);
  p.AddStep("less", p.AddKernel("less", Less), {zero, limit, holds}, 1, 1);
  p.AddControl(INGOT_STEP_IF, holds);
  p.AddStep("increment", p.AddKernel("increment", Increment), {limit, out}, 1, 1);
  p.AddCopy(limit, out);
  p.steps[2].split = 4;
  p.steps[2].end = 5;
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  ingot_status_t status;
  int64_t result = 0;
  ASSERT_EQ(Count(context.get(), 5, &result, &status), INGOT_OK) << status.message;
  EXPECT_EQ(result, 6);
  ASSERT_EQ(Count(context.get(), -5, &result, &status), INGOT_OK) << status.message;
  EXPECT_EQ(result, -5);
}

TEST(Control, ALoopWithoutEndIsCancelled) {
  CountProgram p;
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  endless_runs = false;
  std::thread other([&] {
    while (!endless_runs) std::this_thread::yield();
    ingot_context_cancel(context.get());
  });
  ingot_status_t status;
  int64_t out = 0;
  EXPECT_EQ(Count(context.get(), -1, &out, &status), INGOT_CANCELLED);
  other.join();
  EXPECT_THAT(status.message, HasSubstr("cancelled at step 1 (while)"));
  ASSERT_EQ(Count(context.get(), 3, &out, &status), INGOT_OK) << "the context can run again: " << status.message;
  EXPECT_EQ(out, 3);
  ingot_context_cancel(nullptr);
}

// The checks of a block are compared when it is entered, and not before.
TEST(Control, ChecksOfABlock) {
  CountProgram p;
  p.checks = {{INGOT_CHECK_EQUAL, 0, 1, 0, "inner", "sizes must be equal"}};
  p.entry_checks = 0;
  p.steps[3] = {INGOT_STEP_CHECK, INGOT_NONE, 0, 0, 0, 0, INGOT_NONE, INGOT_NONE, 0, 1, "check"};
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  ingot_status_t status;
  int64_t out = 0;
  EXPECT_EQ(Count(context.get(), 0, &out, &status), INGOT_OK) << status.message;
  EXPECT_EQ(Count(context.get(), 1, &out, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("node 'inner': sizes must be equal"));
}

TEST(Control, WrongBlocksAreRefused) {
  struct Case {
    void (*change)(CountProgram &);
    const char *message;
  };
  for (const Case &c : {Case{[](CountProgram &p) { p.steps[1].end = 6; }, "step 1 has blocks outside its own"},
                        {[](CountProgram &p) { p.steps[1].split = 1; }, "step 1 has blocks outside its own"},
                        {[](CountProgram &p) { p.steps[1].split = 6; }, "step 1 has blocks outside its own"},
                        {[](CountProgram &p) { p.steps[1].num_operands = 0; }, "step 1 has not one condition"},
                        {[](CountProgram &p) { p.steps[4].kind = INGOT_STEP_CHECK, p.steps[4].end = 1; },
                         "step 4 names checks outside the table"},
                        {[](CountProgram &p) { p.steps[4].kind = INGOT_STEP_CALL; }, "of kind 'call'"}}) {
    CountProgram p;
    c.change(p);
    EXPECT_THAT(LoadError(p.Desc(), INGOT_FAILED_PRECONDITION), HasSubstr(c.message));
  }
  CountProgram p;
  p.values[2].bytes = 0;  // eight bytes for the condition
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  ingot_status_t status;
  int64_t out = 0;
  EXPECT_EQ(Count(context.get(), 1, &out, &status), INGOT_INTERNAL);
  EXPECT_THAT(status.message, HasSubstr("step 1 has a condition that is not one bool"));
}

}  // namespace
}  // namespace ingot_test
