// Emitters of region kinds that are written in terms of tiles and vectors alone, so that a device may use them as they
// are, with tiles of its own. Each writes the kernel's body and says how many tiles, how much work and how much
// workspace it has.
#ifndef INGOT_COMPILER_CODEGEN_POINT_KERNELS_H
#define INGOT_COMPILER_CODEGEN_POINT_KERNELS_H

#include "compiler/codegen/point/row_program.h"

namespace ingot::compiler {

// `threads`: null where a row belongs to one of them.
KernelInfo EmitRowKernel(KernelBuilder &k, const RowThreads *threads = nullptr);
KernelInfo EmitColumnKernel(KernelBuilder &k);
KernelInfo EmitSortKernel(KernelBuilder &k);
KernelInfo EmitNonZeroKernel(KernelBuilder &k);

}  // namespace ingot::compiler
#endif
