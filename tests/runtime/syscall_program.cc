// Run under strace by check_syscalls.cmake: between two marked writes it repeats runs on one thread, which must make no
// system call. Part of the ctest runtime_syscalls.
#include <unistd.h>

#include "tests/runtime/test_program.h"

namespace ingot_test {
namespace {

bool RunOnce(ingot_context_t *context, std::vector<float> *data, int64_t n) {
  ingot_tensor_t inputs[2] = {Tensor(data[0], INGOT_F32, {n}), Tensor(data[1], INGOT_F32, {n})};
  ingot_tensor_t output = Tensor(data[2], 0, {});
  return ingot_context_run(context, inputs, &output, nullptr) == INGOT_OK;
}

bool Main(bool allocate) {
  ChainProgram chain;
  Program program = Load(chain.Desc());
  Context context = MakeContext(program);
  std::vector<float> data[3] = {std::vector<float>(1 << 20), std::vector<float>(1 << 20), std::vector<float>(1 << 20)};
  bool ok = RunOnce(context.get(), data, allocate ? 1000 : 1 << 20);
  (void)!write(-1, "INGOT BEGIN", 11);
  for (int64_t n : {1 << 20, 1, 1000, 1 << 20, 0, 77}) ok = RunOnce(context.get(), data, n) && ok;
  (void)!write(-1, "INGOT END", 9);
  return ok;
}

}  // namespace
}  // namespace ingot_test

// With an argument the first run is small, so that a later one has to allocate: the check must notice.
int main(int argc, char **) { return ingot_test::Main(argc > 1) ? 0 : 1; }
