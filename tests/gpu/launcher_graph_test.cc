// Runs as CUDA graphs (runtime/src/device_graph.cc): when they are captured, that they compute the same, and that a run
// goes on without them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "tests/gpu/launcher_testing.h"

namespace ingot::launcher_test {
namespace {

TEST(LauncherGraph, ARunLikeTheLastOneIsOneLaunch) {
  Calls calls;
  calls.New("cuLaunchKernel");
  Running running;
  const int64_t kernels = calls.New("cuLaunchKernel");
  EXPECT_GT(kernels, 1);
  calls.New("cuGraphLaunch");
  calls.New("cuGraphInstantiateWithFlags");
  for (int run = 1; run < 5; ++run) {
    EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
    ExpectRight(running.y);
    EXPECT_EQ(calls.New("cuLaunchKernel"), run == 1 ? kernels : 0);
    EXPECT_EQ(calls.New("cuGraphInstantiateWithFlags"), run == 1);
    EXPECT_EQ(calls.New("cuGraphLaunch"), 1);
  }
}

// Bit by bit, over sizes that come and go and grow the arena.
TEST(LauncherGraph, ComputesTheSame) {
  Running with, without;
  EXPECT_EQ(without.SetFlags(INGOT_CUDA_NO_GRAPHS), INGOT_OK);
  Calls calls;
  calls.New("cuGraphLaunch");
  for (int64_t rows : {3, 3, 3, 3, 40, 40, 40, 3, 3, 3, 5000, 5000, 40, 40, 3, 3, 3, 5000}) {
    EXPECT_EQ(with.Run(rows), INGOT_OK) << with.status.message;
    EXPECT_EQ(without.Run(rows), INGOT_OK) << without.status.message;
    EXPECT_EQ(memcmp(with.y.data(), without.y.data(), with.y.size() * sizeof(float)), 0) << rows;
    EXPECT_EQ(with.Total(), without.Total()) << rows;
    if (rows < 100) ExpectRight(with.y, rows);
  }
  EXPECT_GE(calls.New("cuGraphLaunch"), 8);
}

// More sizes than a context keeps plans for.
TEST(LauncherGraph, ManySizesInTurn) {
  Running running;
  for (int turn = 0; turn < 2; ++turn)
    for (int64_t rows = 1; rows < 20; ++rows)
      for (int again = 0; again < 3; ++again) {
        ASSERT_EQ(running.Run(rows), INGOT_OK) << running.status.message;
        ExpectRight(running.y, rows);
      }
}

TEST(LauncherGraph, AnotherStateIsAnotherGraph) {
  Running running;
  const float once = running.Total();
  EXPECT_EQ(running.Run(), INGOT_OK);
  ingot_state_t *other = nullptr;
  ASSERT_EQ(ingot_state_create(running.program->program(), nullptr, nullptr, &other, &running.status), INGOT_OK);
  ASSERT_EQ(ingot_context_set_state(running.context.get(), other, &running.status), INGOT_OK);
  Calls calls;
  calls.New("cuGraphInstantiateWithFlags");
  for (int run = 1; run < 5; ++run) {
    EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
    EXPECT_EQ(running.Total(), static_cast<float>(run) * once);
  }
  EXPECT_EQ(calls.New("cuGraphInstantiateWithFlags"), 1);
  running.context.reset();
  ingot_state_free(other);
}

// Without a graph the run goes on, and a second try would end as the first did.
TEST(LauncherGraph, RunsWithoutWhereItCannotBe) {
  for (const char *function :
       {"cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags", "cuLaunchKernel"}) {
    Running running;
    const float once = running.Total();
    ingot_emulator_fail(function, 0, cuda::kOutOfMemory);
    for (int run = 2; run < 5; ++run) {
      EXPECT_EQ(running.Run(), INGOT_OK) << function << ": " << running.status.message;
      ExpectRight(running.y);
      EXPECT_EQ(running.Total(), static_cast<float>(run) * once) << function;
    }
  }
  ingot_emulator_fail(nullptr, 0, 0);
}

TEST(LauncherGraph, OneThatDoesNotStartIsAnError) {
  Running running;
  EXPECT_EQ(running.Run(), INGOT_OK);
  ingot_emulator_fail("cuGraphLaunch", 0, cuda::kInvalidValue);
  EXPECT_EQ(running.Run(), INGOT_INTERNAL);
  EXPECT_TRUE(Says(running.status, "failed to start a captured run")) << running.status.message;
  EXPECT_EQ(running.Run(), INGOT_FAILED_PRECONDITION);
  EXPECT_EQ(running.ResetState(), INGOT_OK);
  EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
  ExpectRight(running.y);
}

// A loop asks for its condition.
TEST(LauncherGraph, NotWhereDataDecide) {
  ingot_status_t status = {};
  GraphBuilder b("loop");
  auto x = b.Input("x", DType::kF32, {4});
  using Exprs = std::vector<Expr>;
  Exprs doubled = b.While(
      {x},
      [](GraphBuilder &b, const Exprs &v) {
        return Exprs{b.Less(b.ReduceSum(v[0], {0}, false), b.Scalar(100, DType::kF32))};
      },
      [](GraphBuilder &b, const Exprs &v) { return Exprs{b.Add(v[0], v[0])}; });
  b.Output("y", doubled[0]);
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  Gpu device = Open(&status);
  std::string message;
  std::unique_ptr<JitProgram> program = Load(device.get(), &message, *graph);
  ASSERT_NE(program, nullptr) << message;
  ingot_context_t *made = nullptr;
  ASSERT_EQ(ingot_context_create(program->program(), nullptr, &made, &status), INGOT_OK) << status.message;
  GpuContext context(made);
  Calls calls;
  calls.New("cuStreamBeginCapture_v2");
  for (int run = 0; run < 3; ++run) {
    float in[4] = {1, 2, 3, 4}, out[4] = {};
    ingot_tensor_t input = {in, sizeof(in), INGOT_F32, 1, {4}}, output = {};
    output.data = out;
    output.bytes = sizeof(out);
    ASSERT_EQ(ingot_context_run(made, &input, &output, &status), INGOT_OK) << status.message;
    EXPECT_EQ(out[3], 64);
  }
  EXPECT_EQ(calls.New("cuStreamBeginCapture_v2"), 0);
}

TEST(LauncherGraph, CanBeSwitchedOff) {
  Calls calls;
  calls.New("cuStreamBeginCapture_v2");
  setenv("INGOT_CUDA_GRAPHS", "0", 1);
  Running all;
  unsetenv("INGOT_CUDA_GRAPHS");
  Running one;
  for (Running *running : {&all, &one}) {
    EXPECT_EQ(running->SetFlags(running == &one ? INGOT_CUDA_NO_GRAPHS : 0), INGOT_OK);
    for (int run = 0; run < 3; ++run) EXPECT_EQ(running->Run(), INGOT_OK) << running->status.message;
  }
  EXPECT_EQ(calls.New("cuStreamBeginCapture_v2"), 0);
  EXPECT_EQ(one.SetFlags(0), INGOT_OK);
  EXPECT_EQ(one.Run(), INGOT_OK);
  EXPECT_EQ(calls.New("cuStreamBeginCapture_v2"), 1);
}

TEST(LauncherGraph, OptionsAreChecked) {
  Running running;
  EXPECT_EQ(running.SetFlags(0x80000000u), INGOT_INVALID_ARGUMENT);
  EXPECT_TRUE(Says(running.status, "unknown bits")) << running.status.message;
  ingot_cuda_run_options_t options = {};
  EXPECT_EQ(ingot_cuda_set_run_options(running.context.get(), &options, &running.status), INGOT_INVALID_ARGUMENT);
  EXPECT_TRUE(Says(running.status, "struct_size")) << running.status.message;
  EXPECT_EQ(ingot_cuda_set_run_options(nullptr, &options, &running.status), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_cuda_set_run_options(running.context.get(), nullptr, &running.status), INGOT_OK);

  std::string message;
  std::unique_ptr<JitProgram> host = Load(nullptr, &message);
  ASSERT_NE(host, nullptr) << message;
  ingot_context_t *made = nullptr;
  ASSERT_EQ(ingot_context_create(host->program(), nullptr, &made, &running.status), INGOT_OK);
  GpuContext context(made);
  EXPECT_EQ(ingot_cuda_set_run_options(made, nullptr, &running.status), INGOT_INVALID_ARGUMENT);
  EXPECT_TRUE(Says(running.status, "was not loaded for a GPU")) << running.status.message;
}

}  // namespace
}  // namespace ingot::launcher_test
