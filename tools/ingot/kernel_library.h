// The kernel libraries that `--library` offers to programs compiled in this process.
#ifndef INGOT_TOOLS_INGOT_KERNEL_LIBRARY_H_
#define INGOT_TOOLS_INGOT_KERNEL_LIBRARY_H_

#include <string>

#include "kernels/manifest.h"

namespace CLI {
class App;
}

namespace ingot::tool {

// --library NAME, kept in `name`.
void AddLibraryOption(CLI::App *command, std::string *name);
// Null for "none", which is the default.
const ingot_kernel_library_t *FindKernelLibrary(const std::string &name);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_KERNEL_LIBRARY_H_
