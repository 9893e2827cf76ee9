// The weights' side file: mapped read-only, so that processes share its pages and nothing is read before it is used.
// Tests: tests/runtime/weights_test.cc.
#ifndef INGOT_RUNTIME_SRC_WEIGHTS_H_
#define INGOT_RUNTIME_SRC_WEIGHTS_H_

#include "runtime/src/status.h"

namespace ingot::runtime {

struct Mapping {
  void *memory;
  uint64_t bytes;
};

// Maps `path` and compares its header with the description.
int32_t MapWeights(const ingot_program_desc_t *desc, const char *path, Mapping *mapping, ingot_status_t *status);
void Unmap(const Mapping &mapping);

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_WEIGHTS_H_
