// Traced runs on a GPU (runtime/src/device_trace.cc): the device's own times, told behind the run.
#include <gtest/gtest.h>
#include <time.h>

#include "tests/gpu/launcher_testing.h"

namespace ingot::launcher_test {
namespace {

uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

struct Recorder {
  struct Event {
    uint32_t step;
    std::string name;
    uint64_t begin, end;
  };
  std::vector<Event> events;
  ingot_trace_t hook = {[](void *self, uint32_t step, const char *name, uint64_t begin, uint64_t end) {
                          static_cast<Recorder *>(self)->events.push_back({step, name, begin, end});
                        },
                        this};
  ingot_context_options_t options = {sizeof(options), nullptr, nullptr, nullptr, &hook};
};

TEST(LauncherTrace, EveryStepByTheGpusClock) {
  Recorder recorder;
  Running running(0, &recorder.options);
  const size_t steps = recorder.events.size();
  EXPECT_GT(steps, 1u);
  Calls calls;
  calls.New("cuStreamSynchronize");
  for (int run = 0; run < 3; ++run) {
    recorder.events.clear();
    const uint64_t begin = Now();
    ASSERT_EQ(running.Run(), INGOT_OK) << running.status.message;
    const uint64_t end = Now();
    ExpectRight(running.y);
    ASSERT_EQ(recorder.events.size(), steps);
    // The emulator's events are of the host's clock, in milliseconds with 24 bits.
    const uint64_t slack = 1000000;
    uint64_t last = begin;
    for (const Recorder::Event &event : recorder.events) {
      EXPECT_FALSE(event.name.empty() || event.name == "?");
      EXPECT_GT(event.begin + slack, last);
      EXPECT_GT(event.end, event.begin);
      EXPECT_LT(event.end, end + slack);
      last = event.begin;
    }
    // Before the first step, at the origin, behind the last one, and at the end: none between steps.
    EXPECT_EQ(calls.New("cuStreamSynchronize"), 4);
  }
}

// A loop of more steps than are remembered.
TEST(LauncherTrace, ManySteps) {
  GraphBuilder b("counts");
  using Exprs = std::vector<Expr>;
  auto turns = b.Input("turns", DType::kI64, {});
  Exprs counted = b.While(
      {b.Scalar(0, DType::kI64), turns}, [](GraphBuilder &f, const Exprs &v) { return Exprs{f.Less(v[0], v[1])}; },
      [](GraphBuilder &f, const Exprs &v) { return Exprs{f.Add(v[0], f.Scalar(1, DType::kI64)), v[1]}; });
  b.Output("count", counted[0]);
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ingot_status_t status = {};
  Gpu device = Open(&status);
  std::string message;
  std::unique_ptr<JitProgram> program = Load(device.get(), &message, *std::move(graph));
  ASSERT_NE(program, nullptr) << message;
  Recorder recorder;
  ingot_context_t *made = nullptr;
  ASSERT_EQ(ingot_context_create(program->program(), &recorder.options, &made, &status), INGOT_OK) << status.message;
  GpuContext context(made);
  int64_t in = 400, out = 0;
  ingot_tensor_t input = {&in, sizeof(in), INGOT_I64, 0, {}}, output = {};
  output.data = &out;
  output.bytes = sizeof(out);
  ASSERT_EQ(ingot_context_run(made, &input, &output, &status), INGOT_OK) << status.message;
  EXPECT_EQ(out, in);
  EXPECT_GE(recorder.events.size(), 800u);
}

// Without its times a traced run fails, and runs the next time.
TEST(LauncherTrace, TimesThatAreNotToBeHad) {
  for (const char *function : {"cuEventRecord", "cuEventElapsedTime"}) {
    Recorder recorder;
    Running running(0, &recorder.options);
    ingot_emulator_fail(function, 1, cuda::kInvalidValue);
    EXPECT_EQ(running.Run(), INGOT_INTERNAL) << function;
    EXPECT_TRUE(Says(running.status, "event")) << running.status.message;
    EXPECT_EQ(running.ResetState(), INGOT_OK);
    EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
    ExpectRight(running.y);
  }
  ingot_emulator_fail("cuEventCreate", 0, cuda::kOutOfMemory);
  ingot_status_t status = {};
  Gpu device = Open(&status);
  std::string message;
  std::unique_ptr<JitProgram> program = Load(device.get(), &message);
  Recorder recorder;
  ingot_context_t *made = nullptr;
  ASSERT_EQ(ingot_context_create(program->program(), &recorder.options, &made, &status), INGOT_OK);
  GpuContext context(made);
  std::vector<float> y;
  EXPECT_EQ(RunOnce(made, &y, &status), INGOT_OUT_OF_MEMORY);
  EXPECT_EQ(RunOnce(made, &y, &status), INGOT_OK) << status.message;
  ExpectRight(y);
}

}  // namespace
}  // namespace ingot::launcher_test
