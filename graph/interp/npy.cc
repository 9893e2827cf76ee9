#include "graph/interp/npy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/io/atomic_file.h"
#include "graph/io/mapped_file.h"
#include "kernels/reference/movement.h"

namespace ingot {
namespace {

// Row-major order from column-major: the file holds the transposed tensor.
Tensor FromColumnMajor(const NpyHeader &header, const char *elements) {
  Tensor result = Tensor::Zeros(header.dtype, header.dims);
  reference::Sizes strides(header.dims.size());
  int64_t stride = 1, element = static_cast<int64_t>(ByteSize(header.dtype));
  for (size_t axis = 0; axis < header.dims.size(); ++axis) {
    strides[axis] = stride;
    stride *= header.dims[axis];
  }
  reference::ForEachElement<1>(header.dims, {strides}, [&](int64_t i, const std::array<int64_t, 1> &at) {
    std::copy_n(elements + at[0] * element, element, result.mutable_data() + i * element);
  });
  return result;
}

}  // namespace

absl::StatusOr<Tensor> ReadNpy(const std::string &path, DType wanted) {
  absl::StatusOr<std::shared_ptr<const MappedFile>> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<NpyHeader> header = ParseNpyHeader((*file)->view());
  if (!header.ok())
    return absl::Status(header.status().code(), absl::StrCat("'", path, "' ", header.status().message()));
  if (wanted == DType::kBF16 && header->dtype == DType::kU16) header->dtype = DType::kBF16;
  const char *elements = (*file)->data() + header->size;
  if (header->column_major && header->dims.size() > 1) return FromColumnMajor(*header, elements);
  return Tensor(header->dtype, header->dims, elements, *file);
}

absl::Status WriteNpy(const std::string &path, const Tensor &tensor) {
  if (tensor.dtype() == DType::kInvalid)
    return absl::InvalidArgumentError(absl::StrCat("cannot write '", path, "': the tensor has no dtype"));
  std::string contents = MakeNpyHeader(tensor.dtype(), tensor.dims());
  contents.append(tensor.data(), tensor.bytes());
  return WriteFile(path, contents);
}

}  // namespace ingot
