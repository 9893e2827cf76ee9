// Hand-written program descriptions for the runtime's tests: a builder over the plain structs of ingot/abi.h, kernels
// that are plain functions, and tensors over vectors. Not a test itself.
#ifndef INGOT_TESTS_RUNTIME_TEST_PROGRAM_H_
#define INGOT_TESTS_RUNTIME_TEST_PROGRAM_H_

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "ingot/runtime.h"

namespace ingot_test {

// Owns the tables of one description. Add things, then call Desc(); further changes go straight into the vectors or the
// returned struct.
struct TestProgram {
  std::vector<ingot_symbol_t> symbols;
  std::vector<ingot_check_t> checks;
  std::vector<ingot_io_t> inputs, outputs;
  std::vector<ingot_state_desc_t> states;
  std::vector<ingot_value_t> values;
  std::vector<uint32_t> operands;
  std::vector<ingot_step_t> steps;
  std::vector<ingot_kernel_t> kernels;
  std::vector<ingot_variant_t> variants;
  ingot_program_desc_t desc = {};
  uint32_t entry_checks = INGOT_NONE;  // all of them

  uint32_t AddInput(const char *name, uint32_t dtype, std::vector<uint32_t> dims, uint32_t bytes);
  uint32_t AddOutput(const char *name, uint32_t dtype, std::vector<uint32_t> dims, uint32_t bytes);
  // `first_write`: the first step that writes it, or INGOT_NONE; `initial`: of a constant that fills it.
  uint32_t AddState(const char *name, uint32_t dtype, std::vector<uint32_t> dims, uint32_t bytes, uint32_t first_write,
                    uint64_t initial = INGOT_NONE);
  uint32_t AddArena(uint32_t bytes, uint32_t first_step, uint32_t last_step);
  uint32_t AddConstant(uint64_t offset, uint32_t bytes);
  uint32_t AddKernel(const char *name, ingot_kernel_fn_t run, uint32_t workspace = INGOT_NONE);
  // `tiles` and `work` are the kernel's.
  uint32_t AddStep(const char *name, uint32_t kernel, std::vector<uint32_t> step_operands, uint32_t tiles,
                   uint32_t work);
  uint32_t AddCopy(uint32_t from, uint32_t to);
  // IF or WHILE; split and end are set once the steps of its blocks are there.
  uint32_t AddControl(ingot_step_kind_t kind, uint32_t condition);
  // Points the description at the tables; kernels serve one variant of the baseline level unless variants were added.
  ingot_program_desc_t *Desc();
};

// The example most tests use: out = ((x + y) * w + (x + y)) - y, element by element over symbol n, in four steps with
// two arena values. Sizes: 0 n, 1 bytes, 2 tiles, 3 work, 4 weight bytes. Work is n * 1000: a pool is used from n = 50
// on, if there are tiles for it.
struct ChainProgram : TestProgram {
  explicit ChainProgram(int64_t max = 1 << 20);
};
constexpr int64_t kChainTile = 256;
float ChainResult(float x, float y);
extern const float kChainWeight;

// out = limit, counted: while (out < limit) out = out + 1. Steps: 0 zero, 1 while, 2 less, 3 increment, 4 copy. The
// limit -1 is never reached: `endless_runs` says that such a loop turns.
struct CountProgram : TestProgram {
  CountProgram();
};
extern std::atomic<bool> endless_runs;

// out = total + x, element by element over symbol n, with the states `total`, which out takes the place of, and
// `factor`, filled with kChainWeight, which stays. Steps: 0 before, 1 sum, 2 copy, 3 after; sizes as of the chain.
// x[0] = kFailsBefore or kFailsAfter: that step fails. x[0] = kWaits: step 3 waits for accumulate_may_end.
struct AccumulateProgram : TestProgram {
  AccumulateProgram();
};
constexpr float kFailsBefore = -100, kFailsAfter = -200, kWaits = -300;
extern std::atomic<bool> accumulate_waits, accumulate_may_end;

struct ProgramDeleter {
  void operator()(ingot_program_t *p) const { ingot_program_free(p); }
  void operator()(ingot_context_t *p) const { ingot_context_free(p); }
  void operator()(ingot_state_t *p) const { ingot_state_free(p); }
  void operator()(ingot_pool_t *p) const { ingot_pool_free(p); }
};
using Program = std::unique_ptr<ingot_program_t, ProgramDeleter>;
using Context = std::unique_ptr<ingot_context_t, ProgramDeleter>;
using State = std::unique_ptr<ingot_state_t, ProgramDeleter>;
using Pool = std::unique_ptr<ingot_pool_t, ProgramDeleter>;

// Each fails the test with the runtime's message when it cannot.
Program Load(const ingot_program_desc_t *desc, const char *weights = nullptr);
Context MakeContext(const Program &program, ingot_pool_t *pool = nullptr);
Context MakeContext(const Program &program, const ingot_context_options_t &options);
State MakeState(const Program &program, const std::vector<int64_t> &symbols = {});
Pool MakePool(uint32_t threads);

// The message of a load that has to fail with `code`.
std::string LoadError(const ingot_program_desc_t *desc, int32_t code, const ingot_load_options_t *options = nullptr);

template <typename T>
ingot_tensor_t Tensor(std::vector<T> &data, uint32_t dtype, std::vector<int64_t> dims) {
  ingot_tensor_t tensor = {data.data(), data.size() * sizeof(T), dtype, static_cast<uint32_t>(dims.size()), {}};
  for (size_t d = 0; d < dims.size() && d < INGOT_MAX_RANK; ++d) tensor.dims[d] = dims[d];
  return tensor;
}

// Runs the chain on n numbers and returns the output.
std::vector<float> RunChain(ingot_context_t *context, int64_t n, float seed = 1);
std::vector<float> ExpectedChain(int64_t n, float seed = 1);

// A directory that is removed with all it holds.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  std::string Path(const std::string &name) const { return path_ + "/" + name; }
  const std::string &path() const { return path_; }

 private:
  std::string path_;
};
void WriteFile(const std::string &path, const std::string &bytes);
std::string ReadWholeFile(const std::string &path);

}  // namespace ingot_test

#endif  // INGOT_TESTS_RUNTIME_TEST_PROGRAM_H_
