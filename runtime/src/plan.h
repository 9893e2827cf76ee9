// A plan is everything that follows from one vector of the inputs' symbol values, and from the sizes that its last run
// found in data: the size table, where arena values lie, how each
// step is split, and the table of pointers that kernels get. A context keeps plans for its most recent vectors, so
// alternating sizes cost nothing. Tests: tests/runtime/run_test.cc.
#ifndef INGOT_RUNTIME_SRC_PLAN_H_
#define INGOT_RUNTIME_SRC_PLAN_H_

#include "runtime/src/context.h"

namespace ingot::runtime {

// One step, ready to run. A copy has no kernel: `tiles` is then its number of bytes.
struct BoundStep {
  ingot_kernel_fn_t run;
  void **buffers;
  int64_t tiles;
  int64_t chunk;     // tiles per chunk when it runs on several threads; on a device, the number of blocks
  uint32_t workers;  // 1: on the calling thread
  uint32_t kind;     // ingot_step_kind_t
  uint32_t epoch;    // that a BIND step begins
};

// What is planned when a BIND step has found sizes.
struct EpochPlan {
  uint64_t stamp;         // of the planning; 0: none, or not to be relied on
  uint64_t parent_stamp;  // its parent's when this was planned
  uint64_t generation;    // of the memory that its pointers point into
};

struct Plan {
  int64_t *sizes;     // num_sizes
  uint64_t *offsets;  // of arena value i in the arena
  void **buffers;     // num_buffers
  BoundStep *steps;   // num_steps
  EpochPlan *epochs;  // num_epochs; of the first the stamp alone is used
  uint32_t *owners;   // num_stages: the epoch whose BIND step was the last to fill the stage's symbols, or 0
  void **objects;     // num_kernels: what `prepare` made
  uint64_t arena_bytes;
  uint64_t workspace_bytes;  // per worker
  uint32_t workers;          // of the most parallel step
  uint32_t parallel_steps;
  uint64_t last_used;   // 0: no vector
  uint64_t generation;  // of the memory that `buffers` points into; 0: not bound
  bool sized;           // `sizes` is valid
  bool ready;           // all the rest but pointers is valid
};

// A step below this many scalar operations per extra thread stays on fewer threads: waking a parked thread costs some
// 10-20 us.
#ifdef INGOT_GUARD_PAGES
constexpr int64_t kWorkPerThread = 100;  // tests run small programs on several threads
#else
constexpr int64_t kWorkPerThread = 50000;
#endif
// Chunks per worker: enough for threads that start late or run slowly to take less.
constexpr int64_t kChunksPerWorker = 4;

// How many threads a step is worth.
inline uint32_t StepWorkers(int64_t work, int64_t tiles, uint32_t max_workers) {
  int64_t workers = 1 + work / kWorkPerThread;
  if (workers > tiles) workers = tiles;
  if (workers > max_workers) workers = max_workers;
  return workers < 1 ? 1 : static_cast<uint32_t>(workers);
}

// The cached plan for these symbol values, or the least valuable one with its old content dropped (then `sized` is
// false).
Plan *FindPlan(ingot_context_t *context, const int64_t *symbols);
// Computes placement, step splits and library objects. The plan must be sized.
int32_t ReadyPlan(ingot_context_t *context, Plan *plan, ingot_status_t *status);
// Makes arena and workspace large enough and writes all pointers that are not the caller's.
int32_t BindPlan(ingot_context_t *context, Plan *plan, ingot_status_t *status);
// Runs BIND step `s`: makes its operand's elements sizes and plans the epoch behind it. Nothing is planned or allocated
// anew when the sizes are those of the last time.
int32_t BindSizes(ingot_context_t *context, Plan *plan, uint32_t s, const int64_t *elements, ingot_status_t *status);
// Where an arena value is, for the sizes of the last run.
void *ArenaPointer(const ingot_context_t *context, const Plan *plan, uint32_t value);
// Destroys library objects and forgets everything.
void DropPlan(ingot_context_t *context, Plan *plan);

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_PLAN_H_
