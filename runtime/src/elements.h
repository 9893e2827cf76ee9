// How many bytes elements take: widths are bits, tensors are dense, the last byte may be partly used.
// Tests: tests/runtime/load_test.cc.
#ifndef INGOT_RUNTIME_SRC_ELEMENTS_H_
#define INGOT_RUNTIME_SRC_ELEMENTS_H_

#include <stdint.h>

namespace ingot::runtime {

// Bits of one element of an ingot_dtype_t, 0 when unknown.
uint32_t DtypeBits(uint32_t dtype);
// What the address of elements must be a multiple of: their size, of complex numbers that of a part (as in C and C++).
uint32_t DtypeAlignment(uint32_t dtype);

// Bytes of `count` elements of `bits` bits, rounded up. False on overflow, and for a negative count of elements that
// are no whole bytes.
inline bool BytesOfElements(uint32_t bits, int64_t count, int64_t *bytes) {
  if (bits % 8 == 0) return !__builtin_mul_overflow(count, static_cast<int64_t>(bits / 8), bytes);
  if (count < 0) return false;
  // Eight elements are whole bytes, so that nothing is larger than the result.
  int64_t rest = (count % 8 * bits + 7) / 8;
  return !__builtin_mul_overflow(count / 8, static_cast<int64_t>(bits), bytes) &&
         !__builtin_add_overflow(*bytes, rest, bytes);
}

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_ELEMENTS_H_
