// In place of arena.cc, for tests: an access outside a buffer faults. Every arena value, constant and workspace has
// pages of its own between two that nobody may touch, and shares them with nothing before or after it. Values end at
// the page that faults, as closely as the alignment of their elements allows, or begin at one (ingot_guard_at_start).
// Before each run all of it is filled with 0xff, which is NaN for floats, so that a read of what was never written
// shows in the result.
#include <sys/mman.h>

#include "runtime/src/arena.h"
#include "runtime/src/state.h"
#include "runtime/src/status.h"

namespace ingot::runtime {
namespace {

constexpr uint64_t kPage = 4096;
bool at_start = false;

uint64_t Pages(uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

// Where in its pages a buffer begins. The elements' alignment divides the size.
uint64_t Shift(uint64_t bytes, uint64_t alignment) {
  return at_start ? 0 : (Pages(bytes) - bytes) / alignment * alignment;
}
uint64_t ElementAlignment(uint64_t bytes) {
  uint64_t lowest = bytes & (~bytes + 1);
  return lowest < INGOT_ALIGNMENT ? lowest : INGOT_ALIGNMENT;
}
uint64_t Place(uint64_t bytes, uint64_t *cursor) {
  uint64_t at = *cursor + Shift(bytes, ElementAlignment(bytes));
  *cursor += Pages(bytes) + kPage;
  return at;
}

void *MapPages(void *, size_t bytes, size_t) {
  void *memory = mmap(nullptr, Pages(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}
void UnmapPages(void *, void *memory, size_t bytes) { munmap(memory, Pages(bytes)); }

// Calls visit(value, offset, bytes) for constants, which lie behind the values of the arena; returns their end.
template <typename Visit>
uint64_t ForConstants(const ingot_context_t *context, const Plan *plan, Visit visit) {
  const ingot_program_desc_t *desc = context->program->desc;
  uint64_t cursor = plan->arena_bytes;
  for (uint32_t v = 0; v < desc->num_values; ++v) {
    uint64_t bytes = static_cast<uint64_t>(plan->sizes[desc->values[v].bytes]);
    if (desc->values[v].kind != INGOT_VALUE_CONSTANT || bytes == 0) continue;
    uint64_t at = Place(bytes, &cursor);
    visit(v, at, bytes);
  }
  return cursor;
}

int32_t Remap(ingot_context_t *context, Memory *memory, uint64_t bytes, ingot_status_t *status) {
  Release(context->allocator, memory->base, memory->bytes);
  *memory = {nullptr, 0};
  if (bytes == 0) return INGOT_OK;
  memory->base = static_cast<char *>(Allocate(context->allocator, bytes));
  if (memory->base == nullptr) return Fail(status, INGOT_OUT_OF_MEMORY, "no memory for pages that fault");
  memory->bytes = bytes;
  mprotect(memory->base, bytes, PROT_NONE);
  return INGOT_OK;
}

char *PageOf(char *pointer) { return pointer - reinterpret_cast<uintptr_t>(pointer) % kPage; }

void Open(char *pointer, uint64_t bytes) { mprotect(PageOf(pointer), Pages(bytes), PROT_READ | PROT_WRITE); }

Memory *ArenaOf(ingot_context_t *context, uint32_t epoch) {
  return epoch == 0 ? &context->arena : &context->later[epoch].memory;
}
const Memory *ArenaOf(const ingot_context_t *context, uint32_t epoch) {
  return epoch == 0 ? &context->arena : &context->later[epoch].memory;
}

// Calls visit(value, memory, bytes) for the values of an epoch that are not empty.
template <typename Visit>
void ForValues(const ingot_context_t *context, const Plan *plan, uint32_t epoch, Visit visit) {
  const ingot_program_t *program = context->program;
  for (uint32_t i = program->epochs[epoch].arena_begin; i < program->epochs[epoch].arena_end; ++i) {
    uint32_t v = program->arena_values[i];
    uint64_t bytes = static_cast<uint64_t>(plan->sizes[program->desc->values[v].bytes]);
    if (bytes != 0) visit(v, ArenaOf(context, epoch)->base + plan->offsets[i], bytes);
  }
}

}  // namespace

ingot_allocator_t DefaultAllocator() { return {MapPages, UnmapPages, nullptr}; }

bool LayoutArena(const ingot_value_t *values, const uint32_t *order, uint32_t count, const int64_t *sizes, uint32_t *,
                 uint64_t *offsets, uint64_t *total) {
  uint64_t cursor = kPage;
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t bytes = static_cast<uint64_t>(sizes[values[order[i]].bytes]);
    offsets[i] = cursor;
    if (bytes == 0) continue;
    if (bytes > kMaxBytes / 2 - cursor) return false;
    offsets[i] = Place(bytes, &cursor);
  }
  *total = cursor;
  return true;
}

int32_t GuardEpoch(ingot_context_t *context, Plan *plan, uint32_t epoch, uint64_t bytes, ingot_status_t *status) {
  if (epoch == 0) bytes = ForConstants(context, plan, [](uint32_t, uint64_t, uint64_t) {});
  if (int32_t code = Remap(context, ArenaOf(context, epoch), bytes, status); code != INGOT_OK) return code;
  ForValues(context, plan, epoch, [](uint32_t, char *memory, uint64_t size) {
    Open(memory, size);
    memset(PageOf(memory), 0xff, Pages(size));
  });
  if (epoch != 0) return INGOT_OK;
  ForConstants(context, plan, [&](uint32_t v, uint64_t at, uint64_t size) {
    char *copy = context->arena.base + at;
    Open(copy, size);
    memset(PageOf(copy), 0xff, Pages(size));
    memcpy(copy, context->program->weights + context->program->desc->values[v].offset, size);
    mprotect(PageOf(copy), Pages(size), PROT_READ);
  });
  return INGOT_OK;
}

int32_t GuardWorkspace(ingot_context_t *context, const Plan *plan, ingot_status_t *status) {
  int32_t code = Remap(context, &context->workspace,
                       plan->workspace_bytes == 0 ? 0 : kPage + plan->workspace_bytes * plan->workers, status);
  for (uint32_t worker = 0; code == INGOT_OK && plan->workspace_bytes != 0 && worker < plan->workers; ++worker)
    Open(context->workspace.base + kPage + worker * plan->workspace_bytes, plan->workspace_bytes - kPage);
  return code;
}

void *GuardedPointer(const ingot_context_t *context, const Plan *plan, uint32_t value) {
  const ingot_program_t *program = context->program;
  uint32_t kind = program->desc->values[value].kind, i = program->arena_index[value];
  if (kind == INGOT_VALUE_ARENA) return ArenaOf(context, program->arena_epochs[i])->base + plan->offsets[i];
  void *found = nullptr;  // the caller's or a state's
  ForConstants(context, plan, [&](uint32_t v, uint64_t at, uint64_t) {
    if (v == value) found = context->arena.base + at;
  });
  return found;
}

void PoisonEpoch(const ingot_context_t *context, const Plan *plan, uint32_t epoch) {
  ForValues(context, plan, epoch,
            [](uint32_t, char *memory, uint64_t bytes) { memset(PageOf(memory), 0xff, Pages(bytes)); });
  for (uint32_t worker = 0; plan->workspace_bytes != 0 && worker < plan->workers; ++worker) {
    memset(context->workspace.base + kPage + worker * plan->workspace_bytes, 0xff, plan->workspace_bytes - kPage);
  }
}

void PoisonSteps(const ingot_context_t *context, const Plan *plan, uint32_t begin, uint32_t end) {
  const ingot_program_t *program = context->program;
  // Those of epochs that begin within the steps are poisoned where they begin.
  for (uint32_t epoch = 0; epoch < program->num_epochs; ++epoch) {
    const bool is_around = program->epochs[epoch].begin <= begin && program->epochs[epoch].end >= end;
    if (!is_around) continue;
    ForValues(context, plan, epoch, [&](uint32_t v, char *memory, uint64_t bytes) {
      const ingot_value_t &value = program->desc->values[v];
      if (value.first_step >= begin && value.last_step < end) memset(PageOf(memory), 0xff, Pages(bytes));
    });
  }
}

uint64_t PlaceState(uint64_t bytes, uint64_t *cursor) {
  if (*cursor == 0) *cursor = kPage;
  return bytes == 0 ? *cursor : Place(bytes, cursor);
}

void OpenState(ingot_state_t *state) {
  mprotect(state->memory.base, state->memory.bytes, PROT_NONE);
  for (uint32_t i = 0; i < state->program->desc->num_states; ++i) {
    if (state->variables[i].bytes != 0) Open(state->variables[i].data, state->variables[i].bytes);
  }
}

uint64_t WorkspaceRoom(uint64_t bytes) { return bytes == 0 ? 0 : Pages(bytes) + kPage; }

// At the end of the room, whatever other steps need.
char *Workspace(const ingot_context_t *context, const Plan *plan, const BoundStep &step, uint32_t worker) {
  const ingot_step_t &description = context->program->desc->steps[&step - plan->steps];
  uint32_t size = context->program->variant->kernels[description.kernel].workspace;
  if (size == INGOT_NONE || plan->workspace_bytes == 0) return nullptr;
  char *room = context->workspace.base + kPage + worker * plan->workspace_bytes;
  if (at_start) return room;
  uint64_t bytes = AlignUp(static_cast<uint64_t>(plan->sizes[size]));
  return room + (plan->workspace_bytes - kPage - bytes);
}

}  // namespace ingot::runtime

extern "C" __attribute__((visibility("default"))) void ingot_guard_at_start(int32_t yes) {
  ingot::runtime::at_start = yes != 0;
}
