// The launcher (runtime/cuda, runtime/src/device_*.cc) over the stand-in driver: what it says when there is no driver,
// no GPU or no code for one, and what is left when any call of the driver fails.
#include <gtest/gtest.h>

#include <thread>

#include "ingot/builder.h"
#include "ingot/cuda.h"
#include "ingot/interpreter.h"
#include "ingot/jit.h"
#include "runtime/cuda/driver_api.h"
#include "tests/gpu/emulator/control.h"

namespace ingot {
namespace {

struct FreeDevice {
  void operator()(ingot_device_t *device) const { ingot_device_free(device); }
};
using Gpu = std::unique_ptr<ingot_device_t, FreeDevice>;

struct FreeContext {
  void operator()(ingot_context_t *context) const { ingot_context_free(context); }
};
using GpuContext = std::unique_ptr<ingot_context_t, FreeContext>;

Gpu Open(ingot_status_t *status, uint32_t number = 0) {
  ingot_device_t *device = nullptr;
  ingot_cuda_open(number, INGOT_EMULATOR, &device, status);
  return Gpu(device);
}

// A product with weights, a sum over each row, and a running total of the runs in a state: all that a driver is asked.
Graph Model() {
  GraphBuilder b("launched");
  auto x = b.Input("x", DType::kF32, {"n", 8});
  Tensor weights = Tensor::Zeros(DType::kF32, {8, 4});
  for (int64_t i = 0; i < weights.size(); ++i) weights.SetDouble(i, 0.25 * static_cast<double>(i % 7) - 0.5);
  auto total = b.State("total", DType::kF32, {1, 1});
  auto product = b.MatMul(x, b.Constant(weights));
  b.SetState(total, b.Add(total, b.ReduceSum(product, {0, 1}, true)));
  b.Output("y", b.Softmax(product, 1));
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

std::unique_ptr<JitProgram> Load(ingot_device_t *device, std::string *message) {
  JitOptions options;
  options.cache_directory = testing::TempDir() + "ingot_launcher_cache";  // compiled once, loaded many times
  options.compile.cpu_levels = {"x86-64-v3"};
  options.compile.device_targets = {"emulated"};
  options.device = device;
  absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(Model(), options);
  if (program.ok()) return *std::move(program);
  *message = std::string(program.status().message());
  return nullptr;
}

constexpr int64_t kRows = 3;

std::vector<float> Input() {
  std::vector<float> x(kRows * 8);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 5) - 1.5f;
  return x;
}

std::vector<float> Expected() {
  std::vector<float> x = Input();
  Tensor input = Tensor::Zeros(DType::kF32, {kRows, 8}), total = Tensor::Zeros(DType::kF32, {1, 1});
  for (size_t i = 0; i < x.size(); ++i) input.SetDouble(static_cast<int64_t>(i), x[i]);
  absl::StatusOr<std::vector<Tensor>> outputs = Interpret(StatesAsValues(Model()), {input, total});
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  std::vector<float> y;
  for (int64_t i = 0; i < (*outputs)[0].size(); ++i) y.push_back(static_cast<float>((*outputs)[0].GetDouble(i)));
  return y;
}

int32_t RunOnce(ingot_context_t *context, std::vector<float> *y, ingot_status_t *status) {
  std::vector<float> x = Input();
  y->assign(kRows * 4, -1);
  ingot_tensor_t input = {}, output = {};
  input = {x.data(), x.size() * sizeof(float), INGOT_F32, 2, {kRows, 8}};
  output.data = y->data();
  output.bytes = y->size() * sizeof(float);
  return ingot_context_run(context, &input, &output, status);
}

void ExpectRight(const std::vector<float> &y) {
  std::vector<float> expected = Expected();
  ASSERT_EQ(y.size(), expected.size());
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-6) << i;
}

// Everything from opening the GPU to a second run. Returns the first error's message, or nothing.
std::string Everything() {
  ingot_status_t status = {};
  Gpu device = Open(&status);
  if (device == nullptr) return status.message;
  std::string message;
  std::unique_ptr<JitProgram> program = Load(device.get(), &message);
  if (program == nullptr) return message;
  ingot_context_t *made = nullptr;
  if (ingot_context_create(program->program(), nullptr, &made, &status) != INGOT_OK) return status.message;
  GpuContext context(made);
  std::vector<float> y;
  if (RunOnce(made, &y, &status) != INGOT_OK) return status.message;
  ExpectRight(y);
  if (RunOnce(made, &y, &status) != INGOT_OK) return status.message;
  ExpectRight(y);
  float total = 0;
  ingot_tensor_t tensor = {};
  tensor.data = &total;
  tensor.bytes = sizeof(total);
  if (ingot_state_read(ingot_context_get_state(made), 0, &tensor, &status) != INGOT_OK) return status.message;
  return "";
}

// The model loaded, with a context, after one run.
struct Running {
  ingot_status_t status = {};
  Gpu device;
  std::unique_ptr<JitProgram> program;
  GpuContext context;
  std::vector<float> y;

  Running() : device(Open(&status)) {
    std::string message;
    if (device != nullptr) program = Load(device.get(), &message);
    ingot_context_t *made = nullptr;
    if (program != nullptr) ingot_context_create(program->program(), nullptr, &made, &status);
    context.reset(made);
    EXPECT_EQ(made == nullptr ? -1 : Run(), INGOT_OK) << status.message << message;
  }
  int32_t Run() { return RunOnce(context.get(), &y, &status); }
  int32_t ResetState() { return ingot_state_reset(ingot_context_get_state(context.get()), &status); }
};

// Memory and objects that the driver has given out.
std::pair<int64_t, int64_t> Given() { return {ingot_emulator_live_allocations(), ingot_emulator_live_objects()}; }

TEST(Launcher, Runs) {
  EXPECT_EQ(Everything(), "");
  EXPECT_EQ(Given(), std::pair(int64_t{0}, int64_t{0}));
}

TEST(Launcher, SaysWhatIsMissing) {
  ingot_status_t status = {};
  ingot_device_t *device = nullptr;
  EXPECT_EQ(ingot_cuda_open(0, "no_such_driver.so", &device, &status), INGOT_FAILED_PRECONDITION);
  EXPECT_NE(std::string(status.message).find("there is no CUDA driver here"), std::string::npos) << status.message;
  // A library that is no driver.
  EXPECT_EQ(ingot_cuda_open(0, "libc.so.6", &device, &status), INGOT_FAILED_PRECONDITION);
  EXPECT_NE(std::string(status.message).find("has no function cu"), std::string::npos) << status.message;
  EXPECT_EQ(Open(&status, 5), nullptr);
  EXPECT_NE(std::string(status.message).find("there is no GPU 5: this machine has 1"), std::string::npos)
      << status.message;
  EXPECT_EQ(ingot_cuda_open(0, INGOT_EMULATOR, nullptr, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(Given(), std::pair(int64_t{0}, int64_t{0}));
}

TEST(Launcher, AProgramWithoutCodeForTheDevice) {
  ingot_status_t status = {};
  Gpu device = Open(&status);
  ASSERT_NE(device, nullptr) << status.message;
  for (const char *target : {"", "sm_80"}) {
    JitOptions options;
    options.cache_directory = "none";
    options.device = device.get();
    if (target[0] != '\0') options.compile.device_targets = {target};
    absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(Model(), options);
    ASSERT_FALSE(program.ok());
    EXPECT_NE(program.status().message().find(target[0] == '\0' ? "compile it with --target=cuda"
                                                                : "has code for sm_80, which does not run on"),
              absl::string_view::npos)
        << program.status();
  }
}

// What only tells about errors, gives something back, or (waiting, using the GPU's context) does so among other things.
bool MayFailInSilence(const std::string &function) {
  for (const char *part : {"GetError", "Free", "Destroy", "Unload", "Release", "CtxPop", "CtxPush", "Synchronize"})
    if (function.find(part) != std::string::npos) return true;
  return false;
}

// Every call of the driver fails once, wherever it is made, and everything is given back.
TEST(Launcher, SurvivesEveryFailure) {
  const char *const functions[] = {
#define INGOT_NAME(name, symbol, parameters) #symbol,
      INGOT_CUDA_FUNCTIONS(INGOT_NAME)
#undef INGOT_NAME
  };
  int failures = 0;
  for (const char *function : functions) {
    ingot_emulator_fail(nullptr, 0, 0);
    ASSERT_EQ(Everything(), "");
    // How often a whole pass calls it.
    int64_t before = ingot_emulator_calls(function);
    ASSERT_EQ(Everything(), "");
    int64_t calls = ingot_emulator_calls(function) - before;
    for (int64_t call = 0; call < calls; call = call < 6 ? call + 1 : call * 2) {
      auto given = Given();
      ASSERT_EQ(ingot_emulator_fail(function, static_cast<int32_t>(call), cuda::kOutOfMemory), 0) << function;
      std::string message = Everything();
      ingot_emulator_fail(nullptr, 0, 0);
      std::string when = std::string(function) + " failed after " + std::to_string(call) + " calls: " + message;
      failures += !message.empty();
      if (!MayFailInSilence(function)) {
        EXPECT_NE(message, "") << when;
        EXPECT_EQ(Given(), given) << when;
      }
    }
  }
  EXPECT_GT(failures, 30);
}

// An error before a state is written leaves all as it was.
TEST(Launcher, AContextGoesOn) {
  Running running;
  ingot_emulator_fail("cuMemcpyHtoDAsync_v2", 0, cuda::kInvalidValue);
  EXPECT_EQ(running.Run(), INGOT_INTERNAL);
  EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
  ExpectRight(running.y);
  ingot_emulator_fail("cuLaunchKernel", 0, cuda::kInvalidValue);
  EXPECT_EQ(running.Run(), INGOT_INTERNAL);
  EXPECT_NE(std::string(running.status.message).find("step 0 ("), std::string::npos) << running.status.message;
}

// What a run writes counts as half written when its end is not heard of.
TEST(Launcher, AStateBehindAFailure) {
  for (const char *function : {"cuMemcpyDtoHAsync_v2", "cuStreamSynchronize"}) {
    Running running;
    ingot_emulator_fail(function, 0, cuda::kInvalidValue);
    EXPECT_EQ(running.Run(), INGOT_INTERNAL);
    EXPECT_EQ(running.Run(), INGOT_FAILED_PRECONDITION) << function;
    EXPECT_NE(std::string(running.status.message).find("half written"), std::string::npos) << running.status.message;
    EXPECT_EQ(running.ResetState(), INGOT_OK) << running.status.message;
    EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
    ExpectRight(running.y);
  }
}

// Contexts of one program run side by side.
TEST(Launcher, TwoContextsOnTwoThreads) {
  Running running;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&] {
      ingot_status_t status = {};
      ingot_context_t *made = nullptr;
      ASSERT_EQ(ingot_context_create(running.program->program(), nullptr, &made, &status), INGOT_OK) << status.message;
      GpuContext context(made);
      for (int run = 0; run < 50; ++run) {
        std::vector<float> y;
        ASSERT_EQ(RunOnce(made, &y, &status), INGOT_OK) << status.message;
        ExpectRight(y);
      }
    });
  for (std::thread &thread : threads) thread.join();
}

// A size that a run finds and the program was not compiled for: an error, and the context runs again.
TEST(Launcher, ASizeThatDoesNotFit) {
  GraphBuilder b("sizes");
  auto told = b.Input("told", DType::kI64, {1});
  b.BindSizes(told, {"found"});
  b.Bound("found", {0, 4});
  b.Output("y", b.Mul(b.Iota({"found"}, 0, DType::kF32), b.Cast(told, DType::kF32)));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ingot_status_t status = {};
  Gpu device = Open(&status);
  JitOptions options;
  options.cache_directory = "none";
  options.compile.device_targets = {"emulated"};
  options.device = device.get();
  absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(*graph, options);
  ASSERT_TRUE(program.ok()) << program.status();
  ingot_context_t *made = nullptr;
  ASSERT_EQ(ingot_context_create((*program)->program(), nullptr, &made, &status), INGOT_OK) << status.message;
  GpuContext context(made);
  for (int64_t size : {3, 9, 4}) {
    float y[4] = {};
    ingot_tensor_t input = {&size, sizeof(size), INGOT_I64, 1, {1}}, output = {};
    output.data = y;
    output.bytes = sizeof(y);
    int32_t code = ingot_context_run(made, &input, &output, &status);
    EXPECT_EQ(code, size == 9 ? INGOT_INVALID_ARGUMENT : INGOT_OK) << status.message;
    if (code == INGOT_OK) EXPECT_EQ(output.dims[0], size);
    if (code == INGOT_OK) EXPECT_EQ(y[2], 2.0f * static_cast<float>(size));
  }
}

}  // namespace
}  // namespace ingot
