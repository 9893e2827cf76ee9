// Tensor maps for tests of TMA: dense tensors, by the stand-in driver.
#ifndef INGOT_TESTS_GPU_TENSOR_MAPS_H_
#define INGOT_TESTS_GPU_TENSOR_MAPS_H_

#include <gtest/gtest.h>
#include <stdint.h>

#include <vector>

#include "tests/gpu/emulated_device.h"

namespace ingot::gpu_test {

// Everything that cuTensorMapEncodeTiled is told. Innermost dimensions come first.
struct TensorMapArguments {
  int32_t data_type = kTensorFloat32;
  void *address = nullptr;
  std::vector<uint64_t> sizes, strides;  // strides are bytes, of all dimensions but the first
  std::vector<uint32_t> box, element_strides;
  int32_t interleave = 0, swizzle = kSwizzleNone, promotion = 0, fill = 0;

  Result Encode(TensorMap *map) const {
    cuInit(0);
    return cuTensorMapEncodeTiled(map, data_type, static_cast<uint32_t>(sizes.size()), address, sizes.data(),
                                  strides.data(), box.data(), element_strides.data(), interleave, swizzle, promotion,
                                  fill);
  }
};

// Of a tensor without gaps.
inline TensorMapArguments DenseTensor(int32_t data_type, uint64_t element_bytes, void *address,
                                      std::vector<uint64_t> sizes, std::vector<uint32_t> box,
                                      int32_t swizzle = kSwizzleNone) {
  TensorMapArguments arguments;
  arguments.data_type = data_type;
  arguments.address = address;
  uint64_t stride = element_bytes;
  for (size_t d = 0; d + 1 < sizes.size(); ++d) arguments.strides.push_back(stride *= sizes[d]);
  arguments.element_strides.assign(sizes.size(), 1);
  arguments.sizes = std::move(sizes);
  arguments.box = std::move(box);
  arguments.swizzle = swizzle;
  return arguments;
}

inline TensorMap MakeTensorMap(const TensorMapArguments &arguments) {
  TensorMap map = {};
  EXPECT_EQ(arguments.Encode(&map), kSuccess);
  return map;
}

}  // namespace ingot::gpu_test

#endif  // INGOT_TESTS_GPU_TENSOR_MAPS_H_
