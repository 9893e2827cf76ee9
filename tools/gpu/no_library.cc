// A bundle has no oneDNN, which is a shared library with an OpenMP of its own: `--library=onednn` is as none there.
#include "kernels/cpu/onednn.h"

namespace ingot::kernels {

const ingot_kernel_library_t *OneDnn() { return nullptr; }

}  // namespace ingot::kernels
