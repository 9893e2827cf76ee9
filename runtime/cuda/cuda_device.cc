// An NVIDIA GPU behind runtime/src/device.h: opening it, its memory, and loading programs.
#include "runtime/cuda/cuda_device.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)
#include "ingot/cuda.h"
#pragma GCC visibility pop

namespace ingot::cuda {
namespace {

using runtime::Fail;

constexpr uint32_t kSharedWithoutAsking = 48u << 10;

// Of a GPU that works NULL. Of another one an address that nobody follows: the call behind it says what has happened.
void *NoMemory(const CudaDevice *device) {
  return CheckAlive(*device, nullptr) == INGOT_OK ? nullptr : reinterpret_cast<void *>(uintptr_t{INGOT_ALIGNMENT});
}

void *AllocateOnDevice(void *self, size_t bytes, size_t) {
  CudaDevice *device = Of(static_cast<ingot_device_t *>(self));
  const Driver &driver = device->driver;
  Current current(device, nullptr);
  DevicePtr memory = 0;
  if (current.code() != INGOT_OK ||
      Check(driver, driver.MemAlloc(&memory, bytes == 0 ? 1 : bytes), "allocate", nullptr) != INGOT_OK)
    return NoMemory(device);
  return reinterpret_cast<void *>(memory);
}

void ReleaseOnDevice(void *self, void *memory, size_t) {
  CudaDevice *device = Of(static_cast<ingot_device_t *>(self));
  Current current(device, nullptr);
  if (current.code() == INGOT_OK) device->driver.MemFree(Address(memory));
}

void *AllocateOnQueue(ingot_device_t *self, void *queue, uint64_t bytes) {
  CudaDevice *device = Of(self);
  if (!device->has_pools) return AllocateOnDevice(self, bytes, 0);
  const Driver &driver = device->driver;
  Current current(device, nullptr);
  DevicePtr memory = 0;
  if (current.code() != INGOT_OK ||
      Check(driver, driver.MemAllocAsync(&memory, bytes == 0 ? 1 : bytes, queue), "allocate", nullptr) != INGOT_OK)
    return NoMemory(device);
  return reinterpret_cast<void *>(memory);
}

void ReleaseOnQueue(ingot_device_t *self, void *queue, void *memory) {
  CudaDevice *device = Of(self);
  if (!device->has_pools) return ReleaseOnDevice(self, memory, 0);
  Current current(device, nullptr);
  if (current.code() == INGOT_OK) device->driver.MemFreeAsync(Address(memory), queue);
}

// Of both ends, because allocations lie side by side.
bool Owns(ingot_device_t *self, const void *memory, uint64_t bytes) {
  CudaDevice *device = Of(self);
  Current current(device, nullptr);
  if (current.code() != INGOT_OK) return false;
  const DevicePtr ends[] = {Address(memory), Address(memory) + bytes - 1};
  for (DevicePtr end : ends) {
    uint32_t type = 0;
    int32_t number = -1;
    if (device->driver.PointerGetAttribute(&type, kMemoryType, end) != kSuccess || type != kMemoryTypeDevice)
      return false;
    if (device->driver.PointerGetAttribute(&number, kDeviceOrdinal, end) != kSuccess || number != device->number)
      return false;
  }
  return true;
}

void *AllocatePinned(ingot_device_t *self, uint64_t bytes) {
  CudaDevice *device = Of(self);
  const Driver &driver = device->driver;
  Current current(device, nullptr);
  void *memory = nullptr;
  if (current.code() != INGOT_OK) return nullptr;
  return Check(driver, driver.MemAllocHost(&memory, bytes), "allocate", nullptr) == INGOT_OK ? memory : nullptr;
}

void ReleasePinned(ingot_device_t *self, void *memory) {
  CudaDevice *device = Of(self);
  Current current(device, nullptr);
  if (current.code() == INGOT_OK) device->driver.MemFreeHost(memory);
}

int32_t IsUsable(const ingot_device_t *device, ingot_status_t *status) {
  return CheckAlive(*static_cast<const CudaDevice *>(device), status);
}

bool Runs(const ingot_device_t *device, const char *level) {
  const auto *cuda = static_cast<const CudaDevice *>(device);
  if (cuda->driver.is_emulator) return strcmp(level, "emulated") == 0;
  if (strncmp(level, "sm_", 3) != 0) return false;
  char *end = nullptr;
  long architecture = strtol(level + 3, &end, 10);
  // With a letter behind it, it is for that architecture alone.
  return *end == '\0' ? architecture <= cuda->capability : architecture == cuda->capability;
}

int32_t Load(ingot_device_t *self, const void *image, uint64_t, void **module, ingot_status_t *status) {
  CudaDevice *device = Of(self);
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  char log[300] = "";
  int32_t options[] = {kJitErrorLog, kJitErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  Result result = device->driver.ModuleLoadDataEx(module, image, 2, options, values);
  if (result == kSuccess) return INGOT_OK;
  *module = nullptr;
  log[sizeof(log) - 1] = '\0';
  char doing[360];
  snprintf(doing, sizeof(doing), "load the program's kernels (%s)", log[0] == '\0' ? "it says no more" : log);
  return Check(device->driver, result, doing, status);
}

void Unload(ingot_device_t *self, void *module) {
  CudaDevice *device = Of(self);
  Current current(device, nullptr);
  if (current.code() == INGOT_OK) device->driver.ModuleUnload(module);
}

int32_t Find(ingot_device_t *self, void *module, const char *entry, uint32_t shared_bytes, void **kernel,
             ingot_status_t *status) {
  CudaDevice *device = Of(self);
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  char doing[120];
  snprintf(doing, sizeof(doing), "find the kernel '%s'", entry);
  int32_t code = Check(device->driver, device->driver.ModuleGetFunction(kernel, module, entry), doing, status);
  if (code != INGOT_OK || shared_bytes <= kSharedWithoutAsking) return code;
  return Check(device->driver,
               device->driver.FuncSetAttribute(*kernel, kMaxDynamicSharedBytes, static_cast<int32_t>(shared_bytes)),
               "give a kernel its shared memory", status);
}

void Free(ingot_device_t *self) {
  CudaDevice *device = Of(self);
  if (device->is_retained) device->driver.DevicePrimaryCtxRelease(device->number);
  free(device);  // the driver's library stays: it may have threads
}

constexpr runtime::DeviceCalls kCalls = {IsUsable,
                                         Runs,
                                         Load,
                                         Unload,
                                         Find,
                                         MakeQueue,
                                         FreeQueue,
                                         Launch,
                                         Copy,
                                         Wait,
                                         Clear,
                                         AllocateOnQueue,
                                         ReleaseOnQueue,
                                         Owns,
                                         AllocatePinned,
                                         ReleasePinned,
                                         BeginCapture,
                                         EndCapture,
                                         Replay,
                                         FreeGraph,
                                         MakeEvent,
                                         FreeEvent,
                                         Record,
                                         Elapsed,
                                         Free,
                                         runtime::AttachToDevice,
                                         runtime::DetachFromDevice,
                                         runtime::StartOnDevice,
                                         runtime::StopOnDevice,
                                         runtime::RunOnDevice,
                                         runtime::BeginStateOnDevice,
                                         runtime::FetchOutput};

int32_t Start(CudaDevice *device, uint32_t number, ingot_status_t *status) {
  const Driver &driver = device->driver;
  int32_t count = 0, major = 0, minor = 0, has_pools = 0;
  int32_t code = Check(driver, driver.Init(0), "start", status);
  if (code == INGOT_OK) code = Check(driver, driver.DeviceGetCount(&count), "count the GPUs", status);
  if (code != INGOT_OK) return code;
  if (number >= static_cast<uint32_t>(count)) {
    return Fail(status, INGOT_FAILED_PRECONDITION, "there is no GPU %" PRIu32 ": this machine has %" PRId32 "%s",
                number, count, count == 0 ? "" : ", counted from 0");
  }
  code = Check(driver, driver.DeviceGet(&device->number, static_cast<int32_t>(number)), "find the GPU", status);
  if (code == INGOT_OK)
    code = Check(driver, driver.DeviceGetAttribute(&major, kComputeCapabilityMajor, device->number),
                 "ask for the GPU's capability", status);
  if (code == INGOT_OK)
    code = Check(driver, driver.DeviceGetAttribute(&minor, kComputeCapabilityMinor, device->number),
                 "ask for the GPU's capability", status);
  if (code == INGOT_OK)
    code = Check(driver, driver.DeviceGetAttribute(&has_pools, kMemoryPoolsSupported, device->number),
                 "ask for the GPU's memory pools", status);
  if (code == INGOT_OK)
    code = Check(driver, driver.DevicePrimaryCtxRetain(&device->context, device->number), "make a context", status);
  if (code != INGOT_OK) return code;
  device->is_retained = true;
  device->capability = 10 * major + minor;
  device->has_pools = has_pools != 0;
  return INGOT_OK;
}

}  // namespace

int32_t CheckAlive(const CudaDevice &device, ingot_status_t *status) {
  const Result death = __atomic_load_n(&device.driver.death, __ATOMIC_RELAXED);
  if (death == kSuccess) return INGOT_OK;
  const char *text = nullptr;
  device.driver.GetErrorString(death, &text);
  return Fail(status, INGOT_FAILED_PRECONDITION,
              "%s has stopped since a kernel failed (%s, %" PRId32
              "): free its programs and the device and open it again, or start the process anew",
              device.name, runtime::NameOr(text, "no description"), death);
}

}  // namespace ingot::cuda

using namespace ingot::cuda;

int32_t ingot_cuda_open(uint32_t number, const char *driver, ingot_device_t **device, ingot_status_t *status) {
  if (device == nullptr) return ingot::runtime::Fail(status, INGOT_INVALID_ARGUMENT, "device must not be NULL");
  *device = nullptr;
  auto *made = static_cast<CudaDevice *>(calloc(1, sizeof(CudaDevice)));
  if (made == nullptr) return ingot::runtime::Fail(status, INGOT_OUT_OF_MEMORY, "out of memory for a device");
  made->calls = &kCalls;
  made->kind = INGOT_DEVICE_CUDA;
  made->memory = {AllocateOnDevice, ReleaseOnDevice, static_cast<ingot_device_t *>(made)};
  const char *graphs = getenv("INGOT_CUDA_GRAPHS");
  made->has_graphs = graphs == nullptr || strcmp(graphs, "0") != 0;
  snprintf(made->name, sizeof(made->name), "cuda:%" PRIu32, number);
  int32_t code = OpenDriver(driver, &made->driver, status);
  if (code == INGOT_OK) code = Start(made, number, status);
  if (code != INGOT_OK) {
    made->calls->free(made);
    return code;
  }
  *device = made;
  return ingot::runtime::Succeed(status);
}
