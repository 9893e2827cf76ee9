// Special registers: who a thread is. Unlike other instructions they take nothing and return their value.
// Tested by tests/gpu/emulator_test.cc.
#include "tests/gpu/emulator/block.h"
#include "tests/gpu/emulator/instruction.h"

#define REGISTER(name, value) INGOT_REGISTER(name, value, INGOT_JOIN(Register, __COUNTER__))
#define INGOT_REGISTER(name, value, function)                                             \
  INGOT_EMULATOR_EXPORT uint32_t function() INGOT_EMULATOR_SYMBOL("read.ptx.sreg." name); \
  uint32_t function() { return value; }

namespace ingot::gpu_emulator {

REGISTER("tid.x", TheBlock().Current().id[0])
REGISTER("tid.y", TheBlock().Current().id[1])
REGISTER("tid.z", TheBlock().Current().id[2])
REGISTER("ctaid.x", TheBlock().Id()[0])
REGISTER("ctaid.y", TheBlock().Id()[1])
REGISTER("ctaid.z", TheBlock().Id()[2])
REGISTER("ntid.x", TheBlock().BlockSize()[0])
REGISTER("ntid.y", TheBlock().BlockSize()[1])
REGISTER("ntid.z", TheBlock().BlockSize()[2])
REGISTER("nctaid.x", TheBlock().GridSize()[0])
REGISTER("nctaid.y", TheBlock().GridSize()[1])
REGISTER("nctaid.z", TheBlock().GridSize()[2])
REGISTER("laneid", TheBlock().Current().lane)
REGISTER("warpid", TheBlock().Current().warp)
REGISTER("nwarpid", (TheBlock().NumThreads() + kWarpSize - 1) / kWarpSize)
REGISTER("warpsize", kWarpSize)
REGISTER("lanemask.eq", 1u << TheBlock().Current().lane)
REGISTER("lanemask.lt", (1u << TheBlock().Current().lane) - 1)
REGISTER("lanemask.le", (2u << TheBlock().Current().lane) - 1)
REGISTER("lanemask.gt", ~((2u << TheBlock().Current().lane) - 1))
REGISTER("lanemask.ge", ~((1u << TheBlock().Current().lane) - 1))

}  // namespace ingot::gpu_emulator
