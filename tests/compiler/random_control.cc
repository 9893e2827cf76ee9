// Loops, branches and calls of random graphs. Their functions keep every value's type, so that results fit wherever the
// operands did.
#include "tests/compiler/random_graph.h"

namespace ingot {
namespace {

using Exprs = std::vector<Expr>;

// Another value of the same type, or the same one.
Expr Alike(RandomGraph &g, GraphBuilder &f, const Exprs &values, Expr x) {
  Exprs alike;
  for (Expr y : values) {
    if (f.type(y) == f.type(x)) alike.push_back(y);
  }
  return g.OneOf(alike);
}

Expr Changed(RandomGraph &g, GraphBuilder &f, const Exprs &values, Expr x) {
  const TensorType type = f.type(x);
  bool is_float = IsFloat(type.dtype);
  if (IsNarrow(type.dtype) || IsFloat8(type.dtype)) {  // by way of what computes
    if (g.Chance(50)) return Alike(g, f, values, x);
    return f.Cast(f.Neg(f.Cast(x, is_float ? DType::kF32 : DType::kI8)), type.dtype);
  }
  if (IsComplex(type.dtype)) {
    if (g.Chance(50)) return Alike(g, f, values, x);
    return g.Chance(50) ? f.Neg(x) : f.Complex(f.Imag(x), f.Real(x));
  }
  switch (g.Below(6)) {
    case 0:
      return x;
    case 1:
      return Alike(g, f, values, x);
    case 2:
      return type.dtype == DType::kBool ? f.LogicalNot(x) : is_float ? f.Tanh(x) : f.Neg(x);
    case 3: {
      if (type.dtype == DType::kBool) return f.LogicalXor(x, Alike(g, f, values, x));
      Expr sum = f.Add(x, Alike(g, f, values, x));
      return is_float ? f.Sigmoid(sum) : sum;
    }
    case 4: {
      if (type.dims.empty()) return x;
      size_t axis = g.Below(type.dims.size());
      Dims limits = type.dims;
      limits[axis] = Dim::Min(limits[axis], Dim(2));
      Expr part = f.Slice(Alike(g, f, values, x), Dims(limits.size(), Dim(0)), limits, Ints(limits.size(), 1));
      return f.DynamicUpdate(x, part, f.Scalar(static_cast<double>(g.Below(3)), DType::kI64),
                             static_cast<int64_t>(axis));
    }
    default:
      return is_float && !type.dims.empty() ? f.Softmax(x) : x;
  }
}

Exprs ChangedAll(RandomGraph &g, GraphBuilder &f, const Exprs &values) {
  Exprs results;
  for (Expr x : values) results.push_back(Changed(g, f, values, x));
  return results;
}

}  // namespace

std::vector<Expr> RandomGraph::RandomIfSize(const Exprs &values) {
  // The part of x that `limit` leaves along an axis, changed.
  auto cut = [this](GraphBuilder &f, const Exprs &v, const Dim &limit) {
    Exprs results = ChangedAll(*this, f, v);
    for (Expr &x : results) {
      Dims limits = f.type(x).dims;
      if (limits.empty() || IsNarrow(f.type(x).dtype)) continue;
      Dim &last = limits.back();
      last = Dim::Min(last, limit);
      x = f.Slice(x, Dims(limits.size(), Dim(0)), limits, Ints(limits.size(), 1));
    }
    return results;
  };
  Dim size = PickDim(), holds = Dim::Min(1, Dim::Max(0, size - Dim(static_cast<int64_t>(Below(4)))));
  bool cuts_then = Chance(50), cuts_else = Chance(50);
  return b_.IfSize(
      holds, values,
      [&](GraphBuilder &f, const Exprs &v) { return cuts_then ? cut(f, v, 3) : ChangedAll(*this, f, v); },
      [&](GraphBuilder &f, const Exprs &v) { return cuts_else ? cut(f, v, size) : ChangedAll(*this, f, v); });
}

std::optional<Expr> RandomGraph::RandomControl() {
  Exprs values;
  for (size_t count = 1 + Below(3); values.size() < count;) values.push_back(PickOfEvery());
  if (Chance(40)) values.push_back(values[0]);
  int heat = 0;
  for (Expr x : values) {
    heat = std::max(heat, heat_[x.id]);
    ++uses_[x.id];
  }
  auto change = [this](GraphBuilder &f, const Exprs &v) { return ChangedAll(*this, f, v); };
  Expr number = Chance(60) ? b_.Scalar(static_cast<double>(Below(4)), DType::kI64) : Make(DType::kI64, {});
  Exprs results;
  switch (Below(4)) {
    case 0: {
      std::vector<TensorType> types;
      for (Expr x : values) types.push_back(type(x));
      std::string function = b_.Function("function", types, change);
      results = b_.Call(function, values);
      if (Chance(50)) results = b_.Call(function, results);
      break;
    }
    case 1:
      results = b_.If(b_.Less(number, b_.Scalar(2, DType::kI64)), values, change, change);
      break;
    case 2:
      results = RandomIfSize(values);
      break;
    default: {
      Exprs all = {b_.Scalar(0, DType::kI64), b_.Min(number, b_.Scalar(3, DType::kI64))};
      all.insert(all.end(), values.begin(), values.end());
      results = b_.While(
          all, [](GraphBuilder &f, const Exprs &v) -> Exprs { return {f.Less(v[0], v[1])}; },
          [this](GraphBuilder &f, const Exprs &v) {
            Exprs next = ChangedAll(*this, f, Exprs(v.begin() + 2, v.end()));
            next.insert(next.begin(), {f.Add(v[0], f.Scalar(1, DType::kI64)), v[1]});
            return next;
          });
      results.erase(results.begin(), results.begin() + 2);
    }
  }
  for (Expr x : results) Remember(x, heat);
  return results.back();
}

}  // namespace ingot
