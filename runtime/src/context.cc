// Creating, querying and running a context. A run whose shapes are those of the last run goes straight from the checks
// to the step loop. Tests: tests/runtime/run_test.cc, shape_test.cc, allocation_test.cc.
#include "runtime/src/context.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/src/device.h"
#include "runtime/src/elements.h"
#include "runtime/src/execute.h"
#include "runtime/src/plan.h"
#include "runtime/src/pool.h"
#include "runtime/src/shapes.h"
#include "runtime/src/state.h"

namespace ingot::runtime {
namespace {

// The context, its plans and their tables, in one block. A program without symbols has one plan only.
ingot_context_t *Carve(const ingot_program_t *program, Carver *carver) {
  const ingot_program_desc_t *desc = program->desc;
  uint32_t num_plans = desc->num_symbols == 0 ? 1 : kMaxPlans;
  auto *context = carver->Take<ingot_context_t>(1);
  auto *plans = carver->Take<Plan>(num_plans);
  auto *symbols = carver->Take<int64_t>(desc->num_symbols);
  auto *live = carver->Take<uint32_t>(program->num_arena_values);
  auto *later = carver->Take<EpochMemory>(program->num_epochs);
  for (uint32_t p = 0; p < num_plans; ++p) {
    Plan plan = {};
    plan.sizes = carver->Take<int64_t>(desc->num_sizes);
    plan.offsets = carver->Take<uint64_t>(program->num_arena_values);
    plan.buffers = carver->Take<void *>(program->num_buffers);
    plan.steps = carver->Take<BoundStep>(desc->num_steps);
    plan.epochs = carver->Take<EpochPlan>(program->num_epochs);
    plan.owners = carver->Take<uint32_t>(desc->num_stages);
    plan.objects = carver->Take<void *>(desc->num_kernels);
    if (context == nullptr) continue;
    if (desc->num_kernels != 0) memset(plan.objects, 0, desc->num_kernels * sizeof(*plan.objects));
    plans[p] = plan;
  }
  if (context == nullptr) return nullptr;
  memset(context, 0, sizeof(*context));
  context->program = program;
  context->plans = plans;
  context->num_plans = num_plans;
  context->symbols = symbols;
  context->live = live;
  context->later = later;
  memset(later, 0, program->num_epochs * sizeof(*later));
  context->generation = 1;
  return context;
}

int32_t CheckOptions(const ingot_context_options_t &options, ingot_status_t *status) {
  const ingot_parallel_for_t *parallel_for = options.parallel_for;
  if (parallel_for != nullptr && (parallel_for->run == nullptr || parallel_for->max_workers == 0)) {
    return Fail(status, INGOT_INVALID_ARGUMENT,
                "options->parallel_for needs a run function and max_workers of at least 1");
  }
  const ingot_allocator_t *allocator = options.allocator;
  if (allocator != nullptr && (allocator->allocate == nullptr || allocator->release == nullptr)) {
    return Fail(status, INGOT_INVALID_ARGUMENT, "options->allocator needs both allocate and release");
  }
  if (options.trace != nullptr && options.trace->step == nullptr) {
    return Fail(status, INGOT_INVALID_ARGUMENT, "options->trace needs a step function");
  }
  return INGOT_OK;
}

// Makes the plan for these inputs and gives it memory.
int32_t SwitchPlan(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_status_t *status) {
  Plan *plan = nullptr;
  int32_t code = SelectPlan(context, inputs, &plan, status);
  if (code == INGOT_OK && !plan->ready) code = ReadyPlan(context, plan, status);
  if (code == INGOT_OK) {
    context->current = nullptr;  // a failure below may take its memory away
    code = BindPlan(context, plan, status);
  }
  if (code == INGOT_OK) context->current = plan;
  return code;
}

int32_t CheckBuffers(const ingot_program_desc_t *desc, const Plan *plan, const ingot_tensor_t *inputs,
                     ingot_tensor_t *outputs, ingot_status_t *status) {
  for (uint32_t i = 0; i < desc->num_inputs; ++i) {
    const ingot_io_t &io = desc->inputs[i];
    uint64_t needed = static_cast<uint64_t>(plan->sizes[desc->values[io.value].bytes]);
    if (!BufferOk(inputs[i], needed, DtypeAlignment(io.dtype)))
      return BufferError("input", io.name, inputs[i], needed, status);
  }
  for (uint32_t i = 0; i < desc->num_outputs; ++i) {
    const ingot_io_t &io = desc->outputs[i];
    if (IsLate(desc, io)) continue;  // TakeLateOutputs
    uint64_t needed = static_cast<uint64_t>(plan->sizes[desc->values[io.value].bytes]);
    if (!BufferOk(outputs[i], needed, DtypeAlignment(io.dtype)))
      return BufferError("output", io.name, outputs[i], needed, status);
    DescribeOutput(desc, io, plan->sizes, /*has_run=*/true, &outputs[i]);
  }
  return INGOT_OK;
}

// Writes the addresses of the caller's buffers, and of states, into the plan.
void PatchBuffers(const ingot_program_t *program, const Plan *plan, const ingot_state_t *state,
                  const ingot_tensor_t *inputs, const ingot_tensor_t *outputs) {
  for (uint32_t p = 0; p < program->num_input_patches; ++p) {
    plan->buffers[program->input_patches[p].buffer] = inputs[program->input_patches[p].slot].data;
  }
  for (uint32_t p = 0; p < program->num_output_patches; ++p) {
    plan->buffers[program->output_patches[p].buffer] = outputs[program->output_patches[p].slot].data;
  }
  for (uint32_t p = 0; p < program->num_state_patches; ++p) {
    plan->buffers[program->state_patches[p].buffer] = state->variables[program->state_patches[p].slot].data;
  }
}

// Hands out what has found its size in the run: to buffers of the caller where there are any.
int32_t TakeLateOutputs(const ingot_context_t *context, ingot_tensor_t *outputs, ingot_status_t *status) {
  const ingot_program_desc_t *desc = context->program->desc;
  const Plan *plan = context->current;
  for (uint32_t i = 0; i < desc->num_outputs; ++i) {
    const ingot_io_t &io = desc->outputs[i];
    if (!IsLate(desc, io)) continue;
    DescribeOutput(desc, io, plan->sizes, /*has_run=*/true, &outputs[i]);
    if (outputs[i].data == nullptr) continue;
    uint64_t needed = static_cast<uint64_t>(plan->sizes[desc->values[io.value].bytes]);
    if (outputs[i].bytes < needed) return BufferError("output", io.name, outputs[i], needed, status);
    int32_t code = CopyData(context->program, CopyKind::kToHost, outputs[i].data, ArenaPointer(context, plan, io.value),
                            needed, status);
    if (code != INGOT_OK) return code;
  }
  return INGOT_OK;
}

// What is between a run's first checks and its end.
int32_t Run(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_tensor_t *outputs, ingot_status_t *status) {
  const ingot_program_t *program = context->program;
  if (context->current == nullptr || !InputsMatch(program->desc, context->current->sizes, inputs)) {
    int32_t code = SwitchPlan(context, inputs, status);
    if (code != INGOT_OK) return code;
  }
  if (context->state == nullptr && program->desc->num_states != 0) {
    int32_t code = MakeState(program, context->current->sizes, context->allocator, &context->state, status);
    if (code != INGOT_OK) return code;
    context->owns_state = true;
    EnterState(context->state, /*valid=*/true, status);
  }
  int32_t code = CheckBuffers(program->desc, context->current, inputs, outputs, status);
  if (code != INGOT_OK) return code;
  if (program->device != nullptr) {
    code = program->device->calls->run(context, inputs, outputs, status);
  } else {
    PatchBuffers(program, context->current, context->state, inputs, outputs);
    code = ExecutePlan(context, context->current, status);
  }
  if (code == INGOT_OK && program->num_epochs > 1) {
    context->has_results = true;
    code = TakeLateOutputs(context, outputs, status);
  }
  return code;
}

int32_t CheckCall(const ingot_context_t *context, const ingot_tensor_t *inputs, const ingot_tensor_t *outputs,
                  ingot_status_t *status) {
  if (context == nullptr) return Fail(status, INGOT_INVALID_ARGUMENT, "context must not be NULL");
  const ingot_program_desc_t *desc = context->program->desc;
  if ((inputs == nullptr && desc->num_inputs != 0) || (outputs == nullptr && desc->num_outputs != 0)) {
    return Fail(status, INGOT_INVALID_ARGUMENT,
                "program '%s' has %" PRIu32 " inputs and %" PRIu32 " outputs: %s must not be NULL", desc->name,
                desc->num_inputs, desc->num_outputs, inputs == nullptr && desc->num_inputs != 0 ? "inputs" : "outputs");
  }
  return INGOT_OK;
}

}  // namespace

bool Replace(const ingot_allocator_t &allocator, Memory *memory, uint64_t bytes) {
  Release(allocator, memory->base, memory->bytes);
  *memory = {static_cast<char *>(Allocate(allocator, bytes)), bytes};
  if (memory->base == nullptr) memory->bytes = 0;
  return memory->base != nullptr;
}

int32_t CopyData(const ingot_program_t *program, CopyKind kind, void *to, const void *from, uint64_t bytes,
                 ingot_status_t *status) {
  if (bytes == 0) return INGOT_OK;
  if (program->device != nullptr)
    return program->device->calls->copy(program->device, nullptr, kind, to, from, bytes, status);
  memcpy(to, from, bytes);
  return INGOT_OK;
}

}  // namespace ingot::runtime

using namespace ingot::runtime;

int32_t ingot_context_create(const ingot_program_t *program, const ingot_context_options_t *options,
                             ingot_context_t **context, ingot_status_t *status) {
  if (program == nullptr || context == nullptr)
    return Fail(status, INGOT_INVALID_ARGUMENT, "program and context must not be NULL");
  *context = nullptr;
  ingot_context_options_t chosen = {};
  if (options != nullptr) {
    if (options->struct_size < sizeof(options->struct_size)) {
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "options->struct_size is %" PRIu32 ": set it to sizeof(ingot_context_options_t)",
                  options->struct_size);
    }
    memcpy(&chosen, options, options->struct_size < sizeof(chosen) ? options->struct_size : sizeof(chosen));
  }
  int32_t code = CheckOptions(chosen, status);
  if (code != INGOT_OK) return code;

  ingot_allocator_t allocator = chosen.allocator != nullptr ? *chosen.allocator : DefaultAllocator();
  Carver measure{nullptr};
  Carve(program, &measure);
  Carver carver{static_cast<char *>(Allocate(allocator, measure.used))};
  if (carver.base == nullptr) {
    return Fail(status, INGOT_OUT_OF_MEMORY,
                "out of memory (or misaligned by the allocator): a context of program '%s' needs %" PRIu64 " bytes",
                program->desc->name, measure.used);
  }
  ingot_context_t *made = Carve(program, &carver);
  made->block_bytes = measure.used;
  made->allocator = allocator;
  made->data_allocator = allocator;
  made->max_workers = 1;
  if (chosen.parallel_for != nullptr) {
    made->parallel_for = *chosen.parallel_for;
    made->max_workers = chosen.parallel_for->max_workers;
  } else if (chosen.pool != nullptr) {
    made->pool = chosen.pool;
    made->max_workers = ingot_pool_get_threads(chosen.pool);
  }
  if (chosen.trace != nullptr) made->trace = *chosen.trace;
  if (program->device != nullptr) code = program->device->calls->start(made, status);
  if (code != INGOT_OK) {
    ingot_context_free(made);
    return code;
  }
  *context = made;
  return Succeed(status);
}

void ingot_context_free(ingot_context_t *context) {
  if (context == nullptr) return;
  for (uint32_t p = 0; p < context->num_plans; ++p) DropPlan(context, &context->plans[p]);
  if (context->program->device != nullptr) context->program->device->calls->stop(context);
  if (context->owns_state) ingot_state_free(context->state);
  ingot_allocator_t allocator = context->allocator, data = context->data_allocator;
  Release(data, context->arena.base, context->arena.bytes);
  for (uint32_t e = 1; e < context->program->num_epochs; ++e)
    Release(data, context->later[e].memory.base, context->later[e].memory.bytes);
  Release(data, context->workspace.base, context->workspace.bytes);
  Release(allocator, context, context->block_bytes);
}

int32_t ingot_context_query(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_tensor_t *outputs,
                            ingot_status_t *status) {
  int32_t code = CheckCall(context, inputs, outputs, status);
  Plan *plan = nullptr;
  if (code == INGOT_OK) code = SelectPlan(context, inputs, &plan, status);
  if (code != INGOT_OK) return code;
  const ingot_program_desc_t *desc = context->program->desc;
  for (uint32_t i = 0; i < desc->num_outputs; ++i) {
    DescribeOutput(desc, desc->outputs[i], plan->sizes, /*has_run=*/false, &outputs[i]);
    uint32_t bytes = desc->values[desc->outputs[i].value].bytes;
    outputs[i].bytes = IsLate(desc, desc->outputs[i]) ? 0 : static_cast<size_t>(plan->sizes[bytes]);
  }
  return Succeed(status);
}

int32_t ingot_context_run(ingot_context_t *context, const ingot_tensor_t *inputs, ingot_tensor_t *outputs,
                          ingot_status_t *status) {
  int32_t code = CheckCall(context, inputs, outputs, status);
  if (code != INGOT_OK) return code;
  __atomic_store_n(&context->cancelled, false, __ATOMIC_RELAXED);
  context->has_results = false;
  if (context->program->desc->num_states == 0) return Run(context, inputs, outputs, status);
  if (context->state != nullptr) code = EnterState(context->state, /*valid=*/true, status);
  if (code != INGOT_OK) return code;
  context->has_torn_state = false;
  code = Run(context, inputs, outputs, status);
  if (context->has_torn_state) context->state->is_invalid = true;
  if (context->state != nullptr) LeaveState(context->state);
  return code;
}

int32_t ingot_context_set_state(ingot_context_t *context, ingot_state_t *state, ingot_status_t *status) {
  if (context == nullptr) return Fail(status, INGOT_INVALID_ARGUMENT, "context must not be NULL");
  if (state != nullptr && state->program != context->program) {
    return Fail(status, INGOT_INVALID_ARGUMENT,
                "the state was made for another loaded program ('%s'): make one for the context's ('%s')",
                state->program->desc->name, context->program->desc->name);
  }
  if (state == context->state) return Succeed(status);
  if (context->owns_state) ingot_state_free(context->state);
  context->owns_state = false;
  context->state = state;
  context->current = nullptr;  // the next run compares the shapes
  context->has_results = false;
  return Succeed(status);
}

ingot_state_t *ingot_context_get_state(ingot_context_t *context) {
  return context == nullptr ? nullptr : context->state;
}

int32_t ingot_context_get_output(ingot_context_t *context, uint32_t output, ingot_tensor_t *tensor,
                                 ingot_status_t *status) {
  if (context == nullptr || tensor == nullptr)
    return Fail(status, INGOT_INVALID_ARGUMENT, "context and tensor must not be NULL");
  const ingot_program_desc_t *desc = context->program->desc;
  if (output >= desc->num_outputs)
    return Fail(status, INGOT_INVALID_ARGUMENT, "program '%s' has %" PRIu32 " outputs, there is no output %" PRIu32,
                desc->name, desc->num_outputs, output);
  const ingot_io_t &io = desc->outputs[output];
  uint32_t bytes = desc->values[io.value].bytes;
  if (!IsLate(desc, io))
    return Fail(status, INGOT_INVALID_ARGUMENT, "output '%s' is in the buffer that was given to the run", io.name);
  if (!context->has_results)
    return Fail(status, INGOT_INVALID_ARGUMENT, "output '%s' is there only after a run that has ended well", io.name);
  const Plan *plan = context->current;
  DescribeOutput(desc, io, plan->sizes, /*has_run=*/true, tensor);
  tensor->bytes = static_cast<size_t>(plan->sizes[bytes]);
  tensor->data = ArenaPointer(context, plan, io.value);
  if (context->program->device != nullptr)
    return context->program->device->calls->fetch(context, output, tensor, status);
  return Succeed(status);
}

void ingot_context_cancel(ingot_context_t *context) {
  if (context != nullptr) __atomic_store_n(&context->cancelled, true, __ATOMIC_RELAXED);
}
