// The generator itself: every op of the record table comes, is fed by other nodes and feeds others; and a seed means
// one graph.
#include "tests/compiler/random_graph.h"

#include <set>

#include "gtest/gtest.h"

namespace ingot {
namespace {

constexpr uint64_t kSeeds = 1500;

TEST(RandomGraphTest, EveryOpIsFedByNodesAndFeedsNodes) {
  std::set<OpKind> fed, feeding;
  std::set<DType> dtypes;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    absl::StatusOr<RandomCase> made = MakeRandomCase(seed);
    ASSERT_TRUE(made.ok()) << "seed " << seed << ": " << made.status();
    const Graph &graph = made->graph;
    for (const Value &value : graph.values) dtypes.insert(value.type.dtype);
    for (const Node &node : graph.nodes) {
      if (node.inputs.empty()) fed.insert(node.op);  // a leaf
      for (ValueId input : node.inputs) {
        int32_t producer = graph.value(input).producer;
        if (producer < 0) continue;
        fed.insert(node.op);
        feeding.insert(graph.nodes[static_cast<size_t>(producer)].op);
      }
    }
  }
  for (const OpSchema &schema : AllSchemas()) {
    EXPECT_TRUE(fed.count(schema.kind)) << schema.name
                                        << " is never fed by a node; tests/compiler/random_ops.cc makes it";
    EXPECT_TRUE(feeding.count(schema.kind)) << schema.name << " never feeds a node";
  }
  EXPECT_EQ(dtypes.size(), 18u);
}

TEST(RandomGraphTest, ASeedIsOneGraph) {
  for (uint64_t seed : {1u, 2u, 3u})
    EXPECT_EQ(ToString(MakeRandomCase(seed)->graph), ToString(MakeRandomCase(seed)->graph));
}

TEST(RandomGraphTest, SizesOfOrdinaryGraphsAreValid) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    absl::StatusOr<RandomCase> made = MakeRandomCase(seed);
    ASSERT_TRUE(made.ok()) << "seed " << seed << ": " << made.status();
    if (made->daring) continue;
    for (const auto &sizes : made->sizes) {
      for (const Value &value : made->graph.values) {
        for (const Dim &dim : value.type.dims)
          EXPECT_GE(dim.Evaluate(sizes).value_or(-1), 0) << "seed " << seed << " " << dim.ToString();
      }
    }
  }
}

}  // namespace
}  // namespace ingot
