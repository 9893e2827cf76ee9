// SplitMix64, and elements made from multiples of 1/128: exact in every float type of 16 bits and more, so all
// precisions of a model see the same numbers. Tests: tests/runtime/npy_test.cc.
#include "runtime/main/random.h"

#include <string.h>

namespace ingot::main_program {
namespace {

uint64_t Next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Exact for zero and the normal numbers of f16.
uint16_t HalfBits(float number) {
  uint32_t bits;
  memcpy(&bits, &number, sizeof(bits));
  if (number == 0) return 0;
  uint32_t exponent = (bits >> 23 & 0xff) - 127 + 15;
  return static_cast<uint16_t>(bits >> 16 & 0x8000) | static_cast<uint16_t>(exponent << 10 | (bits >> 13 & 0x3ff));
}

uint16_t BrainBits(float number) {
  uint32_t bits;
  memcpy(&bits, &number, sizeof(bits));
  return static_cast<uint16_t>(bits >> 16);
}

// Writes one element in little-endian order of this machine.
void PutElement(uint32_t dtype, size_t size, uint64_t random, char *target) {
  float number = static_cast<float>(static_cast<int64_t>(random >> 56) - 128) / 128;
  double wide = number;
  uint16_t half = dtype == INGOT_F16 ? HalfBits(number) : BrainBits(number);
  uint64_t bit = random >> 63;
  switch (dtype) {
    case INGOT_F64:
      memcpy(target, &wide, sizeof(wide));
      break;
    case INGOT_F32:
      memcpy(target, &number, sizeof(number));
      break;
    case INGOT_F16:
    case INGOT_BF16:
      memcpy(target, &half, sizeof(half));
      break;
    case INGOT_F8E4M3:
    case INGOT_F8E5M2:
      *target = static_cast<char>(random >> 63 << 7 | (random & 63) % 57);  // up to 1 and 0.5
      break;
    case INGOT_I4:
    case INGOT_U4:
      *target = static_cast<char>(bit | (random >> 62 & 1) << 4);
      break;
    default:
      memcpy(target, &bit, size);
  }
}

}  // namespace

void FillRandom(const ingot_tensor_t &tensor, uint64_t *state) {
  uint32_t dtype = tensor.dtype == INGOT_COMPLEX64 ? INGOT_F32 : tensor.dtype;  // by parts
  size_t size = ingot_dtype_size(dtype);
  auto *data = static_cast<char *>(tensor.data);
  for (size_t at = 0; at + size <= tensor.bytes; at += size) PutElement(dtype, size, Next(state), data + at);
  if (tensor.dtype != INGOT_I4 && tensor.dtype != INGOT_U4) return;
  // Half bytes beyond the last element are 0.
  bool is_odd = true;
  for (uint32_t d = 0; d < tensor.rank; ++d) is_odd = is_odd && tensor.dims[d] % 2 != 0;
  if (is_odd && tensor.bytes != 0) data[tensor.bytes - 1] &= 15;
}

}  // namespace ingot::main_program
