// Which of a program's instruction-set levels this machine runs.
// Features are an argument, so that tests can pretend to be any machine. Tests: tests/runtime/load_test.cc.
#ifndef INGOT_RUNTIME_SRC_VARIANT_H_
#define INGOT_RUNTIME_SRC_VARIANT_H_

#include "runtime/src/status.h"

namespace ingot::runtime {

// The first variant that `features` satisfies or, where `level` is not NULL, the one of that name.
int32_t SelectVariant(const ingot_program_desc_t *desc, uint64_t features, const char *level,
                      const ingot_variant_t **variant, ingot_status_t *status);

// Asks the operating system for what a program must request before use (AMX tiles). False when it refuses.
bool EnableFeatures(uint64_t features);

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_VARIANT_H_
