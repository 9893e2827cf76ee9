// Makes, caches and binds plans. A plan goes through three states: sized (size table), ready (placement, splits,
// library objects) and bound (pointers into the context's present memory). Tests: tests/runtime/run_test.cc.
#include "runtime/src/plan.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/src/arena.h"
#include "runtime/src/shapes.h"

namespace ingot::runtime {
namespace {

// What a zero-sized value points to: not NULL, aligned, never written.
alignas(INGOT_ALIGNMENT) char empty_value[INGOT_ALIGNMENT];

int32_t Malformed(const ingot_context_t *context, ingot_status_t *status, const char *table, uint32_t index,
                  const char *what) {
  return Fail(status, INGOT_INTERNAL, "program '%s' is malformed: %s %" PRIu32 " %s; compile it again",
              context->program->desc->name, table, index, what);
}

// The checks of validate.cc that need sizes, of the values that an epoch places; the first one's also of all that are
// not placed.
int32_t CheckValues(const ingot_context_t *context, const Plan *plan, uint32_t e, ingot_status_t *status) {
  const ingot_program_t *program = context->program;
  const ingot_program_desc_t *desc = program->desc;
  for (uint32_t i = program->epochs[e].arena_begin; i < program->epochs[e].arena_end; ++i) {
    uint32_t v = program->arena_values[i];
    if (plan->sizes[desc->values[v].bytes] < 0) return Malformed(context, status, "value", v, "has a negative size");
  }
  for (uint32_t v = 0; e == 0 && v < desc->num_values; ++v) {
    const ingot_value_t &value = desc->values[v];
    if (value.kind == INGOT_VALUE_ARENA) continue;
    int64_t bytes = plan->sizes[value.bytes];
    int64_t limit = INT64_MAX;
    if (value.kind == INGOT_VALUE_CONSTANT) limit = static_cast<int64_t>(desc->weights_size - value.offset);
    // A second value over a caller's buffer may be smaller than the buffer.
    if (value.kind == INGOT_VALUE_INPUT) limit = plan->sizes[desc->values[desc->inputs[value.slot].value].bytes];
    if (value.kind == INGOT_VALUE_OUTPUT) limit = plan->sizes[desc->values[desc->outputs[value.slot].value].bytes];
    if (value.kind == INGOT_VALUE_STATE) limit = plan->sizes[desc->values[desc->states[value.slot].io.value].bytes];
    if (bytes < 0) return Malformed(context, status, "value", v, "has a negative size");
    if (bytes > limit) return Malformed(context, status, "value", v, "is larger than what holds it");
  }
  return INGOT_OK;
}

#ifndef INGOT_GUARD_PAGES
// Uses the placement of a plan none of whose values is smaller, if there is one: first fit can need more room for less
// data, and a run with sizes no larger than those seen must not allocate.
void ReuseLargerLayout(const ingot_context_t *context, Plan *plan) {
  const ingot_program_t *program = context->program;
  const ingot_value_t *values = program->desc->values;
  for (uint32_t p = 0; p < context->num_plans; ++p) {
    const Plan &other = context->plans[p];
    if (!other.ready || other.arena_bytes > context->arena.bytes) continue;
    bool larger = true;
    for (uint32_t i = 0; i < program->epochs[0].arena_end && larger; ++i) {
      uint32_t bytes = values[program->arena_values[i]].bytes;
      larger = plan->sizes[bytes] <= other.sizes[bytes];
    }
    if (!larger) continue;
    memcpy(plan->offsets, other.offsets, program->epochs[0].arena_end * sizeof(*plan->offsets));
    plan->arena_bytes = other.arena_bytes;
    return;
  }
}

#endif

// What holds for every epoch: where the steps' pointers stand, and which epochs BIND steps begin.
void StartSteps(const ingot_program_t *program, Plan *plan) {
  for (uint32_t s = 0; s < program->desc->num_steps; ++s)
    plan->steps[s] = {nullptr, plan->buffers + program->step_buffers[s], 0, 0, 1, program->desc->steps[s].kind, 0};
  for (uint32_t e = 1; e < program->num_epochs; ++e) plan->steps[program->epochs[e].begin - 1].epoch = e;
  plan->workspace_bytes = 0;
  plan->workers = 1;
  plan->parallel_steps = 0;
}

// How many blocks a step is started in, on a device.
int64_t BlocksOf(const ingot_device_kernel_t &kernel, int64_t tiles) {
  int64_t blocks = (tiles - 1) / kernel.tiles_per_block + 1;
  if (blocks > INT32_MAX) blocks = INT32_MAX;
  return kernel.most_blocks != 0 && blocks > kernel.most_blocks ? kernel.most_blocks : blocks;
}

int32_t PlanSteps(ingot_context_t *context, Plan *plan, uint32_t e, ingot_status_t *status) {
  const ingot_program_desc_t *desc = context->program->desc;
  const ingot_kernel_t *kernels = context->program->variant->kernels;
  const Epoch &epoch = context->program->epochs[e];
  uint32_t block_end = 0;  // sizes before it mean nothing until their checks have held
  for (uint32_t s = epoch.begin; s < epoch.end; ++s) {
    if (context->program->step_epochs[s] != e) continue;
    const ingot_step_t &step = desc->steps[s];
    BoundStep *planned = &plan->steps[s];
    if (step.kind == INGOT_STEP_CHECK) {
      block_end = epoch.end;  // as of what a function does that is called here
      continue;
    }
    if (step.kind == INGOT_STEP_BIND) {
      const ingot_stage_t &stage = desc->stages[step.split - 1];
      int64_t bytes = 8 * static_cast<int64_t>(stage.end_symbol - stage.first_symbol);
      if (plan->sizes[desc->values[desc->operands[step.first_operand]].bytes] != bytes)
        return Malformed(context, status, "step", s, "has not one number for each size");
      continue;
    }
    if (HasBlocks(step)) {
      if (step.end > block_end) block_end = step.end;
      if (step.kind == INGOT_STEP_IF_SIZE) {
        planned->tiles = plan->sizes[step.kernel];  // decided here, for as long as the sizes stand
        continue;
      }
      if (plan->sizes[desc->values[desc->operands[step.first_operand]].bytes] != 1)
        return Malformed(context, status, "step", s, "has a condition that is not one bool");
      continue;
    }
    if (step.kind == INGOT_STEP_COPY) {
      const uint32_t *operands = desc->operands + step.first_operand;
      planned->tiles = plan->sizes[desc->values[operands[0]].bytes];
      if (planned->tiles == plan->sizes[desc->values[operands[1]].bytes]) continue;
      if (s >= block_end) return Malformed(context, status, "step", s, "copies between sizes");
      planned->tiles = 0;
      continue;
    }
    const ingot_kernel_t &kernel = kernels[step.kernel];
    const ingot_device_kernel_t *on_device = context->program->on_device.variant != nullptr
                                                 ? &context->program->on_device.variant->kernels[step.kernel]
                                                 : nullptr;
    planned->run = on_device != nullptr ? nullptr : kernel.run;
    planned->workers = 1;
    planned->tiles = plan->sizes[on_device != nullptr ? on_device->tiles : kernel.tiles];
    if (planned->tiles < 0 && s < block_end) planned->tiles = 0;
    if (planned->tiles < 0) return Malformed(context, status, "step", s, "has a negative number of tiles");
    if (planned->tiles == 0) continue;
    if (on_device != nullptr) {
      planned->chunk = BlocksOf(*on_device, planned->tiles);
    } else {
      planned->workers = StepWorkers(plan->sizes[kernel.work], planned->tiles, context->max_workers);
      planned->chunk = (planned->tiles - 1) / (planned->workers * kChunksPerWorker) + 1;
      if (planned->workers > 1 && e == 0) ++plan->parallel_steps;
      if (planned->workers > plan->workers) plan->workers = planned->workers;
    }
    uint32_t size = on_device != nullptr ? on_device->workspace : kernel.workspace;
    if (size == INGOT_NONE) continue;
    uint64_t bytes = static_cast<uint64_t>(plan->sizes[size]);
    if (on_device != nullptr && __builtin_mul_overflow(bytes, static_cast<uint64_t>(planned->chunk), &bytes))
      bytes = UINT64_MAX;
    if (bytes > kMaxBytes && s < block_end) bytes = 0;
    if (bytes > kMaxBytes)
      return Fail(status, INGOT_OUT_OF_MEMORY, "step %" PRIu32 " (%s) needs too much workspace", s,
                  NameOr(step.name, "?"));
    if (WorkspaceRoom(bytes) > plan->workspace_bytes) plan->workspace_bytes = WorkspaceRoom(bytes);
  }
  // The embedder's threads carry the embedder's numbers.
  if (plan->workers > 1 && context->parallel_for.run != nullptr) plan->workers = context->max_workers;
  return INGOT_OK;
}

int32_t PrepareObjects(ingot_context_t *context, Plan *plan, ingot_status_t *status) {
  if (context->program->device != nullptr) return INGOT_OK;  // library kernels are the host's
  const ingot_program_desc_t *desc = context->program->desc;
  for (uint32_t s = 0; s < desc->num_steps; ++s) {
    const ingot_step_t &step = desc->steps[s];
    if (step.kind != INGOT_STEP_KERNEL) continue;
    const ingot_kernel_t &kernel = context->program->variant->kernels[step.kernel];
    if (kernel.prepare == nullptr || plan->objects[step.kernel] != nullptr) continue;
    if (IsLate(desc, kernel.tiles)) return Malformed(context, status, "step", s, "prepares a kernel of unknown size");
    if (plan->sizes[kernel.tiles] == 0) continue;
    int32_t code = kernel.prepare(plan->sizes, &plan->objects[step.kernel]);
    if (code != 0 || plan->objects[step.kernel] == nullptr) {
      plan->objects[step.kernel] = nullptr;
      return Fail(status, INGOT_INTERNAL, "step %" PRIu32 " (%s): kernel %s could not be prepared (code %" PRId32 ")",
                  s, NameOr(step.name, "?"), NameOr(kernel.name, "?"), code);
    }
  }
  return INGOT_OK;
}

void DestroyObjects(ingot_context_t *context, Plan *plan) {
  const ingot_kernel_t *kernels = context->program->variant->kernels;
  for (uint32_t k = 0; k < context->program->desc->num_kernels; ++k) {
    if (plan->objects[k] != nullptr && kernels[k].destroy != nullptr) kernels[k].destroy(plan->objects[k]);
    plan->objects[k] = nullptr;
  }
}

#ifndef INGOT_GUARD_PAGES
// With some room to spare, if there is that much.
int32_t Grow(ingot_context_t *context, Memory *memory, uint64_t bytes, uint64_t room, const char *what,
             ingot_status_t *status) {
  if (room != 0 && Replace(context->data_allocator, memory, bytes + room)) return INGOT_OK;
  if (Replace(context->data_allocator, memory, bytes)) return INGOT_OK;
  return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory: program '%s' needs %" PRIu64 " bytes of %s for these sizes",
              context->program->desc->name, bytes, what);
}

// On a device, where another size that is a little larger should not cost new memory and a new graph.
uint64_t Room(const ingot_context_t *context, uint64_t bytes) {
  return context->program->device != nullptr && bytes <= kMaxBytes / 2 ? bytes / 4 : 0;
}

#endif

void *FixedPointer(const ingot_context_t *context, const Plan *plan, uint32_t v) {
  const ingot_program_t *program = context->program;
  const ingot_value_t &value = program->desc->values[v];
  if (plan->sizes[value.bytes] == 0) return program->device != nullptr ? program->on_device.empty_value : empty_value;
#ifdef INGOT_GUARD_PAGES
  return GuardedPointer(context, plan, v);
#else
  if (value.kind == INGOT_VALUE_ARENA) {
    uint32_t i = program->arena_index[v], e = program->arena_epochs[i];
    return (e == 0 ? context->arena : context->later[e].memory).base + plan->offsets[i];
  }
  const char *weights = program->on_device.variant != nullptr ? program->on_device.weights : program->weights;
  if (value.kind == INGOT_VALUE_CONSTANT) return const_cast<char *>(weights + value.offset);
  return nullptr;  // the caller's or a state's: written before each run
#endif
}

// Writes the pointers of an epoch's steps that are not the caller's.
void BindPointers(const ingot_context_t *context, Plan *plan, uint32_t e) {
  const ingot_program_t *program = context->program;
  const ingot_program_desc_t *desc = program->desc;
  for (uint32_t s = program->epochs[e].begin; s < program->epochs[e].end; ++s) {
    if (program->step_epochs[s] != e) continue;
    const ingot_step_t &step = desc->steps[s];
    void **buffers = plan->steps[s].buffers;
    for (uint32_t o = 0; o < step.num_operands; ++o) {
      uint32_t v = desc->operands[step.first_operand + o], kind = desc->values[v].kind;
      // The caller's and the states' have been written before the run.
      if (e == 0 || kind == INGOT_VALUE_ARENA || kind == INGOT_VALUE_CONSTANT)
        buffers[o] = FixedPointer(context, plan, v);
    }
    if (step.kind == INGOT_STEP_KERNEL && program->variant->kernels[step.kernel].prepare != nullptr)
      buffers[step.num_operands] = plan->objects[step.kernel];
  }
}

int32_t GrowWorkspace(ingot_context_t *context, const Plan *plan, ingot_status_t *status) {
#ifdef INGOT_GUARD_PAGES
  return GuardWorkspace(context, plan, status);
#else
  uint64_t workspace = 0;
  if (__builtin_mul_overflow(plan->workspace_bytes, plan->workers, &workspace)) workspace = UINT64_MAX;
  if (workspace <= context->workspace.bytes) return INGOT_OK;
  return Grow(context, &context->workspace, workspace, Room(context, workspace), "workspace", status);
#endif
}

// Places the epoch's values and cuts its steps; its sizes are there.
int32_t PlanEpoch(ingot_context_t *context, Plan *plan, uint32_t e, uint64_t *bytes, ingot_status_t *status) {
  const ingot_program_t *program = context->program;
  const Epoch &epoch = program->epochs[e];
  int32_t code = CheckValues(context, plan, e, status);
  if (code != INGOT_OK) return code;
  if (!LayoutArena(program->desc->values, program->arena_values + epoch.arena_begin,
                   epoch.arena_end - epoch.arena_begin, plan->sizes, context->live, plan->offsets + epoch.arena_begin,
                   bytes)) {
    return Fail(status, INGOT_OUT_OF_MEMORY, "program '%s' needs more memory for these sizes than can be addressed",
                program->desc->name);
  }
  return PlanSteps(context, plan, e, status);
}

// Reads the symbols of the stage; `same` stays true if they are what they were.
int32_t ReadSymbols(const ingot_program_desc_t *desc, const ingot_step_t &step, const int64_t *elements, int64_t *sizes,
                    bool *same, ingot_status_t *status) {
  const ingot_stage_t &stage = desc->stages[step.split - 1];
  for (uint32_t place = stage.first_symbol; place < stage.end_symbol; ++place) {
    const ingot_symbol_t &symbol = desc->symbols[place];
    int64_t value = elements[place - stage.first_symbol];
    if (value < symbol.min || value > symbol.max)
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "node '%s': the size '%s' is %" PRId64 ", it can be %" PRId64 " to %" PRId64, NameOr(step.name, "?"),
                  symbol.name, value, symbol.min, symbol.max);
    if (sizes[place] == value) continue;
    *same = false;
    sizes[place] = value;
  }
  return INGOT_OK;
}

int32_t TryBindSizes(ingot_context_t *context, Plan *plan, uint32_t s, const int64_t *elements,
                     ingot_status_t *status) {
  const ingot_program_t *program = context->program;
  const ingot_program_desc_t *desc = program->desc;
  const ingot_step_t &step = desc->steps[s];
  const uint32_t e = plan->steps[s].epoch, parent = program->epochs[e].parent;
  const ingot_stage_t &stage = desc->stages[step.split - 1];
  EpochPlan *epoch = &plan->epochs[e];
  EpochMemory *arena = &context->later[e];
  bool same = plan->owners[step.split - 1] == e && epoch->stamp != 0 &&
              epoch->parent_stamp == plan->epochs[parent].stamp && epoch->generation == arena->generation;
  plan->owners[step.split - 1] = e;
  int32_t code = ReadSymbols(desc, step, elements, plan->sizes, &same, status);
  if (code != INGOT_OK || same) {
    if (code != INGOT_OK) epoch->stamp = 0;
#ifdef INGOT_GUARD_PAGES
    if (code == INGOT_OK) PoisonEpoch(context, plan, e);
#endif
    return code;
  }
  epoch->stamp = 0;
  uint64_t bytes = 0;
  code = EvalStage(desc, plan->sizes, step.split, stage.first_check, stage.end_check, status);
  if (code == INGOT_OK) code = PlanEpoch(context, plan, e, &bytes, status);
#ifdef INGOT_GUARD_PAGES
  ++arena->generation;
  if (code == INGOT_OK) code = GuardEpoch(context, plan, e, bytes, status);
#else
  if (code == INGOT_OK && bytes > arena->memory.bytes) {
    ++arena->generation;
    // The next turn of a loop may need a little more.
    code = Grow(context, &arena->memory, bytes, bytes / 4, "arena", status);
  }
#endif
  if (code == INGOT_OK) code = GrowWorkspace(context, plan, status);
  if (code != INGOT_OK) return code;
  BindPointers(context, plan, e);
  epoch->parent_stamp = plan->epochs[parent].stamp;
  epoch->generation = arena->generation;
  epoch->stamp = ++context->stamp;
  return INGOT_OK;
}

}  // namespace

Plan *FindPlan(ingot_context_t *context, const int64_t *symbols) {
  uint64_t key_bytes = context->program->desc->num_symbols * sizeof(*symbols);
  // Of the plans for other vectors, keep the one with the largest arena: its placement may serve smaller sizes
  // (ReuseLargerLayout).
  Plan *largest = &context->plans[0];
  for (uint32_t p = 0; p < context->num_plans; ++p) {
    Plan *plan = &context->plans[p];
    if (plan->sized && memcmp(plan->sizes, symbols, key_bytes) == 0) {
      plan->last_used = ++context->clock;
      return plan;
    }
    if (plan->ready && plan->arena_bytes > largest->arena_bytes) largest = plan;
  }
  Plan *victim = nullptr;
  for (uint32_t p = 0; p < context->num_plans; ++p) {
    Plan *plan = &context->plans[p];
    if (plan == largest && plan->ready && context->num_plans > 1) continue;
    if (victim == nullptr || plan->last_used < victim->last_used) victim = plan;
  }
  DropPlan(context, victim);
  memcpy(victim->sizes, symbols, key_bytes);
  victim->last_used = ++context->clock;
  return victim;
}

int32_t ReadyPlan(ingot_context_t *context, Plan *plan, ingot_status_t *status) {
  StartSteps(context->program, plan);
  int32_t code = PlanEpoch(context, plan, 0, &plan->arena_bytes, status);
#ifndef INGOT_GUARD_PAGES
  if (code == INGOT_OK && plan->arena_bytes > context->arena.bytes) ReuseLargerLayout(context, plan);
#endif
  if (code == INGOT_OK) code = PrepareObjects(context, plan, status);
  if (code != INGOT_OK) {
    DestroyObjects(context, plan);
    return code;
  }
  plan->generation = 0;
  plan->ready = true;
  return INGOT_OK;
}

int32_t BindPlan(ingot_context_t *context, Plan *plan, ingot_status_t *status) {
#ifdef INGOT_GUARD_PAGES
  ++context->generation;
  if (int32_t code = GuardEpoch(context, plan, 0, plan->arena_bytes, status); code != INGOT_OK) return code;
#else
  if (plan->arena_bytes > context->arena.bytes) {
    ++context->generation;
    int32_t code = Grow(context, &context->arena, plan->arena_bytes, Room(context, plan->arena_bytes), "arena", status);
    if (code != INGOT_OK) return code;
  }
#endif
  if (int32_t code = GrowWorkspace(context, plan, status); code != INGOT_OK) return code;
  if (plan->generation == context->generation) return INGOT_OK;
  BindPointers(context, plan, 0);
  plan->generation = context->generation;
  plan->epochs[0].stamp = ++context->stamp;
  return INGOT_OK;
}

int32_t BindSizes(ingot_context_t *context, Plan *plan, uint32_t s, const int64_t *elements, ingot_status_t *status) {
  int32_t code = TryBindSizes(context, plan, s, elements, status);
  // What could not grow is gone: the next run begins with the plan's memory.
  if (code != INGOT_OK) context->current = nullptr;
  return code;
}

void *ArenaPointer(const ingot_context_t *context, const Plan *plan, uint32_t value) {
  return FixedPointer(context, plan, value);
}

void DropPlan(ingot_context_t *context, Plan *plan) {
  const ingot_program_t *program = context->program;
  if (plan == context->current) {
    context->current = nullptr;
    context->has_results = false;
  }
  memset(plan->epochs, 0, program->num_epochs * sizeof(*plan->epochs));
  if (program->desc->num_stages != 0) memset(plan->owners, 0, program->desc->num_stages * sizeof(*plan->owners));
  if (plan->ready) DestroyObjects(context, plan);
  plan->sized = false;
  plan->ready = false;
  plan->generation = 0;
  plan->last_used = 0;
  plan->arena_bytes = 0;
}

}  // namespace ingot::runtime
