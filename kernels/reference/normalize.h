// Softmax and layer normalisation straight from their definitions: separate passes for the maximum, the sums and the
// result.
//
// Tests: tests/graph/interp/interp_nn_test.cc.
#ifndef INGOT_KERNELS_REFERENCE_NORMALIZE_H_
#define INGOT_KERNELS_REFERENCE_NORMALIZE_H_

#include <cstdint>
#include <functional>
#include <span>

namespace ingot::reference {

// exp(x - max) / sum along the middle axis of [outer, size, inner], and its logarithm.
void Softmax(std::span<const double> x, int64_t outer, int64_t size, int64_t inner, std::span<double> out);
void LogSoftmax(std::span<const double> x, int64_t outer, int64_t size, int64_t inner, std::span<double> out);

// (x - mean) / sqrt(variance + epsilon) within each row of [rows, size]; the variance is that of the population.
// `mean_error` of a row is added to its mean, for tests of what errors do.
void Standardize(std::span<const double> x, int64_t rows, int64_t size, double epsilon, std::span<double> out,
                 const std::function<double(std::span<const double>)> &mean_error = nullptr);

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_NORMALIZE_H_
