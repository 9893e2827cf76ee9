// What compiled programs are known to get wrong. Each test states the reason and expects the failure, so that the repair of one shows here.
#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

// The polynomial for f32 treats denormals as the smallest normal number: log(2^-149) is -87.3 instead of -103.3.
TEST(KnownFailures, LogOfDenormals) {
  GraphBuilder b("log");
  b.Output("y", b.Log(b.Input("x", DType::kF32, {"n"})));
  Graph graph = b.Finish().value();
  EXPECT_FALSE(Mismatches(graph, {{Tensor::F32({1}, {0x1p-149f})}}, "x86-64-v3").empty())
      << "repaired: move the case to special_values_jit_test.cc";
}

}  // namespace
}  // namespace ingot
