// Blocks of steps: loops and branches, their end by cancelling, and descriptions that are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

using testing::HasSubstr;

int32_t Count(ingot_context_t *context, int64_t limit, int64_t *out, ingot_status_t *status) {
  std::vector<int64_t> in = {limit}, result = {-7};
  ingot_tensor_t input = Tensor(in, INGOT_I64, {}), output = Tensor(result, INGOT_I64, {});
  int32_t code = ingot_context_run(context, &input, &output, status);
  *out = result[0];
  return code;
}

int64_t chosen_size;
int32_t EvalChosen(int64_t *sizes, uint32_t) {
  sizes[0] = 8;
  sizes[1] = 1;
  sizes[2] = chosen_size;
  return 0;
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
  CountProgram p;  // its values and kernels; out = 0 < limit ? limit + 1 : limit
  enum { kLimit, kOut, kHolds };
  enum { kSetToZero, kLess, kIncrement };
  p.steps.clear();
  uint32_t zero = p.AddArena(0, 0, 1);
  p.AddStep("zero", kSetToZero, {zero}, 1, 1);
  p.AddStep("less", kLess, {zero, kLimit, kHolds}, 1, 1);
  p.AddControl(INGOT_STEP_IF, kHolds);
  p.AddStep("increment", kIncrement, {kLimit, kOut}, 1, 1);
  p.AddCopy(kLimit, kOut);
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

TEST(Control, ASizeChoosesABlock) {
  CountProgram p;
  enum { kLimit, kOut, kHolds, kNext };
  enum { kSetToZero, kLess, kIncrement };
  p.desc.num_sizes = 3;
  p.desc.eval_sizes = EvalChosen;
  p.steps = {{INGOT_STEP_IF_SIZE, 2, 0, 0, 0, 0, INGOT_NONE, INGOT_NONE, 2, 3, "if size"}};
  p.AddStep("increment", kIncrement, {kLimit, kOut}, 1, 1);
  p.AddCopy(kLimit, kOut);
  p.AddStep("zero", kSetToZero, {kNext}, 1, 1);
  p.AddStep("zero", kSetToZero, {kNext}, 1, 1);
  for (int64_t chosen : {1, 0}) {
    chosen_size = chosen;
    Program program = Load(p.Desc());
    Context context = MakeContext(program);
    ingot_status_t status;
    int64_t result = 0;
    ASSERT_EQ(Count(context.get(), 5, &result, &status), INGOT_OK) << status.message;
    EXPECT_EQ(result, 5 + chosen);
  }
  p.steps[0].kernel = 1000;
  ingot_status_t status;
  ingot_program_t *program = nullptr;
  EXPECT_NE(ingot_program_load(p.Desc(), nullptr, &program, &status), INGOT_OK);
  EXPECT_THAT(status.message, HasSubstr("has no size as its condition"));
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
