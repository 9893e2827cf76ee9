// From the wire format to a Graph. The message is hostile: every name, number and size is checked before it is used.
#include <map>

#include "absl/strings/str_cat.h"
#include "graph/bound_sizes.h"
#include "graph/io/mapped_file.h"
#include "graph/shape/infer.h"
#include "ingot/graph_file.h"
#include "proto/ingot/graph.pb.h"

namespace ingot {
namespace {

absl::StatusOr<DType> ReadDType(proto::DType dtype) {
  if (dtype <= proto::DTYPE_INVALID || dtype > proto::DType_MAX)
    return absl::InvalidArgumentError(absl::StrCat("the dtype ", static_cast<int>(dtype), " is not known"));
  return static_cast<DType>(dtype);
}

absl::StatusOr<Dims> ReadDims(const google::protobuf::RepeatedPtrField<std::string> &texts) {
  if (texts.size() > kMaxDimList)
    return absl::InvalidArgumentError(absl::StrCat("a list of ", texts.size(), " dims is too long"));
  Dims dims;
  for (const std::string &text : texts) {
    absl::StatusOr<Dim> dim = Dim::Parse(text);
    if (!dim.ok()) return dim.status();
    dims.push_back(*std::move(dim));
  }
  return dims;
}

absl::StatusOr<Attribute> ReadAttribute(const proto::Attribute &attribute) {
  switch (attribute.value_case()) {
    case proto::Attribute::kI:
      return Attribute(static_cast<int64_t>(attribute.i()));
    case proto::Attribute::kF:
      return Attribute(attribute.f());
    case proto::Attribute::kS:
      return Attribute(attribute.s());
    case proto::Attribute::kInts:
      return Attribute(Ints(attribute.ints().values().begin(), attribute.ints().values().end()));
    case proto::Attribute::kFloats:
      return Attribute(std::vector<double>(attribute.floats().values().begin(), attribute.floats().values().end()));
    case proto::Attribute::kDims: {
      absl::StatusOr<Dims> dims = ReadDims(attribute.dims().values());
      if (!dims.ok()) return dims.status();
      return Attribute(*std::move(dims));
    }
    case proto::Attribute::kDtype: {
      absl::StatusOr<DType> dtype = ReadDType(attribute.dtype());
      if (!dtype.ok()) return dtype.status();
      return Attribute(*dtype);
    }
    case proto::Attribute::kB:
      return Attribute(attribute.b());
    case proto::Attribute::VALUE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("an attribute has no value");
}

class Reader {
 public:
  Reader(const proto::Graph &message, const std::string &directory) : message_(message), directory_(directory) {}
  // Reads a function; `functions` are those before it.
  Reader(const proto::Graph &message, const std::string &directory, const std::vector<Graph> &functions)
      : message_(message), directory_(directory), functions_(&functions) {}

  absl::StatusOr<Graph> Run() {
    if (message_.format_version() < 1 || message_.format_version() > kGraphFormatVersion) {
      return absl::InvalidArgumentError(absl::StrCat("format version ", message_.format_version(),
                                                     " is not known; this build reads versions 1 to ",
                                                     kGraphFormatVersion));
    }
    if (message_.op_set() > kOpSet)
      return absl::InvalidArgumentError(
          absl::StrCat("op set ", message_.op_set(), " is newer than this build's ", kOpSet));
    for (const proto::Symbol &symbol : message_.symbols()) {
      const int64_t max = symbol.max() == 0 ? SymbolRange().max : symbol.max() == -1 ? 0 : symbol.max();
      graph_.symbols[symbol.name()] = {symbol.min(), max};
    }
    for (const proto::Graph &function : message_.functions()) {
      absl::StatusOr<Graph> read = Reader(function, directory_, graph_.functions).Body();
      if (!read.ok()) return Named("function", function.name(), read.status());
      graph_.functions.push_back(*std::move(read));
    }
    absl::StatusOr<Graph> graph = Body();
    if (!graph.ok()) return graph;
    for (const std::string &symbol : SymbolsBoundByNodes(*graph)) graph->symbols.try_emplace(symbol);
    if (absl::Status s = Validate(*graph); !s.ok()) return s;
    return graph;
  }

  // What graphs and functions have in common.
  absl::StatusOr<Graph> Body() {
    graph_.name = message_.name();
    if (functions_ != nullptr &&
        (message_.functions_size() > 0 || message_.symbols_size() > 0 || message_.states_size() > 0))
      return absl::InvalidArgumentError("has functions, symbols or states of its own; they belong to the graph");
    for (const proto::Value &input : message_.inputs()) {
      if (absl::Status s = ReadInput(input, &graph_.inputs); !s.ok()) return Named("input", input.name(), s);
    }
    std::vector<ValueId> states;
    for (const proto::State &state : message_.states()) {
      if (absl::Status s = ReadInput(state.input(), &states); !s.ok()) return Named("state", state.input().name(), s);
    }
    for (const proto::Constant &constant : message_.constants()) {
      if (absl::Status s = ReadConstant(constant); !s.ok()) return Named("constant", constant.name(), s);
    }
    for (const proto::Node &node : message_.nodes()) {
      if (absl::Status s = ReadNode(node); !s.ok()) return Named("node", node.name(), s);
    }
    for (const proto::Output &output : message_.outputs()) {
      auto found = ids_.find(output.value());
      if (found == ids_.end())
        return absl::InvalidArgumentError(
            absl::StrCat("output '", output.name(), "' stands for '", output.value(), "', which is never computed"));
      graph_.outputs.push_back({output.name(), found->second});
    }
    for (size_t i = 0; i < states.size(); ++i) {
      const proto::State &state = message_.states(static_cast<int>(i));
      ValueId initial = Find(state.initial());
      if (initial == kNoValue && !state.initial().empty())
        return Named("state", state.input().name(),
                     absl::InvalidArgumentError(absl::StrCat("there is no constant '", state.initial(), "'")));
      graph_.states.push_back({states[i], Find(state.output()), initial});
    }
    return std::move(graph_);
  }

 private:
  static absl::Status Named(const char *what, const std::string &name, const absl::Status &status) {
    return absl::Status(status.code(), absl::StrCat(what, " '", name, "': ", status.message()));
  }

  absl::StatusOr<ValueId> Define(const std::string &name, TensorType type) {
    ValueId id = static_cast<ValueId>(graph_.values.size());
    if (!ids_.emplace(name, id).second)
      return absl::InvalidArgumentError(absl::StrCat("the value '", name, "' is defined twice"));
    graph_.values.push_back({name, std::move(type), -1, -1});
    return id;
  }

  // The value that a name stands for, or none.
  ValueId Find(const std::string &name) const {
    auto found = ids_.find(name);
    return found == ids_.end() ? kNoValue : found->second;
  }

  absl::Status ReadInput(const proto::Value &input, std::vector<ValueId> *inputs) {
    absl::StatusOr<DType> dtype = ReadDType(input.type().dtype());
    if (!dtype.ok()) return dtype.status();
    absl::StatusOr<Dims> dims = ReadDims(input.type().dims());
    if (!dims.ok()) return dims.status();
    std::vector<std::string> symbols;
    for (const Dim &dim : *dims) dim.CollectSymbols(symbols);
    if (functions_ == nullptr) {
      for (const std::string &symbol : symbols) graph_.symbols.try_emplace(symbol);
    }
    absl::StatusOr<ValueId> id = Define(input.name(), {*dtype, *std::move(dims)});
    if (!id.ok()) return id.status();
    inputs->push_back(*id);
    return absl::OkStatus();
  }

  absl::Status ReadConstant(const proto::Constant &constant) {
    const proto::Tensor &in = constant.tensor();
    absl::StatusOr<DType> dtype = ReadDType(in.dtype());
    if (!dtype.ok()) return dtype.status();
    if (in.dims_size() > kMaxRank)
      return absl::InvalidArgumentError(absl::StrCat("rank ", in.dims_size(), " is more than ", kMaxRank));
    std::vector<int64_t> dims(in.dims().begin(), in.dims().end());
    int64_t elements = 1;
    bool fits = true;
    for (int64_t dim : dims)
      fits = fits && dim >= 0 && !__builtin_mul_overflow(elements, dim, &elements) && StorageBytes(*dtype, elements);
    if (!fits) return absl::InvalidArgumentError("its size is negative or does not fit 64 bits");
    int64_t bytes = *StorageBytes(*dtype, elements);
    Tensor tensor;
    if (in.file().empty()) {
      if (static_cast<int64_t>(in.data().size()) != bytes)
        return absl::InvalidArgumentError(
            absl::StrCat("its type needs ", bytes, " bytes, the file has ", in.data().size()));
      tensor = Tensor::Copy(*dtype, std::move(dims), in.data().data());
    } else {
      absl::StatusOr<std::shared_ptr<const MappedFile>> file = SideFile(in.file());
      if (!file.ok()) return file.status();
      uint64_t size = (*file)->size();
      if (in.offset() > size || static_cast<uint64_t>(bytes) > size - in.offset() ||
          in.length() != static_cast<uint64_t>(bytes)) {
        return absl::InvalidArgumentError(absl::StrCat("its ", bytes, " bytes at offset ", in.offset(),
                                                       " (stated length ", in.length(), ") are not all in '", in.file(),
                                                       "', which has ", size));
      }
      tensor = Tensor(*dtype, std::move(dims), (*file)->data() + in.offset(), *file);
    }
    absl::StatusOr<ValueId> id = Define(constant.name(), tensor.type());
    if (!id.ok()) return id.status();
    graph_.values.back().constant = static_cast<int32_t>(graph_.constants.size());
    graph_.constants.push_back(std::move(tensor));
    return absl::OkStatus();
  }

  absl::StatusOr<std::shared_ptr<const MappedFile>> SideFile(const std::string &name) {
    auto &file = files_[name];
    if (file != nullptr) return file;
    if (directory_.empty()) return absl::InvalidArgumentError("side files cannot be used from memory");
    absl::StatusOr<std::string> path = PathInside(directory_, name);
    if (!path.ok()) return path.status();
    if (name.find('/') != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("the file name '", name, "' has a separator; put the file beside the graph"));
    }
    absl::StatusOr<std::shared_ptr<const MappedFile>> opened = MappedFile::Open(*path);
    if (opened.ok()) file = *opened;
    return opened;
  }

  absl::Status ReadNode(const proto::Node &in) {
    std::optional<OpKind> op = FindOp(in.op());
    if (!op) return absl::UnimplementedError(absl::StrCat("there is no op '", in.op(), "'; docs/ops.md lists them"));
    Node node;
    node.name = in.name();
    node.op = *op;
    node.location = in.location();
    for (const std::string &name : in.inputs()) {
      auto found = ids_.find(name);
      if (found == ids_.end())
        return absl::InvalidArgumentError(absl::StrCat(
            "uses '", name, "' before it is computed; nodes must stand in topological order, without cycles"));
      node.inputs.push_back(found->second);
    }
    for (const auto &[name, attribute] : in.attributes()) {
      absl::StatusOr<Attribute> value = ReadAttribute(attribute);
      if (!value.ok()) return Named("attribute", name, value.status());
      node.attributes[name] = *std::move(value);
    }
    absl::StatusOr<ResultTypes> types =
        CompleteNode(graph_, functions_ != nullptr ? *functions_ : graph_.functions, node);
    if (!types.ok()) return types.status();
    if (static_cast<size_t>(in.outputs_size()) != types->size())
      return absl::InvalidArgumentError(
          absl::StrCat("has ", in.outputs_size(), " outputs; '", in.op(), "' has ", types->size()));
    for (size_t i = 0; i < types->size(); ++i) {
      absl::StatusOr<ValueId> id = Define(in.outputs(static_cast<int>(i)), std::move((*types)[i]));
      if (!id.ok()) return id.status();
      graph_.values.back().producer = static_cast<int32_t>(graph_.nodes.size());
      node.outputs.push_back(*id);
    }
    graph_.nodes.push_back(std::move(node));
    return absl::OkStatus();
  }

  const proto::Graph &message_;
  const std::string &directory_;
  const std::vector<Graph> *functions_ = nullptr;  // of the graph around
  Graph graph_;
  std::map<std::string, ValueId> ids_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

}  // namespace

absl::StatusOr<Graph> FromProto(const proto::Graph &message, const std::string &directory) {
  return Reader(message, directory).Run();
}

}  // namespace ingot
