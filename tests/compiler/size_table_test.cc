// The size table: places, checks, and that the compiled eval_sizes gives what Dim::Evaluate gives, overflow and
// division by zero included.
#include "compiler/sizes/size_table.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ingot/builder.h"
#include "ingot/jit.h"

namespace ingot {
namespace {

TEST(SizeTable, EqualExpressionsShareAPlace) {
  GraphBuilder b("g");
  b.Output("y", b.Neg(b.Input("x", DType::kF32, {"n", "m"})));
  compiler::SizeTable table = compiler::SizeTable::Of(b.Finish().value()).value();
  EXPECT_EQ(table.Index(Dim("m")), 0u);
  EXPECT_EQ(table.Index(Dim("n")), 1u);
  EXPECT_EQ(table.Index(Dim("2 * (n + 1)")), 2u);
  EXPECT_EQ(table.Index(Dim("n + n + 2")), 2u);
  EXPECT_EQ(table.size(), 3u);
}

// An expression of both symbols with divisors of either sign, also 0.
Dim RandomDim(std::mt19937 &engine, int depth) {
  auto below = [&](unsigned limit) { return engine() % limit; };
  if (depth == 0 || below(5) == 0) {
    static const Dim kLeaves[] = {Dim("n"), Dim("m"), 1, 2, -3, 7, -1, INT64_C(1) << 61};
    return kLeaves[below(std::size(kLeaves))];
  }
  Dim a = RandomDim(engine, depth - 1), c = RandomDim(engine, depth - 1);
  switch (below(8)) {
    case 0:
      return a - c;
    case 1:
      return a * c;
    case 2:
      return Dim::FloorDiv(a, c);
    case 3:
      return Dim::CeilDiv(a, c);
    case 4:
      return Dim::Mod(a, c);
    case 5:
      return Dim::Min(a, c);
    case 6:
      return Dim::Max(a, c);
    default:
      return a + c;
  }
}

// dim_values puts its expressions into the table; the program's function must agree with the graph's arithmetic on
// each.
TEST(SizeTable, CompiledSizesAreTheGraphs) {
  std::mt19937 engine(7);
  GraphBuilder b("sizes");
  b.Input("x", DType::kF32, {"n", "m"});
  std::vector<Dim> dims;
  while (dims.size() < 60) {
    Dim dim = RandomDim(engine, 3);
    if (!dim.undefined() && !dim.is_constant()) dims.push_back(dim);
  }
  for (const Dim &dim : dims) b.Output(absl::StrCat("y", &dim - dims.data()), b.DimValues({dim}));
  absl::StatusOr<Graph> graph = b.Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  JitOptions options;
  options.cache_directory = "none";
  auto program = JitProgram::Load(*graph, options);
  ASSERT_TRUE(program.ok()) << program.status();
  const ingot_program_desc_t &desc = *ingot_program_get_desc((*program)->program());
  ASSERT_EQ(std::string(desc.symbols[0].name), "m");
  int good = 0, bad = 0;
  for (int64_t n : {0, 1, 2, 7, 100, 1 << 30}) {
    for (int64_t m : {0, 1, 3, 5, 64}) {
      std::vector<int64_t> sizes(desc.num_sizes);
      sizes[0] = m;
      sizes[1] = n;
      int32_t result = desc.eval_sizes(sizes.data(), 0);
      for (uint32_t i = desc.num_symbols; i < desc.num_sizes; ++i) {
        Dim dim = Dim::Parse(desc.size_texts[i]).value();
        absl::StatusOr<int64_t> expected = dim.Evaluate({{"n", n}, {"m", m}});
        if (!expected.ok()) {
          ++bad;
          EXPECT_NE(result, 0) << dim.ToString() << " at n = " << n << ", m = " << m;
          EXPECT_LE(result, static_cast<int32_t>(i) + 1) << "the first bad size is reported";
        } else {
          ++good;
          EXPECT_EQ(sizes[i], *expected) << dim.ToString() << " at n = " << n << ", m = " << m;
          EXPECT_NE(result, static_cast<int32_t>(i) + 1) << dim.ToString() << " at n = " << n << ", m = " << m;
        }
      }
    }
  }
  EXPECT_GT(good, 500);
  EXPECT_GT(bad, 100) << "some sizes have to overflow or divide by zero for the test to mean anything";
}

}  // namespace
}  // namespace ingot
