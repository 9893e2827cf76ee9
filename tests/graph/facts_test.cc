// What shape rules rely on: decided, proven by ranges, or left as a fact that names its node and reason.
#include "graph/shape/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "ingot/builder.h"

namespace ingot {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "NODE: a == b" for every fact.
std::vector<std::string> Facts(GraphBuilder &b, Expr last) {
  b.Output("y", last);
  absl::StatusOr<Graph> graph = b.Finish();
  if (!graph.ok()) return {std::string(graph.status().message())};
  std::vector<std::string> texts;
  const std::vector<NodeFact> facts = UnprovenFacts(*graph).value();
  for (const NodeFact &fact : facts) {
    texts.push_back(absl::StrCat(graph->nodes[fact.node].name, ": ", fact.fact.a.ToString(),
                                 fact.fact.kind == SizeFact::Kind::kEqual ? " == " : " <= ", fact.fact.b.ToString()));
  }
  return texts;
}

TEST(Facts, WhatTheExpressionsSayIsNoFact) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {"n", 6});
  EXPECT_THAT(Facts(b, b.Add(b.Reshape(x, {"2 * n", 3}), b.Input("y", DType::kF32, {"n + n", 1}))), IsEmpty());
}

TEST(Facts, ReshapeKeepsTheNumberOfElements) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Input("z", DType::kF32, {"m"});
  EXPECT_THAT(Facts(b, b.Reshape(x, {"m"})), ElementsAre("reshape: n == m"));
}

TEST(Facts, SliceLiesWithinItsAxis) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Input("z", DType::kF32, {"m"});
  EXPECT_THAT(Facts(b, b.Slice(x, {"m"}, {"m + 2"}, {1})), ElementsAre("slice: m <= n", "slice: m + 2 <= n"));
}

TEST(Facts, RangesProve) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {"n"});
  b.Bound("n", {4, 100});
  EXPECT_THAT(Facts(b, b.Slice(x, {1}, {4}, {1})), IsEmpty());
}

TEST(Facts, SizesThatBroadcastMustBeEqual) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {"n", 4}), y = b.Input("y_", DType::kF32, {"m", 4}),
       z = b.Input("z", DType::kF32, {"n", "k"});
  Expr sum = b.Add(b.Add(x, y), z);
  EXPECT_EQ(ToString(b.type(sum).dims), "[n, 4]");
  EXPECT_THAT(Facts(b, sum), ElementsAre("add: n == m", "add_1: 4 == k"));
}

TEST(Facts, ContractedSizesMustBeEqual) {
  GraphBuilder b("g");
  EXPECT_THAT(Facts(b, b.MatMul(b.Input("x", DType::kF32, {2, "n"}), b.Input("z", DType::kF32, {"m", 3}))),
              ElementsAre("matmul: n == m"));
}

TEST(Facts, GatheredAxisIsNotEmpty) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {"n"}), i = b.Input("i", DType::kI64, {3});
  EXPECT_THAT(Facts(b, b.Gather(x, i)), ElementsAre("gather: 1 <= n"));
}

TEST(Facts, WindowFitsAndChannelsDivide) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {1, 2, "n"}), w = b.Input("w", DType::kF32, {"m", 1, 3});
  EXPECT_THAT(Facts(b, b.Conv(x, w, {1}, {1}, {0, 1}, 2)),
              ElementsAre("conv: ((m) mod (2)) == 0", "conv: 3 <= n + 1", "conv: 0 <= n - 1"));
}

TEST(Facts, OneFactIsCheckedOnce) {
  GraphBuilder b("g");
  Expr x = b.Input("x", DType::kF32, {"n"}), y = b.Input("y_", DType::kF32, {"m"});
  EXPECT_THAT(Facts(b, b.Mul(b.Add(x, y), y)), ElementsAre("add: n == m"));
}

TEST(Facts, AMessageSaysWhyAndWhat) {
  SizeFact fact{SizeFact::Kind::kAtMost, Dim("m + 2"), Dim(4), "a slice must lie within its axis"};
  EXPECT_TRUE(fact.Check({{"m", 2}}).ok());
  EXPECT_EQ(fact.Check({{"m", 3}}).message(), "a slice must lie within its axis, but 'm + 2' = 5 is larger than 4");
}

}  // namespace
}  // namespace ingot
