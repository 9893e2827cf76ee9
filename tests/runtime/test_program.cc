// The builder and helpers of test_program.h.
// Linked into every test of this folder.
#include "tests/runtime/test_program.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace ingot_test {
namespace {

ingot_io_t MakeIo(const char *name, uint32_t value, uint32_t dtype, const std::vector<uint32_t> &dims) {
  ingot_io_t io = {name, value, dtype, static_cast<uint32_t>(dims.size()), {}};
  for (size_t d = 0; d < dims.size(); ++d) io.dims[d] = dims[d];
  return io;
}

int32_t EvalChain(int64_t *sizes, uint32_t) {
  if (__builtin_mul_overflow(sizes[0], int64_t{4}, &sizes[1])) return 1;
  sizes[2] = (sizes[0] + kChainTile - 1) / kChainTile;
  if (__builtin_mul_overflow(sizes[0], int64_t{1000}, &sizes[3])) return 1;
  sizes[4] = sizeof(float);
  return 0;
}

template <typename Body>
int32_t ForTiles(const int64_t *sizes, int64_t begin, int64_t end, Body body) {
  for (int64_t i = begin * kChainTile; i < std::min(end * kChainTile, sizes[0]); ++i) body(i);
  return 0;
}

int32_t Add(void *const *b, const int64_t *sizes, int64_t begin, int64_t end, void *) {
  return ForTiles(sizes, begin, end, [&](int64_t i) {
    static_cast<float *>(b[2])[i] = static_cast<const float *>(b[0])[i] + static_cast<const float *>(b[1])[i];
  });
}

int32_t Scale(void *const *b, const int64_t *sizes, int64_t begin, int64_t end, void *) {
  return ForTiles(sizes, begin, end, [&](int64_t i) {
    static_cast<float *>(b[2])[i] = static_cast<const float *>(b[0])[i] * static_cast<const float *>(b[1])[0];
  });
}

int32_t Subtract(void *const *b, const int64_t *sizes, int64_t begin, int64_t end, void *) {
  return ForTiles(sizes, begin, end, [&](int64_t i) {
    static_cast<float *>(b[2])[i] = static_cast<const float *>(b[0])[i] - static_cast<const float *>(b[1])[i];
  });
}

alignas(64) const float kChainWeights[16] = {3};

float X(int64_t i, float seed) { return seed * static_cast<float>(i % 97); }
float Y(int64_t i, float seed) { return seed + static_cast<float>(i % 31); }

}  // namespace

const float kChainWeight = kChainWeights[0];

uint32_t TestProgram::AddInput(const char *name, uint32_t dtype, std::vector<uint32_t> dims, uint32_t bytes) {
  auto value = static_cast<uint32_t>(values.size());
  values.push_back({INGOT_VALUE_INPUT, static_cast<uint32_t>(inputs.size()), 0, bytes, 0, 0, 0});
  inputs.push_back(MakeIo(name, value, dtype, dims));
  return value;
}

uint32_t TestProgram::AddOutput(const char *name, uint32_t dtype, std::vector<uint32_t> dims, uint32_t bytes) {
  auto value = static_cast<uint32_t>(values.size());
  values.push_back({INGOT_VALUE_OUTPUT, static_cast<uint32_t>(outputs.size()), 0, bytes, 0, 0, 0});
  outputs.push_back(MakeIo(name, value, dtype, dims));
  return value;
}

uint32_t TestProgram::AddState(const char *name, uint32_t dtype, std::vector<uint32_t> dims, uint32_t bytes,
                               uint32_t first_write, uint64_t initial) {
  auto value = static_cast<uint32_t>(values.size());
  values.push_back({INGOT_VALUE_STATE, static_cast<uint32_t>(states.size()), 0, bytes, first_write, 0, 0});
  states.push_back({MakeIo(name, value, dtype, dims), initial, initial != INGOT_NONE, 0});
  return value;
}

uint32_t TestProgram::AddArena(uint32_t bytes, uint32_t first_step, uint32_t last_step) {
  values.push_back({INGOT_VALUE_ARENA, 0, 0, bytes, first_step, last_step, 0});
  return static_cast<uint32_t>(values.size() - 1);
}

uint32_t TestProgram::AddConstant(uint64_t offset, uint32_t bytes) {
  values.push_back({INGOT_VALUE_CONSTANT, 0, offset, bytes, 0, 0, 0});
  return static_cast<uint32_t>(values.size() - 1);
}

uint32_t TestProgram::AddKernel(const char *name, ingot_kernel_fn_t run, uint32_t workspace) {
  kernels.push_back({name, run, nullptr, nullptr, INGOT_NONE, INGOT_NONE, workspace, 0});
  return static_cast<uint32_t>(kernels.size() - 1);
}

uint32_t TestProgram::AddStep(const char *name, uint32_t kernel, std::vector<uint32_t> step_operands, uint32_t tiles,
                              uint32_t work) {
  steps.push_back({INGOT_STEP_KERNEL, kernel, static_cast<uint32_t>(operands.size()),
                   static_cast<uint32_t>(step_operands.size()), 0, 0, INGOT_NONE, INGOT_NONE, 0, 0, name});
  kernels[kernel].tiles = tiles;
  kernels[kernel].work = work;
  operands.insert(operands.end(), step_operands.begin(), step_operands.end());
  return static_cast<uint32_t>(steps.size() - 1);
}

uint32_t TestProgram::AddCopy(uint32_t from, uint32_t to) {
  steps.push_back({INGOT_STEP_COPY, INGOT_NONE, static_cast<uint32_t>(operands.size()), 2, 0, 0, INGOT_NONE, INGOT_NONE,
                   0, 0, "copy"});
  operands.push_back(from);
  operands.push_back(to);
  return static_cast<uint32_t>(steps.size() - 1);
}

uint32_t TestProgram::AddControl(ingot_step_kind_t kind, uint32_t condition) {
  steps.push_back({kind, INGOT_NONE, static_cast<uint32_t>(operands.size()), 1, 0, 0, INGOT_NONE, INGOT_NONE, 0, 0,
                   kind == INGOT_STEP_IF ? "if" : "while"});
  operands.push_back(condition);
  return static_cast<uint32_t>(steps.size() - 1);
}

ingot_program_desc_t *TestProgram::Desc() {
  if (variants.empty()) variants.push_back({"baseline", 0, nullptr});
  for (ingot_variant_t &variant : variants) variant.kernels = kernels.data();
  desc.struct_size = sizeof(desc);
  desc.abi_version = INGOT_ABI_VERSION;
  if (desc.name == nullptr) desc.name = "test";
  desc.precision = "fp32";
  desc.num_symbols = static_cast<uint32_t>(symbols.size());
  desc.symbols = symbols.data();
  desc.num_checks = static_cast<uint32_t>(checks.size());
  desc.checks = checks.data();
  desc.num_entry_checks = entry_checks == INGOT_NONE ? desc.num_checks : entry_checks;
  desc.num_inputs = static_cast<uint32_t>(inputs.size());
  desc.inputs = inputs.data();
  desc.num_outputs = static_cast<uint32_t>(outputs.size());
  desc.outputs = outputs.data();
  desc.num_states = static_cast<uint32_t>(states.size());
  desc.states = states.data();
  desc.num_values = static_cast<uint32_t>(values.size());
  desc.values = values.data();
  desc.num_operands = static_cast<uint32_t>(operands.size());
  desc.operands = operands.data();
  desc.num_steps = static_cast<uint32_t>(steps.size());
  desc.steps = steps.data();
  desc.num_kernels = static_cast<uint32_t>(kernels.size());
  desc.num_variants = static_cast<uint32_t>(variants.size());
  desc.variants = variants.data();
  return &desc;
}

ChainProgram::ChainProgram(int64_t max) {
  desc.name = "chain";
  symbols = {{"n", 0, max}};
  desc.num_sizes = 5;
  desc.eval_sizes = EvalChain;
  desc.weights = kChainWeights;
  desc.weights_size = sizeof(kChainWeights);
  uint32_t x = AddInput("x", INGOT_F32, {0}, 1), y = AddInput("y", INGOT_F32, {0}, 1),
           out = AddOutput("out", INGOT_F32, {0}, 1);
  uint32_t weight = AddConstant(0, 4), sum = AddArena(1, 0, 2), scaled = AddArena(1, 1, 2), total = AddArena(1, 2, 3);
  uint32_t add = AddKernel("add", Add), scale = AddKernel("scale", Scale), subtract = AddKernel("subtract", Subtract);
  AddStep("sum", add, {x, y, sum}, 2, 3);
  AddStep("scaled", scale, {sum, weight, scaled}, 2, 3);
  AddStep("total", add, {scaled, sum, total}, 2, 3);
  AddStep("difference", subtract, {total, y, out}, 2, 3);
}

float ChainResult(float x, float y) {
  float sum = x + y;
  return (sum * kChainWeight + sum) - y;
}

std::atomic<bool> endless_runs{false};
std::atomic<bool> accumulate_waits{false}, accumulate_may_end{false};

namespace {

int32_t Before(void *const *buffers, const int64_t *, int64_t, int64_t, void *) {
  return *static_cast<float *>(buffers[0]) == kFailsBefore ? 7 : 0;
}
int32_t After(void *const *buffers, const int64_t *, int64_t, int64_t, void *) {
  float x = *static_cast<float *>(buffers[0]);
  accumulate_waits = x == kWaits;
  while (x == kWaits && !accumulate_may_end) {
  }
  return x == kFailsAfter ? 8 : 0;
}

}  // namespace

AccumulateProgram::AccumulateProgram() {
  desc.name = "accumulate";
  symbols = {{"n", 0, 1 << 20}};
  desc.num_sizes = 5;
  desc.eval_sizes = EvalChain;
  desc.weights = kChainWeights;
  desc.weights_size = sizeof(kChainWeights);
  uint32_t x = AddInput("x", INGOT_F32, {0}, 1), out = AddOutput("out", INGOT_F32, {0}, 1);
  uint32_t total = AddState("total", INGOT_F32, {0}, 1, 2);
  AddState("factor", INGOT_F32, {0}, 1, INGOT_NONE, 0);
  AddStep("before", AddKernel("before", Before), {x}, 2, 3);
  AddStep("sum", AddKernel("add", Add), {total, x, out}, 2, 3);
  AddCopy(out, total);
  AddStep("after", AddKernel("after", After), {x}, 2, 3);
}

namespace {

// count < limit, but for the limit -1, which is never reached.
int32_t Less(void *const *buffers, const int64_t *, int64_t, int64_t, void *) {
  int64_t count = *static_cast<int64_t *>(buffers[0]), limit = *static_cast<int64_t *>(buffers[1]);
  if (limit == -1) endless_runs = true;
  *static_cast<unsigned char *>(buffers[2]) = limit == -1 || count < limit;
  return 0;
}
int32_t Increment(void *const *buffers, const int64_t *, int64_t, int64_t, void *) {
  *static_cast<int64_t *>(buffers[1]) = *static_cast<int64_t *>(buffers[0]) + 1;
  return 0;
}
int32_t SetToZero(void *const *buffers, const int64_t *, int64_t, int64_t, void *) {
  *static_cast<int64_t *>(buffers[0]) = 0;
  return 0;
}
int32_t EvalCount(int64_t *sizes, uint32_t) {
  sizes[0] = 8;
  sizes[1] = 1;
  return 0;
}

}  // namespace

CountProgram::CountProgram() {
  desc.num_sizes = 2;
  desc.eval_sizes = EvalCount;
  uint32_t limit = AddInput("limit", INGOT_I64, {}, 0), out = AddOutput("out", INGOT_I64, {}, 0);
  uint32_t holds = AddArena(1, 1, 4), next = AddArena(0, 3, 4);
  AddStep("zero", AddKernel("zero", SetToZero), {out}, 1, 1);
  AddControl(INGOT_STEP_WHILE, holds);
  AddStep("less", AddKernel("less", Less), {out, limit, holds}, 1, 1);
  AddStep("increment", AddKernel("increment", Increment), {out, next}, 1, 1);
  AddCopy(next, out);
  steps[1].split = 3;
  steps[1].end = 5;
}

Program Load(const ingot_program_desc_t *desc, const char *weights) {
  ingot_status_t status;
  ingot_program_t *program = nullptr;
  ingot_load_options_t options = {sizeof(options), weights, nullptr, nullptr};
  EXPECT_EQ(ingot_program_load(desc, &options, &program, &status), INGOT_OK) << status.message;
  return Program(program);
}

Context MakeContext(const Program &program, const ingot_context_options_t &options) {
  ingot_status_t status;
  ingot_context_t *context = nullptr;
  EXPECT_EQ(ingot_context_create(program.get(), &options, &context, &status), INGOT_OK) << status.message;
  return Context(context);
}

Context MakeContext(const Program &program, ingot_pool_t *pool) {
  return MakeContext(program, {sizeof(ingot_context_options_t), pool, nullptr, nullptr, nullptr});
}

State MakeState(const Program &program, const std::vector<int64_t> &symbols) {
  ingot_state_t *state = nullptr;
  ingot_status_t status;
  EXPECT_EQ(ingot_state_create(program.get(), symbols.empty() ? nullptr : symbols.data(), nullptr, &state, &status),
            INGOT_OK)
      << status.message;
  return State(state);
}

Pool MakePool(uint32_t threads) {
  ingot_status_t status;
  ingot_pool_t *pool = nullptr;
  EXPECT_EQ(ingot_pool_create(threads, &pool, &status), INGOT_OK) << status.message;
  return Pool(pool);
}

std::string LoadError(const ingot_program_desc_t *desc, int32_t code, const ingot_load_options_t *options) {
  ingot_status_t status = {};
  ingot_program_t *program = nullptr;
  EXPECT_EQ(ingot_program_load(desc, options, &program, &status), code);
  EXPECT_EQ(status.code, code);
  EXPECT_EQ(program, nullptr);
  ingot_program_free(program);
  return status.message;
}

std::vector<float> RunChain(ingot_context_t *context, int64_t n, float seed) {
  std::vector<float> x(n), y(n), out(n, -1);
  for (int64_t i = 0; i < n; ++i) {
    x[i] = X(i, seed);
    y[i] = Y(i, seed);
  }
  ingot_tensor_t inputs[] = {Tensor(x, INGOT_F32, {n}), Tensor(y, INGOT_F32, {n})};
  ingot_tensor_t outputs[] = {Tensor(out, INGOT_DTYPE_INVALID, {})};
  ingot_status_t status;
  EXPECT_EQ(ingot_context_run(context, inputs, outputs, &status), INGOT_OK) << status.message;
  EXPECT_EQ(outputs[0].dtype, INGOT_F32);
  EXPECT_EQ(outputs[0].rank, 1u);
  EXPECT_EQ(outputs[0].dims[0], n);
  return out;
}

std::vector<float> ExpectedChain(int64_t n, float seed) {
  std::vector<float> out(n);
  for (int64_t i = 0; i < n; ++i) out[i] = ChainResult(X(i, seed), Y(i, seed));
  return out;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ingot-test-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void WriteFile(const std::string &path, const std::string &bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(file.good()) << path;
}

std::string ReadWholeFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace ingot_test
