// Compiled programs as files. All files of a program take their places together, when everything is written.
#include "absl/strings/str_cat.h"
#include "compiler/api/compiled_program.h"
#include "compiler/emit/link.h"
#include "compiler/emit/object_emitter.h"
#include "compiler/emit/weights.h"
#include "graph/io/atomic_file.h"
#include "graph/io/mapped_file.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/raw_ostream.h"

namespace ingot {

using namespace compiler;

namespace {

absl::Status appendObject(const CompiledProgram::Impl &impl, AtomicFile &out) {
  std::string object = impl.object;
  bool embeds = impl.embedWeights && impl.plan.weightsBytes > 0;
  uint64_t offset = (object.size() + 4095) / 4096 * 4096;
  if (embeds)
    if (absl::Status status = placeWeightsSection(object, offset); !status.ok()) return status;
  absl::Status status = out.Append(object);
  if (status.ok() && embeds) status = out.PadTo(offset);
  if (status.ok() && embeds)
    status = streamWeights(impl.plan, impl.constants, [&](std::string_view piece) { return out.Append(piece); });
  return status;
}

absl::Status link(const CompiledProgram::Impl &impl, OutputKind kind, const PrivateDirectory &directory,
                  const std::string &object, const std::string &path) {
  if (kind == OutputKind::kShared)
    return runTool({"cc", "-shared", "-o", path, object, "-Wl,-z,noexecstack", "-Wl,--gc-sections", "-lm"});
  absl::StatusOr<std::string> main = runtimeLibrary("main"), runtime = runtimeLibrary("runtime");
  if (!main.ok()) return main.status();
  if (!runtime.ok()) return runtime.status();
  absl::StatusOr<std::string> start = mainProgramObject(impl.options.name);
  if (!start.ok()) return start.status();
  std::string startFile = directory.File("start.o");
  if (absl::Status status = WriteFile(startFile, *start); !status.ok()) return status;
  return runTool({"cc", "-o", path, object, startFile, *main, *runtime, "-Wl,-z,noexecstack", "-Wl,--gc-sections",
                  "-Wl,--as-needed", "-s", "-lm", "-lpthread"});
}

absl::Status archive(const std::string &object, const std::string &path, const std::string &name) {
  auto member = llvm::NewArchiveMember::getFile(object, /*Deterministic=*/true);
  if (!member) return absl::InternalError(llvm::toString(member.takeError()));
  std::string memberName = name + ".o";
  member->MemberName = memberName;
  std::vector<llvm::NewArchiveMember> members;
  members.push_back(std::move(*member));
  if (llvm::Error error = llvm::writeArchive(path, members, llvm::SymtabWritingMode::NormalSymtab,
                                             llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false))
    return absl::InvalidArgumentError(absl::StrCat("cannot write '", path, "': ", llvm::toString(std::move(error))));
  return absl::OkStatus();
}

// The linker and the archive writer take paths: they work in a directory of ours.
absl::Status build(const CompiledProgram::Impl &impl, OutputKind kind, const PrivateDirectory &directory,
                   const std::string &path) {
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(directory.File("program.o"));
  absl::Status status = file.ok() ? appendObject(impl, *file) : file.status();
  if (!status.ok()) return status;
  std::string object = file->path();
  std::vector<AtomicFile> files;
  files.push_back(*std::move(file));
  status = Commit(std::move(files));
  if (!status.ok()) return status;
  return kind == OutputKind::kArchive ? archive(object, path, impl.options.name)
                                      : link(impl, kind, directory, object, path);
}

absl::StatusOr<std::string> textOf(const CompiledProgram::Impl &impl, OutputKind kind) {
  llvm::LLVMContext context;
  absl::StatusOr<std::unique_ptr<llvm::Module>> module = linkBitcode(impl.llvm, context);
  if (!module.ok()) return module.status();
  if (kind == OutputKind::kAssembly) return emitCode(**module, CodeForm::Assembly);
  std::string text;
  llvm::raw_string_ostream stream(text);
  (*module)->print(stream, nullptr);
  return text;
}

}  // namespace

std::string compiler::weightsFileName(const std::string &name) { return name + ".weights"; }

absl::Status compiler::appendWeightsFile(const CompiledProgram &program, AtomicFile &out) {
  const CompiledProgram::Impl &impl = *program.impl;
  ingot_weights_header_t header = {INGOT_WEIGHTS_MAGIC, impl.plan.weightsBytes, impl.weightsHash};
  absl::Status status = out.Append({reinterpret_cast<const char *>(&header), sizeof(header)});
  if (status.ok()) status = out.PadTo(INGOT_WEIGHTS_HEADER);
  if (status.ok())
    status = streamWeights(impl.plan, impl.constants, [&](std::string_view piece) { return out.Append(piece); });
  return status;
}

absl::Status compiler::writeWeightsFile(const CompiledProgram &program, const std::string &path) {
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(path);
  absl::Status status = file.ok() ? appendWeightsFile(program, *file) : file.status();
  if (!status.ok()) return status;
  std::vector<AtomicFile> files;
  files.push_back(*std::move(file));
  return Commit(std::move(files));
}

absl::Status WriteProgram(const CompiledProgram &program, OutputKind kind, const std::string &path) {
  const CompiledProgram::Impl &impl = *program.impl;
  if (impl.options.library_kernels && kind != OutputKind::kLlvm && kind != OutputKind::kAssembly)
    return absl::InvalidArgumentError(
        "a program with library kernels runs in the process that compiled it; for a file, compile without "
        "library_kernels");
  if (kind == OutputKind::kLlvm || kind == OutputKind::kAssembly) {
    absl::StatusOr<std::string> text = textOf(impl, kind);
    return text.ok() ? WriteFile(path, *text) : text.status();
  }
  absl::StatusOr<PrivateDirectory> directory = PrivateDirectory::Beside(path);
  if (!directory.ok()) return directory.status();
  std::vector<AtomicFile> files;
  auto add = [&](const std::string &target, auto append) {
    absl::StatusOr<AtomicFile> file = AtomicFile::Create(target);
    absl::Status status = file.ok() ? append(*file) : file.status();
    if (status.ok()) files.push_back(*std::move(file));
    return status;
  };
  absl::Status status;
  if (!impl.embedWeights)
    status = add(absl::StrCat(DirectoryOf(path), "/", weightsFileName(impl.options.name)),
                 [&](AtomicFile &file) { return appendWeightsFile(program, file); });
  if (status.ok() && (kind == OutputKind::kObject || kind == OutputKind::kArchive))
    status = add(path + ".h", [&](AtomicFile &file) { return file.Append(program.header()); });
  if (status.ok() && kind == OutputKind::kObject)
    status = add(path, [&](AtomicFile &file) { return appendObject(impl, file); });
  if (status.ok() && kind != OutputKind::kObject) {
    std::string result = directory->File("program");
    status = build(impl, kind, *directory, result);
    files.push_back(AtomicFile::Adopt(path, result));
  }
  return status.ok() ? Commit(std::move(files)) : status;
}

}  // namespace ingot
