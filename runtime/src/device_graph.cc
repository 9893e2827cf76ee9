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
  void *queue = context->on_device->queue, *graph = nullptr;
  if (device->calls->begin_capture(device, queue, nullptr) != INGOT_OK) return nullptr;
  bool has_torn_state = context->has_torn_state;
  int32_t code = LaunchSteps(context, nullptr);
  context->has_torn_state = has_torn_state;  // nothing has run
  int32_t ended = device->calls->end_capture(device, queue, &graph, nullptr);
  if (code == INGOT_OK && ended == INGOT_OK) return graph;
  if (graph != nullptr) device->calls->free_graph(device, graph);
  return nullptr;
}

}  // namespace

bool MayCapture(const ingot_context_t *context) {
  const ingot_program_desc_t *desc = context->program->desc;
  if (context->program->num_epochs > 1 || context->trace.step != nullptr) return false;
  for (uint32_t s = 0; s < desc->num_steps; ++s)
    if (desc->steps[s].kind == INGOT_STEP_IF || desc->steps[s].kind == INGOT_STEP_WHILE) return false;
  return desc->num_steps > 1;  // one is not started any faster
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
  // Capturing costs more than a run: not for one that may be the only one of its kind.
  if (!on_device->may_capture || !on_device->uses_graphs || !placed->is_steady) return INGOT_OK;
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
