// Compiled programs as files. Everything is written under a temporary name and renamed when it is whole.
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "compiler/api/CompiledProgram.h"
#include "compiler/emit/Link.h"
#include "compiler/emit/ObjectEmitter.h"
#include "compiler/emit/Weights.h"
#include "graph/io/mapped_file.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

namespace ingot {

using namespace compiler;

namespace {

// A file under a temporary name that vanishes unless it is kept.
class TemporaryFile {
public:
  TemporaryFile(const std::string &path, const std::string &suffix) : path_(absl::StrCat(path, ".tmp", getpid(), suffix)) {}
  ~TemporaryFile() { unlink(path_.c_str()); }
  const std::string &path() const { return path_; }
  absl::Status moveTo(const std::string &target) {
    if (rename(path_.c_str(), target.c_str()) != 0)
      return absl::InvalidArgumentError(absl::StrCat("cannot write '", target, "': ", std::strerror(errno)));
    return absl::OkStatus();
  }

private:
  std::string path_;
};

// Appends to a file in order.
class Appender {
public:
  explicit Appender(const std::string &path) : path_(path), file_(fopen(path.c_str(), "wbe")) {}
  ~Appender() {
    if (file_)
      fclose(file_);
  }
  absl::Status write(std::string_view bytes) {
    if (!file_ || fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
      return fail();
    size_ += bytes.size();
    return absl::OkStatus();
  }
  absl::Status padTo(uint64_t offset) { return write(std::string(offset - size_, '\0')); }
  absl::Status close() {
    FILE *file = file_;
    file_ = nullptr;
    return file && fclose(file) == 0 ? absl::OkStatus() : fail();
  }

private:
  absl::Status fail() { return absl::InvalidArgumentError(absl::StrCat("cannot write '", path_, "': ", std::strerror(errno), "; is the folder there and writable?")); }
  std::string path_;
  FILE *file_;
  uint64_t size_ = 0;
};

absl::Status writeObject(const CompiledProgram::Impl &impl, const std::string &path) {
  std::string object = impl.object;
  bool embeds = impl.embedWeights && impl.plan.weightsBytes > 0;
  uint64_t offset = (object.size() + 4095) / 4096 * 4096;
  if (embeds)
    if (absl::Status status = placeWeightsSection(object, offset); !status.ok())
      return status;
  Appender out(path);
  absl::Status status = out.write(object);
  if (status.ok() && embeds)
    status = out.padTo(offset);
  if (status.ok() && embeds)
    status = streamWeights(impl.plan, impl.constants, [&](std::string_view piece) { return out.write(piece); });
  return status.ok() ? out.close() : status;
}

absl::Status link(const CompiledProgram::Impl &impl, OutputKind kind, const std::string &object, const std::string &path) {
  if (kind == OutputKind::kShared)
    return runTool({"cc", "-shared", "-o", path, object, "-Wl,-z,noexecstack", "-Wl,--gc-sections", "-lm"});
  absl::StatusOr<std::string> main = runtimeLibrary("main"), runtime = runtimeLibrary("runtime");
  if (!main.ok())
    return main.status();
  if (!runtime.ok())
    return runtime.status();
  absl::StatusOr<std::string> start = mainProgramObject(impl.options.name);
  if (!start.ok())
    return start.status();
  TemporaryFile startFile(path, ".start.o");
  if (absl::Status status = WriteFile(startFile.path(), *start); !status.ok())
    return status;
  return runTool({"cc", "-o", path, object, startFile.path(), *main, *runtime, "-Wl,-z,noexecstack", "-Wl,--gc-sections", "-Wl,--as-needed", "-s", "-lm", "-lpthread"});
}

absl::Status archive(const std::string &object, const std::string &path, const std::string &name) {
  auto member = llvm::NewArchiveMember::getFile(object, /*Deterministic=*/true);
  if (!member)
    return absl::InternalError(llvm::toString(member.takeError()));
  std::string memberName = name + ".o";
  member->MemberName = memberName;
  std::vector<llvm::NewArchiveMember> members;
  members.push_back(std::move(*member));
  if (llvm::Error error = llvm::writeArchive(path, members, llvm::SymtabWritingMode::NormalSymtab, llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false))
    return absl::InvalidArgumentError(absl::StrCat("cannot write '", path, "': ", llvm::toString(std::move(error))));
  return absl::OkStatus();
}

absl::StatusOr<std::string> textOf(const CompiledProgram::Impl &impl, OutputKind kind) {
  llvm::LLVMContext context;
  auto module = llvm::parseBitcodeFile(llvm::MemoryBufferRef(impl.llvm, "program"), context);
  if (!module)
    return absl::InternalError(llvm::toString(module.takeError()));
  if (kind == OutputKind::kAssembly)
    return emitCode(**module, CodeForm::Assembly);
  std::string text;
  llvm::raw_string_ostream stream(text);
  (*module)->print(stream, nullptr);
  return text;
}

} // namespace

std::string compiler::weightsFileName(const std::string &name) { return name + ".weights"; }

absl::Status compiler::writeWeightsFile(const CompiledProgram &program, const std::string &path) {
  const CompiledProgram::Impl &impl = *program.impl;
  TemporaryFile temporary(path, "");
  Appender out(temporary.path());
  ingot_weights_header_t header = {INGOT_WEIGHTS_MAGIC, impl.plan.weightsBytes, impl.weightsHash};
  absl::Status status = out.write({reinterpret_cast<const char *>(&header), sizeof(header)});
  if (status.ok())
    status = out.padTo(INGOT_WEIGHTS_HEADER);
  if (status.ok())
    status = streamWeights(impl.plan, impl.constants, [&](std::string_view piece) { return out.write(piece); });
  if (status.ok())
    status = out.close();
  return status.ok() ? temporary.moveTo(path) : status;
}

absl::Status WriteProgram(const CompiledProgram &program, OutputKind kind, const std::string &path) {
  const CompiledProgram::Impl &impl = *program.impl;
  if (impl.options.library_kernels && kind != OutputKind::kLlvm && kind != OutputKind::kAssembly)
    return absl::InvalidArgumentError("a program with library kernels runs in the process that compiled it; for a file, compile without library_kernels");
  if (kind == OutputKind::kLlvm || kind == OutputKind::kAssembly) {
    absl::StatusOr<std::string> text = textOf(impl, kind);
    return text.ok() ? WriteFile(path, *text) : text.status();
  }
  TemporaryFile object(path, ".o"), result(path, "");
  if (absl::Status status = writeObject(impl, object.path()); !status.ok())
    return status;
  absl::Status status;
  if (kind == OutputKind::kObject)
    status = object.moveTo(result.path());
  else if (kind == OutputKind::kArchive)
    status = archive(object.path(), result.path(), impl.options.name);
  else
    status = link(impl, kind, object.path(), result.path());
  if (!status.ok())
    return status;
  // Everything lies beside its place before anything takes it: what can fail for want of space or rights has then succeeded.
  std::string directory = DirectoryOf(path), weightsPath = absl::StrCat(directory, "/", weightsFileName(impl.options.name));
  TemporaryFile header(path, ".h"), weights(path, ".weights");
  bool hasHeader = kind == OutputKind::kObject || kind == OutputKind::kArchive, hasWeights = !impl.embedWeights;
  for (const std::string &place : {path, hasHeader ? path + ".h" : path, hasWeights ? weightsPath : path})
    if (llvm::sys::fs::is_directory(place))
      return absl::InvalidArgumentError(absl::StrCat("cannot write '", place, "': it is a directory; remove it, or name another output"));
  if (hasWeights)
    status = writeWeightsFile(program, weights.path());
  if (status.ok() && hasHeader)
    status = WriteFile(header.path(), program.header());
  if (status.ok() && hasWeights)
    status = weights.moveTo(weightsPath);
  if (status.ok() && hasHeader)
    status = header.moveTo(path + ".h");
  if (status.ok())
    status = result.moveTo(path);
  return status;
}

} // namespace ingot
