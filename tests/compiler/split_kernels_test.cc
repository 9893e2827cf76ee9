// Which kernels share a code unit, and that no number of threads changes what is compiled.
#include "compiler/pipeline/split_kernels.h"

#include <cstdlib>
#include <numeric>

#include "gmock/gmock.h"
#include "ingot/compile.h"
#include "tests/graph/graph_testing.h"

namespace ingot::compiler {
namespace {

using testing::ElementsAre;

TEST(SplitKernelsTest, AUnitEndsWhenItHasEnoughOps) {
  EXPECT_TRUE(UnitOf({}).empty());
  EXPECT_THAT(UnitOf({1, 1, 1}), ElementsAre(0, 0, 0));
  EXPECT_THAT(UnitOf({kOpsPerUnit, 1, kOpsPerUnit - 1, 1}), ElementsAre(0, 1, 1, 2));
  EXPECT_THAT(UnitOf({1, 100 * kOpsPerUnit, 1}), ElementsAre(0, 0, 1));
}

TEST(SplitKernelsTest, SmallKernelsShareUnits) {
  std::vector<size_t> units = UnitOf(std::vector<int64_t>(10000, kOpsPerUnit / 10));
  EXPECT_EQ(units.back(), 999u);
}

// Products of sizes of their own, which share no kernel.
Graph ManyKernels() {
  GraphBuilder b("many");
  Expr x = b.Input("x", DType::kF32, {"n", 8});
  for (int64_t width = 9; width < 15; ++width) {
    std::vector<float> weights(static_cast<size_t>((width - 1) * width));
    std::iota(weights.begin(), weights.end(), 1.0f);
    x = b.Softmax(b.MatMul(x, b.Constant(Tensor::F32({width - 1, width}, weights))), -1);
  }
  b.Output("y", x);
  return b.Finish().value();
}

TEST(SplitKernelsTest, AnyNumberOfThreadsGivesTheSameBytes) {
  std::vector<std::string> texts;
  for (int threads : {1, 2, 4, 0}) {
    TemporaryDirectory directory;
    CompileOptions options;
    options.cpu_levels = {"x86-64-v3", "x86-64-v4"};
    options.threads = threads;
    CompiledProgram program = Compile(ManyKernels(), options).value();
    EXPECT_GE(program.statistics().kernels, 6);
    std::string all;
    for (OutputKind kind : {OutputKind::kObject, OutputKind::kLlvm, OutputKind::kAssembly}) {
      ASSERT_TRUE(WriteProgram(program, kind, directory / "out").ok());
      all += ReadWhole(directory / "out");
    }
    texts.push_back(std::move(all));
  }
  for (const std::string &text : texts) EXPECT_TRUE(text == texts[0]);
}

TEST(SplitKernelsTest, FewerThreadsThanNoneAreRefused) {
  CompileOptions options;
  options.threads = -1;
  absl::Status status = Compile(ManyKernels(), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("-1"));
}

}  // namespace
}  // namespace ingot::compiler
