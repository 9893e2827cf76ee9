// Runs the nodes in order and frees each value after its last use.
#include "graph/interp/interpreter.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "graph/interp/evaluate.h"
#include "graph/shape/facts.h"

namespace ingot {
namespace {

using interp::Array;

class Run {
 public:
  Run(const Graph &graph, const std::vector<Tensor> &inputs, const InterpreterOptions &options, interp::Symbols symbols)
      : graph_(graph),
        options_(options),
        symbols_(std::move(symbols)),
        values_(graph.values.size()),
        uses_(graph.values.size(), 0),
        sources_(graph.values.size(), nullptr) {
    for (size_t i = 0; i < inputs.size(); ++i) sources_[static_cast<size_t>(graph.inputs[i])] = &inputs[i];
    for (size_t i = 0; i < graph.values.size(); ++i) {
      if (const Tensor *constant = graph.constant(static_cast<ValueId>(i))) sources_[i] = constant;
    }
    for (const Node &node : graph.nodes) {
      for (ValueId id : node.inputs) ++uses_[static_cast<size_t>(id)];
    }
    for (const GraphOutput &output : graph.outputs) ++uses_[static_cast<size_t>(output.value)];
  }

  absl::Status Nodes() {
    absl::StatusOr<std::vector<NodeFact>> facts = UnprovenFacts(graph_);
    if (!facts.ok()) return facts.status();
    auto fact = facts->begin();
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node &node = graph_.nodes[i];
      absl::Status status;
      for (; fact != facts->end() && fact->node == i; ++fact) status.Update(fact->fact.Check(symbols_));
      if (status.ok()) status = Evaluate(node);
      if (!status.ok()) return interp::NodeError(node, status);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Tensor>> Outputs(bool wide_floats) {
    std::vector<Tensor> tensors;
    for (const GraphOutput &output : graph_.outputs) {
      absl::StatusOr<const Array *> value = Load(output.value);
      if (!value.ok())
        return absl::Status(value.status().code(),
                            absl::StrCat("output '", output.name, "': ", value.status().message()));
      tensors.push_back(interp::ToTensor(**value, wide_floats));
      Release(output.value);
    }
    return tensors;
  }

 private:
  // Accounts for a tensor of these dims.
  absl::Status Charge(const std::vector<int64_t> &dims) {
    std::optional<int64_t> elements = interp::CountElements(dims);
    if (!elements)
      return absl::InvalidArgumentError(absl::StrCat("the shape ", interp::DimsText(dims), " is not possible"));
    int64_t bytes = *elements * interp::kElementBytes;
    if (bytes > options_.max_bytes - live_) {
      return absl::ResourceExhaustedError(absl::StrCat("a tensor of shape ", interp::DimsText(dims), " needs ", bytes,
                                                       " bytes beside ", live_, " in use; the interpreter's limit is ",
                                                       options_.max_bytes, ", raise max_bytes"));
    }
    live_ += bytes;
    return absl::OkStatus();
  }

  // Inputs and constants are widened at their first use.
  absl::StatusOr<const Array *> Load(ValueId id) {
    std::optional<Array> &value = values_[static_cast<size_t>(id)];
    if (!value) {
      const Tensor *source = sources_[static_cast<size_t>(id)];
      if (source == nullptr)
        return absl::InternalError(absl::StrCat("value '", graph_.value(id).name, "' is read before it is computed"));
      if (absl::Status status = Charge(source->dims()); !status.ok()) return status;
      value = interp::FromTensor(*source);
    }
    return &*value;
  }

  void Release(ValueId id) {
    std::optional<Array> &value = values_[static_cast<size_t>(id)];
    if (--uses_[static_cast<size_t>(id)] > 0 || !value) return;
    live_ -= value->size() * interp::kElementBytes;
    value.reset();
  }

  absl::Status Evaluate(const Node &node) {
    ValueId out = node.outputs[0];
    if (uses_[static_cast<size_t>(out)] == 0) {  // dead
      for (ValueId id : node.inputs) Release(id);
      return absl::OkStatus();
    }
    std::vector<const Array *> operands;
    for (ValueId id : node.inputs) {
      absl::StatusOr<const Array *> operand = Load(id);
      if (!operand.ok()) return operand.status();
      operands.push_back(*operand);
    }
    absl::StatusOr<std::vector<int64_t>> dims = interp::EvaluateDims(graph_.type(out).dims, symbols_);
    if (!dims.ok()) return dims.status();
    if (absl::Status status = Charge(*dims); !status.ok()) return status;
    NodeNoise noise = options_.noise.of != nullptr ? options_.noise.of(graph_, node) : NodeNoise{};
    uint64_t stream = static_cast<uint64_t>(out) << 32;
    std::vector<Array> noisy;
    noisy.reserve(operands.size());
    for (size_t i = 0; noise.operands != 0 && i < operands.size(); ++i) {
      noisy.push_back(*operands[i]);
      interp::AddOperandNoise(options_.noise, node, i, stream + ((i + 1) << 24), noise.operands, noisy[i]);
      operands[i] = &noisy[i];
    }
    if (options_.noise.jumps != nullptr && interp::Jumps(graph_, node))
      interp::MeetJumps(options_.noise, graph_, node, *dims, operands, noisy);
    interp::OpCall call{node, operands, graph_.type(out).dtype, *dims, symbols_};
    if (noise.operands != 0) {
      call.mean_error = [&, row = uint64_t{0}](std::span<const double> x) mutable {
        return interp::MeanNoise(options_.noise, stream + ++row, noise.operands, call.dtype, x.data(), x.size());
      };
    }
    absl::StatusOr<Array> result = interp::EvaluateOp(call);
    if (!result.ok()) return result.status();
    if (options_.noise.of != nullptr) interp::AddNoise(options_.noise, stream, noise.result, noise.absolute, *result);
    interp::Normalize(*result, options_.precision == InterpreterOptions::Precision::kNative);
    values_[static_cast<size_t>(out)] = *std::move(result);
    for (ValueId id : node.inputs) Release(id);
    return absl::OkStatus();
  }

  const Graph &graph_;
  const InterpreterOptions &options_;
  const interp::Symbols symbols_;
  std::vector<std::optional<Array>> values_;
  std::vector<int> uses_;                // reads to come
  std::vector<const Tensor *> sources_;  // of inputs and constants
  int64_t live_ = 0;
};

absl::StatusOr<std::vector<Tensor>> InterpretTo(const Graph &graph, const std::vector<Tensor> &inputs,
                                                const InterpreterOptions &options, bool wide_floats) {
  std::vector<std::vector<int64_t>> dims;
  for (const Tensor &input : inputs) dims.push_back(input.dims());
  absl::StatusOr<interp::Symbols> symbols = SolveSymbols(graph, dims);
  if (!symbols.ok()) return symbols.status();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value &value = graph.value(graph.inputs[i]);
    if (inputs[i].dtype() != value.type.dtype) {
      return absl::InvalidArgumentError(absl::StrCat("input '", value.name, "': expected dtype ",
                                                     std::string(Name(value.type.dtype)), ", got ",
                                                     std::string(Name(inputs[i].dtype()))));
    }
  }
  Run run(graph, inputs, options, *std::move(symbols));
  if (absl::Status status = run.Nodes(); !status.ok()) return status;
  return run.Outputs(wide_floats);
}

}  // namespace

absl::StatusOr<std::vector<Tensor>> Interpret(const Graph &graph, const std::vector<Tensor> &inputs,
                                              const InterpreterOptions &options) {
  return InterpretTo(graph, inputs, options, /*wide_floats=*/false);
}

absl::StatusOr<std::vector<Tensor>> InterpretDouble(const Graph &graph, const std::vector<Tensor> &inputs,
                                                    const InterpreterOptions &options) {
  return InterpretTo(graph, inputs, options, /*wide_floats=*/true);
}

}  // namespace ingot
