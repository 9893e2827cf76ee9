// The entry points: bytes to a parsed model, a parsed model to a graph or to the list of what is unsupported.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "graph/import/onnx/importer.h"
#include "ingot/onnx.h"

namespace ingot {
namespace {

using onnx_import::Importer;
using onnx_import::ModelStorage;

absl::StatusOr<std::shared_ptr<ModelStorage>> Parse(std::string_view bytes) {
  constexpr size_t kLargest = (size_t{1} << 31) - 1;
  if (bytes.size() > kLargest) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the model has ", bytes.size(),
        " bytes; ONNX files end at 2 GB (save it with external data: onnx.save(..., save_as_external_data=True))"));
  }
  if (bytes.empty()) return absl::InvalidArgumentError("the model is empty");
  auto storage = std::make_shared<ModelStorage>();
  google::protobuf::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetRecursionLimit(100);
  stream.SetTotalBytesLimit(static_cast<int>(kLargest));
  if (!storage->model.ParsePartialFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return absl::InvalidArgumentError("the file is not an ONNX model, or it is truncated");
  }
  return storage;
}

std::string List(const std::vector<Unsupported> &all) {
  constexpr size_t kShown = 40;
  std::string text = absl::StrCat(all.size(), all.size() == 1 ? " part" : " parts", " of the model not supported:");
  for (size_t i = 0; i < all.size() && i < kShown; ++i) {
    absl::StrAppend(&text, i ? "; " : " ", all[i].op == "input" || all[i].op == "tensor" ? all[i].op : "node", " '",
                    all[i].node, "'");
    if (all[i].op != "input" && all[i].op != "tensor") absl::StrAppend(&text, " (", all[i].op, ")");
    absl::StrAppend(&text, ": ", all[i].reason);
  }
  if (all.size() > kShown) absl::StrAppend(&text, "; and ", all.size() - kShown, " more");
  return text;
}

absl::Status InFile(const std::string &path, const absl::Status &status) {
  return absl::Status(status.code(), absl::StrCat("'", path, "': ", std::string(status.message())));
}

}  // namespace

absl::StatusOr<Graph> ImportOnnxBytes(std::string_view bytes, const std::string &directory,
                                      const ImportOptions &options) {
  INGOT_ASSIGN_OR_RETURN(std::shared_ptr<ModelStorage> storage, Parse(bytes));
  Importer importer(std::move(storage), directory, options);
  INGOT_RETURN_IF_ERROR(importer.Run());
  if (!importer.unsupported().empty()) return absl::UnimplementedError(List(importer.unsupported()));
  return importer.Finish();
}

absl::StatusOr<std::vector<Unsupported>> FindUnsupportedInBytes(std::string_view bytes, const std::string &directory,
                                                                const ImportOptions &options) {
  INGOT_ASSIGN_OR_RETURN(std::shared_ptr<ModelStorage> storage, Parse(bytes));
  Importer importer(std::move(storage), directory, options);
  INGOT_RETURN_IF_ERROR(importer.Run());
  return importer.unsupported();
}

absl::StatusOr<Graph> ImportOnnx(const std::string &path, const ImportOptions &options) {
  INGOT_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  absl::StatusOr<Graph> graph = ImportOnnxBytes(file->view(), DirectoryOf(path), options);
  return graph.ok() ? std::move(graph) : InFile(path, graph.status());
}

absl::StatusOr<std::vector<Unsupported>> FindUnsupported(const std::string &path, const ImportOptions &options) {
  INGOT_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  absl::StatusOr<std::vector<Unsupported>> found = FindUnsupportedInBytes(file->view(), DirectoryOf(path), options);
  return found.ok() ? std::move(found) : InFile(path, found.status());
}

}  // namespace ingot
