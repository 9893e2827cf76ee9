// A small tensor whose elements are known while importing: integers as dim expressions, floats as numbers. This is how
// shape arithmetic is evaluated (fold.h) instead of becoming nodes.
#ifndef INGOT_GRAPH_IMPORT_ONNX_KNOWN_H_
#define INGOT_GRAPH_IMPORT_ONNX_KNOWN_H_

#include <optional>
#include <vector>

#include "ingot/builder.h"

namespace ingot::onnx_import {

constexpr int64_t kMaxKnownElements = 256;

struct Known {
  DType dtype = DType::kI64;
  Ints shape;
  Dims ints;                  // integers and bool (0 or 1)
  std::vector<double> reals;  // f64, f32, f16, bf16

  static Known Vector(Dims values) {
    return {DType::kI64, {static_cast<int64_t>(values.size())}, std::move(values), {}};
  }
  static Known Scalar(Dim value) { return {DType::kI64, {}, {std::move(value)}, {}}; }
  // nullopt for large tensors.
  static std::optional<Known> FromTensor(const Tensor &tensor);

  bool is_real() const { return IsFloat(dtype); }
  int64_t size() const { return static_cast<int64_t>(is_real() ? reals.size() : ints.size()); }
  int rank() const { return static_cast<int>(shape.size()); }
  bool is_constant() const;
  // The integer elements as numbers; nullopt for floats and when a symbol occurs.
  std::optional<Ints> constants() const;
  TensorType type() const { return {dtype, Dims(shape.begin(), shape.end())}; }
  // The value as data: a constant, or `dim_values` nodes.
  Expr Materialize(GraphBuilder &b) const;
};

// Rounds to what the dtype can hold: floats to nearest, integers modulo 2^bits.
double RoundTo(DType dtype, double value);
int64_t WrapTo(DType dtype, int64_t value);
// Elements of a shape; nullopt when more than kMaxKnownElements or a dim is negative.
std::optional<int64_t> SmallSize(const Ints &shape);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_KNOWN_H_
