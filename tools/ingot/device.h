// The devices that `--device` names: cpu, cuda:N, and gpu-emulated, a stand-in for a GPU that runs its kernels on the
// CPU, slowly and with every check (tests/gpu/emulator/).
#ifndef INGOT_TOOLS_INGOT_DEVICE_H_
#define INGOT_TOOLS_INGOT_DEVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/runtime.h"

namespace CLI {
class App;
}

namespace ingot::tool {

// Code for it runs on every GPU that Ingot knows.
inline constexpr char kOldestCuda[] = "sm_80";

struct FreeDevice {
  void operator()(ingot_device_t *device) const { ingot_device_free(device); }
};

struct OpenedDevice {
  std::unique_ptr<ingot_device_t, FreeDevice> device;  // null: the host
  std::vector<std::string> targets;                    // what to compile for it besides the host (CompileOptions)
};

// --device NAME and --precision NAME, kept there.
void AddDeviceOptions(CLI::App *command, std::string *device, std::string *precision);
void AddPrecisionOption(CLI::App *command, std::string *precision);
// "cpu", or as above. The emulator is $INGOT_GPU_EMULATOR, or libingot_gpu_emulator.so in ../lib of this program.
absl::StatusOr<OpenedDevice> OpenDevice(const std::string &name);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_DEVICE_H_
