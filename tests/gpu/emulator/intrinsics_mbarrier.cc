// mbarrier: init, inval, arrivals, expected bytes, waits. A test that must not block blocks here too, until no other
// thread can run: a GPU may be as slow. Tested by tests/gpu/emulator_mbarrier_test.cc.
#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {
namespace {

// The operand that every instruction has first.
uint32_t Address(const char *name, const void *arguments) {
  return TheBlock().MbarrierAddress(name, Operand<const void *>(arguments, 0));
}

void Change(const char *name, void *result, const void *arguments, const MbarrierChange &change) {
  const uint64_t state = TheBlock().ChangeMbarrier(name, Address(name, arguments), change);
  if (result != nullptr) SetResult(result, state);
}

uint32_t Number(const void *arguments) { return Operand<uint32_t>(arguments, 8); }

}  // namespace

#define INIT(name) \
  INSTRUCTION(name) { TheBlock().InitMbarrier(name, Address(name, arguments), Number(arguments)); }
#define INVAL(name) \
  INSTRUCTION(name) { TheBlock().InvalMbarrier(name, Address(name, arguments)); }
INIT("mbarrier.init")
INIT("mbarrier.init.shared")
INIT("mbarrier.init.b64")
INIT("mbarrier.init.shared.b64")
INIT("mbarrier.init.shared::cta.b64")
INVAL("mbarrier.inval")
INVAL("mbarrier.inval.shared")

// Of arrivals by one thread, by many, with bytes. A scope says who sees other memory; all do here.
#define CHANGE(name, ...) \
  INSTRUCTION(name) { Change(name, result, arguments, __VA_ARGS__); }
#define CHANGE_IN_SCOPES(name, ...)                    \
  CHANGE(name ".scope.cta.space.cta", __VA_ARGS__)     \
  CHANGE(name ".scope.cta.space.cluster", __VA_ARGS__) \
  CHANGE(name ".scope.cluster.space.cta", __VA_ARGS__) \
  CHANGE(name ".scope.cluster.space.cluster", __VA_ARGS__)
#define ARRIVE(name, ...)             \
  CHANGE_IN_SCOPES(name, __VA_ARGS__) \
  CHANGE_IN_SCOPES(name ".relaxed", __VA_ARGS__)
CHANGE("mbarrier.arrive", {.arrivals = 1})
CHANGE("mbarrier.arrive.shared", {.arrivals = 1})
CHANGE("mbarrier.arrive.shared.b64", {.arrivals = 1})
CHANGE("mbarrier.arrive.shared::cta.b64", {.arrivals = 1})
CHANGE("mbarrier.arrive.drop", {.arrivals = 1, .drops = true})
CHANGE("mbarrier.arrive.drop.shared", {.arrivals = 1, .drops = true})
CHANGE("mbarrier.arrive.noComplete", {.arrivals = Number(arguments), .must_not_complete = true})
CHANGE("mbarrier.arrive.noComplete.shared", {.arrivals = Number(arguments), .must_not_complete = true})
CHANGE("mbarrier.arrive.expect_tx.b64", {.arrivals = 1, .bytes = Number(arguments)})
CHANGE("mbarrier.arrive.expect_tx.shared.b64", {.arrivals = 1, .bytes = Number(arguments)})
CHANGE("mbarrier.arrive.expect_tx.shared::cta.b64", {.arrivals = 1, .bytes = Number(arguments)})
ARRIVE("mbarrier.arrive", {.arrivals = Number(arguments)})
ARRIVE("mbarrier.arrive.drop", {.arrivals = Number(arguments), .drops = true})
ARRIVE("mbarrier.arrive.expect.tx", {.arrivals = 1, .bytes = Number(arguments)})
ARRIVE("mbarrier.arrive.drop.expect.tx", {.arrivals = 1, .bytes = Number(arguments), .drops = true})
CHANGE_IN_SCOPES("mbarrier.expect.tx", {.bytes = Number(arguments)})
CHANGE_IN_SCOPES("mbarrier.complete.tx", {.bytes = -int64_t{Number(arguments)}})
LANE_INSTRUCTION("mbarrier.pending.count", PendingOfState)

// Tests of a phase, by its parity or by what an arrival returned. A time limit (.tl) means nothing here.
#define TEST_PARITY(name)                                                                          \
  LANE_INSTRUCTION(name, [](const void *address, uint32_t parity) -> Bit {                         \
    return TheBlock().WaitMbarrier(name, TheBlock().MbarrierAddress(name, address), parity, true); \
  })
#define TEST_STATE(name)                                                                               \
  LANE_INSTRUCTION(name, [](const void *address, uint64_t state) -> Bit {                              \
    return TheBlock().WaitMbarrierState(name, TheBlock().MbarrierAddress(name, address), state, true); \
  })
#define IN_SCOPES(TEST, name)               \
  TEST(name ".scope.cta.space.cta")         \
  TEST(name ".scope.cluster.space.cta")     \
  TEST(name ".relaxed.scope.cta.space.cta") \
  TEST(name ".relaxed.scope.cluster.space.cta")
IN_SCOPES(TEST_PARITY, "mbarrier.test.wait.parity")
IN_SCOPES(TEST_PARITY, "mbarrier.try.wait.parity")
IN_SCOPES(TEST_PARITY, "mbarrier.try.wait.parity.tl")
IN_SCOPES(TEST_STATE, "mbarrier.test.wait")
IN_SCOPES(TEST_STATE, "mbarrier.try.wait")
IN_SCOPES(TEST_STATE, "mbarrier.try.wait.tl")
TEST_STATE("mbarrier.test.wait")
TEST_STATE("mbarrier.test.wait.shared")

// As text these are loops, which end with the phase and have no result.
#define WAIT(name)                                                                           \
  INSTRUCTION(name) {                                                                        \
    if (result != nullptr) TheBlock().Fail(name, ": as text it is emulated only as a loop"); \
    TheBlock().WaitMbarrier(name, Address(name, arguments), Number(arguments), false);       \
  }
WAIT("mbarrier.try_wait.parity.b64")
WAIT("mbarrier.try_wait.parity.shared.b64")
WAIT("mbarrier.try_wait.parity.shared::cta.b64")

}  // namespace ingot::gpu_emulator
