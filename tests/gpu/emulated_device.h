// A context on an emulated device for tests of the stand-in driver, with a module of two kernels, and calls that must
// succeed.
#ifndef INGOT_TESTS_GPU_EMULATED_DEVICE_H_
#define INGOT_TESTS_GPU_EMULATED_DEVICE_H_

#include <gtest/gtest.h>
#include <stdint.h>

#include <vector>

#include "ingot/abi.h"
#include "runtime/cuda/driver_api.h"
#include "tests/gpu/emulator/control.h"
#include "tests/gpu/twin.h"

namespace ingot::gpu_test {

using namespace ingot::cuda;

#define INGOT_DECLARE(name, exported, parameters) Result exported parameters;
extern "C" {
INGOT_CUDA_FUNCTIONS(INGOT_DECLARE)
INGOT_CUDA_OTHER_FUNCTIONS(INGOT_DECLARE)
}
#undef INGOT_DECLARE

#define ASSERT_OK(call) ASSERT_EQ(call, kSuccess)
#define EXPECT_OK(call) EXPECT_EQ(call, kSuccess)

// add_one(pointer, n): adds one to n floats.
inline void AddOne(void **p) {
  const uint32_t i = CtaidX() * NtidX() + TidX();
  if (i < Parameter<int64_t>(p, 1)) Parameter<float *>(p, 0)[i] += 1;
}
// fail(): its barrier diverges.
inline void DivergentBarrier(void **) { Barrier(TidX()); }
// first_shared(pointer): stores what the last byte of 64 KiB of shared memory holds.
inline void LastShared(void **p) { *Parameter<uint8_t *>(p, 0) = Shared<uint8_t>()[(64 << 10) - 1]; }

// write_order(pointer): appends each thread's number; the first element counts.
inline void WriteOrder(void **p) {
  auto *out = Parameter<uint32_t *>(p, 0);
  out[1 + out[0]++] = TidX();
}

inline constexpr ingot_emulated_kernel_t kTestKernels[] = {{"add_one", AddOne, 2, 0, nullptr},
                                                           {"fail", DivergentBarrier, 0, 0, nullptr},
                                                           {"last_shared", LastShared, 1, 1 << 10, nullptr},
                                                           {"write_order", WriteOrder, 1, 0, nullptr}};
inline const ingot_emulated_image_t &TestImage() {
  static const ingot_emulated_image_t image = {"ingot emulated\0", 4, kTestKernels};
  return image;
}

// Each test has a context, and must leave nothing behind.
class EmulatedDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(cuInit(0));
    ASSERT_OK(cuDevicePrimaryCtxRetain(&context_, 0));
    ASSERT_OK(cuCtxPushCurrent_v2(context_));
    ASSERT_OK(cuModuleLoadDataEx(&module_, &TestImage(), 0, nullptr, nullptr));
    ASSERT_OK(cuModuleGetFunction(&add_one_, module_, "add_one"));
    ASSERT_OK(cuModuleGetFunction(&fail_, module_, "fail"));
    ASSERT_OK(cuStreamCreate(&stream_, kNonBlockingStream));
  }

  void TearDown() override {
    ingot_emulator_fail(nullptr, 0, 0);
    if (!dead_) {
      EXPECT_OK(cuStreamDestroy_v2(stream_));
      EXPECT_OK(cuModuleUnload(module_));
    }
    ReleaseContext();
    EXPECT_EQ(ingot_emulator_live_allocations(), 0);
    EXPECT_EQ(ingot_emulator_live_objects(), 0);
  }

  // After dead_, all is gone with the context.
  void ReleaseContext() {
    EXPECT_OK(cuCtxPopCurrent_v2(nullptr));
    EXPECT_OK(cuDevicePrimaryCtxRelease_v2(0));
  }

  // Memory with these floats.
  DevicePtr Upload(const std::vector<float> &values) {
    DevicePtr memory = 0;
    EXPECT_OK(cuMemAlloc_v2(&memory, values.size() * 4));
    EXPECT_OK(cuMemcpyHtoDAsync_v2(memory, values.data(), values.size() * 4, stream_));
    return memory;
  }

  std::vector<float> Download(DevicePtr memory, size_t count) {
    std::vector<float> values(count);
    EXPECT_OK(cuMemcpyDtoHAsync_v2(values.data(), memory, count * 4, stream_));
    EXPECT_OK(cuStreamSynchronize(stream_));
    return values;
  }

  Result LaunchAddOne(DevicePtr memory, int64_t n) {
    void *parameters[] = {&memory, &n};
    return cuLaunchKernel(add_one_, static_cast<uint32_t>((n + 31) / 32), 1, 1, 32, 1, 1, 0, stream_, parameters,
                          nullptr);
  }

  Result LaunchFail() { return cuLaunchKernel(fail_, 1, 1, 1, 2, 1, 1, 0, stream_, nullptr, nullptr); }

  Context context_ = nullptr;
  Module module_ = nullptr;
  Function add_one_ = nullptr, fail_ = nullptr;
  Stream stream_ = nullptr;
  bool dead_ = false;  // the test ended the context
};

}  // namespace ingot::gpu_test

#endif  // INGOT_TESTS_GPU_EMULATED_DEVICE_H_
