#include "ingot/graph_file.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>

#include "absl/strings/str_cat.h"
#include "graph/io/atomic_file.h"
#include "graph/io/mapped_file.h"
#include "proto/ingot/graph.pb.h"

namespace ingot {
namespace {

// Keeps the parser's first complaint instead of printing it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string &message) override {
    if (text.empty()) text = absl::StrCat("line ", line + 1, ", column ", column + 1, ": ", message);
  }
  std::string text;
};

// A binary graph starts with field 1 (format_version), a varint: byte 0x08. No text graph starts with a backspace.
bool IsBinary(std::string_view bytes) { return !bytes.empty() && bytes[0] == '\x08'; }

absl::Status CheckReadable(const Dims &dims) {
  for (const Dim &dim : dims) {
    absl::StatusOr<Dim> again = Dim::Parse(dim.ToString());
    if (!again.ok())
      return absl::InvalidArgumentError(
          absl::StrCat("a size is too long an expression for a file: ", again.status().message()));
  }
  return absl::OkStatus();
}

// What is written must load again, and readers bound the dims they parse.
absl::Status CheckReadable(const Graph &graph) {
  for (ValueId id : graph.inputs) {
    if (absl::Status s = CheckReadable(graph.type(id).dims); !s.ok()) return s;
  }
  for (const GraphState &state : graph.states) {
    if (absl::Status s = CheckReadable(graph.type(state.input).dims); !s.ok()) return s;
  }
  for (const Node &node : graph.nodes) {
    for (const auto &[name, attribute] : node.attributes) {
      const Dims *dims = std::get_if<Dims>(&attribute);
      if (dims == nullptr) continue;
      if (absl::Status s = CheckReadable(*dims); !s.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("node '", node.name, "', attribute '", name, "': ", s.message()));
      }
    }
  }
  return absl::OkStatus();
}

// Attributes are a map, whose order protobuf leaves open; the same graph must give the same bytes.
std::string Serialize(const proto::Graph &message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

absl::StatusOr<Graph> ParseGraph(std::string_view bytes, const std::string &directory) {
  if (bytes.size() > INT32_MAX)
    return absl::InvalidArgumentError("the graph file is larger than 2 GB; keep tensors in a side file");
  google::protobuf::LogSilencer quiet;  // damaged strings would be reported on stderr
  proto::Graph message;
  if (IsBinary(bytes)) {
    google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
    google::protobuf::io::CodedInputStream coded(&stream);
    coded.SetRecursionLimit(32);
    if (!message.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage()) {
      return absl::InvalidArgumentError("not a graph: the file is truncated or damaged; write it again");
    }
  } else {
    google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
    google::protobuf::TextFormat::Parser parser;
    FirstError error;
    parser.RecordErrorsTo(&error);
    parser.SetRecursionLimit(32);
    if (!parser.Parse(&stream, &message))
      return absl::InvalidArgumentError(absl::StrCat("neither a binary nor a text graph: ", error.text));
  }
  return FromProto(message, directory);
}

absl::StatusOr<Graph> LoadGraph(const std::string &path) {
  absl::StatusOr<std::shared_ptr<const MappedFile>> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<Graph> graph = ParseGraph((*file)->view(), DirectoryOf(path));
  if (!graph.ok()) return absl::Status(graph.status().code(), absl::StrCat(path, ": ", graph.status().message()));
  return graph;
}

absl::Status SaveGraph(const Graph &graph, const std::string &path, int64_t side_file_threshold) {
  if (absl::Status s = CheckReadable(graph); !s.ok()) return s;
  std::string side_file = path.substr(path.rfind('/') + 1) + ".data", side_data;
  proto::Graph message;
  ToProto(graph, side_file_threshold, side_file, &side_data, &message);
  if (message.ByteSizeLong() > INT32_MAX)
    return absl::InvalidArgumentError("the graph's inline tensors exceed 2 GB; lower the side-file threshold");
  std::string bytes = Serialize(message);
  if (side_data.empty()) return WriteFile(path, bytes);
  return WriteFiles({{path + ".data", side_data}, {path, bytes}});
}

absl::StatusOr<std::string> PrintGraph(const Graph &graph) {
  if (absl::Status s = CheckReadable(graph); !s.ok()) return s;
  proto::Graph message;
  ToProto(graph, INT64_MAX, "", nullptr, &message);
  std::string text;
  google::protobuf::TextFormat::PrintToString(message, &text);
  return text;
}

std::string SerializeStructure(const Graph &graph) {
  Graph skeleton = graph;
  for (Tensor &constant : skeleton.constants) constant = Tensor(constant.dtype(), {0}, "", nullptr);
  proto::Graph message;
  ToProto(skeleton, INT64_MAX, "", nullptr, &message);
  // Values keep the true types: dims of a constant are those of its value.
  int next = 0;
  for (const Value &value : graph.values) {
    if (value.constant < 0) continue;
    proto::Tensor *tensor = message.mutable_constants(next++)->mutable_tensor();
    tensor->clear_dims();
    for (const Dim &dim : value.type.dims) tensor->add_dims(dim.constant().value_or(-1));
  }
  return Serialize(message);
}

}  // namespace ingot
