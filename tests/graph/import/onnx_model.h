// Builds small ONNX models for the importer's tests: a few lines per model, any of it wrong on purpose.
#ifndef INGOT_TESTS_GRAPH_IMPORT_ONNX_MODEL_H_
#define INGOT_TESTS_GRAPH_IMPORT_ONNX_MODEL_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <string>
#include <variant>
#include <vector>

#include "ingot/onnx.h"

namespace ingot {

constexpr int kFloat = onnx::TensorProto::FLOAT, kInt64 = onnx::TensorProto::INT64, kInt32 = onnx::TensorProto::INT32;
constexpr int kBoolean = onnx::TensorProto::BOOL, kUint8 = onnx::TensorProto::UINT8, kInt8 = onnx::TensorProto::INT8;

// One node; attributes are chained: model.Node("Softmax", {"x"}, {"y"}).Int("axis", 1).
class NodeBuilder {
 public:
  explicit NodeBuilder(onnx::NodeProto &node) : node_(node) {}
  NodeBuilder &Name(const std::string &name) {
    node_.set_name(name);
    return *this;
  }
  NodeBuilder &Domain(const std::string &domain) {
    node_.set_domain(domain);
    return *this;
  }
  NodeBuilder &Int(const std::string &name, int64_t value) {
    Add(name, onnx::AttributeProto::INT).set_i(value);
    return *this;
  }
  NodeBuilder &Float(const std::string &name, float value) {
    Add(name, onnx::AttributeProto::FLOAT).set_f(value);
    return *this;
  }
  NodeBuilder &Text(const std::string &name, const std::string &value) {
    Add(name, onnx::AttributeProto::STRING).set_s(value);
    return *this;
  }
  NodeBuilder &Ints(const std::string &name, const std::vector<int64_t> &values) {
    auto &attribute = Add(name, onnx::AttributeProto::INTS);
    for (int64_t value : values) attribute.add_ints(value);
    return *this;
  }
  NodeBuilder &Reference(const std::string &name, const std::string &of, onnx::AttributeProto::AttributeType type) {
    Add(name, type).set_ref_attr_name(of);
    return *this;
  }
  onnx::AttributeProto &Add(const std::string &name, onnx::AttributeProto::AttributeType type) {
    auto &attribute = *node_.add_attribute();
    attribute.set_name(name);
    attribute.set_type(type);
    return attribute;
  }

 private:
  onnx::NodeProto &node_;
};

template <typename Owner>
NodeBuilder AddNode(Owner &owner, const std::string &op, const std::vector<std::string> &inputs,
                    const std::vector<std::string> &outputs) {
  onnx::NodeProto &node = *owner.add_node();
  node.set_op_type(op);
  for (const std::string &name : inputs) node.add_input(name);
  for (const std::string &name : outputs) node.add_output(name);
  return NodeBuilder(node);
}

class Model {
 public:
  using Size = std::variant<int, const char *>;  // a number, a name, or nullptr for neither

  explicit Model(int opset = 17) {
    proto.set_ir_version(8);
    auto &import = *proto.add_opset_import();
    import.set_version(opset);
    proto.mutable_graph()->set_name("test");
  }

  Model &Input(const std::string &name, int type, const std::vector<Size> &dims) {
    auto &input = *proto.mutable_graph()->add_input();
    input.set_name(name);
    auto &tensor = *input.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    tensor.mutable_shape();
    for (const Size &size : dims) {
      auto &dim = *tensor.mutable_shape()->add_dim();
      if (const int *number = std::get_if<int>(&size)) dim.set_dim_value(*number);
      if (auto text = std::get_if<const char *>(&size); text && *text) dim.set_dim_param(*text);
    }
    return *this;
  }
  Model &Output(const std::string &name, int type = 0) {
    auto &output = *proto.mutable_graph()->add_output();
    output.set_name(name);
    if (type != 0) output.mutable_type()->mutable_tensor_type()->set_elem_type(type);
    return *this;
  }
  onnx::TensorProto &Initializer(const std::string &name, int type, const std::vector<int64_t> &dims) {
    auto &tensor = *proto.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (int64_t dim : dims) tensor.add_dims(dim);
    return tensor;
  }
  Model &Int64s(const std::string &name, const std::vector<int64_t> &values) {
    auto &tensor = Initializer(name, kInt64, {static_cast<int64_t>(values.size())});
    for (int64_t value : values) tensor.add_int64_data(value);
    return *this;
  }
  Model &Int64(const std::string &name, int64_t value) {
    Initializer(name, kInt64, {}).add_int64_data(value);
    return *this;
  }
  Model &Floats(const std::string &name, const std::vector<int64_t> &dims, float value = 1) {
    auto &tensor = Initializer(name, kFloat, dims);
    int64_t size = 1;
    for (int64_t dim : dims) size *= dim;
    for (int64_t i = 0; i < size; ++i) tensor.add_float_data(value);
    return *this;
  }
  Model &FloatList(const std::string &name, const std::vector<float> &values) {
    auto &tensor = Initializer(name, kFloat, {static_cast<int64_t>(values.size())});
    for (float value : values) tensor.add_float_data(value);
    return *this;
  }
  Model &Bools(const std::string &name, const std::vector<bool> &values) {
    auto &tensor = Initializer(name, kBoolean, {static_cast<int64_t>(values.size())});
    for (bool value : values) tensor.add_int32_data(value ? 1 : 0);
    return *this;
  }
  NodeBuilder Node(const std::string &op, const std::vector<std::string> &inputs,
                   const std::vector<std::string> &outputs) {
    return AddNode(*proto.mutable_graph(), op, inputs, outputs);
  }
  // A model-local function with the given names, to be filled with AddNode.
  onnx::FunctionProto &Function(const std::string &name, const std::vector<std::string> &inputs,
                                const std::vector<std::string> &outputs) {
    auto &function = *proto.add_functions();
    function.set_name(name);
    function.set_domain("local");
    for (const std::string &input : inputs) function.add_input(input);
    for (const std::string &output : outputs) function.add_output(output);
    *function.add_opset_import() = proto.opset_import(0);
    return function;
  }

  std::string Bytes() const { return proto.SerializePartialAsString(); }
  absl::StatusOr<Graph> Import(const ImportOptions &options = {}) const {
    return ImportOnnxBytes(Bytes(), "", options);
  }

  onnx::ModelProto proto;
};

// The type of the graph's output `name` as text; "" when there is none.
inline std::string OutputType(const Graph &graph, const std::string &name) {
  for (const GraphOutput &output : graph.outputs) {
    if (output.name == name) return graph.type(output.value).ToString();
  }
  return "";
}

// The node that computes the output `name`.
inline const Node &OutputNode(const Graph &graph, const std::string &name) {
  for (const GraphOutput &output : graph.outputs) {
    if (output.name == name && graph.value(output.value).producer >= 0)
      return graph.nodes[static_cast<size_t>(graph.value(output.value).producer)];
  }
  static const Node none;
  ADD_FAILURE() << "no node computes " << name;
  return none;
}

// The ops of all nodes in order: "matmul add".
inline std::string OpNames(const Graph &graph) {
  std::string names;
  for (const Node &node : graph.nodes) names += (names.empty() ? "" : " ") + std::string(Name(node.op));
  return names;
}

inline void ExpectError(const absl::Status &status, absl::StatusCode code, const std::vector<std::string> &parts) {
  EXPECT_EQ(status.code(), code) << status;
  for (const std::string &part : parts) EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(part));
}

}  // namespace ingot
#endif  // INGOT_TESTS_GRAPH_IMPORT_ONNX_MODEL_H_
