// Steps captured as one piece of work, which the device starts at once. That is possible where the same steps run
// whatever the data are. A captured step has its addresses, sizes and tiles in it: the piece is of use for as long as
// they stay. Tests: tests/gpu/launcher_graph_test.cc.
#include "runtime/src/device_context.h"
#include "runtime/src/run_block.h"

namespace ingot::runtime {
namespace {

// The steps are recorded, not run. NULL: it was not possible, and the queue is as it was.
void *Capture(ingot_context_t *context) {
  ingot_device_t *device = context->program->device;
  DeviceContext *on_device = context->on_device;
  // Not on a queue of the caller's, where others may wait and record.
  void *const queue = on_device->own_queue, *const used = on_device->queue;
  void *graph = nullptr;
  if (device->calls->begin_capture(device, queue, nullptr) != INGOT_OK) return nullptr;
  const bool has_torn_state = context->has_torn_state;
  on_device->queue = queue;
  int32_t code = LaunchSteps(context, nullptr);
  on_device->queue = used;
  context->has_torn_state = has_torn_state;  // nothing has run
  int32_t ended = device->calls->end_capture(device, queue, &graph, nullptr);
  if (code == INGOT_OK && ended == INGOT_OK) return graph;
  if (graph != nullptr) device->calls->free_graph(device, graph);
  return nullptr;
}

}  // namespace

bool IsFixed(const ingot_program_t *program) {
  if (program->num_epochs > 1) return false;
  for (uint32_t s = 0; s < program->desc->num_steps; ++s) {
    const uint32_t kind = program->desc->steps[s].kind;
    if (kind == INGOT_STEP_IF || kind == INGOT_STEP_WHILE) return false;
  }
  return true;
}

void DropGraph(const ingot_context_t *context, DevicePlan *placed) {
  ingot_device_t *device = context->program->device;
  if (placed->graph != nullptr) device->calls->free_graph(device, placed->graph);
  placed->graph = nullptr;
}

int32_t ReplaySteps(ingot_context_t *context, bool *is_started, ingot_status_t *status) {
  ingot_device_t *device = context->program->device;
  DeviceContext *on_device = context->on_device;
  DevicePlan *placed = &PlanOnDevice(context);
  *is_started = false;
  // A single step is not started any faster.
  if (!on_device->is_fixed || !on_device->uses_graphs || context->program->desc->num_steps < 2) return INGOT_OK;
  // Capturing costs more than a run: not for one that may be the only one of its kind. A trace is of single steps.
  if (!placed->is_steady || context->trace.step != nullptr) return INGOT_OK;
  if (placed->workspace != context->workspace.base) DropGraph(context, placed);
  if (placed->graph == nullptr) {
    placed->graph = Capture(context);
    placed->workspace = context->workspace.base;
    if (placed->graph == nullptr) on_device->uses_graphs = false;  // it would not be otherwise the next time
  }
  if (placed->graph == nullptr) return INGOT_OK;
  *is_started = true;
  int32_t code = device->calls->replay(device, on_device->queue, placed->graph, status);
  return code == INGOT_OK ? code : Abandon(context, context->program->desc->num_steps, code);
}

}  // namespace ingot::runtime
