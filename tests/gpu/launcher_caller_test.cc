// Callers that use CUDA themselves (ingot/cuda.h): tensors in memory of the GPU, their own streams, and runs that
// return before they have ended.
#include <gtest/gtest.h>

#include "tests/gpu/launcher_testing.h"

#define INGOT_DECLARE(name, exported, parameters) Result exported parameters;
namespace ingot::cuda {
extern "C" {
INGOT_CUDA_FUNCTIONS(INGOT_DECLARE)
}
}  // namespace ingot::cuda
#undef INGOT_DECLARE

namespace ingot::launcher_test {
namespace {

using namespace ingot::cuda;

// What a program that uses CUDA has besides.
class Caller {
 public:
  explicit Caller(Device device = 0) : device_(device) {
    EXPECT_EQ(cuInit(0), kSuccess);
    EXPECT_EQ(cuDevicePrimaryCtxRetain(&context_, device), kSuccess);
    EXPECT_EQ(cuCtxPushCurrent_v2(context_), kSuccess);
    EXPECT_EQ(cuStreamCreate(&stream_, kNonBlockingStream), kSuccess);
  }
  ~Caller() {
    EXPECT_EQ(cuStreamDestroy_v2(stream_), kSuccess);
    for (DevicePtr memory : memory_) EXPECT_EQ(cuMemFree_v2(memory), kSuccess);
    EXPECT_EQ(cuCtxPopCurrent_v2(&context_), kSuccess);
    EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(device_), kSuccess);
  }
  void *Allocate(size_t bytes) {
    DevicePtr memory = 0;
    EXPECT_EQ(cuMemAlloc_v2(&memory, bytes), kSuccess);
    memory_.push_back(memory);
    return reinterpret_cast<void *>(memory);
  }
  void *Upload(const std::vector<float> &values) {
    void *memory = Allocate(values.size() * sizeof(float));
    EXPECT_EQ(cuMemcpyHtoDAsync_v2(memory_.back(), values.data(), values.size() * sizeof(float), nullptr), kSuccess);
    return memory;
  }
  static std::vector<float> Download(const void *memory, size_t count) {
    std::vector<float> values(count);
    EXPECT_EQ(cuMemcpyDtoHAsync_v2(values.data(), reinterpret_cast<DevicePtr>(memory), count * sizeof(float), nullptr),
              kSuccess);
    return values;
  }
  Stream stream() const { return stream_; }

 private:
  Device device_;
  Context context_ = nullptr;
  Stream stream_ = nullptr;
  std::vector<DevicePtr> memory_;
};

constexpr size_t kOutputs = kRows * 4;
constexpr uint8_t kMarked = 1, kUnmarked = 0;

// A run with these addresses of the input and the output.
int32_t RunAt(Running *running, void *x, void *y, size_t output_bytes = kOutputs * sizeof(float)) {
  ingot_tensor_t input = {x, kRows * 8 * sizeof(float), INGOT_F32, 2, {kRows, 8}}, output = {};
  output.data = y;
  output.bytes = output_bytes;
  return ingot_context_run(running->context.get(), &input, &output, &running->status);
}

ingot_cuda_run_options_t InPlace(const uint8_t *input, const uint8_t *output) {
  ingot_cuda_run_options_t options = {};
  options.inputs_on_gpu = input;
  options.outputs_on_gpu = output;
  return options;
}

TEST(LauncherCaller, TensorsOnTheGpuAreUsedInPlace) {
  Caller caller;
  Running running;
  const float once = running.Total();
  std::vector<float> host_x = Input(), host_y(kOutputs);
  void *x = caller.Upload(host_x);
  Calls calls;
  int runs = 1;
  for (bool input : {true, false}) {
    for (bool output : {true, false}) {
      const uint8_t marks[] = {input, output};
      ASSERT_EQ(running.SetOptions(InPlace(&marks[0], &marks[1])), INGOT_OK) << running.status.message;
      void *y = caller.Allocate(kOutputs * sizeof(float));
      calls.New("cuMemcpyHtoDAsync_v2");
      calls.New("cuMemcpyDtoHAsync_v2");
      calls.New("cuGraphLaunch");
      for (int run = 0; run < 3; ++run, ++runs) {
        host_y.assign(kOutputs, -1);
        ASSERT_EQ(RunAt(&running, input ? x : host_x.data(), output ? y : host_y.data()), INGOT_OK)
            << running.status.message;
        EXPECT_EQ(calls.New("cuMemcpyHtoDAsync_v2"), !input);
        EXPECT_EQ(calls.New("cuMemcpyDtoHAsync_v2"), !output);
        ExpectRight(output ? Caller::Download(y, kOutputs) : host_y);
        calls.New("cuMemcpyDtoHAsync_v2");
      }
      EXPECT_EQ(calls.New("cuGraphLaunch"), 2);
    }
  }
  EXPECT_EQ(running.Total(), static_cast<float>(runs) * once);
}

// The graph of a run has its addresses in it.
TEST(LauncherCaller, OtherAddressesAreAnotherRun) {
  Caller caller;
  Running running;
  ASSERT_EQ(running.SetOptions(InPlace(&kMarked, &kMarked)), INGOT_OK);
  std::vector<float> other = Input();
  for (float &value : other) value = 0;
  void *x[] = {caller.Upload(Input()), caller.Upload(other)};
  void *y[] = {caller.Allocate(kOutputs * sizeof(float)), caller.Allocate(kOutputs * sizeof(float))};
  for (int which : {0, 0, 0, 1, 1, 1, 0, 1, 0, 0}) {
    ASSERT_EQ(RunAt(&running, x[which], y[which]), INGOT_OK) << running.status.message;
    std::vector<float> found = Caller::Download(y[which], kOutputs);
    if (which == 0)
      ExpectRight(found);
    else
      EXPECT_EQ(found, std::vector<float>(kOutputs, 0.25f));
  }
}

TEST(LauncherCaller, WrongAddressesAreRefused) {
  Caller caller;
  Running running;
  const float once = running.Total();
  ASSERT_EQ(running.SetOptions(InPlace(&kMarked, &kMarked)), INGOT_OK);
  std::vector<float> host(100);
  auto *x = static_cast<char *>(caller.Upload(Input()));
  auto *y = static_cast<char *>(caller.Allocate(kOutputs * sizeof(float)));
  void *small = caller.Allocate(kOutputs * sizeof(float) - 1);
  void *large = caller.Allocate(1000);
  EXPECT_EQ(RunAt(&running, static_cast<char *>(large) + 4, y), INGOT_INVALID_ARGUMENT);
  EXPECT_TRUE(Says(running.status, "input 'x' is at") && Says(running.status, "a multiple of 16 bytes"))
      << running.status.message;
  EXPECT_EQ(RunAt(&running, x, host.data()), INGOT_INVALID_ARGUMENT);
  EXPECT_TRUE(Says(running.status, "output 'y' is said to be on the GPU") &&
              Says(running.status, "no memory of cuda:0"))
      << running.status.message;
  EXPECT_EQ(RunAt(&running, x, small), INGOT_INVALID_ARGUMENT);
  EXPECT_TRUE(Says(running.status, "no memory of cuda:0")) << running.status.message;
  EXPECT_EQ(RunAt(&running, x, y, kOutputs * sizeof(float) - 1), INGOT_INVALID_ARGUMENT);
  EXPECT_TRUE(Says(running.status, "47 bytes of data, needs 48")) << running.status.message;
  EXPECT_EQ(RunAt(&running, nullptr, y), INGOT_INVALID_ARGUMENT);
  for (int call = 0; call < 4; ++call) {
    ingot_emulator_fail("cuPointerGetAttribute", call, kInvalidValue);
    EXPECT_EQ(RunAt(&running, x, y), INGOT_INVALID_ARGUMENT);
  }
  // None of them has run, and what is right does.
  EXPECT_EQ(RunAt(&running, x, y), INGOT_OK) << running.status.message;
  ExpectRight(Caller::Download(y, kOutputs));
  EXPECT_EQ(running.Total(), 2 * once);
}

// What a run does goes to the caller's stream: captured there, it happens when the caller's graph runs.
TEST(LauncherCaller, RunsOnItsStream) {
  Caller caller;
  Running running;
  const float once = running.Total();
  void *x = caller.Upload(Input()), *y = caller.Allocate(kOutputs * sizeof(float));
  ingot_cuda_run_options_t options = InPlace(&kMarked, &kMarked);
  options.stream = caller.stream();
  options.flags = INGOT_CUDA_ASYNCHRONOUS | INGOT_CUDA_NO_GRAPHS;
  ASSERT_EQ(running.SetOptions(options), INGOT_OK) << running.status.message;
  ASSERT_EQ(RunAt(&running, x, y), INGOT_OK) << running.status.message;
  EXPECT_EQ(running.Total(), 2 * once);

  ASSERT_EQ(cuStreamBeginCapture_v2(caller.stream(), kCaptureThreadLocal), kSuccess);
  EXPECT_EQ(RunAt(&running, x, y), INGOT_OK) << running.status.message;
  cuda::Graph graph = nullptr;
  GraphExec exec = nullptr;
  ASSERT_EQ(cuStreamEndCapture(caller.stream(), &graph), kSuccess);
  EXPECT_EQ(running.Total(), 2 * once);
  ASSERT_EQ(cuGraphInstantiateWithFlags(&exec, graph, 0), kSuccess);
  EXPECT_EQ(cuGraphLaunch(exec, caller.stream()), kSuccess);
  EXPECT_EQ(running.Total(), 3 * once);
  ExpectRight(Caller::Download(y, kOutputs));
  cuGraphExecDestroy(exec);
  cuGraphDestroy(graph);
  running.context.reset();
}

// An asynchronous run leaves the waiting to the caller; a change of the stream waits.
TEST(LauncherCaller, WaitsOnlyWhereItMust) {
  Caller caller;
  Running running;
  void *x = caller.Upload(Input()), *y = caller.Allocate(kOutputs * sizeof(float));
  ingot_cuda_run_options_t options = InPlace(&kMarked, &kMarked);
  options.stream = caller.stream();
  ASSERT_EQ(running.SetOptions(options), INGOT_OK) << running.status.message;
  Calls calls;
  for (bool is_async : {false, true}) {
    options.flags = is_async ? INGOT_CUDA_ASYNCHRONOUS : 0;
    ASSERT_EQ(running.SetOptions(options), INGOT_OK) << running.status.message;
    calls.New("cuStreamSynchronize");
    for (int run = 0; run < 3; ++run) {
      ASSERT_EQ(RunAt(&running, x, y), INGOT_OK) << running.status.message;
      EXPECT_EQ(calls.New("cuStreamSynchronize"), !is_async);
    }
    // A run that fails has ended.
    ingot_emulator_fail("cuGraphLaunch", 0, kInvalidValue);
    EXPECT_EQ(RunAt(&running, x, y), INGOT_INTERNAL);
    EXPECT_EQ(calls.New("cuStreamSynchronize"), 1);
    EXPECT_EQ(running.ResetState(), INGOT_OK);
    ASSERT_EQ(RunAt(&running, x, y), INGOT_OK) << running.status.message;
  }
  calls.New("cuStreamSynchronize");
  ASSERT_EQ(running.SetOptions(options), INGOT_OK);
  EXPECT_EQ(calls.New("cuStreamSynchronize"), 0);
  ingot_emulator_fail("cuStreamSynchronize", 0, kInvalidValue);
  EXPECT_EQ(running.SetFlags(0), INGOT_INTERNAL);
  ASSERT_EQ(running.SetFlags(0), INGOT_OK);
  EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
  ExpectRight(running.y);
}

TEST(LauncherCaller, WhatCannotBeIsSaid) {
  Caller caller;
  Running running;
  auto refused = [&](ingot_cuda_run_options_t options, const char *why) {
    EXPECT_EQ(running.SetOptions(options), INGOT_INVALID_ARGUMENT);
    EXPECT_TRUE(Says(running.status, why)) << running.status.message;
  };
  ingot_cuda_run_options_t options = InPlace(&kMarked, &kMarked);
  options.flags = INGOT_CUDA_ASYNCHRONOUS;
  refused(options, "needs a stream of the caller's");
  options.stream = caller.stream();
  options.inputs_on_gpu = &kUnmarked;
  refused(options, "needs input 'x' in memory of the GPU");
  options.inputs_on_gpu = &kMarked;
  options.outputs_on_gpu = nullptr;
  refused(options, "needs output 'y' in memory of the GPU");
  // Nothing has changed.
  EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
  ExpectRight(running.y);
}

// A size that a run finds: the run waits, and its output cannot be told to be anywhere.
TEST(LauncherCaller, SizesThatARunFinds) {
  Caller caller;
  GraphBuilder b("found");
  auto told = b.Input("told", DType::kI64, {1});
  b.BindSizes(told, {"found"});
  b.Bound("found", {0, 4});
  b.Output("y", b.Iota({"found"}, 0, DType::kF32));
  absl::StatusOr<ingot::Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ingot_status_t status = {};
  Gpu device = Open(&status);
  std::string message;
  std::unique_ptr<JitProgram> program = Load(device.get(), &message, *std::move(graph));
  ASSERT_NE(program, nullptr) << message;
  ingot_context_t *made = nullptr;
  ASSERT_EQ(ingot_context_create(program->program(), nullptr, &made, &status), INGOT_OK) << status.message;
  GpuContext context(made);
  ingot_cuda_run_options_t options = InPlace(&kMarked, &kMarked);
  options.struct_size = sizeof(options);
  EXPECT_EQ(ingot_cuda_set_run_options(made, &options, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_TRUE(Says(status, "output 'y' has a size that the run finds")) << status.message;
  options.outputs_on_gpu = nullptr;
  options.stream = caller.stream();
  options.flags = INGOT_CUDA_ASYNCHRONOUS;
  ASSERT_EQ(ingot_cuda_set_run_options(made, &options, &status), INGOT_OK) << status.message;
  for (int64_t size : {3, 4, 2}) {
    void *x = caller.Allocate(sizeof(size));
    EXPECT_EQ(cuMemcpyHtoDAsync_v2(reinterpret_cast<DevicePtr>(x), &size, sizeof(size), nullptr), kSuccess);
    ingot_tensor_t input = {x, sizeof(size), INGOT_I64, 1, {1}}, output = {};
    ASSERT_EQ(ingot_context_run(made, &input, &output, &status), INGOT_OK) << status.message;
    ASSERT_EQ(ingot_context_get_output(made, 0, &output, &status), INGOT_OK) << status.message;
    EXPECT_EQ(output.dims[0], size);
    EXPECT_EQ(static_cast<float *>(output.data)[1], 1);
  }
  context.reset();
}

}  // namespace
}  // namespace ingot::launcher_test
