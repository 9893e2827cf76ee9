// Bodies that are imported in place of their node, in the same graph: the branch of a condition that is known,
// SequenceMap for every element, and loops that carry sequences for every turn.
#include "graph/import/onnx/importer.h"

namespace ingot::onnx_import {
namespace {

constexpr int64_t kMostTurns = 4096;

// Of a condition that is known.
std::optional<bool> IsTrue(const Value &value) {
  std::optional<Ints> values = value.known ? value.known->constants() : std::nullopt;
  if (!values || values->size() != 1) return std::nullopt;
  return values->front() != 0;
}

// [rows, ...] of values that are each a row.
absl::StatusOr<Expr> Stacked(GraphBuilder &b, const std::vector<Value *> &rows) {
  std::vector<Expr> operands;
  for (Value *row : rows) {
    if (!row->is_tensor()) return absl::InvalidArgumentError("its body gives a sequence where it must give a tensor");
    Expr data = DataOf(b, *row);
    Dims dims = b.type(data).dims;
    dims.insert(dims.begin(), Dim(1));
    INGOT_RETURN_IF_ERROR(CheckDims(dims));
    operands.push_back(b.Reshape(data, dims));
  }
  return operands.size() == 1 ? operands[0] : b.Concat(operands, 0);
}

}  // namespace

absl::StatusOr<std::vector<Value *>> Importer::RunBody(const onnx::GraphProto &body, const char *attribute,
                                                       const std::vector<Value *> &arguments, const std::string &label,
                                                       const Frame &frame) {
  if (static_cast<size_t>(body.input_size()) != arguments.size())
    return absl::InvalidArgumentError(
        absl::StrCat("its ", attribute, " has ", body.input_size(), " inputs; it needs ", arguments.size()));
  INGOT_RETURN_IF_ERROR(Spend(label, 1));
  Scope scope{frame.scope, {}};
  for (size_t i = 0; i < arguments.size(); ++i) scope.values[body.input(static_cast<int>(i)).name()] = arguments[i];
  INGOT_RETURN_IF_ERROR(AddInitializers(body, scope));
  std::vector<std::string> names;
  for (const auto &output : body.output()) names.push_back(output.name());
  INGOT_RETURN_IF_ERROR(RunNodes(
      body.node(), names, {&scope, frame.opsets, frame.attributes, label + "/", frame.depth + 1, frame.builder}));
  std::vector<Value *> results;
  for (const std::string &name : names) {
    Value *result = scope.Find(name);
    if (result == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("the output '", name, "' of its ", attribute,
                       " is an input that the function's caller leaves out; give that input"));
    }
    results.push_back(result);
  }
  return results;
}

absl::Status Importer::RunBranch(NodeContext &context, const char *branch, const std::string &label,
                                 const Frame &frame) {
  const onnx::GraphProto *body = context.GraphAttribute(branch);
  if (body == nullptr || body->output_size() != static_cast<int>(context.output_count()))
    return absl::InvalidArgumentError(absl::StrCat("its ", branch, " is missing or has another number of outputs"));
  INGOT_ASSIGN_OR_RETURN(std::vector<Value *> results, RunBody(*body, branch, {}, label, frame));
  for (size_t i = 0; i < results.size(); ++i) Forward(*results[i], context.outputs[i]);
  return absl::OkStatus();
}

absl::Status Importer::RunSequenceMap(NodeContext &n, const std::string &label, const Frame &frame) {
  const onnx::GraphProto *body = n.GraphAttribute("body");
  if (body == nullptr || body->output_size() < static_cast<int>(n.output_count()))
    return absl::InvalidArgumentError("its body is missing or has too few outputs");
  if (!n.Has(0) || !n.inputs[0]->elements) return absl::InvalidArgumentError("its first input is not a sequence");
  const size_t length = n.inputs[0]->elements->size();
  std::vector<std::vector<Value *>> sequences(static_cast<size_t>(body->output_size()));
  for (size_t i = 0; i < length; ++i) {
    std::vector<Value *> arguments;
    for (size_t operand = 0; operand < n.input_count(); ++operand) {
      Value *input = n.inputs[operand];
      if (input == nullptr) return absl::InvalidArgumentError(absl::StrCat("input ", operand, " is missing"));
      if (input->elements && input->elements->size() != length)
        return absl::InvalidArgumentError(absl::StrCat("its sequences have ", length, " and ", input->elements->size(),
                                                       " elements; they must be of one length"));
      arguments.push_back(input->elements ? (*input->elements)[i] : input);
    }
    INGOT_ASSIGN_OR_RETURN(std::vector<Value *> results,
                           RunBody(*body, "body", arguments, absl::StrCat(label, "/", i), frame));
    for (size_t output = 0; output < results.size(); ++output) {
      INGOT_ASSIGN_OR_RETURN(bool ready, Ready(*results[output]));
      if (!ready) return absl::UnimplementedError("a node of its body is not supported");
      if (!results[output]->is_tensor()) return absl::InvalidArgumentError("its body gives a sequence of sequences");
      sequences[output].push_back(results[output]);
    }
  }
  for (size_t i = 0; i < n.output_count(); ++i) n.Set(i, sequences[i]);
  return absl::OkStatus();
}

absl::Status Importer::UnrollLoop(NodeContext &n, const std::string &label, const Frame &frame) {
  const onnx::GraphProto &body = *n.GraphAttribute("body");
  const size_t values = n.input_count() - 2, rows = static_cast<size_t>(body.output_size()) - 1 - values;
  int64_t limit = INT64_MAX;
  if (n.Has(0)) {
    INGOT_ASSIGN_OR_RETURN(Ints given, n.IntsIn(0, "trip count (of a loop that carries sequences)"));
    if (given.size() != 1) return absl::InvalidArgumentError("its trip count is not one number");
    limit = given[0];
  }
  Value *condition = n.Has(1) ? n.inputs[1] : NewValue("");
  if (!n.Has(1)) condition->known = Known{DType::kBool, {}, {1}, {}};
  std::vector<Value *> carried(n.inputs.begin() + 2, n.inputs.end());
  std::vector<std::vector<Value *>> kept(rows);
  for (int64_t turn = 0; turn < limit; ++turn) {
    std::optional<bool> goes_on = IsTrue(*condition);
    if (!goes_on)
      return absl::UnimplementedError(
          "it carries sequences, and its condition is data; such loops need a condition that is known");
    if (!*goes_on) break;
    if (turn == kMostTurns)
      return absl::UnimplementedError(absl::StrCat("it carries sequences through more than ", kMostTurns, " turns"));
    Value *number = NewValue(body.input_size() > 0 ? body.input(0).name() : "");
    number->known = Known::Scalar(turn);
    std::vector<Value *> arguments = {number, condition};
    arguments.insert(arguments.end(), carried.begin(), carried.end());
    INGOT_ASSIGN_OR_RETURN(std::vector<Value *> results,
                           RunBody(body, "body", arguments, absl::StrCat(label, "/", turn), frame));
    for (Value *result : results) {
      INGOT_ASSIGN_OR_RETURN(bool ready, Ready(*result));
      if (!ready) return absl::UnimplementedError("a node of its body is not supported");
    }
    condition = results[0];
    carried.assign(results.begin() + 1, results.begin() + 1 + static_cast<std::ptrdiff_t>(values));
    for (size_t i = 0; i < rows; ++i) kept[i].push_back(results[1 + values + i]);
  }
  n.b.SetNext(label, "onnx:" + label);
  for (size_t i = 0; i < n.output_count(); ++i) {
    if (i < values) {
      if (carried[i] == nullptr) return absl::InvalidArgumentError(absl::StrCat("input ", i + 2, " is missing"));
      Forward(*carried[i], n.outputs[i]);
    } else if (n.Wants(i)) {
      if (kept[i - values].empty())
        return absl::UnimplementedError("it makes no turn, so that the shape of what its turns give is not known");
      INGOT_ASSIGN_OR_RETURN(Expr all, Stacked(n.b, kept[i - values]));
      n.Set(i, all);
    }
  }
  return absl::OkStatus();
}

}  // namespace ingot::onnx_import
