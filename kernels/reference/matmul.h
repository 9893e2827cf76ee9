// Reference matrix products. Each element is the sum over p = 0, 1, 2, ... in that order, without fused multiply-add,
// so the result equals the naive triple loop bit for bit, on every CPU and with any number of threads; blocking only
// makes it fast enough for whole models.
//
// Tests: tests/graph/interp/interp_nn_test.cc.
#ifndef INGOT_KERNELS_REFERENCE_MATMUL_H_
#define INGOT_KERNELS_REFERENCE_MATMUL_H_

#include <cstdint>
#include <span>

#include "kernels/reference/complex.h"
#include "kernels/reference/index.h"

namespace ingot::reference {

// c[m, n] = a[m, k] * b[k, n], all dense and row-major.
void MatMul(std::span<const double> a, std::span<const double> b, int64_t m, int64_t k, int64_t n, std::span<double> c);
// The same for integers, wrapping at 64 bits.
void MatMul(std::span<const int64_t> a, std::span<const int64_t> b, int64_t m, int64_t k, int64_t n,
            std::span<int64_t> c);
// The same for complex numbers, whose products are those of complex.h.
void MatMul(std::span<const Complex> a, std::span<const Complex> b, int64_t m, int64_t k, int64_t n,
            std::span<Complex> c);

// The product of the last two axes; the leading axes of a and b broadcast to those of out_dims. Ranks are at least 2.
template <typename T>
void BatchMatMul(std::span<const T> a, const Sizes &a_dims, std::span<const T> b, const Sizes &b_dims,
                 const Sizes &out_dims, std::span<T> out) {
  int64_t m = a_dims[a_dims.size() - 2], k = a_dims.back(), n = b_dims.back();
  Sizes a_batch(a_dims.begin(), a_dims.end() - 2), b_batch(b_dims.begin(), b_dims.end() - 2),
      batch(out_dims.begin(), out_dims.end() - 2);
  auto matrix = [](auto span, int64_t index, int64_t size) {
    return span.subspan(static_cast<size_t>(index * size), static_cast<size_t>(size));
  };
  ForEachElement<2>(batch, {BroadcastStrides(a_batch, batch), BroadcastStrides(b_batch, batch)},
                    [&](int64_t i, const std::array<int64_t, 2> &at) {
                      MatMul(matrix(a, at[0], m * k), matrix(b, at[1], k * n), m, k, n, matrix(out, i, m * n));
                    });
}

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_MATMUL_H_
