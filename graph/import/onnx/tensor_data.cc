// Reads the many ways in which ONNX stores a tensor.
#include "graph/import/onnx/tensor_data.h"

#include <onnx/onnx_pb.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "graph/import/onnx/status_macros.h"

namespace ingot::onnx_import {
namespace {

using onnx::TensorProto;

// The number of elements, when the dims are not negative and their size in bytes is far from overflow.
absl::StatusOr<int64_t> CheckedSize(const TensorProto &proto) {
  constexpr int64_t kLargest = INT64_C(1) << 46;
  if (proto.dims_size() > kMaxRank) {
    return absl::UnimplementedError(
        absl::StrCat("has rank ", proto.dims_size(), "; at most ", kMaxRank, " is supported"));
  }
  int64_t size = 1, product = 1;
  for (int64_t dim : proto.dims()) {
    if (dim < 0 || dim > kLargest || (dim > 0 && __builtin_mul_overflow(product, dim, &product)) ||
        product > kLargest) {
      return absl::InvalidArgumentError(absl::StrCat("has an impossible size (a dim is ", dim, ")"));
    }
    size *= dim == 0 ? 0 : 1;
  }
  return size == 0 ? 0 : product;
}

absl::Status WrongCount(const char *field, int64_t have, int64_t want) {
  return absl::InvalidArgumentError(absl::StrCat("has ", have, " elements in ", field, ", but its dims need ", want));
}

// A repeated field of exactly the bytes, borrowed.
template <typename Field>
absl::StatusOr<Tensor> Borrow(const char *name, const Field &field, DType dtype, const std::vector<int64_t> &dims,
                              int64_t count, const std::shared_ptr<const void> &owner) {
  if (field.size() != count) return WrongCount(name, field.size(), count);
  return Tensor(dtype, dims, field.data(), owner);
}

// A repeated field of a wider type; f16, bf16 and 8-bit floats stand as bits in int32_data.
template <typename Field>
absl::StatusOr<Tensor> Narrow(const char *name, const Field &field, DType dtype, const std::vector<int64_t> &dims,
                              int64_t size) {
  if (field.size() != size) return WrongCount(name, field.size(), size);
  Tensor tensor = Tensor::Zeros(dtype, dims);
  size_t bytes = static_cast<size_t>(BitWidth(dtype)) / 8;
  for (int i = 0; i < field.size(); ++i) {
    uint64_t bits = dtype == DType::kBool ? field[i] != 0 : static_cast<uint64_t>(field[i]);
    std::memcpy(tensor.mutable_data() + static_cast<size_t>(i) * bytes, &bits, bytes);  // little-endian
  }
  return tensor;
}

// Elements of 4 bits: an entry of int32_data is a byte, and so two of them.
absl::StatusOr<Tensor> HalfBytes(const TensorProto &proto, DType dtype, const std::vector<int64_t> &dims) {
  Tensor tensor = Tensor::Zeros(dtype, dims);
  int64_t bytes = static_cast<int64_t>(tensor.bytes());
  if (proto.int32_data_size() != bytes) return WrongCount("int32_data", proto.int32_data_size(), bytes);
  for (int i = 0; i < proto.int32_data_size(); ++i) tensor.mutable_data()[i] = static_cast<char>(proto.int32_data(i));
  // The half behind an odd number of elements is 0, whatever the file has.
  if (tensor.size() % 2 != 0) tensor.mutable_data()[bytes - 1] &= 0x0f;
  return tensor;
}

absl::StatusOr<Tensor> FromFields(const TensorProto &proto, DType dtype, const std::vector<int64_t> &dims, int64_t size,
                                  const std::shared_ptr<const void> &owner) {
  switch (dtype) {
    case DType::kF32:
      return Borrow("float_data", proto.float_data(), dtype, dims, size, owner);
    case DType::kF64:
      return Borrow("double_data", proto.double_data(), dtype, dims, size, owner);
    case DType::kI64:
      return Borrow("int64_data", proto.int64_data(), dtype, dims, size, owner);
    case DType::kU64:
      return Borrow("uint64_data", proto.uint64_data(), dtype, dims, size, owner);
    case DType::kI32:
      return Borrow("int32_data", proto.int32_data(), dtype, dims, size, owner);
    case DType::kU32:
      return Narrow("uint64_data", proto.uint64_data(), dtype, dims, size);
    case DType::kComplex64:  // both parts one after another
      return Borrow("float_data", proto.float_data(), dtype, dims, 2 * size, owner);
    case DType::kI4:
    case DType::kU4:
      return HalfBytes(proto, dtype, dims);
    default:
      return Narrow("int32_data", proto.int32_data(), dtype, dims, size);
  }
}

// Bools in files may be any byte; the rest of Ingot relies on 0 and 1.
Tensor Normalized(Tensor tensor) {
  if (tensor.dtype() != DType::kBool) return tensor;
  bool clean = true;
  for (int64_t i = 0; i < tensor.size(); ++i) clean = clean && static_cast<unsigned char>(tensor.data()[i]) <= 1;
  if (clean) return tensor;
  Tensor copy = Tensor::Zeros(DType::kBool, tensor.dims());
  for (int64_t i = 0; i < tensor.size(); ++i) copy.SetInt(i, tensor.data()[i] != 0);
  return copy;
}

absl::Status Named(const std::string &name, const absl::Status &status) {
  absl::StatusCode code =
      status.code() == absl::StatusCode::kUnimplemented ? status.code() : absl::StatusCode::kInvalidArgument;
  return absl::Status(code, absl::StrCat("tensor '", name, "' ", std::string(status.message())));
}

}  // namespace

std::optional<DType> ToDType(int onnx_type) {
  switch (onnx_type) {
#define INGOT_DTYPE(id, cc, value, name, bits, kind, fraction, npy, onnx) \
  case onnx:                                                              \
    return DType::k##cc;
#include "ingot/dtypes.inc"
    default:
      return std::nullopt;
  }
}

std::string OnnxTypeName(int onnx_type) {
  if (std::optional<DType> dtype = ToDType(onnx_type)) return std::string(Name(*dtype));
  switch (onnx_type) {
    case 8:
      return "string";
    case 15:
      return "complex128";
    case 18:
    case 20:
      return "an 8-bit float without a negative zero";
    case 23:
      return "a 4-bit float";
    case 24:
      return "an 8-bit exponent";
    case 25:
    case 26:
      return "a 2-bit integer";
    default:
      return absl::StrCat("type ", onnx_type);
  }
}

absl::StatusOr<std::shared_ptr<const MappedFile>> TensorLoader::OpenFile(const std::string &location) {
  if (directory_.empty())
    return absl::InvalidArgumentError(
        absl::StrCat("lies in the file '", location, "', but the model was given as bytes without a directory"));
  auto found = files_.find(location);
  if (found != files_.end()) return found->second;
  absl::StatusOr<std::string> path = PathInside(directory_, location);
  if (!path.ok())
    return absl::InvalidArgumentError(absl::StrCat("lies outside: ", std::string(path.status().message())));
  absl::StatusOr<std::shared_ptr<const MappedFile>> file = MappedFile::Open(*path);
  if (!file.ok())
    return absl::InvalidArgumentError(
        absl::StrCat("has no data: ", std::string(file.status().message()), "; put the file beside the model"));
  files_[location] = *file;
  return file;
}

absl::StatusOr<Tensor> TensorLoader::LoadExternal(const TensorProto &proto, DType dtype, std::vector<int64_t> dims,
                                                  uint64_t bytes) {
  std::string location;
  uint64_t offset = 0, length = bytes;
  for (const onnx::StringStringEntryProto &entry : proto.external_data()) {
    if (entry.key() == "location") location = entry.value();
    uint64_t *number = entry.key() == "offset" ? &offset : entry.key() == "length" ? &length : nullptr;
    if (number != nullptr && !absl::SimpleAtoi(entry.value(), number)) {
      return absl::InvalidArgumentError(absl::StrCat("has the ", entry.key(), " '", entry.value().substr(0, 40),
                                                     "' in its external data, which is not a number"));
    }
  }
  if (length != bytes)
    return absl::InvalidArgumentError(
        absl::StrCat("has ", length, " bytes of external data, but its type needs ", bytes));
  if (bytes == 0) return Tensor::Zeros(dtype, std::move(dims));
  INGOT_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, OpenFile(location));
  if (offset > file->size() || bytes > file->size() - offset) {
    return absl::InvalidArgumentError(absl::StrCat("needs bytes ", offset, " to ", offset, " + ", bytes, " of '",
                                                   location, "', which has ", file->size(),
                                                   "; the file is truncated or belongs to another model"));
  }
  return Tensor(dtype, std::move(dims), file->data() + offset, file);
}

absl::StatusOr<Tensor> TensorLoader::Load(const TensorProto &proto, const std::string &name) {
  std::optional<DType> dtype = ToDType(proto.data_type());
  if (!dtype)
    return Named(name, absl::UnimplementedError(
                           absl::StrCat("holds ", OnnxTypeName(proto.data_type()), ", which is not supported")));
  if (proto.has_segment())
    return Named(name, absl::UnimplementedError("is stored in segments, which is not supported"));
  absl::StatusOr<int64_t> size = CheckedSize(proto);
  if (!size.ok()) return Named(name, size.status());
  std::vector<int64_t> dims(proto.dims().begin(), proto.dims().end());
  uint64_t bytes = static_cast<uint64_t>(StorageBytes(*dtype, *size).value_or(0));  // CheckedSize bounds it
  absl::StatusOr<Tensor> tensor;
  if (proto.data_location() == TensorProto::EXTERNAL) {
    tensor = LoadExternal(proto, *dtype, dims, bytes);
  } else if (proto.has_raw_data()) {
    if (proto.raw_data().size() != bytes) {
      return Named(name, absl::InvalidArgumentError(absl::StrCat("has ", proto.raw_data().size(),
                                                                 " bytes of raw data, but its type needs ", bytes)));
    }
    tensor = Tensor(*dtype, dims, proto.raw_data().data(), owner_);
  } else {
    tensor = FromFields(proto, *dtype, dims, *size, owner_);
  }
  if (!tensor.ok()) return Named(name, tensor.status());
  return *size == 0 ? Tensor::Zeros(*dtype, std::move(dims)) : Normalized(*std::move(tensor));
}

}  // namespace ingot::onnx_import
