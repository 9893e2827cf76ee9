#include "graph/import/onnx/lanes.h"

#include <algorithm>
#include <cmath>

#include "graph/import/onnx/indexing.h"

namespace ingot::onnx_import {
namespace {

constexpr int64_t kMostValues = INT64_C(1) << 20;

double Combined(OpKind op, double x, double y) {
  switch (op) {
    case OpKind::kAdd:
      return x + y;
    case OpKind::kSub:
      return x - y;
    case OpKind::kMul:
      return x * y;
    case OpKind::kDiv:
      return x / y;
    case OpKind::kMin:
      return std::min(x, y);
    case OpKind::kMax:
      return std::max(x, y);
    case OpKind::kLess:
      return x < y ? 1 : 0;
    default:
      return x <= y ? 1 : 0;
  }
}

}  // namespace

Lanes Lanes::Counting(GraphBuilder &b, const Dim &size) {
  auto known = size.constant();
  if (!known || *known < 0 || *known > kMostValues) return Lanes(&b, b.Iota({size}, 0, DType::kF64));
  std::vector<double> values;
  for (int64_t i = 0; i < *known; ++i) values.push_back(static_cast<double>(i));
  return Lanes(&b, std::move(values));
}

Lanes Lanes::Of(GraphBuilder &b, const Dim &dim) {
  if (auto known = dim.constant()) return Of(b, static_cast<double>(*known));
  return Lanes(&b, b.Cast(Number(b, dim), DType::kF64));
}

Lanes Lanes::OfData(GraphBuilder &b, Expr scalar) {
  return Lanes(&b, CastIfNeeded(b, scalar, b.type(scalar).dtype, DType::kF64));
}

Lanes Lanes::Apply(OpKind op, const Lanes &x, const Lanes &y) {
  if (x.data_.id != kNoValue || y.data_.id != kNoValue) {
    Expr result = x.b_->Emit(op, {x.Data(DType::kF64), y.Data(DType::kF64)}, {});
    bool truth = op == OpKind::kLess || op == OpKind::kLessEqual;
    return Lanes(x.b_, truth ? x.b_->Cast(result, DType::kF64) : result);
  }
  // A vector of one element counts as a number here, which is what it broadcasts as.
  size_t count = x.values_.size() == 1 ? y.values_.size() : x.values_.size();
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = Combined(op, x.values_[x.values_.size() == 1 ? 0 : i], y.values_[y.values_.size() == 1 ? 0 : i]);
  return Lanes(x.b_, std::move(values));
}

Lanes Lanes::Floor() const {
  if (data_.id != kNoValue) return Lanes(b_, b_->Floor(data_));
  std::vector<double> values = values_;
  for (double &value : values) value = std::floor(value);
  return Lanes(b_, std::move(values));
}

Lanes Lanes::Rounded() const {
  if (data_.id != kNoValue) return Lanes(b_, b_->Cast(b_->Cast(data_, DType::kF32), DType::kF64));
  std::vector<double> values = values_;
  for (double &value : values) value = static_cast<float>(value);
  return Lanes(b_, std::move(values));
}

std::optional<double> Lanes::number() const {
  if (data_.id != kNoValue || values_.size() != 1) return std::nullopt;
  return values_[0];
}

bool Lanes::Are(double value) const {
  return data_.id == kNoValue && std::all_of(values_.begin(), values_.end(), [&](double v) { return v == value; });
}

Expr Lanes::Data(DType dtype) const {
  if (data_.id != kNoValue) return CastIfNeeded(*b_, data_, DType::kF64, dtype);
  Tensor tensor = Tensor::Zeros(dtype, {static_cast<int64_t>(values_.size())});
  for (size_t i = 0; i < values_.size(); ++i) tensor.SetDouble(static_cast<int64_t>(i), values_[i]);
  return b_->Constant(std::move(tensor));
}

}  // namespace ingot::onnx_import
