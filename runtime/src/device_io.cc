// Inputs and outputs of a run on a device: where they lie there, and the copies from and to the caller's memory. Places
// are found once for a plan; a run whose addresses are those of the last one only compares them. Tests:
// tests/gpu/launcher_test.cc.
#include <inttypes.h>
#include <string.h>

#include "runtime/src/device_context.h"
#include "runtime/src/memory.h"
#include "runtime/src/shapes.h"
#include "runtime/src/state.h"

namespace ingot::runtime {
namespace {

// Of an output whose size the run finds, and of what the caller has on the device.
constexpr uint64_t kNoPlace = UINT64_MAX;
// What is no larger is copied to pinned memory and travels with the others: a call of the driver costs more than the
// copy. For more than that the driver has pinned memory of its own, and copies beside the transfer. Not measured.
constexpr uint64_t kMostStaged = uint64_t{256} << 10;

uint64_t BytesOf(const ingot_context_t *context, const ingot_io_t &io) {
  return static_cast<uint64_t>(context->current->sizes[context->program->desc->values[io.value].bytes]);
}

const ingot_io_t &IoAt(const ingot_program_desc_t *desc, uint32_t i) {
  return i < desc->num_inputs ? desc->inputs[i] : desc->outputs[i - desc->num_inputs];
}

void FindPlaces(const ingot_context_t *context, DevicePlan *placed) {
  const ingot_program_desc_t *desc = context->program->desc;
  const uint32_t num_io = desc->num_inputs + desc->num_outputs;
  uint64_t at = 0;
  auto place = [&](uint32_t begin, uint32_t end, bool is_staged) {
    for (uint32_t i = begin; i < end; ++i) {
      const ingot_io_t &io = IoAt(desc, i);
      if (context->on_device->in_place[i] || (i >= desc->num_inputs && IsLate(desc, io))) {
        placed->offsets[i] = kNoPlace;
        continue;
      }
      uint64_t bytes = BytesOf(context, io);
      if ((bytes <= kMostStaged) != is_staged) continue;
      placed->offsets[i] = at;
      at += AlignUp(bytes + 1);  // empty ones have an address, too
    }
  };
  place(0, desc->num_inputs, true);
  placed->staged_inputs = at;
  place(desc->num_inputs, num_io, true);
  placed->staged = at;
  place(0, num_io, false);
  placed->io_bytes = at;
}

// Of a tensor that the caller has on the device.
int32_t CheckInPlace(const ingot_context_t *context, uint32_t i, const ingot_tensor_t &tensor, uint64_t bytes,
                     ingot_status_t *status) {
  const ingot_program_desc_t *desc = context->program->desc;
  ingot_device_t *device = context->program->device;
  const char *kind = i < desc->num_inputs ? "input" : "output", *name = IoAt(desc, i).name;
  if (reinterpret_cast<uintptr_t>(tensor.data) % kInPlaceAlignment != 0)
    return Fail(status, INGOT_INVALID_ARGUMENT,
                "%s '%s' is at %p: memory of the GPU that is used in place begins at a multiple of %u bytes", kind,
                name, tensor.data, kInPlaceAlignment);
  if (device->calls->owns(device, tensor.data, bytes)) return INGOT_OK;
  return Fail(status, INGOT_INVALID_ARGUMENT,
              "%s '%s' is said to be on the GPU, but the %" PRIu64
              " bytes at %p are no memory of %s: allocate them there, or do not mark the %s",
              kind, name, bytes, tensor.data, device->name, kind);
}

// `changes`: whether any address is another one now.
int32_t FindAddresses(const ingot_context_t *context, DevicePlan *placed, const ingot_tensor_t *inputs,
                      const ingot_tensor_t *outputs, bool *changes, ingot_status_t *status) {
  const ingot_program_t *program = context->program;
  const uint32_t num_inputs = program->desc->num_inputs, num_io = num_inputs + program->desc->num_outputs;
  char *base = context->on_device->io.base;
  for (uint32_t i = 0; i < num_io + program->desc->num_states; ++i) {
    void *address = nullptr;
    if (i >= num_io) {
      address = context->state->variables[i - num_io].data;
    } else if (context->on_device->in_place[i]) {
      const ingot_tensor_t &tensor = i < num_inputs ? inputs[i] : outputs[i - num_inputs];
      const uint64_t bytes = BytesOf(context, IoAt(program->desc, i));
      address = bytes == 0 ? program->on_device.empty_value : tensor.data;
      if (bytes != 0 && (*changes || address != placed->addresses[i])) {
        int32_t code = CheckInPlace(context, i, tensor, bytes, status);
        if (code != INGOT_OK) return code;
      }
    } else if (placed->offsets[i] != kNoPlace) {
      address = base + placed->offsets[i];
    }
    if (placed->addresses[i] == address) continue;
    placed->addresses[i] = address;
    placed->stamp = 0;  // until all of them are written
    *changes = true;
  }
  return INGOT_OK;
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

int32_t GrowIo(ingot_context_t *context, uint64_t bytes, ingot_status_t *status) {
  const ingot_allocator_t &allocator = context->data_allocator;
  Memory *io = &context->on_device->io;
  // With room, as the arena: see Room in plan.cc.
  if (bytes <= io->bytes || Replace(allocator, io, bytes + bytes / 4) || Replace(allocator, io, bytes)) return INGOT_OK;
  return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory on %s: inputs and outputs need %" PRIu64 " bytes",
              context->program->device->name, bytes);
}

}  // namespace

int32_t GrowPinned(ingot_device_t *device, Memory *memory, uint64_t bytes, const char *what, ingot_status_t *status) {
  if (bytes <= memory->bytes) return INGOT_OK;
  bytes += bytes / 4;  // it is dear to make, and small
  FreePinned(device, memory);
  memory->base = static_cast<char *>(device->calls->allocate_host(device, bytes));
  if (memory->base == nullptr) {
    int32_t code = device->calls->is_usable(device, status);
    return code != INGOT_OK ? code
                            : Fail(status, INGOT_OUT_OF_MEMORY,
                                   "out of pinned memory of the host: %s need %" PRIu64 " bytes", what, bytes);
  }
  memory->bytes = bytes;
  return INGOT_OK;
}

void FreePinned(ingot_device_t *device, Memory *memory) {
  if (memory->base != nullptr) device->calls->release_host(device, memory->base);
  *memory = {};
}

int32_t PlaceIo(ingot_context_t *context, const ingot_tensor_t *inputs, const ingot_tensor_t *outputs,
                ingot_status_t *status) {
  DevicePlan *placed = &PlanOnDevice(context);
  const uint64_t stamp = context->current->epochs[0].stamp;  // of what has written the table of pointers
  bool is_new = placed->stamp != stamp || placed->marking != context->on_device->marking;
  if (is_new) {
    placed->stamp = 0;
    placed->marking = context->on_device->marking;
    FindPlaces(context, placed);
  }
  int32_t code = GrowIo(context, placed->io_bytes, status);
  if (code == INGOT_OK)
    code = GrowPinned(context->program->device, &context->on_device->staging, placed->staged,
                      "small inputs and outputs", status);
  if (code == INGOT_OK) code = FindAddresses(context, placed, inputs, outputs, &is_new, status);
  if (code != INGOT_OK || !is_new) return code;
  placed->is_steady = false;
  DropGraph(context, placed);
  WriteAddresses(context, *placed);
  placed->stamp = stamp;
  return INGOT_OK;
}

int32_t SendInputs(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_status_t *status) {
  const ingot_program_desc_t *desc = context->program->desc;
  ingot_device_t *device = context->program->device;
  void *queue = context->on_device->queue;
  char *staging = context->on_device->staging.base, *io = context->on_device->io.base;
  const DevicePlan &placed = PlanOnDevice(context);
  int32_t code = INGOT_OK;
  for (uint32_t i = 0; i < desc->num_inputs && code == INGOT_OK; ++i) {
    uint64_t bytes = BytesOf(context, desc->inputs[i]), at = placed.offsets[i];
    if (bytes == 0 || at == kNoPlace) continue;
    if (at < placed.staged)
      memcpy(staging + at, inputs[i].data, bytes);
    else
      code = device->calls->copy(device, queue, CopyKind::kToDevice, io + at, inputs[i].data, bytes, status);
  }
  if (code == INGOT_OK && placed.staged_inputs != 0)
    code = device->calls->copy(device, queue, CopyKind::kToDevice, io, staging, placed.staged_inputs, status);
  return code;
}

int32_t ReceiveOutputs(ingot_context_t *context, ingot_tensor_t *outputs, ingot_status_t *status) {
  const ingot_program_desc_t *desc = context->program->desc;
  ingot_device_t *device = context->program->device;
  void *queue = context->on_device->queue;
  char *staging = context->on_device->staging.base, *io = context->on_device->io.base;
  const DevicePlan &placed = PlanOnDevice(context);
  const uint64_t begin = placed.staged_inputs;
  int32_t code = INGOT_OK;
  if (placed.staged != begin)
    code = device->calls->copy(device, queue, CopyKind::kToHost, staging + begin, io + begin, placed.staged - begin,
                               status);
  for (uint32_t i = 0; i < desc->num_outputs && code == INGOT_OK; ++i) {
    const uint64_t at = placed.offsets[desc->num_inputs + i];
    if (at < placed.staged || at == kNoPlace) continue;
    code = device->calls->copy(device, queue, CopyKind::kToHost, outputs[i].data, io + at,
                               BytesOf(context, desc->outputs[i]), status);
  }
  return code;
}

void TakeOutputs(const ingot_context_t *context, ingot_tensor_t *outputs) {
  const ingot_program_desc_t *desc = context->program->desc;
  const DevicePlan &placed = PlanOnDevice(context);
  for (uint32_t i = 0; i < desc->num_outputs; ++i) {
    const uint64_t at = placed.offsets[desc->num_inputs + i];
    uint64_t bytes = at < placed.staged ? BytesOf(context, desc->outputs[i]) : 0;
    if (bytes != 0) memcpy(outputs[i].data, context->on_device->staging.base + at, bytes);
  }
}

}  // namespace ingot::runtime
