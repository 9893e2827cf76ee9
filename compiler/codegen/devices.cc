#include "absl/strings/str_cat.h"
#include "compiler/codegen/cpu/cpu_device.h"
#include "compiler/codegen/cuda/cuda_device.h"
#include "compiler/codegen/device.h"

namespace ingot::compiler {

llvm::ArrayRef<const Device *> Devices() {
  static const Device *const kDevices[] = {&CpuDevice(), &CudaDevice()};
  return kDevices;
}

const Device *FindDevice(llvm::StringRef name) {
  for (const Device *device : Devices())
    if (device->name == name) return device;
  return nullptr;
}

const Device &DeviceOf(mlir::Operation *op) {
  for (; op; op = op->getParentOp())
    if (auto name = op->getAttrOfType<mlir::StringAttr>("ingot.device"))
      if (const Device *device = FindDevice(name.getValue())) return *device;
  return *Devices().front();
}

absl::StatusOr<Target> FindTarget(const Device &device, std::string_view level) {
  if (level == "native")
    if (const Target *native = device.native()) return *native;
  std::string known = "native";
  for (const Target &target : device.targets) {
    if (target.level == level) return target;
    absl::StrAppend(&known, ", ", target.level);
  }
  return absl::InvalidArgumentError(absl::StrCat("the CPU level '", std::string(level), "' is not known",
                                                 level == "native" ? " for this machine" : "",
                                                 "; known levels: ", known));
}

}  // namespace ingot::compiler
