#include "graph/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace ingot {

absl::StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string &path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO must not block
  if (fd < 0) return absl::NotFoundError(absl::StrCat("cannot open '", path, "': ", std::strerror(errno)));
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is not a regular file"));
  }
  size_t size = static_cast<size_t>(info.st_size);
  void *data = size == 0 ? nullptr : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (data == MAP_FAILED) return absl::InvalidArgumentError(absl::StrCat("cannot map '", path, "': ", std::strerror(errno)));
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const char *>(data), size));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<char *>(data_), size_);
}

std::string DirectoryOf(const std::string &path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

absl::StatusOr<std::string> PathInside(const std::string &directory, const std::string &name) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path root = fs::canonical(directory, error);
  if (error) return absl::NotFoundError(absl::StrCat("cannot open the directory '", directory, "': ", error.message()));
  fs::path relative(name);
  if (name.empty() || relative.is_absolute() || name.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("the file name '", name, "' is not relative to the model's directory"));
  }
  fs::path full = fs::weakly_canonical(root / relative, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat("the file name '", name, "' cannot be resolved: ", error.message()));
  auto [end, rest] = std::mismatch(root.begin(), root.end(), full.begin(), full.end());
  if (end != root.end()) return absl::InvalidArgumentError(absl::StrCat("the file name '", name, "' leaves the model's directory; put the file beside the model"));
  return full.string();
}

namespace {

std::string TemporaryName(const std::string &path) { return absl::StrCat(path, ".tmp", getpid()); }

absl::Status CannotWrite(const std::string &path) {
  return absl::InvalidArgumentError(absl::StrCat("cannot write '", path, "': ", std::strerror(errno)));
}

absl::Status WriteTemporary(const std::string &path, std::string_view contents) {
  std::string temporary = TemporaryName(path);
  unlink(temporary.c_str());  // a stale one; O_EXCL then follows no link that somebody else puts there
  int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return CannotWrite(path);
  while (!contents.empty()) {
    ssize_t written = write(fd, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      absl::Status status = CannotWrite(path);
      close(fd);
      return status;
    }
    contents.remove_prefix(static_cast<size_t>(written));
  }
  return close(fd) == 0 ? absl::OkStatus() : CannotWrite(path);
}

}  // namespace

absl::Status WriteFiles(const std::vector<std::pair<std::string, std::string_view>> &files) {
  absl::Status status;
  size_t replaced = 0;
  for (size_t i = 0; i < files.size() && status.ok(); ++i) status = WriteTemporary(files[i].first, files[i].second);
  while (replaced < files.size() && status.ok()) {
    const std::string &path = files[replaced].first;
    if (rename(TemporaryName(path).c_str(), path.c_str()) != 0) {
      status = CannotWrite(path);
    } else {
      ++replaced;
    }
  }
  for (size_t i = 0; i < files.size() && !status.ok(); ++i) {
    unlink(i < replaced ? files[i].first.c_str() : TemporaryName(files[i].first).c_str());
  }
  return status;
}

absl::Status WriteFile(const std::string &path, std::string_view contents) { return WriteFiles({{path, contents}}); }

}  // namespace ingot
