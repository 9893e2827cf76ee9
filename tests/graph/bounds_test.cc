#include "graph/shape/bounds.h"

#include <gtest/gtest.h>

namespace ingot {
namespace {

TEST(SymbolBounds, IntervalsOfExpressions) {
  SymbolBounds bounds;
  EXPECT_EQ(bounds.Of("n").low, 0);
  EXPECT_EQ(bounds.Of("3 * n + 2").low, 2);
  EXPECT_EQ(bounds.Of("n - 5").low, -5);
  EXPECT_EQ(bounds.Of("n mod 7").high, 6);
  EXPECT_EQ(bounds.Of("min(n, 9)").high, 9);
  EXPECT_EQ(bounds.Of("(n + 4) floordiv 2").low, 2);
  EXPECT_EQ(bounds.Of("n * n * n * n").high, INT64_C(1) << 62);
  EXPECT_LT(bounds.Of("n - m").low, 0);
}

// A difference that is too long an expression says nothing about its sides.
TEST(SymbolBounds, NothingIsProvenOfWhatIsUndefined) {
  Dim a, b;
  for (int i = 0; i < 300; ++i) {
    a = a + Dim::Symbol("a" + std::to_string(i)) * Dim::Symbol("x");
    b = b + Dim::Symbol("b" + std::to_string(i)) * Dim::Symbol("x");
  }
  ASSERT_FALSE(a.undefined() || b.undefined());
  ASSERT_TRUE((a - b).undefined());
  EXPECT_FALSE(SymbolBounds().Proves(a, b));
  EXPECT_FALSE(SymbolBounds().Proves(b, a));
}

TEST(SymbolBounds, ProofsAndRequirements) {
  SymbolBounds bounds;
  EXPECT_TRUE(bounds.Proves("n", "n + m"));
  EXPECT_FALSE(bounds.Proves("n", "m"));
  EXPECT_FALSE(bounds.Require("n", "m")) << "two symbols";
  EXPECT_TRUE(bounds.Require("2 * n + 1", 512));
  EXPECT_EQ(bounds.narrowed().at("n").max, 255);
  EXPECT_TRUE(bounds.Require(3, "n"));
  EXPECT_EQ(bounds.narrowed().at("n").min, 3);
  EXPECT_FALSE(bounds.Require("n", 2)) << "would leave nothing";
  EXPECT_EQ(bounds.narrowed().at("n").max, 255);
  EXPECT_EQ(bounds.Min("n", 300), Dim("n"));
  EXPECT_EQ(bounds.Max("n", 2), Dim("n"));
  EXPECT_EQ(bounds.Min("n", 100), Dim("min(n, 100)"));
}

TEST(IsSmall, LimitsSizeAndDepth) {
  Dim sum = 0, deep = "n";
  for (int i = 0; i < 170; ++i) sum = sum + Dim::Symbol("s" + std::to_string(i));
  for (int i = 0; i < 10; ++i) deep = Dim::Min(deep * Dim(2), Dim::Symbol("m" + std::to_string(i)));
  EXPECT_FALSE(IsSmall(sum));
  EXPECT_FALSE(IsSmall(deep));
  EXPECT_TRUE(IsSmall(Dims{"n + 1", "n * m", 7}));
  Dim four = "a + b + c + d";
  EXPECT_FALSE(IsSmall(Dims{four, four, four, four, four}));
}

}  // namespace
}  // namespace ingot
