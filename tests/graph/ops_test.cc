// The generated table of ops is complete and consistent: names, defaults, and a shape rule for every op.
#include <set>

#include "graph/shape/infer.h"
#include "gtest/gtest.h"
#include "ingot/builder.h"

namespace ingot {
namespace {

TEST(OpsTest, EveryOpIsFoundByItsName) {
  std::set<std::string_view> names;
  int index = 0;
  for (const OpSchema &schema : AllSchemas()) {
    EXPECT_EQ(static_cast<int>(schema.kind), index++) << schema.name;
    EXPECT_EQ(&Schema(schema.kind), &schema);
    EXPECT_EQ(FindOp(schema.name), schema.kind);
    EXPECT_EQ(Name(schema.kind), schema.name);
    EXPECT_TRUE(names.insert(schema.name).second) << schema.name << " stands twice in the records";
  }
  EXPECT_GT(names.size(), 50u);
  EXPECT_EQ(FindOp("frobnicate"), std::nullopt);
  EXPECT_EQ(FindOp(""), std::nullopt);
}

TEST(OpsTest, EveryOpIsComplete) {
  for (const OpSchema &schema : AllSchemas()) {
    EXPECT_NE(FindShapeRule(schema.shape_rule), nullptr)
        << schema.name << " names the shape rule " << schema.shape_rule;
    EXPECT_FALSE(schema.summary.empty()) << schema.name;
    EXPECT_GE(schema.since, 1) << schema.name;
    EXPECT_GT(schema.tolerance, 0) << schema.name;
    EXPECT_EQ(schema.operands.empty(), schema.fusion == FusionKind::kLeaf) << schema.name;
    EXPECT_FALSE(schema.results.empty()) << schema.name;
    std::set<std::string_view> names;
    for (size_t i = 0; i < schema.operands.size(); ++i) {
      EXPECT_TRUE(names.insert(schema.operands[i].name).second) << schema.name;
      EXPECT_TRUE(schema.operands[i].form == OperandForm::kOne || i + 1 == schema.operands.size())
          << schema.name << ": only the last is variadic";
    }
    for (const AttributeSchema &attribute : schema.attributes)
      EXPECT_TRUE(names.insert(attribute.name).second) << schema.name;
  }
  EXPECT_EQ(FindShapeRule("frobnicate"), nullptr);
}

// A missing attribute is reported only where there is no default, so every default has parsed.
TEST(OpsTest, DefaultsParse) {
  for (const OpSchema &schema : AllSchemas()) {
    std::string required;
    for (const AttributeSchema &attribute : schema.attributes) {
      if (attribute.default_value == "required") required = attribute.name;
      if (!required.empty()) break;
    }
    TensorType type{DType::kF32, {2, 2, 2}};
    if (schema.dtypes == DTypeSet::kInteger || schema.dtypes == DTypeSet::kLogical || schema.shape_rule == "gather")
      type.dtype = DType::kI32;
    if (schema.dtypes == DTypeSet::kBool || schema.shape_rule == "select") type.dtype = DType::kBool;
    if (schema.dtypes == DTypeSet::kComplex) type.dtype = DType::kComplex64;
    Attributes attributes;
    std::vector<const TensorType *> operands(schema.operands.size(), &type);
    TensorType place{DType::kI64, {}};
    if (schema.shape_rule == "dynamic_update") operands.back() = &place;
    absl::StatusOr<ResultTypes> result = InferTypes(schema, operands, attributes);
    if (required.empty()) {
      EXPECT_TRUE(result.ok()) << schema.name << ": " << result.status().message();
    } else {
      EXPECT_EQ(result.status().message(), "attribute '" + required + "' is missing and has no default") << schema.name;
    }
  }
}

}  // namespace
}  // namespace ingot
