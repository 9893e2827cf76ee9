// What a handler sees of one ONNX node: its operands as types, data or known elements; its attributes; and where its
// results go.
//
// A handler returns Unimplemented(reason) for what Ingot cannot do (the importer lists the node and goes on) and
// InvalidArgument for what no program can do (the importer names the node and stops). Errors of the builder stick there
// and stop the import as well. An attribute that no handler asked for makes the node unsupported: nothing is silently
// ignored.
#ifndef INGOT_GRAPH_IMPORT_ONNX_NODE_CONTEXT_H_
#define INGOT_GRAPH_IMPORT_ONNX_NODE_CONTEXT_H_

#include <onnx/onnx_pb.h>

#include <functional>
#include <set>

#include "absl/strings/str_cat.h"
#include "graph/import/onnx/known.h"
#include "graph/import/onnx/status_macros.h"
#include "graph/import/onnx/tensor_data.h"
#include "graph/shape/bounds.h"
#include "ingot/onnx.h"

namespace ingot::onnx_import {

// One ONNX value. Data, a tensor and known elements may stand side by side; data is made from the others when it is
// first needed.
struct Value {
  std::string name;
  Expr expr;
  std::optional<Tensor> tensor;
  std::optional<Known> known;
  const onnx::TensorProto *initializer = nullptr;  // not loaded yet
  bool unusable = false;                           // depends on something unsupported
  // In place of all that a tensor has: a sequence, whose length is known while importing; or an optional value that has
  // none. An optional value that has one is that value.
  std::optional<std::vector<Value *>> elements;
  bool is_none = false;
  std::optional<Unsupported> report;  // to be listed once this value is used

  bool is_tensor() const { return !elements && !is_none; }
};

constexpr int64_t kMostElements = 4096;  // of a sequence

using AttributeMap = std::map<std::string, const onnx::AttributeProto *>;

class NodeContext {
 public:
  NodeContext(GraphBuilder &builder, SymbolBounds &symbol_bounds, TensorLoader &loader, const onnx::NodeProto &proto,
              int version)
      : b(builder), bounds(symbol_bounds), node(proto), opset(version), loader_(loader) {}

  GraphBuilder &b;
  SymbolBounds &bounds;
  const onnx::NodeProto &node;
  const int opset;

  // Operands. The op table's minimum has been checked; others may be absent.
  size_t input_count() const { return inputs.size(); }
  bool Has(size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
  Expr In(size_t i);
  TensorType Type(size_t i) const;
  DType dtype(size_t i) const { return Type(i).dtype; }
  int rank(size_t i) const { return Type(i).rank(); }
  // The elements, when they are known while importing; else nullptr.
  const Known *KnownIn(size_t i) const { return Has(i) && inputs[i]->known ? &*inputs[i]->known : nullptr; }
  const Tensor *ConstantIn(size_t i) const { return Has(i) && inputs[i]->tensor ? &*inputs[i]->tensor : nullptr; }
  // The elements of an integer operand; Unimplemented when they depend on data. `what` names the operand in the
  // message.
  absl::StatusOr<Dims> DimsIn(size_t i, const char *what) const;
  absl::StatusOr<Ints> IntsIn(size_t i, const char *what) const;
  // The same for sizes, which may be data: then they are new symbols, bound where this node stands, and known from
  // here on. Unimplemented when how many there are depends on data.
  absl::StatusOr<Dims> SizesIn(size_t i, const char *what);
  // New symbols for the elements of a value of integers. Their name is what a message about an impossible size shows.
  absl::StatusOr<Dims> SizesFrom(Expr data, const char *what, const char *name = "size");

  // Attributes, also those passed to the function this node stands in. Without a default they are required.
  bool HasAttribute(const std::string &name) { return Find(name) != nullptr; }
  absl::StatusOr<int64_t> Int(const std::string &name, std::optional<int64_t> otherwise = std::nullopt);
  absl::StatusOr<double> Float(const std::string &name, std::optional<double> otherwise = std::nullopt);
  absl::StatusOr<std::string> Text(const std::string &name, std::optional<std::string> otherwise = std::nullopt);
  absl::StatusOr<Ints> IntList(const std::string &name, std::optional<Ints> otherwise = std::nullopt);
  absl::StatusOr<std::vector<double>> FloatList(const std::string &name);
  absl::StatusOr<std::vector<std::string>> TextList(const std::string &name, std::vector<std::string> otherwise);
  absl::StatusOr<Tensor> TensorAttribute(const std::string &name);
  const onnx::GraphProto *GraphAttribute(const std::string &name);
  // Attributes that mean nothing for inference.
  void Ignore(std::initializer_list<const char *> names);
  // An axis attribute, made non-negative. `limit` is the rank, or rank + 1 where ONNX counts so.
  absl::StatusOr<int64_t> Axis(const std::string &name, std::optional<int64_t> otherwise, int limit);
  // The dtype that an attribute of ONNX's type numbers names.
  absl::StatusOr<DType> TypeAttribute(const std::string &name, std::optional<DType> otherwise = std::nullopt);

  // Results.
  size_t output_count() const { return outputs.size(); }
  bool Wants(size_t i) const { return i < outputs.size() && outputs[i] != nullptr; }
  void Set(size_t i, Expr value);
  void Set(size_t i, Known known);
  // The result is that operand, or that element of a sequence, with all that is known about it.
  void Forward(size_t i, size_t input) { Forward(i, *inputs[input]); }
  void Forward(size_t i, Value &from);
  // A result that is a sequence; its elements come from operands, or from NewValue.
  void Set(size_t i, std::vector<Value *> elements);
  absl::Status Return(Expr value) {
    Set(0, value);
    return absl::OkStatus();
  }

  // For the importer.
  std::function<Value *(const std::string &name)> NewValue;
  std::vector<Value *> inputs;   // nullptr for the absent
  std::vector<Value *> outputs;  // nullptr for the unnamed
  const AttributeMap *function_attributes = nullptr;
  // The name of an attribute that was not asked for, or "".
  std::string UnreadAttribute() const;

 private:
  const onnx::AttributeProto *Find(const std::string &name);
  TensorLoader &loader_;
  std::set<std::string> read_;
};

// Unimplemented unless the Ingot op takes operands of this dtype.
absl::Status CheckTakes(OpKind op, DType dtype);
// Unimplemented unless operand i holds floats.
absl::Status CheckFloat(const NodeContext &n, size_t i);
// InvalidArgument when operand i has fewer axes.
absl::Status CheckRank(const NodeContext &n, size_t i, int at_least);
absl::StatusOr<int64_t> NormalAxis(int64_t axis, int limit);
// All axes normal, each at most once.
absl::StatusOr<Ints> NormalAxes(Ints axes, int limit);
// Unimplemented when the rank or an expression is too large for Ingot, InvalidArgument for sizes that no machine has.
absl::Status CheckDims(const Dims &dims);
// The value as data: a constant or `dim_values` nodes are made when it has none yet.
Expr DataOf(GraphBuilder &b, Value &value);
// The ends of what the dtype holds, as scalars; infinite for floats.
Tensor Lowest(DType dtype);
Tensor Highest(DType dtype);
Expr CastIfNeeded(GraphBuilder &b, Expr x, DType from, DType to);
// The cast that ONNX calls saturate = 0: what rounds beyond an 8-bit float's range becomes infinity, or NaN where the
// type has none.
Expr CastWithoutSaturation(GraphBuilder &b, Expr x, DType from, DType to);

}  // namespace ingot::onnx_import
#endif  // INGOT_GRAPH_IMPORT_ONNX_NODE_CONTEXT_H_
