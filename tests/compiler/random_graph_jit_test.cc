// Random small graphs from fixed seeds against the interpreter: whatever the compiler fuses, the numbers stay.
// execute_fuzzer runs many more.
#include "absl/strings/str_join.h"
#include "tests/compiler/check_graph.h"
#include "tests/compiler/jit_testing.h"
#include "tests/compiler/random_graph.h"

namespace ingot {
namespace {

class RandomGraphJit : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomGraphJit, MatchesTheInterpreter) {
  for (uint64_t seed = GetParam() * 6; seed < GetParam() * 6 + 6; ++seed) {
    absl::StatusOr<RandomCase> made = MakeRandomCase(seed);
    ASSERT_TRUE(made.ok()) << made.status();
    for (const std::string &level :
         TestTargets().front().device != nullptr ? std::vector<std::string>{""} : TestLevels()) {
      GraphChecks checks = CheckGraph(made->graph, made->sizes, {seed, level});
      EXPECT_TRUE(checks.findings.empty()) << "seed " << seed << ": " << absl::StrJoin(checks.findings, "\n") << "\n"
                                           << ToString(made->graph);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraphJit, testing::Range<uint64_t>(0, 8));

}  // namespace
}  // namespace ingot
