// Kernels of the oneDNN library behind the manifest.
#ifndef INGOT_KERNELS_CPU_ONEDNN_H_
#define INGOT_KERNELS_CPU_ONEDNN_H_

#include "kernels/manifest.h"

namespace ingot::kernels {

// Never null; lives for ever.
const ingot_kernel_library_t *OneDnn();

}  // namespace ingot::kernels

#endif  // INGOT_KERNELS_CPU_ONEDNN_H_
