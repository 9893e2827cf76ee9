// What a caller that uses CUDA itself may say of a context's runs. Tests: tests/gpu/launcher_graph_test.cc.
#include <inttypes.h>
#include <string.h>

#include "runtime/src/device_context.h"

#pragma GCC visibility push(default)
#include "ingot/cuda.h"
#pragma GCC visibility pop

using namespace ingot::runtime;

int32_t ingot_cuda_set_run_options(ingot_context_t *context, const ingot_cuda_run_options_t *options,
                                   ingot_status_t *status) {
  if (context == nullptr) return Fail(status, INGOT_INVALID_ARGUMENT, "context must not be NULL");
  const ingot_program_t *program = context->program;
  if (program->device == nullptr || program->device->kind != INGOT_DEVICE_CUDA)
    return Fail(status, INGOT_INVALID_ARGUMENT,
                "program '%s' was not loaded for a GPU: give ingot_program_load one of ingot_cuda_open",
                program->desc->name);
  ingot_cuda_run_options_t chosen = {};
  if (options != nullptr) {
    if (options->struct_size < sizeof(options->struct_size))
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "options->struct_size is %" PRIu32 ": set it to sizeof(ingot_cuda_run_options_t)",
                  options->struct_size);
    memcpy(&chosen, options, options->struct_size < sizeof(chosen) ? options->struct_size : sizeof(chosen));
  }
  constexpr uint32_t kKnown = INGOT_CUDA_NO_GRAPHS;
  if ((chosen.flags & ~kKnown) != 0)
    return Fail(status, INGOT_INVALID_ARGUMENT, "options->flags has unknown bits %" PRIu32 ": link a newer runtime",
                chosen.flags & ~kKnown);
  context->on_device->uses_graphs = (chosen.flags & INGOT_CUDA_NO_GRAPHS) == 0;
  return Succeed(status);
}
