// libFuzzer target: any bytes as a graph file. What is accepted must print, and load again as the same graph.
// Build with -DINGOT_BUILD_FUZZERS=ON; run: graph_file_fuzzer NEW_CORPUS tests/graph/corpus/graph
#include <cstdio>
#include <cstdlib>

#include "ingot/graph_file.h"

namespace {

void Require(bool condition, const char *what, const absl::Status &status) {
  if (condition) return;
  std::fprintf(stderr, "an accepted graph %s: %s\n", what, std::string(status.message()).c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  absl::StatusOr<ingot::Graph> graph = ingot::ParseGraph({reinterpret_cast<const char *>(data), size}, "");
  if (!graph.ok()) return 0;
  absl::StatusOr<std::string> text = ingot::PrintGraph(*graph);
  Require(text.ok(), "does not print", text.status());
  absl::StatusOr<ingot::Graph> again = ingot::ParseGraph(*text, "");
  Require(again.ok(), "does not load again", again.status());
  Require(ingot::ToString(*graph) == ingot::ToString(*again), "changes", absl::OkStatus());
  return 0;
}
