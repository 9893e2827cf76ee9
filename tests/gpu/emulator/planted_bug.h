// A mistake that a test plants in kernels whose code is right, to see whether it is found: an instruction at one place
// of the code does something else. See control.h.
#ifndef INGOT_TESTS_GPU_EMULATOR_PLANTED_BUG_H_
#define INGOT_TESTS_GPU_EMULATOR_PLANTED_BUG_H_

#include <stdint.h>

#include <algorithm>
#include <vector>

#include "tests/gpu/emulator/control.h"

namespace ingot::gpu_emulator {

struct PlantedBug {
  int32_t kind = INGOT_EMULATOR_NO_BUG;
  uint32_t number = 0;
  uint32_t count = 0;            // of what it can be planted in, so far
  std::vector<uint64_t> places;  // the same, where they are places of the code, as they were first met

  // Whether the instruction that is called at this place, counted from where the kernel begins, has the bug.
  bool IsAt(int32_t a_kind, uint64_t place) {
    if (kind != a_kind) return false;
    const auto found = std::find(places.begin(), places.end(), place);
    const auto index = static_cast<uint32_t>(found - places.begin());
    if (found == places.end()) places.push_back(place);
    count = static_cast<uint32_t>(places.size());
    return index == number;
  }
  // The same of things that are numbered.
  bool Is(int32_t a_kind, uint32_t index) {
    if (kind != a_kind) return false;
    count = std::max(count, index + 1);
    return index == number;
  }
};

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_PLANTED_BUG_H_
