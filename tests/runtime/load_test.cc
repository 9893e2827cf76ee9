// Loading: every index and range of a description is checked, versions and variants are matched, messages say what to
// do. Subject: runtime/src/validate.cc, variant.cc, program.cc, cpu_features.cc, dtype.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "runtime/src/elements.h"
#include "runtime/src/variant.h"
#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

using testing::HasSubstr;

TEST(LoadTest, LoadsAndReportsTheProgram) {
  ChainProgram chain;
  Program program = Load(chain.Desc());
  ASSERT_NE(program, nullptr);
  EXPECT_EQ(ingot_program_get_desc(program.get()), &chain.desc);
  EXPECT_STREQ(ingot_program_get_cpu_level(program.get()), "baseline");
}

TEST(LoadTest, RefusesNullArguments) {
  ChainProgram chain;
  ingot_status_t status;
  ingot_program_t *program = nullptr;
  EXPECT_EQ(ingot_program_load(nullptr, nullptr, &program, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_program_load(chain.Desc(), nullptr, nullptr, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_EQ(ingot_program_load(nullptr, nullptr, nullptr, nullptr), INGOT_INVALID_ARGUMENT);
  ingot_load_options_t options = {};
  EXPECT_THAT(LoadError(&chain.desc, INGOT_INVALID_ARGUMENT, &options), HasSubstr("sizeof(ingot_load_options_t)"));
}

TEST(LoadTest, ReadsOptionsOfOlderAndNewerCallers) {
  ChainProgram chain;
  chain.Desc();
  struct {
    ingot_load_options_t options;
    uint64_t more[4];
  } newer = {{sizeof(newer), nullptr, "baseline", nullptr}, {1, 2, 3, 4}};
  ingot_program_t *program = nullptr;
  EXPECT_EQ(ingot_program_load(&chain.desc, &newer.options, &program, nullptr), INGOT_OK);
  ingot_program_free(program);
  ingot_load_options_t older = {offsetof(ingot_load_options_t, cpu_level), nullptr, "not read", nullptr};
  EXPECT_EQ(ingot_program_load(&chain.desc, &older, &program, nullptr), INGOT_OK);
  ingot_program_free(program);
}

// Each case spoils one thing in a good description.
struct BadCase {
  const char *name;
  std::function<void(ChainProgram &)> spoil;
  const char *message;
};

void PrintTo(const BadCase &bad, std::ostream *out) { *out << bad.name; }

class BadDescriptionTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadDescriptionTest, IsRefusedWithAMessage) {
  ChainProgram chain;
  chain.Desc();
  GetParam().spoil(chain);
  std::string message = LoadError(&chain.desc, INGOT_FAILED_PRECONDITION);
  EXPECT_THAT(message, HasSubstr(GetParam().message));
  EXPECT_TRUE(islower(message[0])) << message;
}

const BadCase kBadCases[] = {
    {"AbiVersion", [](ChainProgram &p) { p.desc.abi_version = 1; }, "compiled for abi version 1"},
    {"StructSize", [](ChainProgram &p) { p.desc.struct_size = 8; }, "description of 8 bytes"},
    {"NoName", [](ChainProgram &p) { p.desc.name = nullptr; }, "no name"},
    {"NoSymbols", [](ChainProgram &p) { p.desc.symbols = nullptr; }, "symbols"},
    {"NoInputs", [](ChainProgram &p) { p.desc.inputs = nullptr; }, "inputs"},
    {"NoOutputs", [](ChainProgram &p) { p.desc.outputs = nullptr; }, "outputs"},
    {"NoValues", [](ChainProgram &p) { p.desc.values = nullptr; }, "values"},
    {"NoOperands", [](ChainProgram &p) { p.desc.operands = nullptr; }, "operands"},
    {"NoSteps", [](ChainProgram &p) { p.desc.steps = nullptr; }, "steps"},
    {"NoVariants", [](ChainProgram &p) { p.desc.variants = nullptr; }, "variants"},
    {"ZeroVariants", [](ChainProgram &p) { p.desc.num_variants = 0; }, "variants"},
    {"NoEvalSizes", [](ChainProgram &p) { p.desc.eval_sizes = nullptr; }, "eval_sizes"},
    {"TooFewSizes", [](ChainProgram &p) { p.desc.num_sizes = 0; }, "num_symbols"},
    {"States", [](ChainProgram &p) { p.desc.num_states = 1; }, "states"},
    {"SymbolName", [](ChainProgram &p) { p.symbols[0].name = nullptr; }, "symbol 0 has no name"},
    {"SymbolRange", [](ChainProgram &p) { p.symbols[0].min = 5, p.symbols[0].max = 4; }, "symbol 0"},
    {"NegativeSymbol", [](ChainProgram &p) { p.symbols[0].min = -1; }, "symbol 0"},
    {"SymbolWithoutInput", [](ChainProgram &p) { p.inputs[0].dims[0] = p.inputs[1].dims[0] = 4; },
     "symbol 'n' is no dim of an input or state"},
    {"InputName", [](ChainProgram &p) { p.inputs[1].name = nullptr; }, "input 1 has no name"},
    {"InputDtype", [](ChainProgram &p) { p.inputs[0].dtype = 0; }, "input 0 has an unknown dtype"},
    {"OutputDtype", [](ChainProgram &p) { p.outputs[0].dtype = 99; }, "output 0 has an unknown dtype"},
    {"InputRank", [](ChainProgram &p) { p.inputs[0].rank = 9; }, "input 0 has a rank"},
    {"InputDim", [](ChainProgram &p) { p.inputs[0].dims[0] = 5; }, "input 0 has a dim"},
    {"InputValue", [](ChainProgram &p) { p.inputs[0].value = 99; }, "input 0 names a value"},
    {"InputKind", [](ChainProgram &p) { p.inputs[0].value = p.inputs[1].value; },
     "input 0 names a value that is not its own"},
    {"OutputKind", [](ChainProgram &p) { p.outputs[0].value = p.inputs[0].value; },
     "output 0 names a value that is not its own"},
    {"ValueBytes", [](ChainProgram &p) { p.values[4].bytes = 5; }, "value 4 has a size"},
    {"ValueInputSlot", [](ChainProgram &p) { p.values[0].slot = 2; }, "value 0 names an input"},
    {"ValueOutputSlot", [](ChainProgram &p) { p.values[2].slot = 1; }, "value 2 names an output"},
    {"ConstantOffset", [](ChainProgram &p) { p.values[3].offset = 128; }, "value 3 starts beyond"},
    {"ConstantAlignment", [](ChainProgram &p) { p.values[3].offset = 4; }, "misaligned"},
    {"Lifetime", [](ChainProgram &p) { p.values[4].last_step = 4; }, "value 4 has a bad lifetime"},
    {"LifetimeOrder", [](ChainProgram &p) { p.values[4].first_step = 3; }, "value 4 has a bad lifetime"},
    {"State", [](ChainProgram &p) { p.values[4].kind = INGOT_VALUE_STATE; }, "value 4 names a state outside"},
    {"Host", [](ChainProgram &p) { p.values[4].kind = INGOT_VALUE_HOST; }, "value 4 is a host object"},
    {"ValueKind", [](ChainProgram &p) { p.values[4].kind = 6; }, "value 4 has an unknown kind"},
    {"Operands", [](ChainProgram &p) { p.steps[3].num_operands = 4; }, "step 3 has operands"},
    {"OperandsOverflow", [](ChainProgram &p) { p.steps[3].first_operand = UINT32_MAX; }, "step 3 has operands"},
    {"Operand", [](ChainProgram &p) { p.operands[0] = 99; }, "step 0 has an operand"},
    {"OperandLifetime", [](ChainProgram &p) { p.values[4].last_step = 1; }, "step 2 uses a value outside its lifetime"},
    {"Kernel", [](ChainProgram &p) { p.steps[1].kernel = 3; }, "step 1 names a kernel"},
    {"Tiles", [](ChainProgram &p) { p.kernels[1].tiles = 5; }, "kernel 1 has tiles"},
    {"Work", [](ChainProgram &p) { p.kernels[1].work = INGOT_NONE; }, "kernel 1 has tiles or work"},
    {"CheckKind",
     [](ChainProgram &p) {
       p.desc.num_checks = 1, p.checks = {{2, 0, 0, 0, "n", "w"}}, p.desc.checks = p.checks.data();
     },
     "check 0 has an unknown kind"},
    {"CheckSize",
     [](ChainProgram &p) {
       p.desc.num_checks = 1, p.checks = {{0, 0, 5, 0, "n", "w"}}, p.desc.checks = p.checks.data();
     },
     "check 0 names a size"},
    {"CheckTable", [](ChainProgram &p) { p.desc.num_checks = 1, p.desc.checks = nullptr; }, "checks"},
    {"Device", [](ChainProgram &p) { p.steps[1].device = 1; }, "step 1 names a device"},
    {"Queue", [](ChainProgram &p) { p.steps[1].queue = 1; }, "step 1 names a device"},
    {"Call", [](ChainProgram &p) { p.steps[1].kind = INGOT_STEP_CALL; }, "step 1 (scaled) is of kind 'call'"},
    {"HostStep", [](ChainProgram &p) { p.steps[1].kind = INGOT_STEP_HOST; }, "of kind 'host'"},
    {"BindOperands",
     [](ChainProgram &p) {
       p.steps[1].kind = INGOT_STEP_BIND;
       p.steps[1].num_operands = 0;
     },
     "step 1 has not one operand"},
    {"BindStage",
     [](ChainProgram &p) {
       p.steps[1].kind = INGOT_STEP_BIND;
       p.steps[1].num_operands = 1;
       p.steps[1].split = 1;
     },
     "step 1 begins no stage"},
    {"StageTable", [](ChainProgram &p) { p.desc.num_stages = 1; }, "stages"},
    {"BoundSymbols",
     [](ChainProgram &p) {
       p.symbols.push_back({"m", 0, 1});
       p.desc.symbols = p.symbols.data();
       p.desc.num_bound_symbols = 1;
     },
     "symbol 1 belongs to no stage"},
    {"StepKind", [](ChainProgram &p) { p.steps[1].kind = 9; }, "step 1 has an unknown kind"},
    {"CopyOperands", [](ChainProgram &p) { p.steps[1].kind = INGOT_STEP_COPY; }, "step 1 is a copy without"},
    {"CopyIntoInput",
     [](ChainProgram &p) {
       p.steps[1].kind = INGOT_STEP_COPY;
       p.steps[1].num_operands = 2;
     },
     "step 1 copies into"},
    {"VariantLevel", [](ChainProgram &p) { p.variants[0].level = nullptr; }, "variant 0 has no level"},
    {"VariantKernels", [](ChainProgram &p) { p.variants[0].kernels = nullptr; }, "variant 0 has no kernels"},
    {"KernelRun", [](ChainProgram &p) { p.kernels[2].run = nullptr; }, "kernel 2 has no code"},
    {"KernelWorkspace", [](ChainProgram &p) { p.kernels[2].workspace = 5; }, "kernel 2 has a workspace"},
    {"WeightsSize", [](ChainProgram &p) { p.desc.weights_size = UINT64_MAX; }, "too large"},
    {"WeightsAlignment", [](ChainProgram &p) { p.desc.weights = static_cast<const char *>(p.desc.weights) + 4; },
     "misaligned"},
    {"WeightsFile", [](ChainProgram &p) { p.desc.weights_file = "../x"; }, "directory"},
    {"NoWeights", [](ChainProgram &p) { p.desc.weights = nullptr; }, "weights_path"},
};

INSTANTIATE_TEST_SUITE_P(LoadTest, BadDescriptionTest, testing::ValuesIn(kBadCases),
                         [](const testing::TestParamInfo<BadCase> &info) { return std::string(info.param.name); });

TEST(VariantTest, TakesTheFirstThatFits) {
  ChainProgram chain;
  chain.variants = {{"x86-64-v4", INGOT_CPU_X86_64_V4, nullptr},
                    {"x86-64-v3", INGOT_CPU_X86_64_V3, nullptr},
                    {"x86-64-v2", INGOT_CPU_X86_64_V2, nullptr}};
  chain.Desc();
  const ingot_variant_t *variant = nullptr;
  uint64_t features = INGOT_CPU_X86_64_V2 | INGOT_CPU_X86_64_V3;
  ASSERT_EQ(ingot::runtime::SelectVariant(&chain.desc, features, nullptr, &variant, nullptr), INGOT_OK);
  EXPECT_STREQ(variant->level, "x86-64-v3");
  ASSERT_EQ(ingot::runtime::SelectVariant(&chain.desc, features, "x86-64-v2", &variant, nullptr), INGOT_OK);
  EXPECT_STREQ(variant->level, "x86-64-v2");
  ASSERT_EQ(ingot::runtime::SelectVariant(&chain.desc, features | INGOT_CPU_X86_64_V4, nullptr, &variant, nullptr),
            INGOT_OK);
  EXPECT_STREQ(variant->level, "x86-64-v4");
}

TEST(VariantTest, SaysWhatIsMissing) {
  ChainProgram chain;
  chain.variants = {{"x86-64-v4", INGOT_CPU_X86_64_V4 | INGOT_CPU_AMX_BF16, nullptr},
                    {"x86-64-v3", INGOT_CPU_X86_64_V3, nullptr}};
  chain.Desc();
  const ingot_variant_t *variant = nullptr;
  ingot_status_t status;
  EXPECT_EQ(ingot::runtime::SelectVariant(&chain.desc, INGOT_CPU_X86_64_V2, nullptr, &variant, &status),
            INGOT_FAILED_PRECONDITION);
  EXPECT_THAT(status.message,
              HasSubstr("this program needs x86-64-v3 (missing here: x86-64-v3), this machine offers x86-64-v2"));
  EXPECT_EQ(ingot::runtime::SelectVariant(&chain.desc, INGOT_CPU_X86_64_V2, "x86-64-v4", &variant, &status),
            INGOT_FAILED_PRECONDITION);
  EXPECT_THAT(status.message, HasSubstr("this program needs x86-64-v4 (missing here: x86-64-v4, amx-bf16)"));
  EXPECT_EQ(ingot::runtime::SelectVariant(&chain.desc, 0, nullptr, &variant, &status), INGOT_FAILED_PRECONDITION);
  EXPECT_THAT(status.message, HasSubstr("offers only the baseline"));
  EXPECT_EQ(ingot::runtime::SelectVariant(&chain.desc, 0, "x86-64-v9", &variant, &status), INGOT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("'x86-64-v9': it has x86-64-v4, x86-64-v3"));
}

TEST(VariantTest, RefusesUnknownFeatures) {
  ChainProgram chain;
  chain.variants = {{"future", 1ull << 60, nullptr}};
  EXPECT_THAT(LoadError(chain.Desc(), INGOT_FAILED_PRECONDITION), HasSubstr("unknown features 0x1000000000000000"));
}

TEST(CpuTest, FeaturesAgreeWithTheCompiler) {
  uint64_t features = ingot_cpu_features();
#if defined(__x86_64__)
  auto has = [&](uint64_t bit) { return (features & bit) != 0; };
  EXPECT_EQ(has(INGOT_CPU_X86_64_V3),
            __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"));
  EXPECT_EQ(has(INGOT_CPU_X86_64_V4), __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                                          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                                          __builtin_cpu_supports("avx512cd"));
  EXPECT_GE(has(INGOT_CPU_X86_64_V3), has(INGOT_CPU_X86_64_V4));
  EXPECT_GE(has(INGOT_CPU_X86_64_V2), has(INGOT_CPU_X86_64_V3));
  EXPECT_TRUE(ingot::runtime::EnableFeatures(features)) << "what is offered can be enabled";
#else
  EXPECT_EQ(features, 0u);
#endif
}

TEST(DtypeTest, NamesAndSizes) {
  EXPECT_STREQ(ingot_dtype_name(INGOT_F32), "f32");
  EXPECT_STREQ(ingot_dtype_name(INGOT_BF16), "bf16");
  EXPECT_STREQ(ingot_dtype_name(INGOT_BOOL), "bool");
  EXPECT_STREQ(ingot_dtype_name(0), "invalid");
  EXPECT_STREQ(ingot_dtype_name(INGOT_F8E5M2), "f8e5m2");
  EXPECT_STREQ(ingot_dtype_name(INGOT_COMPLEX64), "complex64");
  EXPECT_STREQ(ingot_dtype_name(19), "invalid");
  const uint32_t bits[] = {0, 64, 32, 16, 16, 64, 32, 16, 8, 64, 32, 16, 8, 8, 8, 8, 4, 4, 64, 0};
  for (uint32_t d = 0; d < 20; ++d) {
    EXPECT_EQ(ingot_dtype_size(d), (bits[d] + 7) / 8) << d;
    EXPECT_EQ(ingot::runtime::DtypeBits(d), bits[d]) << d;
    EXPECT_EQ(ingot::runtime::DtypeAlignment(d), d == INGOT_COMPLEX64 ? 4 : std::max<uint32_t>((bits[d] + 7) / 8, 1));
  }
}

TEST(DtypeTest, BytesOfElements) {
  using ingot::runtime::BytesOfElements;
  int64_t bytes = 0;
  for (uint32_t bits : {4u, 8u, 16u, 32u, 64u}) {
    for (int64_t count : {0, 1, 2, 3, 7, 8, 9, 1001}) {
      ASSERT_TRUE(BytesOfElements(bits, count, &bytes));
      EXPECT_EQ(bytes, (count * bits + 7) / 8) << bits << " " << count;
    }
  }
  EXPECT_TRUE(BytesOfElements(4, INT64_MAX, &bytes));
  EXPECT_EQ(bytes, INT64_MAX / 2 + 1);
  EXPECT_FALSE(BytesOfElements(4, -1, &bytes));
  EXPECT_TRUE(BytesOfElements(16, INT64_MAX / 2, &bytes));
  EXPECT_FALSE(BytesOfElements(16, INT64_MAX / 2 + 1, &bytes));
}

}  // namespace
}  // namespace ingot_test
