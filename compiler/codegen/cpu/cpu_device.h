#ifndef INGOT_COMPILER_CODEGEN_CPU_CPUDEVICE_H
#define INGOT_COMPILER_CODEGEN_CPU_CPUDEVICE_H

#include "compiler/codegen/device.h"

namespace ingot::compiler {

const Device &CpuDevice();

}  // namespace ingot::compiler
#endif
