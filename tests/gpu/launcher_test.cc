// The launcher (runtime/cuda, runtime/src/device_*.cc) over the stand-in driver: what it says when there is no driver,
// no GPU or no code for one, and what is left when any call of the driver fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/gpu/launcher_testing.h"

namespace ingot::launcher_test {
namespace {

// How the runs of a whole pass go about.
enum class Kind { kGraphs, kSteps, kTraced };

// Everything from opening the GPU to runs of one kind. Returns the first error's message, or nothing.
std::string Everything(Kind kind) {
  ingot_status_t status = {};
  Gpu device = Open(&status);
  if (device == nullptr) return status.message;
  std::string message;
  std::unique_ptr<JitProgram> program = Load(device.get(), &message);
  if (program == nullptr) return message;
  const ingot_trace_t trace = {[](void *, uint32_t, const char *, uint64_t, uint64_t) {}, nullptr};
  ingot_context_options_t options = {sizeof(options), nullptr, nullptr, nullptr, nullptr};
  if (kind == Kind::kTraced) options.trace = &trace;
  ingot_context_t *made = nullptr;
  if (ingot_context_create(program->program(), &options, &made, &status) != INGOT_OK) return status.message;
  GpuContext context(made);
  ingot_cuda_run_options_t run_options = {};
  run_options.struct_size = sizeof(run_options);
  if (kind != Kind::kGraphs) run_options.flags = INGOT_CUDA_NO_GRAPHS;
  if (ingot_cuda_set_run_options(made, &run_options, &status) != INGOT_OK) return status.message;
  std::vector<float> y;
  // Launched, captured and replayed; then with other sizes.
  for (int64_t rows : {kRows, kRows, kRows, kRows + 2, kRows + 2}) {
    if (RunOnce(made, &y, &status, rows) != INGOT_OK) return status.message;
    ExpectRight(y, rows);
  }
  float total = 0;
  ingot_tensor_t tensor = {};
  tensor.data = &total;
  tensor.bytes = sizeof(total);
  if (ingot_state_read(ingot_context_get_state(made), 0, &tensor, &status) != INGOT_OK) return status.message;
  return "";
}

bool HasAnyOf(const std::string &function, std::initializer_list<const char *> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char *part) { return function.find(part) != std::string::npos; });
}

TEST(Launcher, Runs) {
  for (Kind kind : {Kind::kGraphs, Kind::kSteps, Kind::kTraced}) EXPECT_EQ(Everything(kind), "");
  EXPECT_EQ(Given(), std::pair(int64_t{0}, int64_t{0}));
}

// The list of the driver's functions holds none that nothing calls.
TEST(Launcher, CallsEveryFunction) {
  Calls calls;
#define INGOT_NAME(name, symbol, parameters) calls.New(#symbol);
  INGOT_CUDA_FUNCTIONS(INGOT_NAME)
  for (Kind kind : {Kind::kGraphs, Kind::kSteps, Kind::kTraced}) EXPECT_EQ(Everything(kind), "");
#undef INGOT_NAME
#define INGOT_NAME(name, symbol, parameters)                                                \
  /* For errors, for callers' memory, and for kernels with much shared memory: not here. */ \
  if (!HasAnyOf(#symbol, {"GetError", "PointerGetAttribute", "FuncSetAttribute"}))          \
    EXPECT_GT(calls.New(#symbol), 0) << #symbol;
  INGOT_CUDA_FUNCTIONS(INGOT_NAME)
#undef INGOT_NAME
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
bool GivesBack(const std::string &function) {
  return HasAnyOf(function, {"GetError", "Free", "Destroy", "Unload", "Release", "CtxPop", "CtxPush", "Synchronize"});
}

// Where a run finds another way: without a graph, and with no memory to spare.
bool HasAnotherWay(const std::string &function, Kind kind) {
  return HasAnyOf(function, {"MemAllocAsync"}) ||
         (kind == Kind::kGraphs && HasAnyOf(function, {"Capture", "GraphInstantiate", "LaunchKernel", "DtoD"}));
}

// Every call of the driver fails once, wherever it is made, and everything is given back.
void FailEveryCall(Kind kind) {
  const char *const functions[] = {
#define INGOT_NAME(name, symbol, parameters) #symbol,
      INGOT_CUDA_FUNCTIONS(INGOT_NAME)
#undef INGOT_NAME
  };
  int failures = 0;
  for (const char *function : functions) {
    ingot_emulator_fail(nullptr, 0, 0);
    ASSERT_EQ(Everything(kind), "");
    // How often a whole pass calls it.
    int64_t before = ingot_emulator_calls(function);
    ASSERT_EQ(Everything(kind), "");
    int64_t calls = ingot_emulator_calls(function) - before;
    for (int64_t call = 0; call < calls; call = call < 6 ? call + 1 : call * 2) {
      auto given = Given();
      ASSERT_EQ(ingot_emulator_fail(function, static_cast<int32_t>(call), cuda::kOutOfMemory), 0) << function;
      std::string message = Everything(kind);
      ingot_emulator_fail(nullptr, 0, 0);
      std::string when = std::string(function) + " failed after " + std::to_string(call) + " calls: " + message;
      failures += !message.empty();
      if (GivesBack(function)) continue;
      EXPECT_EQ(Given(), given) << when;
      if (!HasAnotherWay(function, kind)) EXPECT_NE(message, "") << when;
    }
  }
  EXPECT_GT(failures, 30);
}

TEST(Launcher, SurvivesEveryFailure) { FailEveryCall(Kind::kGraphs); }

TEST(Launcher, SurvivesEveryFailureWithoutGraphs) { FailEveryCall(Kind::kSteps); }

TEST(Launcher, SurvivesEveryFailureOfTracedRuns) { FailEveryCall(Kind::kTraced); }

// An error before a state is written leaves all as it was.
TEST(Launcher, AContextGoesOn) {
  Running running;
  ingot_emulator_fail("cuMemcpyHtoDAsync_v2", 0, cuda::kInvalidValue);
  EXPECT_EQ(running.Run(), INGOT_INTERNAL);
  EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
  ExpectRight(running.y);
  EXPECT_EQ(running.SetFlags(INGOT_CUDA_NO_GRAPHS), INGOT_OK);
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
}  // namespace ingot::launcher_test
