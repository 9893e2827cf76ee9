#include "graph/interp/noise.h"

#include <cmath>
#include <limits>

#include "graph/interp/array.h"

namespace ingot::interp {
namespace {

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
    if (!std::isfinite(value)) continue;
    double reach = relative * std::fabs(value) + absolute;
    // What may be off by all of itself is often exactly 0, where a kernel's terms cancel.
    bool vanishes = std::fabs(value) <= std::fabs(epsilon) * reach && (bits & 1) != 0;
    value = vanishes ? 0 : value + amount * epsilon * reach;
  }
}

void AddOperandNoise(const Noise &noise, uint64_t stream, double units, Array &array) {
  double largest = 0;
  for (double value : array.reals) {
    if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
  }
  // A kernel may overflow where it squares its operands: nothing is known of such a result.
  double range = array.dtype == DType::kF64 ? std::numeric_limits<double>::max() : std::numeric_limits<float>::max();
  if (largest > std::sqrt(range) / 1024) {
    for (double &value : array.reals) value = std::nan("");
  }
  AddNoise(noise, stream, 0, units * largest, array);
}

}  // namespace ingot::interp
