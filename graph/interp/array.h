// A tensor inside the interpreter: floats of any dtype as doubles, complex numbers as pairs of them, integers and bools
// as int64 (u64 as its bit pattern), dense and row-major.
//
// Tests: tests/graph/interp/.
#ifndef INGOT_GRAPH_INTERP_ARRAY_H_
#define INGOT_GRAPH_INTERP_ARRAY_H_

#include <complex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ingot/tensor.h"

namespace ingot::interp {

struct Array {
  DType dtype = DType::kInvalid;
  std::vector<int64_t> dims;
  std::vector<double> reals;                    // of float dtypes
  std::vector<std::complex<double>> complexes;  // of complex64
  std::vector<int64_t> integers;                // of the others

  int64_t size() const { return static_cast<int64_t>(reals.size() + complexes.size() + integers.size()); }
};

// f of the elements of arrays of one dtype, as spans of what they are stored as.
template <typename F, typename... Arrays>
decltype(auto) OnElements(DType dtype, F f, Arrays &...arrays) {
  if (IsFloat(dtype)) return f(std::span(arrays.reals)...);
  if (IsComplex(dtype)) return f(std::span(arrays.complexes)...);
  return f(std::span(arrays.integers)...);
}

constexpr int64_t kElementBytes = 8;
inline int64_t ElementBytes(DType dtype) { return IsComplex(dtype) ? 2 * kElementBytes : kElementBytes; }

// The number of elements; nullopt when a dim is negative or kElementBytes * the product does not fit.
std::optional<int64_t> CountElements(const std::vector<int64_t> &dims);
// "[2, 3]"
std::string DimsText(const std::vector<int64_t> &dims);

// Zero-filled. The caller has checked the size.
Array MakeArray(DType dtype, std::vector<int64_t> dims);
// Widens; exact.
Array FromTensor(const Tensor &tensor);
// Rounds to the dtype. `wide_floats`: floats become f64 tensors instead, complex numbers f64[2 n] of their parts.
Tensor ToTensor(const Array &array, bool wide_floats = false);

// Wraps integers to the width of the dtype and, when asked, rounds floats to it.
void Normalize(Array &array, bool round_floats);
// The value of a float dtype nearest to `value`.
double RoundTo(DType dtype, double value);

}  // namespace ingot::interp
#endif  // INGOT_GRAPH_INTERP_ARRAY_H_
