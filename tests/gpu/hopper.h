// Instructions of sm_90 for kernels written by hand: mbarriers, TMA's copies of tensors, and what goes with them.
#ifndef INGOT_TESTS_GPU_HOPPER_H_
#define INGOT_TESTS_GPU_HOPPER_H_

#include <stdint.h>
#include <string.h>

#include "tests/gpu/twin.h"

namespace ingot::gpu_test {

DECLARE_INSTRUCTION(MbarrierInit, "mbarrier.init.shared")
DECLARE_INSTRUCTION(MbarrierArrive, "mbarrier.arrive.shared")
DECLARE_INSTRUCTION(MbarrierArriveExpect, "mbarrier.arrive.expect.tx.scope.cta.space.cta")
DECLARE_INSTRUCTION(MbarrierWait, "mbarrier.try_wait.parity.shared.b64")
DECLARE_INSTRUCTION(LoadTensor1, "cp.async.bulk.tensor.g2s.cta.tile.1d")
DECLARE_INSTRUCTION(LoadTensor2, "cp.async.bulk.tensor.g2s.cta.tile.2d")
DECLARE_INSTRUCTION(LoadTensor3, "cp.async.bulk.tensor.g2s.cta.tile.3d")
DECLARE_INSTRUCTION(LoadTensor4, "cp.async.bulk.tensor.g2s.cta.tile.4d")
DECLARE_INSTRUCTION(LoadTensor5, "cp.async.bulk.tensor.g2s.cta.tile.5d")
DECLARE_INSTRUCTION(StoreTensor2, "cp.async.bulk.tensor.s2g.tile.2d")
DECLARE_INSTRUCTION(StoreTensor3, "cp.async.bulk.tensor.s2g.tile.3d")
DECLARE_INSTRUCTION(BulkCommit, "cp.async.bulk.commit.group")
DECLARE_INSTRUCTION(BulkWait, "cp.async.bulk.wait.group")
DECLARE_INSTRUCTION(BulkWaitRead, "cp.async.bulk.wait.group.read")

inline char *SharedAt(uint32_t offset) { return Shared<char>() + offset; }

inline void Arrive(void *mbarrier) { Call<uint64_t>(MbarrierArrive, mbarrier); }
inline void ArriveExpecting(void *mbarrier, uint32_t bytes) { Call<uint64_t>(MbarrierArriveExpect, mbarrier, bytes); }
inline void WaitFor(void *mbarrier, uint32_t parity) { Do(MbarrierWait, mbarrier, parity, 0u); }

// Operands of copies between a tensor and shared memory.
template <uint32_t kRank>
struct LoadOperands {
  void *shared, *mbarrier;
  const void *map;
  int32_t at[kRank];
  uint64_t hint;
  bool has_hint;
};
template <uint32_t kRank>
struct StoreOperands {
  const void *shared, *map;
  int32_t at[kRank];
  uint64_t hint;
  bool has_hint;
};

template <class... Numbers>
void LoadTensor(Instruction load, void *shared, void *mbarrier, const void *map, Numbers... at) {
  const LoadOperands<sizeof...(at)> operands = {shared, mbarrier, map, {at...}, 0, false};
  load(nullptr, &operands);
}
template <class... Numbers>
void StoreTensor(Instruction store, const void *shared, const void *map, Numbers... at) {
  const StoreOperands<sizeof...(at)> operands = {shared, map, {at...}, 0, false};
  store(nullptr, &operands);
}

}  // namespace ingot::gpu_test

#endif  // INGOT_TESTS_GPU_HOPPER_H_
