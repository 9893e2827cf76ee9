// The CUDA driver, opened at run time. Tests: tests/gpu/launcher_test.cc.
#ifndef INGOT_RUNTIME_CUDA_DRIVER_H_
#define INGOT_RUNTIME_CUDA_DRIVER_H_

#include "runtime/cuda/driver_api.h"
#include "runtime/src/status.h"

namespace ingot::cuda {

struct Driver {
  void *library;
#define INGOT_DECLARE(name, symbol, parameters) Result(*name) parameters;
  INGOT_CUDA_FUNCTIONS(INGOT_DECLARE)
#undef INGOT_DECLARE
  mutable Result death;  // atomic: the failure of a kernel, after which the driver refuses everything; 0 before
  bool is_emulator;      // tests/gpu/emulator/ under the driver's names
};

// INGOT_FAILED_PRECONDITION when there is none, or one that lacks a function.
int32_t OpenDriver(const char *path, Driver *driver, ingot_status_t *status);

// INGOT_OK, or an error with what was being done and the driver's own words. Remembers what the driver does not recover
// from.
int32_t Check(const Driver &driver, Result result, const char *doing, ingot_status_t *status);

}  // namespace ingot::cuda

#endif  // INGOT_RUNTIME_CUDA_DRIVER_H_
