// Steps on the host. Small steps run straight on the calling thread; large ones are cut into chunks of
// tiles that threads take from a counter. Tiles are independent, so results do not depend on who computes which. Tests:
// tests/runtime/run_test.cc, pool_test.cc.
#include "runtime/src/execute.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/src/arena.h"
#include "runtime/src/pool.h"
#include "runtime/src/run_block.h"

namespace ingot::runtime {
namespace {

// One step on several threads.
struct ParallelStep {
  const BoundStep *step;
  const ingot_context_t *context;
  const Plan *plan;
  uint32_t workers;  // each below this number
  int32_t failure;   // atomic: the first kernel status that is not 0
  int64_t done;      // atomic: chunks finished
};

constexpr int32_t kBadWorker = INT32_MIN;

void RunChunk(void *data, uint32_t worker, int64_t item) {
  auto *job = static_cast<ParallelStep *>(data);
  const BoundStep &step = *job->step;
  if (__atomic_load_n(&job->failure, __ATOMIC_RELAXED) == 0) {
    int64_t begin = item * step.chunk;
    int64_t end = step.tiles - begin < step.chunk ? step.tiles : begin + step.chunk;
    int32_t code = kBadWorker;
    if (worker < job->workers) {
      code = step.run(step.buffers, job->plan->sizes, begin, end, Workspace(job->context, job->plan, step, worker));
    }
    int32_t none = 0;
    if (code != 0) __atomic_compare_exchange_n(&job->failure, &none, code, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  }
  __atomic_fetch_add(&job->done, 1, __ATOMIC_RELEASE);
}

int32_t RunParallel(ingot_context_t *context, const Plan *plan, const BoundStep &step) {
  ParallelStep job = {&step, context, plan, plan->workers, 0, 0};
  int64_t chunks = (step.tiles - 1) / step.chunk + 1;
  if (context->parallel_for.run != nullptr) {
    context->parallel_for.run(context->parallel_for.self, chunks, RunChunk, &job);
  } else if (!PoolRun(context->pool, chunks, step.workers, RunChunk, &job)) {
    // Another context has the pool: run here.
    return step.run(step.buffers, plan->sizes, 0, step.tiles, Workspace(context, plan, step, 0));
  }
  if (__atomic_load_n(&job.done, __ATOMIC_ACQUIRE) != chunks) return kBadWorker;
  return job.failure;
}

inline int32_t RunStep(ingot_context_t *context, const Plan *plan, const BoundStep &step) {
  if (step.tiles == 0) return 0;
  if (step.workers > 1) return RunParallel(context, plan, step);
  if (step.run != nullptr) return step.run(step.buffers, plan->sizes, 0, step.tiles, Workspace(context, plan, step, 0));
  memmove(step.buffers[1], step.buffers[0], static_cast<size_t>(step.tiles));
  return 0;
}

int32_t StepError(const ingot_context_t *context, uint32_t s, int32_t code, ingot_status_t *status) {
  const ingot_step_t &step = context->program->desc->steps[s];
  if (code == kBadWorker) {
    return Fail(status, INGOT_INTERNAL,
                "step %" PRIu32 " (%s): parallel_for left out items, or used a worker number of max_workers (%" PRIu32
                ") or more",
                s, NameOr(step.name, "?"), context->max_workers);
  }
  return Fail(status, INGOT_INTERNAL, "step %" PRIu32 " (%s) failed: kernel %s returned %" PRId32, s,
              NameOr(step.name, "?"), NameOr(context->program->variant->kernels[step.kernel].name, "?"), code);
}

// The host.
struct HostMachine {
  ingot_context_t *context;
  Plan *plan;

  int32_t Step(uint32_t s, ingot_status_t *status) {
    int32_t code = RunStep(context, plan, plan->steps[s]);
    return code == 0 ? INGOT_OK : StepError(context, s, code, status);
  }
  int32_t Condition(uint32_t s, bool *holds, ingot_status_t *) {
    *holds = *static_cast<const unsigned char *>(plan->steps[s].buffers[0]) != 0;
    return INGOT_OK;
  }
  int32_t Bind(uint32_t s, ingot_status_t *status) {
    return BindSizes(context, plan, s, static_cast<const int64_t *>(plan->steps[s].buffers[0]), status);
  }
#ifdef INGOT_GUARD_PAGES
  void BeginTurn(uint32_t begin, uint32_t end) { PoisonSteps(context, plan, begin, end); }
#else
  void BeginTurn(uint32_t, uint32_t) {}
#endif
  void Trace(uint32_t s, uint64_t start) {
    context->trace.step(context->trace.self, s, NameOr(context->program->desc->steps[s].name, "?"), start,
                        NowNanoseconds());
  }
};

}  // namespace

int32_t ExecutePlan(ingot_context_t *context, Plan *plan, ingot_status_t *status) {
#ifdef INGOT_GUARD_PAGES
  PoisonEpoch(context, plan, 0);
#endif
  uint32_t end = context->program->desc->num_steps;
  bool hot = context->pool != nullptr && plan->parallel_steps > 1;
  if (hot) PoolBeginRun(context->pool);
  HostMachine machine = {context, plan};
  int32_t code = context->trace.step != nullptr ? RunBlock<true>(machine, context, plan, 0, end, status)
                                                : RunBlock<false>(machine, context, plan, 0, end, status);
  if (hot) PoolEndRun(context->pool);
  return code == INGOT_OK ? Succeed(status) : code;
}

}  // namespace ingot::runtime
