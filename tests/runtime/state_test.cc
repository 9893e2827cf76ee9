// State objects: what runs leave in them, who may use them when, and what makes them unusable.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

using testing::HasSubstr;

// Runs on `n` times `x`; the last element of the output, or the negative error code.
float RunOn(const Context &context, float x, int64_t n = 3, ingot_status_t *status = nullptr) {
  std::vector<float> in(static_cast<size_t>(n), x), out(in.size());
  ingot_tensor_t input = Tensor(in, INGOT_F32, {n}), output = Tensor(out, INGOT_F32, {n});
  ingot_status_t own;
  if (status == nullptr) status = &own;
  int32_t code = ingot_context_run(context.get(), &input, &output, status);
  return code == INGOT_OK ? out.back() : static_cast<float>(-code);
}

std::vector<float> Read(ingot_state_t *state, const char *name) {
  ingot_tensor_t tensor = {};
  ingot_status_t status;
  uint32_t number = ingot_state_find(state, name);
  EXPECT_EQ(ingot_state_query(state, number, &tensor, &status), INGOT_OK) << status.message;
  std::vector<float> data(tensor.bytes / 4);
  tensor.data = data.data();
  EXPECT_EQ(ingot_state_read(state, number, &tensor, &status), INGOT_OK) << status.message;
  return data;
}

TEST(State, AContextKeepsItsOwn) {
  AccumulateProgram p;
  Program program = Load(p.Desc());
  Context a = MakeContext(program), b = MakeContext(program);
  EXPECT_EQ(ingot_context_get_state(a.get()), nullptr);
  EXPECT_EQ(RunOn(a, 1), 1);
  EXPECT_EQ(RunOn(a, 2), 3);
  EXPECT_EQ(RunOn(b, 5), 5) << "each context has its own";
  EXPECT_EQ(RunOn(a, 4), 7);
  EXPECT_EQ(Read(ingot_context_get_state(a.get()), "total"), (std::vector<float>{7, 7, 7}));
  EXPECT_EQ(Read(ingot_context_get_state(a.get()), "factor"), (std::vector<float>{3, 3, 3}));
}

TEST(State, RunsOfOtherSizesNeedAnotherState) {
  AccumulateProgram p;
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  ingot_status_t status;
  EXPECT_EQ(RunOn(context, 1, 3), 1);
  EXPECT_EQ(RunOn(context, 1, 4, &status), -INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("state 'total': dim 0 is 3, expected 4 ('n', from dim 0 of input 'x')"));
  EXPECT_THAT(status.message, HasSubstr("use a state made for these sizes"));
  EXPECT_EQ(RunOn(context, 1, 3), 2);
  EXPECT_EQ(ingot_context_set_state(context.get(), nullptr, &status), INGOT_OK);
  EXPECT_EQ(RunOn(context, 1, 4), 1);
}

TEST(State, ContextsShareWhatBothAreGiven) {
  AccumulateProgram p;
  Program program = Load(p.Desc());
  Context a = MakeContext(program), b = MakeContext(program);
  State state = MakeState(program, {3});
  ingot_status_t status;
  for (const Context *context : {&a, &b})
    ASSERT_EQ(ingot_context_set_state(context->get(), state.get(), &status), INGOT_OK) << status.message;
  EXPECT_EQ(RunOn(a, 1), 1);
  EXPECT_EQ(RunOn(b, 2), 3);
  EXPECT_EQ(ingot_context_set_state(a.get(), nullptr, &status), INGOT_OK);
  EXPECT_EQ(RunOn(a, 1), 1) << "of its own";
  EXPECT_EQ(RunOn(b, 1), 4);
  Program other = Load(p.Desc());
  Context foreign = MakeContext(other);
  EXPECT_EQ(ingot_context_set_state(foreign.get(), state.get(), &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("another loaded program"));
}

TEST(State, TheSecondOfTwoRunsAtOnceIsRefused) {
  AccumulateProgram p;
  Program program = Load(p.Desc());
  Context a = MakeContext(program), b = MakeContext(program);
  State state = MakeState(program, {3});
  ingot_status_t status;
  for (const Context *context : {&a, &b}) ingot_context_set_state(context->get(), state.get(), &status);
  accumulate_may_end = false;
  float first = 0;
  std::thread runs([&] { first = RunOn(a, kWaits); });
  while (!accumulate_waits) std::this_thread::yield();
  EXPECT_EQ(RunOn(b, 1, 3, &status), -INGOT_FAILED_PRECONDITION);
  EXPECT_THAT(status.message, HasSubstr("in use by another run"));
  EXPECT_EQ(ingot_state_reset(state.get(), &status), INGOT_FAILED_PRECONDITION);
  accumulate_may_end = true;
  runs.join();
  EXPECT_EQ(first, kWaits);
  EXPECT_EQ(RunOn(b, 1), kWaits + 1);
}

TEST(State, ARunThatFailsAfterItWroteMakesItInvalid) {
  AccumulateProgram p;
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  ingot_status_t status;
  EXPECT_EQ(RunOn(context, 1), 1);
  EXPECT_EQ(RunOn(context, kFailsBefore), -INGOT_INTERNAL);
  EXPECT_EQ(RunOn(context, 1), 2) << "nothing had been written";
  EXPECT_EQ(RunOn(context, kFailsAfter), -INGOT_INTERNAL);
  EXPECT_EQ(RunOn(context, 1, 3, &status), -INGOT_FAILED_PRECONDITION);
  EXPECT_THAT(status.message, HasSubstr("ended early: call ingot_state_reset"));
  ingot_state_t *state = ingot_context_get_state(context.get());
  float data[3] = {};
  ingot_tensor_t tensor = {data, sizeof(data), INGOT_F32, 1, {3}};
  EXPECT_EQ(ingot_state_read(state, 0, &tensor, &status), INGOT_FAILED_PRECONDITION);
  State good = MakeState(program, {3});
  EXPECT_EQ(ingot_state_copy(good.get(), state, &status), INGOT_FAILED_PRECONDITION);
  EXPECT_EQ(ingot_state_reset(state, &status), INGOT_OK) << status.message;
  EXPECT_EQ(RunOn(context, 1), 1);
  EXPECT_EQ(RunOn(context, kFailsAfter), -INGOT_INTERNAL);
  EXPECT_EQ(ingot_state_copy(state, good.get(), &status), INGOT_OK) << "a copy is as good as a reset";
  EXPECT_EQ(RunOn(context, 1), 1);
}

TEST(State, ACancelledLoopMakesItInvalid) {
  CountProgram p;
  p.values[1] = {INGOT_VALUE_STATE, 0, 0, 0, 0, 0, 0};  // instead of the output
  p.states = {{p.outputs[0], INGOT_NONE, 0, 0}};
  p.outputs.clear();
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  std::vector<int64_t> limit = {-1};
  ingot_tensor_t input = Tensor(limit, INGOT_I64, {});
  ingot_status_t status;
  endless_runs = false;
  std::thread cancels([&] {
    while (!endless_runs) std::this_thread::yield();
    ingot_context_cancel(context.get());
  });
  EXPECT_EQ(ingot_context_run(context.get(), &input, nullptr, &status), INGOT_CANCELLED) << status.message;
  cancels.join();
  limit[0] = 3;
  EXPECT_EQ(ingot_context_run(context.get(), &input, nullptr, &status), INGOT_FAILED_PRECONDITION);
  EXPECT_EQ(ingot_state_reset(ingot_context_get_state(context.get()), &status), INGOT_OK);
  EXPECT_EQ(ingot_context_run(context.get(), &input, nullptr, &status), INGOT_OK) << status.message;
}

TEST(State, ReadsAndWritesAreBounded) {
  AccumulateProgram p;
  Program program = Load(p.Desc());
  State state = MakeState(program, {3});
  ingot_status_t status;
  std::vector<float> data = {5, 6, 7};
  ingot_tensor_t tensor = Tensor(data, INGOT_F32, {3});
  EXPECT_EQ(ingot_state_write(state.get(), 0, &tensor, &status), INGOT_OK) << status.message;
  EXPECT_EQ(Read(state.get(), "total"), data);
  Context context = MakeContext(program);
  ingot_context_set_state(context.get(), state.get(), &status);
  EXPECT_EQ(RunOn(context, 1), 8);
  tensor.bytes = 11;
  EXPECT_EQ(ingot_state_write(state.get(), 0, &tensor, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("state 'total' has 11 bytes of data, needs 12"));
  EXPECT_EQ(ingot_state_read(state.get(), 0, &tensor, &status), INGOT_INVALID_ARGUMENT);
  tensor = Tensor(data, INGOT_I32, {3});
  EXPECT_EQ(ingot_state_write(state.get(), 0, &tensor, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("state 'total' is f32[3]"));
  tensor = Tensor(data, INGOT_F32, {3, 1});
  EXPECT_EQ(ingot_state_write(state.get(), 0, &tensor, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_state_query(state.get(), 2, &tensor, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("has 2 states, there is no state 2"));
  EXPECT_EQ(ingot_state_find(state.get(), "factor"), 1u);
  EXPECT_EQ(ingot_state_find(state.get(), "x"), INGOT_NONE);
  State other = MakeState(program, {4});
  EXPECT_EQ(ingot_state_copy(other.get(), state.get(), &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("made for the same sizes"));
}

TEST(State, MakingOneNeedsTheSizesOfItsShapes) {
  AccumulateProgram p;
  Program program = Load(p.Desc());
  ingot_state_t *state = nullptr;
  ingot_status_t status;
  EXPECT_EQ(ingot_state_create(program.get(), nullptr, nullptr, &state, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("dim 0 of state 'total' needs the size 'n': give it as symbols[0]"));
  int64_t n = (1 << 20) + 1;
  EXPECT_EQ(ingot_state_create(program.get(), &n, nullptr, &state, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("compiled for 0 to 1048576"));
  EXPECT_EQ(state, nullptr);
  n = 0;
  ASSERT_EQ(ingot_state_create(program.get(), &n, nullptr, &state, &status), INGOT_OK) << status.message;
  EXPECT_TRUE(Read(state, "total").empty());
  ingot_state_free(state);
  ChainProgram chain;
  Program without = Load(chain.Desc());
  EXPECT_EQ(ingot_state_create(without.get(), &n, nullptr, &state, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("has no states"));
}

TEST(State, ASizeMayBeKnownFromAStateAlone) {
  AccumulateProgram p;  // without its input: out = total
  uint32_t out = 1, total = 2;
  p.steps.clear();
  p.operands.clear();
  p.inputs.clear();
  p.values[0] = {INGOT_VALUE_ARENA, 0, 0, 1, 0, 0, 0};
  p.AddCopy(total, out);
  p.values[total].first_step = INGOT_NONE;
  Program program = Load(p.Desc());
  Context context = MakeContext(program);
  std::vector<float> result(5), data = {1, 2, 3, 4, 5};
  ingot_tensor_t output = Tensor(result, INGOT_F32, {5}), tensor = Tensor(data, INGOT_F32, {5});
  ingot_status_t status;
  EXPECT_EQ(ingot_context_run(context.get(), nullptr, &output, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("the size 'n' is known from state 'total' alone: make one"));
  State state = MakeState(program, {5});
  ingot_state_write(state.get(), 0, &tensor, &status);
  ASSERT_EQ(ingot_context_set_state(context.get(), state.get(), &status), INGOT_OK);
  ASSERT_EQ(ingot_context_run(context.get(), nullptr, &output, &status), INGOT_OK) << status.message;
  EXPECT_EQ(result, data);
  State larger = MakeState(program, {6});
  ingot_context_set_state(context.get(), larger.get(), &status);
  EXPECT_EQ(ingot_context_run(context.get(), nullptr, &output, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("output 'out' has 20 bytes of data, needs 24"));
}

TEST(State, DescriptionsAreChecked) {
  struct {
    void (*change)(AccumulateProgram &);
    const char *message;
  } cases[] = {
      {[](AccumulateProgram &p) { p.states[1].initial = 4; }, "state 1 begins as what is no constant"},
      {[](AccumulateProgram &p) { p.states[1].initial = 64; }, "state 1 begins as what is no constant"},
      {[](AccumulateProgram &p) { p.states[1].fills = 2; }, "state 1 has an unknown way to begin"},
      {[](AccumulateProgram &p) { p.states[0].io.value = 0; }, "state 0 names a value that is not its own"},
      {[](AccumulateProgram &p) { p.states[0].io.name = nullptr; }, "state 0 has no name"},
      {[](AccumulateProgram &p) { p.values[2].first_step = 4; }, "value 2 is first written by no step"},
      {[](AccumulateProgram &p) { p.values[2].slot = 2; }, "value 2 names a state outside the table"},
  };
  for (const auto &one : cases) {
    AccumulateProgram p;
    one.change(p);
    EXPECT_THAT(LoadError(p.Desc(), INGOT_FAILED_PRECONDITION), HasSubstr(one.message));
  }
  AccumulateProgram p;
  p.states[1].fills = 0;  // larger than the constant as soon as n is above 16
  Program program = Load(p.Desc());
  int64_t n = 17;
  ingot_state_t *state = nullptr;
  ingot_status_t status;
  EXPECT_EQ(ingot_state_create(program.get(), &n, nullptr, &state, &status), INGOT_INTERNAL);
  EXPECT_THAT(status.message, HasSubstr("state 'factor' is larger than what it begins as"));
}

}  // namespace
}  // namespace ingot_test
