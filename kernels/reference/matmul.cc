#include "kernels/reference/matmul.h"

#include <algorithm>
#include <functional>
#include <thread>
#include <vector>

#include "kernels/reference/scalar.h"

namespace ingot::reference {
namespace {

constexpr int64_t kRows = 4, kColumns = 16, kDepth = 128;  // of a block held in registers; of a packed panel of b

// Eight doubles; the compiler splits them for narrower units. Aligned as a double, so that it may point anywhere.
typedef double Lanes __attribute__((vector_size(64), aligned(8)));

struct Problem {
  const double *a, *b;
  double *c;
  int64_t m, k, n;
};

// One block: c[rows, columns] += a * panel over `depth` terms. `a` has row stride k, the panel has rows of kColumns.
[[gnu::always_inline]] inline void Block(const Problem &p, const double *panel, int64_t row, int64_t column,
                                         int64_t from, int64_t depth) {
  int64_t rows = std::min(kRows, p.m - row), columns = std::min(kColumns, p.n - column);
  double sums[kRows][kColumns] = {};
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; from != 0 && j < columns; ++j) sums[i][j] = p.c[(row + i) * p.n + column + j];
  }
  const double *a[kRows];  // rows past the end repeat the last one; their sums are dropped
  for (int64_t i = 0; i < kRows; ++i) a[i] = p.a + (row + std::min(i, rows - 1)) * p.k + from;
  Lanes low[kRows], high[kRows];
  for (int64_t i = 0; i < kRows; ++i) {
    low[i] = *reinterpret_cast<const Lanes *>(&sums[i][0]);
    high[i] = *reinterpret_cast<const Lanes *>(&sums[i][8]);
  }
  for (int64_t q = 0; q < depth; ++q) {
    Lanes b_low = *reinterpret_cast<const Lanes *>(panel + q * kColumns),
          b_high = *reinterpret_cast<const Lanes *>(panel + q * kColumns + 8);
    for (int64_t i = 0; i < kRows; ++i) {
      low[i] += a[i][q] * b_low;
      high[i] += a[i][q] * b_high;
    }
  }
  for (int64_t i = 0; i < kRows; ++i) {
    *reinterpret_cast<Lanes *>(&sums[i][0]) = low[i];
    *reinterpret_cast<Lanes *>(&sums[i][8]) = high[i];
  }
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) p.c[(row + i) * p.n + column + j] = sums[i][j];
  }
}

// Rows [begin, end) of c. Panels of b are packed so that the innermost loop reads consecutive memory.
[[gnu::always_inline]] inline void Rows(const Problem &p, int64_t begin, int64_t end) {
  Problem mine = p;
  mine.m = end;
  std::vector<double> panel(static_cast<size_t>(kDepth * kColumns));
  for (int64_t column = 0; column < p.n; column += kColumns) {
    int64_t columns = std::min(kColumns, p.n - column);
    for (int64_t from = 0; from < p.k; from += kDepth) {
      int64_t depth = std::min(kDepth, p.k - from);
      for (int64_t q = 0; q < depth; ++q) {
        const double *source = p.b + (from + q) * p.n + column;
        for (int64_t j = 0; j < kColumns; ++j)
          panel[static_cast<size_t>(q * kColumns + j)] = j < columns ? source[j] : 0;
      }
      for (int64_t row = begin; row < end; row += kRows) Block(mine, panel.data(), row, column, from, depth);
    }
  }
}

using RowsFunction = void (*)(const Problem &, int64_t, int64_t);
void PlainRows(const Problem &p, int64_t begin, int64_t end) { Rows(p, begin, end); }

#if defined(__x86_64__)
__attribute__((target("avx2"))) void Avx2Rows(const Problem &p, int64_t begin, int64_t end) { Rows(p, begin, end); }
__attribute__((target("avx512f"))) void Avx512Rows(const Problem &p, int64_t begin, int64_t end) {
  Rows(p, begin, end);
}
RowsFunction BestRows() {
  if (__builtin_cpu_supports("avx512f")) return Avx512Rows;
  return __builtin_cpu_supports("avx2") ? Avx2Rows : PlainRows;
}
#else
RowsFunction BestRows() { return PlainRows; }
#endif

// add(sum, x, y) is the sum with the product of x and y added.
template <typename T, typename F>
void SumOfProducts(std::span<const T> a, std::span<const T> b, int64_t m, int64_t k, int64_t n, std::span<T> c, F add) {
  std::fill(c.begin(), c.end(), T());
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t p = 0; p < k; ++p) {
      const T left = a[static_cast<size_t>(i * k + p)];
      for (int64_t j = 0; j < n; ++j) {
        T &sum = c[static_cast<size_t>(i * n + j)];
        sum = add(sum, left, b[static_cast<size_t>(p * n + j)]);
      }
    }
  }
}

}  // namespace

void MatMul(std::span<const double> a, std::span<const double> b, int64_t m, int64_t k, int64_t n,
            std::span<double> c) {
  std::fill(c.begin(), c.end(), 0.0);  // the result of an empty sum
  if (m == 0 || n == 0 || k == 0) return;
  Problem p{a.data(), b.data(), c.data(), m, k, n};
  RowsFunction rows = BestRows();
  bool small = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) < 4e6;
  if (small || m < 2 * kRows || std::thread::hardware_concurrency() < 2) return rows(p, 0, m);
  int64_t half = m / 2 / kRows * kRows;
  std::thread helper(rows, std::cref(p), 0, half);
  rows(p, half, m);
  helper.join();
}

void MatMul(std::span<const int64_t> a, std::span<const int64_t> b, int64_t m, int64_t k, int64_t n,
            std::span<int64_t> c) {
  SumOfProducts(a, b, m, k, n, c, [](int64_t sum, int64_t x, int64_t y) { return WrapAdd(sum, WrapMul(x, y)); });
}

void MatMul(std::span<const Complex> a, std::span<const Complex> b, int64_t m, int64_t k, int64_t n,
            std::span<Complex> c) {
  SumOfProducts(a, b, m, k, n, c,
                [](const Complex &sum, const Complex &x, const Complex &y) { return sum + Multiply(x, y); });
}

}  // namespace ingot::reference
