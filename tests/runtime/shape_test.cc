// Symbols, size expressions and the checks of a caller's tensors.
// Subject: runtime/src/shapes.cc, and the queries of context.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>

#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

using testing::HasSubstr;

// concat over axis 0: a[n, m], b[k, m] -> out[n + k, m]; c has the derived dim n + 1. Sizes: 0 n, 1 m, 2 k, 3 n+k, 4
// n+1, 5.. bytes, 9 one.
int32_t EvalConcat(int64_t *s, uint32_t) {
  bool overflow = __builtin_add_overflow(s[0], s[2], &s[3]) || __builtin_add_overflow(s[0], int64_t{1}, &s[4]);
  auto bytes = [&](int64_t rows, int64_t columns, int64_t *target) {
    overflow = overflow || __builtin_mul_overflow(rows, columns, target) ||
               __builtin_mul_overflow(*target, int64_t{4}, target);
  };
  bytes(s[0], s[1], &s[5]);
  bytes(s[2], s[1], &s[6]);
  bytes(s[3], s[1], &s[7]);
  bytes(s[4], 1, &s[8]);
  s[9] = 1;
  return overflow ? 1 : 0;
}

int32_t Concat(void *const *b, const int64_t *s, int64_t, int64_t, void *) {
  memcpy(b[2], b[0], s[5]);
  memcpy(static_cast<char *>(b[2]) + s[5], b[1], s[6]);
  return 0;
}

struct ConcatProgram : TestProgram {
  ConcatProgram() {
    desc.num_sizes = 10;
    desc.eval_sizes = EvalConcat;
    symbols = {{"n", 1, INT64_MAX}, {"m", 0, 4}, {"k", 0, INT64_MAX}};
    uint32_t a = AddInput("a", INGOT_F32, {0, 1}, 5), b = AddInput("b", INGOT_F32, {2, 1}, 6);
    AddInput("c", INGOT_F32, {4}, 8);
    uint32_t out = AddOutput("out", INGOT_F32, {3, 1}, 7);
    AddStep("concat", AddKernel("concat", Concat), {a, b, out}, 9, 9);
  }
};

class ShapeTest : public testing::Test {
 protected:
  void SetUp() override {
    program_ = Load(concat_.Desc());
    context_ = MakeContext(program_);
    inputs_ = {Tensor(data_, INGOT_F32, {2, 3}), Tensor(data_, INGOT_F32, {1, 3}), Tensor(data_, INGOT_F32, {3})};
    outputs_ = {Tensor(result_, 0, {})};
  }
  // The message of a query and a run that both have to fail.
  std::string Error(int32_t code = INGOT_INVALID_ARGUMENT) {
    ingot_status_t query, run;
    EXPECT_EQ(ingot_context_query(context_.get(), inputs_.data(), outputs_.data(), &query), code);
    EXPECT_EQ(ingot_context_run(context_.get(), inputs_.data(), outputs_.data(), &run), code);
    EXPECT_STREQ(query.message, run.message);
    EXPECT_EQ(run.code, code);
    EXPECT_TRUE(islower(run.message[0])) << run.message;
    return run.message;
  }

  ConcatProgram concat_;
  Program program_;
  Context context_;
  std::vector<float> data_ = {1, 2, 3, 4, 5, 6}, result_ = std::vector<float>(9);
  std::vector<ingot_tensor_t> inputs_, outputs_;
};

TEST_F(ShapeTest, QueryGivesOutputShapes) {
  ingot_status_t status;
  ASSERT_EQ(ingot_context_query(context_.get(), inputs_.data(), outputs_.data(), &status), INGOT_OK) << status.message;
  EXPECT_EQ(outputs_[0].dtype, INGOT_F32);
  EXPECT_EQ(outputs_[0].rank, 2u);
  EXPECT_EQ(outputs_[0].dims[0], 3);
  EXPECT_EQ(outputs_[0].dims[1], 3);
  EXPECT_EQ(outputs_[0].bytes, 36u);
  EXPECT_EQ(outputs_[0].data, result_.data()) << "data is the caller's";
  EXPECT_EQ(status.message[0], '\0');
}

TEST_F(ShapeTest, QueryNeedsNoData) {
  for (ingot_tensor_t &input : inputs_) input.data = nullptr, input.bytes = 0;
  EXPECT_EQ(ingot_context_query(context_.get(), inputs_.data(), outputs_.data(), nullptr), INGOT_OK);
}

TEST_F(ShapeTest, RunComputes) {
  ASSERT_EQ(ingot_context_run(context_.get(), inputs_.data(), outputs_.data(), nullptr), INGOT_OK);
  EXPECT_THAT(result_, testing::ElementsAre(1, 2, 3, 4, 5, 6, 1, 2, 3));
}

TEST_F(ShapeTest, WrongDtype) {
  inputs_[1].dtype = INGOT_F64;
  EXPECT_THAT(Error(), HasSubstr("input 'b' has dtype f64, expected f32"));
}

TEST_F(ShapeTest, WrongRank) {
  inputs_[1].rank = 3;
  EXPECT_THAT(Error(), HasSubstr("input 'b' has rank 3, expected 2"));
  inputs_[1].rank = 4000000000u;
  EXPECT_THAT(Error(), HasSubstr("input 'b' has rank 4000000000, expected 2"));
}

TEST_F(ShapeTest, ContradictingSymbol) {
  inputs_[1].dims[1] = 2;
  EXPECT_THAT(Error(), HasSubstr("input 'b': dim 1 is 2, expected 3 ('m', from dim 1 of input 'a')"));
}

TEST_F(ShapeTest, ContradictingExpression) {
  inputs_[2].dims[0] = 2;
  EXPECT_THAT(Error(), HasSubstr("input 'c': dim 0 is 2, expected 3"));
}

TEST_F(ShapeTest, SymbolOutOfRange) {
  inputs_[0].dims[1] = inputs_[1].dims[1] = 5;
  EXPECT_THAT(Error(), HasSubstr("input 'a': dim 1 ('m') is 5, the program was compiled for 0 to 4"));
  inputs_[0].dims[0] = 0;
  EXPECT_THAT(Error(), HasSubstr("input 'a': dim 0 ('n') is 0, the program was compiled for 1 to"));
}

TEST_F(ShapeTest, NegativeDim) {
  inputs_[2].dims[0] = -1;
  EXPECT_THAT(Error(), HasSubstr("input 'c': dim 0 is negative (-1)"));
}

TEST_F(ShapeTest, Overflow) {
  inputs_[0].dims[0] = INT64_MAX;
  EXPECT_THAT(Error(), HasSubstr("overflows or divides by zero for n=9223372036854775807, m=3, k=1"));
  inputs_[0].dims[0] = INT64_MAX / 8;
  EXPECT_THAT(Error(), HasSubstr("overflows"));
  EXPECT_EQ(ingot_context_query(context_.get(), inputs_.data(), outputs_.data(), nullptr), INGOT_INVALID_ARGUMENT)
      << "status may be NULL";
}

TEST_F(ShapeTest, BadBuffers) {
  ingot_status_t status;
  auto run = [&] {
    EXPECT_EQ(ingot_context_run(context_.get(), inputs_.data(), outputs_.data(), &status), INGOT_INVALID_ARGUMENT);
    return std::string(status.message);
  };
  std::vector<ingot_tensor_t> inputs = inputs_, outputs = outputs_;
  inputs_[1].bytes = 11;
  EXPECT_THAT(run(), HasSubstr("input 'b' has 11 bytes of data, needs 12"));
  inputs_ = inputs;
  inputs_[0].data = nullptr;
  EXPECT_THAT(run(), HasSubstr("input 'a' has no data (NULL), needs 24 bytes"));
  inputs_[0].data = reinterpret_cast<char *>(data_.data()) + 1;
  EXPECT_THAT(run(), HasSubstr("input 'a' is not aligned"));
  inputs_ = inputs;
  outputs_[0].bytes = 35;
  EXPECT_THAT(run(), HasSubstr("output 'out' has 35 bytes of data, needs 36"));
  outputs_ = outputs;
  outputs_[0].data = nullptr;
  EXPECT_THAT(run(), HasSubstr("output 'out' has no data"));
  outputs_ = outputs;
  EXPECT_EQ(ingot_context_run(context_.get(), inputs_.data(), outputs_.data(), &status), INGOT_OK)
      << "usable after errors";
}

TEST_F(ShapeTest, NullArguments) {
  EXPECT_EQ(ingot_context_run(nullptr, inputs_.data(), outputs_.data(), nullptr), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_context_run(context_.get(), nullptr, outputs_.data(), nullptr), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_context_run(context_.get(), inputs_.data(), nullptr, nullptr), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_context_query(context_.get(), nullptr, nullptr, nullptr), INGOT_INVALID_ARGUMENT);
}

TEST_F(ShapeTest, ZeroSizes) {
  inputs_ = {Tensor(data_, INGOT_F32, {2, 0}), Tensor(data_, INGOT_F32, {5, 0}), Tensor(data_, INGOT_F32, {3})};
  for (int i = 0; i < 2; ++i) inputs_[i].data = nullptr, inputs_[i].bytes = 0;
  outputs_[0].data = nullptr;
  outputs_[0].bytes = 0;
  ingot_status_t status;
  // The kernel copies nothing: memcpy gets no bytes.
  concat_.kernels[0].tiles = 5;
  ASSERT_EQ(ingot_context_run(context_.get(), inputs_.data(), outputs_.data(), &status), INGOT_OK) << status.message;
  EXPECT_EQ(outputs_[0].dims[0], 7);
  EXPECT_EQ(outputs_[0].dims[1], 0);
}

// A check on the sizes of ConcatProgram: n + k and m, with and without the texts of sizes.
TEST_F(ShapeTest, ChecksNameTheNodeAndTheSizes) {
  static const char *const kTexts[] = {
      "n", "m", "k", "n + k", "n + 1", "4 * m * n", "4 * k * m", "4 * m * n + 4 * k * m", "4 * n + 4", "1"};
  concat_.checks = {{INGOT_CHECK_EQUAL, 1, 1, 0, "fine", "m is m"},
                    {INGOT_CHECK_AT_MOST, 3, 1, 0, "joined", "rows must not exceed columns"}};
  concat_.desc.size_texts = kTexts;
  context_.reset();
  program_ = Load(concat_.Desc());
  context_ = MakeContext(program_);
  ASSERT_EQ(ingot_context_run(context_.get(), inputs_.data(), outputs_.data(), nullptr), INGOT_OK)
      << "3 rows, 3 columns";
  inputs_[1].dims[0] = 2;
  EXPECT_EQ(
      Error(),
      "node 'joined': rows must not exceed columns, but 'n + k' = 4 is larger than 'm' = 3: use other input shapes");
  inputs_[1].dims[0] = 1;
  ASSERT_EQ(ingot_context_run(context_.get(), inputs_.data(), outputs_.data(), nullptr), INGOT_OK)
      << "usable after a check failed";
  concat_.checks = {{INGOT_CHECK_EQUAL, 9, 4, 0, nullptr, nullptr}};
  concat_.desc.size_texts = nullptr;
  context_.reset();
  program_ = Load(concat_.Desc());
  context_ = MakeContext(program_);
  EXPECT_EQ(Error(), "node '?': sizes do not fit, but 1 is not equal to 3: use other input shapes");
}

TEST(ShapeErrorTest, BytesThatContradictDimsAreTheCompilersFault) {
  ChainProgram chain;
  chain.outputs[0].dtype = INGOT_F64;
  Program program = Load(chain.Desc());
  Context context = MakeContext(program);
  std::vector<double> x(4);
  ingot_tensor_t inputs[] = {Tensor(x, INGOT_F32, {4}), Tensor(x, INGOT_F32, {4})}, output = Tensor(x, INGOT_F64, {4});
  ingot_status_t status;
  EXPECT_EQ(ingot_context_run(context.get(), inputs, &output, &status), INGOT_INTERNAL);
  EXPECT_THAT(status.message, HasSubstr("contradict their dims"));
}

TEST(ShapeErrorTest, ConstantBeyondTheWeights) {
  ChainProgram chain;
  chain.values[3].bytes = 1;  // n floats
  Program program = Load(chain.Desc());
  Context context = MakeContext(program);
  std::vector<float> x(17);
  ingot_tensor_t inputs[] = {Tensor(x, INGOT_F32, {17}), Tensor(x, INGOT_F32, {17})},
                 output = Tensor(x, INGOT_F32, {17});
  ingot_status_t status;
  EXPECT_EQ(ingot_context_run(context.get(), inputs, &output, &status), INGOT_INTERNAL);
  EXPECT_THAT(status.message, HasSubstr("value 3 is larger than what holds it"));
}

}  // namespace
}  // namespace ingot_test
