#include "kernels/reference/normalize.h"

#include <cmath>

#include "kernels/reference/scalar.h"

namespace ingot::reference {
namespace {

// Calls f(element, maximum, sum of exp(x - maximum)) for each element of each row along the middle axis, and stores
// what it returns.
template <typename F>
void AlongRows(std::span<const double> x, int64_t outer, int64_t size, int64_t inner, std::span<double> out, F f) {
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      auto at = [&](int64_t j) { return static_cast<size_t>((o * size + j) * inner + i); };
      double maximum = -HUGE_VAL;
      for (int64_t j = 0; j < size; ++j) maximum = Maximum(maximum, x[at(j)]);
      long double sum = 0;
      for (int64_t j = 0; j < size; ++j) sum += std::exp(x[at(j)] - maximum);
      for (int64_t j = 0; j < size; ++j) out[at(j)] = f(x[at(j)], maximum, static_cast<double>(sum));
    }
  }
}

}  // namespace

void Softmax(std::span<const double> x, int64_t outer, int64_t size, int64_t inner, std::span<double> out) {
  AlongRows(x, outer, size, inner, out,
            [](double v, double maximum, double sum) { return std::exp(v - maximum) / sum; });
}

void LogSoftmax(std::span<const double> x, int64_t outer, int64_t size, int64_t inner, std::span<double> out) {
  AlongRows(x, outer, size, inner, out,
            [](double v, double maximum, double sum) { return (v - maximum) - std::log(sum); });
}

void Standardize(std::span<const double> x, int64_t rows, int64_t size, double epsilon, std::span<double> out,
                 const std::function<double(std::span<const double>)> &mean_error) {
  for (int64_t row = 0; row < rows; ++row) {
    std::span<const double> from = x.subspan(static_cast<size_t>(row * size), static_cast<size_t>(size));
    std::span<double> to = out.subspan(static_cast<size_t>(row * size), static_cast<size_t>(size));
    long double sum = 0;
    for (double v : from) sum += v;
    long double mean = sum / static_cast<long double>(size), squares = 0;
    if (mean_error) mean += mean_error(from);
    for (double v : from) squares += (v - mean) * (v - mean);
    long double variance = squares / static_cast<long double>(size);
    double deviation = static_cast<double>(std::sqrt(variance + epsilon));
    for (size_t j = 0; j < from.size(); ++j) to[j] = static_cast<double>(from[j] - mean) / deviation;
  }
}

}  // namespace ingot::reference
