// Loading a program's kernels and weights onto its device, and what its states begin as there. Tests: tests/gpu/.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/src/device.h"
#include "runtime/src/memory.h"
#include "runtime/src/state.h"

namespace ingot::runtime {
namespace {

constexpr uint32_t kMaxThreads = 1024;  // of a block

// What validate.cc does for the host's variants, where a device is going to read them.
struct Validator {
  const ingot_program_desc_t *desc;
  ingot_status_t *status;

  int32_t Bad(const char *table, uint32_t index, const char *what) const {
    return Fail(status, INGOT_FAILED_PRECONDITION, "program '%s' is malformed: %s %" PRIu32 " %s; compile it again",
                desc->name, table, index, what);
  }
  bool SizeOk(uint32_t size) const { return size < desc->num_sizes; }

  int32_t Variants() const {
    if (desc->num_device_variants == 0) return INGOT_OK;
    if (desc->struct_size < sizeof(ingot_program_desc_t) || desc->device_variants == nullptr)
      return Bad("number of device variants", desc->num_device_variants, "has no table");
    for (uint32_t i = 0; i < desc->num_device_variants; ++i) {
      const ingot_device_variant_t &variant = desc->device_variants[i];
      if (variant.level == nullptr) return Bad("device variant", i, "has no level");
      if (desc->num_kernels != 0 && (variant.kernels == nullptr || variant.image == nullptr))
        return Bad("device variant", i, "has no kernels");
      for (uint32_t k = 0; k < desc->num_kernels; ++k) {
        int32_t code = Kernel(variant.kernels[k], k);
        if (code != INGOT_OK) return code;
      }
    }
    return INGOT_OK;
  }

  int32_t Kernel(const ingot_device_kernel_t &kernel, uint32_t k) const {
    if (kernel.entry == nullptr || kernel.threads == 0 || kernel.threads > kMaxThreads || kernel.tiles_per_block == 0)
      return Bad("device kernel", k, "cannot be started");
    if (!SizeOk(kernel.tiles) || (kernel.workspace != INGOT_NONE && !SizeOk(kernel.workspace)))
      return Bad("device kernel", k, "has tiles or a workspace outside the size table");
    if (kernel.num_sizes != 0 && kernel.sizes == nullptr) return Bad("device kernel", k, "has no sizes");
    for (uint32_t s = 0; s < kernel.num_sizes; ++s)
      if (!SizeOk(kernel.sizes[s])) return Bad("device kernel", k, "has a parameter outside the size table");
    return INGOT_OK;
  }
};

// The best variant that the device runs.
int32_t SelectDeviceVariant(const ingot_program_t *program, const ingot_device_variant_t **variant,
                            ingot_status_t *status) {
  const ingot_program_desc_t *desc = program->desc;
  const ingot_device_t *device = program->device;
  Text levels;
  for (uint32_t i = 0; i < desc->num_device_variants; ++i) {
    const ingot_device_variant_t *candidate = &desc->device_variants[i];
    if (candidate->device != device->kind) continue;
    if (device->calls->runs(device, candidate->level)) {
      *variant = candidate;
      return INGOT_OK;
    }
    levels.Append("%s%s", levels.used == 0 ? "" : ", ", candidate->level);
  }
  if (levels.used == 0) {
    return Fail(status, INGOT_FAILED_PRECONDITION,
                "program '%s' has no code for the device %s: compile it with --target=cuda", desc->name, device->name);
  }
  return Fail(status, INGOT_FAILED_PRECONDITION,
              "program '%s' has code for %s, which does not run on the device %s: compile it for another --target",
              desc->name, levels.data, device->name);
}

int32_t LoadKernels(ingot_program_t *program, ingot_status_t *status) {
  ingot_device_t *device = program->device;
  DeviceProgram *made = &program->on_device;
  const ingot_device_variant_t *variant = made->variant;
  uint32_t count = program->desc->num_kernels;
  made->kernels = static_cast<void **>(calloc(count == 0 ? 1 : count, sizeof(void *)));
  if (made->kernels == nullptr)
    return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory while loading program '%s'", program->desc->name);
  if (count == 0) return INGOT_OK;
  int32_t code = device->calls->load(device, variant->image, variant->image_bytes, &made->module, status);
  for (uint32_t k = 0; k < count && code == INGOT_OK; ++k) {
    const ingot_device_kernel_t &kernel = variant->kernels[k];
    code = device->calls->find(device, made->module, kernel.entry, kernel.shared_bytes, &made->kernels[k], status);
  }
  return code;
}

// Of the weights, and of some zeros behind them.
uint64_t PlacedBytes(const ingot_program_desc_t *desc) { return AlignUp(desc->weights_size) + INGOT_ALIGNMENT; }

// Once, for all contexts.
int32_t UploadWeights(ingot_program_t *program, ingot_status_t *status) {
  const ingot_program_desc_t *desc = program->desc;
  ingot_device_t *device = program->device;
  program->on_device.weights = static_cast<char *>(Allocate(device->memory, PlacedBytes(desc)));
  if (program->on_device.weights == nullptr) {
    return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory on %s: the weights of program '%s' need %" PRIu64 " bytes",
                device->name, desc->name, desc->weights_size);
  }
  program->on_device.empty_value = program->on_device.weights + PlacedBytes(desc) - INGOT_ALIGNMENT;
  int32_t code =
      CopyData(program, CopyKind::kToDevice, program->on_device.weights, program->weights, desc->weights_size, status);
  if (code != INGOT_OK) return code;
  return device->calls->clear(device, program->on_device.empty_value, INGOT_ALIGNMENT, status);
}

}  // namespace

int32_t AttachToDevice(ingot_program_t *program, ingot_status_t *status) {
  int32_t code = Validator{program->desc, status}.Variants();
  if (code == INGOT_OK) code = SelectDeviceVariant(program, &program->on_device.variant, status);
  if (code == INGOT_OK) code = LoadKernels(program, status);
  return code == INGOT_OK ? UploadWeights(program, status) : code;
}

// From what is on the device already, where it is.
int32_t BeginStateOnDevice(ingot_state_t *state, uint32_t number, ingot_status_t *status) {
  const ingot_program_t *program = state->program;
  const ingot_state_desc_t &description = program->desc->states[number];
  const Variable &variable = state->variables[number];
  if (description.initial == INGOT_NONE)
    return program->device->calls->clear(program->device, variable.data, variable.bytes, status);
  if (description.fills == 0)
    return CopyData(program, CopyKind::kOnDevice, variable.data, program->on_device.weights + description.initial,
                    variable.bytes, status);
  auto *copy = static_cast<char *>(Allocate(state->allocator, variable.bytes));
  if (copy == nullptr)
    return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory for a state of program '%s'", program->desc->name);
  const uint64_t element = ingot_dtype_size(description.io.dtype);
  for (uint64_t at = 0; at + element <= variable.bytes; at += element)
    memcpy(copy + at, program->weights + description.initial, element);
  int32_t code = CopyData(program, CopyKind::kToDevice, variable.data, copy, variable.bytes, status);
  Release(state->allocator, copy, variable.bytes);
  return code;
}

void DetachFromDevice(ingot_program_t *program) {
  ingot_device_t *device = program->device;
  DeviceProgram *made = &program->on_device;
  Release(device->memory, made->weights, PlacedBytes(program->desc));
  if (made->module != nullptr) device->calls->unload(device, made->module);
  free(made->kernels);
}

}  // namespace ingot::runtime
