// What an ONNX file says of itself, read without importing it: `ingot inspect` shows this even for models that cannot
// be imported.
#ifndef INGOT_TOOLS_INGOT_ONNX_SUMMARY_H_
#define INGOT_TOOLS_INGOT_ONNX_SUMMARY_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ingot::tool {

struct OnnxPort {
  std::string name, dtype;
  std::vector<std::string> dims;  // numbers, names, or "?"
};

struct OnnxSummary {
  std::string producer;
  std::map<std::string, int64_t> opsets;  // by domain; "" is shown as "ai.onnx"
  std::vector<OnnxPort> inputs, outputs;  // inputs without those that have an initializer
  std::map<std::string, int64_t>
      ops;  // op type to count, with those in bodies and functions; "domain.Op" outside ONNX's own
  int64_t parameters = 0, parameter_bytes = 0;  // of the initializers
};

absl::StatusOr<OnnxSummary> SummarizeOnnx(const std::string &path);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_ONNX_SUMMARY_H_
