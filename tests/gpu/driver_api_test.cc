// Compares runtime/cuda/driver_api.h with NVIDIA's cuda.h, where that is installed: numbers, and each function's
// parameters. All checks are the compiler's. driver_api_names_test.cc compares the names.

// Makes cuda.h declare every version of a function that the driver exports, under its exported name.
#define __CUDA_API_VERSION_INTERNAL
#include "runtime/cuda/driver_api.h"

#include <cuda.h>
#include <gtest/gtest.h>

#include <type_traits>

namespace ingot::cuda {
namespace {

static_assert(kSuccess == CUDA_SUCCESS);
static_assert(kInvalidValue == CUDA_ERROR_INVALID_VALUE);
static_assert(kOutOfMemory == CUDA_ERROR_OUT_OF_MEMORY);
static_assert(kNoDevice == CUDA_ERROR_NO_DEVICE);
static_assert(kInvalidDevice == CUDA_ERROR_INVALID_DEVICE);
static_assert(kInvalidImage == CUDA_ERROR_INVALID_IMAGE);
static_assert(kNoBinaryForGpu == CUDA_ERROR_NO_BINARY_FOR_GPU);
static_assert(kStubLibrary == CUDA_ERROR_STUB_LIBRARY);
static_assert(kUnsupportedPtxVersion == CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
static_assert(kSystemDriverMismatch == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
static_assert(kNotFound == CUDA_ERROR_NOT_FOUND);
static_assert(kEccUncorrectable == CUDA_ERROR_ECC_UNCORRECTABLE);
static_assert(kLaunchTimeout == CUDA_ERROR_LAUNCH_TIMEOUT);
static_assert(kAssert == CUDA_ERROR_ASSERT);
static_assert(kHardwareStackError == CUDA_ERROR_HARDWARE_STACK_ERROR);
static_assert(kIllegalInstruction == CUDA_ERROR_ILLEGAL_INSTRUCTION);
static_assert(kMisalignedAddress == CUDA_ERROR_MISALIGNED_ADDRESS);
static_assert(kInvalidAddressSpace == CUDA_ERROR_INVALID_ADDRESS_SPACE);
static_assert(kInvalidPc == CUDA_ERROR_INVALID_PC);
static_assert(kIllegalAddress == CUDA_ERROR_ILLEGAL_ADDRESS);
static_assert(kLaunchFailed == CUDA_ERROR_LAUNCH_FAILED);
static_assert(kCaptureUnsupported == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
static_assert(kComputeCapabilityMajor == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
static_assert(kMultiprocessors == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
static_assert(kComputeCapabilityMinor == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
static_assert(kMemoryPoolsSupported == CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED);
static_assert(kMaxDynamicSharedBytes == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
static_assert(kMemoryType == CU_POINTER_ATTRIBUTE_MEMORY_TYPE);
static_assert(kDeviceOrdinal == CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL);
static_assert(kMemoryTypeDevice == CU_MEMORYTYPE_DEVICE);
static_assert(kJitErrorLog == CU_JIT_ERROR_LOG_BUFFER);
static_assert(kJitErrorLogBytes == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
static_assert(kNonBlockingStream == CU_STREAM_NON_BLOCKING);
static_assert(kCaptureThreadLocal == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
static_assert(kTensorUint8 == CU_TENSOR_MAP_DATA_TYPE_UINT8);
static_assert(kTensorInt32 == CU_TENSOR_MAP_DATA_TYPE_INT32);
static_assert(kTensorFloat16 == CU_TENSOR_MAP_DATA_TYPE_FLOAT16);
static_assert(kTensorFloat32 == CU_TENSOR_MAP_DATA_TYPE_FLOAT32);
static_assert(kTensorBfloat16 == CU_TENSOR_MAP_DATA_TYPE_BFLOAT16);
static_assert(kSwizzleNone == CU_TENSOR_MAP_SWIZZLE_NONE);
static_assert(kSwizzle32 == CU_TENSOR_MAP_SWIZZLE_32B);
static_assert(kSwizzle64 == CU_TENSOR_MAP_SWIZZLE_64B);
static_assert(kSwizzle128 == CU_TENSOR_MAP_SWIZZLE_128B);

static_assert(sizeof(Result) == sizeof(CUresult) && sizeof(Device) == sizeof(CUdevice));
static_assert(sizeof(DevicePtr) == sizeof(CUdeviceptr) && sizeof(Context) == sizeof(CUcontext));

template <class T>
concept Complete = requires { sizeof(T); };

// The same bits: numbers of one size and kind, or pointers to such. A handle is void * here and a pointer to a type
// that cuda.h keeps to itself there. An enum there is an int here.
template <class Ours, class Theirs>
constexpr bool IsSame() {
  if constexpr (std::is_pointer_v<Ours> || std::is_pointer_v<Theirs>) {
    if constexpr (!std::is_pointer_v<Ours> || !std::is_pointer_v<Theirs>) return false;
    using Our = std::remove_cv_t<std::remove_pointer_t<Ours>>;
    using Their = std::remove_cv_t<std::remove_pointer_t<Theirs>>;
    if constexpr (std::is_void_v<Our>) {
      return std::is_void_v<Their> || !Complete<Their>;
    } else if constexpr (std::is_void_v<Their>) {
      return false;
    } else {
      return IsSame<Our, Their>();
    }
  } else {
    return sizeof(Ours) == sizeof(Theirs) && std::is_floating_point_v<Ours> == std::is_floating_point_v<Theirs>;
  }
}

template <class Ours, class Theirs>
constexpr bool kSameParameters = false;
template <class... Ours, class... Theirs>
  requires(sizeof...(Ours) == sizeof...(Theirs))
constexpr bool kSameParameters<Result(Ours...), CUresult(Theirs...)> = (IsSame<Ours, Theirs>() && ...);

// The comparison sees differences.
static_assert(!kSameParameters<Result(int32_t), CUresult(size_t)>);
static_assert(!kSameParameters<Result(int32_t), CUresult(int, int)>);
static_assert(!kSameParameters<Result(int32_t *), CUresult(size_t *)>);
static_assert(!kSameParameters<Result(DevicePtr), CUresult(void *)>);
static_assert(!kSameParameters<Result(void *), CUresult(CUcontext *)>);
static_assert(kSameParameters<Result(void **), CUresult(CUcontext *)>);

#define INGOT_CHECK(name, exported, parameters) \
  static_assert(kSameParameters<Result parameters, decltype(::exported)>, #exported);
INGOT_CUDA_FUNCTIONS(INGOT_CHECK)
INGOT_CUDA_OTHER_FUNCTIONS(INGOT_CHECK)
#undef INGOT_CHECK

TEST(DriverApi, AgreesWithCudaHeader) { EXPECT_GE(CUDA_VERSION, 12000); }

}  // namespace
}  // namespace ingot::cuda
