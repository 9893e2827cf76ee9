// What sm_90 has for warps and clusters. A cluster is one block here: instructions that reach another one are refused.
// How many registers a warp may use, and when the next grid may begin, means nothing here. Tested by
// tests/gpu/emulator_wgmma_test.cc.
#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {
namespace {

// The last lane of the mask, to show code that takes the first one for granted. Result: its number, and whether a lane
// is it.
void Elect(const Collective &warp) {
  const uint32_t leader = kWarpSize - 1 - static_cast<uint32_t>(__builtin_clz(warp.lanes));
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    if (!warp.Has(lane)) continue;
    SetResult(warp.results[lane], leader);
    SetResult<Bit>(warp.results[lane], lane == leader, 4);
  }
}

}  // namespace

WARP_INSTRUCTION("elect.sync", Operand<uint32_t>(arguments, 0), Elect)

INSTRUCTION("setmaxnreg.inc.sync.aligned.u32") {}
INSTRUCTION("setmaxnreg.dec.sync.aligned.u32") {}
INSTRUCTION("griddepcontrol.wait") {}
INSTRUCTION("griddepcontrol.launch.dependents") {}

#define REFUSED(name) \
  INSTRUCTION(name) { TheBlock().Fail(name, ": clusters of more than one block are not emulated"); }
REFUSED("mapa")
REFUSED("mapa.shared.cluster")
REFUSED("barrier.cluster.arrive")
REFUSED("barrier.cluster.arrive.aligned")
REFUSED("barrier.cluster.arrive.relaxed")
REFUSED("barrier.cluster.arrive.relaxed.aligned")
REFUSED("barrier.cluster.wait")
REFUSED("barrier.cluster.wait.aligned")
REFUSED("cp.async.bulk.shared.cta.to.cluster")

}  // namespace ingot::gpu_emulator
