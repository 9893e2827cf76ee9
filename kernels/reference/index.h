// Index arithmetic of dense row-major tensors, shared by the reference kernels. Everything that moves data, and every
// broadcast, is one walk over the result with one offset per operand, so that there is a single place to get it right.
//
// Tests: tests/graph/interp/.
#ifndef INGOT_KERNELS_REFERENCE_INDEX_H_
#define INGOT_KERNELS_REFERENCE_INDEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ingot::reference {

using Sizes = std::vector<int64_t>;

// The number of elements; 1 for rank 0. The caller has checked that it fits.
inline int64_t Count(std::span<const int64_t> dims) {
  int64_t product = 1;
  for (int64_t dim : dims) product *= dim;
  return product;
}

// Row-major strides in elements.
inline Sizes Strides(std::span<const int64_t> dims) {
  Sizes strides(dims.size());
  int64_t stride = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return strides;
}

// Strides that read a tensor of `dims` as if it had been broadcast to `to`, which must be possible.
inline Sizes BroadcastStrides(const Sizes &dims, const Sizes &to) {
  Sizes own = Strides(dims), strides(to.size(), 0);
  size_t lead = to.size() - dims.size();
  for (size_t axis = 0; axis < dims.size(); ++axis) strides[lead + axis] = dims[axis] == 1 ? 0 : own[axis];
  return strides;
}

// NumPy's rule for two tensors; nullopt when they do not broadcast.
inline std::optional<Sizes> Broadcast(const Sizes &a, const Sizes &b) {
  const Sizes &longer = a.size() >= b.size() ? a : b, &shorter = a.size() >= b.size() ? b : a;
  Sizes result = longer;
  size_t lead = longer.size() - shorter.size();
  for (size_t axis = 0; axis < shorter.size(); ++axis) {
    int64_t &to = result[lead + axis];
    if (to == 1) {
      to = shorter[axis];
    } else if (shorter[axis] != 1 && shorter[axis] != to) {
      return std::nullopt;
    }
  }
  return result;
}

// Calls f(i, offsets) for every element of a tensor of `dims` in row-major order: i counts from 0, offsets[n] is the
// position under strides[n].
template <size_t N, typename F>
void ForEachElement(const Sizes &dims, const std::array<Sizes, N> &strides, F f) {
  if (Count(dims) == 0) return;
  Sizes index(dims.size(), 0);
  std::array<int64_t, N> at{};
  for (int64_t i = 0;; ++i) {
    f(i, at);
    size_t axis = dims.size();
    for (;;) {
      if (axis-- == 0) return;
      for (size_t n = 0; n < N; ++n) at[n] += strides[n][axis];
      if (++index[axis] < dims[axis]) break;
      for (size_t n = 0; n < N; ++n) at[n] -= strides[n][axis] * dims[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_INDEX_H_
