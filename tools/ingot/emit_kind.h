// What `ingot compile` writes and how it is called: pure functions of the command line.
#ifndef INGOT_TOOLS_INGOT_EMIT_KIND_H_
#define INGOT_TOOLS_INGOT_EMIT_KIND_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingot/compile.h"

namespace ingot::tool {

enum class EmitKind { kObject, kArchive, kShared, kExecutable, kMlir, kLlvm, kAssembly, kPtx };

const char *EmitName(EmitKind kind);  // as after --emit
std::vector<std::string> EmitNames();
OutputKind ToOutputKind(EmitKind kind);  // not for kMlir
std::string PhaseList();                 // "import, simplify, ..."

struct EmitChoice {
  EmitKind kind;
  std::string phase;  // of kMlir
};
// From --emit, --compile-to (both may be empty) and the name of the output.
absl::StatusOr<EmitChoice> ChooseEmit(const std::string &emit, const std::string &compile_to,
                                      const std::string &output);

// `wanted` if it is a C identifier; when empty, made from the file name of the output or, for `-`, of the model.
absl::StatusOr<std::string> ProgramName(const std::string &wanted, const std::string &output, const std::string &model);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_EMIT_KIND_H_
