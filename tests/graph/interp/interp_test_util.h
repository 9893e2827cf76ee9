// Shorthand for tests of the interpreter: tensors from numbers, and a graph of one op.
#ifndef INGOT_TESTS_GRAPH_INTERP_INTERP_TEST_UTIL_H_
#define INGOT_TESTS_GRAPH_INTERP_INTERP_TEST_UTIL_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "ingot/builder.h"
#include "ingot/interpreter.h"

namespace ingot {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

inline Tensor Make(DType dtype, std::vector<int64_t> dims, const std::vector<double> &values) {
  Tensor tensor = Tensor::Zeros(dtype, std::move(dims));
  EXPECT_EQ(tensor.size(), static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < values.size(); ++i) tensor.SetDouble(static_cast<int64_t>(i), values[i]);
  return tensor;
}
inline Tensor MakeInts(DType dtype, std::vector<int64_t> dims, const std::vector<int64_t> &values) {
  Tensor tensor = Tensor::Zeros(dtype, std::move(dims));
  EXPECT_EQ(tensor.size(), static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < values.size(); ++i) tensor.SetInt(static_cast<int64_t>(i), values[i]);
  return tensor;
}
// A vector.
inline Tensor F64(const std::vector<double> &values) {
  return Make(DType::kF64, {static_cast<int64_t>(values.size())}, values);
}
inline Tensor F32(const std::vector<double> &values) {
  return Make(DType::kF32, {static_cast<int64_t>(values.size())}, values);
}
inline Tensor Vec(DType dtype, const std::vector<int64_t> &values) {
  return MakeInts(dtype, {static_cast<int64_t>(values.size())}, values);
}
inline Tensor Normal(std::vector<int64_t> dims, unsigned seed, DType dtype = DType::kF64) {
  Tensor tensor = Tensor::Zeros(dtype, std::move(dims));
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.SetDouble(i, normal(engine));
  return tensor;
}

inline std::vector<double> Doubles(const Tensor &tensor) {
  std::vector<double> values;
  for (int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.GetDouble(i));
  return values;
}
inline std::vector<int64_t> Integers(const Tensor &tensor) {
  std::vector<int64_t> values;
  for (int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.GetInt(i));
  return values;
}

// The results of one op on inputs of fixed sizes.
inline absl::StatusOr<std::vector<Tensor>> EvaluateAll(OpKind op, const std::vector<Tensor> &inputs,
                                                       Attributes attributes = {}, InterpreterOptions options = {}) {
  GraphBuilder builder("one_op");
  std::vector<Expr> operands;
  for (size_t i = 0; i < inputs.size(); ++i) {
    operands.push_back(builder.Input(absl::StrCat("x", i), inputs[i].dtype(), inputs[i].type().dims));
  }
  std::vector<Expr> results = builder.EmitAll(op, operands, std::move(attributes));
  for (size_t i = 0; i < results.size(); ++i) builder.Output(absl::StrCat("y", i), results[i]);
  absl::StatusOr<Graph> graph = builder.Finish();
  if (!graph.ok()) return graph.status();
  return Interpret(*graph, inputs, options);
}
// The first of them.
inline absl::StatusOr<Tensor> Evaluate(OpKind op, const std::vector<Tensor> &inputs, Attributes attributes = {},
                                       InterpreterOptions options = {}) {
  absl::StatusOr<std::vector<Tensor>> results = EvaluateAll(op, inputs, std::move(attributes), options);
  if (!results.ok()) return results.status();
  return (*results)[0];
}
inline InterpreterOptions Native() { return {InterpreterOptions::Precision::kNative}; }

// The result's elements; a failure is reported and yields none.
inline std::vector<double> Eval(OpKind op, const std::vector<Tensor> &inputs, Attributes attributes = {},
                                InterpreterOptions options = {}) {
  absl::StatusOr<Tensor> result = Evaluate(op, inputs, std::move(attributes), options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? Doubles(*result) : std::vector<double>();
}
inline std::vector<int64_t> EvalInts(OpKind op, const std::vector<Tensor> &inputs, Attributes attributes = {}) {
  absl::StatusOr<Tensor> result = Evaluate(op, inputs, std::move(attributes));
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? Integers(*result) : std::vector<int64_t>();
}

// Equal elements, or both NaN; tolerance relative to max(1, |expected|).
inline void ExpectNear(const std::vector<double> &actual, const std::vector<double> &expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(expected[i]) ? std::isnan(actual[i]) : actual[i] == expected[i]) continue;
    EXPECT_LE(std::fabs(actual[i] - expected[i]), tolerance * std::max(1.0, std::fabs(expected[i])))
        << "element " << i << ": " << actual[i];
  }
}

inline void ExpectError(const absl::Status &status, absl::StatusCode code, const std::string &part) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr(part));
}

}  // namespace ingot
#endif  // INGOT_TESTS_GRAPH_INTERP_INTERP_TEST_UTIL_H_
