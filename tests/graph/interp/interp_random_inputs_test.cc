// Random inputs: reproducible, in range for gathers, ragged masks.
#include "graph/interp/random_inputs.h"
#include "tests/graph/interp/interp_test_util.h"

namespace ingot {
namespace {

absl::StatusOr<Graph> Embedding() {
  GraphBuilder b("g");
  Expr ids = b.Input("ids", DType::kI64, {"batch", "seq"});
  Expr mask = b.Input("attention_mask", DType::kI64, {"batch", "seq"});
  Expr positions = b.Input("positions", DType::kI32, {"seq"});
  Expr kinds = b.Input("kinds", DType::kI64, {"seq"});
  Expr keep = b.Input("keep", DType::kBool, {"seq"});
  Expr noise = b.Input("noise", DType::kF32, {"seq", 50});
  Expr words =
      b.Gather(b.Constant(Tensor::Zeros(DType::kF32, {1000, 4})), b.Reshape(b.Cast(ids, DType::kI32), {"batch * seq"}));
  Expr narrow = b.Gather(b.Constant(Tensor::Zeros(DType::kF32, {4, 40})), ids, 1);
  Expr shifted = b.Add(b.BroadcastTo(positions, {"batch", "seq"}), b.Constant(Vec(DType::kI32, {2})));
  b.Output("words", words);
  b.Output("narrow", narrow);
  b.Output("places", b.Gather(b.Constant(Tensor::Zeros(DType::kF32, {12})), shifted));
  b.Output("rows", b.Gather(noise, b.Sub(ids, ids)));
  b.Output("mask", mask);
  b.Output("kinds", kinds);
  b.Output("keep", keep);
  return b.Finish();
}

TEST(RandomInputs, FitTheGraph) {
  absl::StatusOr<Graph> graph = Embedding();
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::map<std::string, int64_t> symbols{{"batch", 20}, {"seq", 30}};
  absl::StatusOr<std::vector<Tensor>> inputs = RandomInputs(*graph, symbols, 7);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  ASSERT_TRUE(Interpret(*graph, *inputs).ok());

  std::vector<int64_t> ids = Integers((*inputs)[0]), positions = Integers((*inputs)[2]), kinds = Integers((*inputs)[3]);
  EXPECT_EQ(*std::min_element(ids.begin(), ids.end()), 0);
  EXPECT_EQ(*std::max_element(ids.begin(), ids.end()), 39);  // the narrower of the two gathers
  EXPECT_GE(*std::min_element(positions.begin(), positions.end()), 0);
  EXPECT_LE(*std::max_element(positions.begin(), positions.end()), 9);  // 12 rows less the 2 that are added
  EXPECT_EQ(*std::max_element(kinds.begin(), kinds.end()), 1);

  double sum = 0, squares = 0;
  std::vector<double> noise = Doubles((*inputs)[5]);
  for (double v : noise) sum += v, squares += v * v;
  EXPECT_NEAR(sum / static_cast<double>(noise.size()), 0, 0.1);
  EXPECT_NEAR(squares / static_cast<double>(noise.size()), 1, 0.15);
}

TEST(RandomInputs, MasksAreRagged) {
  absl::StatusOr<Graph> graph = Embedding();
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<int64_t> mask = Integers((*RandomInputs(*graph, {{"batch", 20}, {"seq", 30}}, 7))[1]);
  std::set<int64_t> lengths;
  for (size_t row = 0; row < 20; ++row) {
    auto first = mask.begin() + static_cast<int64_t>(row * 30);
    int64_t length = std::count(first, first + 30, 1);
    lengths.insert(length);
    EXPECT_EQ(std::count(first, first + length, 1), length) << "the ones come first";
    EXPECT_GE(length, 1);
  }
  EXPECT_GT(lengths.size(), 5u);
}

TEST(RandomInputs, FollowTheSeed) {
  absl::StatusOr<Graph> graph = Embedding();
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::map<std::string, int64_t> symbols{{"batch", 2}, {"seq", 3}};
  std::vector<Tensor> a = *RandomInputs(*graph, symbols, 1), b = *RandomInputs(*graph, symbols, 1),
                      c = *RandomInputs(*graph, symbols, 2);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(Doubles(a[i]), Doubles(b[i]));
  EXPECT_NE(Doubles(a[5]), Doubles(c[5]));
}

TEST(RandomInputs, AnUnsignedOrNarrowIndexStaysInItsType) {
  GraphBuilder b("g");
  Expr ids = b.Input("ids", DType::kI8, {500});
  b.Output("y", b.Gather(b.Constant(Tensor::Zeros(DType::kF32, {1000})), b.Cast(ids, DType::kI64)));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<int64_t> values = Integers((*RandomInputs(*graph, {}, 1))[0]);
  EXPECT_GE(*std::min_element(values.begin(), values.end()), 0);
}

TEST(RandomInputs, Errors) {
  absl::StatusOr<Graph> graph = Embedding();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ExpectError(RandomInputs(*graph, {{"batch", 2}}, 1).status(), absl::StatusCode::kInvalidArgument,
              "no value for the symbol 'seq'");
  ExpectError(RandomInputs(*graph, {{"batch", 1 << 30}, {"seq", 1 << 30}}, 1).status(),
              absl::StatusCode::kResourceExhausted, "choose smaller symbols");
}

}  // namespace
}  // namespace ingot
