// The stand-in for libcuda.so.1: memory, modules, launches, and how it fails.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <numeric>
#include <string>
#include <thread>

#include "tests/gpu/emulated_device.h"

namespace ingot::gpu_test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Results that only the driver's own files name.
constexpr Result kInvalidContext = 201, kInvalidHandle = 400;

using EmulatedDriver = EmulatedDevice;
using EmulatedDriverDeathTest = EmulatedDevice;

TEST_F(EmulatedDriver, RunsAKernel) {
  const DevicePtr memory = Upload(std::vector<float>(100, 4));
  ASSERT_OK(LaunchAddOne(memory, 90));
  std::vector<float> want(100, 5);
  std::fill(want.begin() + 90, want.end(), 4.0f);
  EXPECT_EQ(Download(memory, 100), want);
  const DevicePtr copy = Upload(std::vector<float>(100));
  ASSERT_OK(cuMemcpyDtoDAsync_v2(copy, memory, 400, stream_));
  ASSERT_OK(cuMemsetD8Async(copy, 0, 4, stream_));
  want[0] = 0;
  EXPECT_EQ(Download(copy, 100), want);
  EXPECT_OK(cuMemFree_v2(memory));
  EXPECT_OK(cuMemFree_v2(copy));
}

// Marks stand around every allocation, where they can be read, whatever its size.
TEST_F(EmulatedDriver, AllocationsThatFillTheirPages) {
  const DevicePtr memory = Upload(std::vector<float>(100, 4));
  for (size_t bytes : {1, 255, 256, 3840, 3841, 4031, 4032, 4033, 4096, 16284, 16320, 16384}) {
    DevicePtr other = 0;
    ASSERT_OK(cuMemAlloc_v2(&other, bytes));
    EXPECT_OK(LaunchAddOne(memory, 1)) << bytes;
    EXPECT_OK(cuMemFree_v2(other));
  }
  EXPECT_OK(cuMemFree_v2(memory));
}

TEST_F(EmulatedDriver, IsADevice) {
  int32_t count = 0, value = 0;
  Device device = -1;
  EXPECT_OK(cuDeviceGetCount(&count));
  EXPECT_EQ(count, 1);
  EXPECT_OK(cuDeviceGet(&device, 0));
  EXPECT_EQ(cuDeviceGet(&device, 1), kInvalidDevice);
  EXPECT_OK(cuDeviceGetAttribute(&value, kComputeCapabilityMajor, 0));
  EXPECT_EQ(value, 9);
  EXPECT_OK(cuDeviceGetAttribute(&value, kMemoryPoolsSupported, 0));
  EXPECT_EQ(value, 1);
  const char *text = nullptr;
  EXPECT_OK(cuGetErrorName(kLaunchFailed, &text));
  EXPECT_STREQ(text, "CUDA_ERROR_LAUNCH_FAILED");
  EXPECT_OK(cuGetErrorString(kNoDevice, &text));
  EXPECT_EQ(cuGetErrorString(12345, &text), kInvalidValue);
}

TEST_F(EmulatedDriver, AnotherDeviceHasItsOwn) {
  setenv("INGOT_EMULATED_GPUS", "2", 1);
  ASSERT_OK(cuInit(0));
  const DevicePtr memory = Upload({1});
  Context other = nullptr;
  ASSERT_OK(cuDevicePrimaryCtxRetain(&other, 1));
  ASSERT_OK(cuCtxPushCurrent_v2(other));
  EXPECT_EQ(LaunchAddOne(memory, 1), kInvalidHandle);
  EXPECT_EQ(cuStreamSynchronize(stream_), kInvalidHandle);
  EXPECT_EQ(cuMemFree_v2(memory), kInvalidValue);
  Module module = nullptr;
  Function function = nullptr;
  DevicePtr parameter = memory;
  void *parameters[] = {&parameter};
  ASSERT_OK(cuModuleLoadDataEx(&module, &TestImage(), 0, nullptr, nullptr));
  ASSERT_OK(cuModuleGetFunction(&function, module, "write_order"));
  ASSERT_OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, parameters, nullptr));
  EXPECT_EQ(cuStreamSynchronize(nullptr), kIllegalAddress);
  EXPECT_STREQ(ingot_emulator_last_error(), "kernel write_order: a parameter points to memory of another device");
  ASSERT_OK(cuCtxPopCurrent_v2(nullptr));
  ASSERT_OK(cuDevicePrimaryCtxRelease_v2(1));
  EXPECT_OK(cuMemFree_v2(memory));
  setenv("INGOT_EMULATED_GPUS", "0", 1);
  EXPECT_EQ(cuInit(0), kNoDevice);
  unsetenv("INGOT_EMULATED_GPUS");
  EXPECT_OK(cuInit(0));
}

// In a process of its own, because what is left behind counts for ever.
TEST_F(EmulatedDriverDeathTest, AHandleEndsWithItsContext) {
  const auto release = [&] {
    EXPECT_OK(cuDevicePrimaryCtxRelease_v2(0));
    EXPECT_EQ(cuStreamSynchronize(stream_), kInvalidContext);
    EXPECT_OK(cuDevicePrimaryCtxRetain(&context_, 0));
    EXPECT_EQ(cuStreamSynchronize(stream_), kInvalidHandle);
    EXPECT_EQ(ingot_emulator_live_objects(), 3);  // the context, and what was lost: the module and the stream
    exit(HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(release(), ::testing::ExitedWithCode(0), "");
}

TEST_F(EmulatedDriver, NeedsACurrentContext) {
  Result result = kSuccess;
  std::thread([&] {
    DevicePtr memory;
    result = cuMemAlloc_v2(&memory, 4);
  }).join();
  EXPECT_EQ(result, kInvalidContext);
}

TEST_F(EmulatedDriver, NewMemoryIsNan) {
  DevicePtr memory = 0;
  ASSERT_OK(cuMemAlloc_v2(&memory, 1000));
  EXPECT_EQ(memory % 256, 0u);
  for (const float value : Download(memory, 250)) EXPECT_TRUE(isnan(value));
  uint32_t type = 0;
  EXPECT_OK(cuPointerGetAttribute(&type, kMemoryType, memory + 999));
  EXPECT_EQ(type, kMemoryTypeDevice);
  EXPECT_EQ(cuPointerGetAttribute(&type, kMemoryType, memory + 1000), kInvalidValue);
  EXPECT_OK(cuMemFree_v2(memory));
  EXPECT_EQ(cuMemFree_v2(memory), kInvalidValue);
  EXPECT_EQ(cuMemAlloc_v2(&memory, 0), kInvalidValue);
  EXPECT_EQ(cuMemAlloc_v2(&memory, size_t{1} << 50), kOutOfMemory);
  void *host = nullptr;
  ASSERT_OK(cuMemAllocHost_v2(&host, 10));
  EXPECT_OK(cuPointerGetAttribute(&type, kMemoryType, reinterpret_cast<DevicePtr>(host)));
  EXPECT_EQ(type, 1u);
  EXPECT_OK(cuMemFreeHost(host));
}

TEST_F(EmulatedDriver, CopiesMustFit) {
  const DevicePtr memory = Upload(std::vector<float>(4));
  char host[32];
  EXPECT_EQ(cuMemcpyHtoDAsync_v2(memory, host, 17, stream_), kInvalidValue);
  EXPECT_EQ(cuMemcpyHtoDAsync_v2(memory + 8, host, 9, stream_), kInvalidValue);
  EXPECT_OK(cuMemcpyHtoDAsync_v2(memory + 8, host, 8, stream_));
  EXPECT_EQ(cuMemcpyDtoHAsync_v2(reinterpret_cast<void *>(memory), memory, 4, stream_), kInvalidValue);
  EXPECT_EQ(cuMemcpyDtoDAsync_v2(memory, reinterpret_cast<DevicePtr>(&host[0]), 4, stream_), kInvalidValue);
  EXPECT_EQ(cuMemsetD8Async(memory, 0, 17, stream_), kInvalidValue);
  EXPECT_OK(cuMemFree_v2(memory));
}

TEST_F(EmulatedDriverDeathTest, MemoryEndsAtAPageThatFaults) {
  DevicePtr memory = 0;
  ASSERT_OK(cuMemAlloc_v2(&memory, 512));
  auto *bytes = reinterpret_cast<volatile char *>(memory);
  bytes[511] = 1;
  EXPECT_DEATH(bytes[512] = 1, "");
  EXPECT_OK(cuMemFree_v2(memory));
  EXPECT_DEATH(bytes[0] = 1, "");
}

TEST_F(EmulatedDriver, WritesAroundMemoryShowAfterALaunch) {
  const DevicePtr memory = Upload(std::vector<float>(31));
  ASSERT_OK(LaunchAddOne(memory, 32));  // the float behind the end is not yet the page
  EXPECT_EQ(cuStreamSynchronize(stream_), kIllegalAddress);
  EXPECT_STREQ(ingot_emulator_last_error(), "kernel add_one: something wrote behind an allocation of 124 bytes");
  dead_ = true;
}

TEST_F(EmulatedDriver, LaunchesMustBeLegal) {
  const auto launch = [&](uint32_t grid_y, uint32_t block_x, uint32_t block_z, uint32_t shared) {
    return cuLaunchKernel(fail_, 1, grid_y, 1, block_x, 1, block_z, shared, stream_, nullptr, nullptr);
  };
  EXPECT_EQ(launch(1, 1025, 1, 0), kInvalidValue);
  EXPECT_EQ(launch(1, 512, 3, 0), kInvalidValue);
  EXPECT_EQ(launch(1, 1, 65, 0), kInvalidValue);
  EXPECT_EQ(launch(65536, 1, 1, 0), kInvalidValue);
  EXPECT_EQ(launch(0, 1, 1, 0), kInvalidValue);
  EXPECT_OK(launch(1, 1, 1, 48 << 10));
  EXPECT_EQ(launch(1, 1, 1, (48 << 10) + 1), kInvalidValue);
  EXPECT_EQ(cuLaunchKernel(add_one_, 1, 1, 1, 1, 1, 1, 0, stream_, nullptr, nullptr), kInvalidValue);
  EXPECT_EQ(cuLaunchKernel(stream_, 1, 1, 1, 1, 1, 1, 0, stream_, nullptr, nullptr), kInvalidHandle);
}

TEST_F(EmulatedDriver, MuchSharedMemoryIsAskedFor) {
  Function function = nullptr;
  ASSERT_OK(cuModuleGetFunction(&function, module_, "last_shared"));
  DevicePtr memory = Upload({0});
  void *parameters[] = {&memory};
  const auto launch = [&] {
    return cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 63 << 10, stream_, parameters, nullptr);
  };
  EXPECT_EQ(launch(), kInvalidValue);
  EXPECT_EQ(cuFuncSetAttribute(function, kMaxDynamicSharedBytes, 227 << 10), kInvalidValue);  // 1 KiB is static
  EXPECT_OK(cuFuncSetAttribute(function, kMaxDynamicSharedBytes, 226 << 10));
  EXPECT_OK(launch());
  EXPECT_OK(cuStreamSynchronize(stream_));
  EXPECT_OK(cuMemFree_v2(memory));
}

// copy_large(128 bytes, pointer): what PTX passes by value.
void CopyLarge(void **p) {
  if (reinterpret_cast<uintptr_t>(p[0]) % 64 == 0) memcpy(Parameter<void *>(p, 1), p[0], 128);
}

TEST_F(EmulatedDriver, AParameterMayBeATensorMap) {
  const uint32_t bytes[] = {128, 8}, too_many[] = {129, 8};
  ingot_emulated_kernel_t kernels[] = {{"copy_large", CopyLarge, 2, 0, bytes}};
  const ingot_emulated_image_t image = {"ingot emulated\0", 1, kernels};
  Module module = nullptr;
  Function function = nullptr;
  ASSERT_OK(cuModuleLoadDataEx(&module, &image, 0, nullptr, nullptr));
  ASSERT_OK(cuModuleGetFunction(&function, module, "copy_large"));
  DevicePtr memory = Upload(std::vector<float>(32));
  std::vector<float> values(32);
  std::iota(values.begin(), values.end(), 0.0f);
  void *parameters[] = {values.data(), &memory};
  EXPECT_OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream_, parameters, nullptr));
  EXPECT_EQ(Download(memory, 32), values);
  EXPECT_OK(cuMemFree_v2(memory));
  EXPECT_OK(cuModuleUnload(module));
  kernels[0].parameter_bytes = too_many;
  EXPECT_EQ(cuModuleLoadDataEx(&module, &image, 0, nullptr, nullptr), kInvalidImage);
}

TEST_F(EmulatedDriver, AKernelThatFailsEndsTheContext) {
  const DevicePtr memory = Upload({1});
  ASSERT_OK(LaunchFail());  // the launch itself does not know
  EXPECT_EQ(cuStreamSynchronize(stream_), kLaunchFailed);
  EXPECT_EQ(cuMemFree_v2(memory), kLaunchFailed);
  EXPECT_EQ(LaunchAddOne(memory, 1), kLaunchFailed);
  EXPECT_EQ(cuModuleUnload(module_), kLaunchFailed);
  EXPECT_THAT(ingot_emulator_last_error(), StartsWith("kernel fail: deadlock: block (0, 0, 0), thread (0, 0, 0)"));
  ReleaseContext();
  EXPECT_EQ(ingot_emulator_live_allocations() + ingot_emulator_live_objects(), 0);
  SetUp();  // a new one works
  const DevicePtr other = Upload({1});
  EXPECT_OK(LaunchAddOne(other, 1));
  EXPECT_EQ(Download(other, 1)[0], 2);
  EXPECT_OK(cuMemFree_v2(other));
}

TEST_F(EmulatedDriver, OnlyItsOwnImages) {
  char log[256] = "";
  int32_t options[] = {kJitErrorLog, kJitErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  Module module = nullptr;
  EXPECT_EQ(cuModuleLoadDataEx(&module, ".version 8.0", 2, options, values), kInvalidImage);
  EXPECT_STREQ(log, "the image is not one of the emulator's: it begins with '.'");
  EXPECT_EQ(reinterpret_cast<size_t>(values[1]), strlen(log));
  EXPECT_EQ(cuModuleLoadDataEx(&module, "", 0, nullptr, nullptr), kInvalidImage);
  const ingot_emulated_kernel_t kernels[] = {{"large", AddOne, 2, (48 << 10) + 1, nullptr}};
  const ingot_emulated_image_t image = {"ingot emulated\0", 1, kernels};
  values[1] = reinterpret_cast<void *>(sizeof log);
  EXPECT_EQ(cuModuleLoadDataEx(&module, &image, 2, options, values), kInvalidImage);
  EXPECT_THAT(log, HasSubstr("kernel large has 49153 bytes of static shared memory"));
  Function function = nullptr;
  EXPECT_EQ(cuModuleGetFunction(&function, module_, "nothing"), kNotFound);
}

template <class... Parameters>
Result CallWithNothing(Result (*function)(Parameters...)) {
  return function(Parameters{}...);
}

TEST_F(EmulatedDriver, EveryFunctionIsThereAndCanFail) {
#define CHECK_FUNCTION(name, exported, parameters)                                  \
  {                                                                                 \
    const int64_t calls = ingot_emulator_calls(#exported);                          \
    EXPECT_EQ(ingot_emulator_fail(#exported, 0, 4321), 0) << #exported;             \
    EXPECT_EQ(CallWithNothing(exported), 4321) << #exported;                        \
    EXPECT_EQ(ingot_emulator_calls(#exported), calls + 1) << #exported;             \
    EXPECT_EQ(dlsym(RTLD_DEFAULT, #exported), reinterpret_cast<void *>(&exported)); \
  }
  INGOT_CUDA_FUNCTIONS(CHECK_FUNCTION)
#undef CHECK_FUNCTION
  EXPECT_EQ(ingot_emulator_fail("cuNothing", 0, 1), 1);
  EXPECT_EQ(ingot_emulator_calls("cuNothing"), -1);
}

TEST_F(EmulatedDriver, FailsOnceAfterSoManyCalls) {
  DevicePtr memory[4] = {};
  ASSERT_EQ(ingot_emulator_fail("cuMemAlloc_v2", 2, kOutOfMemory), 0);
  EXPECT_OK(cuMemAlloc_v2(&memory[0], 4));
  EXPECT_OK(cuMemAlloc_v2(&memory[1], 4));
  EXPECT_EQ(cuMemAlloc_v2(&memory[2], 4), kOutOfMemory);
  EXPECT_OK(cuMemAlloc_v2(&memory[3], 4));
  EXPECT_EQ(ingot_emulator_live_allocations(), 3);
  for (const DevicePtr each : {memory[0], memory[1], memory[3]}) EXPECT_OK(cuMemFree_v2(each));
  ingot_emulator_fail("cuMemAlloc_v2", 0, kOutOfMemory);
  ingot_emulator_fail(nullptr, 0, 0);
  EXPECT_OK(cuMemAlloc_v2(&memory[0], 4));
  EXPECT_OK(cuMemFree_v2(memory[0]));
}

// Null arguments are errors, not crashes.
TEST_F(EmulatedDriver, NullIsRefused) {
#define CHECK_FUNCTION(name, exported, parameters)                                                                    \
  if (std::string(#exported).find("Ctx") == std::string::npos && #exported != std::string("cuInit") &&                \
      std::string(#exported).find("Async") == std::string::npos && #exported != std::string("cuStreamSynchronize")) { \
    EXPECT_NE(CallWithNothing(exported), kSuccess) << #exported;                                                      \
  }
  INGOT_CUDA_FUNCTIONS(CHECK_FUNCTION)
#undef CHECK_FUNCTION
}

}  // namespace
}  // namespace ingot::gpu_test
