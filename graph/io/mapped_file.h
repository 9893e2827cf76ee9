// A file mapped read-only, shared by the tensors that point into it; and safe ways to find and replace files.
#ifndef INGOT_GRAPH_IO_MAPPED_FILE_H_
#define INGOT_GRAPH_IO_MAPPED_FILE_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// Writes a file by way of a temporary one beside it and a rename, so that nobody sees half of it.
absl::Status WriteFile(const std::string &path, std::string_view contents);
// The same for files that belong together: nothing is replaced before all are written, and after an error none of them is left behind.
absl::Status WriteFiles(const std::vector<std::pair<std::string, std::string_view>> &files);

}  // namespace ingot
#endif  // INGOT_GRAPH_IO_MAPPED_FILE_H_
