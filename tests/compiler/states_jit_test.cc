// Graphs with states: what the compiler says of them, and the same graphs with the states passed by hand, compiled.
#include <gmock/gmock.h>

#include "compiler/api/compile.h"
#include "graph/interp/interpreter.h"
#include "tests/compiler/jit_testing.h"
#include "tests/graph/decoder_testing.h"

namespace ingot {
namespace {

using testing::HasSubstr;

TEST(StatesJit, ADecoderWithACacheGivesWhatAllRowsAtOnceGive) {
  Graph step = DecoderStep();
  Tensor rows = SmallTensor({kRows, kWidth}, 7);
  Tensor whole = Interpret(Decoder(), {rows}).value()[0];
  std::vector<Tensor> passed = InitialStates(step, {}).value();
  for (int64_t i = 0; i < kRows; ++i) {
    Tensor row = Tensor::Copy(DType::kF32, {1, kWidth}, rows.data() + i * kWidth * 4);
    absl::StatusOr<std::vector<Tensor>> all = RunCompiled(StatesAsValues(step), {row, passed[0], passed[1], passed[2]});
    ASSERT_TRUE(all.ok()) << all.status();
    passed.assign(all->begin() + 1, all->end());
    EXPECT_EQ(passed[0].GetInt(0), i + 1);
    for (int64_t j = 0; j < kWidth; ++j) {
      EXPECT_NEAR((*all)[0].GetDouble(j), whole.GetDouble(i * kWidth + j), 1e-5) << i << ", " << j;
    }
  }
}

TEST(StatesJit, TheCompilerSaysWhatToDo) {
  absl::Status status = Compile(DecoderStep(), {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("has states, such as 'at'"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("StatesAsValues"));
  EXPECT_EQ(CompileToPhase(DecoderStep(), {}, "import").status().code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace ingot
