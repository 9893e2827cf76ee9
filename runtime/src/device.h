// A device other than the host, as the runtime uses it: one struct of calls, which a folder beside this one fills in
// (runtime/cuda). Memory of a device is known by addresses that only the device may follow. A program
// that opens no device holds little of it: runs and their start are reached through these pointers. Tests: tests/gpu/.
#ifndef INGOT_RUNTIME_SRC_DEVICE_H_
#define INGOT_RUNTIME_SRC_DEVICE_H_

#include "runtime/src/plan.h"

namespace ingot::runtime {

enum class CopyKind { kToDevice, kToHost, kOnDevice };

struct LaunchSize {
  uint32_t blocks, threads, shared_bytes;
};

// What belongs to a queue happens in order; `wait` returns when all of it has. Without a queue (NULL), a copy has
// happened when the call returns.
struct DeviceCalls {
  // INGOT_OK, or what has happened since which no call works. Memory that is allocated then is none, and not NULL.
  int32_t (*is_usable)(const ingot_device_t *device, ingot_status_t *status);
  // Whether kernels of this level run here.
  bool (*runs)(const ingot_device_t *device, const char *level);
  int32_t (*load)(ingot_device_t *device, const void *image, uint64_t bytes, void **module, ingot_status_t *status);
  void (*unload)(ingot_device_t *device, void *module);
  int32_t (*find)(ingot_device_t *device, void *module, const char *entry, uint32_t shared_bytes, void **kernel,
                  ingot_status_t *status);
  // One that waits for no other.
  int32_t (*make_queue)(ingot_device_t *device, void **queue, ingot_status_t *status);
  void (*free_queue)(ingot_device_t *device, void *queue);
  int32_t (*launch)(ingot_device_t *device, void *queue, void *kernel, const LaunchSize &size, void **parameters,
                    ingot_status_t *status);
  int32_t (*copy)(ingot_device_t *device, void *queue, CopyKind kind, void *to, const void *from, uint64_t bytes,
                  ingot_status_t *status);
  int32_t (*wait)(ingot_device_t *device, void *queue, ingot_status_t *status);
  // To zeros; done when it returns.
  int32_t (*clear)(ingot_device_t *device, void *memory, uint64_t bytes, ingot_status_t *status);
  // Memory of the device for what happens on this queue: it is given and taken in the queue's order, so that neither
  // waits. NULL when there is none.
  void *(*allocate)(ingot_device_t *device, void *queue, uint64_t bytes);
  void (*release)(ingot_device_t *device, void *queue, void *memory);
  // Whether all these bytes are its memory, as far as the driver tells.
  bool (*owns)(ingot_device_t *device, const void *memory, uint64_t bytes);
  // Memory of the host that the device reaches by itself: a queue's copies from and to it go on beside the caller. NULL
  // when there is none.
  void *(*allocate_host)(ingot_device_t *device, uint64_t bytes);
  void (*release_host)(ingot_device_t *device, void *memory);
  // Between the two, what is given to the queue is recorded and does not happen. The end always ends it; *graph is NULL
  // on failure.
  int32_t (*begin_capture)(ingot_device_t *device, void *queue, ingot_status_t *status);
  int32_t (*end_capture)(ingot_device_t *device, void *queue, void **graph, ingot_status_t *status);
  // All that was recorded, with the addresses and numbers of then.
  int32_t (*replay)(ingot_device_t *device, void *queue, void *graph, ingot_status_t *status);
  void (*free_graph)(ingot_device_t *device, void *graph);
  // A moment in the queue's order, and the time between two that have passed.
  int32_t (*make_event)(ingot_device_t *device, void **event, ingot_status_t *status);
  void (*free_event)(ingot_device_t *device, void *event);
  int32_t (*record)(ingot_device_t *device, void *queue, void *event, ingot_status_t *status);
  int32_t (*elapsed)(ingot_device_t *device, void *begin, void *end, uint64_t *nanoseconds, ingot_status_t *status);
  void (*free)(ingot_device_t *device);

  // Of the runtime itself, device_run.cc and device_program.cc.
  int32_t (*attach)(ingot_program_t *program, ingot_status_t *status);
  void (*detach)(ingot_program_t *program);
  int32_t (*start)(ingot_context_t *context, ingot_status_t *status);
  void (*stop)(ingot_context_t *context);
  int32_t (*run)(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_tensor_t *outputs,
                 ingot_status_t *status);
  int32_t (*begin_state)(ingot_state_t *state, uint32_t number, ingot_status_t *status);
  int32_t (*fetch)(ingot_context_t *context, uint32_t output, ingot_tensor_t *tensor, ingot_status_t *status);
};

// Between the memory of the program's data, which may be a device's, and of the host; done when it returns.
int32_t CopyData(const ingot_program_t *program, CopyKind kind, void *to, const void *from, uint64_t bytes,
                 ingot_status_t *status);

int32_t AttachToDevice(ingot_program_t *program, ingot_status_t *status);
void DetachFromDevice(ingot_program_t *program);
int32_t StartOnDevice(ingot_context_t *context, ingot_status_t *status);
void StopOnDevice(ingot_context_t *context);
int32_t RunOnDevice(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_tensor_t *outputs,
                    ingot_status_t *status);
// Writes what one state begins as.
int32_t BeginStateOnDevice(ingot_state_t *state, uint32_t number, ingot_status_t *status);
// Of a run that has ended well: an output, whose address in `tensor` is the device's, to the host.
int32_t FetchOutput(ingot_context_t *context, uint32_t output, ingot_tensor_t *tensor, ingot_status_t *status);

}  // namespace ingot::runtime

struct ingot_device {
  const ingot::runtime::DeviceCalls *calls;
  uint32_t kind;             // ingot_device_kind_t
  char name[64];             // "cuda:0"
  ingot_allocator_t memory;  // the device's
  bool has_graphs;           // runs may be captured
};

#endif  // INGOT_RUNTIME_SRC_DEVICE_H_
