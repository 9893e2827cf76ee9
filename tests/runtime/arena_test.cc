// Placement of arena values: whatever the lifetimes and sizes, values alive at the same time do not overlap, and others
// share memory. Subject: runtime/src/arena.cc.
#include "runtime/src/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ingot::runtime {
namespace {

struct Case {
  std::vector<ingot_value_t> values;
  std::vector<int64_t> sizes;
  std::vector<uint32_t> order, live;
  std::vector<uint64_t> offsets;
  uint64_t total = 0;

  void Add(uint32_t first, uint32_t last, int64_t bytes) {
    values.push_back({INGOT_VALUE_ARENA, 0, 0, static_cast<uint32_t>(sizes.size()), first, last, 0});
    sizes.push_back(bytes);
  }
  bool Layout() {
    order.resize(values.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    auto key = [&](uint32_t v) { return std::pair(values[v].first_step, v); };
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
    live.resize(values.size());
    offsets.resize(values.size());
    return LayoutArena(values.data(), order.data(), static_cast<uint32_t>(order.size()), sizes.data(), live.data(),
                       offsets.data(), &total);
  }
};

TEST(ArenaTest, DisjointLifetimesShareMemory) {
  Case c;
  for (uint32_t i = 0; i < 100; ++i) c.Add(i, i, 1000);
  ASSERT_TRUE(c.Layout());
  EXPECT_EQ(c.total, 1024u);
}

TEST(ArenaTest, OverlappingLifetimesDoNot) {
  Case c;
  for (uint32_t i = 0; i < 100; ++i) c.Add(i, i + 1, 1000);
  ASSERT_TRUE(c.Layout());
  EXPECT_EQ(c.total, 2048u);
}

TEST(ArenaTest, FillsTheFirstGapThatFits) {
  Case c;
  c.Add(0, 0, 64);
  c.Add(0, 9, 64);
  c.Add(0, 1, 128);
  c.Add(0, 9, 64);
  c.Add(2, 3, 128);  // the gap of the third
  c.Add(2, 3, 64);   // the gap of the first
  ASSERT_TRUE(c.Layout());
  EXPECT_EQ(c.offsets[4], 128u);
  EXPECT_EQ(c.offsets[5], 0u);
  EXPECT_EQ(c.total, 320u);
}

TEST(ArenaTest, ZeroBytesTakeNothing) {
  Case c;
  c.Add(0, 5, 0);
  c.Add(0, 5, 0);
  ASSERT_TRUE(c.Layout());
  EXPECT_EQ(c.total, 0u);
  Case none;
  ASSERT_TRUE(none.Layout());
  EXPECT_EQ(none.total, 0u);
}

TEST(ArenaTest, RefusesWhatCannotBeAddressed) {
  Case one;
  one.Add(0, 0, INT64_MAX);
  EXPECT_FALSE(one.Layout());
  Case sum;
  for (int i = 0; i < 4; ++i) sum.Add(0, 1, INT64_MAX / 2);
  EXPECT_FALSE(sum.Layout());
}

TEST(ArenaTest, RandomLifetimesNeverOverlap) {
  std::mt19937 random(12345);
  for (int round = 0; round < 300; ++round) {
    Case c;
    uint32_t steps = 1 + random() % 60, count = random() % 80;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t first = random() % steps;
      c.Add(first, std::min(steps - 1, first + static_cast<uint32_t>(random() % 12)),
            random() % 10 == 0 ? 0 : random() % 5000);
    }
    ASSERT_TRUE(c.Layout());
    uint64_t peak = 0;
    for (uint32_t s = 0; s < steps; ++s) {
      uint64_t alive = 0;
      for (const ingot_value_t &v : c.values) {
        if (v.first_step <= s && s <= v.last_step) alive += AlignUp(static_cast<uint64_t>(c.sizes[v.bytes]));
      }
      peak = std::max(peak, alive);
    }
    ASSERT_GE(c.total, peak);
    ASSERT_LE(c.total, 2 * peak) << "first fit wastes less than half here";
    for (uint32_t i = 0; i < count; ++i) {
      const ingot_value_t &a = c.values[c.order[i]];
      uint64_t a_end = c.offsets[i] + static_cast<uint64_t>(c.sizes[a.bytes]);
      ASSERT_EQ(c.offsets[i] % INGOT_ALIGNMENT, 0u);
      ASSERT_LE(a_end, c.total);
      for (uint32_t j = 0; j < i; ++j) {
        const ingot_value_t &b = c.values[c.order[j]];
        if (a.first_step > b.last_step || b.first_step > a.last_step) continue;
        uint64_t b_end = c.offsets[j] + static_cast<uint64_t>(c.sizes[b.bytes]);
        ASSERT_TRUE(a_end <= c.offsets[j] || b_end <= c.offsets[i] || c.sizes[a.bytes] == 0 || c.sizes[b.bytes] == 0)
            << "round " << round << ": values " << i << " and " << j;
      }
    }
  }
}

}  // namespace
}  // namespace ingot::runtime
