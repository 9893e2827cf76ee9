// What the tests of the launcher share: a model that asks for all that a driver has, loaded on the stand-in driver.
#ifndef INGOT_TESTS_GPU_LAUNCHER_TESTING_H_
#define INGOT_TESTS_GPU_LAUNCHER_TESTING_H_

#include <gtest/gtest.h>

#include <map>

#include "ingot/builder.h"
#include "ingot/cuda.h"
#include "ingot/interpreter.h"
#include "ingot/jit.h"
#include "runtime/cuda/driver_api.h"
#include "tests/gpu/emulator/control.h"

namespace ingot::launcher_test {

struct FreeDevice {
  void operator()(ingot_device_t *device) const { ingot_device_free(device); }
};
using Gpu = std::unique_ptr<ingot_device_t, FreeDevice>;

struct FreeContext {
  void operator()(ingot_context_t *context) const { ingot_context_free(context); }
};
using GpuContext = std::unique_ptr<ingot_context_t, FreeContext>;

inline Gpu Open(ingot_status_t *status, uint32_t number = 0) {
  ingot_device_t *device = nullptr;
  ingot_cuda_open(number, INGOT_EMULATOR, &device, status);
  return Gpu(device);
}

// A product with weights, a sum over each row, and a running total of the runs in a state: all that a driver is asked.
inline Graph Model() {
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

inline std::unique_ptr<JitProgram> Load(ingot_device_t *device, std::string *message, Graph graph = Model()) {
  JitOptions options;
  options.cache_directory = testing::TempDir() + "ingot_launcher_cache";  // compiled once, loaded many times
  options.compile.cpu_levels = {"x86-64-v3"};
  options.compile.device_targets = {"emulated"};
  options.device = device;
  absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(std::move(graph), options);
  if (program.ok()) return *std::move(program);
  *message = std::string(program.status().message());
  return nullptr;
}

constexpr int64_t kRows = 3;

inline std::vector<float> Input(int64_t rows = kRows) {
  std::vector<float> x(rows * 8);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 5) - 1.5f;
  return x;
}

inline std::vector<float> Expected(int64_t rows = kRows) {
  std::vector<float> x = Input(rows);
  Tensor input = Tensor::Zeros(DType::kF32, {rows, 8}), total = Tensor::Zeros(DType::kF32, {1, 1});
  for (size_t i = 0; i < x.size(); ++i) input.SetDouble(static_cast<int64_t>(i), x[i]);
  absl::StatusOr<std::vector<Tensor>> outputs = Interpret(StatesAsValues(Model()), {input, total});
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  std::vector<float> y;
  for (int64_t i = 0; i < (*outputs)[0].size(); ++i) y.push_back(static_cast<float>((*outputs)[0].GetDouble(i)));
  return y;
}

inline int32_t RunOnce(ingot_context_t *context, std::vector<float> *y, ingot_status_t *status, int64_t rows = kRows) {
  std::vector<float> x = Input(rows);
  y->assign(rows * 4, -1);
  ingot_tensor_t input = {}, output = {};
  input = {x.data(), x.size() * sizeof(float), INGOT_F32, 2, {rows, 8}};
  output.data = y->data();
  output.bytes = y->size() * sizeof(float);
  return ingot_context_run(context, &input, &output, status);
}

inline void ExpectRight(const std::vector<float> &y, int64_t rows = kRows) {
  std::vector<float> expected = Expected(rows);
  ASSERT_EQ(y.size(), expected.size());
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-6) << i;
}

// The model loaded, with a context, after one run.
struct Running {
  ingot_status_t status = {};
  Gpu device;
  std::unique_ptr<JitProgram> program;
  GpuContext context;
  std::vector<float> y;

  explicit Running(uint32_t number = 0, const ingot_context_options_t *options = nullptr)
      : device(Open(&status, number)) {
    std::string message;
    if (device != nullptr) program = Load(device.get(), &message);
    ingot_context_t *made = nullptr;
    if (program != nullptr) ingot_context_create(program->program(), options, &made, &status);
    context.reset(made);
    EXPECT_EQ(made == nullptr ? -1 : Run(), INGOT_OK) << status.message << message;
  }
  int32_t Run(int64_t rows = kRows) { return RunOnce(context.get(), &y, &status, rows); }
  ingot_state_t *state() { return ingot_context_get_state(context.get()); }
  int32_t ResetState() { return ingot_state_reset(state(), &status); }
  // What the state holds.
  float Total() {
    float total = 0;
    ingot_tensor_t tensor = {};
    tensor.data = &total;
    tensor.bytes = sizeof(total);
    EXPECT_EQ(ingot_state_read(state(), 0, &tensor, &status), INGOT_OK) << status.message;
    return total;
  }
  int32_t SetOptions(ingot_cuda_run_options_t options) {
    options.struct_size = sizeof(options);
    return ingot_cuda_set_run_options(context.get(), &options, &status);
  }
  int32_t SetFlags(uint32_t flags) {
    ingot_cuda_run_options_t options = {};
    options.flags = flags;
    return SetOptions(options);
  }
};

// Calls of the driver's functions between two looks.
class Calls {
 public:
  // Of this function since the last time it was asked for.
  int64_t New(const std::string &function) {
    int64_t before = seen_[function], now = ingot_emulator_calls(function.c_str());
    seen_[function] = now;
    return now - before;
  }

 private:
  std::map<std::string, int64_t> seen_;
};

inline bool Says(const ingot_status_t &status, const char *what) {
  return std::string(status.message).find(what) != std::string::npos;
}

// Memory and objects that the driver has given out.
inline std::pair<int64_t, int64_t> Given() {
  return {ingot_emulator_live_allocations(), ingot_emulator_live_objects()};
}

}  // namespace ingot::launcher_test

#endif  // INGOT_TESTS_GPU_LAUNCHER_TESTING_H_
