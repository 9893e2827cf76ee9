// Applies a scalar function (kernels/reference/scalar.h) to whole tensors with NumPy broadcasting. `out_dims` is what
// the operands broadcast to.
//
// Tests: tests/graph/interp/interp_math_test.cc.
#ifndef INGOT_KERNELS_REFERENCE_ELEMENTWISE_H_
#define INGOT_KERNELS_REFERENCE_ELEMENTWISE_H_

#include "kernels/reference/index.h"

namespace ingot::reference {

template <typename X, typename R, typename F>
void Map(std::span<const X> x, std::span<R> out, F f) {
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<R>(f(x[i]));
}

template <typename X, typename R, typename F>
void Map2(std::span<const X> x, const Sizes &x_dims, std::span<const X> y, const Sizes &y_dims, const Sizes &out_dims,
          std::span<R> out, F f) {
  ForEachElement<2>(out_dims, {BroadcastStrides(x_dims, out_dims), BroadcastStrides(y_dims, out_dims)},
                    [&](int64_t i, const std::array<int64_t, 2> &at) {
                      out[static_cast<size_t>(i)] =
                          static_cast<R>(f(x[static_cast<size_t>(at[0])], y[static_cast<size_t>(at[1])]));
                    });
}

// x where the condition is not 0, else y.
template <typename T>
void Select(std::span<const int64_t> condition, const Sizes &condition_dims, std::span<const T> x, const Sizes &x_dims,
            std::span<const T> y, const Sizes &y_dims, const Sizes &out_dims, std::span<T> out) {
  ForEachElement<3>(out_dims,
                    {BroadcastStrides(condition_dims, out_dims), BroadcastStrides(x_dims, out_dims),
                     BroadcastStrides(y_dims, out_dims)},
                    [&](int64_t i, const std::array<int64_t, 3> &at) {
                      bool holds = condition[static_cast<size_t>(at[0])] != 0;
                      out[static_cast<size_t>(i)] =
                          holds ? x[static_cast<size_t>(at[1])] : y[static_cast<size_t>(at[2])];
                    });
}

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_ELEMENTWISE_H_
