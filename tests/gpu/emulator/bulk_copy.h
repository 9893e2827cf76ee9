// The copies of TMA: a box of a tensor in global memory, and its place in shared memory. Plain copies are those of a
// tensor of bytes. Tested by tests/gpu/emulator_tensor_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_BULK_COPY_H_
#define INGOT_TESTS_GPU_EMULATOR_BULK_COPY_H_

#include <stdint.h>

#include <vector>

#include "tests/gpu/emulator/tensor_map.h"

namespace ingot::gpu_emulator {

struct BulkCopy {
  EncodedTensorMap map;
  int32_t at[kMaxTensorRank] = {};  // where the box begins; it may begin or end outside of the tensor
  uint32_t shared = 0;              // its address in shared memory
  // Of a copy to shared memory: what it reports to, and who asked for it.
  uint32_t mbarrier = 0, thread = 0;
};

// A copy to global memory. Shared memory must stay as it was until the copy has read it.
struct BulkStore {
  BulkCopy copy;
  bool has_read = false;
  std::vector<char> data;
};

// Makes what a copy to shared memory will write NaN.
void PoisonShared(const BulkCopy &copy);
// Outside of the tensor are zeros.
void Load(const BulkCopy &copy);

// The same to global memory. Nothing is written outside of the tensor.
void PoisonGlobal(const BulkCopy &copy);
void ReadShared(const BulkCopy &copy, std::vector<char> *data);
void WriteGlobal(const BulkStore &store);

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_BULK_COPY_H_
