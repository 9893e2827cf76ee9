// What a context has on its program's device, and the parts of a run there: the places of inputs and outputs
// (device_io.cc), the steps (device_run.cc), and steps that are captured once and replayed (device_graph.cc), and
// their times (device_trace.cc).
// Tests: tests/gpu/launcher_test.cc, launcher_graph_test.cc.
#ifndef INGOT_RUNTIME_SRC_DEVICE_CONTEXT_H_
#define INGOT_RUNTIME_SRC_DEVICE_CONTEXT_H_

#include "runtime/src/device.h"

namespace ingot::runtime {

// Kernels read and write tensors in pieces of at most this many bytes, which begin at multiples of their size.
constexpr uint32_t kInPlaceAlignment = 16;

// What is made for a plan besides the plan itself. It belongs to the plan's place in the context, and `stamp` says
// whether it was made for the plan that stands there now.
struct DevicePlan {
  uint64_t stamp;     // of the plan's first epoch; 0: nothing is made
  uint64_t marking;   // the context's when `offsets` were found
  uint64_t *offsets;  // num_inputs + num_outputs: their places in the context's `io`
  uint64_t io_bytes;  // of all of them
  // The small ones come first, inputs before outputs, and have the same places in `staging`.
  uint64_t staged_inputs, staged;  // where these inputs end, and these outputs
  void **addresses;                // num_inputs + num_outputs + num_states: what the plan's table of pointers holds
  bool is_steady;                  // the last run used these addresses and ended well
  void *graph;                     // the steps with these addresses and this workspace, or NULL
  char *workspace;
};

// The times of steps that have not been told yet.
struct DeviceTrace {
  void **events;    // NULL until they are needed: a begin and an end for each step, and the origin
  uint32_t *steps;  // their numbers
  uint32_t count;
  uint64_t origin_ns;  // the host's time when the origin was
};

struct DeviceContext {
  uint64_t block_bytes;
  void *own_queue;
  void *queue;         // its own or the caller's
  DevicePlan *plans;   // as many as the context has
  bool is_fixed;       // what the steps do is known before a run
  bool uses_graphs;    // unless the caller does not want them, or the driver could not
  bool is_async;       // runs that can do so return before they have ended
  bool *in_place;      // num_inputs + num_outputs: the caller's tensor is memory of the device
  uint64_t marking;    // changes whenever `in_place` does
  DeviceTrace trace;   // of a context with a trace
  Memory io;           // inputs and outputs of a run
  Memory staging;      // of the host, pinned: small inputs and outputs side by side, for one copy
  Memory host;         // the same: what a BIND step reads, and conditions
  Memory *late_hosts;  // of the host, num_outputs: outputs that ingot_context_get_output has handed out
};

inline DevicePlan &PlanOnDevice(const ingot_context_t *context) {
  return context->on_device->plans[context->current - context->plans];
}

// Makes memory of the host that the device reaches by itself at least this large; the content may go.
int32_t GrowPinned(ingot_device_t *device, Memory *memory, uint64_t bytes, const char *what, ingot_status_t *status);
void FreePinned(ingot_device_t *device, Memory *memory);

// Gives inputs and outputs their places, or takes the caller's where they are on the device, and writes these and the
// states' addresses into the table of pointers, where they are not what they were.
int32_t PlaceIo(ingot_context_t *context, const ingot_tensor_t *inputs, const ingot_tensor_t *outputs,
                ingot_status_t *status);
int32_t SendInputs(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_status_t *status);
// Begins to copy the outputs. When the queue has done that, TakeOutputs brings those that are staged to the caller.
int32_t ReceiveOutputs(ingot_context_t *context, ingot_tensor_t *outputs, ingot_status_t *status);
void TakeOutputs(const ingot_context_t *context, ingot_tensor_t *outputs);

// Starts every step. What the host has to know meanwhile it waits for.
int32_t LaunchSteps(ingot_context_t *context, ingot_status_t *status);

// Whether the same steps run whatever the data are.
bool IsFixed(const ingot_program_t *program);
// Starts all steps at once where that is possible, and says whether it has. Nothing is started otherwise, unless it is
// an error.
int32_t ReplaySteps(ingot_context_t *context, bool *is_started, ingot_status_t *status);
void DropGraph(const ingot_context_t *context, DevicePlan *placed);

// Of a context with a trace (device_trace.cc): around each step, and around all of them. The context's hook is called
// when all steps have run, or when there are too many to remember.
constexpr uint32_t kTracedSteps = 256;
int32_t BeginTrace(ingot_context_t *context, ingot_status_t *status);
int32_t BeginStep(ingot_context_t *context, ingot_status_t *status);
int32_t EndStep(ingot_context_t *context, uint32_t s, ingot_status_t *status);
int32_t TellTrace(ingot_context_t *context, ingot_status_t *status);
void FreeTrace(const ingot_context_t *context);

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_DEVICE_CONTEXT_H_
