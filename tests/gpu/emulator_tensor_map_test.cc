// cuTensorMapEncodeTiled of the stand-in driver refuses what CUDA's documentation forbids.
#include <gtest/gtest.h>

#include "tests/gpu/tensor_maps.h"

namespace ingot::gpu_test {
namespace {

constexpr Result kNotSupported = 801;

class TensorMapTest : public ::testing::Test {
 protected:
  Result Encode() const {
    TensorMap map;
    return arguments_.Encode(&map);
  }
  void *address_ = reinterpret_cast<void *>(0x10000);
  TensorMapArguments arguments_ = DenseTensor(kTensorFloat16, 2, address_, {64, 32, 8}, {64, 16, 1}, kSwizzle128);
};

TEST_F(TensorMapTest, TakesWhatIsRight) {
  EXPECT_EQ(Encode(), kSuccess);
  arguments_.sizes[2] = uint64_t{1} << 32;
  arguments_.strides = {1 << 20, (uint64_t{1} << 40) - 16};
  arguments_.box = {64, 256, 256};
  arguments_.promotion = 3;
  EXPECT_EQ(Encode(), kSuccess);
  for (const int32_t type : {kTensorUint8, kTensorInt32, kTensorFloat32, kTensorBfloat16}) {
    arguments_.data_type = type;
    arguments_.box[0] = 16;
    EXPECT_EQ(Encode(), kSuccess) << type;
  }
}

TEST_F(TensorMapTest, RefusesAddresses) {
  arguments_.address = reinterpret_cast<void *>(0x10008);
  EXPECT_EQ(Encode(), kInvalidValue);
  arguments_.address = nullptr;
  EXPECT_EQ(Encode(), kInvalidValue);
  arguments_.address = address_;
  TensorMap maps[2];
  EXPECT_EQ(arguments_.Encode(reinterpret_cast<TensorMap *>(reinterpret_cast<char *>(maps) + 16)), kInvalidValue);
}

TEST_F(TensorMapTest, RefusesSizes) {
  const TensorMapArguments right = arguments_;
  const auto refuses = [&](auto change) {
    arguments_ = right;
    change(&arguments_);
    EXPECT_EQ(Encode(), kInvalidValue);
  };
  refuses([](TensorMapArguments *a) { a->sizes[1] = 0; });
  refuses([](TensorMapArguments *a) { a->sizes[1] = (uint64_t{1} << 32) + 1; });
  refuses([](TensorMapArguments *a) { a->strides[0] = 136; });
  refuses([](TensorMapArguments *a) { a->strides[1] = uint64_t{1} << 40; });
  refuses([](TensorMapArguments *a) { a->box[1] = 0; });
  refuses([](TensorMapArguments *a) { a->box[1] = 257; });
  refuses([](TensorMapArguments *a) { a->box[0] = 4; });    // 8 bytes
  refuses([](TensorMapArguments *a) { a->box[0] = 128; });  // 256 bytes, swizzled within 128
  refuses([](TensorMapArguments *a) { a->swizzle = kSwizzle64; });
  refuses([](TensorMapArguments *a) { a->element_strides[1] = 0; });
  refuses([](TensorMapArguments *a) { a->element_strides[1] = 9; });
  refuses([](TensorMapArguments *a) { a->sizes.clear(); });
  refuses([](TensorMapArguments *a) { a->sizes.resize(6, 1); });
}

TEST_F(TensorMapTest, RefusesNumbersThatMeanNothing) {
  for (int32_t TensorMapArguments::*number :
       {&TensorMapArguments::data_type, &TensorMapArguments::interleave, &TensorMapArguments::swizzle,
        &TensorMapArguments::promotion, &TensorMapArguments::fill}) {
    const int32_t right = arguments_.*number;
    for (const int32_t wrong : {-1, 100}) {
      arguments_.*number = wrong;
      EXPECT_EQ(Encode(), kInvalidValue);
    }
    arguments_.*number = right;
  }
}

TEST_F(TensorMapTest, WhatTheEmulatorCannot) {
  arguments_.element_strides[1] = 2;
  EXPECT_EQ(Encode(), kNotSupported);
  arguments_.element_strides = {2, 1, 1};  // the first one means nothing
  EXPECT_EQ(Encode(), kSuccess);
  arguments_.fill = 1;
  EXPECT_EQ(Encode(), kNotSupported);
}

}  // namespace
}  // namespace ingot::gpu_test
