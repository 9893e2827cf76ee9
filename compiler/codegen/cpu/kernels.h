// One emitter per region kind (compiler/fusion/region_planner.h); those that no other device would write differently
// are in point/kernels.h. Each writes the kernel's function and says how many
// tiles, how much work and how much workspace it has. Tiles and the order of all sums depend on sizes alone, never on
// threads.
#ifndef INGOT_COMPILER_CODEGEN_CPU_KERNELS_H
#define INGOT_COMPILER_CODEGEN_CPU_KERNELS_H

#include "compiler/codegen/point/kernel_parts.h"
#include "compiler/codegen/point/kernels.h"

namespace ingot::compiler {

KernelInfo EmitLoopKernel(KernelBuilder &k);
KernelInfo EmitContractKernel(KernelBuilder &k);
KernelInfo EmitAttentionKernel(KernelBuilder &k);
KernelInfo EmitLibraryKernel(KernelBuilder &k);
KernelInfo EmitUpdateKernel(KernelBuilder &k);
// `prepare` of a library kernel.
void EmitLibraryPrepare(KernelBuilder &k);

}  // namespace ingot::compiler
#endif
