// TensorProto to Tensor: every size is checked against the bytes that back it, embedded data is borrowed from the
// parsed model, external data is mapped. Tests: tests/graph/import/tensor_data_test.cc.
#ifndef INGOT_GRAPH_IMPORT_ONNX_TENSOR_DATA_H_
#define INGOT_GRAPH_IMPORT_ONNX_TENSOR_DATA_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "graph/io/mapped_file.h"
#include "ingot/tensor.h"

namespace onnx {
class TensorProto;
}

namespace ingot::onnx_import {

// ONNX's TensorProto.DataType; nullopt for types Ingot has not (strings, complex128, other floats of 8 and 4 bits).
std::optional<DType> ToDType(int onnx_type);
// "string", "float8e4m3fn"; for messages.
std::string OnnxTypeName(int onnx_type);

class TensorLoader {
 public:
  // `owner` keeps the protos alive that Load is given. `directory` empty: external data is refused.
  TensorLoader(std::string directory, std::shared_ptr<const void> owner)
      : directory_(std::move(directory)), owner_(std::move(owner)) {}

  // Unimplemented for element types that Ingot has not; InvalidArgument for anything malformed. `name` stands in
  // messages.
  absl::StatusOr<Tensor> Load(const onnx::TensorProto &proto, const std::string &name);

 private:
  absl::StatusOr<Tensor> LoadExternal(const onnx::TensorProto &proto, DType dtype, std::vector<int64_t> dims,
                                      uint64_t bytes);
  absl::StatusOr<std::shared_ptr<const MappedFile>> OpenFile(const std::string &location);

  std::string directory_;
  std::shared_ptr<const void> owner_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_TENSOR_DATA_H_
