// Reference reductions over chosen axes. Float sums, means and products run in extended precision and round once at the
// end.
//
// `reduced[axis]` says which axes go; `out` has one element per index of the others, in row-major order. Tests:
// tests/graph/interp/interp_reduce_test.cc.
#ifndef INGOT_KERNELS_REFERENCE_REDUCE_H_
#define INGOT_KERNELS_REFERENCE_REDUCE_H_

#include "kernels/reference/index.h"

namespace ingot::reference {

void ReduceSum(std::span<const double> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<double> out);
void ReduceSum(std::span<const int64_t> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<int64_t> out);
// NaN over nothing.
void ReduceMean(std::span<const double> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<double> out);
void ReduceProd(std::span<const double> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<double> out);
void ReduceProd(std::span<const int64_t> x, const Sizes &dims, const std::vector<bool> &reduced,
                std::span<int64_t> out);
// NaN wins; -infinity (max) or infinity (min) over nothing.
void ReduceMax(std::span<const double> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<double> out);
void ReduceMin(std::span<const double> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<double> out);
// `initial` is the value over nothing. `is_unsigned`: elements are bit patterns of unsigned integers.
void ReduceMax(std::span<const int64_t> x, const Sizes &dims, const std::vector<bool> &reduced, bool is_unsigned,
               int64_t initial, std::span<int64_t> out);
void ReduceMin(std::span<const int64_t> x, const Sizes &dims, const std::vector<bool> &reduced, bool is_unsigned,
               int64_t initial, std::span<int64_t> out);

// The position of the first largest element along the middle axis of [outer, size, inner], size at least 1. The first
// NaN, if any, is the largest.
void ArgMax(std::span<const double> x, int64_t outer, int64_t size, int64_t inner, std::span<int64_t> out);
void ArgMax(std::span<const int64_t> x, int64_t outer, int64_t size, int64_t inner, bool is_unsigned,
            std::span<int64_t> out);

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_REDUCE_H_
