// Runs the nodes in order and frees each value after its last use; functions the same way.
#include "ingot/interpreter.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "graph/bound_sizes.h"
#include "graph/interp/evaluate.h"
#include "graph/shape/facts.h"

namespace ingot {
namespace {

using interp::Array;

// What all runs of one interpretation share: of the graph and of the functions it runs.
struct Interpretation {
  const Graph &graph;
  const InterpreterOptions &options;
  interp::Symbols symbols;  // those of the inputs, and what nodes have bound so far
  int64_t live = 0;         // bytes
  int64_t nodes = 0;        // evaluated
  std::map<const Graph *, std::vector<NodeFact>> facts = {};

  absl::StatusOr<const std::vector<NodeFact> *> FactsOf(const Graph &function) {
    auto [found, is_new] = facts.try_emplace(&function);
    if (is_new) {
      absl::StatusOr<std::vector<NodeFact>> list = UnprovenFacts(graph, function);
      if (!list.ok()) return list.status();
      found->second = *std::move(list);
    }
    return &found->second;
  }
};

// The graph, or one of its functions, once.
class Run {
 public:
  Run(Interpretation &all, const Graph &graph)
      : all_(all),
        graph_(graph),
        options_(all.options),
        symbols_(all.symbols),
        values_(graph.values.size()),
        uses_(graph.values.size(), 0),
        sources_(graph.values.size(), nullptr) {
    for (size_t i = 0; i < graph.values.size(); ++i) {
      if (const Tensor *constant = graph.constant(static_cast<ValueId>(i))) sources_[i] = constant;
    }
    for (const Node &node : graph.nodes) {
      for (ValueId id : node.inputs) ++uses_[static_cast<size_t>(id)];
    }
    for (const GraphOutput &output : graph.outputs) ++uses_[static_cast<size_t>(output.value)];
  }

  void SetInputs(const std::vector<Tensor> &inputs) {
    for (size_t i = 0; i < inputs.size(); ++i) sources_[static_cast<size_t>(graph_.inputs[i])] = &inputs[i];
  }
  absl::Status SetInputs(std::vector<Array> inputs) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (absl::Status status = Charge(inputs[i].dtype, inputs[i].dims); !status.ok()) return status;
      values_[static_cast<size_t>(graph_.inputs[i])] = std::move(inputs[i]);
      DropIfUnread(graph_.inputs[i]);
    }
    return absl::OkStatus();
  }

  absl::Status Nodes() {
    absl::StatusOr<const std::vector<NodeFact> *> facts = all_.FactsOf(graph_);
    if (!facts.ok()) return facts.status();
    auto fact = (*facts)->begin();
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node &node = graph_.nodes[i];
      absl::Status status;
      for (; fact != (*facts)->end() && fact->node == i; ++fact) status.Update(fact->fact.Check(symbols_));
      if (status.ok()) status = Evaluate(node);
      if (!status.ok()) return interp::NodeError(node, status);
    }
    return absl::OkStatus();
  }

  // The outputs as they are; the run is over.
  absl::StatusOr<std::vector<Array>> OutputArrays() {
    std::vector<Array> arrays;
    for (const GraphOutput &output : graph_.outputs) {
      absl::StatusOr<const Array *> value = Load(output.value);
      if (!value.ok()) return value.status();
      arrays.push_back(**value);
      Release(output.value);
    }
    return arrays;
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
  absl::Status Charge(DType dtype, const std::vector<int64_t> &dims) {
    std::optional<int64_t> elements = interp::CountElements(dims);
    if (!elements)
      return absl::InvalidArgumentError(absl::StrCat("the shape ", interp::DimsText(dims), " is not possible"));
    int64_t bytes = 0;  // CountElements leaves room for numbers of one part
    if (__builtin_mul_overflow(*elements, interp::ElementBytes(dtype), &bytes) ||
        bytes > options_.max_bytes - all_.live) {
      return absl::ResourceExhaustedError(
          absl::StrCat("a tensor of shape ", interp::DimsText(dims), " needs ", bytes, " bytes beside ", all_.live,
                       " in use; the interpreter's limit is ", options_.max_bytes, ", raise max_bytes"));
    }
    all_.live += bytes;
    return absl::OkStatus();
  }

  // Inputs and constants are widened at their first use.
  absl::StatusOr<const Array *> Load(ValueId id) {
    std::optional<Array> &value = values_[static_cast<size_t>(id)];
    if (!value) {
      const Tensor *source = sources_[static_cast<size_t>(id)];
      if (source == nullptr)
        return absl::InternalError(absl::StrCat("value '", graph_.value(id).name, "' is read before it is computed"));
      if (absl::Status status = Charge(source->dtype(), source->dims()); !status.ok()) return status;
      value = interp::FromTensor(*source);
    }
    return &*value;
  }

  void Release(ValueId id) {
    --uses_[static_cast<size_t>(id)];
    DropIfUnread(id);
  }

  void DropIfUnread(ValueId id) {
    std::optional<Array> &value = values_[static_cast<size_t>(id)];
    if (uses_[static_cast<size_t>(id)] > 0 || !value) return;
    all_.live -= value->size() * interp::ElementBytes(value->dtype);
    value.reset();
  }

  absl::Status Evaluate(const Node &node) {
    if (++all_.nodes > options_.max_nodes)
      return absl::ResourceExhaustedError(
          absl::StrCat("more than ", options_.max_nodes, " nodes were evaluated, raise max_nodes"));
    auto unread = [&](ValueId id) { return uses_[static_cast<size_t>(id)] == 0; };
    if (node.op != OpKind::kBindSizes && std::all_of(node.outputs.begin(), node.outputs.end(), unread)) {
      for (ValueId id : node.inputs) Release(id);
      return absl::OkStatus();
    }
    std::vector<const Array *> operands;
    for (ValueId id : node.inputs) {
      absl::StatusOr<const Array *> operand = Load(id);
      if (!operand.ok()) return operand.status();
      operands.push_back(*operand);
    }
    if (IsControl(node.op)) return Control(node, operands);
    if (node.op == OpKind::kBindSizes) {
      if (absl::Status status = Bind(SizesBoundBy(node), operands[0]->integers); !status.ok()) return status;
    }
    absl::StatusOr<std::vector<interp::ResultShape>> promised = interp::PromisedResults(graph_, node, symbols_);
    if (!promised.ok()) return promised.status();
    for (const interp::ResultShape &shape : *promised) {
      if (absl::Status status = Charge(shape.dtype, shape.dims); !status.ok()) return status;
    }
    NodeNoise noise = options_.noise.of != nullptr ? options_.noise.of(graph_, node) : NodeNoise{};
    uint64_t stream = static_cast<uint64_t>(node.outputs[0]) << 32;
    std::vector<Array> noisy;
    noisy.reserve(operands.size());
    for (size_t i = 0; noise.operands != 0 && i < operands.size(); ++i) {
      noisy.push_back(*operands[i]);
      interp::AddOperandNoise(options_.noise, node, i, stream + ((i + 1) << 24), noise.operands, noisy[i]);
      operands[i] = &noisy[i];
    }
    if (options_.noise.jumps != nullptr && interp::Jumps(graph_, node))
      interp::MeetJumps(options_.noise, graph_, node, promised->front().dims, operands, noisy);
    interp::OpCall call{node, operands, *std::move(promised), symbols_};
    if (noise.operands != 0) {
      call.mean_error = [&, row = uint64_t{0}](std::span<const double> x) mutable {
        return interp::MeanNoise(options_.noise, stream + ++row, noise.operands, call.dtype(), x.data(), x.size());
      };
    }
    absl::StatusOr<std::vector<Array>> results = interp::EvaluateOp(call);
    if (!results.ok()) return results.status();
    for (size_t i = 0; i < results->size(); ++i) {
      Array &result = (*results)[i];
      if (options_.noise.of != nullptr)
        interp::AddNoise(options_.noise, stream + (i << 16), noise.result, noise.absolute, result);
      interp::Normalize(result, options_.precision == InterpreterOptions::Precision::kNative);
      values_[static_cast<size_t>(node.outputs[i])] = std::move(result);
    }
    for (ValueId id : node.outputs) DropIfUnread(id);
    for (ValueId id : node.inputs) Release(id);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Array>> RunFunction(const std::string &name, std::vector<Array> inputs) {
    Run run(all_, *FindFunction(all_.graph.functions, name));
    if (absl::Status status = run.SetInputs(std::move(inputs)); !status.ok()) return status;
    if (absl::Status status = run.Nodes(); !status.ok()) return status;
    return run.OutputArrays();
  }

  // The elements become the values of the symbols.
  absl::Status Bind(const std::vector<std::string> &symbols, const std::vector<int64_t> &elements) {
    for (size_t i = 0; i < symbols.size(); ++i) {
      const SymbolRange &range = all_.graph.symbols.at(symbols[i]);
      if (elements[i] < range.min || elements[i] > range.max)
        return absl::InvalidArgumentError(
            absl::StrCat("the size '", symbols[i], "' is ", elements[i], ", it can be ", range.min, " to ", range.max));
      all_.symbols[symbols[i]] = elements[i];
    }
    return absl::OkStatus();
  }

  absl::Status Control(const Node &node, const std::vector<const Array *> &operands) {
    bool is_if = node.op == OpKind::kIf;
    std::vector<Array> values;
    for (size_t i = is_if ? 1 : 0; i < operands.size(); ++i) values.push_back(*operands[i]);
    std::vector<std::string> functions = FunctionsOf(node);
    if (node.op == OpKind::kWhile) {
      for (;;) {
        absl::StatusOr<std::vector<Array>> holds = RunFunction(functions[0], values);
        if (!holds.ok()) return holds.status();
        if ((*holds)[0].integers[0] == 0) break;
        absl::StatusOr<std::vector<Array>> next = RunFunction(functions[1], std::move(values));
        if (!next.ok()) return next.status();
        values = *std::move(next);
      }
    } else {
      bool second = is_if && operands[0]->integers[0] == 0;
      if (node.op == OpKind::kIfSize) {
        absl::StatusOr<int64_t> holds = std::get<Dims>(node.attributes.at("condition"))[0].Evaluate(symbols_);
        if (!holds.ok()) return holds.status();
        second = *holds == 0;
      }
      const std::string &name = functions[second ? 1 : 0];
      absl::StatusOr<std::vector<Array>> results = RunFunction(name, std::move(values));
      if (!results.ok()) return results.status();
      values = *std::move(results);
    }
    for (size_t i = 0; i < values.size(); ++i) {
      if (absl::Status status = Charge(values[i].dtype, values[i].dims); !status.ok()) return status;
      values_[static_cast<size_t>(node.outputs[i])] = std::move(values[i]);
    }
    for (ValueId id : node.outputs) DropIfUnread(id);
    for (ValueId id : node.inputs) Release(id);
    return absl::OkStatus();
  }

  Interpretation &all_;
  const Graph &graph_;
  const InterpreterOptions &options_;
  const interp::Symbols &symbols_;
  std::vector<std::optional<Array>> values_;
  std::vector<int> uses_;                // reads to come
  std::vector<const Tensor *> sources_;  // of inputs and constants
};

absl::StatusOr<std::vector<Tensor>> InterpretTo(const Graph &graph, const std::vector<Tensor> &inputs,
                                                const InterpreterOptions &options, bool wide_floats) {
  if (!graph.states.empty())
    return absl::InvalidArgumentError(absl::StrCat("graph '", graph.name, "' has states, such as '",
                                                   graph.value(graph.states[0].input).name,
                                                   "'; run it with InterpretStep"));
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
  Interpretation all{graph, options, *std::move(symbols)};
  Run run(all, graph);
  run.SetInputs(inputs);
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
