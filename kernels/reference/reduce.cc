#include "kernels/reference/reduce.h"

#include <cmath>
#include <limits>

#include "kernels/reference/scalar.h"

namespace ingot::reference {
namespace {

// Strides under which an element of x points at its result: 0 along the reduced axes.
Sizes ResultStrides(const Sizes &dims, const std::vector<bool> &reduced) {
  Sizes strides(dims.size(), 0);
  int64_t stride = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    if (reduced[axis]) continue;
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return strides;
}

// Folds every element into its accumulator.
template <typename A, typename T, typename F>
std::vector<A> Accumulate(std::span<const T> x, const Sizes &dims, const std::vector<bool> &reduced, size_t results,
                          A initial, F combine) {
  std::vector<A> accumulators(results, initial);
  ForEachElement<1>(dims, {ResultStrides(dims, reduced)}, [&](int64_t i, const std::array<int64_t, 1> &at) {
    A &accumulator = accumulators[static_cast<size_t>(at[0])];
    accumulator = combine(accumulator, x[static_cast<size_t>(i)]);
  });
  return accumulators;
}

template <typename A, typename T>
void Store(const std::vector<A> &accumulators, std::span<T> out) {
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(accumulators[i]);
}

bool Above(int64_t x, int64_t y, bool is_unsigned) {
  return is_unsigned ? static_cast<uint64_t>(x) > static_cast<uint64_t>(y) : x > y;
}

template <typename T, typename F>
void FindFirst(std::span<const T> x, int64_t outer, int64_t size, int64_t inner, std::span<int64_t> out, F better) {
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      auto element = [&](int64_t j) { return x[static_cast<size_t>((o * size + j) * inner + i)]; };
      int64_t best = 0;
      for (int64_t j = 1; j < size; ++j) {
        if (better(element(j), element(best))) best = j;
      }
      out[static_cast<size_t>(o * inner + i)] = best;
    }
  }
}

}  // namespace

void ReduceSum(std::span<const double> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<double> out) {
  Store(Accumulate(x, dims, reduced, out.size(), 0.0L, [](long double sum, double v) { return sum + v; }), out);
}

void ReduceSum(std::span<const int64_t> x, const Sizes &dims, const std::vector<bool> &reduced,
               std::span<int64_t> out) {
  Store(Accumulate(x, dims, reduced, out.size(), int64_t{0}, WrapAdd), out);
}

void ReduceMean(std::span<const double> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<double> out) {
  int64_t count = 1;
  for (size_t axis = 0; axis < dims.size(); ++axis) count *= reduced[axis] ? dims[axis] : 1;
  auto sums = Accumulate(x, dims, reduced, out.size(), 0.0L, [](long double sum, double v) { return sum + v; });
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = count == 0 ? std::numeric_limits<double>::quiet_NaN()
                        : static_cast<double>(sums[i] / static_cast<long double>(count));
  }
}

void ReduceProd(std::span<const double> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<double> out) {
  Store(Accumulate(x, dims, reduced, out.size(), 1.0L, [](long double product, double v) { return product * v; }), out);
}

void ReduceProd(std::span<const int64_t> x, const Sizes &dims, const std::vector<bool> &reduced,
                std::span<int64_t> out) {
  Store(Accumulate(x, dims, reduced, out.size(), int64_t{1}, WrapMul), out);
}

void ReduceMax(std::span<const double> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<double> out) {
  Store(Accumulate(x, dims, reduced, out.size(), -HUGE_VAL, Maximum), out);
}

void ReduceMin(std::span<const double> x, const Sizes &dims, const std::vector<bool> &reduced, std::span<double> out) {
  Store(Accumulate(x, dims, reduced, out.size(), HUGE_VAL, Minimum), out);
}

void ReduceMax(std::span<const int64_t> x, const Sizes &dims, const std::vector<bool> &reduced, bool is_unsigned,
               int64_t initial, std::span<int64_t> out) {
  Store(Accumulate(x, dims, reduced, out.size(), initial,
                   [=](int64_t a, int64_t v) { return Above(v, a, is_unsigned) ? v : a; }),
        out);
}

void ReduceMin(std::span<const int64_t> x, const Sizes &dims, const std::vector<bool> &reduced, bool is_unsigned,
               int64_t initial, std::span<int64_t> out) {
  Store(Accumulate(x, dims, reduced, out.size(), initial,
                   [=](int64_t a, int64_t v) { return Above(a, v, is_unsigned) ? v : a; }),
        out);
}

void ArgMax(std::span<const double> x, int64_t outer, int64_t size, int64_t inner, std::span<int64_t> out) {
  FindFirst(x, outer, size, inner, out,
            [](double v, double best) { return !std::isnan(best) && (std::isnan(v) || v > best); });
}

void ArgMax(std::span<const int64_t> x, int64_t outer, int64_t size, int64_t inner, bool is_unsigned,
            std::span<int64_t> out) {
  FindFirst(x, outer, size, inner, out, [=](int64_t v, int64_t best) { return Above(v, best, is_unsigned); });
}

}  // namespace ingot::reference
