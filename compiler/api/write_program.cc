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

absl::Status AppendObject(const CompiledProgram::Impl &impl, AtomicFile &out) {
  std::string object = impl.object;
  bool embeds = impl.embed_weights && impl.plan.weights_bytes > 0;
  uint64_t offset = (object.size() + 4095) / 4096 * 4096;
  if (embeds)
    if (absl::Status status = PlaceWeightsSection(object, offset); !status.ok()) return status;
  absl::Status status = out.Append(object);
  if (status.ok() && embeds) status = out.PadTo(offset);
  if (status.ok() && embeds)
    status = StreamWeights(impl.plan, impl.constants, [&](std::string_view piece) { return out.Append(piece); });
  return status;
}

absl::Status Link(const CompiledProgram::Impl &impl, OutputKind kind, const PrivateDirectory &directory,
                  const std::string &object, const std::string &path) {
  if (kind == OutputKind::kShared)
    return RunTool({"cc", "-shared", "-o", path, object, "-Wl,-z,noexecstack", "-Wl,--gc-sections", "-lm"});
  std::vector<std::string> command = {"cc", "-o", path, object};
  absl::StatusOr<std::string> start = MainProgramObject(impl.options.name);
  if (!start.ok()) return start.status();
  std::string start_file = directory.File("start.o");
  if (absl::Status status = WriteFile(start_file, *start); !status.ok()) return status;
  command.push_back(start_file);
  // A launcher only where there is something to launch.
  std::vector<std::string> libraries = {"main", "runtime"};
  if (!impl.device_images.empty()) libraries = {"main_cuda", "cuda", "runtime"};
  for (const std::string &name : libraries) {
    absl::StatusOr<std::string> library = RuntimeLibrary(name);
    if (!library.ok()) return library.status();
    command.push_back(*library);
  }
  command.insert(command.end(),
                 {"-Wl,-z,noexecstack", "-Wl,--gc-sections", "-Wl,--as-needed", "-s", "-lm", "-ldl", "-lpthread"});
  return RunTool(command);
}

absl::Status Archive(const std::string &object, const std::string &path, const std::string &name) {
  auto member = llvm::NewArchiveMember::getFile(object, /*Deterministic=*/true);
  if (!member) return absl::InternalError(llvm::toString(member.takeError()));
  std::string member_name = name + ".o";
  member->MemberName = member_name;
  std::vector<llvm::NewArchiveMember> members;
  members.push_back(std::move(*member));
  if (llvm::Error error = llvm::writeArchive(path, members, llvm::SymtabWritingMode::NormalSymtab,
                                             llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false))
    return absl::InvalidArgumentError(absl::StrCat("cannot write '", path, "': ", llvm::toString(std::move(error))));
  return absl::OkStatus();
}

// The linker and the archive writer take paths: they work in a directory of ours.
absl::Status Build(const CompiledProgram::Impl &impl, OutputKind kind, const PrivateDirectory &directory,
                   const std::string &path) {
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(directory.File("program.o"));
  absl::Status status = file.ok() ? AppendObject(impl, *file) : file.status();
  if (!status.ok()) return status;
  std::string object = file->path();
  std::vector<AtomicFile> files;
  files.push_back(*std::move(file));
  status = Commit(std::move(files));
  if (!status.ok()) return status;
  return kind == OutputKind::kArchive ? Archive(object, path, impl.options.name)
                                      : Link(impl, kind, directory, object, path);
}

absl::StatusOr<std::string> TextOf(const CompiledProgram::Impl &impl, OutputKind kind) {
  llvm::LLVMContext context;
  absl::StatusOr<std::unique_ptr<llvm::Module>> module = LinkBitcode(impl.llvm, context);
  if (!module.ok()) return module.status();
  if (kind == OutputKind::kAssembly) return EmitCode(**module, CodeForm::Assembly);
  std::string text;
  llvm::raw_string_ostream stream(text);
  (*module)->print(stream, nullptr);
  return text;
}

}  // namespace

std::string compiler::WeightsFileName(const std::string &name) { return name + ".weights"; }

absl::Status compiler::AppendWeightsFile(const CompiledProgram &program, AtomicFile &out) {
  const CompiledProgram::Impl &impl = *program.impl;
  ingot_weights_header_t header = {INGOT_WEIGHTS_MAGIC, impl.plan.weights_bytes, impl.weights_hash};
  absl::Status status = out.Append({reinterpret_cast<const char *>(&header), sizeof(header)});
  if (status.ok()) status = out.PadTo(INGOT_WEIGHTS_HEADER);
  if (status.ok())
    status = StreamWeights(impl.plan, impl.constants, [&](std::string_view piece) { return out.Append(piece); });
  return status;
}

absl::Status compiler::WriteWeightsFile(const CompiledProgram &program, const std::string &path) {
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(path);
  absl::Status status = file.ok() ? AppendWeightsFile(program, *file) : file.status();
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
  bool is_text = kind == OutputKind::kLlvm || kind == OutputKind::kAssembly;
  bool has_code = llvm::any_of(impl.device_images, [](const std::string &image) { return image.empty(); });
  if (has_code && !is_text && kind != OutputKind::kPtx)
    return absl::InvalidArgumentError(
        "kernels for the GPU emulator run in the process that compiled them: use --device=gpu-emulated");
  if (kind == OutputKind::kPtx) {
    if (impl.device_images.empty() || impl.device_images[0].empty())
      return absl::InvalidArgumentError("only a GPU's kernels are PTX: compile for one, with --target=cuda");
    return WriteFile(path, impl.device_images[0]);
  }
  if (is_text) {
    absl::StatusOr<std::string> text = TextOf(impl, kind);
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
  if (!impl.embed_weights)
    status = add(absl::StrCat(DirectoryOf(path), "/", WeightsFileName(impl.options.name)),
                 [&](AtomicFile &file) { return AppendWeightsFile(program, file); });
  if (status.ok() && (kind == OutputKind::kObject || kind == OutputKind::kArchive))
    status = add(path + ".h", [&](AtomicFile &file) { return file.Append(program.header()); });
  if (status.ok() && kind == OutputKind::kObject)
    status = add(path, [&](AtomicFile &file) { return AppendObject(impl, file); });
  if (status.ok() && kind != OutputKind::kObject) {
    std::string result = directory->File("program");
    status = Build(impl, kind, *directory, result);
    files.push_back(AtomicFile::Adopt(path, result));
  }
  return status.ok() ? Commit(std::move(files)) : status;
}

}  // namespace ingot
