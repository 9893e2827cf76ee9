// The step loop, with its blocks: what is the same whoever runs a step. A machine says how.
//   int32_t Step(uint32_t s, ingot_status_t *status)                 a kernel or a copy
//   int32_t Condition(uint32_t s, bool *holds, ingot_status_t *)     of an IF or WHILE
//   int32_t Bind(uint32_t s, ingot_status_t *status)
//   void BeginTurn(uint32_t s, uint32_t end)                         of a loop
//   void Trace(uint32_t s, uint64_t begin_ns)                        after a step of a traced run
#ifndef INGOT_RUNTIME_SRC_RUN_BLOCK_H_
#define INGOT_RUNTIME_SRC_RUN_BLOCK_H_

#include <inttypes.h>
#include <time.h>

#include "runtime/src/plan.h"
#include "runtime/src/shapes.h"

namespace ingot::runtime {

inline uint64_t NowNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

inline int32_t Cancelled(const ingot_context_t *context, uint32_t s, ingot_status_t *status) {
  return Fail(status, INGOT_CANCELLED, "the run was cancelled at step %" PRIu32 " (%s)", s,
              NameOr(context->program->desc->steps[s].name, "?"));
}

// Of a run that ends early in the steps before `end`: whether they wrote to a state.
inline int32_t Abandon(ingot_context_t *context, uint32_t end, int32_t code) {
  context->has_torn_state |= end > context->program->first_state_write;
  return code;
}

// Steps [begin, end), blocks among them by recursion (as deep as validate.cc allows).
template <bool kTraced, typename Machine>
int32_t RunBlock(Machine &machine, ingot_context_t *context, Plan *plan, uint32_t begin, uint32_t end,
                 ingot_status_t *status) {
  const ingot_program_desc_t *desc = context->program->desc;
  for (uint32_t s = begin; s < end; ++s) {
    const BoundStep &planned = plan->steps[s];
    if (planned.kind <= INGOT_STEP_COPY) {
      uint64_t start = kTraced ? NowNanoseconds() : 0;
      int32_t code = machine.Step(s, status);
      if (kTraced) machine.Trace(s, start);
      if (code != INGOT_OK) return Abandon(context, s + 1, code);
      continue;
    }
    const ingot_step_t &step = desc->steps[s];
    int32_t code = INGOT_OK;
    if (step.kind == INGOT_STEP_CHECK) {
      code = RunChecks(desc, plan->sizes, step.split, step.end, status);
      if (code != INGOT_OK) return Abandon(context, s, code);
      continue;
    }
    if (step.kind == INGOT_STEP_BIND) {
      code = machine.Bind(s, status);
      if (code != INGOT_OK) return Abandon(context, s, code);
      continue;
    }
    bool holds = planned.tiles != 0;
    if (step.kind != INGOT_STEP_WHILE) {
      if (step.kind == INGOT_STEP_IF) code = machine.Condition(s, &holds, status);
      if (code == INGOT_OK)
        code = RunBlock<kTraced>(machine, context, plan, holds ? s + 1 : step.split, holds ? step.split : step.end,
                                 status);
    } else {
      for (;;) {
        if (__atomic_load_n(&context->cancelled, __ATOMIC_RELAXED)) {
          code = Cancelled(context, s, status);
          break;
        }
        machine.BeginTurn(s + 1, step.end);
        code = RunBlock<kTraced>(machine, context, plan, s + 1, step.split, status);
        if (code == INGOT_OK) code = machine.Condition(s, &holds, status);
        if (code != INGOT_OK || !holds) break;
        code = RunBlock<kTraced>(machine, context, plan, step.split, step.end, status);
        if (code != INGOT_OK) break;
      }
    }
    // A loop may have written in an earlier turn.
    if (code != INGOT_OK) return Abandon(context, step.kind == INGOT_STEP_WHILE ? step.end : s, code);
    s = step.end - 1;
  }
  return INGOT_OK;
}

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_RUN_BLOCK_H_
