// A run on a device: the caller's inputs are copied there (device_io.cc), steps are started in order on the context's
// queue, one by one or all at once (device_graph.cc), outputs are copied back. What the host has to know of data
// meanwhile (a condition, a size) it waits for. Tests: tests/gpu/launcher_test.cc.
#include <inttypes.h>
#include <string.h>

#include "runtime/src/device_context.h"
#include "runtime/src/memory.h"
#include "runtime/src/run_block.h"

namespace ingot::runtime {
namespace {

// Operands, tiles, workspace and sizes of one kernel.
constexpr uint32_t kMaxParameters = 512;

struct DeviceMachine {
  ingot_context_t *context;
  Plan *plan;
  ingot_device_t *device;
  void *queue;

  int32_t Step(uint32_t s, ingot_status_t *status) {
    const ingot_program_t *program = context->program;
    const ingot_step_t &step = program->desc->steps[s];
    const BoundStep &bound = plan->steps[s];
    if (bound.tiles == 0) return INGOT_OK;
    const bool is_traced = context->trace.step != nullptr;
    int32_t code = is_traced ? BeginStep(context, status) : INGOT_OK;
    if (code == INGOT_OK) code = step.kind == INGOT_STEP_COPY ? Copy(bound, status) : Launch(step, bound, status);
    if (code == INGOT_OK && is_traced) code = EndStep(context, s, status);
    return code == INGOT_OK ? code : NameStep(s, code, status);
  }

  int32_t Copy(const BoundStep &bound, ingot_status_t *status) {
    return device->calls->copy(device, queue, CopyKind::kOnDevice, bound.buffers[1], bound.buffers[0],
                               static_cast<uint64_t>(bound.tiles), status);
  }

  int32_t Launch(const ingot_step_t &step, const BoundStep &bound, ingot_status_t *status) {
    const DeviceProgram &on_device = context->program->on_device;
    const ingot_device_kernel_t &kernel = on_device.variant->kernels[step.kernel];
    void *parameters[kMaxParameters];
    uint32_t count = 0;
    if (uint64_t{step.num_operands} + kernel.num_sizes + 2 > kMaxParameters)
      return Fail(status, INGOT_INTERNAL, "kernel %s has too many parameters", NameOr(kernel.entry, "?"));
    for (uint32_t o = 0; o < step.num_operands; ++o) parameters[count++] = &bound.buffers[o];
    int64_t tiles = bound.tiles;
    parameters[count++] = &tiles;
    parameters[count++] = &context->workspace.base;
    for (uint32_t i = 0; i < kernel.num_sizes; ++i) parameters[count++] = &plan->sizes[kernel.sizes[i]];
    LaunchSize size = {static_cast<uint32_t>(bound.chunk), kernel.threads, kernel.shared_bytes};
    return device->calls->launch(device, queue, on_device.kernels[step.kernel], size, parameters, status);
  }

  // The step in front of what the device says.
  int32_t NameStep(uint32_t s, int32_t code, ingot_status_t *status) {
    if (status == nullptr) return code;
    ingot_status_t said = *status;
    return Fail(status, code, "step %" PRIu32 " (%s): %s", s, NameOr(context->program->desc->steps[s].name, "?"),
                said.message);
  }

  // The first bytes of a step's operand, in memory of the host.
  int32_t Fetch(uint32_t s, uint64_t bytes, ingot_status_t *status) {
    Memory *host = &context->on_device->host;
    int32_t code = GrowPinned(device, host, bytes, "sizes that a step finds", status);
    if (code == INGOT_OK)
      code =
          device->calls->copy(device, queue, CopyKind::kToHost, host->base, plan->steps[s].buffers[0], bytes, status);
    if (code == INGOT_OK) code = device->calls->wait(device, queue, status);
    return code == INGOT_OK ? code : NameStep(s, code, status);
  }

  int32_t Condition(uint32_t s, bool *holds, ingot_status_t *status) {
    int32_t code = Fetch(s, 1, status);
    if (code == INGOT_OK) *holds = *context->on_device->host.base != 0;
    return code;
  }

  int32_t Bind(uint32_t s, ingot_status_t *status) {
    const ingot_stage_t &stage = context->program->desc->stages[context->program->desc->steps[s].split - 1];
    int32_t code = Fetch(s, 8 * static_cast<uint64_t>(stage.end_symbol - stage.first_symbol), status);
    if (code != INGOT_OK) return code;
    return BindSizes(context, plan, s, reinterpret_cast<const int64_t *>(context->on_device->host.base), status);
  }

  void BeginTurn(uint32_t, uint32_t) {}
  void Trace(uint32_t, uint64_t) {}  // the device's times are told when they are known
};

// In one block, as the context itself.
DeviceContext *Carve(const ingot_context_t *context, Carver *carver) {
  const ingot_program_desc_t *desc = context->program->desc;
  const uint64_t num_io = uint64_t{desc->num_inputs} + desc->num_outputs;
  auto *made = carver->Take<DeviceContext>(1);
  auto *plans = carver->Take<DevicePlan>(context->num_plans);
  auto *late_hosts = carver->Take<Memory>(desc->num_outputs);
  auto *in_place = carver->Take<bool>(num_io);
  const uint32_t num_traced = context->trace.step != nullptr ? kTracedSteps : 0;
  auto **events = carver->Take<void *>(num_traced == 0 ? 0 : 2 * num_traced + 1);
  auto *steps = carver->Take<uint32_t>(num_traced);
  for (uint32_t p = 0; p < context->num_plans; ++p) {
    auto *offsets = carver->Take<uint64_t>(num_io);
    auto *addresses = carver->Take<void *>(num_io + desc->num_states);
    if (made == nullptr) continue;
    plans[p] = {};
    plans[p].offsets = offsets;
    plans[p].addresses = addresses;
  }
  if (made == nullptr) return nullptr;
  *made = {};
  made->plans = plans;
  made->late_hosts = late_hosts;
  made->in_place = in_place;
  if (num_traced != 0) {
    made->trace = {events, steps, 0, 0};
    memset(events, 0, (2 * num_traced + 1) * sizeof(*events));
  }
  for (uint32_t i = 0; i < num_io; ++i) in_place[i] = false;
  for (uint32_t i = 0; i < desc->num_outputs; ++i) late_hosts[i] = {};
  return made;
}

void *AllocateInOrder(void *self, size_t bytes, size_t) {
  auto *context = static_cast<ingot_context_t *>(self);
  ingot_device_t *device = context->program->device;
  return device->calls->allocate(device, context->on_device->queue, bytes);
}

void ReleaseInOrder(void *self, void *memory, size_t) {
  auto *context = static_cast<ingot_context_t *>(self);
  ingot_device_t *device = context->program->device;
  device->calls->release(device, context->on_device->queue, memory);
}

void FreeData(ingot_context_t *context, Memory *memory) {
  Release(context->data_allocator, memory->base, memory->bytes);
  *memory = {};
}

}  // namespace

int32_t LaunchSteps(ingot_context_t *context, ingot_status_t *status) {
  ingot_device_t *device = context->program->device;
  void *queue = context->on_device->queue;
  DeviceMachine machine = {context, context->current, device, queue};
  uint32_t end = context->program->desc->num_steps;
  const bool is_traced = context->trace.step != nullptr;
  int32_t code = is_traced ? BeginTrace(context, status) : INGOT_OK;
  if (code != INGOT_OK) return code;
  code = RunBlock<false>(machine, context, context->current, 0, end, status);
  if (code != INGOT_OK || !is_traced) return code;
  code = TellTrace(context, status);
  return code == INGOT_OK ? code : Abandon(context, end, code);
}

int32_t StartOnDevice(ingot_context_t *context, ingot_status_t *status) {
  ingot_device_t *device = context->program->device;
  Carver measure{nullptr};
  Carve(context, &measure);
  Carver carver{static_cast<char *>(Allocate(context->allocator, measure.used))};
  if (carver.base == nullptr)
    return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory: a context of program '%s' needs %" PRIu64 " bytes",
                context->program->desc->name, measure.used);
  DeviceContext *made = Carve(context, &carver);
  made->block_bytes = measure.used;
  made->is_fixed = IsFixed(context->program);
  made->uses_graphs = device->has_graphs;
  context->on_device = made;
  context->data_allocator = {AllocateInOrder, ReleaseInOrder, context};
  int32_t code = device->calls->make_queue(device, &made->own_queue, status);
  made->queue = made->own_queue;
  return code;
}

void StopOnDevice(ingot_context_t *context) {
  ingot_device_t *device = context->program->device;
  DeviceContext *made = context->on_device;
  if (made == nullptr) return;
  // What is under way may use the memory that goes next.
  if (made->queue != nullptr) device->calls->wait(device, made->queue, nullptr);
  for (uint32_t p = 0; p < context->num_plans; ++p) DropGraph(context, &made->plans[p]);
  FreeData(context, &made->io);
  FreeData(context, &context->arena);
  FreeData(context, &context->workspace);
  for (uint32_t e = 1; e < context->program->num_epochs; ++e) FreeData(context, &context->later[e].memory);
  if (made->own_queue != nullptr) device->calls->free_queue(device, made->own_queue);
  FreeTrace(context);
  FreePinned(device, &made->host);
  FreePinned(device, &made->staging);
  for (uint32_t i = 0; i < context->program->desc->num_outputs; ++i)
    Release(context->allocator, made->late_hosts[i].base, made->late_hosts[i].bytes);
  Release(context->allocator, made, made->block_bytes);
}

// In memory of the host that lives as long as the context or until the next call for it.
int32_t FetchOutput(ingot_context_t *context, uint32_t output, ingot_tensor_t *tensor, ingot_status_t *status) {
  Memory *host = &context->on_device->late_hosts[output];
  uint64_t bytes = tensor->bytes == 0 ? 1 : tensor->bytes;
  const void *from = tensor->data;
  tensor->data = nullptr;
  if (bytes > host->bytes && !Replace(context->allocator, host, bytes))
    return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory: an output needs %" PRIu64 " bytes", bytes);
  int32_t code = CopyData(context->program, CopyKind::kToHost, host->base, from, tensor->bytes, status);
  tensor->data = host->base;
  return code == INGOT_OK ? Succeed(status) : code;
}

int32_t RunOnDevice(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_tensor_t *outputs,
                    ingot_status_t *status) {
  ingot_device_t *device = context->program->device;
  const uint32_t num_steps = context->program->desc->num_steps;
  int32_t code = device->calls->is_usable(device, status);
  if (code == INGOT_OK) code = PlaceIo(context, inputs, outputs, status);
  if (code == INGOT_OK) code = SendInputs(context, inputs, status);
  bool is_started = false;
  if (code == INGOT_OK) code = ReplaySteps(context, &is_started, status);
  if (code == INGOT_OK && !is_started) code = LaunchSteps(context, status);
  if (code == INGOT_OK) {
    code = ReceiveOutputs(context, outputs, status);
    // Steps fail when they run, and what is behind them says so.
    if (code != INGOT_OK) Abandon(context, num_steps, code);
  }
  const DeviceContext &on_device = *context->on_device;
  const bool waits = !on_device.is_async || !on_device.is_fixed || context->trace.step != nullptr;
  // A run that fails must not leave work that uses the caller's memory; the first error is the one to tell.
  if (code != INGOT_OK) {
    device->calls->wait(device, on_device.queue, nullptr);
  } else if (waits) {
    code = device->calls->wait(device, on_device.queue, status);
    if (code != INGOT_OK) Abandon(context, num_steps, code);
  }
  if (code == INGOT_OK) TakeOutputs(context, outputs);
  // After an error there may be no plan any more.
  if (context->current != nullptr) PlanOnDevice(context).is_steady = code == INGOT_OK;
  return code == INGOT_OK ? Succeed(status) : code;
}

}  // namespace ingot::runtime
