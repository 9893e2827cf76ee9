// Reference kernels that move data, for any element type. Transpose, broadcast and slice are all one strided read;
// concat and pad are strided writes. Callers have checked shapes.
//
// Tests: tests/graph/interp/interp_tensor_test.cc.
#ifndef INGOT_KERNELS_REFERENCE_MOVEMENT_H_
#define INGOT_KERNELS_REFERENCE_MOVEMENT_H_

#include <algorithm>

#include "kernels/reference/index.h"

namespace ingot::reference {

// out[i0, i1, ...] = x[base + i0 * strides[0] + i1 * strides[1] + ...] for a result of out_dims.
template <typename T>
void ReadStrided(std::span<const T> x, int64_t base, const Sizes &strides, const Sizes &out_dims, std::span<T> out) {
  ForEachElement<1>(out_dims, {strides}, [&](int64_t i, const std::array<int64_t, 1> &at) {
    out[static_cast<size_t>(i)] = x[static_cast<size_t>(base + at[0])];
  });
}

// out[base + i0 * strides[0] + i1 * strides[1] + ...] = x[i0, i1, ...] for an x of x_dims.
template <typename T>
void WriteStrided(std::span<const T> x, const Sizes &x_dims, int64_t base, const Sizes &strides, std::span<T> out) {
  ForEachElement<1>(x_dims, {strides}, [&](int64_t i, const std::array<int64_t, 1> &at) {
    out[static_cast<size_t>(base + at[0])] = x[static_cast<size_t>(i)];
  });
}

// Axis i of the result is axis permutation[i] of x.
template <typename T>
void Transpose(std::span<const T> x, const Sizes &dims, std::span<const int64_t> permutation, std::span<T> out) {
  Sizes own = Strides(dims), out_dims, strides;
  for (int64_t axis : permutation) {
    out_dims.push_back(dims[static_cast<size_t>(axis)]);
    strides.push_back(own[static_cast<size_t>(axis)]);
  }
  ReadStrided(x, 0, strides, out_dims, out);
}

template <typename T>
void BroadcastTo(std::span<const T> x, const Sizes &dims, const Sizes &to, std::span<T> out) {
  ReadStrided(x, 0, BroadcastStrides(dims, to), to, out);
}

// out[i0, ...] = x[starts[0] + i0 * steps[0], ...]
template <typename T>
void Slice(std::span<const T> x, const Sizes &dims, const Sizes &starts, const Sizes &steps, const Sizes &out_dims,
           std::span<T> out) {
  Sizes strides = Strides(dims);
  int64_t base = 0;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    base += starts[axis] * strides[axis];
    strides[axis] = out_dims[axis] > 1 ? strides[axis] * steps[axis] : 0;  // a step that is never taken may be huge
  }
  ReadStrided(x, base, strides, out_dims, out);
}

// Copies x into `out` so that its first element lands at index `at`.
template <typename T>
void Place(std::span<const T> x, const Sizes &x_dims, const Sizes &at, const Sizes &out_dims, std::span<T> out) {
  Sizes strides = Strides(out_dims);
  int64_t base = 0;
  for (size_t axis = 0; axis < at.size(); ++axis) base += at[axis] * strides[axis];
  WriteStrided(x, x_dims, base, strides, out);
}

// out[o, j, i] = x[o, position of index j, i] for x [outer, size, inner]. Negative indices count from the end, others
// are clamped. `is_unsigned`: the indices are bit patterns of unsigned integers. size is at least 1.
template <typename T>
void Gather(std::span<const T> x, int64_t outer, int64_t size, int64_t inner, std::span<const int64_t> indices,
            bool is_unsigned, std::span<T> out) {
  int64_t count = static_cast<int64_t>(indices.size());
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t j = 0; j < count; ++j) {
      int64_t index = indices[static_cast<size_t>(j)];
      if (index < 0) index = is_unsigned ? size - 1 : index + size;
      index = std::clamp<int64_t>(index, 0, size - 1);
      for (int64_t i = 0; i < inner; ++i) {
        out[static_cast<size_t>((o * count + j) * inner + i)] = x[static_cast<size_t>((o * size + index) * inner + i)];
      }
    }
  }
}

// 0, 1, 2, ... along the middle axis of [outer, size, inner].
template <typename T>
void Iota(int64_t outer, int64_t size, int64_t inner, std::span<T> out) {
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t j = 0; j < size; ++j) {
      for (int64_t i = 0; i < inner; ++i) out[static_cast<size_t>((o * size + j) * inner + i)] = static_cast<T>(j);
    }
  }
}

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_MOVEMENT_H_
