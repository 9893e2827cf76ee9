// What a caller that uses CUDA itself may say of a context's runs. Tests: tests/gpu/launcher_caller_test.cc,
// launcher_graph_test.cc.
#include <inttypes.h>
#include <string.h>

#include "runtime/src/device_context.h"
#include "runtime/src/shapes.h"

#pragma GCC visibility push(default)
#include "ingot/cuda.h"
#pragma GCC visibility pop

namespace ingot::cuda {
namespace {

using namespace runtime;

static_assert(INGOT_CUDA_ALIGNMENT == kInPlaceAlignment);

bool IsMarked(const ingot_cuda_run_options_t &options, const ingot_program_desc_t *desc, uint32_t i) {
  const uint8_t *marks = i < desc->num_inputs ? options.inputs_on_gpu : options.outputs_on_gpu;
  return marks != nullptr && marks[i < desc->num_inputs ? i : i - desc->num_inputs] != 0;
}

int32_t CheckOptions(const ingot_cuda_run_options_t &options, const ingot_program_desc_t *desc,
                     ingot_status_t *status) {
  constexpr uint32_t kKnown = INGOT_CUDA_NO_GRAPHS | INGOT_CUDA_ASYNCHRONOUS;
  if ((options.flags & ~kKnown) != 0)
    return Fail(status, INGOT_INVALID_ARGUMENT, "options->flags has unknown bits %" PRIu32 ": link a newer runtime",
                options.flags & ~kKnown);
  const bool is_async = (options.flags & INGOT_CUDA_ASYNCHRONOUS) != 0;
  if (is_async && options.stream == nullptr)
    return Fail(status, INGOT_INVALID_ARGUMENT,
                "an asynchronous run needs a stream of the caller's, who waits for it: set options->stream");
  for (uint32_t i = 0; i < desc->num_inputs + desc->num_outputs; ++i) {
    const bool is_input = i < desc->num_inputs, is_marked = IsMarked(options, desc, i);
    const ingot_io_t &io = is_input ? desc->inputs[i] : desc->outputs[i - desc->num_inputs];
    const bool is_late = !is_input && IsLate(desc, io);
    if (is_marked && is_late)
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "output '%s' has a size that the run finds and cannot be used in place: leave its mark 0", io.name);
    if (is_async && !is_marked && !is_late)
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "an asynchronous run needs %s '%s' in memory of the GPU: mark it, or let runs wait",
                  is_input ? "input" : "output", io.name);
  }
  return INGOT_OK;
}

}  // namespace
}  // namespace ingot::cuda

using namespace ingot::runtime;

int32_t ingot_cuda_set_run_options(ingot_context_t *context, const ingot_cuda_run_options_t *options,
                                   ingot_status_t *status) {
  if (context == nullptr) return Fail(status, INGOT_INVALID_ARGUMENT, "context must not be NULL");
  const ingot_program_t *program = context->program;
  const ingot_program_desc_t *desc = program->desc;
  if (program->device == nullptr || program->device->kind != INGOT_DEVICE_CUDA)
    return Fail(status, INGOT_INVALID_ARGUMENT,
                "program '%s' was not loaded for a GPU: give ingot_program_load one of ingot_cuda_open", desc->name);
  ingot_cuda_run_options_t chosen = {};
  if (options != nullptr) {
    if (options->struct_size < sizeof(options->struct_size))
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "options->struct_size is %" PRIu32 ": set it to sizeof(ingot_cuda_run_options_t)",
                  options->struct_size);
    memcpy(&chosen, options, options->struct_size < sizeof(chosen) ? options->struct_size : sizeof(chosen));
  }
  int32_t code = ingot::cuda::CheckOptions(chosen, desc, status);
  if (code != INGOT_OK) return code;

  DeviceContext *on_device = context->on_device;
  void *queue = chosen.stream != nullptr ? chosen.stream : on_device->own_queue;
  if (queue != on_device->queue) code = program->device->calls->wait(program->device, on_device->queue, status);
  if (code != INGOT_OK) return code;
  on_device->queue = queue;
  on_device->uses_graphs = program->device->has_graphs && (chosen.flags & INGOT_CUDA_NO_GRAPHS) == 0;
  on_device->is_async = (chosen.flags & INGOT_CUDA_ASYNCHRONOUS) != 0;
  for (uint32_t i = 0; i < desc->num_inputs + desc->num_outputs; ++i) {
    const bool is_marked = ingot::cuda::IsMarked(chosen, desc, i);
    if (on_device->in_place[i] != is_marked) ++on_device->marking;
    on_device->in_place[i] = is_marked;
  }
  return Succeed(status);
}
