// What the emulator must find in our own kernels: barriers that are left out. A row kernel combines what its warps have
// found through shared memory, with a barrier before it is read and one before the next row writes there.
#include <gtest/gtest.h>

#include "ingot/builder.h"
#include "ingot/interpreter.h"
#include "tests/compiler/jit_testing.h"
#include "tests/gpu/emulator/control.h"

namespace ingot {
namespace {

// One reduction per row, of a row that is computed once and kept; more rows than blocks have a workspace of their own.
Graph RowsOfOneSum() {
  GraphBuilder b("planted");
  auto x = b.Input("x", DType::kF32, {1100, 200});
  auto e = b.Exp(x);
  b.Output("y", b.Div(e, b.ReduceSum(e, {1}, true)));
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

// Soft-max between two products: a row's scores are shared by all threads of a block.
Graph Attention() {
  GraphBuilder b("attention");
  auto q = b.Input("q", DType::kF32, {2, 20, 16}), k = b.Input("k", DType::kF32, {2, 16, 200}),
       v = b.Input("v", DType::kF32, {2, 200, 16});
  b.Output("y", b.MatMul(b.Softmax(b.MatMul(q, k), 2), v));
  absl::StatusOr<Graph> graph = b.Finish();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

// Whether any of a few orders of the threads shows a difference.
bool IsFound(const Graph &graph) {
  std::vector<std::vector<Tensor>> inputs = {TestInputs(graph, {}, 1)};
  for (uint64_t order : {0, 1, 2, 3}) {
    ingot_emulator_set_order(order);
    if (!Mismatches(graph, inputs, TestOptions()).empty()) return true;
  }
  return false;
}

TEST(PlantedBugs, NoneIsNotFound) {
  EXPECT_FALSE(IsFound(RowsOfOneSum()));
  EXPECT_FALSE(IsFound(Attention()));
}

TEST(PlantedBugs, ABarrierBeforeSharedMemoryIsRead) {
  ingot_emulator_skip_barrier(0, 2);
  EXPECT_TRUE(IsFound(RowsOfOneSum()));
  ingot_emulator_skip_barrier(0, 0);
}

TEST(PlantedBugs, ABarrierBeforeSharedMemoryIsWrittenAgain) {
  ingot_emulator_skip_barrier(1, 2);
  EXPECT_TRUE(IsFound(RowsOfOneSum()));
  ingot_emulator_skip_barrier(0, 0);
}

// Two reductions of two barriers each, then the one that is left out, then one before the next row.
TEST(PlantedBugs, ABarrierBetweenScoresAndColumns) {
  ingot_emulator_skip_barrier(4, 6);
  EXPECT_TRUE(IsFound(Attention()));
  ingot_emulator_skip_barrier(0, 0);
}

}  // namespace
}  // namespace ingot
