// What happens in order on a stream: copies, kernels, both of them captured as a graph, and events. Tests:
// tests/gpu/launcher_test.cc, launcher_graph_test.cc.
#include "runtime/cuda/cuda_device.h"

namespace ingot::cuda {

using runtime::CopyKind;
using runtime::LaunchSize;

int32_t MakeQueue(ingot_device_t *self, void **queue, ingot_status_t *status) {
  CudaDevice *device = Of(self);
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  return Check(device->driver, device->driver.StreamCreate(queue, kNonBlockingStream), "make a stream", status);
}

void FreeQueue(ingot_device_t *self, void *queue) {
  CudaDevice *device = Of(self);
  Current current(device, nullptr);
  if (current.code() == INGOT_OK) device->driver.StreamDestroy(queue);
}

int32_t Launch(ingot_device_t *self, void *queue, void *kernel, const LaunchSize &size, void **parameters,
               ingot_status_t *status) {
  CudaDevice *device = Of(self);
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  return Check(device->driver,
               device->driver.LaunchKernel(kernel, size.blocks, 1, 1, size.threads, 1, 1, size.shared_bytes, queue,
                                           parameters, nullptr),
               "start a kernel", status);
}

int32_t Wait(ingot_device_t *self, void *queue, ingot_status_t *status) {
  CudaDevice *device = Of(self);
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  return Check(device->driver, device->driver.StreamSynchronize(queue), "finish a run", status);
}

int32_t Copy(ingot_device_t *self, void *queue, CopyKind kind, void *to, const void *from, uint64_t bytes,
             ingot_status_t *status) {
  CudaDevice *device = Of(self);
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  const Driver &driver = device->driver;
  Result result;
  if (kind == CopyKind::kToDevice)
    result = driver.MemcpyHtoDAsync(Address(to), from, bytes, queue);
  else if (kind == CopyKind::kToHost)
    result = driver.MemcpyDtoHAsync(to, Address(from), bytes, queue);
  else
    result = driver.MemcpyDtoDAsync(Address(to), Address(from), bytes, queue);
  if (result == kSuccess && queue == nullptr) result = driver.StreamSynchronize(nullptr);
  return Check(driver, result, "copy memory", status);
}

int32_t Clear(ingot_device_t *self, void *memory, uint64_t bytes, ingot_status_t *status) {
  CudaDevice *device = Of(self);
  const Driver &driver = device->driver;
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  Result result = driver.MemsetD8Async(Address(memory), 0, bytes, nullptr);
  if (result == kSuccess) result = driver.StreamSynchronize(nullptr);
  return Check(driver, result, "clear memory", status);
}

// What other threads do meanwhile is their affair.
int32_t BeginCapture(ingot_device_t *self, void *queue, ingot_status_t *status) {
  CudaDevice *device = Of(self);
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  return Check(device->driver, device->driver.StreamBeginCapture(queue, kCaptureThreadLocal), "capture a run", status);
}

int32_t EndCapture(ingot_device_t *self, void *queue, void **graph, ingot_status_t *status) {
  CudaDevice *device = Of(self);
  const Driver &driver = device->driver;
  *graph = nullptr;
  Current current(device, status);
  Graph captured = nullptr;
  Result result = driver.StreamEndCapture(queue, &captured);
  // One that failed before it ended the capture would make the stream useless.
  if (result != kSuccess) driver.StreamEndCapture(queue, &captured);
  if (result == kSuccess) result = driver.GraphInstantiate(graph, captured, 0);
  if (result != kSuccess) *graph = nullptr;
  if (captured != nullptr) driver.GraphDestroy(captured);
  return Check(driver, result, "capture a run", status);
}

int32_t Replay(ingot_device_t *self, void *queue, void *graph, ingot_status_t *status) {
  CudaDevice *device = Of(self);
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  return Check(device->driver, device->driver.GraphLaunch(graph, queue), "start a captured run", status);
}

void FreeGraph(ingot_device_t *self, void *graph) {
  CudaDevice *device = Of(self);
  Current current(device, nullptr);
  if (current.code() == INGOT_OK) device->driver.GraphExecDestroy(graph);
}

int32_t MakeEvent(ingot_device_t *self, void **event, ingot_status_t *status) {
  CudaDevice *device = Of(self);
  *event = nullptr;
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  return Check(device->driver, device->driver.EventCreate(event, 0), "make an event", status);
}

void FreeEvent(ingot_device_t *self, void *event) {
  CudaDevice *device = Of(self);
  Current current(device, nullptr);
  if (current.code() == INGOT_OK) device->driver.EventDestroy(event);
}

int32_t Record(ingot_device_t *self, void *queue, void *event, ingot_status_t *status) {
  CudaDevice *device = Of(self);
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  return Check(device->driver, device->driver.EventRecord(event, queue), "record an event", status);
}

int32_t Elapsed(ingot_device_t *self, void *begin, void *end, uint64_t *nanoseconds, ingot_status_t *status) {
  CudaDevice *device = Of(self);
  Current current(device, status);
  if (current.code() != INGOT_OK) return current.code();
  float milliseconds = 0;
  int32_t code = Check(device->driver, device->driver.EventElapsedTime(&milliseconds, begin, end),
                       "tell the time between events", status);
  *nanoseconds = milliseconds > 0 ? static_cast<uint64_t>(static_cast<double>(milliseconds) * 1e6) : 0;
  return code;
}

}  // namespace ingot::cuda
