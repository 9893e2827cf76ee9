// See shared_matrix.h. Source: PTX ISA, "Matrix Descriptor Format" and "Canonical Layouts" of wgmma.
#include "tests/gpu/emulator/shared_matrix.h"

#include <string.h>

#include "tests/gpu/emulator/block.h"
#include "tests/gpu/emulator/swizzle.h"

namespace ingot::gpu_emulator {
namespace {

constexpr uint32_t kChunkBytes = 16, kPatternRows = 8;

// Fields in units of 16 bytes: the begin in bits 0 to 13, the leading dimension's step in 16 to 29, the stride
// dimension's in 32 to 45. Bits 49 to 51 are for patterns that begin elsewhere, bits 62 and 63 say how it is swizzled.
struct Fields {
  uint32_t begin, leading, stride, span;
};

uint32_t Step(uint64_t descriptor, uint32_t first_bit) {
  return static_cast<uint32_t>(descriptor >> first_bit & 0x3fff) * kChunkBytes;
}

Fields Decode(const char *instruction, uint64_t descriptor) {
  constexpr uint32_t kSpans[] = {16, 128, 64, 32};
  constexpr uint64_t kBaseOffset = uint64_t{7} << 49;
  constexpr uint64_t kUsed = 0x3fff | uint64_t{0x3fff} << 16 | uint64_t{0x3fff} << 32 | kBaseOffset | uint64_t{3} << 62;
  if ((descriptor & ~kUsed) != 0) {
    TheBlock().Fail(instruction, ": the matrix descriptor ", Hex{descriptor}, " has bits without a meaning");
  }
  if ((descriptor & kBaseOffset) != 0) TheBlock().Fail(instruction, ": a base offset of a matrix is not emulated");
  return {Step(descriptor, 0), Step(descriptor, 16), Step(descriptor, 32), kSpans[descriptor >> 62]};
}

const char *Chunk(const char *instruction, const Fields &fields, uint32_t offset) {
  const char *chunk = emu_shared + Swizzled(fields.begin + offset, fields.span);
  TheBlock().CheckShared(instruction, chunk, kChunkBytes, kChunkBytes);
  return chunk;
}

}  // namespace

void SharedMatrix::Read(const char *instruction, uint8_t *bytes) const {
  const Fields f = Decode(instruction, descriptor);
  const bool swizzled = f.span != kChunkBytes;
  if (!transposed) {
    for (uint32_t r = 0; r < rows; ++r) {
      const uint32_t row = first_row + r;
      for (uint32_t c = 0; c < kMatrixRowBytes / kChunkBytes; ++c) {
        const uint32_t offset =
            row % kPatternRows * f.span + row / kPatternRows * f.stride + c * (swizzled ? kChunkBytes : f.leading);
        memcpy(bytes + r * kMatrixRowBytes + c * kChunkBytes, Chunk(instruction, f, offset), kChunkBytes);
      }
    }
    return;
  }
  // A chunk holds one element of each of eight rows.
  constexpr uint32_t kElementBytes = 2, kRows = kChunkBytes / kElementBytes;
  const uint32_t chunks_of_span = f.span / kChunkBytes;
  for (uint32_t r = 0; r < rows; r += kRows) {
    const uint32_t i = (first_row + r) / kRows;
    for (uint32_t k = 0; k < kMatrixRowBytes / kElementBytes; ++k) {
      const uint32_t along_rows =
          i % chunks_of_span * kChunkBytes + i / chunks_of_span * (swizzled ? f.leading : f.stride);
      const uint32_t along_k = k % kPatternRows * f.span + k / kPatternRows * (swizzled ? f.stride : f.leading);
      const char *chunk = Chunk(instruction, f, along_rows + along_k);
      for (uint32_t j = 0; j < kRows; ++j) {
        memcpy(bytes + (r + j) * kMatrixRowBytes + k * kElementBytes, chunk + j * kElementBytes, kElementBytes);
      }
    }
  }
}

}  // namespace ingot::gpu_emulator
