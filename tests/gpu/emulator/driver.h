// A stand-in for libcuda.so.1 over the emulator: what the files driver_*.cc share. They define the functions of
// runtime/cuda/driver_api.h, and declaring them here makes the compiler compare the parameters. Streams do their work
// at once, in the calling thread, under one lock. Mistakes that a GPU would forgive or punish late are errors here:
// copies outside an allocation, handles of another context, calls that a capture forbids. Tested by
// tests/gpu/emulator_driver_test.cc and tests/gpu/emulator_graph_test.cc.
#ifndef INGOT_TESTS_GPU_EMULATOR_DRIVER_H_
#define INGOT_TESTS_GPU_EMULATOR_DRIVER_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "ingot/abi.h"
#include "runtime/cuda/driver_api.h"
#include "tests/gpu/emulator/export.h"
#include "tests/gpu/emulator/memory.h"

namespace ingot::gpu_emulator {

using namespace ingot::cuda;  // the driver's types and numbers

// Results that the runtime does not know by name.
constexpr Result kNotInitialized = 3;
constexpr Result kInvalidContext = 201;
constexpr Result kInvalidHandle = 400;
constexpr Result kNotSupported = 801;
constexpr Result kCaptureInvalidated = 901;
constexpr Result kCaptureImplicit = 906;
constexpr Result kCapturedEvent = 907;

constexpr int32_t kMaxDevices = 16;
constexpr int32_t kDefaultSharedBytes = 48 << 10;

// A device's primary context. Dead from the first kernel that fails until it is released.
struct ContextState {
  Device device = 0;
  int32_t retained = 0;
  uint64_t generation = 0;  // goes up with each release, so that older handles are not taken for new ones
  Result death = kSuccess;
};

// What a handle points to.
struct Object {
  virtual ~Object() = default;
  ContextState *context = nullptr;
  uint64_t generation = 0;
};
using Work = std::function<void()>;

struct ModuleState : Object {
  std::vector<Function> functions;  // that were asked for
  std::vector<ingot_emulated_kernel_t> kernels;
};
struct FunctionState : Object {
  ingot_emulated_kernel_t kernel = {};
  int32_t max_dynamic_bytes = 0;
};
struct GraphState : Object {
  std::vector<Work> work;
};
struct GraphExecState : Object {
  std::vector<Work> work;
};
// What a stream records.
struct Capture {
  std::thread::id thread;
  bool invalid = false;
  std::vector<Work> work;
};
struct StreamState : Object {
  bool non_blocking = false;
  std::unique_ptr<Capture> capture;
};
struct EventState : Object {
  bool recorded = false;
  bool is_captured = false;  // the last time
  double milliseconds = 0;
};

// All state of the driver.
struct Driver {
  std::mutex lock;
  bool initialized = false;
  int32_t num_devices = 0;
  ContextState contexts[kMaxDevices];
  std::unordered_map<void *, std::unique_ptr<Object>> objects;
  MemoryTable memory;
  uint32_t most_blocks = 0;  // of a launch, unless it is 0
  uint64_t order = 0, num_launches = 0;
  bool order_was_set = false;
  bool has_pools = true;
  size_t device_bytes = size_t{16} << 30;
  std::string last_error;
};
Driver &TheDriver();

// The calling thread's contexts, the current one last.
std::vector<ContextState *> &ContextStack();

enum class Needs { kNothing, kDriver, kContext, kContextOutsideCapture };

// Every function begins with one: takes the lock, counts the call, and says what it must return at once, if anything.
class Entry {
 public:
  Entry(const char *function, Needs needs);
  Result result = kSuccess;
  ContextState *context = nullptr;

 private:
  std::lock_guard<std::mutex> guard_;
};
#define DRIVER_ENTRY(needs)                                      \
  [[maybe_unused]] Driver &driver = TheDriver();                 \
  const Entry entry(static_cast<const char *>(__func__), needs); \
  if (entry.result != kSuccess) return entry.result

// The object of a handle, or null unless it is one of this type and of the current context.
template <class T>
T *Find(const Entry &entry, void *handle) {
  const auto found = TheDriver().objects.find(handle);
  if (found == TheDriver().objects.end()) return nullptr;
  Object *object = found->second.get();
  if (object->context != entry.context || object->generation != entry.context->generation) return nullptr;
  return dynamic_cast<T *>(object);
}

// A new object of the current context; its handle is its address.
template <class T>
T *Make(const Entry &entry) {
  auto made = std::make_unique<T>();
  T *object = made.get();
  object->context = entry.context;
  object->generation = entry.context->generation;
  TheDriver().objects[object] = std::move(made);
  return object;
}

template <class T>
Result Destroy(const Entry &entry, void *handle) {
  if (Find<T>(entry, handle) == nullptr) return kInvalidHandle;
  TheDriver().objects.erase(handle);
  return kSuccess;
}

// Does the work, or records it if the stream captures.
Result Submit(const Entry &entry, Stream stream, Work work);

// Ends the context, as a kernel's fault does on a GPU.
void Kill(ContextState *context, Result result, const std::string &why);

// A kernel's parameter as it was at the launch: the greatest that there is is a tensor map.
struct alignas(128) ParameterValue {
  char bytes[128] = {};
};

// Runs what was captured or is launched now.
void RunKernel(ContextState *context, const ingot_emulated_kernel_t &kernel, const uint32_t grid[3],
               const uint32_t block[3], uint32_t shared_bytes, std::vector<ParameterValue> values);

#define INGOT_DECLARE(name, exported, parameters) INGOT_EMULATOR_EXPORT Result exported parameters;
extern "C" {
INGOT_CUDA_FUNCTIONS(INGOT_DECLARE)
INGOT_CUDA_OTHER_FUNCTIONS(INGOT_DECLARE)
}
#undef INGOT_DECLARE

}  // namespace ingot::gpu_emulator

#endif  // INGOT_TESTS_GPU_EMULATOR_DRIVER_H_
