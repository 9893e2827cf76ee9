// Tensor maps: see tensor_map.h. Checks arguments as CUDA documents them; what TMA can do and the emulator cannot is
// "not supported". Tested by tests/gpu/emulator_tensor_map_test.cc.
#include <string.h>

#include "tests/gpu/emulator/driver.h"
#include "tests/gpu/emulator/tensor_map.h"

namespace ingot::gpu_emulator {
namespace {

constexpr uint64_t kMaxSize = uint64_t{1} << 32, kMaxStride = uint64_t{1} << 40;
constexpr uint32_t kMaxBox = 256, kMaxElementStride = 8;
// CUtensorMapDataType, in its order. The types behind these are packed ones.
constexpr uint16_t kElementBytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
constexpr int32_t kNumDataTypes = 16, kFloat32Ftz = 10, kTfloat32Ftz = 12;
// CUtensorMapSwizzle. Those behind these are of later GPUs.
constexpr uint16_t kSwizzleSpans[] = {16, 32, 64, 128};
constexpr int32_t kNumSwizzles = 7, kNumInterleaves = 3, kNumPromotions = 4, kNumFills = 2;

bool IsIn(int32_t value, int32_t count) { return value >= 0 && value < count; }

}  // namespace

extern "C" {

Result cuTensorMapEncodeTiled(TensorMap *map, int32_t data_type, uint32_t rank, void *address, const uint64_t *sizes,
                              const uint64_t *strides, const uint32_t *box, const uint32_t *element_strides,
                              int32_t interleave, int32_t swizzle, int32_t promotion, int32_t fill) {
  DRIVER_ENTRY(Needs::kDriver);
  if (map == nullptr || reinterpret_cast<uintptr_t>(map) % 64 != 0) return kInvalidValue;
  if (rank == 0 || rank > kMaxTensorRank || sizes == nullptr || box == nullptr) return kInvalidValue;
  if (element_strides == nullptr || (strides == nullptr && rank > 1)) return kInvalidValue;
  if (!IsIn(data_type, kNumDataTypes) || !IsIn(interleave, kNumInterleaves) || !IsIn(swizzle, kNumSwizzles) ||
      !IsIn(promotion, kNumPromotions) || !IsIn(fill, kNumFills)) {
    return kInvalidValue;
  }
  if (address == nullptr || reinterpret_cast<uintptr_t>(address) % 16 != 0) return kInvalidValue;
  for (uint32_t d = 0; d < rank; ++d) {
    if (sizes[d] == 0 || sizes[d] > kMaxSize || box[d] == 0 || box[d] > kMaxBox) return kInvalidValue;
    if (element_strides[d] == 0 || element_strides[d] > kMaxElementStride) return kInvalidValue;
    if (d > 0 && (strides[d - 1] % 16 != 0 || strides[d - 1] >= kMaxStride)) return kInvalidValue;
  }
  if (data_type >= static_cast<int32_t>(std::size(kElementBytes)) || data_type == kFloat32Ftz ||
      data_type == kTfloat32Ftz || interleave != 0 || swizzle >= static_cast<int32_t>(std::size(kSwizzleSpans)) ||
      fill != 0) {
    return kNotSupported;
  }
  EncodedTensorMap made;
  made.address = reinterpret_cast<uint64_t>(address);
  made.rank = rank;
  made.element_bytes = kElementBytes[data_type];
  made.swizzle_span = kSwizzleSpans[swizzle];
  for (uint32_t d = 0; d < rank; ++d) {
    made.last[d] = static_cast<uint32_t>(sizes[d] - 1);
    made.box[d] = box[d];
    if (d > 0) made.strides[d - 1] = strides[d - 1];
    if (d > 0 && element_strides[d] != 1) return kNotSupported;  // that of the first dimension means nothing
  }
  if (made.RowBytes() % 16 != 0) return kInvalidValue;
  if (swizzle != 0 && made.RowBytes() > made.swizzle_span) return kInvalidValue;
  memset(map, 0, sizeof *map);
  memcpy(map, &made, sizeof made);
  return kSuccess;
}

}  // extern "C"
}  // namespace ingot::gpu_emulator
