// One emitter per region kind, where the GPU goes about it in a way of its own; the others are in point/kernels.h.
#ifndef INGOT_COMPILER_CODEGEN_CUDA_KERNELS_H
#define INGOT_COMPILER_CODEGEN_CUDA_KERNELS_H

#include "compiler/codegen/cuda/threads.h"

namespace ingot::compiler::cuda {

// The tile is a vector of the space, or an element.
KernelInfo EmitLoopKernel(KernelBuilder &k);
// Loops that read along another axis than they write; the tile is a square of both.
bool ReadsTransposed(KernelBuilder &k);
KernelInfo EmitTransposeKernel(KernelBuilder &k);
// The tile is one element of the space.
KernelInfo EmitUpdateKernel(KernelBuilder &k);
// Blocks in turn, with the launch.
KernelInfo EmitContractKernel(KernelBuilder &k);
// Blocks in turn, with the launch.
KernelInfo EmitAttentionKernel(KernelBuilder &k);

}  // namespace ingot::compiler::cuda
#endif
