// Shape rules of the ops that run functions.
#include "absl/strings/str_cat.h"
#include "graph/shape/rules.h"

namespace ingot {
namespace {

absl::StatusOr<const Graph *> FunctionNamed(const InferContext &c, const std::string &attribute) {
  const std::string &name = c.Get<std::string>(attribute);
  const Graph *function = FindFunction(*c.functions, name);
  if (function == nullptr)
    return absl::InvalidArgumentError(
        absl::StrCat("attribute '", attribute, "' names '", name, "', and no function before this one is called so"));
  return function;
}

// The same dtype and rank, and sizes that are equal whenever it runs.
absl::Status MustAgree(InferContext &c, const TensorType &given, const TensorType &wanted, const std::string &what,
                       const char *fact) {
  bool agree = given.dtype == wanted.dtype && given.rank() == wanted.rank();
  for (size_t i = 0; agree && i < given.dims.size(); ++i) agree = c.MustBeEqual(given.dims[i], wanted.dims[i], fact);
  if (agree) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " is ", given.ToString(), " instead of ", wanted.ToString()));
}

absl::Status CheckArguments(InferContext &c, const Graph &function, size_t first) {
  size_t count = c.operands.size() - first;
  if (function.inputs.size() != count)
    return absl::InvalidArgumentError(absl::StrCat("gives ", count, " operands to the function '", function.name,
                                                   "', which has ", function.inputs.size(), " inputs"));
  for (size_t i = 0; i < count; ++i) {
    absl::Status status = MustAgree(c, c.operand(first + i), function.type(function.inputs[i]),
                                    absl::StrCat("operand ", i, " of the function '", function.name, "'"),
                                    "what goes into a function must have its input's size");
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

ResultTypes OutputTypes(const Graph &function) {
  ResultTypes types;
  for (const GraphOutput &output : function.outputs) types.push_back(function.type(output.value));
  return types;
}

using Branches = std::pair<ResultTypes, ResultTypes>;

std::string SecondBranch(size_t output) { return absl::StrCat("output ", output, " of the second branch"); }

// What the two branches give; their operands begin with operand `first`.
absl::StatusOr<Branches> BranchTypes(InferContext &c, size_t first) {
  absl::StatusOr<const Graph *> then_function = FunctionNamed(c, "then_function"),
                                else_function = FunctionNamed(c, "else_function");
  for (const auto *function : {&then_function, &else_function}) {
    if (!function->ok()) return function->status();
    if (absl::Status status = CheckArguments(c, ***function, first); !status.ok()) return status;
  }
  Branches types{OutputTypes(**then_function), OutputTypes(**else_function)};
  if (types.first.size() != types.second.size())
    return absl::InvalidArgumentError(absl::StrCat("its branches have ", types.first.size(), " and ",
                                                   types.second.size(), " outputs; they must have the same"));
  return types;
}

}  // namespace

absl::StatusOr<ResultTypes> InferCall(InferContext &c) {
  absl::StatusOr<const Graph *> function = FunctionNamed(c, "function");
  if (!function.ok()) return function.status();
  if (absl::Status status = CheckArguments(c, **function, 0); !status.ok()) return status;
  return OutputTypes(**function);
}

absl::StatusOr<ResultTypes> InferIf(InferContext &c) {
  if (c.operand(0) != TensorType{DType::kBool, {}})
    return absl::InvalidArgumentError(
        absl::StrCat("its condition is ", c.operand(0).ToString(), "; it must be bool[]"));
  absl::StatusOr<Branches> branches = BranchTypes(c, 1);
  if (!branches.ok()) return branches.status();
  for (size_t i = 0; i < branches->first.size(); ++i) {
    absl::Status status = MustAgree(c, branches->second[i], branches->first[i], SecondBranch(i),
                                    "both branches must give the same sizes");
    if (!status.ok()) return status;
  }
  return branches->first;
}

absl::StatusOr<ResultTypes> InferIfSize(InferContext &c) {
  const Dims &condition = c.Get<Dims>("condition");
  if (condition.size() != 1)
    return absl::InvalidArgumentError(absl::StrCat("its condition is ", condition.size(), " sizes; it must be one"));
  const Dim &holds = condition[0];
  constexpr char kWhat[] = "the condition must be 0 or 1";
  if (!c.MustBeAtMost(0, holds, kWhat) || !c.MustBeAtMost(holds, 1, kWhat))
    return absl::InvalidArgumentError(absl::StrCat("its condition is ", holds.ToString(), "; it must be 0 or 1"));
  absl::StatusOr<Branches> branches = BranchTypes(c, 0);
  if (!branches.ok()) return branches.status();
  ResultTypes types = branches->first;
  for (size_t i = 0; i < types.size(); ++i) {
    const TensorType &other = branches->second[i];
    if (other.dtype != types[i].dtype || other.rank() != types[i].rank())
      return absl::InvalidArgumentError(
          absl::StrCat(SecondBranch(i), " is ", other.ToString(), " instead of ", types[i].ToString()));
    for (size_t axis = 0; axis < other.dims.size(); ++axis) {
      Dim &dim = types[i].dims[axis];
      if (dim != other.dims[axis]) dim = holds * dim + (1 - holds) * other.dims[axis];
    }
  }
  return types;
}

absl::StatusOr<ResultTypes> InferWhile(InferContext &c) {
  absl::StatusOr<const Graph *> condition = FunctionNamed(c, "condition"), body = FunctionNamed(c, "body");
  for (const auto *function : {&condition, &body}) {
    if (!function->ok()) return function->status();
    if (absl::Status status = CheckArguments(c, ***function, 0); !status.ok()) return status;
  }
  ResultTypes holds = OutputTypes(**condition), types = OutputTypes(**body);
  if (holds != ResultTypes{{DType::kBool, {}}}) return absl::InvalidArgumentError("its condition must give one bool[]");
  if (types.size() != c.operands.size())
    return absl::InvalidArgumentError(absl::StrCat("its body gives ", types.size(), " values and takes ",
                                                   c.operands.size(),
                                                   "; each turn's results are the next one's operands"));
  for (size_t i = 0; i < types.size(); ++i) {
    // What stays is the function's own word for it, so that every turn has the same types.
    const TensorType &input = (*body)->type((*body)->inputs[i]);
    absl::Status status = MustAgree(c, types[i], input, absl::StrCat("output ", i, " of its body"),
                                    "a loop's values must keep their sizes");
    if (!status.ok()) return status;
    types[i] = input;
  }
  return types;
}

}  // namespace ingot
