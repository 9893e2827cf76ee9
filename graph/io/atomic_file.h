// Writes files so that nobody sees half of one: the bytes go to a temporary file beside the target, which is renamed
// when it is whole. The temporary name is random and is created anew (O_EXCL, no link is followed), so threads and
// processes that write the same file do not meet. An error is InvalidArgument that names the file. Tests:
// tests/graph/atomic_file_test.cc.
#ifndef INGOT_GRAPH_IO_ATOMIC_FILE_H_
#define INGOT_GRAPH_IO_ATOMIC_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace ingot {

// A file being written. Without a Commit it leaves nothing behind.
class AtomicFile {
 public:
  // Creates the temporary file; the mode respects the umask.
  static absl::StatusOr<AtomicFile> Create(std::string path);
  // For files that another program wrote: `written` becomes `path`. Both lie in one file system. `written` must exist
  // and now belongs to this object.
  static AtomicFile Adopt(std::string path, std::string written);

  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&other) = delete;
  ~AtomicFile();

  const std::string &path() const { return path_; }
  uint64_t size() const { return size_; }
  absl::Status Append(std::string_view bytes);
  // Zeros up to this size.
  absl::Status PadTo(uint64_t size);

 private:
  friend class FileSet;
  AtomicFile(std::string path, std::string temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}
  absl::Status Close(bool sync);

  std::string path_, temporary_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

// kSync: the bytes are on the disk before the name is, so that a power cut cannot leave a file with the right name and
// wrong content.
enum class Durability { kNone, kSync };

// Puts files that belong together in place, in this order. None is replaced before all are written, and after an error
// all targets are as they were.
absl::Status Commit(std::vector<AtomicFile> files, Durability durability = Durability::kNone);

// All steps in one.
absl::Status WriteFile(const std::string &path, std::string_view contents);
absl::Status WriteFiles(const std::vector<std::pair<std::string, std::string_view>> &files);

// A new directory beside `path` that only this user may enter; for programs that take a path to write to. It goes away
// with this object.
class PrivateDirectory {
 public:
  static absl::StatusOr<PrivateDirectory> Beside(const std::string &path);
  // In $TMPDIR or /tmp.
  static absl::StatusOr<PrivateDirectory> Temporary();
  PrivateDirectory(PrivateDirectory &&other) noexcept : path_(std::exchange(other.path_, "")) {}
  PrivateDirectory &operator=(PrivateDirectory &&other) = delete;
  ~PrivateDirectory();

  // The path of a file in it. Begins with '/' or '.': no program takes it for an option.
  std::string File(std::string_view name) const;

 private:
  explicit PrivateDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace ingot
#endif  // INGOT_GRAPH_IO_ATOMIC_FILE_H_
