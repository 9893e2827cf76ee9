// Completing a node: default attributes, arity, attribute kinds, dtypes; then the op's shape rule. Tests:
// tests/graph/shape_test.cc.
#include "graph/shape/infer.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "graph/shape/rules.h"

namespace ingot {
namespace {

struct NamedRule {
  std::string_view name;
  ShapeRule rule;
};

// Rules of ops with one result return its type alone.
template <absl::StatusOr<TensorType> (*rule)(InferContext &)>
absl::StatusOr<ResultTypes> Apply(InferContext &c) {
  absl::StatusOr<TensorType> type = rule(c);
  if (!type.ok()) return type.status();
  return ResultTypes{*std::move(type)};
}
template <absl::StatusOr<ResultTypes> (*rule)(InferContext &)>
absl::StatusOr<ResultTypes> Apply(InferContext &c) {
  return rule(c);
}

constexpr NamedRule kRules[] = {
#define INGOT_SHAPE_RULE(name, Rule) {name, Apply<Rule>},
#include "graph/ops/shape_rules.inc"
#undef INGOT_SHAPE_RULE
};

std::optional<Attribute> ParseDefault(const AttributeSchema &schema) {
  std::string text(schema.default_value);
  if (text == "required") return std::nullopt;
  int64_t integer = 0;
  double real = 0;
  switch (schema.kind) {
    case AttributeKind::kBool:
      return text == "true";
    case AttributeKind::kInt:
      return absl::SimpleAtoi(text, &integer) ? std::optional<Attribute>(integer) : std::nullopt;
    case AttributeKind::kFloat:
      return absl::SimpleAtod(text, &real) ? std::optional<Attribute>(real) : std::nullopt;
    case AttributeKind::kString:
    case AttributeKind::kFunction:
      return text;
    case AttributeKind::kInts:
      return Ints{};
    case AttributeKind::kFloats:
      return std::vector<double>{};
    case AttributeKind::kDims:
      return Dims{};
    case AttributeKind::kDType:
      return ParseDType(text).value_or(DType::kInvalid);
  }
  return std::nullopt;
}

bool HasKind(const Attribute &attribute, AttributeKind kind) {
  static_assert(std::variant_size_v<Attribute> == 8);
  constexpr AttributeKind kByIndex[] = {AttributeKind::kBool,   AttributeKind::kInt,  AttributeKind::kFloat,
                                        AttributeKind::kString, AttributeKind::kInts, AttributeKind::kFloats,
                                        AttributeKind::kDims,   AttributeKind::kDType};
  return kByIndex[attribute.index()] == (kind == AttributeKind::kFunction ? AttributeKind::kString : kind);
}

bool IsUndefined(const Dim &dim) { return dim.undefined(); }

absl::Status CompleteAttributes(const OpSchema &schema, Attributes &attributes) {
  size_t known = 0;
  for (const AttributeSchema &wanted : schema.attributes) {
    std::string name(wanted.name);
    auto found = attributes.find(name);
    if (found == attributes.end()) {
      std::optional<Attribute> value = ParseDefault(wanted);
      if (!value)
        return absl::InvalidArgumentError(absl::StrCat("attribute '", name, "' is missing and has no default"));
      found = attributes.emplace(name, *std::move(value)).first;
    }
    if (!HasKind(found->second, wanted.kind))
      return absl::InvalidArgumentError(absl::StrCat("attribute '", name, "' has the wrong kind of value"));
    if (const Dims *dims = std::get_if<Dims>(&found->second);
        dims != nullptr && std::any_of(dims->begin(), dims->end(), IsUndefined)) {
      return absl::InvalidArgumentError(
          absl::StrCat("attribute '", name, "' is ", ToString(*dims), "; a size overflows or divides by zero"));
    }
    ++known;
  }
  if (attributes.size() == known) return absl::OkStatus();
  for (const auto &[name, value] : attributes) {
    bool expected = false;
    for (const AttributeSchema &wanted : schema.attributes) expected = expected || wanted.name == name;
    if (!expected)
      return absl::InvalidArgumentError(absl::StrCat("there is no attribute '", name, "'; docs/ops.md lists them"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view CastAdvice(DType dtype) {
  if (IsComplex(dtype)) return "take its parts with real and imag first";
  return IsNarrow(dtype) ? "cast it to i8 first" : IsFloat8(dtype) ? "cast it to f32 first" : "cast it first";
}

bool Allows(DTypeSet set, DType dtype) {
  if (IsComplex(dtype)) return set == DTypeSet::kComplex;
  if (set == DTypeSet::kEvery || dtype == DType::kInvalid) return dtype != DType::kInvalid;
  if (IsNarrow(dtype)) return false;
  switch (set) {
    case DTypeSet::kEvery:
    case DTypeSet::kAny:
      return true;
    case DTypeSet::kNumber:
      return (IsFloat(dtype) && !IsFloat8(dtype)) || IsInteger(dtype);
    case DTypeSet::kFloat:
      return IsFloat(dtype) && !IsFloat8(dtype);
    case DTypeSet::kInteger:
      return IsInteger(dtype);
    case DTypeSet::kBool:
      return dtype == DType::kBool;
    case DTypeSet::kLogical:
      return dtype == DType::kBool || IsInteger(dtype);
    case DTypeSet::kComplex:
      return false;
  }
  return false;
}

bool Takes(const OpSchema &schema, DType dtype) {
  return Allows(schema.dtypes, dtype) || (schema.takes_complex && IsComplex(dtype));
}

ShapeRule FindShapeRule(std::string_view name) {
  for (const NamedRule &row : kRules) {
    if (row.name == name) return row.rule;
  }
  return nullptr;
}

bool InferContext::MustBeEqual(const Dim &a, const Dim &b, const char *what) {
  if (std::optional<int64_t> difference = (a - b).constant()) return *difference == 0;
  if (facts != nullptr) facts->push_back({SizeFact::Kind::kEqual, a, b, what});
  return true;
}

bool InferContext::MustBeAtMost(const Dim &a, const Dim &b, const char *what) {
  if (std::optional<int64_t> difference = (a - b).constant()) return *difference <= 0;
  if (facts != nullptr) facts->push_back({SizeFact::Kind::kAtMost, a, b, what});
  return true;
}

bool InferContext::MustBroadcastTo(const Dims &from, const Dims &to) {
  if (from.size() > to.size()) return false;
  size_t lead = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (!from[i].Is(1) &&
        !MustBeEqual(from[i], to[lead + i], "a size that is not 1 for every input must be the one it broadcasts to"))
      return false;
  }
  return true;
}

// What holds for every result.
static absl::Status CheckResult(InferContext &context, const TensorType &type) {
  if (type.rank() > kMaxRank)
    return absl::InvalidArgumentError(
        absl::StrCat("the result has rank ", type.rank(), "; at most ", kMaxRank, " is supported"));
  for (const Dim &dim : type.dims) {
    if (dim.undefined()) {
      return absl::InvalidArgumentError(absl::StrCat("the result would be ", type.ToString(),
                                                     "; a size overflows 64 bits or is too long an expression"));
    }
    if (!context.MustBeAtMost(0, dim, "no size may be negative"))
      return absl::InvalidArgumentError(
          absl::StrCat("the result would be ", type.ToString(), ", with a negative size"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ResultTypes> InferTypes(const OpSchema &schema, const std::vector<const TensorType *> &operands,
                                       Attributes &attributes, std::vector<SizeFact> *facts,
                                       const std::vector<Graph> *functions) {
  OperandForm last = schema.operands.empty() ? OperandForm::kOne : schema.operands.back().form;
  size_t least = schema.operands.size() - (last == OperandForm::kAny ? 1 : 0);
  if (last == OperandForm::kOne ? operands.size() != least : operands.size() < least) {
    return absl::InvalidArgumentError(absl::StrCat("takes ", last == OperandForm::kOne ? "" : "at least ", least,
                                                   " operands, got ", operands.size()));
  }
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operands[i] == nullptr) return absl::InvalidArgumentError(absl::StrCat("operand ", i, " is missing"));
    if (!Takes(schema, operands[i]->dtype)) {
      return absl::InvalidArgumentError(
          absl::StrCat("operand ", i, " has dtype ", std::string(Name(operands[i]->dtype)),
                       ", which this op does not take; ", std::string(CastAdvice(operands[i]->dtype))));
    }
  }
  if (absl::Status status = CompleteAttributes(schema, attributes); !status.ok()) return status;
  ShapeRule rule = FindShapeRule(schema.shape_rule);
  if (rule == nullptr)
    return absl::InternalError(absl::StrCat("there is no shape rule '", std::string(schema.shape_rule), "'"));
  static const std::vector<Graph> kNone;
  InferContext context{schema, operands, attributes, facts, functions != nullptr ? functions : &kNone};
  absl::StatusOr<ResultTypes> types = rule(context);
  if (!types.ok()) return types;
  if (schema.fusion != FusionKind::kControl && types->size() != schema.results.size())
    return absl::InternalError(absl::StrCat("the shape rule '", std::string(schema.shape_rule), "' gives ",
                                            types->size(), " results instead of ", schema.results.size()));
  for (const TensorType &type : *types) {
    if (absl::Status status = CheckResult(context, type); !status.ok()) return status;
  }
  return types;
}

absl::StatusOr<ResultTypes> CompleteNode(const Graph &graph, const std::vector<Graph> &functions, Node &node,
                                         std::vector<SizeFact> *facts) {
  std::vector<const TensorType *> operands;
  for (ValueId id : node.inputs) operands.push_back(id == kNoValue ? nullptr : &graph.type(id));
  return InferTypes(Schema(node.op), operands, node.attributes, facts, &functions);
}

absl::StatusOr<int64_t> NormalizeAxis(int64_t axis, int rank) {
  if (rank == 0)
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", axis, " is out of range: a scalar has no axes; reshape it"));
  if (axis < -rank || axis >= rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", axis, " is out of range for rank ", rank, "; use ", -rank, " to ", rank - 1));
  }
  return axis < 0 ? axis + rank : axis;
}

absl::StatusOr<Dims> InferContext::Broadcast(const Dims &a, const Dims &b) {
  Dims result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    const Dim *x = i < a.size() ? &a[a.size() - 1 - i] : nullptr, *y = i < b.size() ? &b[b.size() - 1 - i] : nullptr;
    Dim &out = result[result.size() - 1 - i];
    if (x == nullptr || y == nullptr) {
      out = x == nullptr ? *y : *x;
    } else if (x->Is(1) || y->Is(1)) {
      out = x->Is(1) ? *y : *x;
    } else if (MustBeEqual(*x, *y, "sizes that broadcast must be equal where none is 1 for every input")) {
      out = y->is_constant() ? *y : *x;
    } else {
      return absl::InvalidArgumentError(absl::StrCat("shapes ", ToString(a), " and ", ToString(b),
                                                     " do not broadcast: ", x->ToString(), " against ", y->ToString(),
                                                     "; sizes must be equal, or one of them 1"));
    }
  }
  return result;
}

}  // namespace ingot
