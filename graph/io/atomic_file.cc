#include "graph/io/atomic_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "graph/io/mapped_file.h"

namespace ingot {
namespace {

absl::Status CannotWrite(const std::string &path, int error) {
  const char *remedy = "";
  if (error == ENOENT || error == ENOTDIR || error == EACCES || error == EROFS)
    remedy = "; is the folder there and writable?";
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) remedy = "; make room, or name another place";
  if (error == EISDIR) remedy = "; remove it, or name another output";
  return absl::InvalidArgumentError(absl::StrCat(
      "cannot write '", path, "': ", error == EISDIR ? "it is a directory" : std::strerror(error), remedy));
}

// A name beside `path` that nobody can guess. It does not hold the target's name: that may be as long as names can be.
std::string TemporaryName(const std::string &path) {
  uint64_t random = 0;
  if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
    static std::atomic<uint64_t> counter;
    random = (static_cast<uint64_t>(getpid()) << 32) + ++counter;  // O_EXCL keeps this safe
  }
  return absl::StrCat(DirectoryOf(path), "/.ingot-", absl::Hex(random, absl::kZeroPad16));
}

// Makes `call` with new names until one is not taken.
template <typename Call>
bool WithFreeName(const std::string &path, std::string *name, Call call) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    *name = TemporaryName(path);
    if (call(name->c_str())) return true;
    if (errno != EEXIST) return false;
  }
  return false;
}

void SyncDirectory(const std::string &directory) {
  int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);  // some file systems refuse; the files themselves are safe
  close(fd);
}

}  // namespace

absl::StatusOr<AtomicFile> AtomicFile::Create(std::string path) {
  std::string temporary;
  int fd = -1;
  auto create = [&](const char *name) {
    return (fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)) >= 0;
  };
  if (!WithFreeName(path, &temporary, create)) return CannotWrite(path, errno);
  return AtomicFile(std::move(path), std::move(temporary), fd);
}

AtomicFile AtomicFile::Adopt(std::string path, std::string written) {
  return AtomicFile(std::move(path), std::move(written), -1);
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, "")),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_) {}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

absl::Status AtomicFile::Append(std::string_view bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return CannotWrite(path_, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::PadTo(uint64_t size) { return Append(std::string(size - size_, '\0')); }

absl::Status AtomicFile::Close(bool sync) {
  if (fd_ < 0) {  // an adopted file
    if (!sync) return absl::OkStatus();
    fd_ = open(temporary_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd_ < 0) return CannotWrite(path_, errno);
  }
  if (sync && fsync(fd_) != 0) return CannotWrite(path_, errno);
  return close(std::exchange(fd_, -1)) == 0 ? absl::OkStatus() : CannotWrite(path_, errno);
}

// Replaces the targets of several files. Until the last rename has succeeded, the old files keep a second name.
class FileSet {
 public:
  explicit FileSet(std::vector<AtomicFile> files) : files_(std::move(files)), backups_(files_.size()) {}

  absl::Status Commit(Durability durability) {
    for (AtomicFile &file : files_) {
      if (absl::Status status = file.Close(durability == Durability::kSync); !status.ok()) return status;
    }
    for (const AtomicFile &file : files_) {
      struct stat info;
      if (lstat(file.path_.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return CannotWrite(file.path_, EISDIR);
    }
    for (size_t i = 0; i < files_.size(); ++i) {
      if (absl::Status status = Replace(i); !status.ok()) {
        while (i-- > 0) Restore(i);
        return status;
      }
    }
    for (size_t i = 0; i < files_.size(); ++i) {
      if (!backups_[i].empty()) unlink(backups_[i].c_str());
      if (durability == Durability::kSync) SyncDirectory(DirectoryOf(files_[i].path_));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Replace(size_t i) {
    AtomicFile &file = files_[i];
    bool last = i + 1 == files_.size();  // nothing can fail after it
    if (!last && !KeepOld(i)) return CannotWrite(file.path_, errno);
    if (rename(file.temporary_.c_str(), file.path_.c_str()) == 0) {
      file.temporary_.clear();
      return absl::OkStatus();
    }
    absl::Status status = CannotWrite(file.path_, errno);
    if (!backups_[i].empty()) Restore(i);
    return status;
  }

  // Gives the old file a second name; on file systems without links, another name.
  bool KeepOld(size_t i) {
    const char *path = files_[i].path_.c_str();
    std::string backup;
    bool kept = WithFreeName(path, &backup, [&](const char *name) { return link(path, name) == 0; });
    if (!kept && errno == ENOENT) return true;
    if (!kept && rename(path, backup.c_str()) != 0) return false;
    backups_[i] = backup;
    return true;
  }

  void Restore(size_t i) {
    const char *path = files_[i].path_.c_str();
    if (backups_[i].empty()) {
      unlink(path);
    } else if (rename(backups_[i].c_str(), path) == 0) {
      unlink(backups_[i].c_str());  // a rename between two names of one file does nothing
    }
  }

  std::vector<AtomicFile> files_;
  std::vector<std::string> backups_;  // empty: there was no old file, or nothing has replaced it yet
};

absl::Status Commit(std::vector<AtomicFile> files, Durability durability) {
  return FileSet(std::move(files)).Commit(durability);
}

absl::Status WriteFiles(const std::vector<std::pair<std::string, std::string_view>> &files) {
  std::vector<AtomicFile> written;
  for (const auto &[path, contents] : files) {
    absl::StatusOr<AtomicFile> file = AtomicFile::Create(path);
    if (!file.ok()) return file.status();
    if (absl::Status status = file->Append(contents); !status.ok()) return status;
    written.push_back(*std::move(file));
  }
  return Commit(std::move(written));
}

absl::Status WriteFile(const std::string &path, std::string_view contents) { return WriteFiles({{path, contents}}); }

absl::StatusOr<PrivateDirectory> PrivateDirectory::Beside(const std::string &path) {
  std::string name;
  if (!WithFreeName(path, &name, [](const char *free) { return mkdir(free, 0700) == 0; }))
    return CannotWrite(path, errno);
  return PrivateDirectory(name);
}

absl::StatusOr<PrivateDirectory> PrivateDirectory::Temporary() {
  const char *base = std::getenv("TMPDIR");
  absl::StatusOr<PrivateDirectory> made = Beside(absl::StrCat(base && *base ? base : "/tmp", "/."));
  if (!made.ok())
    return absl::FailedPreconditionError("cannot create a temporary directory; set TMPDIR to a folder of yours");
  return made;
}

PrivateDirectory::~PrivateDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::string PrivateDirectory::File(std::string_view name) const {
  return absl::StrCat(path_[0] == '/' ? "" : "./", path_, "/", std::string(name));
}

}  // namespace ingot
