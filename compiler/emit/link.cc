#include "compiler/emit/link.h"

#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

namespace ingot::compiler {

// The file that holds this code, a program or a shared library, without symbolic links; empty: not known.
static std::string OwnFile() {
  Dl_info info;
  char path[PATH_MAX];
  if (dladdr(reinterpret_cast<const void *>(&RunTool), &info) != 0 && info.dli_fname != nullptr &&
      info.dli_fname[0] == '/' && realpath(info.dli_fname, path) != nullptr)
    return path;
  // The loader knows a program by the name it was started with, which a changed directory makes useless.
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : "";
}

absl::StatusOr<std::string> RuntimeLibrary(const std::string &name) {
  std::string file = "libingot_" + name + ".a", tried;
  std::vector<std::string> folders;
  if (const char *given = std::getenv("INGOT_LIBRARY_DIR")) folders.push_back(given);
  if (std::string self = OwnFile(); !self.empty()) {
    // bin/ and lib/ lie side by side in a build folder and where Ingot is installed.
    std::string folder = self.substr(0, self.rfind('/'));
    folders.push_back(folder.substr(0, folder.rfind('/')) + "/lib");
  }
  for (const std::string &folder : folders) {
    // Never an option of the linker, whatever the folder is called.
    std::string path = (folder.empty() || folder[0] != '/' ? "./" : "") + folder + "/" + file;
    if (access(path.c_str(), R_OK) == 0) return path;
    absl::StrAppend(&tried, tried.empty() ? "" : ", ", folder);
  }
  return absl::NotFoundError(
      absl::StrCat("cannot find the runtime library ", file, " in ", tried, "; set INGOT_LIBRARY_DIR to its folder"));
}

absl::Status RunTool(const std::vector<std::string> &command) {
  auto program = llvm::sys::findProgramByName(command[0]);
  if (!program)
    return absl::FailedPreconditionError(absl::StrCat(
        "the program '", command[0], "' is needed for this and is not in PATH; install a C compiler (Debian: gcc)"));
  llvm::SmallString<128> log;
  if (llvm::sys::fs::createTemporaryFile("ingot-link", "log", log))
    return absl::InternalError("cannot create a temporary file");
  std::vector<llvm::StringRef> arguments(command.begin(), command.end());
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef("/dev/null"), log.str(), log.str()};
  int status = llvm::sys::ExecuteAndWait(*program, arguments, std::nullopt, redirects);
  std::string complaint;
  if (auto buffer = llvm::MemoryBuffer::getFile(log)) complaint = (*buffer)->getBuffer().take_front(800).str();
  llvm::sys::fs::remove(log);
  return status == 0 ? absl::OkStatus()
                     : absl::FailedPreconditionError(absl::StrCat(command[0], " failed: ", complaint));
}

}  // namespace ingot::compiler
