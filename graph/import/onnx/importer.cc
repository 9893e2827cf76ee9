#include "graph/import/onnx/importer.h"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

// Ops whose older versions differ have attributes that no handler reads, which makes those nodes unsupported.
constexpr int kOldestOpset = 1, kNewestOpset = 28;

std::string Domain(const std::string &domain) { return domain == "ai.onnx" ? "" : domain; }

// Length-delimited fields that are newer than the installed schema: a function's default attributes, a function's
// overload.
std::vector<std::string> UnknownFields(const google::protobuf::UnknownFieldSet &unknown, int number) {
  std::vector<std::string> found;
  for (int i = 0; i < unknown.field_count(); ++i) {
    const google::protobuf::UnknownField &field = unknown.field(i);
    if (field.number() == number && field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      found.push_back(field.length_delimited());
  }
  return found;
}

template <typename Proto>
std::string FunctionKey(const Proto &proto, const std::string &name, int overload_field) {
  std::vector<std::string> overload = UnknownFields(proto.unknown_fields(), overload_field);
  return absl::StrCat(Domain(proto.domain()), "::", name, "::", overload.empty() ? "" : overload.back());
}

template <typename List>
std::map<std::string, int> Opsets(const List &imports) {
  std::map<std::string, int> opsets;
  for (const auto &entry : imports)
    opsets[Domain(entry.domain())] = static_cast<int>(std::clamp<int64_t>(entry.version(), -1, 1 << 20));
  return opsets;
}

absl::Status CheckOpset(const std::map<std::string, int> &opsets, const std::string &what) {
  auto own = opsets.find("");
  if (own == opsets.end()) return absl::OkStatus();
  if (own->second >= kOldestOpset && own->second <= kNewestOpset) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(what, " uses opset ", own->second, "; ", kOldestOpset, " to ",
                                               kNewestOpset,
                                               " are supported (onnx.version_converter converts between them)"));
}

}  // namespace

Importer::Importer(std::shared_ptr<ModelStorage> storage, const std::string &directory, const ImportOptions &options)
    : storage_(std::move(storage)),
      options_(options),
      builder_(storage_->model.graph().name()),
      loader_(directory, storage_),
      budget_(200'000 + 2 * static_cast<int64_t>(storage_->model.graph().node_size())) {}

Value *Importer::NewValue(const std::string &name) {
  values_.emplace_back();
  values_.back().name = name;
  return &values_.back();
}

void Forward(const Value &from, Value *to) {
  if (to == nullptr) return;
  std::string name = to->name;
  *to = from;
  to->name = name;
}

std::string WhatItIs(const Value &value) {
  return absl::StrCat("its input '", value.name, "' is ",
                      value.is_none ? "an optional value without an element" : "a sequence", "; it must be a tensor");
}

void Importer::Report(Unsupported what, const std::vector<Value *> &outputs) {
  unsupported_.push_back(std::move(what));
  for (Value *output : outputs) {
    if (output != nullptr) output->unusable = true;
  }
}

absl::Status Importer::WithRemedy(const absl::Status &status) const {
  std::string message(status.message());
  auto in_name = [&](size_t at) {
    return at < message.size() &&
           (absl::ascii_isalnum(static_cast<unsigned char>(message[at])) || message[at] == '_' || message[at] == '.');
  };
  for (const std::string &symbol : symbols_) {
    size_t at = message.find(symbol);
    if (at == std::string::npos || (at > 0 && in_name(at - 1)) || in_name(at + symbol.size())) continue;
    return absl::Status(status.code(),
                        absl::StrCat(message, "; if the sizes do agree in every use, set the dim '", symbol,
                                     "' to a number or to another dim's name (ImportOptions::dims)"));
  }
  return status;
}

absl::Status Importer::Run() {
  const onnx::ModelProto &model = storage_->model;
  if (!model.has_graph()) return absl::InvalidArgumentError("the file is not an ONNX model: it has no graph");
  opsets_ = Opsets(model.opset_import());
  INGOT_RETURN_IF_ERROR(CheckOpset(opsets_, "the model"));
  INGOT_RETURN_IF_ERROR(ReadFunctions());
  Scope scope;
  INGOT_RETURN_IF_ERROR(AddInitializers(model.graph(), scope));
  INGOT_RETURN_IF_ERROR(AddInputs(scope));
  std::vector<std::string> outputs;
  for (const auto &output : model.graph().output()) outputs.push_back(output.name());
  if (outputs.empty()) return absl::InvalidArgumentError("the model's graph has no output");
  INGOT_RETURN_IF_ERROR(RunNodes(model.graph().node(), outputs, {&scope, &opsets_, nullptr, "", 0, &builder_}));
  INGOT_RETURN_IF_ERROR(AddOutputs(scope));
  for (const auto &[symbol, range] : bounds_.narrowed()) builder_.Bound(symbol, range);
  return builder_.status();
}

absl::Status Importer::ReadFunctions() {
  for (const onnx::FunctionProto &proto : storage_->model.functions()) {
    Function function{&proto, {}, Opsets(proto.opset_import())};
    INGOT_RETURN_IF_ERROR(CheckOpset(function.opsets, absl::StrCat("the function '", proto.name(), "'")));
    for (const std::string &bytes : UnknownFields(proto.unknown_fields(), /*attribute_proto*/ 11)) {
      onnx::AttributeProto &attribute = storage_->defaults.emplace_back();
      if (!attribute.ParsePartialFromString(bytes))
        return absl::InvalidArgumentError(absl::StrCat("function '", proto.name(), "' has a malformed attribute"));
      function.defaults[attribute.name()] = &attribute;
    }
    if (!functions_.emplace(FunctionKey(proto, proto.name(), 13), std::move(function)).second) {
      return absl::InvalidArgumentError(absl::StrCat("the function '", proto.name(), "' is defined twice"));
    }
  }
  return absl::OkStatus();
}

absl::Status Importer::AddInitializers(const onnx::GraphProto &graph, Scope &scope) {
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    Value *value = NewValue(tensor.name());
    value->initializer = &tensor;
    if (!scope.values.emplace(tensor.name(), value).second) {
      return absl::InvalidArgumentError(absl::StrCat("two initializers are called '", tensor.name(), "'"));
    }
  }
  for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer()) {
    Value *value = NewValue(tensor.values().name());
    value->report = Unsupported{value->name, "tensor", "sparse tensors are not supported"};
    if (!scope.values.emplace(value->name, value).second) {
      return absl::InvalidArgumentError(absl::StrCat("two initializers are called '", value->name, "'"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Importer::Ready(Value &value) {
  if (value.report) {
    Report(*std::move(value.report), {&value});
    value.report.reset();
  }
  if (value.initializer != nullptr && !value.unusable) {
    absl::StatusOr<Tensor> tensor = loader_.Load(*value.initializer, value.name);
    value.initializer = nullptr;
    if (absl::IsUnimplemented(tensor.status())) {
      Report({value.name, "tensor", std::string(tensor.status().message())}, {&value});
    } else if (!tensor.ok()) {
      return tensor.status();
    } else {
      value.known = Known::FromTensor(*tensor);
      value.tensor = *std::move(tensor);
    }
  }
  return !value.unusable;
}

absl::Status Importer::AddOutputs(const Scope &scope) {
  for (const onnx::ValueInfoProto &output : storage_->model.graph().output()) {
    Value *value = scope.Find(output.name());
    if (value == nullptr)
      return absl::InvalidArgumentError(absl::StrCat("output '", output.name(), "' is never computed"));
    INGOT_ASSIGN_OR_RETURN(bool ready, Ready(*value));
    if (!ready) continue;
    if (!value->is_tensor()) {
      INGOT_RETURN_IF_ERROR(AddSequenceOutput(output.name(), *value));
      continue;
    }
    builder_.SetNext(output.name(), "onnx:" + output.name());
    Expr data = DataOf(builder_, *value);
    INGOT_RETURN_IF_ERROR(builder_.status());
    int declared = output.type().tensor_type().elem_type();
    if (declared != 0 && ToDType(declared) != builder_.type(data).dtype) {
      return absl::InvalidArgumentError(absl::StrCat("output '", output.name(), "' is declared to hold ",
                                                     OnnxTypeName(declared), ", but its node computes ",
                                                     builder_.type(data).ToString(), "; the model is damaged"));
    }
    builder_.Output(output.name(), data);
  }
  return builder_.status();
}

absl::Status Importer::AddSequenceOutput(const std::string &name, Value &value) {
  if (value.is_none) {
    Report({name, "output", "it is an optional value without an element, which a program cannot give"}, {&value});
    return absl::OkStatus();
  }
  for (size_t i = 0; i < value.elements->size(); ++i) {
    const std::string element = absl::StrCat(name, "_", i);
    builder_.SetNext(element, "onnx:" + name);
    builder_.Output(element, DataOf(builder_, *(*value.elements)[i]));
  }
  return builder_.status();
}

absl::Status Importer::RunNodes(const NodeList &nodes, const std::vector<std::string> &outputs, const Frame &frame) {
  INGOT_ASSIGN_OR_RETURN(std::vector<int> order,
                         Schedule(nodes, outputs, [&](const std::string &name) { return frame.scope->Has(name); }));
  for (int i : order) {
    INGOT_RETURN_IF_ERROR(RunNode(nodes[i], frame.prefix + NodeLabel(nodes[i], i), frame));
  }
  return absl::OkStatus();
}

absl::Status Importer::Spend(const std::string &label, int64_t nodes) {
  budget_ -= nodes;
  if (budget_ >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("node '", label, "': the model's functions and loops expand to more than 200,000 nodes"));
}

absl::Status Importer::RunNode(const onnx::NodeProto &node, const std::string &label, const Frame &frame) {
  INGOT_RETURN_IF_ERROR(Spend(label, 1));
  std::vector<Value *> inputs, outputs;
  for (const std::string &name : node.output()) {
    outputs.push_back(name.empty() ? nullptr : NewValue(name));
    if (!name.empty()) frame.scope->values[name] = outputs.back();
  }
  bool usable = true;
  for (const std::string &name : node.input()) {
    inputs.push_back(name.empty() ? nullptr : frame.scope->Find(name));
    if (inputs.back() == nullptr) continue;
    INGOT_ASSIGN_OR_RETURN(bool ready, Ready(*inputs.back()));
    usable = usable && ready;
  }
  if (!usable) {
    for (Value *output : outputs) {
      if (output != nullptr) output->unusable = true;
    }
    return absl::OkStatus();
  }
  auto function = functions_.find(FunctionKey(node, node.op_type(), 8));
  if (function != functions_.end()) return CallFunction(function->second, node, label, frame, inputs, outputs);
  static const std::set<std::string> *const control = new std::set<std::string>{"If", "Loop", "Scan", "SequenceMap"};
  if (control->count(node.op_type()) && Domain(node.domain()).empty())
    return RunControl(node, label, frame, inputs, outputs);
  return RunHandler(node, label, frame, inputs, outputs);
}

absl::Status Importer::RunHandler(const onnx::NodeProto &node, const std::string &label, const Frame &frame,
                                  const std::vector<Value *> &inputs, const std::vector<Value *> &outputs) {
  GraphBuilder &builder = *frame.builder;
  std::string domain = Domain(node.domain());
  auto entry = Ops().find(domain.empty() ? node.op_type() : absl::StrCat(domain, ".", node.op_type()));
  if (entry == Ops().end()) {
    Report({label, node.op_type(), WhyUnsupported(domain, node.op_type())}, outputs);
    return absl::OkStatus();
  }
  auto where = [&](const std::string &what) {
    return absl::StrCat("node '", label, "' (", node.op_type(), "): ", what);
  };
  auto version = frame.opsets->find(domain);
  if (version == frame.opsets->end() && domain.empty()) {
    return absl::InvalidArgumentError(
        where("the model does not say which opset it uses (there is no opset_import of ONNX's own domain)"));
  }
  const OpEntry &op = entry->second;
  for (size_t i = 0; i < static_cast<size_t>(op.min_inputs); ++i) {
    if (i >= inputs.size() || inputs[i] == nullptr) {
      return absl::InvalidArgumentError(
          where(absl::StrCat("needs ", op.min_inputs, " inputs, but input ", i, " is missing")));
    }
  }
  if (op.max_inputs != kVariadic && inputs.size() > static_cast<size_t>(op.max_inputs)) {
    return absl::InvalidArgumentError(
        where(absl::StrCat("has ", inputs.size(), " inputs; at most ", op.max_inputs, " are allowed")));
  }
  for (const Value *input : inputs) {
    if (input != nullptr && !input->is_tensor() && !op.takes_sequences)
      return absl::InvalidArgumentError(where(WhatItIs(*input)));
  }
  NodeContext context(builder, bounds_, loader_, node, version == frame.opsets->end() ? 1 : version->second);
  context.NewValue = [this](const std::string &name) { return NewValue(name); };
  context.inputs = inputs;
  context.outputs = outputs;
  context.function_attributes = frame.attributes;
  builder.SetNext(label, "onnx:" + label);
  const size_t values_before = values_.size();
  absl::Status status;
  bool folded = false, all_known = true;
  for (Value *input : inputs) all_known = all_known && (input == nullptr || input->known);
  if (op.folder != nullptr && all_known) {
    absl::StatusOr<std::optional<Known>> known = op.folder(context);
    status = known.status();
    if (status.ok() && *known &&
        std::all_of((*known)->ints.begin(), (*known)->ints.end(), [](const Dim &dim) { return IsSmall(dim); })) {
      context.Set(0, **std::move(known));
      folded = true;
    }
  }
  if (status.ok() && !folded) status = op.handler(context);
  if (status.ok()) status = builder.status();
  if (status.ok() && !context.UnreadAttribute().empty()) {
    status = absl::UnimplementedError(absl::StrCat("its attribute '", context.UnreadAttribute(), "' is not supported"));
  }
  for (Value *output : outputs) {
    if (!status.ok() || output == nullptr) continue;
    for (const Value *element : output->elements.value_or(std::vector<Value *>())) {
      if (status.ok() && element->expr.id != kNoValue) status = CheckDims(builder.type(element->expr).dims);
    }
    if (!output->is_tensor()) {
      // New tensors are work as nodes are; lists of those that were there cost memory alone.
      const size_t size = output->elements.value_or(std::vector<Value *>()).size();
      if (status.ok()) status = Spend(label, static_cast<int64_t>(values_.size() - values_before + size / 64));
    } else if (output->expr.id != kNoValue) {
      status = CheckDims(builder.type(output->expr).dims);
    } else if (!output->known && !output->tensor) {
      output->report =
          Unsupported{label, node.op_type(), absl::StrCat("its output '", output->name, "' is not supported")};
    }
  }
  if (absl::IsUnimplemented(status)) {
    Report({label, node.op_type(), std::string(status.message())}, outputs);
    return builder.status();
  }
  if (status.ok()) return status;
  if (!builder.status().ok()) return WithRemedy(status);
  std::string hint = domain.empty() && version->second < 7 ? absl::StrCat(" (it is of the old opset ", version->second,
                                                                          "; onnx.version_converter makes it new)")
                                                           : "";
  return absl::Status(status.code(), where(std::string(status.message()) + hint));
}

absl::Status Importer::CallFunction(const Function &function, const onnx::NodeProto &node, const std::string &label,
                                    const Frame &frame, const std::vector<Value *> &inputs,
                                    const std::vector<Value *> &outputs) {
  const onnx::FunctionProto &proto = *function.proto;
  auto where = [&](const std::string &what) {
    return absl::InvalidArgumentError(absl::StrCat("node '", label, "' (function ", proto.name(), "): ", what));
  };
  if (frame.depth >= kMaxFunctionDepth)
    return where(
        absl::StrCat("functions call each other more than ", kMaxFunctionDepth, " deep; recursion is not allowed"));
  if (inputs.size() > static_cast<size_t>(proto.input_size()) ||
      outputs.size() > static_cast<size_t>(proto.output_size())) {
    return where(absl::StrCat("is called with ", inputs.size(), " inputs and ", outputs.size(), " outputs, but has ",
                              proto.input_size(), " and ", proto.output_size()));
  }
  AttributeMap attributes = function.defaults;
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    const onnx::AttributeProto *given = &attribute;
    if (!attribute.ref_attr_name().empty()) {
      auto found = frame.attributes == nullptr ? AttributeMap::const_iterator{}
                                               : frame.attributes->find(attribute.ref_attr_name());
      if (frame.attributes == nullptr || found == frame.attributes->end()) continue;
      given = found->second;
    }
    attributes[attribute.name()] = given;
  }
  Scope scope;
  for (int i = 0; i < proto.input_size(); ++i) {
    Value *value = static_cast<size_t>(i) < inputs.size() ? inputs[static_cast<size_t>(i)] : nullptr;
    if (!scope.values.emplace(proto.input(i), value).second)
      return where(absl::StrCat("two of its inputs are called '", proto.input(i), "'"));
  }
  std::vector<std::string> wanted;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i] != nullptr) wanted.push_back(proto.output(static_cast<int>(i)));
  }
  INGOT_RETURN_IF_ERROR(RunNodes(proto.node(), wanted,
                                 {&scope, &function.opsets, &attributes, label + "/", frame.depth + 1, frame.builder}));
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i] == nullptr) continue;
    Value *result = scope.Find(proto.output(static_cast<int>(i)));
    if (result == nullptr)
      return where(absl::StrCat("its output '", proto.output(static_cast<int>(i)), "' is an input that is not given"));
    Forward(*result, outputs[i]);
  }
  return absl::OkStatus();
}

}  // namespace ingot::onnx_import
