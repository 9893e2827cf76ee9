// See bulk_copy.h. Source: PTX ISA, "Tensors", with the tiled mode and no interleaving.
#include "tests/gpu/emulator/bulk_copy.h"

#include <string.h>

#include <algorithm>

#include "tests/gpu/emulator/emulator.h"
#include "tests/gpu/emulator/swizzle.h"

namespace ingot::gpu_emulator {
namespace {

constexpr uint32_t kChunkBytes = 16;

// Calls function(number, in shared memory, in global memory, first, end) for each 16 bytes of the box: the bytes from
// `first` to `end` are in the tensor.
template <class Function>
void ForEachChunk(const BulkCopy &copy, const Function &function) {
  const EncodedTensorMap &map = copy.map;
  const uint32_t row_bytes = map.RowBytes(), rows = map.BoxBytes() / row_bytes;
  uint32_t number = 0;
  for (uint32_t row = 0; row < rows; ++row) {
    uint64_t global = map.address;
    bool inside = true;
    uint32_t rest = row;
    for (uint32_t d = 1; d < kMaxTensorRank; ++d) {
      const int64_t x = int64_t{copy.at[d]} + rest % map.box[d];
      rest /= map.box[d];
      inside = inside && x >= 0 && x < static_cast<int64_t>(map.Size(d));
      global += static_cast<uint64_t>(x) * map.strides[d - 1];
    }
    const int64_t size = static_cast<int64_t>(map.Size(0) * map.element_bytes);
    for (uint32_t byte = 0; byte < row_bytes; byte += kChunkBytes, ++number) {
      const int64_t begin = int64_t{copy.at[0]} * map.element_bytes + byte;
      const auto first = static_cast<uint32_t>(std::clamp<int64_t>(-begin, 0, kChunkBytes));
      const auto end = static_cast<uint32_t>(std::clamp<int64_t>(size - begin, first, kChunkBytes));
      char *shared = emu_shared + Swizzled(copy.shared + row * row_bytes + byte, map.swizzle_span);
      char *place = reinterpret_cast<char *>(global + static_cast<uint64_t>(begin));
      function(number, shared, place, inside ? first : 0, inside ? end : 0);
    }
  }
}

}  // namespace

void PoisonShared(const BulkCopy &copy) {
  ForEachChunk(copy, [](uint32_t, char *shared, char *, uint32_t, uint32_t) { memset(shared, 0xff, kChunkBytes); });
}

void Load(const BulkCopy &copy) {
  ForEachChunk(copy, [](uint32_t, char *shared, const char *global, uint32_t first, uint32_t end) {
    memset(shared, 0, kChunkBytes);
    if (end > first) memcpy(shared + first, global + first, end - first);
  });
}

void PoisonGlobal(const BulkCopy &copy) {
  ForEachChunk(copy, [](uint32_t, const char *, char *global, uint32_t first, uint32_t end) {
    if (end > first) memset(global + first, 0xff, end - first);
  });
}

void ReadShared(const BulkCopy &copy, std::vector<char> *data) {
  data->resize(copy.map.BoxBytes());
  ForEachChunk(copy, [&](uint32_t number, const char *shared, const char *, uint32_t, uint32_t) {
    memcpy(&(*data)[size_t{number} * kChunkBytes], shared, kChunkBytes);
  });
}

void WriteGlobal(const BulkStore &store) {
  ForEachChunk(store.copy, [&](uint32_t number, const char *, char *global, uint32_t first, uint32_t end) {
    if (end > first) memcpy(global + first, &store.data[size_t{number} * kChunkBytes + first], end - first);
  });
}

}  // namespace ingot::gpu_emulator
