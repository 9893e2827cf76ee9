// A vector of numbers along one axis that is worked out while importing where its length is known, and by the program
// where it is not. Formulas over positions are written once.
#ifndef INGOT_GRAPH_IMPORT_ONNX_LANES_H_
#define INGOT_GRAPH_IMPORT_ONNX_LANES_H_

#include <vector>

#include "graph/import/onnx/node_context.h"

namespace ingot::onnx_import {

class Lanes {
 public:
  // 0, 1, 2, ... below `size`.
  static Lanes Counting(GraphBuilder &b, const Dim &size);
  // One number; a dim's value; a scalar of the program.
  static Lanes Of(GraphBuilder &b, double value) { return Lanes(&b, std::vector<double>{value}); }
  static Lanes Of(GraphBuilder &b, const Dim &dim);
  static Lanes OfData(GraphBuilder &b, Expr scalar);

  friend Lanes operator+(const Lanes &x, const Lanes &y) { return Apply(OpKind::kAdd, x, y); }
  friend Lanes operator-(const Lanes &x, const Lanes &y) { return Apply(OpKind::kSub, x, y); }
  friend Lanes operator*(const Lanes &x, const Lanes &y) { return Apply(OpKind::kMul, x, y); }
  friend Lanes operator/(const Lanes &x, const Lanes &y) { return Apply(OpKind::kDiv, x, y); }
  friend Lanes operator+(const Lanes &x, double y) { return x + Of(*x.b_, y); }
  friend Lanes operator-(const Lanes &x, double y) { return x - Of(*x.b_, y); }
  friend Lanes operator*(const Lanes &x, double y) { return x * Of(*x.b_, y); }
  friend Lanes operator/(const Lanes &x, double y) { return x / Of(*x.b_, y); }
  friend Lanes operator-(double x, const Lanes &y) { return Of(*y.b_, x) - y; }
  static Lanes Min(const Lanes &x, const Lanes &y) { return Apply(OpKind::kMin, x, y); }
  static Lanes Max(const Lanes &x, const Lanes &y) { return Apply(OpKind::kMax, x, y); }
  // 1 where it holds, else 0.
  static Lanes Less(const Lanes &x, const Lanes &y) { return Apply(OpKind::kLess, x, y); }
  static Lanes AtMost(const Lanes &x, const Lanes &y) { return Apply(OpKind::kLessEqual, x, y); }
  Lanes Floor() const;
  Lanes Ceil() const { return 0.0 - (0.0 - *this).Floor(); }
  // To the nearest f32, in which other runtimes compute positions: 3 / 0.6 is then 5 and not just below.
  Lanes Rounded() const;
  Lanes Abs() const { return Max(*this, 0.0 - *this); }

  // The number, where there is one and it is known.
  std::optional<double> number() const;
  // Whether all are known to be this.
  bool Are(double value) const;
  // As data: positions as i64, or factors of a dtype.
  Expr Data(DType dtype) const;

 private:
  Lanes(GraphBuilder *b, std::vector<double> values) : b_(b), values_(std::move(values)) {}
  Lanes(GraphBuilder *b, Expr data) : b_(b), data_(data) {}
  static Lanes Apply(OpKind op, const Lanes &x, const Lanes &y);

  GraphBuilder *b_;
  std::vector<double> values_;  // one, or one per position; not used where there is data
  Expr data_;                   // f64
};

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_LANES_H_
