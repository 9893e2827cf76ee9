#include "tools/ingot/onnx_case.h"

#include <google/protobuf/io/coded_stream.h>
#include <onnx/onnx-data_pb.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "graph/import/onnx/tensor_data.h"
#include "graph/io/mapped_file.h"
#include "tools/ingot/interface.h"
#include "tools/ingot/options.h"
#include "tools/ingot/status.h"

namespace ingot::tool {
namespace {

namespace fs = std::filesystem;

constexpr char kSetPrefix[] = "test_data_set_";

bool IsCase(const fs::path &path) {
  std::error_code error;
  return fs::is_regular_file(path / "model.onnx", error);
}

// Names like PREFIX17SUFFIX in a directory, in order of their numbers.
std::vector<std::string> Numbered(const std::string &directory, const std::string &prefix, const std::string &suffix) {
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator(directory, error)) {
    std::string name = entry.path().filename().string();
    int64_t number = 0;
    if (name.size() <= prefix.size() + suffix.size() || name.rfind(prefix, 0) != 0) continue;
    if (name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0) continue;
    if (absl::SimpleAtoi(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()), &number))
      found.emplace_back(number, name);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto &[number, name] : found) names.push_back(std::move(name));
  return names;
}

template <typename Proto>
absl::Status ReadProto(const std::string &path, const char *what, Proto &proto) {
  ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  bool fits = file->size() <= INT32_MAX;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(file->data()),
                                                fits ? static_cast<int>(file->size()) : 0);
  if (fits && proto.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("'", path, "' is not ", what, ": the file is damaged or truncated"));
}

// A graph input or output as the model declares it.
struct Declared {
  std::string name;
  onnx::TypeProto type;
};

struct Interfaces {
  std::vector<Declared> inputs, outputs;
};

absl::StatusOr<Interfaces> ReadInterfaces(const std::string &directory) {
  onnx::ModelProto model;
  RETURN_IF_ERROR(ReadProto(directory + "/model.onnx", "an ONNX model", model));
  std::set<std::string> initializers;
  for (const onnx::TensorProto &tensor : model.graph().initializer()) initializers.insert(tensor.name());
  Interfaces interfaces;
  for (const onnx::ValueInfoProto &input : model.graph().input()) {
    if (!initializers.count(input.name())) interfaces.inputs.push_back({input.name(), input.type()});
  }
  for (const onnx::ValueInfoProto &output : model.graph().output())
    interfaces.outputs.push_back({output.name(), output.type()});
  return interfaces;
}

// One file of a data set: appends its tensors. Sequences note their lengths.
class FileReader {
 public:
  FileReader(std::vector<NamedTensor> &tensors, std::map<std::string, Dim> &lengths)
      : tensors_(tensors), lengths_(lengths) {}

  absl::Status Read(const std::string &path, const Declared &declared) {
    path_ = path;
    if (declared.type.has_sequence_type()) {
      auto sequence = std::make_shared<onnx::SequenceProto>();
      RETURN_IF_ERROR(ReadProto(path, "a sequence", *sequence));
      return AddSequence(declared.name, *sequence, sequence);
    }
    if (declared.type.has_optional_type()) {
      auto optional = std::make_shared<onnx::OptionalProto>();
      RETURN_IF_ERROR(ReadProto(path, "an optional value", *optional));
      if (optional->has_sequence_value()) return AddSequence(declared.name, optional->sequence_value(), optional);
      if (optional->has_tensor_value()) return AddTensor(declared.name, optional->tensor_value(), optional);
      return absl::UnimplementedError(absl::StrCat("'", declared.name, "' is an optional value that is absent"));
    }
    auto tensor = std::make_shared<onnx::TensorProto>();
    RETURN_IF_ERROR(ReadProto(path, "a tensor", *tensor));
    return AddTensor(tensor->name(), *tensor, tensor);
  }

 private:
  absl::Status AddTensor(const std::string &name, const onnx::TensorProto &tensor, std::shared_ptr<const void> owner) {
    onnx_import::TensorLoader loader(DirectoryOf(path_), std::move(owner));
    ASSIGN_OR_RETURN(Tensor loaded, loader.Load(tensor, path_));
    tensors_.push_back({name, std::move(loaded)});
    return absl::OkStatus();
  }

  absl::Status AddSequence(const std::string &name, const onnx::SequenceProto &sequence,
                           const std::shared_ptr<const void> &owner) {
    int count = 0;
    for (const onnx::TensorProto &tensor : sequence.tensor_values())
      RETURN_IF_ERROR(AddTensor(absl::StrCat(name, "_", count++), tensor, owner));
    lengths_[name] = Dim(count);
    return absl::OkStatus();
  }

  std::string path_;
  std::vector<NamedTensor> &tensors_;
  std::map<std::string, Dim> &lengths_;
};

absl::Status ReadFiles(const std::string &directory, const std::string &prefix, const std::vector<Declared> &declared,
                       std::vector<NamedTensor> &tensors, std::map<std::string, Dim> &lengths) {
  FileReader reader(tensors, lengths);
  size_t next = 0;
  for (const std::string &name : Numbered(directory, prefix, ".pb")) {
    RETURN_IF_ERROR(reader.Read(directory + "/" + name, next < declared.size() ? declared[next] : Declared{}));
    ++next;
  }
  return absl::OkStatus();
}

std::string TypeText(const Tensor &tensor) {
  Port port{"", tensor.dtype(), {}};
  for (int64_t dim : tensor.dims()) port.dims.push_back(absl::StrCat(dim));
  return port.TypeText();
}

// Of element i: 0 when equal, otherwise how many tolerances apart.
double Excess(const Tensor &actual, const Tensor &expected, int64_t i, const Tolerance &tolerance) {
  if (!IsFloat(expected.dtype()) && actual.GetInt(i) == expected.GetInt(i)) return 0;
  double a = actual.GetDouble(i), e = expected.GetDouble(i);
  if (IsFloat(expected.dtype()) && (a == e || (std::isnan(a) && std::isnan(e)))) return 0;
  if (expected.dtype() == DType::kBool || !std::isfinite(a) || !std::isfinite(e)) return INFINITY;
  double allowed = tolerance.absolute + tolerance.relative * std::fabs(e);
  return allowed > 0 ? std::fabs(a - e) / allowed : INFINITY;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FindCases(const std::vector<std::string> &paths) {
  std::vector<std::string> cases;
  for (const std::string &path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      return absl::NotFoundError(
          absl::StrCat("'", path, "' is not a directory; name one with model.onnx and test_data_set_0/ in it"));
    }
    if (IsCase(path)) {
      cases.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (const fs::directory_entry &entry : fs::directory_iterator(path, error)) {
      if (IsCase(entry.path())) inside.push_back(entry.path().string());
    }
    if (inside.empty())
      return absl::NotFoundError(absl::StrCat("'", path, "' has no model.onnx, and no directory in it has one"));
    std::sort(inside.begin(), inside.end());
    cases.insert(cases.end(), inside.begin(), inside.end());
  }
  return cases;
}

absl::StatusOr<std::vector<DataSet>> ReadDataSets(const std::string &directory) {
  ASSIGN_OR_RETURN(Interfaces interfaces, ReadInterfaces(directory));
  std::vector<DataSet> sets;
  for (const std::string &name : Numbered(directory, kSetPrefix, "")) {
    DataSet set{name, {}, {}, {}};
    std::map<std::string, Dim> of_outputs;
    RETURN_IF_ERROR(ReadFiles(directory + "/" + name, "input_", interfaces.inputs, set.inputs, set.lengths));
    RETURN_IF_ERROR(ReadFiles(directory + "/" + name, "output_", interfaces.outputs, set.outputs, of_outputs));
    if (set.outputs.empty() && of_outputs.empty())
      return absl::InvalidArgumentError(absl::StrCat(name, " has no output_0.pb to compare with"));
    sets.push_back(std::move(set));
  }
  if (sets.empty()) return absl::NotFoundError("no test_data_set_0 in the directory");
  return sets;
}

absl::StatusOr<std::vector<Tensor>> InOrder(const std::vector<NamedTensor> &tensors, const std::vector<Port> &ports,
                                            const std::string &what) {
  std::vector<std::string> names;
  for (const Port &port : ports) names.push_back(port.name);
  if (tensors.size() != ports.size()) {
    return absl::InvalidArgumentError(absl::StrCat("has ", tensors.size(), " ", what, " files, and the model has ",
                                                   ports.size(), " ", what, "s: ", ListNames(names, "none")));
  }
  std::vector<Tensor> by_file, by_name;
  for (const NamedTensor &tensor : tensors) by_file.push_back(tensor.tensor);
  for (const std::string &name : names) {
    auto found =
        std::find_if(tensors.begin(), tensors.end(), [&](const NamedTensor &tensor) { return tensor.name == name; });
    if (found != tensors.end()) by_name.push_back(found->tensor);
  }
  std::vector<Tensor> ordered = by_name.size() == names.size() ? by_name : by_file;
  for (size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].dtype == DType::kBF16 && ordered[i].dtype() == DType::kU16)
      ordered[i] = ordered[i].WithType(DType::kBF16);
  }
  return ordered;
}

absl::Status Compare(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance) {
  if (actual.dtype() != expected.dtype() || actual.dims() != expected.dims()) {
    return absl::InvalidArgumentError(absl::StrCat("is ", TypeText(actual), ", expected ", TypeText(expected)));
  }
  if (IsComplex(expected.dtype())) return Compare(actual.Parts(), expected.Parts(), tolerance);
  int64_t wrong = 0, worst = 0;
  double worst_excess = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double excess = Excess(actual, expected, i, tolerance);
    if (excess <= 1) continue;
    ++wrong;
    if (excess > worst_excess) worst = i;
    worst_excess = std::max(worst_excess, excess);
  }
  if (wrong == 0) return absl::OkStatus();
  std::string place = "[";
  int64_t rest = worst, stride = expected.size();
  for (int64_t dim : expected.dims()) {
    stride /= dim;
    absl::StrAppend(&place, place.size() == 1 ? "" : ", ", rest / stride);
    rest %= stride;
  }
  return absl::InvalidArgumentError(absl::StrCat(wrong, " of ", expected.size(), " elements differ; the worst, at ",
                                                 place, "], is ", actual.GetDouble(worst), ", expected ",
                                                 expected.GetDouble(worst)));
}

}  // namespace ingot::tool
