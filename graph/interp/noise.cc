#include "graph/interp/noise.h"

#include <cmath>

#include "graph/interp/array.h"

namespace ingot::interp {
namespace {

double Epsilon(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return 0x1p-52;
    case DType::kF32:
      return 0x1p-23;
    case DType::kF16:
      return 0x1p-10;
    default:
      return 0x1p-7;
  }
}

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

void AddNoise(const Noise &noise, uint64_t stream, double relative, double absolute, Array &array) {
  double epsilon = Epsilon(array.dtype) * noise.sign;
  for (size_t i = 0; i < array.reals.size(); ++i) {
    uint64_t bits = Mix(noise.seed + Mix(stream + Mix(i)));
    double amount = static_cast<double>(static_cast<int64_t>(bits)) * 0x1p-63;  // from -1 to 1
    double &value = array.reals[i];
    if (std::isfinite(value)) value += amount * epsilon * (relative * std::fabs(value) + absolute);
  }
}

double LargestMagnitude(const Array &array) {
  double largest = 0;
  for (double value : array.reals) {
    if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
  }
  return largest;
}

}  // namespace ingot::interp
