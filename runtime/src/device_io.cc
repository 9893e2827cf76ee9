// Inputs and outputs of a run on a device: where they lie there, and the copies from and to the caller's memory. Places
// are found once for a plan; a run whose addresses are those of the last one only compares them. Tests:
// tests/gpu/launcher_test.cc.
#include <inttypes.h>

#include "runtime/src/device_context.h"
#include "runtime/src/memory.h"
#include "runtime/src/shapes.h"
#include "runtime/src/state.h"

namespace ingot::runtime {
namespace {

constexpr uint64_t kNoPlace = UINT64_MAX;  // of an output whose size the run finds

uint64_t BytesOf(const ingot_context_t *context, const ingot_io_t &io) {
  return static_cast<uint64_t>(context->current->sizes[context->program->desc->values[io.value].bytes]);
}

void FindPlaces(const ingot_context_t *context, DevicePlan *placed) {
  const ingot_program_desc_t *desc = context->program->desc;
  uint64_t at = 0;
  for (uint32_t i = 0; i < desc->num_inputs + desc->num_outputs; ++i) {
    const ingot_io_t &io = i < desc->num_inputs ? desc->inputs[i] : desc->outputs[i - desc->num_inputs];
    placed->offsets[i] = kNoPlace;
    if (i >= desc->num_inputs && IsLate(desc, io)) continue;
    placed->offsets[i] = at;
    at += AlignUp(BytesOf(context, io) + 1);  // empty ones have an address, too
  }
  placed->io_bytes = at;
}

// Whether any address is another one now.
bool FindAddresses(const ingot_context_t *context, DevicePlan *placed) {
  const ingot_program_desc_t *desc = context->program->desc;
  const uint32_t num_io = desc->num_inputs + desc->num_outputs;
  char *base = context->on_device->io.base;
  bool changes = false;
  for (uint32_t i = 0; i < num_io + desc->num_states; ++i) {
    void *address = i >= num_io                      ? context->state->variables[i - num_io].data
                    : placed->offsets[i] == kNoPlace ? nullptr
                                                     : base + placed->offsets[i];
    changes |= placed->addresses[i] != address;
    placed->addresses[i] = address;
  }
  return changes;
}

void WriteAddresses(const ingot_context_t *context, const DevicePlan &placed) {
  const ingot_program_t *program = context->program;
  const ingot_program_desc_t *desc = program->desc;
  void **buffers = context->current->buffers;
  auto write = [&](const Patch *patches, uint32_t count, void *const *addresses) {
    for (uint32_t p = 0; p < count; ++p) buffers[patches[p].buffer] = addresses[patches[p].slot];
  };
  write(program->input_patches, program->num_input_patches, placed.addresses);
  write(program->output_patches, program->num_output_patches, placed.addresses + desc->num_inputs);
  write(program->state_patches, program->num_state_patches, placed.addresses + desc->num_inputs + desc->num_outputs);
}

}  // namespace

int32_t GrowMemory(const ingot_allocator_t &allocator, Memory *memory, uint64_t bytes, const char *what,
                   ingot_status_t *status) {
  if (bytes <= memory->bytes || Replace(allocator, memory, bytes)) return INGOT_OK;
  return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory: %s need %" PRIu64 " bytes", what, bytes);
}

int32_t PlaceIo(ingot_context_t *context, ingot_status_t *status) {
  DevicePlan *placed = &PlanOnDevice(context);
  const uint64_t stamp = context->current->epochs[0].stamp;  // of what has written the table of pointers
  bool is_new = placed->stamp != stamp;
  if (is_new) {
    placed->stamp = 0;
    FindPlaces(context, placed);
  }
  int32_t code = GrowMemory(context->data_allocator, &context->on_device->io, placed->io_bytes,
                            "inputs and outputs on the device", status);
  if (code != INGOT_OK) return code;
  is_new |= FindAddresses(context, placed);
  if (!is_new) return INGOT_OK;
  placed->is_steady = false;
  DropGraph(context, placed);
  WriteAddresses(context, *placed);
  placed->stamp = stamp;
  return INGOT_OK;
}

int32_t SendInputs(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_status_t *status) {
  const ingot_program_desc_t *desc = context->program->desc;
  ingot_device_t *device = context->program->device;
  const DevicePlan &placed = PlanOnDevice(context);
  int32_t code = INGOT_OK;
  for (uint32_t i = 0; i < desc->num_inputs && code == INGOT_OK; ++i) {
    uint64_t bytes = BytesOf(context, desc->inputs[i]);
    if (bytes != 0)
      code = device->calls->copy(device, context->on_device->queue, CopyKind::kToDevice, placed.addresses[i],
                                 inputs[i].data, bytes, status);
  }
  return code;
}

int32_t ReceiveOutputs(ingot_context_t *context, ingot_tensor_t *outputs, ingot_status_t *status) {
  const ingot_program_desc_t *desc = context->program->desc;
  ingot_device_t *device = context->program->device;
  const DevicePlan &placed = PlanOnDevice(context);
  int32_t code = INGOT_OK;
  for (uint32_t i = 0; i < desc->num_outputs && code == INGOT_OK; ++i) {
    const uint32_t place = desc->num_inputs + i;
    uint64_t bytes = placed.offsets[place] == kNoPlace ? 0 : BytesOf(context, desc->outputs[i]);
    if (bytes != 0)
      code = device->calls->copy(device, context->on_device->queue, CopyKind::kToHost, outputs[i].data,
                                 placed.addresses[place], bytes, status);
  }
  return code;
}

}  // namespace ingot::runtime
