// What a warp keeps of the wgmma that it has asked for and not yet waited for. Tested by
// tests/gpu/emulator_wgmma_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_WARPGROUP_H_
#define INGOT_TESTS_GPU_EMULATOR_WARPGROUP_H_

#include <stdint.h>

#include <vector>

#include "tests/gpu/emulator/shared_matrix.h"

namespace ingot::gpu_emulator {

constexpr uint32_t kWarpgroupWarps = 4;

// A matrix that must stay as it was when an instruction began to read it.
struct MatrixRead {
  const char *instruction = nullptr;
  SharedMatrix matrix;
  uint64_t hash = 0;
};

struct WarpProducts {
  bool fenced = false;  // a wgmma.fence has been
  std::vector<MatrixRead> open;
  std::vector<std::vector<MatrixRead>> groups;  // oldest first
  // What it has executed: all warps of a warpgroup must execute the same.
  std::vector<uint64_t> executed;
};

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_WARPGROUP_H_
