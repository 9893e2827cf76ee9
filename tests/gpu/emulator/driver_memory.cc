// Memory and copies: see driver.h and memory.h.
#include <string.h>

#include "tests/gpu/emulator/driver.h"

namespace ingot::gpu_emulator {
namespace {

constexpr uint32_t kMemoryTypeHost = 1;

Result Allocate(const Entry &entry, size_t bytes, bool on_host, char **memory) {
  Driver &driver = TheDriver();
  if (memory == nullptr || bytes == 0) return kInvalidValue;
  const size_t limit = driver.device_bytes;
  if (!on_host && (bytes > limit || driver.memory.BytesOf(entry.context) > limit - bytes)) {
    return kOutOfMemory;
  }
  *memory = driver.memory.Allocate(entry.context, bytes, on_host);
  return *memory == nullptr ? kOutOfMemory : kSuccess;
}

Result Free(const Entry &entry, void *memory, bool on_host) {
  Driver &driver = TheDriver();
  const Allocation *allocation = driver.memory.Find(reinterpret_cast<uint64_t>(memory));
  if (allocation == nullptr || allocation->begin != memory || allocation->on_host != on_host) return kInvalidValue;
  if (allocation->context != entry.context) return kInvalidValue;
  driver.memory.Free(static_cast<char *>(memory));
  return kSuccess;
}

bool IsDeviceRange(DevicePtr memory, size_t bytes) {
  const Allocation *allocation = TheDriver().memory.FindRange(memory, bytes);
  return allocation != nullptr && !allocation->on_host;
}

bool IsHostRange(const void *memory, size_t bytes) {
  return memory != nullptr && !TheDriver().memory.TouchesDevice(memory, bytes);
}

// The ranges were right when the copy was submitted; a graph runs later, when device memory may be gone.
Result SubmitCopy(const Entry &entry, Stream stream, void *to, const void *from, size_t bytes, DevicePtr device,
                  DevicePtr other_device) {
  ContextState *context = entry.context;
  return Submit(entry, stream, [=] {
    if (!IsDeviceRange(device, bytes) || !IsDeviceRange(other_device, bytes)) {
      Kill(context, kIllegalAddress, "a graph copies device memory that was freed");
      return;
    }
    memmove(to, from, bytes);
  });
}

}  // namespace

extern "C" {

Result cuMemAlloc_v2(DevicePtr *memory, size_t bytes) {
  DRIVER_ENTRY(Needs::kContextOutsideCapture);
  char *made = nullptr;
  if (memory == nullptr) return kInvalidValue;
  const Result result = Allocate(entry, bytes, false, &made);
  if (result == kSuccess) *memory = reinterpret_cast<DevicePtr>(made);
  return result;
}

Result cuMemFree_v2(DevicePtr memory) {
  DRIVER_ENTRY(Needs::kContextOutsideCapture);
  return Free(entry, reinterpret_cast<void *>(memory), false);
}

Result cuMemAllocAsync(DevicePtr *memory, size_t bytes, Stream stream) {
  DRIVER_ENTRY(Needs::kContextOutsideCapture);
  char *made = nullptr;
  if (memory == nullptr) return kInvalidValue;
  if (!driver.has_pools) return kNotSupported;
  if (stream != nullptr && Find<StreamState>(entry, stream) == nullptr) return kInvalidHandle;
  const Result result = Allocate(entry, bytes, false, &made);
  if (result == kSuccess) *memory = reinterpret_cast<DevicePtr>(made);
  return result;
}

Result cuMemFreeAsync(DevicePtr memory, Stream stream) {
  DRIVER_ENTRY(Needs::kContextOutsideCapture);
  if (stream != nullptr && Find<StreamState>(entry, stream) == nullptr) return kInvalidHandle;
  return Free(entry, reinterpret_cast<void *>(memory), false);
}

Result cuMemAllocHost_v2(void **memory, size_t bytes) {
  DRIVER_ENTRY(Needs::kContextOutsideCapture);
  char *made = nullptr;
  if (memory == nullptr) return kInvalidValue;
  const Result result = Allocate(entry, bytes, true, &made);
  if (result == kSuccess) *memory = made;
  return result;
}

Result cuMemFreeHost(void *memory) {
  DRIVER_ENTRY(Needs::kContextOutsideCapture);
  return Free(entry, memory, true);
}

Result cuMemcpyHtoDAsync_v2(DevicePtr to, const void *from, size_t bytes, Stream stream) {
  DRIVER_ENTRY(Needs::kContext);
  if (bytes == 0) return kSuccess;
  if (!IsDeviceRange(to, bytes) || !IsHostRange(from, bytes)) return kInvalidValue;
  return SubmitCopy(entry, stream, reinterpret_cast<void *>(to), from, bytes, to, to);
}

Result cuMemcpyDtoHAsync_v2(void *to, DevicePtr from, size_t bytes, Stream stream) {
  DRIVER_ENTRY(Needs::kContext);
  if (bytes == 0) return kSuccess;
  if (!IsDeviceRange(from, bytes) || !IsHostRange(to, bytes)) return kInvalidValue;
  return SubmitCopy(entry, stream, to, reinterpret_cast<const void *>(from), bytes, from, from);
}

Result cuMemcpyDtoDAsync_v2(DevicePtr to, DevicePtr from, size_t bytes, Stream stream) {
  DRIVER_ENTRY(Needs::kContext);
  if (bytes == 0) return kSuccess;
  if (!IsDeviceRange(to, bytes) || !IsDeviceRange(from, bytes)) return kInvalidValue;
  return SubmitCopy(entry, stream, reinterpret_cast<void *>(to), reinterpret_cast<const void *>(from), bytes, to, from);
}

Result cuMemsetD8Async(DevicePtr memory, unsigned char value, size_t bytes, Stream stream) {
  DRIVER_ENTRY(Needs::kContext);
  if (bytes == 0) return kSuccess;
  if (!IsDeviceRange(memory, bytes)) return kInvalidValue;
  ContextState *context = entry.context;
  return Submit(entry, stream, [=] {
    if (!IsDeviceRange(memory, bytes)) {
      Kill(context, kIllegalAddress, "a graph fills device memory that was freed");
      return;
    }
    memset(reinterpret_cast<void *>(memory), value, bytes);
  });
}

Result cuPointerGetAttribute(void *value, int32_t attribute, DevicePtr pointer) {
  DRIVER_ENTRY(Needs::kContext);
  if (value == nullptr || (attribute != kMemoryType && attribute != kDeviceOrdinal)) return kInvalidValue;
  const Allocation *allocation = driver.memory.Find(pointer);
  if (allocation == nullptr) return kInvalidValue;
  if (attribute == kDeviceOrdinal) {
    memcpy(value, &allocation->context->device, sizeof allocation->context->device);
    return kSuccess;
  }
  const uint32_t type = allocation->on_host ? kMemoryTypeHost : kMemoryTypeDevice;
  memcpy(value, &type, sizeof type);
  return kSuccess;
}

}  // extern "C"
}  // namespace ingot::gpu_emulator
