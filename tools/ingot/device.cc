#include "tools/ingot/device.h"

#include <dlfcn.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ingot/cuda.h"

namespace ingot::tool {
namespace {

std::string EmulatorPath() {
  if (const char *path = std::getenv("INGOT_GPU_EMULATOR"); path != nullptr && path[0] != '\0') return path;
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path().parent_path() / "lib" / "libingot_gpu_emulator.so").string();
}

absl::StatusOr<OpenedDevice> OpenGpu(uint32_t number, const char *driver, const std::string &target) {
  OpenedDevice opened;
  ingot_device_t *device = nullptr;
  ingot_status_t status = {};
  if (ingot_cuda_open(number, driver, &device, &status) != INGOT_OK)
    return absl::FailedPreconditionError(status.message);
  opened.device.reset(device);
  opened.targets = {target};
  return opened;
}

}  // namespace

void AddPrecisionOption(CLI::App *command, std::string *precision) {
  command
      ->add_option(
          "--precision", *precision,
          "Arithmetic: fp32 (default), or tf32, in which a GPU multiplies f32 matrices faster, with 10 bits of "
          "fraction")
      ->check(CLI::IsMember({"fp32", "tf32"}))
      ->type_name("NAME");
}

void AddDeviceOptions(CLI::App *command, std::string *device, std::string *precision) {
  command
      ->add_option("--device", *device,
                   "Where the program runs: cpu (default), cuda or cuda:N (the Nth GPU), gpu-emulated (GPU kernels run "
                   "on the CPU, for tests)")
      ->type_name("NAME");
  AddPrecisionOption(command, precision);
}

absl::StatusOr<OpenedDevice> OpenDevice(const std::string &name) {
  if (name.empty() || name == "cpu") return OpenedDevice();
  if (name == "gpu-emulated") {
    std::string path = EmulatorPath();
    // Programs compiled in this process find the emulator's functions.
    if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr)
      return absl::FailedPreconditionError(absl::StrCat("there is no GPU emulator (", dlerror(),
                                                        "): it is part of Ingot's own tests; set INGOT_GPU_EMULATOR"));
    return OpenGpu(0, path.c_str(), "emulated");
  }
  uint32_t number = 0;
  bool is_cuda = name == "cuda" || (name.rfind("cuda:", 0) == 0 && absl::SimpleAtoi(name.substr(5), &number));
  if (!is_cuda)
    return absl::InvalidArgumentError(
        absl::StrCat("the device '", name, "' is not known; known: cpu, cuda, cuda:N, gpu-emulated"));
  return OpenGpu(number, nullptr, kOldestCuda);
}

}  // namespace ingot::tool
