#include "graph/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace ingot {

namespace {

// The first `size` bytes, aligned for every dtype; nullptr where the file has fewer.
char *ReadWhole(int fd, size_t size) {
  char *data = static_cast<char *>(std::aligned_alloc(64, (size + 63) / 64 * 64));
  for (size_t at = 0; data != nullptr && at < size;) {
    ssize_t got = pread(fd, data + at, size - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      std::free(data);
      return nullptr;
    }
    at += static_cast<size_t>(got);
  }
  return data;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string &path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO must not block
  if (fd < 0) return absl::NotFoundError(absl::StrCat("cannot open '", path, "': ", std::strerror(errno)));
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is not a regular file"));
  }
  size_t size = static_cast<size_t>(info.st_size);
  bool mapped = size > kReadWhole;
  void *data = size == 0 ? nullptr : mapped ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0) : ReadWhole(fd, size);
  int error = errno;
  close(fd);
  if (data == MAP_FAILED)
    return absl::InvalidArgumentError(absl::StrCat("cannot map '", path, "': ", std::strerror(error)));
  if (data == nullptr && size != 0)
    return absl::InvalidArgumentError(absl::StrCat("cannot read '", path, "' to its end; is it being written?"));
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const char *>(data), size, mapped));
}

MappedFile::~MappedFile() {
  if (mapped_) {
    munmap(const_cast<char *>(data_), size_);
  } else {
    std::free(const_cast<char *>(data_));
  }
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
    return absl::InvalidArgumentError(
        absl::StrCat("the file name '", name, "' is not relative to the model's directory"));
  }
  fs::path full = fs::weakly_canonical(root / relative, error);
  if (error)
    return absl::InvalidArgumentError(absl::StrCat("the file name '", name, "' cannot be resolved: ", error.message()));
  auto [end, rest] = std::mismatch(root.begin(), root.end(), full.begin(), full.end());
  if (end != root.end())
    return absl::InvalidArgumentError(
        absl::StrCat("the file name '", name, "' leaves the model's directory; put the file beside the model"));
  return full.string();
}

}  // namespace ingot
