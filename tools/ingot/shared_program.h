// PROGRAM.so on the command line: a compiled program in a shared object, found by its one exported symbol and loaded.
#ifndef INGOT_TOOLS_INGOT_SHARED_PROGRAM_H_
#define INGOT_TOOLS_INGOT_SHARED_PROGRAM_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/runtime.h"

namespace ingot::tool {

class SharedProgram {
 public:
  // `cpu_level` empty: the best that this machine runs. `device` is borrowed; null: the host. A weights file is looked
  // for beside the shared object.
  static absl::StatusOr<std::unique_ptr<SharedProgram>> Open(const std::string &path, const std::string &cpu_level,
                                                             ingot_device_t *device);
  ~SharedProgram();
  SharedProgram(const SharedProgram &) = delete;
  SharedProgram &operator=(const SharedProgram &) = delete;

  // Borrowed; lives as long as this object.
  const ingot_program_t *program() const { return program_; }

 private:
  SharedProgram() = default;
  void *library_ = nullptr;
  ingot_program_t *program_ = nullptr;
};

// The names of the programs that an ELF file exports (its data symbols called ingot_program_*). Every offset is checked
// against the file.
absl::StatusOr<std::vector<std::string>> FindProgramSymbols(std::string_view elf);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_SHARED_PROGRAM_H_
