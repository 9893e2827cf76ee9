// What the emulator must find in our own kernels: each barrier that is left out, each wait for copies that is left out
// or ends too early, each copy of something else, each tile that is not copied. Every kind of kernel that has them is
// run with every such bug, in a few orders of its threads; one block goes through all tiles, so that what protects
// a tile from the next one counts as well.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ingot/builder.h"
#include "ingot/interpreter.h"
#include "ingot/jit.h"
#include "tests/compiler/jit_testing.h"
#include "tests/gpu/emulator/control.h"
#include "tools/ingot/device.h"
#include "tools/ingot/program_runner.h"

namespace ingot {
namespace {

constexpr uint64_t kOrders = 6;
constexpr uint32_t kNothing = UINT32_MAX;  // no number of a bug

struct Kind {
  int32_t bug;
  const char *name;
};
constexpr Kind kKinds[] = {
    {INGOT_EMULATOR_NO_BARRIER, "no barrier"},     {INGOT_EMULATOR_NO_WAIT, "no wait"},
    {INGOT_EMULATOR_SHORT_WAIT, "short wait"},     {INGOT_EMULATOR_WRONG_COPY, "wrong copy"},
    {INGOT_EMULATOR_SHORT_BUFFER, "short buffer"}, {INGOT_EMULATOR_NO_COPY_GROUP, "no copy group"}};

class PlantedBugs : public testing::Test {
 protected:
  ~PlantedBugs() override {
    ingot_emulator_plant(INGOT_EMULATOR_NO_BUG, 0);
    ingot_emulator_limit_blocks(0);
    ingot_emulator_set_order(0);
    std::filesystem::remove_all(cache_);
  }

  // Compiles the graph. Without a bug every order of threads gives the same, about what the interpreter gives.
  void Take(const absl::StatusOr<Graph> &graph, const Sizes &sizes = {}) {
    ASSERT_TRUE(graph.ok()) << graph.status();
    graph_ = *graph;
    inputs_ = TestInputs(graph_, sizes, 1);
    ASSERT_NO_FATAL_FAILURE(Load());
    ingot_emulator_limit_blocks(1);
    ASSERT_TRUE(Run(0)) << ingot_emulator_last_error();
    right_ = outputs_;
    absl::StatusOr<std::vector<Tensor>> expected = Interpret(graph_, inputs_);
    ASSERT_TRUE(expected.ok()) << expected.status();
    for (size_t i = 0; i < right_.size(); ++i) ExpectNear(right_[i], (*expected)[i]);
    ASSERT_FALSE(IsFound()) << ingot_emulator_last_error();
  }

  // The bugs of this kind that are not found, of all that can be planted, in words.
  std::string NotFound(const Kind &kind) {
    ingot_emulator_plant(kind.bug, kNothing);
    EXPECT_TRUE(Run(0)) << kind.name << ": " << ingot_emulator_last_error();
    const uint32_t count = ingot_emulator_plantable();
    std::vector<std::string> missed;
    for (uint32_t number = 0; number < count; ++number) {
      ingot_emulator_plant(kind.bug, number);
      if (!IsFound()) missed.push_back(absl::StrCat(number));
    }
    ingot_emulator_plant(INGOT_EMULATOR_NO_BUG, 0);
    planted_[kind.name] = count;
    return missed.empty() ? "" : absl::StrCat(kind.name, " ", absl::StrJoin(missed, ", "), " of ", count);
  }

  // All kinds.
  std::string NotFound() {
    std::vector<std::string> missed;
    for (const Kind &kind : kKinds) {
      std::string of_kind = NotFound(kind);
      if (!of_kind.empty()) missed.push_back(of_kind);
    }
    return absl::StrJoin(missed, "; ");
  }

  std::map<std::string, uint32_t> planted_;  // how many, by the kind's name

 private:
  void Load() {
    runner_.reset();
    program_.reset();
    device_.device.reset();
    absl::StatusOr<tool::OpenedDevice> device = tool::OpenDevice("gpu-emulated");
    ASSERT_TRUE(device.ok()) << device.status();
    device_ = *std::move(device);
    JitOptions options;
    options.compile.cpu_levels = {"x86-64-v3"};
    options.compile.device_targets = device_.targets;
    options.device = device_.device.get();
    options.cache_directory = cache_;
    absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(graph_, options);
    ASSERT_TRUE(program.ok()) << program.status();
    program_ = *std::move(program);
    auto runner = tool::ProgramRunner::Create(program_->program(), 1);
    ASSERT_TRUE(runner.ok()) << runner.status();
    runner_ = *std::move(runner);
  }

  bool Run(uint64_t order) {
    ingot_emulator_set_order(order);
    absl::StatusOr<std::vector<Tensor>> outputs = runner_->Evaluate(inputs_);
    if (outputs.ok()) outputs_ = *std::move(outputs);
    return outputs.ok();
  }

  // Whether any order shows a difference.
  bool IsFound() {
    for (uint64_t order = 0; order < kOrders; ++order) {
      if (!Run(order)) {
        // The device is of no use any more.
        Load();
        return true;
      }
      for (size_t i = 0; i < right_.size(); ++i)
        if (memcmp(outputs_[i].data(), right_[i].data(), right_[i].bytes()) != 0) return true;
    }
    return false;
  }

  static void ExpectNear(const Tensor &actual, const Tensor &expected) {
    double largest = 0, difference = 0;
    for (int64_t i = 0; i < expected.size(); ++i) {
      largest = std::max(largest, std::fabs(expected.GetDouble(i)));
      double off = std::fabs(actual.GetDouble(i) - expected.GetDouble(i));
      difference = std::isnan(off) ? INFINITY : std::max(difference, off);
    }
    EXPECT_LE(difference, 16 * Epsilon(expected.dtype()) * largest);
  }

  // A program that has failed is loaded anew.
  const std::string cache_ = absl::StrCat(testing::TempDir(), "planted_bugs_", getpid());
  Graph graph_;
  std::vector<Tensor> inputs_, right_, outputs_;
  tool::OpenedDevice device_;
  std::unique_ptr<JitProgram> program_;
  std::unique_ptr<tool::ProgramRunner> runner_;
};

// One reduction per row, of a row that is computed once and kept.
TEST_F(PlantedBugs, RowsThatAreKept) {
  GraphBuilder b("planted");
  auto x = b.Input("x", DType::kF32, {5, 200});
  auto e = b.Exp(x);
  b.Output("y", b.Div(e, b.ReduceSum(e, {1}, true)));
  Take(b.Finish());
  EXPECT_EQ(NotFound(), "");
}

TEST_F(PlantedBugs, SoftMaxOfRows) {
  GraphBuilder b("planted");
  b.Output("y", b.Softmax(b.Input("x", DType::kF32, {5, 768}), 1));
  Take(b.Finish());
  EXPECT_EQ(NotFound(), "");
}

// Groups of threads share what they have found of their keys.
TEST_F(PlantedBugs, AttentionOfFewQueries) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    GraphBuilder b("planted");
    auto q = b.Input("q", dtype, {2, 3, 16}), k = b.Input("k", dtype, {2, 16, 200}),
         v = b.Input("v", dtype, {2, 200, 16});
    b.Output("y", b.MatMul(b.Softmax(b.MatMul(q, k), 2), v));
    Take(b.Finish());
    EXPECT_EQ(NotFound(), "") << Name(dtype);
  }
}

// Of row ops that are no soft-max, a row's scores are shared by all threads of a block.
TEST_F(PlantedBugs, AttentionByRows) {
  GraphBuilder b("planted");
  auto q = b.Input("q", DType::kF32, {2, 3, 16}), k = b.Input("k", DType::kF32, {2, 16, 200}),
       v = b.Input("v", DType::kF32, {2, 200, 16});
  auto scores = b.MatMul(q, k), below = b.Sub(scores, b.ReduceMax(scores, {2}, true));
  b.Output("y", b.MatMul(b.Div(below, b.ReduceSum(below, {2}, true)), v));
  Take(b.Finish());
  // Parameter 4 is no buffer, and the workspace is rounded up.
  EXPECT_EQ(NotFound(), "short buffer 4, 5 of 6");
}

TEST_F(PlantedBugs, FlashAttention) {
  for (DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    // Of whole chunks of few columns in f32, a thread stores what it has computed itself.
    for (int64_t columns : {dtype == DType::kF32 ? 62 : 64, 256}) {
      if (dtype == DType::kF16 && columns == 256) continue;  // as in bf16
      GraphBuilder b("planted");
      auto q = b.Input("q", dtype, {2, 70, 88}), k = b.Input("k", dtype, {2, 88, 136}),
           v = b.Input("v", dtype, {2, 136, columns});
      // Every key has a weight that shows.
      auto scores = b.Mul(b.MatMul(q, k), b.Cast(b.Scalar(0.05), dtype));
      b.Output("y", b.MatMul(b.Softmax(scores, 2), v));
      Take(b.Finish());
      EXPECT_EQ(NotFound(), "") << Name(dtype) << ", " << columns << " columns";
      EXPECT_GT(planted_["no wait"], 0u);
    }
  }
}

// Where the depth is not known, it may be none: then nothing else waits for the values.
TEST_F(PlantedBugs, FlashAttentionOfNoDepth) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    GraphBuilder b("planted");
    auto q = b.Input("q", dtype, {2, 70, "d"}), k = b.Input("k", dtype, {2, "d", 136}),
         v = b.Input("v", dtype, {2, 136, 64});
    b.Output("y", b.MatMul(b.Softmax(b.MatMul(q, k), 2), v));
    Take(b.Finish(), {{"d", 0}});
    EXPECT_EQ(NotFound({INGOT_EMULATOR_NO_WAIT, "no wait"}), "") << Name(dtype);
  }
}

TEST_F(PlantedBugs, Products) {
  for (DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (bool is_constant : {true, false}) {
      GraphBuilder b("planted");
      // Of whole chunks of columns in f32, a thread stores what it has computed itself.
      int64_t columns = dtype == DType::kF32 ? 90 : 88;
      auto y = is_constant ? b.Constant(NormalTensor({152, columns}, 1, dtype)) : b.Input("y", dtype, {152, columns});
      b.Output("z", b.MatMul(b.Input("x", dtype, {100, 152}), y));
      Take(b.Finish());
      // Zeros behind the last column of packed ones are not read.
      EXPECT_EQ(NotFound(), is_constant ? "short buffer 1 of 3" : "") << Name(dtype);
      EXPECT_GT(planted_["no wait"], 0u);
    }
  }
}

// Sums that are stored one half of the tile after the other.
TEST_F(PlantedBugs, ProductsOfLargeTiles) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    GraphBuilder b("planted");
    b.Output("z", b.MatMul(b.Input("x", dtype, {1408, 40}), b.Constant(NormalTensor({40, 1498}, 1, dtype))));
    Take(b.Finish());
    EXPECT_EQ(NotFound({INGOT_EMULATOR_NO_BARRIER, "no barrier"}), "") << Name(dtype);
    EXPECT_GE(planted_["no barrier"], 6u) << Name(dtype);
  }
}

TEST_F(PlantedBugs, ProductsOfFewRows) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    for (int64_t rows : {1, 5}) {
      GraphBuilder b("planted");
      b.Output("z", b.MatMul(b.Input("x", dtype, {rows, 150}), b.Constant(NormalTensor({150, 90}, 1, dtype))));
      Take(b.Finish());
      EXPECT_EQ(NotFound(), "") << Name(dtype) << ", " << rows << " rows";
    }
  }
}

TEST_F(PlantedBugs, Transposes) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    GraphBuilder b("planted");
    b.Output("y", b.Transpose(b.Input("x", dtype, {3, 70, 90}), {0, 2, 1}));
    Take(b.Finish());
    EXPECT_EQ(NotFound(), "") << Name(dtype);
  }
}

}  // namespace
}  // namespace ingot
