// NVIDIA GPUs as a device: one row of devices.cc.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_CUDADEVICE_H
#define INGOT_COMPILER_CODEGEN_CUDA_CUDADEVICE_H

#include "compiler/codegen/device.h"

namespace ingot::compiler {

const Device &CudaDevice();

}  // namespace ingot::compiler
#endif
