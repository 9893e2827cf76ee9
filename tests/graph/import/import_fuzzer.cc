// libFuzzer: any bytes give a valid graph or an error.
#include <cstdlib>
#include <string_view>

#include "ingot/onnx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  absl::StatusOr<ingot::Graph> graph = ingot::ImportOnnxBytes(bytes, "");
  if (graph.ok() ? !ingot::Validate(*graph).ok() : graph.status().code() == absl::StatusCode::kInternal) std::abort();
  return 0;
}
