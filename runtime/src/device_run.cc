// A run on a device: the caller's inputs are copied there, steps are started in order on the context's queue, outputs
// are copied back. What the host has to know of data meanwhile (a condition, a size) it waits for. Tests: tests/gpu/.
#include <inttypes.h>
#include <string.h>

#include "runtime/src/device.h"
#include "runtime/src/memory.h"
#include "runtime/src/run_block.h"
#include "runtime/src/state.h"

namespace ingot::runtime {
namespace {

// Operands, tiles, workspace and sizes of one kernel.
constexpr uint32_t kMaxParameters = 512;

int32_t GrowMemory(const ingot_allocator_t &allocator, Memory *memory, uint64_t bytes, const char *what,
                   ingot_status_t *status) {
  if (bytes <= memory->bytes || Replace(allocator, memory, bytes)) return INGOT_OK;
  return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory: %s need %" PRIu64 " bytes", what, bytes);
}

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
    int32_t code;
    if (step.kind == INGOT_STEP_COPY) {
      code = device->calls->copy(device, queue, CopyKind::kOnDevice, bound.buffers[1], bound.buffers[0],
                                 static_cast<uint64_t>(bound.tiles), status);
    } else {
      code = Launch(step, bound, status);
    }
    // Of a traced run every step is waited for, so that its time is its own.
    if (code == INGOT_OK && context->trace.step != nullptr) code = device->calls->wait(device, queue, status);
    return code == INGOT_OK ? code : NameStep(s, code, status);
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
    Memory *host = &context->on_device.host;
    int32_t code = GrowMemory(context->allocator, host, bytes, "sizes that a step finds", status);
    if (code == INGOT_OK)
      code =
          device->calls->copy(device, queue, CopyKind::kToHost, host->base, plan->steps[s].buffers[0], bytes, status);
    if (code == INGOT_OK) code = device->calls->wait(device, queue, status);
    return code == INGOT_OK ? code : NameStep(s, code, status);
  }

  int32_t Condition(uint32_t s, bool *holds, ingot_status_t *status) {
    int32_t code = Fetch(s, 1, status);
    if (code == INGOT_OK) *holds = *context->on_device.host.base != 0;
    return code;
  }

  int32_t Bind(uint32_t s, ingot_status_t *status) {
    const ingot_stage_t &stage = context->program->desc->stages[context->program->desc->steps[s].split - 1];
    int32_t code = Fetch(s, 8 * static_cast<uint64_t>(stage.end_symbol - stage.first_symbol), status);
    if (code != INGOT_OK) return code;
    return BindSizes(context, plan, s, reinterpret_cast<const int64_t *>(context->on_device.host.base), status);
  }

  void BeginTurn(uint32_t, uint32_t) {}

  void Trace(uint32_t s, uint64_t start) {
    context->trace.step(context->trace.self, s, NameOr(context->program->desc->steps[s].name, "?"), start,
                        NowNanoseconds());
  }
};

uint64_t BytesOf(const ingot_context_t *context, const ingot_io_t &io) {
  return static_cast<uint64_t>(context->current->sizes[context->program->desc->values[io.value].bytes]);
}

// Calls body(io, number, tensor's place in the context's memory) for inputs, then for outputs of a known size.
template <typename OnInput, typename OnOutput>
uint64_t ForIo(const ingot_context_t *context, OnInput on_input, OnOutput on_output) {
  const ingot_program_desc_t *desc = context->program->desc;
  uint64_t at = 0;
  auto place = [&](uint32_t i, const ingot_io_t &io, auto &body) {
    uint64_t bytes = BytesOf(context, io);
    body(i, at, bytes);
    at += AlignUp(bytes + 1);  // empty ones have an address, too
  };
  for (uint32_t i = 0; i < desc->num_inputs; ++i) place(i, desc->inputs[i], on_input);
  for (uint32_t i = 0; i < desc->num_outputs; ++i)
    if (!IsLate(desc, desc->outputs[i])) place(i, desc->outputs[i], on_output);
  return at;
}

// The device's copies of inputs and outputs into the table of pointers.
int32_t PlaceIo(ingot_context_t *context, ingot_status_t *status) {
  auto nothing = [](uint32_t, uint64_t, uint64_t) {};
  uint64_t bytes = ForIo(context, nothing, nothing);
  Memory *io = &context->on_device.io;
  int32_t code = GrowMemory(context->program->device->memory, io, bytes, "inputs and outputs on the device", status);
  if (code != INGOT_OK) return code;
  const ingot_program_t *program = context->program;
  void **buffers = context->current->buffers;
  auto place = [&](const Patch *patches, uint32_t count, uint32_t slot, uint64_t at) {
    for (uint32_t p = 0; p < count; ++p)
      if (patches[p].slot == slot) buffers[patches[p].buffer] = io->base + at;
  };
  ForIo(
      context,
      [&](uint32_t i, uint64_t at, uint64_t) { place(program->input_patches, program->num_input_patches, i, at); },
      [&](uint32_t i, uint64_t at, uint64_t) { place(program->output_patches, program->num_output_patches, i, at); });
  return INGOT_OK;
}

int32_t Execute(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_tensor_t *outputs,
                ingot_status_t *status) {
  ingot_device_t *device = context->program->device;
  void *queue = context->on_device.queue;
  char *io = context->on_device.io.base;
  int32_t code = INGOT_OK;
  auto nothing = [](uint32_t, uint64_t, uint64_t) {};
  ForIo(
      context,
      [&](uint32_t i, uint64_t at, uint64_t bytes) {
        if (code == INGOT_OK && bytes != 0)
          code = device->calls->copy(device, queue, CopyKind::kToDevice, io + at, inputs[i].data, bytes, status);
      },
      nothing);
  if (code != INGOT_OK) return code;
  DeviceMachine machine = {context, context->current, device, queue};
  uint32_t end = context->program->desc->num_steps;
  if (context->trace.step != nullptr) {
    code = device->calls->wait(device, queue, status);  // the inputs' time is not the first step's
    if (code == INGOT_OK) code = RunBlock<true>(machine, context, context->current, 0, end, status);
  } else {
    code = RunBlock<false>(machine, context, context->current, 0, end, status);
  }
  // After an error there may be no plan any more.
  if (code != INGOT_OK) return code;
  ForIo(context, nothing, [&](uint32_t i, uint64_t at, uint64_t bytes) {
    if (code == INGOT_OK && bytes != 0)
      code = device->calls->copy(device, queue, CopyKind::kToHost, outputs[i].data, io + at, bytes, status);
  });
  // Steps fail when they run, and what is behind them says so.
  return code == INGOT_OK ? code : Abandon(context, end, code);
}

}  // namespace

int32_t StartOnDevice(ingot_context_t *context, ingot_status_t *status) {
  ingot_device_t *device = context->program->device;
  return device->calls->make_queue(device, &context->on_device.queue, status);
}

void StopOnDevice(ingot_context_t *context) {
  ingot_device_t *device = context->program->device;
  DeviceContext *made = &context->on_device;
  // What is under way may use the memory that goes next.
  if (made->queue != nullptr) {
    device->calls->wait(device, made->queue, nullptr);
    device->calls->free_queue(device, made->queue);
  }
  Release(device->memory, made->io.base, made->io.bytes);
  Release(context->allocator, made->host.base, made->host.bytes);
  for (uint32_t i = 0; i < context->program->desc->num_outputs; ++i)
    Release(context->allocator, made->late_hosts[i].base, made->late_hosts[i].bytes);
}

// In memory of the host that lives as long as the context or until the next call for it.
int32_t FetchOutput(ingot_context_t *context, uint32_t output, ingot_tensor_t *tensor, ingot_status_t *status) {
  Memory *host = &context->on_device.late_hosts[output];
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
  int32_t code = PlaceIo(context, status);
  if (code == INGOT_OK) code = Execute(context, inputs, outputs, status);
  // A run that fails must not leave work that uses the caller's memory; the first error is the one to tell.
  int32_t waited = device->calls->wait(device, context->on_device.queue, code == INGOT_OK ? status : nullptr);
  if (code == INGOT_OK && waited != INGOT_OK) code = Abandon(context, context->program->desc->num_steps, waited);
  return code == INGOT_OK ? Succeed(status) : code;
}

}  // namespace ingot::runtime
