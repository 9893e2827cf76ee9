// Barriers of the block and of a warp, and fences. A fence does nothing: the threads of one host thread see each
// other's writes at once. Tested by tests/gpu/emulator_test.cc.
#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {
namespace {

void WaitAll(uint32_t barrier, const void *place) {
  if (TheBlock().HasBug(INGOT_EMULATOR_NO_BARRIER, place)) return;
  TheBlock().Wait(barrier, TheBlock().NumThreads(), 0);
}
void WaitCount(uint32_t barrier, uint32_t count) { TheBlock().Wait(barrier, count, 0); }
void ArriveCount(uint32_t barrier, uint32_t count) { TheBlock().Arrive(barrier, count); }
uint32_t CountAll(uint32_t barrier, Bit vote) { return TheBlock().Wait(barrier, TheBlock().NumThreads(), vote); }
Bit AnyOfAll(uint32_t barrier, Bit vote) { return CountAll(barrier, vote) != 0; }
Bit AllOfAll(uint32_t barrier, Bit vote) { return CountAll(barrier, vote) == TheBlock().NumThreads(); }

}  // namespace

INSTRUCTION("barrier.cta.sync.aligned.all") { WaitAll(Operand<uint32_t>(arguments, 0), INGOT_PLACE); }
INSTRUCTION("barrier.cta.sync.all") { WaitAll(Operand<uint32_t>(arguments, 0), INGOT_PLACE); }
LANE_INSTRUCTION("barrier.cta.sync.aligned.count", WaitCount)
LANE_INSTRUCTION("barrier.cta.sync.count", WaitCount)
LANE_INSTRUCTION("barrier.cta.arrive.aligned.count", ArriveCount)
LANE_INSTRUCTION("barrier.cta.arrive.count", ArriveCount)
LANE_INSTRUCTION("bar.arrive", ArriveCount)
LANE_INSTRUCTION("barrier.cta.red.popc.aligned.all", CountAll)
LANE_INSTRUCTION("barrier.cta.red.popc.all", CountAll)
LANE_INSTRUCTION("barrier.cta.red.or.aligned.all", AnyOfAll)
LANE_INSTRUCTION("barrier.cta.red.or.all", AnyOfAll)
LANE_INSTRUCTION("barrier.cta.red.and.aligned.all", AllOfAll)
LANE_INSTRUCTION("barrier.cta.red.and.all", AllOfAll)
INSTRUCTION("barrier0") { WaitAll(0, INGOT_PLACE); }

WARP_INSTRUCTION("bar.warp.sync", Operand<uint32_t>(arguments, 0), [](const Collective &) {})

INSTRUCTION("membar.cta") {}
INSTRUCTION("membar.gl") {}
INSTRUCTION("membar.sys") {}
INSTRUCTION("fence.sc.cluster") {}
INSTRUCTION("fence.proxy.async") {}
INSTRUCTION("fence.proxy.async.global") {}
INSTRUCTION("fence.proxy.async.shared_cta") {}
INSTRUCTION("fence.proxy.async.shared_cluster") {}
INSTRUCTION("fence.mbarrier_init.release.cluster") {}
INSTRUCTION("nanosleep") {}

#define TENSOR_MAP_FENCES(scope)                                 \
  INSTRUCTION("fence.proxy.tensormap_generic.acquire." scope) {} \
  INSTRUCTION("fence.proxy.tensormap_generic.release." scope) {}
TENSOR_MAP_FENCES("cta")
TENSOR_MAP_FENCES("cluster")
TENSOR_MAP_FENCES("gpu")
TENSOR_MAP_FENCES("sys")

}  // namespace ingot::gpu_emulator
