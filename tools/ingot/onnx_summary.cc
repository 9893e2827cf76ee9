#include "tools/ingot/onnx_summary.h"

#include <google/protobuf/io/coded_stream.h>
#include <onnx/onnx_pb.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "graph/import/onnx/tensor_data.h"
#include "graph/io/mapped_file.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

constexpr int kDeepest = 64;  // bodies inside bodies

OnnxPort PortOf(const onnx::ValueInfoProto &info) {
  OnnxPort port{info.name(), "unknown", {}};
  if (!info.type().has_tensor_type()) {
    port.dtype = info.has_type() ? "not a tensor" : "unknown";
    return port;
  }
  port.dtype = onnx_import::OnnxTypeName(info.type().tensor_type().elem_type());
  for (const onnx::TensorShapeProto::Dimension &dim : info.type().tensor_type().shape().dim()) {
    port.dims.push_back(dim.has_dim_value()       ? absl::StrCat(dim.dim_value())
                        : dim.dim_param().empty() ? "?"
                                                  : dim.dim_param());
  }
  return port;
}

// Sizes come from the file: what would overflow is not counted.
void CountParameters(const onnx::TensorProto &tensor, OnnxSummary *summary) {
  int64_t size = 1;
  for (int64_t dim : tensor.dims()) {
    if (dim < 0 || __builtin_mul_overflow(size, dim, &size)) return;
  }
  std::optional<DType> dtype = onnx_import::ToDType(tensor.data_type());
  std::optional<int64_t> bytes = dtype ? StorageBytes(*dtype, size) : 0;
  if (!bytes) return;
  if (__builtin_add_overflow(summary->parameters, size, &summary->parameters)) summary->parameters = INT64_MAX;
  if (__builtin_add_overflow(summary->parameter_bytes, *bytes, &summary->parameter_bytes))
    summary->parameter_bytes = INT64_MAX;
}

void CountGraph(const onnx::GraphProto &graph, int depth, OnnxSummary *summary);

template <typename Nodes>
void CountNodes(const Nodes &nodes, int depth, OnnxSummary *summary) {
  for (const onnx::NodeProto &node : nodes) {
    bool own = node.domain().empty() || node.domain() == "ai.onnx";
    ++summary->ops[own ? node.op_type() : node.domain() + "." + node.op_type()];
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g()) CountGraph(attribute.g(), depth + 1, summary);
      for (const onnx::GraphProto &body : attribute.graphs()) CountGraph(body, depth + 1, summary);
    }
  }
}

void CountGraph(const onnx::GraphProto &graph, int depth, OnnxSummary *summary) {
  if (depth > kDeepest) return;
  CountNodes(graph.node(), depth, summary);
  for (const onnx::TensorProto &tensor : graph.initializer()) CountParameters(tensor, summary);
}

}  // namespace

absl::StatusOr<OnnxSummary> SummarizeOnnx(const std::string &path) {
  ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  onnx::ModelProto model;
  bool fits = file->size() <= INT32_MAX;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(file->data()),
                                                fits ? static_cast<int>(file->size()) : 0);
  if (!fits || !model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "': the file is not an ONNX model, or it is truncated"));
  }
  OnnxSummary summary;
  summary.producer =
      absl::StrCat(model.producer_name(), model.producer_version().empty() ? "" : " ", model.producer_version());
  for (const onnx::OperatorSetIdProto &opset : model.opset_import()) {
    summary.opsets[opset.domain().empty() ? "ai.onnx" : opset.domain()] = opset.version();
  }
  std::set<std::string> initialized;
  for (const onnx::TensorProto &tensor : model.graph().initializer()) initialized.insert(tensor.name());
  for (const onnx::ValueInfoProto &input : model.graph().input()) {
    if (!initialized.count(input.name())) summary.inputs.push_back(PortOf(input));
  }
  for (const onnx::ValueInfoProto &output : model.graph().output()) summary.outputs.push_back(PortOf(output));
  CountGraph(model.graph(), 0, &summary);
  for (const onnx::FunctionProto &function : model.functions()) CountNodes(function.node(), 1, &summary);
  return summary;
}

}  // namespace ingot::tool
