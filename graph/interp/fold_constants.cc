// Constant folding with the interpreter's kernels. Reshapes and transposes work on the raw bytes, without widening and
// at any size.
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "graph/interp/evaluate.h"
#include "ingot/interpreter.h"
#include "kernels/reference/movement.h"

namespace ingot {
namespace {

// A result with more elements than this and than its operands together is cheaper to compute than to store.
constexpr int64_t kFreeGrowth = INT64_C(1) << 16;
// Operands are widened to 8 bytes per element; more than this is left to run time.
constexpr int64_t kLargestOperands = INT64_C(1) << 26;

// One element of N bytes, at any address.
template <size_t N>
struct Element {
  unsigned char bytes[N];
};

template <size_t N>
Tensor TransposeBytes(const Tensor &x, const Ints &permutation, std::vector<int64_t> dims) {
  Tensor result = Tensor::Zeros(x.dtype(), std::move(dims));
  size_t count = static_cast<size_t>(x.size());
  std::span<const Element<N>> from(reinterpret_cast<const Element<N> *>(x.data()), count);
  std::span<Element<N>> to(reinterpret_cast<Element<N> *>(result.mutable_data()), count);
  reference::Transpose(from, x.dims(), permutation, to);
  return result;
}

Tensor TransposeTensor(const Tensor &x, const Ints &permutation, const std::vector<int64_t> &dims) {
  switch (BitWidth(x.dtype())) {
    case 64:
      return TransposeBytes<8>(x, permutation, dims);
    case 32:
      return TransposeBytes<4>(x, permutation, dims);
    case 16:
      return TransposeBytes<2>(x, permutation, dims);
    default:
      return TransposeBytes<1>(x, permutation, dims);
  }
}

// The same data under other dims; the new tensor keeps the old one alive.
Tensor ReshapeTensor(const Tensor &x, const std::vector<int64_t> &dims) {
  auto owner = std::make_shared<const Tensor>(x);
  return Tensor(x.dtype(), dims, owner->data(), owner);
}

// The elements of all results, when neither their sizes nor the attributes depend on a symbol; nullopt also for
// results too large for a number.
std::optional<int64_t> ConstantElements(const Graph &graph, const Node &node) {
  auto constant = [](const Dims &dims) {
    return std::all_of(dims.begin(), dims.end(), [](const Dim &dim) { return dim.is_constant(); });
  };
  for (const auto &[name, attribute] : node.attributes) {
    const Dims *dims = std::get_if<Dims>(&attribute);
    if (dims != nullptr && !constant(*dims)) return std::nullopt;
  }
  absl::StatusOr<std::vector<interp::ResultShape>> results = interp::PromisedResults(graph, node, {});
  if (!results.ok()) return std::nullopt;
  int64_t elements = 0;
  for (const interp::ResultShape &result : *results) {
    std::optional<int64_t> count = interp::CountElements(result.dims);
    if (!count || __builtin_add_overflow(elements, *count, &elements)) return std::nullopt;
  }
  return elements;
}

// The folded results; none when the node stays.
absl::StatusOr<std::vector<Tensor>> TryFold(const Graph &graph, const Node &node, int64_t max_elements) {
  const std::vector<Tensor> stays;
  if (IsControl(node.op) || node.op == OpKind::kRequire) return stays;  // what it checks is not in its operand
  std::vector<const Tensor *> operands;
  int64_t operand_elements = 0;
  for (ValueId id : node.inputs) {
    operands.push_back(graph.constant(id));
    if (operands.back() == nullptr) return stays;
    operand_elements += operands.back()->size();
  }
  std::optional<int64_t> elements = ConstantElements(graph, node);
  if (!elements) return stays;
  auto dims = [&] { return *interp::EvaluateDims(graph.type(node.outputs[0]).dims, {}); };
  if (node.op == OpKind::kReshape && *elements == operand_elements) return {{ReshapeTensor(*operands[0], dims())}};
  if (node.op == OpKind::kTranspose) return {{TransposeTensor(*operands[0], node.Get<Ints>("permutation"), dims())}};
  if (*elements > std::min(max_elements, std::max(operand_elements, kFreeGrowth)) ||
      operand_elements > kLargestOperands)
    return stays;
  return EvaluateNode(graph, node, operands, {}, max_elements);
}

}  // namespace

absl::StatusOr<std::vector<Tensor>> EvaluateNode(const Graph &graph, const Node &node,
                                                 const std::vector<const Tensor *> &operands,
                                                 const std::map<std::string, int64_t> &symbols, int64_t max_elements) {
  auto fail = [&](const absl::Status &status) { return interp::NodeError(node, status); };
  if (operands.size() != node.inputs.size())
    return fail(absl::InvalidArgumentError("the number of operands differs from the node's"));
  absl::StatusOr<std::vector<interp::ResultShape>> promised = interp::PromisedResults(graph, node, symbols);
  if (!promised.ok()) return fail(promised.status());
  for (const interp::ResultShape &result : *promised) {
    std::optional<int64_t> elements = interp::CountElements(result.dims);
    if (!elements || *elements > max_elements) {
      return fail(absl::ResourceExhaustedError(absl::StrCat("a result of shape ", interp::DimsText(result.dims),
                                                            " has more than ", max_elements,
                                                            " elements; evaluate it at run time")));
    }
  }
  std::vector<interp::Array> arrays;
  for (size_t i = 0; i < operands.size(); ++i) {
    const TensorType &expected = graph.type(node.inputs[i]);
    if (operands[i]->dtype() != expected.dtype || operands[i]->rank() != expected.rank()) {
      return fail(absl::InvalidArgumentError(
          absl::StrCat("operand ", i, ": expected ", expected.ToString(), ", got ", operands[i]->type().ToString())));
    }
    arrays.push_back(interp::FromTensor(*operands[i]));
  }
  std::vector<const interp::Array *> pointers;
  for (const interp::Array &array : arrays) pointers.push_back(&array);
  absl::StatusOr<std::vector<interp::Array>> results =
      interp::EvaluateOp({node, pointers, *std::move(promised), symbols});
  if (!results.ok()) return fail(results.status());
  std::vector<Tensor> tensors;
  for (interp::Array &result : *results) {
    interp::Normalize(result, /*round_floats=*/true);
    tensors.push_back(interp::ToTensor(result));
  }
  return tensors;
}

// Folds the nodes of a graph or of a function.
static absl::StatusOr<int> FoldBody(Graph &work, int64_t max_elements) {
  int folded = 0;
  std::vector<Node> kept;
  for (Node &node : work.nodes) {
    absl::StatusOr<std::vector<Tensor>> constants = TryFold(work, node, max_elements);
    if (!constants.ok()) return constants.status();
    bool folds = !constants->empty();
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      Value &value = work.values[static_cast<size_t>(node.outputs[i])];
      value.producer = folds ? -1 : static_cast<int32_t>(kept.size());
      if (!folds) continue;
      value.constant = static_cast<int32_t>(work.constants.size());
      work.constants.push_back(std::move((*constants)[i]));
    }
    folded += folds;
    if (!folds) kept.push_back(std::move(node));
  }
  work.nodes = std::move(kept);
  return folded;
}

absl::StatusOr<int> FoldConstants(Graph &graph, int64_t max_elements) {
  Graph work = graph;  // so that an error leaves the graph as it was; tensors are shared
  int folded = 0;
  std::vector<Graph *> bodies = {&work};
  for (Graph &function : work.functions) bodies.push_back(&function);
  for (Graph *body : bodies) {
    absl::StatusOr<int> count = FoldBody(*body, max_elements);
    if (!count.ok()) return count.status();
    folded += *count;
  }
  if (folded == 0) return 0;
  RemoveDeadNodes(work);
  graph = std::move(work);
  return folded;
}

}  // namespace ingot
