// That what a kernel touches outside of its buffers and shared variables is found, where no page faults: its buffers
// lie side by side in one allocation, as values do in a program's arena.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/codegen/cuda/twin.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/Support/SourceMgr.h"
#include "tests/gpu/emulated_device.h"
#include "tests/gpu/twin_code.h"

namespace ingot::gpu_test {
namespace {

using ::testing::HasSubstr;

// x and y have four numbers each, and so have two shared variables. Each thread reads x[read] and writes it to
// y[write] by way of shared memory; whence and whither it copies, more arguments say.
constexpr char kKernel[] = R"(
target triple = "nvptx64-nvidia-cuda"
@kernel_shared_0 = internal addrspace(3) global [4 x i32] undef, align 16
@kernel_shared_1 = internal addrspace(3) global [4 x i32] undef, align 16

declare void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3), ptr addrspace(1))
declare void @llvm.nvvm.cp.async.wait.all()

define ptx_kernel void @kernel(ptr %x, ptr %y, i64 %read, i64 %write, i64 %from, i64 %to) {
  call void asm sideeffect "emulated.buffer $0, $1, $2;", "l,l,l"(i64 0, ptr %x, i64 16)
  call void asm sideeffect "emulated.buffer $0, $1, $2;", "l,l,l"(i64 1, ptr %y, i64 16)
  %x_at = getelementptr i32, ptr %x, i64 %read
  %value = load i32, ptr %x_at
  %shared_at = getelementptr i32, ptr addrspace(3) @kernel_shared_0, i64 %to
  store i32 %value, ptr addrspace(3) %shared_at
  %copied = getelementptr i32, ptr %x, i64 %from
  %global = addrspacecast ptr %copied to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3) @kernel_shared_1, ptr addrspace(1) %global)
  call void @llvm.nvvm.cp.async.wait.all()
  %again = load i32, ptr addrspace(3) %shared_at
  %y_at = getelementptr i32, ptr %y, i64 %write
  store i32 %again, ptr %y_at
  ret void
}
)";

class Bounds : public EmulatedDevice {
 protected:
  struct Places {
    int64_t read = 0, write = 0, from = 0, to = 0;
  };

  // What is wrong with the kernel at these places, or "".
  std::string Run(Places places) {
    auto context = std::make_unique<llvm::LLVMContext>();
    llvm::SMDiagnostic problem;
    auto twin = llvm::parseAssemblyString(kKernel, problem, *context);
    if (!twin) return problem.getMessage().str();
    compiler::cuda::MakeTwin(*twin, "image");
    const TwinCode code(std::move(twin), std::move(context));
    Module module = nullptr;
    Function function = nullptr;
    DevicePtr x = 0;
    EXPECT_OK(cuModuleLoadDataEx(&module, code.Image(), 0, nullptr, nullptr));
    EXPECT_OK(cuModuleGetFunction(&function, module, "kernel"));
    EXPECT_OK(cuMemAlloc_v2(&x, 64));
    DevicePtr y = x + 32;
    void *parameters[] = {&x, &y, &places.read, &places.write, &places.from, &places.to};
    EXPECT_OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream_, parameters, nullptr));
    if (cuStreamSynchronize(stream_) != kSuccess) {
      dead_ = true;
      return ingot_emulator_last_error();
    }
    EXPECT_OK(cuMemFree_v2(x));
    EXPECT_OK(cuModuleUnload(module));
    return "";
  }
};

TEST_F(Bounds, WhatIsThereMayBeTouched) {
  EXPECT_EQ(Run({}), "");
  EXPECT_EQ(Run({3, 3, 3, 3}), "");
}

TEST_F(Bounds, ReadsBehindABuffer) {
  EXPECT_THAT(Run({.read = 4}), HasSubstr("touches 4 bytes at 16 of buffer 0, which has 16"));
}

// There is another buffer of the kernel, and it does not help.
TEST_F(Bounds, ReadsOfAnotherBuffer) {
  EXPECT_THAT(Run({.read = 8}), HasSubstr("touches 4 bytes at 32 of buffer 0, which has 16"));
}

TEST_F(Bounds, WritesInFrontOfABuffer) {
  EXPECT_THAT(Run({.write = -1}), HasSubstr("touches 4 bytes at -4 of buffer 1, which has 16"));
}

TEST_F(Bounds, CopiesFromBehindABuffer) {
  EXPECT_THAT(Run({.from = 4}), HasSubstr("touches 4 bytes at 16 of buffer 0, which has 16"));
}

TEST_F(Bounds, WritesToAnotherSharedVariable) {
  EXPECT_THAT(Run({.to = 4}), HasSubstr("touches 4 bytes at 16 of a shared variable, which has 16"));
}

TEST_F(Bounds, WritesInFrontOfASharedVariable) {
  EXPECT_THAT(Run({.to = -2}), HasSubstr("touches 4 bytes at -8 of a shared variable, which has 16"));
}

}  // namespace
}  // namespace ingot::gpu_test
