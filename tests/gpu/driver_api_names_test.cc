// Compares the exported names in runtime/cuda/driver_api.h with those that NVIDIA's cuda.h gives to programs, where
// that is installed: cuMemAlloc is a #define for cuMemAlloc_v2. Parameters are compared in driver_api_test.cc.
#include <cuda.h>
#include <gtest/gtest.h>

#include <string>

#include "runtime/cuda/driver_api.h"

namespace ingot::cuda {
namespace {

#define INGOT_JOIN(a, b) a##b
#define INGOT_TEXT_OF(expanded) #expanded
#define INGOT_TEXT(name) INGOT_TEXT_OF(name)

TEST(DriverApi, NamesAreThoseOfCudaHeader) {
#define INGOT_CHECK(name, exported, parameters)                                                           \
  {                                                                                                       \
    /* A newer cuda.h may know a later version; the first one, without a number, is exported for ever. */ \
    const std::string here = #exported, theirs = INGOT_TEXT(INGOT_JOIN(cu, name));                        \
    EXPECT_TRUE(here == theirs || here == "cu" #name) << here << " is " << theirs << " in cuda.h";        \
  }
  INGOT_CUDA_FUNCTIONS(INGOT_CHECK)
  INGOT_CUDA_OTHER_FUNCTIONS(INGOT_CHECK)
#undef INGOT_CHECK
}

}  // namespace
}  // namespace ingot::cuda
