// Of twins (twin.h): a kernel tells the emulator at its begin which memory is its own. What it then touches, accesses.h
// tells. Test: tests/gpu/bounds_test.cc.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_BOUNDS_H
#define INGOT_COMPILER_CODEGEN_CUDA_BOUNDS_H

#include "compiler/codegen/point/kernel_builder.h"

namespace ingot::compiler::cuda {

// By the parameters' numbers: where its buffers and its workspace begin, and how many bytes they have.
void TellBuffers(KernelBuilder &k, const KernelInfo &info);

}  // namespace ingot::compiler::cuda
#endif
