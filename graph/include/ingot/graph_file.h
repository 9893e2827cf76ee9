// Graph files: binary (.ingot) and text (.ingot.txt, protobuf text format). Tests: tests/graph/io_test.cc; fuzzer:
// graph_file_fuzzer.
#ifndef INGOT_GRAPH_FILE_H_
#define INGOT_GRAPH_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "ingot/graph.h"

namespace ingot::proto {
class Graph;
}

namespace ingot {

constexpr uint32_t kGraphFormatVersion = 2;  // version 1 has no functions, no states, and one result per node
constexpr uint32_t kOpSet = 1;

// Reads and validates a file; the form is told from the contents. Tensors in side files are mapped; a side file must
// lie in the graph's directory.
absl::StatusOr<Graph> LoadGraph(const std::string &path);
// The same from memory; `directory` empty: side files are refused.
absl::StatusOr<Graph> ParseGraph(std::string_view bytes, const std::string &directory);

// Writes PATH; tensors of at least `side_file_threshold` bytes go to PATH.data.
absl::Status SaveGraph(const Graph &graph, const std::string &path, int64_t side_file_threshold = 1 << 16);
// The text form, with all tensors inline.
absl::StatusOr<std::string> PrintGraph(const Graph &graph);

// The graph's structure as bytes, without the data of constants: equal graphs give equal bytes. For cache keys.
std::string SerializeStructure(const Graph &graph);

// from_proto.cc, to_proto.cc
absl::StatusOr<Graph> FromProto(const proto::Graph &message, const std::string &directory);
// Tensors of at least `side_file_threshold` bytes are appended to `side_data`, called `side_file`.
void ToProto(const Graph &graph, int64_t side_file_threshold, const std::string &side_file, std::string *side_data,
             proto::Graph *message);

}  // namespace ingot
#endif  // INGOT_GRAPH_FILE_H_
