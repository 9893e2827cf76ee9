// Outputs whose size a run finds, through the C API: what is known before, where they are after, what is allocated.
#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/compiler/jit_testing.h"

namespace ingot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Counted {
  int allocations = 0, left = 1000;  // allocations that succeed from here on
  ingot_allocator_t allocator = {[](void *self, size_t bytes, size_t alignment) -> void * {
                                   auto *counted = static_cast<Counted *>(self);
                                   ++counted->allocations;
                                   if (--counted->left < 0) return nullptr;
                                   return std::aligned_alloc(alignment,
                                                             (bytes + alignment - 1) / alignment * alignment);
                                 },
                                 [](void *, void *memory, size_t) { std::free(memory); }, this};
};

// The elements above 0 of x, twice them, and the number of all.
class LateOutputs : public testing::Test {
 protected:
  void SetUp() override {
    GraphBuilder b("late");
    Expr x = b.Input("x", DType::kF32, {"n"}), mask = b.Greater(x, b.Scalar(0));
    b.BindSizes(b.ReduceSum(b.Cast(mask, DType::kI64)), {"k"});
    Expr chosen = b.Gather(x, b.Reshape(b.NonZero(mask, {"k"}), {"k"}));
    b.Output("chosen", chosen);
    b.Output("twice", b.Add(chosen, chosen));
    b.Output("size", b.DimValues({"n"}));
    JitOptions options;
    options.cache_directory = "none";
    absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Load(b.Finish().value(), options);
    ASSERT_TRUE(program.ok()) << program.status();
    program_ = *std::move(program);
    ingot_context_options_t make = {};
    make.struct_size = sizeof(make);
    make.allocator = &counted_.allocator;
    ASSERT_EQ(ingot_context_create(program_->program(), &make, &context_, &status_), INGOT_OK) << status_.message;
    outputs_[2].data = &size_;
    outputs_[2].bytes = sizeof(size_);
  }
  void TearDown() override { ingot_context_free(context_); }

  int32_t Run(std::vector<float> x) {
    x_ = std::move(x);
    input_ = {x_.data(), x_.size() * 4, INGOT_F32, 1, {static_cast<int64_t>(x_.size())}};
    return ingot_context_run(context_, &input_, outputs_, &status_);
  }
  std::vector<float> Late(uint32_t i) {
    ingot_tensor_t tensor;
    EXPECT_EQ(ingot_context_get_output(context_, i, &tensor, &status_), INGOT_OK) << status_.message;
    EXPECT_EQ(tensor.bytes, static_cast<size_t>(tensor.dims[0]) * 4);
    const float *data = static_cast<const float *>(tensor.data);
    return {data, data + tensor.dims[0]};
  }

  Counted counted_;
  std::unique_ptr<JitProgram> program_;
  ingot_context_t *context_ = nullptr;
  ingot_status_t status_ = {};
  std::vector<float> x_;
  ingot_tensor_t input_ = {}, outputs_[3] = {};
  int64_t size_ = 0;
};

TEST_F(LateOutputs, AreUnknownBeforeARunAndInTheContextAfterIt) {
  ingot_tensor_t known[3], got;
  input_ = {nullptr, 0, INGOT_F32, 1, {5}};
  ASSERT_EQ(ingot_context_query(context_, &input_, known, &status_), INGOT_OK) << status_.message;
  EXPECT_EQ(known[0].dims[0], -1);
  EXPECT_EQ(known[0].bytes, 0u);
  EXPECT_EQ(known[2].dims[0], 1);
  EXPECT_EQ(ingot_context_get_output(context_, 0, &got, &status_), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status_.message, HasSubstr("only after a run"));
  ASSERT_EQ(Run({-1, 2, 3, -4, 5}), INGOT_OK) << status_.message;
  EXPECT_EQ(outputs_[0].dims[0], 3);
  EXPECT_THAT(Late(0), ElementsAre(2, 3, 5));
  EXPECT_THAT(Late(1), ElementsAre(4, 6, 10));
  EXPECT_EQ(size_, 5);
  EXPECT_EQ(ingot_context_get_output(context_, 2, &got, &status_), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status_.message, HasSubstr("'size' is in the buffer"));
  ASSERT_EQ(Run({-1, -2}), INGOT_OK) << status_.message;
  EXPECT_THAT(Late(0), ElementsAre());
}

TEST_F(LateOutputs, AreCopiedWhereTheCallerHasRoom) {
  float room[4] = {9, 9, 9, 9};
  outputs_[1].data = room;
  outputs_[1].bytes = 2 * sizeof(float);
  ASSERT_EQ(Run({1, -1, 2}), INGOT_OK) << status_.message;
  EXPECT_THAT(room, ElementsAre(2, 4, 9, 9));
  EXPECT_EQ(Run({1, 2, 3}), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status_.message, HasSubstr("output 'twice' has 8 bytes of data, needs 12"));
  EXPECT_THAT(Late(0), ElementsAre(1, 2, 3));
}

TEST_F(LateOutputs, AllocateNothingForSizesNoLarger) {
  std::vector<float> large(5000, 1), other = large;
  for (size_t i = 0; i < other.size(); i += 3) other[i] = -1;
  ASSERT_EQ(Run(large), INGOT_OK) << status_.message;
  int before = counted_.allocations;
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_EQ(Run(other), INGOT_OK) << status_.message;
    EXPECT_EQ(Late(0).size(), 3333u);
    ASSERT_EQ(Run(large), INGOT_OK) << status_.message;
    EXPECT_EQ(Late(1).size(), 5000u);
    ASSERT_EQ(Run(std::vector<float>(100, 2.f)), INGOT_OK) << status_.message;
    EXPECT_EQ(Late(1)[99], 4);
  }
  EXPECT_EQ(counted_.allocations, before);
}

// Whichever allocation fails, the next run has what it needs.
TEST_F(LateOutputs, RunAgainAfterMemoryRanOut) {
  int failures = 0;
  for (int allowed = 0; allowed < 6; ++allowed) {
    ingot_context_free(context_);
    ingot_context_options_t make = {};
    make.struct_size = sizeof(make);
    make.allocator = &counted_.allocator;
    ASSERT_EQ(ingot_context_create(program_->program(), &make, &context_, &status_), INGOT_OK);
    ASSERT_EQ(Run({1, -1}), INGOT_OK) << status_.message;
    counted_.left = allowed;
    int32_t code = Run(std::vector<float>(5000, 1));
    failures += code != INGOT_OK;
    if (code != INGOT_OK) EXPECT_EQ(code, INGOT_OUT_OF_MEMORY) << status_.message;
    counted_.left = 1000;
    ASSERT_EQ(Run(std::vector<float>(5000, 2)), INGOT_OK) << status_.message;
    EXPECT_THAT(Late(1), testing::Each(4));
  }
  EXPECT_GT(failures, 0);
}

// Plans of one context for other input sizes share the memory of what stands behind a size.
TEST_F(LateOutputs, SurviveTheGrowthThatAnotherPlanBrings) {
  for (size_t n : {3u, 4000u, 3u, 9000u, 3u, 4000u}) {
    std::vector<float> x(n, -1);
    x[n / 2] = 7;
    ASSERT_EQ(Run(x), INGOT_OK) << status_.message;
    EXPECT_THAT(Late(0), ElementsAre(7)) << n;
    x.assign(n, 2);
    ASSERT_EQ(Run(x), INGOT_OK) << status_.message;
    EXPECT_THAT(Late(1), testing::Each(4)) << n;
    EXPECT_EQ(Late(1).size(), n);
  }
}

}  // namespace
}  // namespace ingot
