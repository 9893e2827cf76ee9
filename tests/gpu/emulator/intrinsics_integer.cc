// Integer instructions that libdevice uses. Tested by tests/gpu/emulator_math_test.cc.
#include "tests/gpu/emulator/instruction.h"

namespace ingot::gpu_emulator {
namespace {

// Picks four of the eight bytes of a and b. Each digit of the selector names a byte; its high bit asks for copies of
// the byte's sign instead.
uint32_t Permute(uint32_t a, uint32_t b, uint32_t selector) {
  const uint64_t bytes = static_cast<uint64_t>(b) << 32 | a;
  uint32_t result = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t digit = selector >> 4 * i & 15;
    uint32_t byte = bytes >> 8 * (digit & 7) & 255;
    if ((digit & 8) != 0) byte = (byte & 128) != 0 ? 255 : 0;
    result |= byte << 8 * i;
  }
  return result;
}

// The upper half of a product.
template <class T, class Wide>
T MulHigh(T a, T b) {
  return static_cast<T>(static_cast<Wide>(a) * static_cast<Wide>(b) >> 8 * sizeof(T));
}

// |a - b| + c, which may wrap around.
template <class T>
uint32_t Sad(T a, T b, uint32_t c) {
  return (a < b ? static_cast<uint32_t>(b) - static_cast<uint32_t>(a)
                : static_cast<uint32_t>(a) - static_cast<uint32_t>(b)) +
         c;
}

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

}  // namespace

LANE_INSTRUCTION("prmt", Permute)
LANE_INSTRUCTION("mulhi.i", (MulHigh<int32_t, int64_t>))
LANE_INSTRUCTION("mulhi.ui", (MulHigh<uint32_t, uint64_t>))
LANE_INSTRUCTION("mulhi.ll", (MulHigh<int64_t, Int128>))
LANE_INSTRUCTION("mulhi.ull", (MulHigh<uint64_t, Uint128>))
LANE_INSTRUCTION("sad.i", Sad<int32_t>)
LANE_INSTRUCTION("sad.ui", Sad<uint32_t>)

}  // namespace ingot::gpu_emulator
