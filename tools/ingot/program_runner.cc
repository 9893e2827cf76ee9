#include "tools/ingot/program_runner.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

absl::Status ToStatus(int32_t code, const ingot_status_t &status) {
  switch (code) {
    case INGOT_OK:
      return absl::OkStatus();
    case INGOT_INTERNAL:
      return absl::InternalError(status.message);
    case INGOT_OUT_OF_MEMORY:
      return absl::ResourceExhaustedError(status.message);
    case INGOT_FAILED_PRECONDITION:
      return absl::FailedPreconditionError(status.message);
    default:
      return absl::InvalidArgumentError(status.message);
  }
}

// Memory as the runtime's own buffers have it, so that timings do not depend on what malloc returns.
absl::StatusOr<Tensor> AlignedTensor(DType dtype, std::vector<int64_t> dims, size_t bytes) {
  size_t rounded = (std::max(bytes, size_t{1}) + INGOT_ALIGNMENT - 1) / INGOT_ALIGNMENT * INGOT_ALIGNMENT;
  std::shared_ptr<void> memory(std::aligned_alloc(INGOT_ALIGNMENT, rounded), std::free);
  if (memory == nullptr)
    return absl::ResourceExhaustedError(
        absl::StrCat("out of memory: a tensor needs ", bytes, " bytes; use smaller dims"));
  std::memset(memory.get(), 0, rounded);
  const void *data = memory.get();
  return Tensor(dtype, std::move(dims), data, std::move(memory));
}

absl::StatusOr<Tensor> AlignedCopy(const Tensor &tensor) {
  ASSIGN_OR_RETURN(Tensor copy, AlignedTensor(tensor.dtype(), tensor.dims(), tensor.bytes()));
  if (tensor.bytes() != 0) std::memcpy(copy.mutable_data(), tensor.data(), tensor.bytes());
  return copy;
}

ingot_tensor_t ViewOf(const Tensor &tensor) {
  ingot_tensor_t view = {};
  view.data = const_cast<char *>(tensor.data());  // the runtime does not write to inputs
  view.bytes = tensor.bytes();
  view.dtype = static_cast<uint32_t>(tensor.dtype());
  view.rank = static_cast<uint32_t>(tensor.rank());
  std::copy(tensor.dims().begin(), tensor.dims().end(), view.dims);
  return view;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProgramRunner>> ProgramRunner::Create(const ingot_program_t *program, uint32_t threads,
                                                                     const ingot_trace_t *trace) {
  std::unique_ptr<ProgramRunner> runner(new ProgramRunner);
  runner->desc_ = ingot_program_get_desc(program);
  runner->program_ = program;
  ingot_status_t status = {};
  if (threads != 1) RETURN_IF_ERROR(ToStatus(ingot_pool_create(threads, &runner->pool_, &status), status));
  ingot_context_options_t options = {};
  options.struct_size = sizeof(options);
  options.pool = runner->pool_;
  options.trace = trace;
  RETURN_IF_ERROR(ToStatus(ingot_context_create(program, &options, &runner->context_, &status), status));
  return runner;
}

ProgramRunner::~ProgramRunner() {
  ingot_context_free(context_);
  ingot_state_free(state_);
  ingot_pool_free(pool_);
}

absl::Status ProgramRunner::MakeStates(const std::map<std::string, int64_t> &sizes) {
  if (desc_->num_states == 0) return absl::OkStatus();
  std::vector<int64_t> symbols;
  for (uint32_t s = 0; s < desc_->num_symbols; ++s) {
    auto found = sizes.find(desc_->symbols[s].name);
    symbols.push_back(found == sizes.end() ? -1 : found->second);
  }
  ingot_state_t *made = nullptr;
  ingot_status_t status = {};
  int32_t code = ingot_state_create(program_, symbols.data(), nullptr, &made, &status);
  if (code == INGOT_OK) code = ingot_context_set_state(context_, made, &status);
  if (code != INGOT_OK) {
    bool is_missing = std::find(symbols.begin(), symbols.end(), -1) != symbols.end();
    const char *remedy = is_missing ? "; on the command line: --dim NAME=SIZE" : "";
    return absl::InvalidArgumentError(absl::StrCat(status.message, remedy));
  }
  ingot_state_free(state_);
  state_ = made;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::pair<std::string, Tensor>>> ProgramRunner::States() {
  std::vector<std::pair<std::string, Tensor>> states;
  for (uint32_t i = 0; state_ != nullptr && i < desc_->num_states; ++i) {
    ingot_tensor_t view = {};
    ingot_status_t status = {};
    RETURN_IF_ERROR(ToStatus(ingot_state_query(state_, i, &view, &status), status));
    ASSIGN_OR_RETURN(Tensor tensor,
                     AlignedTensor(static_cast<DType>(view.dtype), {view.dims, view.dims + view.rank}, view.bytes));
    view.data = tensor.mutable_data();
    RETURN_IF_ERROR(ToStatus(ingot_state_read(state_, i, &view, &status), status));
    states.emplace_back(desc_->states[i].io.name, std::move(tensor));
  }
  return states;
}

absl::Status ProgramRunner::SetStates(const std::vector<std::pair<std::string, Tensor>> &states) {
  for (uint32_t i = 0; i < states.size(); ++i) {
    ingot_tensor_t view = ViewOf(states[i].second);
    ingot_status_t status = {};
    RETURN_IF_ERROR(ToStatus(ingot_state_write(state_, i, &view, &status), status));
  }
  return absl::OkStatus();
}

absl::Status ProgramRunner::Bind(const std::vector<Tensor> &inputs) {
  if (inputs.size() != desc_->num_inputs) {
    return absl::InvalidArgumentError(
        absl::StrCat("program '", desc_->name, "' takes ", desc_->num_inputs, " inputs, got ", inputs.size()));
  }
  inputs_.clear();
  outputs_.clear();
  input_views_.clear();
  for (const Tensor &input : inputs) {
    if (input.rank() > static_cast<int>(INGOT_MAX_RANK)) {
      return absl::InvalidArgumentError(
          absl::StrCat("an input has rank ", input.rank(), "; at most ", INGOT_MAX_RANK, " is possible"));
    }
    ASSIGN_OR_RETURN(Tensor aligned, AlignedCopy(input));
    inputs_.push_back(std::move(aligned));
    input_views_.push_back(ViewOf(inputs_.back()));
  }
  output_views_.assign(desc_->num_outputs, ingot_tensor_t{});
  ingot_status_t status = {};
  RETURN_IF_ERROR(ToStatus(ingot_context_query(context_, input_views_.data(), output_views_.data(), &status), status));
  for (ingot_tensor_t &view : output_views_) {
    if (std::any_of(view.dims, view.dims + view.rank, [](int64_t dim) { return dim < 0; })) {
      outputs_.push_back(Tensor());  // the run finds its size, and the context has it
      continue;
    }
    ASSIGN_OR_RETURN(Tensor output,
                     AlignedTensor(static_cast<DType>(view.dtype), {view.dims, view.dims + view.rank}, view.bytes));
    view.data = output.mutable_data();
    outputs_.push_back(std::move(output));
  }
  return absl::OkStatus();
}

absl::Status ProgramRunner::Run() {
  ingot_status_t status;
  int32_t code = ingot_context_run(context_, input_views_.data(), output_views_.data(), &status);
  return code == INGOT_OK ? absl::OkStatus() : ToStatus(code, status);
}

absl::StatusOr<std::vector<Tensor>> ProgramRunner::Outputs() {
  std::vector<Tensor> outputs = outputs_;
  for (uint32_t i = 0; i < desc_->num_outputs; ++i) {
    if (output_views_[i].data != nullptr) continue;
    ingot_status_t status = {};
    ingot_tensor_t view;
    RETURN_IF_ERROR(ToStatus(ingot_context_get_output(context_, i, &view, &status), status));
    outputs[i] = Tensor::Copy(static_cast<DType>(view.dtype), {view.dims, view.dims + view.rank}, view.data);
  }
  return outputs;
}

absl::StatusOr<std::vector<Tensor>> ProgramRunner::Evaluate(const std::vector<Tensor> &inputs) {
  RETURN_IF_ERROR(Bind(inputs));
  RETURN_IF_ERROR(Run());
  return Outputs();
}

absl::StatusOr<std::vector<int64_t>> StepWork(const ingot_program_desc_t &desc, const std::vector<Tensor> &inputs) {
  std::vector<int64_t> sizes(std::max(desc.num_sizes, desc.num_symbols));
  for (uint32_t i = 0; i < desc.num_inputs && i < inputs.size(); ++i) {
    const ingot_io_t &io = desc.inputs[i];
    for (uint32_t d = 0; d < io.rank && d < inputs[i].dims().size(); ++d) {
      if (io.dims[d] < desc.num_symbols) sizes[io.dims[d]] = inputs[i].dims()[d];
    }
  }
  if (desc.eval_sizes != nullptr && desc.eval_sizes(sizes.data(), 0) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a size of program '", desc.name, "' overflows or divides by zero; use other dims"));
  }
  std::vector<int64_t> work;
  for (uint32_t s = 0; s < desc.num_steps; ++s) {
    const ingot_step_t &step = desc.steps[s];
    if (step.kind != INGOT_STEP_KERNEL) {
      work.push_back(0);
      continue;
    }
    uint32_t index = desc.variants[0].kernels[step.kernel].work;
    work.push_back(index < sizes.size() ? sizes[index] : 0);
  }
  return work;
}

StepCounts &StepCounts::operator+=(const StepCounts &other) {
  generated += other.generated;
  library += other.library;
  host += other.host;
  reference += other.reference;
  copies += other.copies;
  return *this;
}

const char *StepOrigin(const ingot_program_desc_t &desc, uint32_t step) {
  static constexpr const char *kOrigins[] = {"generated", "library", "host", "reference"};
  if (desc.steps[step].kind == INGOT_STEP_COPY) return "copy";
  if (desc.steps[step].kind != INGOT_STEP_KERNEL) return "control";
  // Variants differ in code, not in what a kernel is.
  uint32_t origin = desc.variants[0].kernels[desc.steps[step].kernel].origin;
  return kOrigins[std::min(origin, uint32_t{3})];
}

StepCounts CountSteps(const ingot_program_t *program) {
  const ingot_program_desc_t &desc = *ingot_program_get_desc(program);
  StepCounts counts;
  for (uint32_t s = 0; s < desc.num_steps; ++s) {
    std::string origin = StepOrigin(desc, s);
    if (origin == "control") continue;  // computes nothing
    int64_t &count = origin == "generated" ? counts.generated
                     : origin == "library" ? counts.library
                     : origin == "host"    ? counts.host
                     : origin == "copy"    ? counts.copies
                                           : counts.reference;
    ++count;
  }
  return counts;
}

}  // namespace ingot::tool
