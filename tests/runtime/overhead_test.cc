// What a run costs beyond its kernels: four steps that do nothing, shapes as in the last run. The bound is loose, since
// machines are shared; the figure is printed. Label perf; not built under sanitizers.
#include <gtest/gtest.h>
#include <stdio.h>
#include <time.h>

#include <algorithm>

#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

int32_t Nothing(void *const *, const int64_t *, int64_t, int64_t, void *) { return 0; }

double BestNanoseconds(ingot_context_t *context, ingot_tensor_t *inputs, ingot_tensor_t *output, int shapes,
                       int64_t (*dims)[2]) {
  constexpr int kRuns = 20000;
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < kRuns; ++i) {
      inputs[0].dims[0] = inputs[1].dims[0] = (*dims)[i % shapes];
      ingot_context_run(context, inputs, output, nullptr);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    best = std::min(best, ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / kRuns);
  }
  return best;
}

TEST(OverheadTest, FourSteps) {
  ChainProgram chain;
  for (ingot_kernel_t &kernel : chain.kernels) kernel.run = Nothing;
  Program program = Load(chain.Desc());
  Context context = MakeContext(program);
  std::vector<float> x(100), y(100), out(100);
  ingot_tensor_t inputs[] = {Tensor(x, INGOT_F32, {100}), Tensor(y, INGOT_F32, {100})}, output = Tensor(out, 0, {});
  int64_t dims[2] = {100, 50};
  double same = BestNanoseconds(context.get(), inputs, &output, 1, &dims);
  double alternating = BestNanoseconds(context.get(), inputs, &output, 2, &dims);
  printf("overhead of a run of 4 steps: %.1f ns, with alternating sizes %.1f ns\n", same, alternating);
  EXPECT_LT(same, 200);
  EXPECT_LT(alternating, 600);
}

}  // namespace
}  // namespace ingot_test
