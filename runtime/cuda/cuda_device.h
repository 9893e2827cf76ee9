// An opened GPU, as the files of this folder share it: cuda_device.cc opens it and loads programs, cuda_queue.cc has
// what happens in order on a stream. Every call makes the GPU's primary context current for its own duration, so that a
// caller who uses CUDA as well finds its own afterwards. Tests: tests/gpu/launcher_test.cc.
#ifndef INGOT_RUNTIME_CUDA_CUDA_DEVICE_H_
#define INGOT_RUNTIME_CUDA_CUDA_DEVICE_H_

#include "runtime/cuda/driver.h"
#include "runtime/src/device.h"

namespace ingot::cuda {

struct CudaDevice : ingot_device {
  Driver driver;
  Device number;
  Context context;
  int32_t capability;  // 90 for 9.0
  bool is_retained;
  bool has_pools;  // memory can be had in a stream's order
};

inline CudaDevice *Of(ingot_device_t *device) { return static_cast<CudaDevice *>(device); }

// INGOT_OK, or that a kernel has failed and nothing works any more.
int32_t CheckAlive(const CudaDevice &device, ingot_status_t *status);

inline DevicePtr Address(const void *pointer) { return reinterpret_cast<DevicePtr>(pointer); }

// The GPU's context is current while this lives; not where a kernel has failed.
class Current {
 public:
  Current(CudaDevice *device, ingot_status_t *status) : device_(device) {
    code_ = CheckAlive(*device, status);
    if (code_ != INGOT_OK) return;
    code_ = Check(device->driver, device->driver.CtxPushCurrent(device->context), "use the GPU's context", status);
  }
  ~Current() {
    Context popped;
    if (code_ == INGOT_OK) device_->driver.CtxPopCurrent(&popped);
  }
  Current(const Current &) = delete;
  Current &operator=(const Current &) = delete;
  int32_t code() const { return code_; }

 private:
  CudaDevice *device_;
  int32_t code_;
};

// The calls of runtime/src/device.h that cuda_queue.cc fills in.
int32_t MakeQueue(ingot_device_t *self, void **queue, ingot_status_t *status);
void FreeQueue(ingot_device_t *self, void *queue);
int32_t Launch(ingot_device_t *self, void *queue, void *kernel, const runtime::LaunchSize &size, void **parameters,
               ingot_status_t *status);
int32_t Copy(ingot_device_t *self, void *queue, runtime::CopyKind kind, void *to, const void *from, uint64_t bytes,
             ingot_status_t *status);
int32_t Wait(ingot_device_t *self, void *queue, ingot_status_t *status);
int32_t Clear(ingot_device_t *self, void *memory, uint64_t bytes, ingot_status_t *status);
int32_t BeginCapture(ingot_device_t *self, void *queue, ingot_status_t *status);
int32_t EndCapture(ingot_device_t *self, void *queue, void **graph, ingot_status_t *status);
int32_t Replay(ingot_device_t *self, void *queue, void *graph, ingot_status_t *status);
void FreeGraph(ingot_device_t *self, void *graph);
int32_t MakeEvent(ingot_device_t *self, void **event, ingot_status_t *status);
void FreeEvent(ingot_device_t *self, void *event);
int32_t Record(ingot_device_t *self, void *queue, void *event, ingot_status_t *status);
int32_t Elapsed(ingot_device_t *self, void *begin, void *end, uint64_t *nanoseconds, ingot_status_t *status);

}  // namespace ingot::cuda

#endif  // INGOT_RUNTIME_CUDA_CUDA_DEVICE_H_
