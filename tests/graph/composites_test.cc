// Bodies of composites against the interpreter's references, which are written from the definitions without them.
#include "graph/composites/composites.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ingot/interpreter.h"

namespace ingot {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

constexpr DType kEveryDType[] = {
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) DType::k##cc,
#include "ingot/dtypes.inc"
};

struct Case {
  OpKind op;
  Attributes attributes;
};

const std::vector<Case> &Cases() {
  static const auto *const cases = new std::vector<Case>{
      {OpKind::kSoftmax, {{"axis", int64_t{-1}}}},
      {OpKind::kSoftmax, {{"axis", int64_t{0}}}},
      {OpKind::kLogSoftmax, {{"axis", int64_t{-1}}}},
      {OpKind::kLogSoftmax, {{"axis", int64_t{0}}}},
      {OpKind::kLayerNorm, {{"axis", int64_t{-1}}}},
      {OpKind::kLayerNorm, {{"axis", int64_t{0}}, {"epsilon", 0.5}}},
      {OpKind::kGelu, {}},
      {OpKind::kGelu, {{"approximate", true}}},
      {OpKind::kArgMax, {{"axis", int64_t{-1}}}},
      {OpKind::kArgMax, {{"axis", int64_t{0}}, {"keep_dims", true}}},
      {OpKind::kReduceMean, {{"axes", Ints{1}}}},
      {OpKind::kReduceMean, {{"axes", Ints{0}}, {"keep_dims", true}}},
      {OpKind::kReduceMean, {}},
  };
  return *cases;
}

// The op on x [n, m], and on a scale and a shift where it has them.
absl::StatusOr<Graph> GraphOf(const Case &c, DType dtype) {
  GraphBuilder b("composite");
  std::vector<Expr> operands = {b.Input("x", dtype, {"n", "m"})};
  if (c.op == OpKind::kLayerNorm) {
    operands.push_back(b.Scalar(1.5, dtype));
    operands.push_back(b.Scalar(-0.25, dtype));
  }
  b.Output("y", b.Emit(c.op, operands, c.attributes));
  return b.Finish();
}

Tensor Data(DType dtype, int64_t n, int64_t m, bool special) {
  static const std::vector<double> kSpecial = {kNan, kInf, -kInf, 0, -0.0, 1e-30, -60000, 88};
  Tensor x = Tensor::Zeros(dtype, {n, m});
  for (int64_t i = 0; i < x.size(); ++i) {
    if (IsComplex(dtype)) {
      x.SetComplex(i, {std::sin(i * 1.7 + m) * 3, std::cos(i * 0.9 + n)});
    } else if (!IsFloat(dtype)) {
      x.SetInt(i, (i * 7 + n) % 11);
    } else {
      x.SetDouble(i, special ? kSpecial[static_cast<size_t>(i * 5 + m) % kSpecial.size()] : std::sin(i * 1.7 + m) * 3);
    }
  }
  return x;
}

void ExpectSame(const Tensor &expected, const Tensor &actual, double tolerance, const std::string &what) {
  ASSERT_EQ(expected.dtype(), actual.dtype()) << what;
  ASSERT_EQ(expected.dims(), actual.dims()) << what;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double x = expected.GetDouble(i), y = actual.GetDouble(i);
    if (std::isnan(x) || std::isinf(x)) {
      EXPECT_TRUE(std::isnan(x) ? std::isnan(y) : x == y) << what << " element " << i << ": " << y << ", not " << x;
    } else {
      EXPECT_LE(std::fabs(x - y), tolerance * std::max(std::fabs(x), 1e-3)) << what << " element " << i << ": " << y;
    }
  }
}

TEST(Composites, EveryOneHasACase) {
  for (size_t i = 0; i < AllSchemas().size(); ++i) {
    OpKind op = AllSchemas()[i].kind;
    bool has_case = std::any_of(Cases().begin(), Cases().end(), [&](const Case &c) { return c.op == op; });
    EXPECT_EQ(IsComposite(op), has_case) << Name(op);
    if (Schema(op).fusion == FusionKind::kComposite) EXPECT_TRUE(IsComposite(op)) << Name(op);
  }
}

TEST(Composites, BodiesEqualTheReferences) {
  for (const Case &c : Cases()) {
    for (DType dtype : kEveryDType) {
      absl::StatusOr<Graph> graph = GraphOf(c, dtype);
      bool claimed = IsFloat(dtype)     ? !IsFloat8(dtype)
                     : IsComplex(dtype) ? c.op == OpKind::kReduceMean
                                        : IsInteger(dtype) && !IsNarrow(dtype) && c.op == OpKind::kArgMax;
      if (!claimed) {
        EXPECT_FALSE(graph.ok()) << Name(c.op) << " " << Name(dtype);
        continue;
      }
      ASSERT_TRUE(graph.ok()) << graph.status();
      absl::StatusOr<Graph> expanded = ExpandComposites(*graph);
      ASSERT_TRUE(expanded.ok()) << Name(c.op) << ": " << expanded.status();
      for (const Node &node : expanded->nodes) EXPECT_FALSE(IsComposite(node.op)) << node.name;
      // The compiler gives bodies no tensors: constants of more elements have numbers in the whole graph.
      for (const Tensor &constant : expanded->constants) EXPECT_EQ(constant.size(), 1) << Name(c.op);
      EXPECT_EQ(expanded->type(expanded->outputs[0].value), graph->type(graph->outputs[0].value));
      for (auto [n, m] : {std::pair(3, 5), {1, 1}, {4, 1}, {0, 3}, {3, 0}}) {
        bool nothing = n == 0 || m == 0;
        if (nothing && c.op == OpKind::kArgMax) continue;  // there is no index to give
        for (bool special : {false, true}) {
          if (special && (nothing || dtype != DType::kF64)) continue;
          Tensor x = Data(dtype, n, m, special);
          absl::StatusOr<std::vector<Tensor>> expected = InterpretDouble(*graph, {x}),
                                              actual = InterpretDouble(*expanded, {x});
          ASSERT_TRUE(expected.ok() && actual.ok()) << expected.status() << actual.status();
          ExpectSame((*expected)[0], (*actual)[0], dtype == DType::kF64 ? 1e-12 : 1e-6,
                     std::string(Name(c.op)) + " " + std::string(Name(dtype)) + " " + std::to_string(n) + "x" +
                         std::to_string(m));
        }
      }
    }
  }
}

// No operand has the size alone.
TEST(Composites, SizesMayBeToldElsewhere) {
  GraphBuilder b("sizes");
  Expr n = b.Input("n", DType::kF32, {"n"}), x = b.Input("x", DType::kF32, {"2 * n + 1", 3});
  b.Output("y", b.ReduceMean(b.Softmax(x, 0), {0}));
  b.Output("n", b.Neg(n));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  absl::StatusOr<Graph> expanded = ExpandComposites(*graph);
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  std::vector<Tensor> inputs = {Tensor::Zeros(DType::kF32, {2}), Data(DType::kF32, 5, 3, false)};
  absl::StatusOr<std::vector<Tensor>> expected = InterpretDouble(*graph, inputs),
                                      actual = InterpretDouble(*expanded, inputs);
  ASSERT_TRUE(expected.ok() && actual.ok()) << expected.status() << actual.status();
  ExpectSame((*expected)[0], (*actual)[0], 1e-6, "sizes");
}

// Two nodes may have one name, and a value may be called as a part of a composite would be.
TEST(Composites, NamesThatAreTakenStayWhereTheyAre) {
  GraphBuilder b("names");
  Expr x = b.Input("gelu/erf", DType::kF32, {"n"});
  b.SetNext("gelu", "");
  Expr first = b.Gelu(x);
  b.SetNext("other", "");
  b.Output("y", b.Gelu(first));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (Node &node : graph->nodes) node.name = "gelu";
  ASSERT_TRUE(Validate(*graph).ok());
  absl::StatusOr<Graph> expanded = ExpandComposites(*graph);
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_EQ(expanded->value(expanded->inputs[0]).name, "gelu/erf");
  EXPECT_EQ(std::count_if(expanded->nodes.begin(), expanded->nodes.end(),
                          [](const Node &node) { return node.name == "gelu/erf"; }),
            2);
  Tensor data = Tensor::F32({3}, {-1, 0.5, 2});
  absl::StatusOr<std::vector<Tensor>> expected = InterpretDouble(*graph, {data}),
                                      actual = InterpretDouble(*expanded, {data});
  ASSERT_TRUE(expected.ok() && actual.ok()) << expected.status() << actual.status();
  ExpectSame((*expected)[0], (*actual)[0], 1e-6, "names");
}

// In the graph and in a function of it; what is no composite stays what it is, and so do the names of outputs.
TEST(Composites, AreExpandedInFunctionsToo) {
  GraphBuilder b("both");
  Expr x = b.Input("x", DType::kF32, {"n", 4});
  std::vector<Expr> r = b.Call(b.Function("inner", {{DType::kF32, {"n", 4}}},
                                          [](GraphBuilder &f, const std::vector<Expr> &v) -> std::vector<Expr> {
                                            return {f.Softmax(f.Tanh(v[0]))};
                                          }),
                               {b.Gelu(x)});
  b.Output("y", b.LogSoftmax(r[0]));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  absl::StatusOr<Graph> expanded = ExpandComposites(*graph);
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_THAT(ToString(*expanded), testing::HasSubstr("gelu/erf"));
  EXPECT_THAT(ToString(*expanded), testing::Not(testing::HasSubstr("= softmax(")));
  Tensor data = Data(DType::kF32, 3, 4, false);
  absl::StatusOr<std::vector<Tensor>> expected = InterpretDouble(*graph, {data}),
                                      actual = InterpretDouble(*expanded, {data});
  ASSERT_TRUE(expected.ok() && actual.ok()) << expected.status() << actual.status();
  ExpectSame((*expected)[0], (*actual)[0], 1e-6, "functions");
  EXPECT_FALSE(BodyOf(OpKind::kAdd, {}, {}).ok());
}

}  // namespace
}  // namespace ingot
