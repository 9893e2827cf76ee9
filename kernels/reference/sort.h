// Orders along one axis, by sorting the indices.
//
// Tests: tests/graph/interp/interp_every_op_test.cc.
#ifndef INGOT_KERNELS_REFERENCE_SORT_H_
#define INGOT_KERNELS_REFERENCE_SORT_H_

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace ingot::reference {

// A tensor as [outer, size, inner]; `size` is the axis.
struct Axis {
  int64_t outer, size, inner;
};

// x < y, with NaN above all numbers.
template <typename T>
bool OrderedLess(T x, T y) {
  bool x_is_nan = x != x, y_is_nan = y != y;
  return x_is_nan || y_is_nan ? !x_is_nan && y_is_nan : x < y;
}

// The k first of every row in order, with their places; `values` and `indices` are [outer, k, inner].
template <typename T>
void TopK(std::span<const T> x, Axis axis, int64_t k, bool largest, std::span<T> values, std::span<int64_t> indices) {
  if (axis.outer * axis.inner == 0 || k == 0) return;
  std::vector<int64_t> order(static_cast<size_t>(axis.size));
  for (int64_t row = 0; row < axis.outer * axis.inner; ++row) {
    int64_t outer = row / axis.inner, inner = row % axis.inner;
    auto at = [&](int64_t i) { return x[static_cast<size_t>((outer * axis.size + i) * axis.inner + inner)]; };
    std::iota(order.begin(), order.end(), int64_t{0});
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      T x = at(a), y = at(b);
      if (OrderedLess(x, y) || OrderedLess(y, x)) return OrderedLess(x, y) != largest;
      return a < b;
    });
    for (int64_t i = 0; i < k; ++i) {
      size_t to = static_cast<size_t>((outer * k + i) * axis.inner + inner);
      indices[to] = order[static_cast<size_t>(i)];
      values[to] = at(order[static_cast<size_t>(i)]);
    }
  }
}

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_SORT_H_
