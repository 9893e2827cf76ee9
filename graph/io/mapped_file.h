// A file mapped read-only, shared by the tensors that point into it; and safe ways to find files.
#ifndef INGOT_GRAPH_IO_MAPPED_FILE_H_
#define INGOT_GRAPH_IO_MAPPED_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ingot {

class MappedFile {
 public:
  // NotFound or InvalidArgument that names the file. An empty file maps to an empty range.
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(const std::string &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const char *data() const { return data_; }
  size_t size() const { return size_; }
  std::string_view view() const { return {data_, size_}; }

 private:
  MappedFile(const char *data, size_t size) : data_(data), size_(size) {}
  const char *data_;
  size_t size_;
};

// The directory part of a path, "." when there is none.
std::string DirectoryOf(const std::string &path);
// DIRECTORY/NAME for a relative NAME that stays inside DIRECTORY after links are followed; otherwise InvalidArgument.
absl::StatusOr<std::string> PathInside(const std::string &directory, const std::string &name);

}  // namespace ingot
#endif  // INGOT_GRAPH_IO_MAPPED_FILE_H_
