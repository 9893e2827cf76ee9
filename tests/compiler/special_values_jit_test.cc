// Element-wise ops on the values where formulas go wrong: infinities, NaN, both zeros, denormals, ends of ranges,
// halves, zero divisors.
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

std::vector<double> SpecialFloats(DType dtype) {
  double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> values = {0,    1,    0.5,   1.5,   2.5, 3.14159, 0.999, 1.001, 10,
                                88.5, 89.5, 104.5, 255.4, 256, 1e-4,    1e-7,  inf,   nan};
  if (dtype == DType::kF16) values.insert(values.end(), {0x1p-24, 0x1p-14, 65504, 1025, 2049});
  if (dtype != DType::kF16)
    values.insert(values.end(), {0x1p-149, 0x1p-140, 0x1p-126, 1e-30, 1e10, 0x1p31, 0x1p32, 0x1p62, 0x1p63, 0x1p64,
                                 8388609, 0x1.fffffep127});
  if (dtype == DType::kF64)
    values.insert(values.end(), {0x1p-1074, 0x1p-1022, 709, 710, 745.5, 4503599627370497.5, 1e300});
  size_t positive = values.size();
  for (size_t i = 0; i < positive; ++i) values.push_back(-values[i]);
  return values;
}

Tensor SpecialTensor(DType dtype) {
  std::vector<double> reals = SpecialFloats(dtype);
  std::vector<int64_t> integers = {0,         1,         2,         3,          7,         100,       -1,
                                   -2,        -3,        -7,        -100,       INT8_MAX,  INT8_MIN,  UINT8_MAX,
                                   INT16_MAX, INT32_MAX, INT32_MIN, UINT32_MAX, INT64_MAX, INT64_MIN, 16777217};
  Tensor tensor = Tensor::Zeros(dtype, {static_cast<int64_t>(IsFloat(dtype) ? reals.size() : integers.size())});
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (IsFloat(dtype)) {
      tensor.SetDouble(i, reals[static_cast<size_t>(i)]);
    } else {
      tensor.SetInt(i, integers[static_cast<size_t>(i)]);
    }
  }
  return tensor;
}

Tensor Shaped(const Tensor &tensor, std::vector<int64_t> dims) {
  return Tensor::Copy(tensor.dtype(), std::move(dims), tensor.data());
}

bool Takes(const OpSchema &schema, DType dtype) {
  if (schema.dtypes == DTypeSet::kFloat) return IsFloat(dtype);
  if (schema.dtypes == DTypeSet::kLogical || schema.dtypes == DTypeSet::kInteger) return IsInteger(dtype);
  return schema.dtypes != DTypeSet::kBool;
}

class SpecialValues : public testing::TestWithParam<DType> {};

TEST_P(SpecialValues, OfUnaryOps) {
  DType dtype = GetParam();
  Tensor values = SpecialTensor(dtype);
  GraphBuilder b("special");
  Expr x = b.Input("x", dtype, {"n"});
  for (const OpSchema &schema : AllSchemas()) {
    // Sine and cosine of huge numbers are reduced by the C library, whose own tests these are.
    bool periodic = schema.kind == OpKind::kSin || schema.kind == OpKind::kCos;
    if (schema.fusion != FusionKind::kElementwise || schema.operands.size() != 1 || !schema.attributes.empty() ||
        !Takes(schema, dtype) || periodic)
      continue;
    b.Output(std::string(schema.name), b.Emit(schema.kind, {x}, {}));
  }
  for (DType to : {DType::kF64, DType::kF32, DType::kF16, DType::kI64, DType::kI32, DType::kI16, DType::kI8,
                   DType::kU64, DType::kU32, DType::kU16, DType::kU8, DType::kBool}) {
    b.Output(absl::StrCat("to_", std::string(Name(to))), b.Cast(x, to));
  }
  ExpectMatchesOn(b.Finish(), {{values}});
}

// Every value with every other.
TEST_P(SpecialValues, OfBinaryOps) {
  DType dtype = GetParam();
  Tensor values = SpecialTensor(dtype);
  GraphBuilder b("special");
  Expr x = b.Input("x", dtype, {"n", 1}), y = b.Input("y", dtype, {1, "n"});
  for (const OpSchema &schema : AllSchemas()) {
    if (schema.fusion != FusionKind::kElementwise || schema.operands.size() != 2 || !Takes(schema, dtype)) continue;
    b.Output(std::string(schema.name), b.Emit(schema.kind, {x, y}, {}));
  }
  ExpectMatchesOn(b.Finish(), {{Shaped(values, {values.size(), 1}), Shaped(values, {1, values.size()})}});
}

TEST_P(SpecialValues, OfReductions) {
  DType dtype = GetParam();
  GraphBuilder b("special");
  Expr x = b.Input("x", dtype, {20, "n"});
  for (OpKind op : {OpKind::kReduceMax, OpKind::kReduceMin}) {
    for (int64_t axis : {0, 1})
      b.Output(absl::StrCat(std::string(Name(op)), axis), b.Emit(op, {x}, {{"axes", Ints{axis}}}));
  }
  for (int64_t axis : {0, 1}) b.Output(absl::StrCat("argmax", axis), b.ArgMax(x, axis));
  // Few values, so that some rows have no NaN and some have ties.
  std::vector<double> reals = {
      0, -0.0, 1, -1, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 0x1p-24};
  Tensor values = SpecialTensor(dtype);
  std::vector<std::vector<Tensor>> sets;
  std::mt19937 engine(3);
  for (int64_t n : {1, 3, 17}) {
    Tensor tensor = Tensor::Zeros(dtype, {20, n});
    for (int64_t i = 0; i < tensor.size(); ++i) {
      if (!IsFloat(dtype)) {
        tensor.SetInt(i, values.GetInt(static_cast<int64_t>(engine() % static_cast<uint64_t>(values.size()))));
      } else {
        tensor.SetDouble(
            i, engine() % 40 == 0 ? std::numeric_limits<double>::quiet_NaN() : reals[engine() % reals.size()]);
      }
    }
    sets.push_back({tensor});
  }
  ExpectMatchesOn(b.Finish(), sets);
}

// Powers that are written as roots and products.
TEST_P(SpecialValues, OfConstantPowers) {
  DType dtype = GetParam();
  if (!IsFloat(dtype)) return;
  GraphBuilder b("special");
  Expr x = b.Input("x", dtype, {"n"});
  for (double exponent : {0.5, -0.5, 1.0, 2.0, 3.0, -1.0, 0.0}) {
    b.Output(absl::StrCat("to_the_", exponent), b.Pow(x, b.Scalar(exponent, dtype)));
  }
  ExpectMatchesOn(b.Finish(), {{SpecialTensor(dtype)}});
}

INSTANTIATE_TEST_SUITE_P(DTypes, SpecialValues,
                         testing::Values(DType::kF32, DType::kF64, DType::kF16, DType::kBF16, DType::kI64, DType::kI32,
                                         DType::kI16, DType::kI8, DType::kU64, DType::kU32, DType::kU16, DType::kU8),
                         [](const auto &info) { return std::string(Name(info.param)); });

// Rows of masked scores: a row of -inf alone has no softmax (NaN, as defined), the others do.
TEST(SpecialValuesOfComposites, Softmax) {
  GraphBuilder b("special");
  Expr x = b.Input("x", DType::kF32, {5, "n"});
  b.Output("softmax", b.Softmax(x));
  b.Output("log_softmax", b.LogSoftmax(x));
  b.Output("columns", b.Softmax(x, 0));
  float inf = std::numeric_limits<float>::infinity();
  std::vector<std::vector<Tensor>> sets;
  for (int64_t n : {2, 17}) {
    Tensor tensor = Tensor::Zeros(DType::kF32, {5, n});
    for (int64_t i = 0; i < tensor.size(); ++i) tensor.SetDouble(i, static_cast<double>(i % 7) - 3);
    for (int64_t i = 0; i < n; ++i) tensor.SetDouble(i, -inf);
    tensor.SetDouble(n, -inf);
    tensor.SetDouble(2 * n, 1e30);
    tensor.SetDouble(3 * n, std::numeric_limits<double>::quiet_NaN());
    tensor.SetDouble(4 * n, -1e30);
    sets.push_back({tensor});
  }
  ExpectMatchesOn(b.Finish(), sets);
}

}  // namespace
}  // namespace ingot
