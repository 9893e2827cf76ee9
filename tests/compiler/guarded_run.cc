#include "tests/compiler/guarded_run.h"

#include <sys/mman.h>

#include <cstring>
#include <memory>

// Only in ingot_runtime_guarded.
extern "C" __attribute__((weak)) void ingot_guard_at_start(int32_t yes);

namespace ingot {
namespace {

constexpr size_t kPage = 4096;

// Tensor data between two pages that fault.
class GuardedTensor {
 public:
  GuardedTensor(size_t bytes, Guard guard) : bytes_(bytes), pages_((bytes + kPage - 1) / kPage * kPage) {
    base_ = static_cast<char *>(mmap(nullptr, pages_ + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    data_ = base_ + kPage + (guard == Guard::kStart ? 0 : pages_ - bytes_);
    if (pages_ != 0) mprotect(base_ + kPage, pages_, PROT_READ | PROT_WRITE);
    Poison();
  }
  GuardedTensor(GuardedTensor &&other)
      : bytes_(other.bytes_), pages_(other.pages_), base_(other.base_), data_(other.data_) {
    other.base_ = nullptr;
  }
  ~GuardedTensor() {
    if (base_ != nullptr) munmap(base_, pages_ + 2 * kPage);
  }

  void Poison() { std::memset(base_ + kPage, 0xff, pages_); }
  void Fill(const char *from) {
    if (bytes_ != 0) std::memcpy(data_, from, bytes_);
    if (pages_ != 0) mprotect(base_ + kPage, pages_, PROT_READ);
  }
  // Whether the rest of the pages is as it was.
  bool Clean() const {
    for (char *c = base_ + kPage; c < base_ + kPage + pages_; ++c) {
      if ((c < data_ || c >= data_ + bytes_) && *c != '\xff') return false;
    }
    return true;
  }
  char *data() const { return data_; }

 private:
  size_t bytes_, pages_;
  char *base_, *data_;
};

absl::Status Refused(const ingot_status_t &status) {
  return status.code == INGOT_INTERNAL ? absl::InternalError(status.message)
                                       : absl::InvalidArgumentError(status.message);
}

struct Freed {
  void operator()(ingot_context_t *context) const { ingot_context_free(context); }
  void operator()(ingot_pool_t *pool) const { ingot_pool_free(pool); }
};

}  // namespace

bool RuntimeIsGuarded() { return ingot_guard_at_start != nullptr; }

absl::StatusOr<std::vector<Tensor>> RunGuarded(const ingot_program_t *program, const std::vector<Tensor> &inputs,
                                               uint32_t threads, Guard guard, const std::vector<Tensor> &others) {
  if (RuntimeIsGuarded()) ingot_guard_at_start(guard == Guard::kStart);
  ingot_status_t status = {};
  ingot_pool_t *pool = nullptr;
  if (threads > 1 && ingot_pool_create(threads, &pool, &status) != INGOT_OK) return Refused(status);
  std::unique_ptr<ingot_pool_t, Freed> pool_owner(pool);
  ingot_context_options_t options = {};
  options.struct_size = sizeof(options);
  options.pool = pool;
  ingot_context_t *context = nullptr;
  if (ingot_context_create(program, &options, &context, &status) != INGOT_OK) return Refused(status);
  std::unique_ptr<ingot_context_t, Freed> context_owner(context);

  std::vector<GuardedTensor> buffers, other_buffers;
  std::vector<ingot_tensor_t> in, other_in, out(ingot_program_get_desc(program)->num_outputs);
  auto add = [&](const Tensor &input, std::vector<GuardedTensor> &memory, std::vector<ingot_tensor_t> &views) {
    memory.emplace_back(input.bytes(), guard);
    memory.back().Fill(input.data());
    ingot_tensor_t view = {};
    view.data = memory.back().data();
    view.bytes = input.bytes();
    view.dtype = static_cast<uint32_t>(input.dtype());
    view.rank = static_cast<uint32_t>(input.rank());
    std::copy(input.dims().begin(), input.dims().end(), view.dims);
    views.push_back(view);
  };
  for (const Tensor &input : inputs) add(input, buffers, in);
  for (const Tensor &input : others) add(input, other_buffers, other_in);
  if (ingot_context_query(context, in.data(), out.data(), &status) != INGOT_OK) return Refused(status);
  for (ingot_tensor_t &view : out) {
    buffers.emplace_back(view.bytes, guard);
    bool known = std::all_of(view.dims, view.dims + view.rank, [](int64_t dim) { return dim >= 0; });
    view.data = known ? buffers.back().data() : nullptr;
  }
  std::vector<Tensor> outputs;
  for (int run = 0; run < 2; ++run) {
    if (run == 1 && !others.empty()) {  // whatever it says, it must leave nothing behind
      ingot_status_t ignored;
      ingot_context_run(context, other_in.data(), out.data(), &ignored);
    }
    for (size_t i = inputs.size(); i < buffers.size(); ++i) buffers[i].Poison();
    if (ingot_context_run(context, in.data(), out.data(), &status) != INGOT_OK) return Refused(status);
    for (size_t i = 0; i < out.size(); ++i) {
      if (!buffers[inputs.size() + i].Clean()) return absl::DataLossError("memory beside an output was written");
      std::vector<int64_t> dims(out[i].dims, out[i].dims + out[i].rank);
      ingot_tensor_t view = out[i];
      if (view.data == nullptr &&
          ingot_context_get_output(context, static_cast<uint32_t>(i), &view, &status) != INGOT_OK)
        return Refused(status);
      Tensor copy = Tensor::Copy(static_cast<DType>(out[i].dtype), std::move(dims), view.data);
      if (run == 0) {
        outputs.push_back(std::move(copy));
      } else if (std::memcmp(copy.data(), outputs[i].data(), copy.bytes()) != 0) {
        return absl::DataLossError("the second run gives other outputs than the first");
      }
    }
  }
  return outputs;
}

}  // namespace ingot
