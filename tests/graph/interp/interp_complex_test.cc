// Complex numbers in the interpreter, against numbers worked out by hand and std::complex.
#include <complex>

#include "tests/graph/interp/interp_test_util.h"

namespace ingot {
namespace {

using Number = std::complex<double>;

Tensor C(std::vector<int64_t> dims, const std::vector<Number> &values) {
  Tensor tensor = Tensor::Zeros(DType::kComplex64, std::move(dims));
  EXPECT_EQ(tensor.size(), static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < values.size(); ++i) tensor.SetComplex(static_cast<int64_t>(i), values[i]);
  return tensor;
}
Tensor V(const std::vector<Number> &values) { return C({static_cast<int64_t>(values.size())}, values); }

std::vector<Number> Numbers(OpKind op, const std::vector<Tensor> &inputs, Attributes attributes = {}) {
  absl::StatusOr<Tensor> result = Evaluate(op, inputs, std::move(attributes));
  EXPECT_TRUE(result.ok()) << result.status();
  std::vector<Number> numbers;
  if (!result.ok()) return numbers;
  EXPECT_EQ(result->dtype(), DType::kComplex64);
  for (int64_t i = 0; i < result->size(); ++i) numbers.push_back(result->GetComplex(i));
  return numbers;
}

TEST(InterpComplex, Arithmetic) {
  Tensor x = V({{1, 2}, {3, -4}, {0, 1}}), y = V({{5, 6}, {-7, 8}, {0, 1}});
  EXPECT_EQ(Numbers(OpKind::kAdd, {x, y}), (std::vector<Number>{{6, 8}, {-4, 4}, {0, 2}}));
  EXPECT_EQ(Numbers(OpKind::kSub, {x, y}), (std::vector<Number>{{-4, -4}, {10, -12}, {0, 0}}));
  EXPECT_EQ(Numbers(OpKind::kMul, {x, y}), (std::vector<Number>{{-7, 16}, {11, 52}, {-1, 0}}));
  EXPECT_EQ(Numbers(OpKind::kNeg, {x}), (std::vector<Number>{{-1, -2}, {-3, 4}, {0, -1}}));
  EXPECT_EQ(Numbers(OpKind::kMul, {x, C({}, {{0, 1}})}), (std::vector<Number>{{-2, 1}, {4, 3}, {-1, 0}}));
}

TEST(InterpComplex, QuotientsDoNotOverflowOnTheWay) {
  const std::vector<Number> x{{1, 2}, {3, -4}, {-1, 0}, {0, 0}, {1e30, -1e30}, {1e-30, 1e-30}},
      y{{5, 6}, {0.5, 8}, {0, 1}, {2, 0}, {1e30, 2e30}, {2e-30, 1e-30}};
  std::vector<Number> quotients = Numbers(OpKind::kDiv, {V(x), V(y)});
  for (size_t i = 0; i < x.size(); ++i) EXPECT_LT(std::abs(quotients[i] - x[i] / y[i]), 1e-6) << i;
  std::vector<Number> by_zero = Numbers(OpKind::kDiv, {V({{1, -2}, {0, 3}}), C({}, {0})});
  EXPECT_EQ(by_zero[0], Number(kInf, -kInf));
  EXPECT_TRUE(std::isnan(by_zero[1].real()));
  EXPECT_EQ(by_zero[1].imag(), kInf);
}

TEST(InterpComplex, InfinitiesHaveNoRulesOfTheirOwn) {
  Number product = Numbers(OpKind::kMul, {V({{kInf, 1}}), V({{0, 1}})})[0];  // of C, it would be -1 + inf i
  EXPECT_TRUE(std::isnan(product.real()));
  EXPECT_EQ(product.imag(), kInf);
}

TEST(InterpComplex, SumsAndProductsOfMatrices) {
  Tensor x = C({2, 2}, {{1, 2}, {3, 4}, {5, 6}, {7, 8}}), y = C({2, 1}, {{0, 1}, {1, 0}});
  EXPECT_EQ(Numbers(OpKind::kMatMul, {x, y}), (std::vector<Number>{{1, 5}, {1, 13}}));
  EXPECT_EQ(Numbers(OpKind::kReduceSum, {x}, {{"axes", Ints{0}}}), (std::vector<Number>{{6, 8}, {10, 12}}));
  EXPECT_EQ(Numbers(OpKind::kReduceMean, {x}, {}), (std::vector<Number>{{4, 5}}));
  EXPECT_EQ(Numbers(OpKind::kReduceSum, {C({0, 2}, {})}, {{"axes", Ints{0}}}), (std::vector<Number>{0, 0}));
}

TEST(InterpComplex, MovesWholeNumbers) {
  Tensor x = C({2, 2}, {{1, 2}, {3, 4}, {5, 6}, {7, 8}});
  EXPECT_EQ(Numbers(OpKind::kTranspose, {x}, {{"permutation", Ints{1, 0}}}),
            (std::vector<Number>{{1, 2}, {5, 6}, {3, 4}, {7, 8}}));
  EXPECT_EQ(Numbers(OpKind::kGather, {x, Vec(DType::kI64, {-1})}, {{"axis", int64_t{0}}}),
            (std::vector<Number>{{5, 6}, {7, 8}}));
  EXPECT_EQ(Numbers(OpKind::kPad, {V({{1, 2}}), C({}, {{9, -9}})}, {{"low", Dims{1}}, {"high", Dims{0}}}),
            (std::vector<Number>{{9, -9}, {1, 2}}));
  EXPECT_EQ(Numbers(OpKind::kSelect, {Vec(DType::kBool, {1, 0}), V({{1, 2}, {3, 4}}), C({}, {{0, 1}})}),
            (std::vector<Number>{{1, 2}, {0, 1}}));
  EXPECT_EQ(Numbers(OpKind::kConcat, {V({{1, 2}}), V({{3, 4}})}, {{"axis", int64_t{0}}}),
            (std::vector<Number>{{1, 2}, {3, 4}}));
  EXPECT_EQ(Numbers(OpKind::kDynamicUpdate, {V({{1, 2}, {3, 4}}), V({{0, 1}}), Tensor::I64({}, {1})}),
            (std::vector<Number>{{1, 2}, {0, 1}}));
}

TEST(InterpComplex, EqualWhereBothPartsAre) {
  Tensor x = V({{1, 2}, {1, 2}, {1, 2}, {kNan, 0}}), y = V({{1, 2}, {1, 3}, {0, 2}, {kNan, 0}});
  EXPECT_EQ(Integers(*Evaluate(OpKind::kEqual, {x, y})), (std::vector<int64_t>{1, 0, 0, 0}));
  EXPECT_EQ(Integers(*Evaluate(OpKind::kNotEqual, {x, y})), (std::vector<int64_t>{0, 1, 1, 1}));
}

TEST(InterpComplex, MadeOfRealNumbers) {
  EXPECT_EQ(Numbers(OpKind::kComplex, {F32({1, 2}), Tensor::F32({}, {-3})}), (std::vector<Number>{{1, -3}, {2, -3}}));
  Attributes to{{"to", DType::kComplex64}};
  EXPECT_EQ(Numbers(OpKind::kCast, {F64({0.1, -2})}, to), (std::vector<Number>{{0.1f, 0}, {-2, 0}}));
  EXPECT_EQ(Numbers(OpKind::kCast, {Vec(DType::kU64, {-1})}, to), (std::vector<Number>{0x1p64}));
  EXPECT_EQ(Numbers(OpKind::kCast, {Vec(DType::kBool, {1, 0})}, to), (std::vector<Number>{1, 0}));
  EXPECT_EQ(Numbers(OpKind::kCast, {V({{1, 2}})}, to), (std::vector<Number>{{1, 2}}));
}

TEST(InterpComplex, WideResultsAreTheirParts) {
  GraphBuilder b("wide");
  b.Output("y", b.Mul(b.Input("x", DType::kComplex64, {"n"}), b.Constant(V({{0, 1}}))));
  Tensor wide = InterpretDouble(b.Finish().value(), {V({{1, 0.1f}})}).value()[0];
  EXPECT_EQ(wide.type(), (TensorType{DType::kF64, {2}}));
  EXPECT_EQ(Doubles(wide), (std::vector<double>{-0.1f, 1}));
}

// Sixteen bytes each, of which the interpreter holds x and y.
TEST(InterpComplex, CountAsTwoNumbers) {
  GraphBuilder b("memory");
  b.Output("y", b.Neg(b.Input("x", DType::kComplex64, {"n"})));
  Graph graph = b.Finish().value();
  InterpreterOptions options;
  options.max_bytes = 32 * 100;
  Tensor x = Tensor::Zeros(DType::kComplex64, {100}), more = Tensor::Zeros(DType::kComplex64, {101});
  EXPECT_TRUE(Interpret(graph, {x}, options).ok());
  EXPECT_EQ(Interpret(graph, {more}, options).status().code(), absl::StatusCode::kResourceExhausted);
}

std::string Error(OpKind op, const std::vector<Tensor> &inputs, Attributes attributes = {}) {
  return std::string(Evaluate(op, inputs, std::move(attributes)).status().message());
}

TEST(InterpComplex, OtherOpsAskForParts) {
  using testing::HasSubstr;
  Tensor x = V({{1, 2}});
  EXPECT_THAT(Error(OpKind::kExp, {x}),
              HasSubstr("operand 0 has dtype complex64, which this op does not take; take its "
                        "parts with real and imag first"));
  for (OpKind op : {OpKind::kLess, OpKind::kMax, OpKind::kPow})
    EXPECT_THAT(Error(op, {x, x}), HasSubstr("take its parts with real and imag")) << std::string(Name(op));
  EXPECT_THAT(Error(OpKind::kReduceMax, {x}), HasSubstr("take its parts with real and imag"));
  EXPECT_THAT(Error(OpKind::kCast, {x}, {{"to", DType::kF32}}), HasSubstr("take its parts with real and imag"));
  EXPECT_THAT(Error(OpKind::kReal, {F32({1})}), HasSubstr("which this op does not take"));
  EXPECT_THAT(Error(OpKind::kComplex, {F64({1}), F64({1})}), HasSubstr("parts of complex64 are f32, not f64"));
  EXPECT_THAT(Error(OpKind::kComplex, {x, x}), HasSubstr("which this op does not take"));
  EXPECT_THAT(Error(OpKind::kAdd, {x, F32({1})}), HasSubstr("operands have dtypes complex64 and f32"));
}

}  // namespace
}  // namespace ingot
