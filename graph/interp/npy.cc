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
  int64_t stride = 1, element = BitWidth(header.dtype) / 8;  // no file has less than a byte
  for (size_t axis = 0; axis < header.dims.size(); ++axis) {
    strides[axis] = stride;
    stride *= header.dims[axis];
  }
  reference::ForEachElement<1>(header.dims, {strides}, [&](int64_t i, const std::array<int64_t, 1> &at) {
    std::copy_n(elements + at[0] * element, element, result.mutable_data() + i * element);
  });
  return result;
}

// A file's elements as those of a type that NumPy lacks.
absl::StatusOr<Tensor> As(DType wanted, Tensor tensor) {
  DType dtype = tensor.dtype();
  bool is_plain = dtype == DType::kF8E4M3;  // V1: nobody's number
  if (wanted == DType::kBF16 && dtype == DType::kU16) return tensor.WithType(wanted);
  if (IsFloat8(wanted) && (is_plain || dtype == DType::kU8)) return tensor.WithType(wanted);
  if (!IsNarrow(wanted) || !(is_plain || dtype == (wanted == DType::kI4 ? DType::kI8 : DType::kU8))) return tensor;
  Tensor result = Tensor::Zeros(wanted, tensor.dims());
  for (int64_t i = 0; i < result.size(); ++i) {
    int64_t value = is_plain ? tensor.data()[i] : tensor.GetInt(i);
    result.SetInt(i, value);
    if (!is_plain && result.GetInt(i) != value)
      return absl::InvalidArgumentError(
          absl::StrCat("holds ", value, ", which is no ", std::string(Name(wanted)), "; clip it"));
  }
  return result;
}

}  // namespace

absl::StatusOr<Tensor> ReadNpy(const std::string &path, DType wanted) {
  absl::StatusOr<std::shared_ptr<const MappedFile>> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<NpyHeader> header = ParseNpyHeader((*file)->view());
  auto error = [&](const absl::Status &status) {
    return absl::Status(status.code(), absl::StrCat("'", path, "' ", status.message()));
  };
  if (!header.ok()) return error(header.status());
  const char *elements = (*file)->data() + header->size;
  bool by_columns = header->column_major && header->dims.size() > 1;
  absl::StatusOr<Tensor> tensor = As(
      wanted, by_columns ? FromColumnMajor(*header, elements) : Tensor(header->dtype, header->dims, elements, *file));
  return tensor.ok() ? tensor : error(tensor.status());
}

void AppendNpyElements(const Tensor &tensor, std::string *file) {
  if (IsNarrow(tensor.dtype())) {
    for (int64_t i = 0; i < tensor.size(); ++i) *file += static_cast<char>(tensor.GetInt(i));
  } else {
    file->append(tensor.data(), tensor.bytes());
  }
}

absl::Status WriteNpy(const std::string &path, const Tensor &tensor) {
  if (tensor.dtype() == DType::kInvalid)
    return absl::InvalidArgumentError(absl::StrCat("cannot write '", path, "': the tensor has no dtype"));
  std::string contents = MakeNpyHeader(tensor.dtype(), tensor.dims());
  AppendNpyElements(tensor, &contents);
  return WriteFile(path, contents);
}

}  // namespace ingot
