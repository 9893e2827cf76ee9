// The outside tools that turn an object into an archive, a shared object or a program.
#ifndef INGOT_COMPILER_EMIT_LINK_H
#define INGOT_COMPILER_EMIT_LINK_H

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ingot::compiler {

// libingot_NAME.a of the runtime: in INGOT_LIBRARY_DIR, or in ../lib beside this program. NotFound says where it was
// looked for.
absl::StatusOr<std::string> RuntimeLibrary(const std::string &name);
// Runs a command found in PATH and waits. FailedPrecondition with its first complaints when it fails or is missing.
absl::Status RunTool(const std::vector<std::string> &command);

}  // namespace ingot::compiler
#endif
