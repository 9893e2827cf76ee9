// The part of NVIDIA's driver API that Ingot uses, declared here so that no CUDA toolkit is needed to build: types,
// numbers and the functions' names as the library exports them. Source: "CUDA Driver API", version 12.
// tests/gpu/driver_api_test.cc compares every line with cuda.h where a toolkit is found.
#ifndef INGOT_RUNTIME_CUDA_DRIVER_API_H_
#define INGOT_RUNTIME_CUDA_DRIVER_API_H_

#include <stddef.h>
#include <stdint.h>

namespace ingot::cuda {

using Result = int32_t;      // CUresult
using Device = int32_t;      // CUdevice
using DevicePtr = uint64_t;  // CUdeviceptr
using Context = void *;      // CUcontext
using Module = void *;       // CUmodule
using Function = void *;     // CUfunction
using Stream = void *;       // CUstream
using Event = void *;        // CUevent
using Graph = void *;        // CUgraph
using GraphExec = void *;    // CUgraphExec
// CUtensorMap
struct alignas(64) TensorMap {
  uint64_t opaque[16];
};

// CUresult
constexpr Result kSuccess = 0;
constexpr Result kInvalidValue = 1;
constexpr Result kOutOfMemory = 2;
constexpr Result kStubLibrary = 34;
constexpr Result kNoDevice = 100;
constexpr Result kInvalidDevice = 101;
constexpr Result kInvalidImage = 200;
constexpr Result kNoBinaryForGpu = 209;
constexpr Result kEccUncorrectable = 214;
constexpr Result kUnsupportedPtxVersion = 222;
constexpr Result kNotFound = 500;
constexpr Result kIllegalAddress = 700;
constexpr Result kLaunchTimeout = 702;
constexpr Result kAssert = 710;
constexpr Result kHardwareStackError = 714;
constexpr Result kIllegalInstruction = 715;
constexpr Result kMisalignedAddress = 716;
constexpr Result kInvalidAddressSpace = 717;
constexpr Result kInvalidPc = 718;
constexpr Result kLaunchFailed = 719;
constexpr Result kSystemDriverMismatch = 803;
constexpr Result kCaptureUnsupported = 900;
// CUdevice_attribute
constexpr int32_t kMultiprocessors = 16;
constexpr int32_t kComputeCapabilityMajor = 75;
constexpr int32_t kComputeCapabilityMinor = 76;
constexpr int32_t kMemoryPoolsSupported = 115;
// CUfunction_attribute
constexpr int32_t kMaxDynamicSharedBytes = 8;
// CUpointer_attribute, and CUmemorytype that it gives
constexpr int32_t kMemoryType = 2;
constexpr int32_t kDeviceOrdinal = 9;
constexpr uint32_t kMemoryTypeDevice = 2;
// CUjit_option
constexpr int32_t kJitErrorLog = 5;
constexpr int32_t kJitErrorLogBytes = 6;
// CUstream_flags, CUstreamCaptureMode
constexpr uint32_t kNonBlockingStream = 1;
constexpr int32_t kCaptureThreadLocal = 1;
// CUtensorMapDataType, CUtensorMapSwizzle
constexpr int32_t kTensorUint8 = 0;
constexpr int32_t kTensorInt32 = 3;
constexpr int32_t kTensorFloat16 = 6;
constexpr int32_t kTensorFloat32 = 7;
constexpr int32_t kTensorBfloat16 = 9;
constexpr int32_t kSwizzleNone = 0;
constexpr int32_t kSwizzle32 = 1;
constexpr int32_t kSwizzle64 = 2;
constexpr int32_t kSwizzle128 = 3;

// X(name here, name that the driver exports, parameters). All return Result.
#define INGOT_CUDA_FUNCTIONS(X)                                                                                \
  X(Init, cuInit, (uint32_t flags))                                                                            \
  X(GetErrorName, cuGetErrorName, (Result error, const char **name))                                           \
  X(GetErrorString, cuGetErrorString, (Result error, const char **text))                                       \
  X(DeviceGetCount, cuDeviceGetCount, (int32_t *count))                                                        \
  X(DeviceGet, cuDeviceGet, (Device * device, int32_t number))                                                 \
  X(DeviceGetAttribute, cuDeviceGetAttribute, (int32_t *value, int32_t attribute, Device device))              \
  X(DevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain, (Context * context, Device device))                      \
  X(DevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2, (Device device))                                    \
  X(CtxPushCurrent, cuCtxPushCurrent_v2, (Context context))                                                    \
  X(CtxPopCurrent, cuCtxPopCurrent_v2, (Context * context))                                                    \
  X(ModuleLoadDataEx, cuModuleLoadDataEx,                                                                      \
    (Module * module, const void *image, uint32_t num_options, int32_t *options, void **values))               \
  X(ModuleUnload, cuModuleUnload, (Module module))                                                             \
  X(ModuleGetFunction, cuModuleGetFunction, (Function * function, Module module, const char *name))            \
  X(FuncSetAttribute, cuFuncSetAttribute, (Function function, int32_t attribute, int32_t value))               \
  X(LaunchKernel, cuLaunchKernel,                                                                              \
    (Function function, uint32_t grid_x, uint32_t grid_y, uint32_t grid_z, uint32_t block_x, uint32_t block_y, \
     uint32_t block_z, uint32_t shared_bytes, Stream stream, void **parameters, void **extra))                 \
  X(MemAlloc, cuMemAlloc_v2, (DevicePtr * memory, size_t bytes))                                               \
  X(MemFree, cuMemFree_v2, (DevicePtr memory))                                                                 \
  X(MemAllocAsync, cuMemAllocAsync, (DevicePtr * memory, size_t bytes, Stream stream))                         \
  X(MemFreeAsync, cuMemFreeAsync, (DevicePtr memory, Stream stream))                                           \
  X(MemAllocHost, cuMemAllocHost_v2, (void **memory, size_t bytes))                                            \
  X(MemFreeHost, cuMemFreeHost, (void *memory))                                                                \
  X(MemcpyHtoDAsync, cuMemcpyHtoDAsync_v2, (DevicePtr to, const void *from, size_t bytes, Stream stream))      \
  X(MemcpyDtoHAsync, cuMemcpyDtoHAsync_v2, (void *to, DevicePtr from, size_t bytes, Stream stream))            \
  X(MemcpyDtoDAsync, cuMemcpyDtoDAsync_v2, (DevicePtr to, DevicePtr from, size_t bytes, Stream stream))        \
  X(MemsetD8Async, cuMemsetD8Async, (DevicePtr memory, unsigned char value, size_t bytes, Stream stream))      \
  X(PointerGetAttribute, cuPointerGetAttribute, (void *value, int32_t attribute, DevicePtr pointer))           \
  X(StreamCreate, cuStreamCreate, (Stream * stream, uint32_t flags))                                           \
  X(StreamDestroy, cuStreamDestroy_v2, (Stream stream))                                                        \
  X(StreamSynchronize, cuStreamSynchronize, (Stream stream))                                                   \
  X(StreamBeginCapture, cuStreamBeginCapture_v2, (Stream stream, int32_t mode))                                \
  X(StreamEndCapture, cuStreamEndCapture, (Stream stream, Graph * graph))                                      \
  X(GraphInstantiate, cuGraphInstantiateWithFlags, (GraphExec * exec, Graph graph, unsigned long long flags))  \
  X(GraphLaunch, cuGraphLaunch, (GraphExec exec, Stream stream))                                               \
  X(GraphExecDestroy, cuGraphExecDestroy, (GraphExec exec))                                                    \
  X(GraphDestroy, cuGraphDestroy, (Graph graph))                                                               \
  X(EventCreate, cuEventCreate, (Event * event, uint32_t flags))                                               \
  X(EventRecord, cuEventRecord, (Event event, Stream stream))                                                  \
  X(EventElapsedTime, cuEventElapsedTime, (float *milliseconds, Event begin, Event end))                       \
  X(EventDestroy, cuEventDestroy_v2, (Event event))

// What the launcher does not call: of a driver that tools/gpu/ asks for itself, and what kernels that copy by tensor
// maps will need (of drivers from CUDA 12.0 on).
#define INGOT_CUDA_OTHER_FUNCTIONS(X)                                                                                  \
  X(DriverGetVersion, cuDriverGetVersion, (int32_t *version))                                                          \
  X(DeviceGetName, cuDeviceGetName, (char *name, int32_t bytes, Device device))                                        \
  X(DeviceTotalMem, cuDeviceTotalMem_v2, (size_t *bytes, Device device))                                               \
  X(EventSynchronize, cuEventSynchronize, (Event event))                                                               \
  X(TensorMapEncodeTiled, cuTensorMapEncodeTiled,                                                                      \
    (TensorMap * map, int32_t data_type, uint32_t rank, void *address, const uint64_t *sizes, const uint64_t *strides, \
     const uint32_t *box, const uint32_t *element_strides, int32_t interleave, int32_t swizzle, int32_t promotion,     \
     int32_t fill))

}  // namespace ingot::cuda

#endif  // INGOT_RUNTIME_CUDA_DRIVER_API_H_
