// Several GPUs, and GPUs that stop: what a failed kernel leaves, and that each later call says so.
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "tests/gpu/launcher_testing.h"

namespace ingot::launcher_test {
namespace {

class LauncherDevices : public testing::Test {
 protected:
  void SetUp() override { setenv("INGOT_EMULATED_GPUS", "2", 1); }
  void TearDown() override {
    unsetenv("INGOT_EMULATED_GPUS");
    ingot_status_t status = {};
    Open(&status);  // counts again
    EXPECT_EQ(Given(), std::pair(int64_t{0}, int64_t{0}));
  }
};

TEST_F(LauncherDevices, AreNumbered) {
  ingot_status_t status = {};
  Gpu second = Open(&status, 1);
  ASSERT_NE(second, nullptr) << status.message;
  EXPECT_STREQ(ingot_device_get_name(second.get()), "cuda:1");
  EXPECT_EQ(Open(&status, 2), nullptr);
  EXPECT_TRUE(Says(status, "there is no GPU 2: this machine has 2, counted from 0")) << status.message;
}

// Run by run, and side by side.
TEST_F(LauncherDevices, RunAtOnce) {
  Running first(0), second(1);
  for (int64_t rows : {3, 3, 3, 7, 7, 3}) {
    for (Running *running : {&first, &second}) {
      ASSERT_EQ(running->Run(rows), INGOT_OK) << running->status.message;
      ExpectRight(running->y, rows);
    }
  }
  EXPECT_EQ(first.Total(), second.Total());
  std::vector<std::thread> threads;
  for (Running *running : {&first, &second})
    threads.emplace_back([running] {
      for (int run = 0; run < 50; ++run) {
        ASSERT_EQ(running->Run(3 + run / 10), INGOT_OK) << running->status.message;
        ExpectRight(running->y, 3 + run / 10);
      }
    });
  for (std::thread &thread : threads) thread.join();
}

// A state, and memory, are of one GPU.
TEST_F(LauncherDevices, DoNotShare) {
  Running first(0), second(1);
  EXPECT_EQ(ingot_state_copy(first.state(), second.state(), &first.status), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_context_set_state(first.context.get(), second.state(), &first.status), INGOT_INVALID_ARGUMENT);
}

TEST_F(LauncherDevices, OneStopsAndTheOtherGoesOn) {
  for (bool between_runs : {true, false}) {
    Running first(0), second(1);
    if (between_runs) {
      ingot_emulator_kill(0, cuda::kIllegalAddress);
    } else {
      ingot_emulator_fail("cuStreamSynchronize", 0, cuda::kIllegalAddress);
    }
    EXPECT_EQ(first.Run(), INGOT_INTERNAL);
    EXPECT_TRUE(Says(first.status, "an illegal memory access was encountered")) << first.status.message;
    if (!between_runs) ingot_emulator_kill(0, cuda::kIllegalAddress);
    auto stopped = [&](int32_t code) {
      EXPECT_EQ(code, INGOT_FAILED_PRECONDITION);
      EXPECT_TRUE(Says(first.status, "cuda:0 has stopped since a kernel failed (an illegal memory access"))
          << code << first.status.message;
    };
    if (between_runs) {  // nothing was running, and the state is whole
      stopped(first.Run());
      stopped(first.Run(100));
      float total = 0;
      ingot_tensor_t tensor = {};
      tensor.data = &total;
      tensor.bytes = sizeof(total);
      stopped(ingot_state_read(first.state(), 0, &tensor, &first.status));
    }
    stopped(first.ResetState());
    ingot_state_t *state = nullptr;
    stopped(ingot_state_create(first.program->program(), nullptr, nullptr, &state, &first.status));
    ingot_context_t *context = nullptr;
    stopped(ingot_context_create(first.program->program(), nullptr, &context, &first.status));
    std::string message;
    EXPECT_EQ(Load(first.device.get(), &message), nullptr);
    EXPECT_NE(message.find("cuda:0 has stopped"), std::string::npos) << message;

    ASSERT_EQ(second.Run(), INGOT_OK) << second.status.message;
    ExpectRight(second.y);
  }
  // Freed and opened again, it works.
  EXPECT_EQ(Given(), std::pair(int64_t{0}, int64_t{0}));
  Running again(0);
  ExpectRight(again.y);
}

}  // namespace
}  // namespace ingot::launcher_test
