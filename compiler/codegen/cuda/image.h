// All kernels of a program for one GPU architecture: PTX text from LLVM's own back end, or for "emulated" machine code
// of the host made from the same LLVM IR (twin.h). Test: tests/compiler/cuda_image_test.cc.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_IMAGE_H
#define INGOT_COMPILER_CODEGEN_CUDA_IMAGE_H

#include "compiler/codegen/device.h"

namespace ingot::compiler::cuda {

absl::StatusOr<DeviceImage> MakeImage(std::unique_ptr<llvm::Module> kernels, const Target &target);

}  // namespace ingot::compiler::cuda
#endif
