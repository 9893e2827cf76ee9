// Runs a compiled program, from the JIT or from a shared object, through the runtime's C interface. The only place
// where Tensor and ingot_tensor_t meet.
#ifndef INGOT_TOOLS_INGOT_PROGRAM_RUNNER_H_
#define INGOT_TOOLS_INGOT_PROGRAM_RUNNER_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/runtime.h"
#include "ingot/tensor.h"

namespace ingot::tool {

class ProgramRunner {
 public:
  // The program is borrowed. `threads` 0: as many as this process may use. `trace` (or nullptr) is borrowed.
  static absl::StatusOr<std::unique_ptr<ProgramRunner>> Create(const ingot_program_t *program, uint32_t threads,
                                                               const ingot_trace_t *trace = nullptr);
  ~ProgramRunner();
  ProgramRunner(const ProgramRunner &) = delete;
  ProgramRunner &operator=(const ProgramRunner &) = delete;

  // For programs with states: makes them for these sizes of symbols (a runner without takes those of its first run),
  // with their initial values. InvalidArgument names a size that is missing.
  absl::Status MakeStates(const std::map<std::string, int64_t> &sizes);
  // The states, in the program's order.
  absl::StatusOr<std::vector<std::pair<std::string, Tensor>>> States();
  // `states` as States gives them.
  absl::Status SetStates(const std::vector<std::pair<std::string, Tensor>> &states);

  // Checks inputs and makes room for outputs. Afterwards Run() does nothing but run.
  absl::Status Bind(const std::vector<Tensor> &inputs);
  absl::Status Run();
  // Of the last run, those whose size it found among them.
  absl::StatusOr<std::vector<Tensor>> Outputs();

  // Bind, Run and Outputs.
  absl::StatusOr<std::vector<Tensor>> Evaluate(const std::vector<Tensor> &inputs);

  uint32_t threads() const { return pool_ == nullptr ? 1 : ingot_pool_get_threads(pool_); }

 private:
  ProgramRunner() = default;
  const ingot_program_desc_t *desc_ = nullptr;
  ingot_pool_t *pool_ = nullptr;
  const ingot_program_t *program_ = nullptr;
  ingot_context_t *context_ = nullptr;
  ingot_state_t *state_ = nullptr;
  std::vector<Tensor> inputs_, outputs_;
  std::vector<ingot_tensor_t> input_views_, output_views_;
};

// The rough number of scalar operations of each step of the program for inputs of these dims, as the program states it
// to the scheduler; 0 for copies.
absl::StatusOr<std::vector<int64_t>> StepWork(const ingot_program_desc_t &desc, const std::vector<Tensor> &inputs);

// Steps by where their code comes from.
struct StepCounts {
  int64_t generated = 0, library = 0, host = 0, reference = 0, copies = 0;
  StepCounts &operator+=(const StepCounts &other);
};
StepCounts CountSteps(const ingot_program_t *program);
// "generated", "library", "host", "reference" or "copy".
const char *StepOrigin(const ingot_program_desc_t &desc, uint32_t step);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_PROGRAM_RUNNER_H_
