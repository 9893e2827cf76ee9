// Modules, functions and launches: see driver.h. A module's image is an ingot_emulated_image_t; all else is refused.
#include <stdio.h>
#include <string.h>

#include <algorithm>

#include "tests/gpu/emulator/driver.h"
#include "tests/gpu/emulator/emulator.h"

namespace ingot::gpu_emulator {
namespace {

uint32_t ParameterBytes(const ingot_emulated_kernel_t &kernel, uint32_t parameter) {
  return kernel.parameter_bytes == nullptr ? sizeof(uint64_t) : kernel.parameter_bytes[parameter];
}

// What is wrong with the image, or "".
std::string CheckImage(const void *data) {
  const auto *text = static_cast<const char *>(data);
  // Byte by byte: PTX text may end before the magic does.
  for (size_t i = 0; i < sizeof INGOT_EMULATED_MAGIC; ++i) {
    if (text[i] != INGOT_EMULATED_MAGIC[i]) {
      return "the image is not one of the emulator's: it begins with '" + std::string(text, i + (text[i] != 0)) + "'";
    }
  }
  const auto *image = static_cast<const ingot_emulated_image_t *>(data);
  if (image->num_kernels > 0 && image->kernels == nullptr) return "the image has no table of kernels";
  for (uint64_t i = 0; i < image->num_kernels; ++i) {
    const ingot_emulated_kernel_t &kernel = image->kernels[i];
    if (kernel.name == nullptr || kernel.run == nullptr)
      return "kernel " + std::to_string(i) + " has no name or no code";
    if (kernel.shared_bytes > kDefaultSharedBytes) {
      return std::string("kernel ") + kernel.name + " has " + std::to_string(kernel.shared_bytes) +
             " bytes of static shared memory; 49152 is the most";
    }
    for (uint32_t j = 0; j < kernel.num_parameters; ++j) {
      if (ParameterBytes(kernel, j) <= sizeof(ParameterValue)) continue;
      return std::string("kernel ") + kernel.name + " has a parameter of " + std::to_string(ParameterBytes(kernel, j)) +
             " bytes; 128 are the most";
    }
  }
  return "";
}

void WriteLog(const std::string &what, uint32_t num_options, const int32_t *options, void **values) {
  char *log = nullptr;
  size_t *bytes = nullptr;
  for (uint32_t i = 0; i < num_options; ++i) {
    if (options[i] == kJitErrorLog) log = static_cast<char *>(values[i]);
    if (options[i] == kJitErrorLogBytes) bytes = reinterpret_cast<size_t *>(&values[i]);  // the value is the number
  }
  if (log == nullptr || bytes == nullptr || *bytes == 0) return;
  const auto written = static_cast<size_t>(snprintf(log, *bytes, "%s", what.c_str()));
  *bytes = std::min(written, *bytes - 1);
}

bool AreSizesLegal(const uint32_t grid[3], const uint32_t block[3]) {
  const uint32_t max_grid[3] = {0x7fffffff, 65535, 65535}, max_block[3] = {1024, 1024, 64};
  uint64_t threads = 1;
  for (int i = 0; i < 3; ++i) {
    if (grid[i] == 0 || grid[i] > max_grid[i] || block[i] == 0 || block[i] > max_block[i]) return false;
    threads *= block[i];
  }
  return threads <= kMaxBlockThreads;
}

}  // namespace

void RunKernel(ContextState *context, const ingot_emulated_kernel_t &kernel, const uint32_t grid[3],
               const uint32_t block[3], uint32_t shared_bytes, std::vector<ParameterValue> values) {
  Driver &driver = TheDriver();
  driver.last_error.clear();
  const std::string name = std::string("kernel ") + kernel.name + ": ";
  std::vector<void *> parameters;
  for (ParameterValue &value : values) {
    parameters.push_back(&value);
    uint64_t address;
    memcpy(&address, &value, sizeof address);
    const Allocation *allocation = driver.memory.Find(address);
    if (allocation != nullptr && allocation->context != context) {
      Kill(context, kIllegalAddress, name + "a parameter points to memory of another device");
      return;
    }
  }
  ++driver.num_launches;
  // Any odd factor spreads the seeds; none may become 0.
  const uint64_t seed = driver.order == 0 ? 0 : (driver.order * 0x9e3779b97f4a7c15u + (driver.num_launches << 32)) | 1;
  const uint32_t blocks = driver.most_blocks == 0 ? grid[0] : std::min(grid[0], driver.most_blocks);
  const uint32_t limited[3] = {blocks, grid[1], grid[2]};
  const char *error = Launch(kernel.run, limited, block, shared_bytes, parameters.data(), seed);
  if (error != nullptr) {
    Kill(context, kLaunchFailed, name + error);
    return;
  }
  const std::string damage = driver.memory.Damage();
  if (!damage.empty()) Kill(context, kIllegalAddress, name + damage);
}

extern "C" {

Result cuModuleLoadDataEx(Module *module, const void *image, uint32_t num_options, int32_t *options, void **values) {
  DRIVER_ENTRY(Needs::kContextOutsideCapture);
  if (module == nullptr || image == nullptr) return kInvalidValue;
  if (num_options > 0 && (options == nullptr || values == nullptr)) return kInvalidValue;
  const std::string problem = CheckImage(image);
  if (!problem.empty()) {
    WriteLog(problem, num_options, options, values);
    return kInvalidImage;
  }
  const auto *table = static_cast<const ingot_emulated_image_t *>(image);
  auto *made = Make<ModuleState>(entry);
  made->kernels.assign(table->kernels, table->kernels + table->num_kernels);
  *module = made;
  return kSuccess;
}

Result cuModuleUnload(Module module) {
  DRIVER_ENTRY(Needs::kContextOutsideCapture);
  auto *found = Find<ModuleState>(entry, module);
  if (found == nullptr) return kInvalidHandle;
  for (Function function : found->functions) driver.objects.erase(function);
  driver.objects.erase(module);
  return kSuccess;
}

Result cuModuleGetFunction(Function *function, Module module, const char *name) {
  DRIVER_ENTRY(Needs::kContext);
  if (function == nullptr || name == nullptr) return kInvalidValue;
  auto *found = Find<ModuleState>(entry, module);
  if (found == nullptr) return kInvalidHandle;
  for (const ingot_emulated_kernel_t &kernel : found->kernels) {
    if (strcmp(kernel.name, name) != 0) continue;
    auto *made = Make<FunctionState>(entry);
    made->kernel = kernel;
    made->max_dynamic_bytes = kDefaultSharedBytes - static_cast<int32_t>(kernel.shared_bytes);
    found->functions.push_back(made);
    *function = made;
    return kSuccess;
  }
  return kNotFound;
}

Result cuFuncSetAttribute(Function function, int32_t attribute, int32_t value) {
  DRIVER_ENTRY(Needs::kContext);
  auto *found = Find<FunctionState>(entry, function);
  if (found == nullptr) return kInvalidHandle;
  if (attribute != kMaxDynamicSharedBytes || value < 0) return kInvalidValue;
  if (static_cast<uint64_t>(value) + found->kernel.shared_bytes > kMaxSharedBytes) return kInvalidValue;
  found->max_dynamic_bytes = value;
  return kSuccess;
}

Result cuLaunchKernel(Function function, uint32_t grid_x, uint32_t grid_y, uint32_t grid_z, uint32_t block_x,
                      uint32_t block_y, uint32_t block_z, uint32_t shared_bytes, Stream stream, void **parameters,
                      void **extra) {
  DRIVER_ENTRY(Needs::kContext);
  const auto *found = Find<FunctionState>(entry, function);
  if (found == nullptr) return kInvalidHandle;
  struct Sizes {
    uint32_t grid[3], block[3];
  };
  const Sizes sizes = {{grid_x, grid_y, grid_z}, {block_x, block_y, block_z}};
  if (!AreSizesLegal(sizes.grid, sizes.block) || extra != nullptr) return kInvalidValue;
  if (shared_bytes > static_cast<uint32_t>(found->max_dynamic_bytes)) return kInvalidValue;
  const ingot_emulated_kernel_t kernel = found->kernel;
  std::vector<ParameterValue> values(kernel.num_parameters);
  for (uint32_t i = 0; i < kernel.num_parameters; ++i) {
    if (parameters == nullptr || parameters[i] == nullptr) return kInvalidValue;
    memcpy(&values[i], parameters[i], ParameterBytes(kernel, i));
  }
  ContextState *context = entry.context;
  return Submit(entry, stream, [=] {
    RunKernel(context, kernel, sizes.grid, sizes.block, kernel.shared_bytes + shared_bytes, values);
  });
}

}  // extern "C"
}  // namespace ingot::gpu_emulator
