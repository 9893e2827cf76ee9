#include "graph/interp/evaluate.h"

#include "absl/strings/str_cat.h"
#include "graph/interp/ops.h"

namespace ingot::interp {

absl::StatusOr<Array> OpCall::Result(const std::vector<int64_t> &own_dims, size_t i) const {
  const ResultShape &promised = results[i];
  if (own_dims == promised.dims) return MakeArray(promised.dtype, promised.dims);
  return absl::InvalidArgumentError(absl::StrCat("the operands give the shape ", DimsText(own_dims),
                                                 ", but the graph promises ", DimsText(promised.dims),
                                                 "; its dim expressions do not hold for these sizes"));
}

namespace {

absl::StatusOr<std::vector<Array>> AsList(absl::StatusOr<Array> result) {
  if (!result.ok()) return result.status();
  std::vector<Array> list;
  list.push_back(*std::move(result));
  return list;
}
absl::StatusOr<std::vector<Array>> AsList(absl::StatusOr<std::vector<Array>> results) { return results; }

}  // namespace

// Every op's `reference` of its record: one without does not compile.
absl::StatusOr<std::vector<Array>> EvaluateOp(const OpCall &c) {
  switch (c.node.op) {
#include "graph/ops/reference_cases.inc"
  }
  return absl::InternalError(absl::StrCat("there is no op ", static_cast<int>(c.node.op)));
}

absl::StatusOr<std::vector<ResultShape>> PromisedResults(const Graph &graph, const Node &node, const Symbols &symbols) {
  std::vector<ResultShape> results;
  for (ValueId id : node.outputs) {
    absl::StatusOr<std::vector<int64_t>> dims = EvaluateDims(graph.type(id).dims, symbols);
    if (!dims.ok()) return dims.status();
    results.push_back({graph.type(id).dtype, *std::move(dims)});
  }
  return results;
}

absl::StatusOr<std::vector<int64_t>> EvaluateDims(const Dims &dims, const Symbols &symbols) {
  std::vector<int64_t> values;
  for (const Dim &dim : dims) {
    absl::StatusOr<int64_t> value = dim.Evaluate(symbols);
    if (!value.ok()) return value.status();
    values.push_back(*value);
  }
  return values;
}

absl::Status NodeError(const Node &node, const absl::Status &status) {
  return absl::Status(status.code(),
                      absl::StrCat("node '", node.name, "' (", std::string(Name(node.op)),
                                   node.location.empty() ? "" : ", ", node.location, "): ", status.message()));
}

Around AroundAxis(const std::vector<int64_t> &dims, int64_t axis) {
  Around around{1, dims[static_cast<size_t>(axis)], 1};
  for (size_t i = 0; i < dims.size(); ++i) {
    if (static_cast<int64_t>(i) < axis) around.outer *= dims[i];
    if (static_cast<int64_t>(i) > axis) around.inner *= dims[i];
  }
  return around;
}

}  // namespace ingot::interp
