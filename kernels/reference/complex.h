// Complex arithmetic by its definition on the parts, as NumPy and PyTorch compute it: infinities get no rules of their
// own (those of C's Annex G, which std::complex follows). Quotients are scaled (Smith, "Algorithm 116: Complex
// division", 1962), so that no square overflows.
//
// Tests: tests/graph/interp/interp_complex_test.cc.
#ifndef INGOT_KERNELS_REFERENCE_COMPLEX_H_
#define INGOT_KERNELS_REFERENCE_COMPLEX_H_

#include <cmath>
#include <complex>

namespace ingot::reference {

using Complex = std::complex<double>;

inline Complex Multiply(const Complex &x, const Complex &y) {
  return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
}

// By 0: each part divided by 0.
inline Complex Divide(const Complex &x, const Complex &y) {
  bool swap = std::fabs(y.real()) < std::fabs(y.imag());
  double large = swap ? y.imag() : y.real(), small = swap ? y.real() : y.imag();
  double ratio = large == 0 ? 0 : small / large, denominator = large + small * ratio;
  double first = swap ? x.imag() : x.real(), second = swap ? x.real() : x.imag();
  double imaginary = (second - first * ratio) / denominator;
  return {(first + second * ratio) / denominator, swap ? -imaginary : imaginary};
}

}  // namespace ingot::reference
#endif  // INGOT_KERNELS_REFERENCE_COMPLEX_H_
