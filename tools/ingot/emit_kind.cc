#include "tools/ingot/emit_kind.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

struct KindRow {
  EmitKind kind;
  const char *name, *extension;
};
constexpr KindRow kKinds[] = {
    {EmitKind::kObject, "object", ".o"},  {EmitKind::kArchive, "archive", ".a"},
    {EmitKind::kShared, "shared", ".so"}, {EmitKind::kExecutable, "executable", ""},
    {EmitKind::kMlir, "mlir", ".mlir"},   {EmitKind::kLlvm, "llvm", ".ll"},
    {EmitKind::kAssembly, "asm", ".s"},   {EmitKind::kPtx, "ptx", ".ptx"},
};

// What --emit=mlir alone means: the last phase whose text is MLIR; "buffers" lists the program's tables.
constexpr char kMlirPhase[] = "vector";

std::string FileName(const std::string &path) { return path.substr(path.rfind('/') + 1); }

// With the dot; empty for "mlp" and ".hidden".
std::string Extension(const std::string &path) {
  std::string name = FileName(path);
  size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? "" : name.substr(dot);
}

bool IsIdentifierCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool IsIdentifier(const std::string &name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), IsIdentifierCharacter);
}

absl::StatusOr<EmitKind> KindOf(const std::string &emit, const std::string &output) {
  std::string extension = Extension(output);
  for (const KindRow &row : kKinds) {
    if (emit.empty() ? extension == row.extension : emit == row.name) return row.kind;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("cannot tell from '", output,
                   "' what to write: end it in .o, .a, .so, .mlir, .ll, .s or .ptx, or add --emit=KIND"));
}

}  // namespace

const char *EmitName(EmitKind kind) {
  return std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindRow &row) { return row.kind == kind; })->name;
}

std::vector<std::string> EmitNames() {
  std::vector<std::string> names;
  for (const KindRow &row : kKinds) names.emplace_back(row.name);
  return names;
}

OutputKind ToOutputKind(EmitKind kind) {
  switch (kind) {
    case EmitKind::kArchive:
      return OutputKind::kArchive;
    case EmitKind::kShared:
      return OutputKind::kShared;
    case EmitKind::kExecutable:
      return OutputKind::kExecutable;
    case EmitKind::kLlvm:
      return OutputKind::kLlvm;
    case EmitKind::kAssembly:
      return OutputKind::kAssembly;
    case EmitKind::kPtx:
      return OutputKind::kPtx;
    case EmitKind::kObject:
    case EmitKind::kMlir:
      break;
  }
  return OutputKind::kObject;
}

std::string PhaseList() {
  std::string list;
  for (const std::string &phase : PhaseNames()) absl::StrAppend(&list, list.empty() ? "" : ", ", phase);
  return list;
}

absl::StatusOr<EmitChoice> ChooseEmit(const std::string &emit, const std::string &compile_to,
                                      const std::string &output) {
  std::vector<std::string> phases = PhaseNames();
  const std::string last = phases.back(), last_text = phases[phases.size() - 2];
  if (!compile_to.empty() && std::find(phases.begin(), phases.end(), compile_to) == phases.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown phase '", compile_to, "' in --compile-to: the phases are ", PhaseList()));
  }
  bool text = !compile_to.empty() && compile_to != last;
  bool to_pipe = output == "-";
  std::string wanted = emit.empty() && (to_pipe || (text && Extension(output).empty())) ? "mlir" : emit;
  ASSIGN_OR_RETURN(EmitKind kind, KindOf(wanted, output));
  if (to_pipe && kind != EmitKind::kMlir) {
    return absl::InvalidArgumentError(
        absl::StrCat("-o - writes MLIR only; give --emit=", EmitName(kind), " a file name"));
  }
  if (text && kind != EmitKind::kMlir) {
    return absl::InvalidArgumentError(absl::StrCat("--compile-to=", compile_to, " gives text, and '", output,
                                                   "' is to be an ", EmitName(kind),
                                                   " file: end it in .mlir or add --emit=mlir"));
  }
  if (kind == EmitKind::kMlir && compile_to == last) {
    return absl::InvalidArgumentError(
        absl::StrCat("phase ", last, " gives no text: the last that does is ", last_text));
  }
  return EmitChoice{kind, text ? compile_to : kMlirPhase};
}

absl::StatusOr<std::string> ProgramName(const std::string &wanted, const std::string &output,
                                        const std::string &model) {
  if (!wanted.empty()) {
    if (IsIdentifier(wanted)) return wanted;
    return absl::InvalidArgumentError(
        absl::StrCat("--name '", wanted, "' is not a C identifier: use letters, digits and '_', and no digit first"));
  }
  const std::string &path = output == "-" ? model : output;
  std::string name = FileName(path);
  name.resize(name.size() - Extension(path).size());
  for (char &c : name) c = IsIdentifierCharacter(c) ? c : '_';
  return IsIdentifier(name) ? name : "_" + name;
}

}  // namespace ingot::tool
