#include "runtime/cuda/driver.h"

#include <dlfcn.h>
#include <inttypes.h>

namespace ingot::cuda {

using runtime::Fail;

int32_t OpenDriver(const char *path, Driver *driver, ingot_status_t *status) {
  const char *name = path != nullptr ? path : "libcuda.so.1";
  *driver = {};
  driver->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (driver->library == nullptr) {
    return Fail(status, INGOT_FAILED_PRECONDITION,
                "there is no CUDA driver here (%s): install NVIDIA's driver, or run the program on the CPU", dlerror());
  }
  const char *missing = nullptr;
#define INGOT_FIND(function, symbol, parameters)                                                    \
  driver->function = reinterpret_cast<decltype(driver->function)>(dlsym(driver->library, #symbol)); \
  if (driver->function == nullptr) missing = #symbol;
  INGOT_CUDA_FUNCTIONS(INGOT_FIND)
#undef INGOT_FIND
  if (missing != nullptr) {
    dlclose(driver->library);
    return Fail(status, INGOT_FAILED_PRECONDITION,
                "the CUDA driver (%s) has no function %s: it is too old, install a newer one", name, missing);
  }
  driver->is_emulator = dlsym(driver->library, "ingot_emulator_calls") != nullptr;
  return INGOT_OK;
}

// What another machine or driver would not say.
static bool IsOfTheMachine(Result result) {
  return result == kNoDevice || result == kInvalidDevice || result == kNoBinaryForGpu ||
         result == kUnsupportedPtxVersion || result == kStubLibrary || result == kSystemDriverMismatch;
}

// What ends the GPU's context: the driver returns it from every call that follows.
static bool IsDeath(Result result) {
  switch (result) {
    case kEccUncorrectable:
    case kIllegalAddress:
    case kLaunchTimeout:
    case kAssert:
    case kHardwareStackError:
    case kIllegalInstruction:
    case kMisalignedAddress:
    case kInvalidAddressSpace:
    case kInvalidPc:
    case kLaunchFailed:
      return true;
    default:
      return false;
  }
}

int32_t Check(const Driver &driver, Result result, const char *doing, ingot_status_t *status) {
  if (result == kSuccess) return INGOT_OK;
  if (IsDeath(result)) __atomic_store_n(&driver.death, result, __ATOMIC_RELAXED);
  const char *name = nullptr, *text = nullptr;
  driver.GetErrorName(result, &name);
  driver.GetErrorString(result, &text);
  int32_t code = result == kOutOfMemory   ? INGOT_OUT_OF_MEMORY
                 : IsOfTheMachine(result) ? INGOT_FAILED_PRECONDITION
                                          : INGOT_INTERNAL;
  const char *remedy = result == kUnsupportedPtxVersion ? "; install a newer driver" : "";
  return Fail(status, code, "the CUDA driver failed to %s: %s (%s, %" PRId32 ")%s", doing,
              runtime::NameOr(text, "no description"), runtime::NameOr(name, "unknown error"), result, remedy);
}

}  // namespace ingot::cuda
