#include "graph/import/onnx/node_context.h"

#include <algorithm>
#include <limits>

#include "graph/shape/infer.h"

namespace ingot::onnx_import {
namespace {

using onnx::AttributeProto;

absl::Status Missing(const std::string &name) {
  return absl::InvalidArgumentError(absl::StrCat("attribute '", name, "' is missing"));
}

// Files of old writers leave the type out; then the value's presence has to tell.
bool HasType(const AttributeProto &attribute, AttributeProto::AttributeType type) {
  return !attribute.has_type() || attribute.type() == type;
}

absl::Status WrongType(const std::string &name, const char *wanted) {
  return absl::InvalidArgumentError(absl::StrCat("attribute '", name, "' is not ", wanted));
}

}  // namespace

Expr DataOf(GraphBuilder &b, Value &value) {
  if (value.expr.id != kNoValue) return value.expr;
  if (value.tensor) {
    value.expr = b.Constant(*value.tensor, value.name);
  } else if (value.known) {
    value.expr = value.known->Materialize(b);
  }
  return value.expr;
}

Expr NodeContext::In(size_t i) { return Has(i) ? DataOf(b, *inputs[i]) : Expr{}; }

TensorType NodeContext::Type(size_t i) const {
  if (!Has(i)) return {};
  const Value &value = *inputs[i];
  if (value.expr.id != kNoValue) return b.type(value.expr);
  if (value.tensor) return value.tensor->type();
  return value.known ? value.known->type() : TensorType{};
}

absl::StatusOr<Dims> NodeContext::DimsIn(size_t i, const char *what) const {
  const Known *known = KnownIn(i);
  if (known == nullptr) {
    return absl::UnimplementedError(absl::StrCat("its ", what, " ('", Has(i) ? inputs[i]->name : "",
                                                 "') is computed from data; only shape arithmetic is supported there"));
  }
  if (known->is_real() || known->rank() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("its ", what, " is ", known->type().ToString(), "; it must be a vector of integers"));
  }
  return known->ints;
}

absl::StatusOr<Dims> NodeContext::SizesFrom(Expr data, const char *what, const char *name) {
  const TensorType type = b.type(data);
  std::optional<int64_t> count = NumElements(type.dims).constant();
  if (!IsInteger(type.dtype) || type.rank() > 1 || !count || *count > kMaxDimList)
    return absl::UnimplementedError(absl::StrCat("its ", what, " is ", type.ToString(),
                                                 "; sizes from data are a vector of integers of a known length"));
  return b.SizesFrom(CastIfNeeded(b, data, type.dtype, DType::kI64), name);
}

absl::StatusOr<Dims> NodeContext::SizesIn(size_t i, const char *what) {
  if (!Has(i) || KnownIn(i) != nullptr) return DimsIn(i, what);
  INGOT_ASSIGN_OR_RETURN(Dims sizes, SizesFrom(In(i), what));
  Known known = Known::Vector(sizes);
  known.dtype = dtype(i);
  if (rank(i) == 0) known.shape.clear();
  inputs[i]->known = std::move(known);
  return sizes;
}

absl::StatusOr<Ints> NodeContext::IntsIn(size_t i, const char *what) const {
  INGOT_ASSIGN_OR_RETURN(Dims dims, DimsIn(i, what));
  Ints values;
  for (const Dim &dim : dims) {
    if (!dim.is_constant())
      return absl::UnimplementedError(absl::StrCat("its ", what, " is not constant but ", ToString(dims)));
    values.push_back(*dim.constant());
  }
  return values;
}

const AttributeProto *NodeContext::Find(const std::string &name) {
  read_.insert(name);
  for (const AttributeProto &attribute : node.attribute()) {
    if (attribute.name() != name) continue;
    if (attribute.ref_attr_name().empty()) return &attribute;
    if (function_attributes == nullptr) return nullptr;
    auto found = function_attributes->find(attribute.ref_attr_name());
    return found == function_attributes->end() ? nullptr : found->second;
  }
  return nullptr;
}

std::string NodeContext::UnreadAttribute() const {
  for (const AttributeProto &attribute : node.attribute()) {
    if (!read_.count(attribute.name())) return attribute.name();
  }
  return "";
}

void NodeContext::Ignore(std::initializer_list<const char *> names) { read_.insert(names.begin(), names.end()); }

absl::StatusOr<int64_t> NodeContext::Int(const std::string &name, std::optional<int64_t> otherwise) {
  const AttributeProto *attribute = Find(name);
  if (attribute == nullptr) return otherwise ? absl::StatusOr<int64_t>(*otherwise) : Missing(name);
  if (!HasType(*attribute, AttributeProto::INT)) return WrongType(name, "an integer");
  return attribute->i();
}

absl::StatusOr<double> NodeContext::Float(const std::string &name, std::optional<double> otherwise) {
  const AttributeProto *attribute = Find(name);
  if (attribute == nullptr) return otherwise ? absl::StatusOr<double>(*otherwise) : Missing(name);
  if (!HasType(*attribute, AttributeProto::FLOAT)) return WrongType(name, "a float");
  return attribute->f();
}

absl::StatusOr<std::string> NodeContext::Text(const std::string &name, std::optional<std::string> otherwise) {
  const AttributeProto *attribute = Find(name);
  if (attribute == nullptr) return otherwise ? absl::StatusOr<std::string>(*otherwise) : Missing(name);
  if (!HasType(*attribute, AttributeProto::STRING)) return WrongType(name, "a string");
  return attribute->s();
}

absl::StatusOr<Ints> NodeContext::IntList(const std::string &name, std::optional<Ints> otherwise) {
  const AttributeProto *attribute = Find(name);
  if (attribute == nullptr) return otherwise ? absl::StatusOr<Ints>(*std::move(otherwise)) : Missing(name);
  if (!HasType(*attribute, AttributeProto::INTS)) return WrongType(name, "a list of integers");
  return Ints(attribute->ints().begin(), attribute->ints().end());
}

absl::StatusOr<std::vector<double>> NodeContext::FloatList(const std::string &name) {
  const AttributeProto *attribute = Find(name);
  if (attribute == nullptr) return Missing(name);
  if (!HasType(*attribute, AttributeProto::FLOATS)) return WrongType(name, "a list of floats");
  return std::vector<double>(attribute->floats().begin(), attribute->floats().end());
}

absl::StatusOr<std::vector<std::string>> NodeContext::TextList(const std::string &name,
                                                               std::vector<std::string> otherwise) {
  const AttributeProto *attribute = Find(name);
  if (attribute == nullptr) return otherwise;
  if (!HasType(*attribute, AttributeProto::STRINGS)) return WrongType(name, "a list of strings");
  return std::vector<std::string>(attribute->strings().begin(), attribute->strings().end());
}

absl::StatusOr<Tensor> NodeContext::TensorAttribute(const std::string &name) {
  const AttributeProto *attribute = Find(name);
  if (attribute == nullptr) return Missing(name);
  if (!HasType(*attribute, AttributeProto::TENSOR) || !attribute->has_t()) return WrongType(name, "a tensor");
  return loader_.Load(attribute->t(), name);
}

const onnx::GraphProto *NodeContext::GraphAttribute(const std::string &name) {
  const AttributeProto *attribute = Find(name);
  return attribute != nullptr && attribute->has_g() ? &attribute->g() : nullptr;
}

absl::StatusOr<int64_t> NodeContext::Axis(const std::string &name, std::optional<int64_t> otherwise, int limit) {
  INGOT_ASSIGN_OR_RETURN(int64_t axis, Int(name, otherwise));
  return NormalAxis(axis, limit);
}

absl::StatusOr<DType> NodeContext::TypeAttribute(const std::string &name, std::optional<DType> otherwise) {
  if (!HasAttribute(name) && otherwise) return *otherwise;
  INGOT_ASSIGN_OR_RETURN(int64_t number, Int(name));
  int type = number < 0 || number > 1000 ? -1 : static_cast<int>(number);
  if (std::optional<DType> dtype = ToDType(type)) return *dtype;
  return absl::UnimplementedError(absl::StrCat("'", name, "' is ", OnnxTypeName(type), ", which is not supported"));
}

void NodeContext::Set(size_t i, Expr value) {
  if (i < outputs.size() && outputs[i] != nullptr) outputs[i]->expr = value;
}

void NodeContext::Set(size_t i, Known known) {
  if (i < outputs.size() && outputs[i] != nullptr) outputs[i]->known = std::move(known);
}

void NodeContext::Set(size_t i, std::vector<Value *> elements) {
  if (i < outputs.size() && outputs[i] != nullptr) outputs[i]->elements = std::move(elements);
}

void NodeContext::Forward(size_t i, Value &from) {
  if (i >= outputs.size() || outputs[i] == nullptr) return;
  if (from.tensor) DataOf(b, from);  // one constant for both names
  outputs[i]->expr = from.expr;
  outputs[i]->tensor = from.tensor;
  outputs[i]->known = from.known;
  outputs[i]->elements = from.elements;
  outputs[i]->is_none = from.is_none;
}

absl::Status CheckTakes(OpKind op, DType dtype) {
  if (Takes(Schema(op), dtype)) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("it works on ", std::string(Name(dtype)), ", for which '",
                                               std::string(Name(op)), "' is not supported; ",
                                               std::string(CastAdvice(dtype))));
}

absl::Status CheckFloat(const NodeContext &n, size_t i) {
  if (IsFloat(n.dtype(i))) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("it works on ", std::string(Name(n.dtype(i))), "; only floats are supported"));
}

absl::Status CheckRank(const NodeContext &n, size_t i, int at_least) {
  if (n.rank(i) >= at_least) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("its operand is ", n.Type(i).ToString(), "; it must have rank ", at_least, " or more"));
}

absl::StatusOr<int64_t> NormalAxis(int64_t axis, int limit) {
  if (axis < -limit || axis >= limit)
    return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " is out of range for rank ", limit));
  return axis < 0 ? axis + limit : axis;
}

absl::StatusOr<Ints> NormalAxes(Ints axes, int limit) {
  for (int64_t &axis : axes) {
    INGOT_ASSIGN_OR_RETURN(axis, NormalAxis(axis, limit));
  }
  Ints sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    return absl::InvalidArgumentError("an axis is named twice");
  return axes;
}

absl::Status CheckDims(const Dims &dims) {
  if (dims.size() > kMaxRank)
    return absl::UnimplementedError(absl::StrCat("rank ", dims.size(), " is above ", kMaxRank));
  if (!IsSmall(dims)) return absl::UnimplementedError("its dims are too large expressions of the inputs' dims");
  constexpr int64_t kLargest = INT64_C(1) << 46;
  int64_t product = 1;
  for (const Dim &dim : dims) {
    int64_t size = dim.constant().value_or(1);
    if (size < 0 || (size > 0 && __builtin_mul_overflow(product, size, &product)) || product > kLargest) {
      return absl::InvalidArgumentError(absl::StrCat("the impossible shape ", ToString(dims)));
    }
  }
  return absl::OkStatus();
}

Tensor Lowest(DType dtype) {
  Tensor lowest = Tensor::Zeros(dtype, {});
  if (IsFloat(dtype)) lowest.SetDouble(0, -std::numeric_limits<double>::infinity());
  if (IsSigned(dtype)) lowest.SetInt(0, static_cast<int64_t>(UINT64_C(1) << (BitWidth(dtype) - 1)));
  return lowest;
}

Tensor Highest(DType dtype) {
  Tensor highest = Tensor::Zeros(dtype, {});
  uint64_t ones = ~UINT64_C(0) >> (64 - BitWidth(dtype));
  if (IsFloat(dtype)) {
    highest.SetDouble(0, std::numeric_limits<double>::infinity());
  } else {
    highest.SetInt(0, dtype == DType::kBool ? 1 : static_cast<int64_t>(IsSigned(dtype) ? ones >> 1 : ones));
  }
  return highest;
}

Expr CastIfNeeded(GraphBuilder &b, Expr x, DType from, DType to) { return from == to ? x : b.Cast(x, to); }

Expr CastWithoutSaturation(GraphBuilder &b, Expr x, DType from, DType to) {
  Expr result = CastIfNeeded(b, x, from, to);
  if (!IsFloat8(to) || from == to) return result;
  Expr real = IsFloat(from) && !IsFloat8(from) ? x : b.Cast(x, DType::kF32);
  DType dtype = IsFloat(from) && !IsFloat8(from) ? from : DType::kF32;
  // Halfway from the largest number to what would be the next: to even is down for f8e4m3 and up for f8e5m2.
  double half = to == DType::kF8E4M3 ? 464 : 61440;
  for (double sign : {1.0, -1.0}) {
    Tensor beyond = Tensor::Zeros(to, {});
    beyond.SetDouble(0, sign * std::numeric_limits<double>::infinity());
    Expr size = sign > 0 ? real : b.Neg(real), limit = b.Scalar(half, dtype);
    Expr is_beyond = to == DType::kF8E4M3 ? b.Greater(size, limit) : b.GreaterEqual(size, limit);
    result = b.Select(is_beyond, b.Constant(std::move(beyond)), result);
  }
  return result;
}

}  // namespace ingot::onnx_import
