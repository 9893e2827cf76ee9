// The thread pool: what the step loop needs beyond the public API. Tests: tests/runtime/pool_test.cc.
// Internal, so that a caller of the public API cannot hand it work that the step loop does not know of.
#ifndef INGOT_RUNTIME_SRC_POOL_H_
#define INGOT_RUNTIME_SRC_POOL_H_

#include "runtime/src/status.h"

namespace ingot::runtime {

typedef void (*PoolBody)(void *data, uint32_t worker, int64_t item);

// Calls body for every item in [0, items) on up to `workers` threads, the caller being worker 0. Returns false, having
// done nothing, when another caller is using the pool.
bool PoolRun(ingot_pool_t *pool, int64_t items, uint32_t workers, PoolBody body, void *data);

// Around a run with several parallel steps: threads may then wait a few microseconds for the next step before they
// park.
void PoolBeginRun(ingot_pool_t *pool);
void PoolEndRun(ingot_pool_t *pool);

// Processors this process may use: affinity, bounded by the cgroup's CPU quota. `root` is "" except in tests.
uint32_t AvailableCpus(const char *root);

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_POOL_H_
