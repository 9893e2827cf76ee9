#include "tools/ingot/model_loading.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "graph/io/mapped_file.h"
#include "ingot/graph_file.h"
#include "ingot/onnx.h"
#include "tools/ingot/progress.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

bool EndsWith(const std::string &text, std::string_view ending) {
  return text.size() >= ending.size() && text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

// Both binary formats begin with a version number in field 1. Ingot's is small; ONNX files that are still around have 3
// and more.
ModelFormat FormatOfContents(std::string_view bytes) {
  bool version = bytes.size() >= 2 && bytes[0] == '\x08';
  if (version)
    return static_cast<unsigned char>(bytes[1]) <= kGraphFormatVersion ? ModelFormat::kGraph : ModelFormat::kOnnx;
  for (unsigned char c : bytes.substr(0, 512)) {
    if (c < ' ' && c != '\n' && c != '\t' && c != '\r') return ModelFormat::kOnnx;
  }
  return ModelFormat::kGraph;
}

}  // namespace

absl::StatusOr<ModelFormat> FindFormat(const std::string &path) {
  ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  if (file->size() == 0) return absl::InvalidArgumentError(absl::StrCat("'", path, "' is empty"));
  if (file->view().substr(0, 4) ==
      "\x7f"
      "ELF")
    return ModelFormat::kProgram;
  if (EndsWith(path, ".so")) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' is not a shared object; make one with `ingot compile MODEL -o OUT.so`"));
  }
  if (EndsWith(path, ".onnx")) return ModelFormat::kOnnx;
  if (EndsWith(path, ".ingot") || EndsWith(path, ".ingot.txt")) return ModelFormat::kGraph;
  return FormatOfContents(file->view());
}

absl::StatusOr<Graph> LoadModel(const ModelArguments &arguments) {
  const std::string &path = arguments.path;
  ASSIGN_OR_RETURN(ModelFormat format, FindFormat(path));
  ASSIGN_OR_RETURN(auto bindings, ParseBindings(arguments.bind));
  Progress progress("reading " + path);
  switch (format) {
    case ModelFormat::kOnnx:
      return ImportOnnx(path, {.dims = std::move(bindings)});
    case ModelFormat::kGraph:
      if (!bindings.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("--bind changes ONNX models, and '", path, "' is a graph of Ingot's own"));
      }
      return LoadGraph(path);
    case ModelFormat::kProgram:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", path, "' is compiled code; this needs the model it was compiled from"));
}

}  // namespace ingot::tool
