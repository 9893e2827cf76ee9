// A file mapped or read, shared by the tensors that point into it; and safe ways to find files.
#ifndef INGOT_GRAPH_IO_MAPPED_FILE_H_
#define INGOT_GRAPH_IO_MAPPED_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ingot {

// Large files are mapped, and stay readable only while nobody shortens them: a read beyond the new end raises SIGBUS,
// which ends the process. The command `ingot` and compiled programs turn that into a message
// (runtime/main/bus_error.h); who embeds this library decides alone, since signal handlers belong to the process. Files
// that are replaced by a rename, as all of ours are, keep their old content here. Files up to kReadWhole bytes are
// read, and what happens to them later does not matter.
class MappedFile {
 public:
  static constexpr size_t kReadWhole = 1 << 20;
  // NotFound or InvalidArgument that names the file. An empty file maps to an empty range.
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(const std::string &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const char *data() const { return data_; }
  size_t size() const { return size_; }
  std::string_view view() const { return {data_, size_}; }

 private:
  MappedFile(const char *data, size_t size, bool mapped) : data_(data), size_(size), mapped_(mapped) {}
  const char *data_;
  size_t size_;
  bool mapped_;
};

// The directory part of a path, "." when there is none.
std::string DirectoryOf(const std::string &path);
// DIRECTORY/NAME for a relative NAME that stays inside DIRECTORY after links are followed; otherwise InvalidArgument.
absl::StatusOr<std::string> PathInside(const std::string &directory, const std::string &name);

}  // namespace ingot
#endif  // INGOT_GRAPH_IO_MAPPED_FILE_H_
