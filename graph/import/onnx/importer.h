// Walks a model: inputs, initializers, then every needed node through its handler, model-local functions inlined.
#ifndef INGOT_GRAPH_IMPORT_ONNX_IMPORTER_H_
#define INGOT_GRAPH_IMPORT_ONNX_IMPORTER_H_

#include <algorithm>
#include <deque>
#include <memory>

#include "graph/import/onnx/node_context.h"
#include "graph/import/onnx/schedule.h"

namespace ingot::onnx_import {

// The parsed model and whatever else tensors borrow from.
struct ModelStorage {
  onnx::ModelProto model;
  std::deque<onnx::AttributeProto> defaults;  // of functions' attributes
};

// Names to values; a body sees the values around it, a function does not.
struct Scope {
  const Scope *outer = nullptr;
  std::map<std::string, Value *> values;

  bool Has(const std::string &name) const { return values.count(name) || (outer != nullptr && outer->Has(name)); }
  // nullptr: absent, which an optional operand of a function may be.
  Value *Find(const std::string &name) const {
    for (const Scope *scope = this; scope != nullptr; scope = scope->outer) {
      auto found = scope->values.find(name);
      if (found != scope->values.end()) return found->second;
    }
    return nullptr;
  }
};

// What a list of nodes runs in.
struct Frame {
  Scope *scope;
  const std::map<std::string, int> *opsets;  // by domain, "" is ONNX's own
  const AttributeMap *attributes = nullptr;  // those passed to the function
  std::string prefix;                        // of node names
  int depth = 0;
  GraphBuilder *builder;  // of the graph, or of the function that a subgraph becomes
};

// What subgraphs read from around them.
struct Captures {
  // A value of the body: data is an operand of the function, and what is known is the same inside. Sequences are made
  // of such values.
  struct Captured {
    const Value *value;
    size_t operand = SIZE_MAX;  // none: known, or a sequence
    std::vector<Captured> elements;
  };
  std::map<std::string, Captured> values;
  std::vector<Expr> operands;
  bool usable = true;  // false: something is not supported
};

// A subgraph as a function.
struct BodyFunction {
  std::string name;
  std::vector<TensorType> outputs;          // a sequence's elements one by one
  std::vector<std::optional<Known>> known;  // of the outputs, where their elements are
  std::vector<int64_t> lengths;             // per output of the subgraph: of the sequence; kTensor
  bool usable = true;

  static constexpr int64_t kTensor = -1;
  bool HasSequences() const {
    return std::any_of(lengths.begin(), lengths.end(), [](int64_t length) { return length != kTensor; });
  }
};

// Makes a value what another one is, but for its name. Nothing where there is no value.
void Forward(const Value &from, Value *to);
// What a value is that is no tensor, for the message of a node that needs one.
std::string WhatItIs(const Value &value);

constexpr int kMaxFunctionDepth = 24;

class Importer {
 public:
  Importer(std::shared_ptr<ModelStorage> storage, const std::string &directory, const ImportOptions &options);

  // Runs to the end or to the first invalid thing; unsupported ones are collected.
  absl::Status Run();
  const std::vector<Unsupported> &unsupported() const { return unsupported_; }
  absl::StatusOr<Graph> Finish() { return builder_.Finish(); }

 private:
  struct Function {
    const onnx::FunctionProto *proto;
    AttributeMap defaults;
    std::map<std::string, int> opsets;
  };

  absl::Status ReadFunctions();
  // importer_inputs.cc
  absl::Status AddInputs(Scope &scope);
  absl::Status AddInput(const onnx::TypeProto &type, const std::optional<Dims> &dims, Value &value);
  absl::Status AddInitializers(const onnx::GraphProto &graph, Scope &scope);
  absl::Status AddOutputs(const Scope &scope);
  // A sequence is as many outputs as it has elements: NAME_0, NAME_1, ...
  absl::Status AddSequenceOutput(const std::string &name, Value &value);

  absl::Status RunNodes(const NodeList &nodes, const std::vector<std::string> &outputs, const Frame &frame);
  absl::Status RunNode(const onnx::NodeProto &node, const std::string &label, const Frame &frame);
  absl::Status RunHandler(const onnx::NodeProto &node, const std::string &label, const Frame &frame,
                          const std::vector<Value *> &inputs, const std::vector<Value *> &outputs);
  // importer_branch.cc and importer_control.cc: If, Loop and Scan as functions.
  absl::Status RunControl(const onnx::NodeProto &node, const std::string &label, const Frame &frame,
                          const std::vector<Value *> &inputs, const std::vector<Value *> &outputs);
  absl::Status RunIf(NodeContext &context, const std::string &label, const Frame &frame);
  absl::Status RunLikelyBranch(NodeContext &context, const BodyFunction &yes, const BodyFunction &no, const Dim &holds,
                               const std::string &label, const Frame &frame);
  // `first_rows`: the first turn has been made, and gave these; null: it has not.
  absl::Status RunLoop(NodeContext &context, const std::string &label, const Frame &frame,
                       const std::vector<Value *> *first_rows = nullptr);
  // The first turn in place of the node, and then the loop.
  absl::Status RunFirstTurn(NodeContext &context, const onnx::GraphProto &body, const std::string &label,
                            const Frame &frame);
  absl::Status RunScan(NodeContext &context, const std::string &label, const Frame &frame);
  // importer_unroll.cc: bodies, which attributes have, in place of the node.
  absl::StatusOr<std::vector<Value *>> RunBody(const onnx::GraphProto &body, const char *attribute,
                                               const std::vector<Value *> &arguments, const std::string &label,
                                               const Frame &frame);
  absl::Status RunBranch(NodeContext &context, const char *branch, const std::string &label, const Frame &frame);
  absl::Status RunSequenceMap(NodeContext &context, const std::string &label, const Frame &frame);
  // A loop that carries sequences, turn by turn.
  absl::Status UnrollLoop(NodeContext &context, const std::string &label, const Frame &frame);
  absl::StatusOr<Captures> Capture(const std::vector<const onnx::GraphProto *> &bodies, const Frame &frame);
  // A captured value in the body, whose operands for captures are `data`.
  Value *Inside(const Captures::Captured &captured, const std::vector<Expr> &data);
  // The function's inputs are `types`, for the body's inputs by their order (`known` in place of data where it is), and
  // then the captured ones.
  absl::StatusOr<BodyFunction> MakeBody(const onnx::GraphProto &body, const std::string &label, const Frame &frame,
                                        const Captures &captures, const std::vector<TensorType> &types,
                                        const std::vector<std::optional<Known>> &known);
  absl::Status CallFunction(const Function &function, const onnx::NodeProto &node, const std::string &label,
                            const Frame &frame, const std::vector<Value *> &inputs,
                            const std::vector<Value *> &outputs);
  // What is left of the work that a model may make; InvalidArgument when there is none.
  absl::Status Spend(const std::string &label, int64_t nodes);
  // Makes an operand ready; false when it depends on something unsupported.
  absl::StatusOr<bool> Ready(Value &value);
  void Report(Unsupported what, const std::vector<Value *> &outputs);
  Value *NewValue(const std::string &name);
  // An error of the builder; where it is about dims that have names, with what the user can do.
  absl::Status WithRemedy(const absl::Status &status) const;

  std::shared_ptr<ModelStorage> storage_;
  const ImportOptions &options_;
  GraphBuilder builder_;
  SymbolBounds bounds_;
  TensorLoader loader_;
  std::map<std::string, int> opsets_;
  std::map<std::string, Function> functions_;
  std::deque<Value> values_;
  std::vector<std::string> symbols_;  // of the inputs
  std::vector<Unsupported> unsupported_;
  int64_t budget_;  // nodes that may still be run: functions of functions multiply
};

// The dims of the model's inputs: names made valid and unique, expressions over them, overrides applied. One entry per
// graph input that is no initializer, in order. Dims of inputs without a shape are absent.
absl::StatusOr<std::vector<std::optional<Dims>>> InputDims(const std::vector<const onnx::ValueInfoProto *> &inputs,
                                                           const ImportOptions &options);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_IMPORTER_H_
