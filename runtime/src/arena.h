// Where temporary buffers live: one block per context, and one more for what stands behind each BIND step, in which
// values whose lifetimes do not overlap share bytes. Placement is a pure function of lifetimes and sizes (plan.cc).
// Tests: tests/runtime/arena_test.cc.
#ifndef INGOT_RUNTIME_SRC_ARENA_H_
#define INGOT_RUNTIME_SRC_ARENA_H_

#include "runtime/src/plan.h"

namespace ingot::runtime {

// Places values[order[0..count)], sorted by first_step, first fit. offsets[i] belongs to order[i]; `live` is scratch of
// `count` entries. Returns false when the total would exceed kMaxBytes.
bool LayoutArena(const ingot_value_t *values, const uint32_t *order, uint32_t count, const int64_t *sizes,
                 uint32_t *live, uint64_t *offsets, uint64_t *total);

#ifdef INGOT_GUARD_PAGES
// guarded_arena.cc, in ingot_runtime_guarded alone: every value, constant and workspace between two pages that fault.
int32_t GuardEpoch(ingot_context_t *context, Plan *plan, uint32_t epoch, uint64_t bytes, ingot_status_t *status);
int32_t GuardWorkspace(ingot_context_t *context, const Plan *plan, ingot_status_t *status);
void *GuardedPointer(const ingot_context_t *context, const Plan *plan, uint32_t value);
void PoisonEpoch(const ingot_context_t *context, const Plan *plan, uint32_t epoch);
// The same for the values that live within these steps alone: a turn of a loop finds nothing of the last one's.
void PoisonSteps(const ingot_context_t *context, const Plan *plan, uint32_t begin, uint32_t end);
// Where a state of this size goes behind those before it; and their memory made accessible.
uint64_t PlaceState(uint64_t bytes, uint64_t *cursor);
void OpenState(ingot_state_t *state);
uint64_t WorkspaceRoom(uint64_t bytes);
char *Workspace(const ingot_context_t *context, const Plan *plan, const BoundStep &step, uint32_t worker);
#else
inline uint64_t PlaceState(uint64_t bytes, uint64_t *cursor) {
  uint64_t at = *cursor;
  *cursor += AlignUp(bytes);
  return at;
}
inline void OpenState(ingot_state_t *) {}
// Bytes that one thread's workspace takes, and where it is.
inline uint64_t WorkspaceRoom(uint64_t bytes) { return AlignUp(bytes); }
inline char *Workspace(const ingot_context_t *context, const Plan *plan, const BoundStep &, uint32_t worker) {
  return context->workspace.base + worker * plan->workspace_bytes;
}
#endif

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_ARENA_H_
