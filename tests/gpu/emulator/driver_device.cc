// Devices, contexts and names of errors: see driver.h. The variable INGOT_EMULATED_GPUS says how many devices there
// are; it is read by cuInit.
#include <stdlib.h>

#include <algorithm>

#include "tests/gpu/emulator/driver.h"

namespace ingot::gpu_emulator {
namespace {

struct ErrorText {
  Result result;
  const char *name, *text;
};
constexpr ErrorText kErrors[] = {
    {kSuccess, "CUDA_SUCCESS", "no error"},
    {kInvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {kOutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {kNotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {kNoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {kInvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {kInvalidImage, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {kInvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {kNoBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {kInvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {kNotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {kIllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {kLaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {kNotSupported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {kCaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {kCaptureInvalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {kCaptureImplicit, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {kCapturedEvent, "CUDA_ERROR_CAPTURED_EVENT",
     "operation not permitted on an event last recorded in a capturing stream"},
};

Result FindError(Result error, const char **found, const char *ErrorText::*member) {
  if (found == nullptr) return kInvalidValue;
  *found = nullptr;
  for (const ErrorText &known : kErrors) {
    if (known.result == error) *found = known.*member;
  }
  return *found == nullptr ? kInvalidValue : kSuccess;
}

bool IsDevice(const Driver &driver, Device device) { return device >= 0 && device < driver.num_devices; }

}  // namespace

extern "C" {

Result cuInit(uint32_t flags) {
  DRIVER_ENTRY(Needs::kNothing);
  if (flags != 0) return kInvalidValue;
  const char *gpus = getenv("INGOT_EMULATED_GPUS");
  driver.num_devices = gpus == nullptr ? 1 : std::clamp(atoi(gpus), 0, kMaxDevices);
  for (int32_t i = 0; i < kMaxDevices; ++i) driver.contexts[i].device = i;
  const char *order = getenv("INGOT_EMULATED_ORDER");
  if (order != nullptr && !driver.order_was_set) driver.order = strtoull(order, nullptr, 0);
  if (driver.num_devices == 0) return kNoDevice;
  driver.initialized = true;
  return kSuccess;
}

Result cuDriverGetVersion(int32_t *version) {
  DRIVER_ENTRY(Needs::kNothing);
  if (version == nullptr) return kInvalidValue;
  *version = 12080;
  return kSuccess;
}

Result cuGetErrorName(Result error, const char **name) {
  DRIVER_ENTRY(Needs::kNothing);
  return FindError(error, name, &ErrorText::name);
}

Result cuGetErrorString(Result error, const char **text) {
  DRIVER_ENTRY(Needs::kNothing);
  return FindError(error, text, &ErrorText::text);
}

Result cuDeviceGetCount(int32_t *count) {
  DRIVER_ENTRY(Needs::kDriver);
  if (count == nullptr) return kInvalidValue;
  *count = driver.num_devices;
  return kSuccess;
}

Result cuDeviceGet(Device *device, int32_t number) {
  DRIVER_ENTRY(Needs::kDriver);
  if (device == nullptr) return kInvalidValue;
  if (!IsDevice(driver, number)) return kInvalidDevice;
  *device = number;
  return kSuccess;
}

Result cuDeviceGetName(char *name, int32_t bytes, Device device) {
  DRIVER_ENTRY(Needs::kDriver);
  if (name == nullptr || bytes <= 0) return kInvalidValue;
  if (!IsDevice(driver, device)) return kInvalidDevice;
  snprintf(name, static_cast<size_t>(bytes), "emulated GPU");
  return kSuccess;
}

Result cuDeviceTotalMem_v2(size_t *bytes, Device device) {
  DRIVER_ENTRY(Needs::kDriver);
  if (bytes == nullptr) return kInvalidValue;
  if (!IsDevice(driver, device)) return kInvalidDevice;
  *bytes = driver.device_bytes;
  return kSuccess;
}

Result cuDeviceGetAttribute(int32_t *value, int32_t attribute, Device device) {
  DRIVER_ENTRY(Needs::kDriver);
  if (value == nullptr) return kInvalidValue;
  if (!IsDevice(driver, device)) return kInvalidDevice;
  switch (attribute) {
    case kMultiprocessors:
      *value = 132;
      return kSuccess;
    case kComputeCapabilityMajor:
      *value = 9;
      return kSuccess;
    case kComputeCapabilityMinor:
      *value = 0;
      return kSuccess;
    case kMemoryPoolsSupported:
      *value = driver.has_pools;
      return kSuccess;
    default:
      return kInvalidValue;  // those that the runtime does not ask for
  }
}

Result cuDevicePrimaryCtxRetain(Context *context, Device device) {
  DRIVER_ENTRY(Needs::kDriver);
  if (context == nullptr) return kInvalidValue;
  if (!IsDevice(driver, device)) return kInvalidDevice;
  ++driver.contexts[device].retained;
  *context = &driver.contexts[device];
  return kSuccess;
}

// A dead context takes all it had with it, because nobody could free that. Of another one, what is left stays in the
// counts.
Result cuDevicePrimaryCtxRelease_v2(Device device) {
  DRIVER_ENTRY(Needs::kDriver);
  if (!IsDevice(driver, device)) return kInvalidDevice;
  ContextState &context = driver.contexts[device];
  if (context.retained == 0) return kInvalidContext;
  if (--context.retained > 0) return kSuccess;
  if (context.death != kSuccess) {
    std::erase_if(driver.objects, [&](const auto &entry) {
      return entry.second->context == &context && entry.second->generation == context.generation;
    });
    driver.memory.FreeAllOf(&context);
  }
  context.death = kSuccess;
  ++context.generation;
  return kSuccess;
}

Result cuCtxPushCurrent_v2(Context context) {
  DRIVER_ENTRY(Needs::kDriver);
  for (ContextState &known : driver.contexts) {
    if (&known != context || known.retained == 0) continue;
    ContextStack().push_back(&known);
    return kSuccess;
  }
  return kInvalidContext;
}

Result cuCtxPopCurrent_v2(Context *context) {
  DRIVER_ENTRY(Needs::kDriver);
  if (ContextStack().empty()) return kInvalidContext;
  if (context != nullptr) *context = ContextStack().back();
  ContextStack().pop_back();
  return kSuccess;
}

}  // extern "C"
}  // namespace ingot::gpu_emulator
