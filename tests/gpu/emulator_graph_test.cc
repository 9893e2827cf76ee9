// Streams, events and graphs of the stand-in driver: what a capture records, and what it forbids.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>

#include "tests/gpu/emulated_device.h"

namespace ingot::gpu_test {
namespace {

// Results that only the driver's own files name.
constexpr Result kInvalidHandle = 400, kCaptureInvalidated = 901, kCapturedEvent = 907;

using EmulatedGraph = EmulatedDevice;

TEST_F(EmulatedGraph, ReplaysWithTheValuesOfTheCapture) {
  const DevicePtr memory = Upload(std::vector<float>(40, 0)), copy = Upload(std::vector<float>(40, 0));
  Graph graph = nullptr;
  GraphExec exec = nullptr;
  ASSERT_OK(cuStreamBeginCapture_v2(stream_, kCaptureThreadLocal));
  {
    // These are gone when the graph runs.
    DevicePtr first = memory;
    int64_t n = 40;
    void *parameters[] = {&first, &n};
    ASSERT_OK(cuLaunchKernel(add_one_, 2, 1, 1, 32, 1, 1, 0, stream_, parameters, nullptr));
    n = 0;
    first = 0;
  }
  ASSERT_OK(cuMemcpyDtoDAsync_v2(copy, memory, 160, stream_));
  ASSERT_OK(cuMemsetD8Async(copy, 0, 4, stream_));
  ASSERT_OK(cuStreamEndCapture(stream_, &graph));
  EXPECT_EQ(Download(memory, 40), std::vector<float>(40, 0));  // nothing ran yet
  ASSERT_OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
  EXPECT_OK(cuGraphDestroy(graph));
  for (int i = 0; i < 3; ++i) ASSERT_OK(cuGraphLaunch(exec, stream_));
  EXPECT_EQ(Download(memory, 40), std::vector<float>(40, 3));
  std::vector<float> want(40, 3);
  want[0] = 0;
  EXPECT_EQ(Download(copy, 40), want);
  EXPECT_OK(cuGraphExecDestroy(exec));
  EXPECT_OK(cuMemFree_v2(memory));
  EXPECT_OK(cuMemFree_v2(copy));
}

TEST_F(EmulatedGraph, WhatACaptureForbids) {
  Graph graph = nullptr;
  DevicePtr memory = 0;
  Event event = nullptr;
  ASSERT_OK(cuEventCreate(&event, 0));
  ASSERT_OK(cuEventRecord(event, stream_));
  EXPECT_EQ(cuStreamEndCapture(stream_, &graph), kInvalidValue);
  ASSERT_OK(cuStreamBeginCapture_v2(stream_, kCaptureThreadLocal));
  EXPECT_EQ(cuMemAlloc_v2(&memory, 4), kCaptureUnsupported);
  EXPECT_EQ(LaunchFail(), kCaptureInvalidated);
  EXPECT_EQ(cuStreamEndCapture(stream_, &graph), kCaptureInvalidated);
  ASSERT_OK(cuStreamBeginCapture_v2(stream_, kCaptureThreadLocal));
  EXPECT_EQ(cuStreamSynchronize(stream_), kCaptureUnsupported);
  EXPECT_EQ(cuStreamEndCapture(stream_, &graph), kCaptureInvalidated);
  ASSERT_OK(cuStreamBeginCapture_v2(stream_, kCaptureThreadLocal));
  EXPECT_EQ(cuMemAllocAsync(&memory, 4, stream_), kCaptureUnsupported);
  EXPECT_EQ(cuStreamEndCapture(stream_, &graph), kCaptureInvalidated);
  EXPECT_EQ(graph, nullptr);
  // The time of an event that is only in a graph is not known.
  ASSERT_OK(cuStreamBeginCapture_v2(stream_, kCaptureThreadLocal));
  ASSERT_OK(cuEventRecord(event, stream_));
  float milliseconds = 0;
  EXPECT_EQ(cuEventElapsedTime(&milliseconds, event, event), kCapturedEvent);
  ASSERT_OK(cuStreamEndCapture(stream_, &graph));
  EXPECT_OK(cuGraphDestroy(graph));
  EXPECT_OK(cuEventDestroy_v2(event));
}

TEST_F(EmulatedGraph, AKernelMayFailInAGraph) {
  Graph graph = nullptr;
  GraphExec exec = nullptr;
  ASSERT_OK(cuStreamBeginCapture_v2(stream_, kCaptureThreadLocal));
  ASSERT_OK(LaunchFail());
  ASSERT_OK(cuStreamEndCapture(stream_, &graph));
  ASSERT_OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
  ASSERT_OK(cuGraphLaunch(exec, stream_));
  EXPECT_EQ(cuGraphLaunch(exec, stream_), kLaunchFailed);
  dead_ = true;
}

TEST_F(EmulatedGraph, MemoryMustOutliveTheGraph) {
  const DevicePtr memory = Upload({0});
  Graph graph = nullptr;
  GraphExec exec = nullptr;
  ASSERT_OK(cuStreamBeginCapture_v2(stream_, kCaptureThreadLocal));
  ASSERT_OK(cuMemsetD8Async(memory, 0, 4, stream_));
  ASSERT_OK(cuStreamEndCapture(stream_, &graph));
  ASSERT_OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
  ASSERT_OK(cuMemFree_v2(memory));
  ASSERT_OK(cuGraphLaunch(exec, stream_));
  EXPECT_EQ(cuStreamSynchronize(stream_), kIllegalAddress);
  EXPECT_STREQ(ingot_emulator_last_error(), "a graph fills device memory that was freed");
  dead_ = true;
}

TEST_F(EmulatedGraph, EventsMeasureTime) {
  const DevicePtr memory = Upload(std::vector<float>(100000));
  Event begin = nullptr, end = nullptr;
  ASSERT_OK(cuEventCreate(&begin, 0));
  ASSERT_OK(cuEventCreate(&end, 0));
  ASSERT_OK(cuEventRecord(begin, stream_));
  float milliseconds = -1;
  EXPECT_EQ(cuEventElapsedTime(&milliseconds, begin, end), kInvalidHandle);  // one is not recorded
  ASSERT_OK(LaunchAddOne(memory, 100000));
  ASSERT_OK(cuEventRecord(end, stream_));
  EXPECT_OK(cuEventElapsedTime(&milliseconds, begin, end));
  EXPECT_GT(milliseconds, 0);
  for (const Event event : {begin, end}) EXPECT_OK(cuEventDestroy_v2(event));
  EXPECT_EQ(cuEventDestroy_v2(begin), kInvalidHandle);
  EXPECT_OK(cuMemFree_v2(memory));
}

// The order in which 32 threads run.
class EmulatedOrder : public EmulatedDevice {
 protected:
  std::vector<uint32_t> Order() {
    Function function = nullptr;
    DevicePtr memory = 0;
    EXPECT_OK(cuModuleGetFunction(&function, module_, "write_order"));
    EXPECT_OK(cuMemAlloc_v2(&memory, 33 * 4));
    EXPECT_OK(cuMemsetD8Async(memory, 0, 33 * 4, stream_));
    void *parameters[] = {&memory};
    EXPECT_OK(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, stream_, parameters, nullptr));
    std::vector<uint32_t> order(33);
    EXPECT_OK(cuMemcpyDtoHAsync_v2(order.data(), memory, 33 * 4, stream_));
    EXPECT_OK(cuMemFree_v2(memory));
    return order;
  }
};

TEST_F(EmulatedOrder, FollowsFromASeed) {
  ingot_emulator_set_order(3);
  const auto first = Order(), second = Order();
  EXPECT_NE(first, second);
  ingot_emulator_set_order(3);
  EXPECT_EQ(Order(), first);
  ingot_emulator_set_order(0);
  const auto ascending = Order();
  EXPECT_TRUE(std::is_sorted(ascending.begin() + 1, ascending.end()));
}

TEST(EmulatedOrderDeathTest, IsAVariableToo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a new process, which set no order yet
  const auto run = [] {
    struct Fixture : EmulatedOrder {
      void TestBody() override {
        SetUp();
        const auto order = Order();
        exit(std::is_sorted(order.begin() + 1, order.end()) ? 1 : 0);
      }
    };
    setenv("INGOT_EMULATED_ORDER", "5", 1);
    Fixture().TestBody();
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
  GTEST_FLAG_SET(death_test_style, "fast");
}

}  // namespace
}  // namespace ingot::gpu_test
