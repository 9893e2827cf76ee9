// Inputs of the model. A sequence becomes as many inputs as the caller says that it has elements; an optional value is
// one that is given.
#include "graph/import/onnx/importer.h"

namespace ingot::onnx_import {
namespace {

// What an optional value is when it is there.
const onnx::TypeProto &Present(const onnx::TypeProto &type) {
  return type.has_optional_type() ? type.optional_type().elem_type() : type;
}

// A tensor of a sequence. Others may have other sizes, so that names of dims do not stand for one size.
onnx::ValueInfoProto ElementOf(const std::string &name, const onnx::TypeProto &type) {
  onnx::ValueInfoProto element;
  element.set_name(name);
  *element.mutable_type() = type;
  if (element.type().tensor_type().has_shape()) {
    for (auto &dim : *element.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim())
      dim.clear_dim_param();
  }
  return element;
}

}  // namespace

absl::Status Importer::AddInputs(Scope &scope) {
  std::deque<onnx::ValueInfoProto> infos;  // of tensors
  std::vector<Value *> tensors, sequences;
  ImportOptions options = options_;
  for (const onnx::ValueInfoProto &input : storage_->model.graph().input()) {
    // Old files list initializers as inputs; a caller cannot replace them here.
    auto found = scope.values.find(input.name());
    if (found != scope.values.end() && (found->second->initializer != nullptr || found->second->report)) continue;
    if (input.name().empty()) return absl::InvalidArgumentError("an input of the model has no name");
    if (found != scope.values.end())
      return absl::InvalidArgumentError(absl::StrCat("two inputs are called '", input.name(), "'"));
    Value *value = NewValue(input.name());
    scope.values[input.name()] = value;
    const onnx::TypeProto &type = Present(input.type());
    if (!type.has_sequence_type()) {
      infos.push_back(input);
      *infos.back().mutable_type() = type;
      tensors.push_back(value);
      continue;
    }
    auto given = options.dims.find(input.name());
    if (given == options.dims.end()) {
      Report({value->name, "input",
              absl::StrCat("it is a sequence; say how many tensors it has, by its name (--bind ", value->name,
                           "=3, ImportOptions::dims)")},
             {value});
      continue;
    }
    const std::optional<int64_t> length = given->second.constant();
    if (!length || *length < 0 || *length > kMostElements)
      return absl::InvalidArgumentError(absl::StrCat("the sequence '", input.name(), "' cannot have ",
                                                     given->second.ToString(), " tensors; 0 to ", kMostElements,
                                                     " are supported"));
    options.dims.erase(given);
    value->elements.emplace();
    for (int64_t i = 0; i < *length; ++i) {
      const std::string name = absl::StrCat(input.name(), "_", i);
      infos.push_back(ElementOf(name, type.sequence_type().elem_type()));
      value->elements->push_back(NewValue(name));
      tensors.push_back(value->elements->back());
    }
    sequences.push_back(value);
  }
  std::vector<const onnx::ValueInfoProto *> inputs;
  for (const onnx::ValueInfoProto &info : infos) inputs.push_back(&info);
  INGOT_ASSIGN_OR_RETURN(std::vector<std::optional<Dims>> dims, InputDims(inputs, options));
  for (size_t i = 0; i < inputs.size(); ++i) INGOT_RETURN_IF_ERROR(AddInput(inputs[i]->type(), dims[i], *tensors[i]));
  for (Value *sequence : sequences) {
    for (const Value *element : *sequence->elements) sequence->unusable = sequence->unusable || element->unusable;
  }
  return builder_.status();
}

absl::Status Importer::AddInput(const onnx::TypeProto &type, const std::optional<Dims> &dims, Value &value) {
  auto report = [&](std::string reason) {
    Report({value.name, "input", std::move(reason)}, {&value});
    return absl::OkStatus();
  };
  if (!type.has_tensor_type()) return report("only tensors, and sequences of them, are supported");
  std::optional<DType> dtype = ToDType(type.tensor_type().elem_type());
  if (!dtype)
    return report(absl::StrCat("tensors of ", OnnxTypeName(type.tensor_type().elem_type()), " are not supported"));
  if (!dims)
    return report("it has no shape; its rank must be known (run ONNX's shape inference, or set it in the exporter)");
  absl::Status small = CheckDims(*dims);
  if (absl::IsInvalidArgument(small))
    return absl::InvalidArgumentError(absl::StrCat("input '", value.name, "' has ", std::string(small.message())));
  if (!small.ok()) return report(std::string(small.message()));
  builder_.SetNext(value.name, "onnx:" + value.name);
  value.expr = builder_.Input(value.name, *dtype, *dims);
  for (const Dim &dim : *dims) dim.CollectSymbols(symbols_);
  return absl::OkStatus();
}

}  // namespace ingot::onnx_import
