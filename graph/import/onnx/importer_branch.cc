// If: one branch in place of the node where that is known while importing, else functions, chosen by sizes or by data.
#include "absl/strings/str_cat.h"
#include "graph/import/onnx/control.h"
#include "graph/import/onnx/importer.h"

namespace ingot::onnx_import {

absl::Status CheckSame(const TensorType &from, const TensorType &to, const std::string &what) {
  bool same = from.dtype == to.dtype && from.rank() == to.rank();
  for (size_t i = 0; same && i < from.dims.size(); ++i) same = (from.dims[i] - to.dims[i]).constant().value_or(0) == 0;
  if (same) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat(what, " changes from ", from.ToString(), " to ", to.ToString(), ", which is not supported"));
}

namespace {

bool SameRanks(const std::vector<TensorType> &a, const std::vector<TensorType> &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const TensorType &x, const TensorType &y) { return x.rank() == y.rank(); });
}

// The branch with its results of one element in the rank that the other branch gives them: bool[1] becomes bool[].
BodyFunction OneElementAs(GraphBuilder &b, const std::vector<TensorType> &wanted, BodyFunction made,
                          const std::vector<TensorType> &operands) {
  auto differs = [&](size_t i) {
    return made.outputs[i].rank() != wanted[i].rank() && NumElements(made.outputs[i].dims).Is(1) &&
           NumElements(wanted[i].dims).Is(1);
  };
  bool any = false;
  for (size_t i = 0; i < wanted.size(); ++i) any = any || differs(i);
  if (!any) return made;
  std::string inner = made.name;
  made.name = b.Function(inner, operands, [&](GraphBuilder &f, const std::vector<Expr> &arguments) {
    std::vector<Expr> results = f.Call(inner, arguments);
    for (size_t i = 0; i < results.size(); ++i) {
      if (differs(i)) results[i] = f.Reshape(results[i], wanted[i].dims);
    }
    return results;
  });
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (differs(i)) made.outputs[i].dims = wanted[i].dims;
  }
  return made;
}

}  // namespace

// Branches that give other ranks, by sizes: exporters write so what squeezes an axis if that is 1. A value has one rank
// here, so one branch is taken on trust and the sizes are checked when they are known. It is the one of fewer axes: who
// squeezes an axis expects that it is 1.
absl::Status Importer::RunLikelyBranch(NodeContext &n, const BodyFunction &yes, const BodyFunction &no,
                                       const Dim &holds, const std::string &label, const Frame &frame) {
  if (yes.HasSequences())
    return absl::UnimplementedError("its branches give sequences whose elements have other ranks");
  int yes_rank = 0, no_rank = 0;
  for (const TensorType &type : yes.outputs) yes_rank += type.rank();
  for (const TensorType &type : no.outputs) no_rank += type.rank();
  bool then = yes_rank <= no_rank;
  INGOT_RETURN_IF_ERROR(RunBranch(n, then ? "then_branch" : "else_branch", label, frame));
  for (Value *output : n.outputs) {
    if (output == nullptr) continue;
    n.b.SetNext(label, "onnx:" + label);
    // What is known is known only if the branch is the right one: from here on it is data behind the check.
    Expr data = DataOf(n.b, *output);
    output->known.reset();
    output->tensor.reset();
    output->expr = n.b.Require(data, {holds}, {then ? 1 : 0},
                               "its branches give other ranks, and the one of fewer axes was taken; give the dims "
                               "in its condition numbers (--bind) to take the other");
  }
  return absl::OkStatus();
}

absl::Status Importer::RunIf(NodeContext &n, const std::string &label, const Frame &frame) {
  n.Ignore({"then_branch", "else_branch"});
  if (!n.Has(0)) return absl::InvalidArgumentError("its condition is missing");
  std::optional<Dim> holds;  // where sizes decide it
  if (const Known *known = n.KnownIn(0); known != nullptr && !known->is_real() && known->size() == 1) {
    holds = known->ints[0];
    if (holds->is_constant()) return RunBranch(n, holds->Is(0) ? "else_branch" : "then_branch", label, frame);
  }
  const onnx::GraphProto *then_body = n.GraphAttribute("then_branch"), *else_body = n.GraphAttribute("else_branch");
  if (then_body == nullptr || else_body == nullptr) return absl::InvalidArgumentError("a branch is missing");
  INGOT_ASSIGN_OR_RETURN(Captures captures, Capture({then_body, else_body}, frame));
  if (n.dtype(0) != DType::kBool) return absl::InvalidArgumentError("its condition is not bool");
  if (!captures.usable) return absl::UnimplementedError("what its branches need is not supported");
  INGOT_ASSIGN_OR_RETURN(BodyFunction yes, MakeBody(*then_body, label + "/then", frame, captures, {}, {}));
  INGOT_ASSIGN_OR_RETURN(BodyFunction no, MakeBody(*else_body, label + "/else", frame, captures, {}, {}));
  if (!yes.usable || !no.usable) return absl::UnimplementedError("a node of its branches is not supported");
  if (yes.lengths.size() != no.lengths.size() || yes.lengths.size() < n.output_count())
    return absl::InvalidArgumentError("its branches have other numbers of outputs");
  if (yes.lengths != no.lengths)
    return absl::UnimplementedError("its branches give sequences of other lengths, or a sequence and a tensor");
  if (holds && !SameRanks(yes.outputs, no.outputs)) return RunLikelyBranch(n, yes, no, *holds, label, frame);
  no = OneElementAs(n.b, yes.outputs, std::move(no), TypesOf(n.b, captures.operands));
  for (size_t i = 0; i < yes.outputs.size() && !holds; ++i)
    INGOT_RETURN_IF_ERROR(CheckSame(yes.outputs[i], no.outputs[i], absl::StrCat("between its branches output ", i)));
  std::vector<Expr> operands = captures.operands;
  Attributes attributes = {{"then_function", yes.name}, {"else_function", no.name}};
  if (holds) {
    attributes["condition"] = Dims{*holds};
  } else {
    operands.insert(operands.begin(), n.rank(0) == 0 ? n.In(0) : n.b.Reshape(n.In(0), {}));
  }
  n.b.SetNext(label, "onnx:" + label);
  std::vector<Expr> results = n.b.EmitAll(holds ? OpKind::kIfSize : OpKind::kIf, operands, std::move(attributes));
  if (!n.b.status().ok()) return absl::OkStatus();  // it stops the import
  auto next = results.begin();
  for (size_t i = 0; i < n.output_count(); ++i) {
    if (yes.lengths[i] == BodyFunction::kTensor) {
      n.Set(i, *next++);
      continue;
    }
    std::vector<Value *> elements;
    for (int64_t at = 0; at < yes.lengths[i]; ++at) {
      elements.push_back(NewValue(absl::StrCat(label, "/", i, "_", at)));
      elements.back()->expr = *next++;
    }
    n.Set(i, std::move(elements));
  }
  return absl::OkStatus();
}

}  // namespace ingot::onnx_import
