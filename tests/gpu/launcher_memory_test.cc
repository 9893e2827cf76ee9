// Memory of runs on a GPU (runtime/src/device_io.cc, device_run.cc): copies by way of pinned memory, and memory that is
// out.
#include <gtest/gtest.h>

#include "tests/gpu/launcher_testing.h"

namespace ingot::launcher_test {
namespace {

// Three inputs and two outputs of `n` and `m` elements: small ones and large ones take different ways.
Graph ManyGraph() {
  GraphBuilder b("many");
  auto x = b.Input("x", DType::kF32, {"n"}), y = b.Input("y", DType::kF32, {"n"}), z = b.Input("z", DType::kF32, {"m"});
  b.Output("sum", b.Add(x, y));
  b.Output("twice", b.Add(z, z));
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

struct Many {
  ingot_status_t status = {};
  Gpu device = Open(&status);
  std::string message;
  std::unique_ptr<JitProgram> program = Load(device.get(), &message, ManyGraph());
  GpuContext context;

  Many() {
    ingot_context_t *made = nullptr;
    EXPECT_EQ(ingot_context_create(program->program(), nullptr, &made, &status), INGOT_OK) << status.message;
    context.reset(made);
  }
  int32_t Run(int64_t n, int64_t m) {
    std::vector<float> x(n, 1), y(n, 2), z(m, 4), sum(n), twice(m);
    for (int64_t i = 0; i < n; ++i) x[i] = static_cast<float>(i);
    auto view = [](std::vector<float> &v) {
      return ingot_tensor_t{v.data(), v.size() * sizeof(float), INGOT_F32, 1, {static_cast<int64_t>(v.size())}};
    };
    ingot_tensor_t inputs[] = {view(x), view(y), view(z)}, outputs[] = {view(sum), view(twice)};
    int32_t code = ingot_context_run(context.get(), inputs, outputs, &status);
    for (int64_t i = 0; code == INGOT_OK && i < n; ++i) EXPECT_EQ(sum[i], static_cast<float>(i) + 2) << n << " " << m;
    for (int64_t i = 0; code == INGOT_OK && i < m; ++i) EXPECT_EQ(twice[i], 8) << n << " " << m;
    return code;
  }
};

// Small ones share a copy each way; a large one has its own.
TEST(LauncherMemory, SmallTensorsTravelTogether) {
  constexpr int64_t kLarge = 100000;
  Many many;
  Calls calls;
  struct Case {
    int64_t n, m, to_device, to_host;
  };
  for (Case c : {Case{10, 20, 1, 1}, {10, kLarge, 2, 2}, {kLarge, 20, 3, 2}, {kLarge, kLarge, 3, 2}, {0, 20, 1, 1}}) {
    calls.New("cuMemcpyHtoDAsync_v2");
    calls.New("cuMemcpyDtoHAsync_v2");
    for (int run = 1; run < 4; ++run) {
      ASSERT_EQ(many.Run(c.n, c.m), INGOT_OK) << many.status.message;
      EXPECT_EQ(calls.New("cuMemcpyHtoDAsync_v2"), c.to_device) << c.n << " " << c.m;
      EXPECT_EQ(calls.New("cuMemcpyDtoHAsync_v2"), c.to_host) << c.n << " " << c.m;
    }
  }
}

TEST(LauncherMemory, OutOfPinnedMemory) {
  Running running;
  ingot_emulator_fail("cuMemAllocHost_v2", 0, cuda::kOutOfMemory);
  EXPECT_EQ(running.Run(200), INGOT_OUT_OF_MEMORY);
  EXPECT_TRUE(Says(running.status, "out of pinned memory of the host")) << running.status.message;
  EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
  ExpectRight(running.y);
}

// Memory in the order of the stream, all of it given back.
TEST(LauncherMemory, ComesFromTheStreamsPool) {
  for (bool has_pools : {true, false}) {
    ingot_emulator_set_pools(has_pools);
    Calls calls;
    calls.New("cuMemAllocAsync");
    calls.New("cuMemFreeAsync");
    {
      Running running;
      for (int64_t rows : {3, 3, 50, 3, 50}) {
        EXPECT_EQ(running.Run(rows), INGOT_OK) << running.status.message;
        ExpectRight(running.y, rows);
      }
    }
    const int64_t taken = calls.New("cuMemAllocAsync");
    EXPECT_EQ(taken != 0, has_pools);
    EXPECT_EQ(calls.New("cuMemFreeAsync"), taken);
    EXPECT_EQ(Given(), std::pair(int64_t{0}, int64_t{0}));
  }
  ingot_emulator_set_pools(1);
}

// As a decoder's cache does.
TEST(LauncherMemory, GrowingByOneRarelyAllocates) {
  Running running;
  EXPECT_EQ(running.Run(1000), INGOT_OK);
  Calls calls;
  calls.New("cuMemAllocAsync");
  calls.New("cuMemAllocHost_v2");
  for (int64_t rows = 1001; rows < 1100; ++rows) ASSERT_EQ(running.Run(rows), INGOT_OK) << running.status.message;
  EXPECT_EQ(calls.New("cuMemAllocAsync"), 0);
  EXPECT_EQ(calls.New("cuMemAllocHost_v2"), 0);
}

// Too little for the weights, for a run, and for one with room to spare.
TEST(LauncherMemory, AGpuThatIsFull) {
  ingot_status_t status = {};
  Gpu device = Open(&status);
  std::string message;
  ingot_emulator_set_memory(100);
  EXPECT_EQ(Load(device.get(), &message), nullptr);
  EXPECT_NE(message.find("out of memory on cuda:0: the weights of program"), std::string::npos) << message;
  // From too little for anything to enough for all.
  bool had_error = false, has_run = false;
  for (uint64_t bytes = 256; !has_run; bytes += 64) {
    ingot_emulator_set_memory(bytes);
    std::unique_ptr<JitProgram> program = Load(device.get(), &message);
    if (program == nullptr) continue;
    ingot_context_t *made = nullptr;
    ASSERT_EQ(ingot_context_create(program->program(), nullptr, &made, &status), INGOT_OK) << status.message;
    GpuContext context(made);
    std::vector<float> y;
    int32_t code = RunOnce(made, &y, &status);
    has_run = code == INGOT_OK;
    if (has_run) continue;
    had_error = true;
    EXPECT_EQ(code, INGOT_OUT_OF_MEMORY) << status.message;
    EXPECT_TRUE(Says(status, "out of memory")) << status.message;
  }
  EXPECT_TRUE(had_error);
  // Sizes that do not fit leave a context that runs others.
  ingot_emulator_set_memory(uint64_t{1} << 20);
  {
    Running running;
    EXPECT_EQ(running.Run(100000), INGOT_OUT_OF_MEMORY);
    EXPECT_TRUE(Says(running.status, "out of memory")) << running.status.message;
    EXPECT_EQ(running.Run(), INGOT_OK) << running.status.message;
    ExpectRight(running.y);
  }
  ingot_emulator_set_memory(uint64_t{16} << 30);
  device.reset();
  EXPECT_EQ(Given(), std::pair(int64_t{0}, int64_t{0}));
}

}  // namespace
}  // namespace ingot::launcher_test
