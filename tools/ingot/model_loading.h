// MODEL on the command line: an ONNX model, Ingot's binary or text graph, or a compiled program. What it is is told
// from its extension and contents.
#ifndef INGOT_TOOLS_INGOT_MODEL_LOADING_H_
#define INGOT_TOOLS_INGOT_MODEL_LOADING_H_

#include <string>

#include "absl/status/statusor.h"
#include "ingot/graph.h"
#include "tools/ingot/options.h"

namespace ingot::tool {

enum class ModelFormat { kOnnx, kGraph, kProgram };

// NotFound or InvalidArgument when the file cannot be read.
absl::StatusOr<ModelFormat> FindFormat(const std::string &path);

// A graph of format kOnnx or kGraph. Errors name the file.
absl::StatusOr<Graph> LoadModel(const ModelArguments &arguments);

}  // namespace ingot::tool
#endif  // INGOT_TOOLS_INGOT_MODEL_LOADING_H_
