// Runs the steps of a bound plan. Tests: tests/runtime/run_test.cc, pool_test.cc.
// Apart from context.h, because only it touches kernels and threads.
#ifndef INGOT_RUNTIME_SRC_EXECUTE_H_
#define INGOT_RUNTIME_SRC_EXECUTE_H_

#include "runtime/src/plan.h"

namespace ingot::runtime {

int32_t ExecutePlan(ingot_context_t *context, Plan *plan, ingot_status_t *status);

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_EXECUTE_H_
