#include "tools/ingot/kernel_library.h"

#include <CLI/CLI.hpp>

#include "kernels/cpu/onednn.h"

namespace ingot::tool {

void AddLibraryOption(CLI::App *command, std::string *name) {
  command
      ->add_option("--library", *name,
                   "Who computes matrix products with constant weights in a program compiled here: none (default: "
                   "generated code), or onednn")
      ->check(CLI::IsMember({"none", "onednn"}))
      ->type_name("NAME");
}

const ingot_kernel_library_t *FindKernelLibrary(const std::string &name) {
  return name == "onednn" ? kernels::OneDnn() : nullptr;
}

}  // namespace ingot::tool
