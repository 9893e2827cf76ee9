#include "tests/compiler/onnx_mutator.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "graph/bound_sizes.h"
#include "ingot/onnx.h"
#include "onnx/onnx_pb.h"

namespace ingot {
namespace {

constexpr uintmax_t kLargestFile = 100'000;
constexpr size_t kMostNodes = 300;
constexpr int64_t kMostElements = 20'000, kMostInAll = 400'000;

class Mutation {
 public:
  Mutation(onnx::ModelProto &model, uint64_t seed) : graph_(*model.mutable_graph()), engine_(seed) {}

  void Apply() {
    if (graph_.node_size() == 0) return;
    switch (Below(8)) {
      case 0:
      case 1:
        return ChangeAttribute();
      case 2:
        return ChangeDim();
      case 3:
        return SwapInputs();
      case 4:
        return ChangeOp();
      case 5:
        return DropNode();
      case 6:
        return RepeatNode();
      default:
        return ChangeConstant();
    }
  }
  size_t Below(size_t limit) { return engine_() % limit; }

 private:
  onnx::NodeProto &AnyNode() {
    return *graph_.mutable_node(static_cast<int>(Below(static_cast<size_t>(graph_.node_size()))));
  }

  int64_t Near(int64_t value) {
    const int64_t choices[] = {value + 1, value - 1, -value, 0, 1, 2, value * 2, -1};
    return choices[Below(std::size(choices))];
  }

  void ChangeAttribute() {
    onnx::NodeProto &node = AnyNode();
    if (node.attribute_size() == 0) return;
    onnx::AttributeProto &attribute =
        *node.mutable_attribute(static_cast<int>(Below(static_cast<size_t>(node.attribute_size()))));
    if (attribute.has_i()) attribute.set_i(Near(attribute.i()));
    if (attribute.has_f()) attribute.set_f(static_cast<float>(Near(2)) * 0.5f);
    if (attribute.ints_size() == 0) return;
    int at = static_cast<int>(Below(static_cast<size_t>(attribute.ints_size())));
    if (Below(3) == 0) {
      attribute.mutable_ints()->SwapElements(at, 0);
    } else {
      attribute.set_ints(at, Near(attribute.ints(at)));
    }
  }

  // Of an input: another number, or a symbol.
  void ChangeDim() {
    if (graph_.input_size() == 0) return;
    onnx::TensorShapeProto &shape =
        *graph_.mutable_input(static_cast<int>(Below(static_cast<size_t>(graph_.input_size()))))
             ->mutable_type()
             ->mutable_tensor_type()
             ->mutable_shape();
    if (shape.dim_size() == 0) return;
    auto &dim = *shape.mutable_dim(static_cast<int>(Below(static_cast<size_t>(shape.dim_size()))));
    if (!dim.has_dim_value() || Below(3) != 0) {
      dim.set_dim_param(Below(2) == 0 ? "s" : "t");
    } else {
      dim.set_dim_value(std::max<int64_t>(0, Near(dim.dim_value())));
    }
  }

  // Two inputs of a node, or the same input of two nodes.
  void SwapInputs() {
    onnx::NodeProto &a = AnyNode(), &b = Below(2) == 0 ? a : AnyNode();
    if (a.input_size() == 0 || b.input_size() == 0) return;
    int i = static_cast<int>(Below(static_cast<size_t>(a.input_size()))),
        j = static_cast<int>(Below(static_cast<size_t>(b.input_size())));
    std::swap(*a.mutable_input(i), *b.mutable_input(j));
  }

  // To an op that takes as many operands and needs no attribute.
  void ChangeOp() {
    static const char *const kUnary[] = {"Neg",   "Abs",   "Exp",     "Sqrt",      "Tanh",    "Softmax",   "Relu",
                                         "Floor", "Shape", "Sigmoid", "ReduceSum", "Flatten", "Transpose", "Identity"};
    static const char *const kBinary[] = {"Add",    "Sub",  "Mul",   "Div",    "Pow",     "MatMul", "Max",
                                          "Gather", "Less", "Equal", "Expand", "Reshape", "Tile",   "Concat"};
    onnx::NodeProto &node = AnyNode();
    if (node.input_size() == 1) node.set_op_type(kUnary[Below(std::size(kUnary))]);
    if (node.input_size() == 2) node.set_op_type(kBinary[Below(std::size(kBinary))]);
    if (node.input_size() <= 2 && node.input_size() > 0) node.clear_attribute();
    if (node.op_type() == "Concat") {
      onnx::AttributeProto &axis = *node.add_attribute();
      axis.set_name("axis");
      axis.set_type(onnx::AttributeProto::INT);
      axis.set_i(static_cast<int64_t>(Below(3)) - 1);
    }
  }

  // Its readers read what it read.
  void DropNode() {
    onnx::NodeProto node = AnyNode();
    if (node.input_size() == 0 || node.output_size() == 0) return;
    for (onnx::NodeProto &other : *graph_.mutable_node()) {
      for (std::string &input : *other.mutable_input()) {
        if (input == node.output(0)) input = node.input(0);
      }
    }
    for (onnx::ValueInfoProto &output : *graph_.mutable_output()) {
      if (output.name() == node.output(0)) output.set_name(node.input(0));
    }
  }

  // A second time, on its own result.
  void RepeatNode() {
    int at = static_cast<int>(Below(static_cast<size_t>(graph_.node_size())));
    onnx::NodeProto again = graph_.node(at);
    if (again.input_size() == 0 || again.output_size() == 0) return;
    std::string middle = again.output(0) + "_once";
    again.set_input(static_cast<int>(Below(static_cast<size_t>(again.input_size()))), middle);
    again.set_name(again.name() + "_again");
    graph_.mutable_node(at)->set_output(0, middle);
    *graph_.add_node() = again;  // the importer puts nodes in order
  }

  // One integer of an initializer: shapes, axes, indices.
  void ChangeConstant() {
    for (onnx::TensorProto &tensor : *graph_.mutable_initializer()) {
      if (tensor.data_type() != onnx::TensorProto::INT64 || Below(3) != 0) continue;
      if (tensor.int64_data_size() > 0) {
        int at = static_cast<int>(Below(static_cast<size_t>(tensor.int64_data_size())));
        tensor.set_int64_data(at, Near(tensor.int64_data(at)));
      } else if (tensor.raw_data().size() >= 8) {
        size_t at = Below(tensor.raw_data().size() / 8) * 8;
        (*tensor.mutable_raw_data())[at] = static_cast<char>(Below(5));
      }
      return;
    }
  }

  onnx::GraphProto &graph_;
  std::mt19937_64 engine_;
};

bool SmallEnough(const Graph &graph, const std::map<std::string, int64_t> &sizes) {
  int64_t all = 0;
  for (const Value &value : graph.values) {
    int64_t elements = NumElements(value.type.dims).Evaluate(sizes).value_or(0);
    if (elements > kMostElements) return false;
    all += elements;
  }
  return all <= kMostInAll;
}

}  // namespace

absl::StatusOr<OnnxMutator> OnnxMutator::Create(const std::vector<std::string> &folders) {
  std::vector<std::filesystem::path> paths;
  for (const std::string &folder : folders) {
    std::error_code error;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(folder, error)) {
      if (entry.path().extension() == ".onnx" && entry.file_size() <= kLargestFile) paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  OnnxMutator mutator;
  for (const auto &path : paths) {
    std::stringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    mutator.models_.push_back(bytes.str());
  }
  if (mutator.models_.empty()) return absl::InvalidArgumentError("there is no .onnx file in the folders; name others");
  return mutator;
}

absl::StatusOr<RandomCase> OnnxMutator::Make(uint64_t seed) const {
  onnx::ModelProto model;
  // Files that are broken on purpose stay as they are.
  bool whole = model.ParseFromString(models_[seed % models_.size()]);
  Mutation mutation(model, seed * 0x9e3779b97f4a7c15ull + 1);
  for (size_t i = mutation.Below(5); whole && i > 0; --i) mutation.Apply();
  absl::StatusOr<Graph> graph = ImportOnnxBytes(whole ? model.SerializeAsString() : models_[seed % models_.size()], "");
  if (!graph.ok()) return graph.status();
  RandomCase made{*std::move(graph), {}, true};
  // Random data as a size would be gigabytes; what is above is refused, by the interpreter and the program alike.
  constexpr int64_t kLargestBound = 64;
  for (const std::string &symbol : SymbolsBoundByNodes(made.graph)) {
    SymbolRange &range = made.graph.symbols.at(symbol);
    range.max = std::min(range.max, std::max(range.min, kLargestBound));
  }
  for (const std::vector<int64_t> &choices : {std::vector<int64_t>{2, 3, 5}, {1, 1, 2}, {0, 7, 9}}) {
    made.sizes.emplace_back();
    for (const auto &[symbol, range] : made.graph.symbols) {
      made.sizes.back()[symbol] = std::clamp(choices[mutation.Below(choices.size())], range.min, range.max);
    }
    if (!SmallEnough(made.graph, made.sizes.back())) return absl::ResourceExhaustedError("too large for a test");
    if (made.graph.symbols.empty()) break;
  }
  if (made.graph.nodes.size() > kMostNodes) return absl::ResourceExhaustedError("too many nodes for a test");
  return made;
}

}  // namespace ingot
