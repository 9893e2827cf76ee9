#include <algorithm>

#include "ingot/graph_file.h"
#include "proto/ingot/graph.pb.h"

namespace ingot {
namespace {

struct AttributeWriter {
  proto::Attribute *out;
  void operator()(bool value) const { out->set_b(value); }
  void operator()(int64_t value) const { out->set_i(value); }
  void operator()(double value) const { out->set_f(value); }
  void operator()(const std::string &value) const { out->set_s(value); }
  void operator()(const Ints &value) const { out->mutable_ints()->mutable_values()->Add(value.begin(), value.end()); }
  void operator()(const std::vector<double> &value) const {
    out->mutable_floats()->mutable_values()->Add(value.begin(), value.end());
  }
  void operator()(const Dims &value) const {
    proto::Dims *dims = out->mutable_dims();
    for (const Dim &dim : value) dims->add_values(dim.ToString());
  }
  void operator()(DType value) const { out->set_dtype(static_cast<proto::DType>(value)); }
};

void WriteValue(const Value &value, proto::Value *out) {
  out->set_name(value.name);
  out->mutable_type()->set_dtype(static_cast<proto::DType>(value.type.dtype));
  for (const Dim &dim : value.type.dims) out->mutable_type()->add_dims(dim.ToString());
}

}  // namespace

static void WriteBody(const Graph &graph, int64_t side_file_threshold, const std::string &side_file,
                      std::string *side_data, proto::Graph *message) {
  message->set_name(graph.name);
  for (ValueId id : graph.inputs) WriteValue(graph.value(id), message->add_inputs());
  for (const Value &value : graph.values) {
    if (value.constant < 0) continue;
    const Tensor &tensor = graph.constants[static_cast<size_t>(value.constant)];
    proto::Constant *constant = message->add_constants();
    constant->set_name(value.name);
    proto::Tensor *out = constant->mutable_tensor();
    out->set_dtype(static_cast<proto::DType>(tensor.dtype()));
    out->mutable_dims()->Add(tensor.dims().begin(), tensor.dims().end());
    if (tensor.bytes() > 0 && static_cast<int64_t>(tensor.bytes()) >= side_file_threshold) {
      side_data->resize((side_data->size() + 63) / 64 * 64);
      out->set_file(side_file);
      out->set_offset(side_data->size());
      out->set_length(tensor.bytes());
      side_data->append(tensor.data(), tensor.bytes());
    } else {
      out->set_data(tensor.data(), tensor.bytes());
    }
  }
  for (const Node &node : graph.nodes) {
    proto::Node *out = message->add_nodes();
    out->set_name(node.name);
    out->set_op(std::string(Name(node.op)));
    for (ValueId id : node.inputs) out->add_inputs(graph.value(id).name);
    for (ValueId id : node.outputs) out->add_outputs(graph.value(id).name);
    for (const auto &[name, attribute] : node.attributes)
      std::visit(AttributeWriter{&(*out->mutable_attributes())[name]}, attribute);
    out->set_location(node.location);
  }
  for (const GraphOutput &output : graph.outputs) {
    proto::Output *out = message->add_outputs();
    out->set_name(output.name);
    out->set_value(graph.value(output.value).name);
  }
  for (const GraphState &state : graph.states) {
    proto::State *out = message->add_states();
    WriteValue(graph.value(state.input), out->mutable_input());
    out->set_output(graph.value(state.output).name);
    if (state.initial != kNoValue) out->set_initial(graph.value(state.initial).name);
  }
}

static bool NeedsVersion2(const Graph &graph) {
  auto is_later = [](const Value &value) { return value.type.dtype > DType::kBool; };
  auto is_new = [](const Node &node) { return node.outputs.size() > 1 || node.op == OpKind::kBindSizes; };
  return !graph.functions.empty() || !graph.states.empty() ||
         std::any_of(graph.values.begin(), graph.values.end(), is_later) ||
         std::any_of(graph.nodes.begin(), graph.nodes.end(), is_new);
}

void ToProto(const Graph &graph, int64_t side_file_threshold, const std::string &side_file, std::string *side_data,
             proto::Graph *message) {
  // What older builds can read is written for them.
  message->set_format_version(NeedsVersion2(graph) ? 2 : 1);
  message->set_op_set(kOpSet);
  for (const auto &[name, range] : graph.symbols) {
    proto::Symbol *symbol = message->add_symbols();
    symbol->set_name(name);
    symbol->set_min(range.min);
    symbol->set_max(range.max == 0 ? -1 : range.max);
  }
  for (const Graph &function : graph.functions)
    WriteBody(function, side_file_threshold, side_file, side_data, message->add_functions());
  WriteBody(graph, side_file_threshold, side_file, side_data, message);
}

}  // namespace ingot
