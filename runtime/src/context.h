// A context: what one caller at a time needs to run a program. All of its fixed-size memory is one block, made when it
// is created; arena and workspace are two more, which only grow. Tests: tests/runtime/run_test.cc, allocation_test.cc.
#ifndef INGOT_RUNTIME_SRC_CONTEXT_H_
#define INGOT_RUNTIME_SRC_CONTEXT_H_

#include "runtime/src/memory.h"
#include "runtime/src/program.h"

namespace ingot::runtime {

struct Plan;

// Plans kept by a context of a program with symbols.
constexpr uint32_t kMaxPlans = 8;

struct Memory {
  char *base;
  uint64_t bytes;
};

// The arena of a later epoch, which grows while the values of others live.
struct EpochMemory {
  Memory memory;
  uint64_t generation;  // changes whenever it moves
};

struct DeviceContext;

}  // namespace ingot::runtime

struct ingot_context {
  const ingot_program_t *program;
  ingot_allocator_t allocator;
  ingot_allocator_t data_allocator;  // of arena and workspace: the one above, or the device's
  ingot_pool_t *pool;
  ingot_parallel_for_t parallel_for;  // run is NULL when the pool, or nothing, is used
  ingot_trace_t trace;
  uint32_t max_workers;
  uint64_t block_bytes;

  ingot::runtime::Plan *plans;
  uint32_t num_plans;
  ingot::runtime::Plan *current;  // of the last run, or NULL
  uint64_t clock;                 // for Plan::last_used

  ingot::runtime::Memory arena, workspace;
  uint64_t generation;                 // changes whenever `arena` moves
  ingot::runtime::EpochMemory *later;  // num_epochs; the first is `arena`
  uint64_t stamp;                      // the last one given to an epoch's plan

  int64_t *symbols;  // scratch: num_symbols
  uint32_t *live;    // scratch: num_arena_values

  ingot_state_t *state;  // given, or its own; NULL until a run needs one
  bool owns_state;
  bool has_torn_state;  // the run in progress began to write and was ended early

  bool has_results;  // the last run ended well, and nothing has changed `current` since
  bool cancelled;    // atomic

  ingot::runtime::DeviceContext *on_device;  // NULL: the host
};

namespace ingot::runtime {

// Gives up the old block first: its content is not needed, and holding both would double the peak. False: there is
// none.
bool Replace(const ingot_allocator_t &allocator, Memory *memory, uint64_t bytes);

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_CONTEXT_H_
