// Loop and Scan, and what they share with If (importer_branch.cc): subgraphs become functions of the graph. What they
// read from around them becomes their operands; what is known while importing stays known inside. Subgraphs in place of
// the node: importer_unroll.cc.
#include <algorithm>

#include "absl/strings/match.h"
#include "graph/import/onnx/control.h"
#include "graph/import/onnx/importer.h"
#include "graph/import/onnx/indexing.h"

namespace ingot::onnx_import {
namespace {

constexpr DType kIndex = DType::kI64;
constexpr int64_t kMostRows = INT64_C(1) << 24;  // that a loop has memory for before it runs

template <typename T>
std::vector<T> Part(const std::vector<T> &values, size_t begin, size_t count) {
  auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
  return std::vector<T>(first, first + static_cast<std::ptrdiff_t>(count));
}

// Zeros that no constant stores.
Expr Zeros(GraphBuilder &b, const TensorType &type) { return b.BroadcastTo(b.Scalar(0, type.dtype), type.dims); }

// What every turn adds to a buffer of all turns, [turns, ...].
Expr PutTurn(GraphBuilder &b, Expr all, Expr one, Expr turn) {
  Dims dims = b.type(one).dims;
  dims.insert(dims.begin(), 1);
  return b.DynamicUpdate(all, b.Reshape(one, dims), turn, 0);
}

TensorType AllTurns(TensorType one, const Dim &turns) {
  one.dims.insert(one.dims.begin(), turns);
  return one;
}

absl::Status CheckRankOfAll(const std::vector<TensorType> &types) {
  for (const TensorType &type : types) {
    if (type.rank() > kMaxRank)
      return absl::UnimplementedError(
          absl::StrCat("a result has rank ", type.rank(), "; at most ", kMaxRank, " is supported"));
  }
  return absl::OkStatus();
}

// Rows of all turns need memory before the first turn, so their sizes must be those of something outside of the body.
absl::Status CheckSizesOfRows(const std::vector<TensorType> &rows, std::vector<std::string> outside,
                              const std::vector<TensorType> &given, const Captures &captures) {
  for (const TensorType &type : given) {
    for (const Dim &dim : type.dims) dim.CollectSymbols(outside);
  }
  for (const auto &[name, captured] : captures.values) {
    for (const Dim &dim : captured.value->known ? captured.value->known->ints : Dims()) dim.CollectSymbols(outside);
  }
  const std::set<std::string> known(outside.begin(), outside.end());
  for (const TensorType &type : rows) {
    std::vector<std::string> symbols;
    for (const Dim &dim : type.dims) dim.CollectSymbols(symbols);
    for (const std::string &symbol : symbols) {
      if (!known.count(symbol))
        return absl::UnimplementedError(absl::StrCat("every turn gives ", type.ToString(), ", whose size '", symbol,
                                                     "' is found inside the body; only sizes from outside are "
                                                     "supported there"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Importer::RunControl(const onnx::NodeProto &node, const std::string &label, const Frame &frame,
                                  const std::vector<Value *> &inputs, const std::vector<Value *> &outputs) {
  const std::string &op = node.op_type();
  auto where = [&](const absl::Status &status) {
    return absl::Status(status.code(), absl::StrCat("node '", label, "' (", op, "): ", std::string(status.message())));
  };
  if (frame.depth >= kMaxFunctionDepth)
    return where(absl::InvalidArgumentError(absl::StrCat("nested more than ", kMaxFunctionDepth, " deep")));
  auto version = frame.opsets->find("");
  for (size_t i = 0; i < inputs.size(); ++i) {
    bool may_be_sequence = op == "SequenceMap" || (op == "Loop" && i >= 2);
    if (inputs[i] != nullptr && !inputs[i]->is_tensor() && !may_be_sequence)
      return where(absl::InvalidArgumentError(WhatItIs(*inputs[i])));
  }
  NodeContext context(*frame.builder, bounds_, loader_, node, version == frame.opsets->end() ? 1 : version->second);
  context.NewValue = [this](const std::string &name) { return NewValue(name); };
  context.inputs = inputs;
  context.outputs = outputs;
  context.function_attributes = frame.attributes;
  frame.builder->SetNext(label, "onnx:" + label);
  absl::Status status = op == "If"     ? RunIf(context, label, frame)
                        : op == "Loop" ? RunLoop(context, label, frame)
                        : op == "Scan" ? RunScan(context, label, frame)
                                       : RunSequenceMap(context, label, frame);
  if (status.ok() && frame.builder->status().ok() && !context.UnreadAttribute().empty())
    status = absl::UnimplementedError(absl::StrCat("its attribute '", context.UnreadAttribute(), "' is not supported"));
  if (absl::IsUnimplemented(status)) {
    Report({label, op, std::string(status.message())}, outputs);
    return frame.builder->status();
  }
  // An error inside a body has named its own node.
  if (!status.ok()) return absl::StartsWith(status.message(), "node '") ? status : where(status);
  return frame.builder->status().ok() ? status : WithRemedy(frame.builder->status());
}

namespace {

Captures::Captured Captured(const Value &value, std::vector<Expr> &operands) {
  Captures::Captured captured{&value, SIZE_MAX, {}};
  if (value.is_tensor() && !value.known && !value.tensor) {
    captured.operand = operands.size();
    operands.push_back(value.expr);
  }
  for (const Value *element : value.elements.value_or(std::vector<Value *>()))
    captured.elements.push_back(Captured(*element, operands));
  return captured;
}

}  // namespace

absl::StatusOr<Captures> Importer::Capture(const std::vector<const onnx::GraphProto *> &bodies, const Frame &frame) {
  std::set<std::string> names;
  for (const onnx::GraphProto *body : bodies) CollectOuterNames(*body, names);
  Captures captures;
  for (const std::string &name : names) {
    Value *value = frame.scope->Find(name);
    if (value == nullptr) continue;  // optional and absent, or an error of the body's
    INGOT_ASSIGN_OR_RETURN(bool ready, Ready(*value));
    captures.usable = captures.usable && ready;
    if (!ready) continue;
    if (value->elements) INGOT_RETURN_IF_ERROR(Spend(name, static_cast<int64_t>(value->elements->size())));
    captures.values[name] = Captured(*value, captures.operands);
  }
  return captures;
}

Value *Importer::Inside(const Captures::Captured &captured, const std::vector<Expr> &data) {
  Value *inside = NewValue(captured.value->name);
  inside->tensor = captured.value->tensor;
  inside->known = captured.value->known;
  inside->is_none = captured.value->is_none;
  if (captured.operand < data.size()) inside->expr = data[captured.operand];
  if (captured.value->elements) {
    inside->elements.emplace();
    for (const Captures::Captured &element : captured.elements) inside->elements->push_back(Inside(element, data));
  }
  return inside;
}

absl::StatusOr<BodyFunction> Importer::MakeBody(const onnx::GraphProto &body, const std::string &label,
                                                const Frame &frame, const Captures &captures,
                                                const std::vector<TensorType> &types,
                                                const std::vector<std::optional<Known>> &known) {
  if (static_cast<size_t>(body.input_size()) != types.size())
    return absl::InvalidArgumentError(
        absl::StrCat("its body has ", body.input_size(), " inputs; it needs ", types.size()));
  BodyFunction made;
  absl::Status status;
  auto build = [&](GraphBuilder &b, const std::vector<Expr> &arguments) -> std::vector<Expr> {
    Scope scope;
    const std::vector<Expr> captured_data(arguments.begin() + static_cast<std::ptrdiff_t>(types.size()),
                                          arguments.end());
    for (const auto &[name, captured] : captures.values) scope.values[name] = Inside(captured, captured_data);
    auto add = [&](const std::string &name, Expr data, const std::optional<Known> &elements) {
      Value *inside = NewValue(name);
      if (elements) {
        inside->known = elements;
      } else {
        inside->expr = data;
      }
      scope.values[name] = inside;
    };
    for (size_t i = 0; i < types.size(); ++i)
      add(body.input(static_cast<int>(i)).name(), arguments[i], i < known.size() ? known[i] : std::nullopt);
    status = AddInitializers(body, scope);
    std::vector<std::string> names;
    for (const auto &output : body.output()) names.push_back(output.name());
    // What a node of the body needs of the sizes is needed when it runs, not of the whole model.
    SymbolBounds outside = bounds_;
    if (status.ok())
      status = RunNodes(body.node(), names, {&scope, frame.opsets, frame.attributes, label + "/", frame.depth + 1, &b});
    bounds_ = std::move(outside);
    std::vector<Expr> results;
    for (const std::string &name : names) {
      Value *value = status.ok() ? scope.Find(name) : nullptr;
      if (value == nullptr) break;
      absl::StatusOr<bool> ready = Ready(*value);
      status = ready.status();
      made.usable = made.usable && ready.ok() && *ready;
      if (!made.usable) break;
      if (value->is_none) {
        status = absl::UnimplementedError(absl::StrCat("its output '", name,
                                                       "' may be an optional value without an element, which a "
                                                       "program does not have"));
        break;
      }
      made.lengths.push_back(value->elements ? static_cast<int64_t>(value->elements->size()) : BodyFunction::kTensor);
      b.SetNext(label, "onnx:" + label);
      for (Value *result : value->elements.value_or(std::vector<Value *>{value})) {
        made.known.push_back(result->known);
        results.push_back(DataOf(b, *result));
      }
    }
    made.usable = made.usable && made.lengths.size() == names.size() && !results.empty();
    for (Expr result : results) made.outputs.push_back(b.type(result));
    if (!made.usable) results = {b.Scalar(0)};  // nobody will call it
    return results;
  };
  std::vector<TensorType> all = types;
  Append(all, TypesOf(*frame.builder, captures.operands));
  made.name = frame.builder->Function(label, all, build);
  INGOT_RETURN_IF_ERROR(status);
  return made;
}

absl::Status Importer::RunFirstTurn(NodeContext &n, const onnx::GraphProto &body, const std::string &label,
                                    const Frame &frame) {
  Value *turn = NewValue(absl::StrCat(label, "/turn")), *go = NewValue(absl::StrCat(label, "/go"));
  turn->known = Known::Scalar(0);
  go->known = Known{DType::kBool, Ints{}, Dims{1}, {}};
  std::vector<Value *> arguments = {turn, go};
  Append(arguments, Part(n.inputs, 2, n.input_count() - 2));
  INGOT_ASSIGN_OR_RETURN(std::vector<Value *> results,
                         RunBody(body, "body", arguments, absl::StrCat(label, "/first"), frame));
  for (Value *result : results) {
    INGOT_ASSIGN_OR_RETURN(bool ready, Ready(*result));
    if (!ready) return absl::UnimplementedError("a node of its body is not supported");
  }
  size_t values = n.input_count() - 2;
  n.inputs[1] = results[0];
  for (size_t i = 0; i < values; ++i) n.inputs[2 + i] = results[1 + i];
  const std::vector<Value *> rows = Part(results, 1 + values, results.size() - 1 - values);
  return RunLoop(n, label, frame, &rows);
}

// Operands of the loop: turn, condition, limit (where it is data), values, buffers of what every turn gives, captured.
absl::Status Importer::RunLoop(NodeContext &n, const std::string &label, const Frame &frame,
                               const std::vector<Value *> *first_rows) {
  n.Ignore({"body"});
  const onnx::GraphProto *body = n.GraphAttribute("body");
  if (body == nullptr) return absl::InvalidArgumentError("its body is missing");
  size_t values = n.input_count() < 2 ? 0 : n.input_count() - 2;
  size_t body_outputs = static_cast<size_t>(body->output_size());
  if (body_outputs < 1 + values || n.output_count() > body_outputs - 1)
    return absl::InvalidArgumentError(absl::StrCat("its body gives ", body_outputs, " values, too few for ", values,
                                                   " that it carries and ", n.output_count(), " outputs"));
  for (size_t i = 2; i < n.input_count(); ++i) {
    if (n.Has(i) && !n.inputs[i]->is_tensor()) return UnrollLoop(n, label, frame);
  }
  INGOT_ASSIGN_OR_RETURN(Captures captures, Capture({body}, frame));
  if (!captures.usable) return absl::UnimplementedError("what its body needs is not supported");
  auto scalar = [&](size_t i) { return n.rank(i) == 0 ? n.In(i) : n.b.Reshape(n.In(i), {}); };
  std::optional<Dim> limit;  // known
  bool has_limit = n.Has(0);
  if (const Known *known = n.KnownIn(0); known != nullptr && !known->is_real() && known->size() == 1)
    limit = n.bounds.Max(known->ints[0], 0);
  if (has_limit && n.dtype(0) != kIndex) return absl::InvalidArgumentError("its trip count is not int64");
  if (n.Has(1) && n.dtype(1) != DType::kBool) return absl::InvalidArgumentError("its condition is not bool");
  std::optional<Ints> first = n.KnownIn(1) != nullptr ? n.KnownIn(1)->constants() : std::nullopt;
  bool begins = !n.Has(1) || (first && first->size() == 1 && first->front() != 0);  // surely
  std::vector<Expr> carried;
  for (size_t i = 0; i < values; ++i) {
    if (!n.Has(i + 2)) return absl::InvalidArgumentError(absl::StrCat("input ", i + 2, " is missing"));
    carried.push_back(n.In(i + 2));
  }

  std::vector<TensorType> types = {{kIndex, {}}, {DType::kBool, {}}};
  Append(types, TypesOf(n.b, carried));
  std::vector<std::optional<Known>> known(2);
  known[1] = Known{DType::kBool, Ints{}, Dims{1}, {}};  // or the turn would not be
  INGOT_ASSIGN_OR_RETURN(BodyFunction turn, MakeBody(*body, label + "/body", frame, captures, types, known));
  if (!turn.usable) return absl::UnimplementedError("a node of its body is not supported");
  if (turn.HasSequences()) return absl::InvalidArgumentError("its body gives a sequence where it must give a tensor");
  if (turn.outputs[0].dtype != DType::kBool) return absl::InvalidArgumentError("its body's condition is not bool");
  std::optional<Ints> next = turn.known[0] ? turn.known[0]->constants() : std::nullopt;
  bool always = begins && next && next->size() == 1 && next->front() != 0;
  size_t rows = body_outputs - 1 - values;
  bool has_first_turn = begins && (!has_limit || (limit && n.bounds.Proves(1, *limit)));
  for (size_t i = 0; i < values; ++i) {
    absl::Status same = CheckSame(types[2 + i], turn.outputs[1 + i], absl::StrCat("its value ", i));
    if (same.ok()) continue;
    // A value that takes its shape in the first turn: that one stands before the loop.
    if (!has_first_turn || first_rows != nullptr) return same;
    return RunFirstTurn(n, *body, label, frame);
  }
  if (always && !has_limit) return absl::InvalidArgumentError("it has no end: neither a trip count nor a condition");
  if (rows > 0 && !always && (!has_limit || (limit && limit->constant().value_or(0) > kMostRows)))
    return absl::UnimplementedError(
        absl::StrCat("it keeps what every turn gives, which needs a trip count of up to ", kMostRows, "; give it one"));
  if (rows > 0 && !limit) {
    INGOT_ASSIGN_OR_RETURN(Dims most, n.SizesFrom(n.b.Max(scalar(0), n.b.Scalar(0, kIndex)), "trip count", "turns"));
    if (most.size() != 1) return absl::OkStatus();  // the builder has an error
    limit = most[0];
  }

  std::vector<Expr> operands = {n.b.Scalar(first_rows != nullptr ? 1 : 0, kIndex)};
  Expr condition = n.Has(1) ? scalar(1) : n.b.Scalar(1, DType::kBool);
  operands.push_back(condition);
  bool limit_is_data = has_limit && !limit;
  if (limit_is_data) operands.push_back(scalar(0));
  size_t first_value = operands.size();
  Append(operands, carried);
  std::vector<TensorType> row_types = Part(turn.outputs, 1 + values, rows), given = TypesOf(n.b, carried);
  Append(given, TypesOf(n.b, captures.operands));
  INGOT_RETURN_IF_ERROR(CheckSizesOfRows(row_types, symbols_, given, captures));
  for (size_t i = 0; first_rows != nullptr && i < rows; ++i)
    INGOT_RETURN_IF_ERROR(CheckSame(n.b.type(DataOf(n.b, *(*first_rows)[i])), row_types[i],
                                    absl::StrCat("what its turns give, ", i, ",")));
  for (TensorType &type : row_types) type = AllTurns(type, limit.value_or(Dim(0)));
  INGOT_RETURN_IF_ERROR(CheckRankOfAll(row_types));
  for (size_t i = 0; i < rows; ++i) {
    operands.push_back(Zeros(n.b, row_types[i]));
    if (first_rows != nullptr)
      operands.back() = PutTurn(n.b, operands.back(), DataOf(n.b, *(*first_rows)[i]), n.b.Scalar(0, kIndex));
  }
  size_t first_captured = operands.size();
  Append(operands, captures.operands);

  auto holds = [&](GraphBuilder &b, const std::vector<Expr> &v) -> std::vector<Expr> {
    Expr go = always ? Expr{} : v[1];
    if (has_limit) {
      Expr within = b.Less(v[0], limit_is_data ? v[2] : Number(b, *limit));
      go = always ? within : b.LogicalAnd(go, within);
    }
    return {go};
  };
  auto step = [&](GraphBuilder &b, const std::vector<Expr> &v) {
    std::vector<Expr> arguments = {v[0], v[1]};
    Append(arguments, Part(v, first_value, values));
    Append(arguments, Part(v, first_captured, captures.operands.size()));
    std::vector<Expr> made = b.Call(turn.name, arguments), results = v;
    if (made.size() != body_outputs) return results;  // after an error
    results[0] = b.Add(v[0], b.Scalar(1, kIndex));
    if (!always) results[1] = b.type(made[0]).rank() == 0 ? made[0] : b.Reshape(made[0], {});
    for (size_t i = 0; i < values; ++i) results[first_value + i] = made[1 + i];
    for (size_t i = 0; i < rows; ++i)
      results[first_value + values + i] = PutTurn(b, v[first_value + values + i], made[1 + values + i], v[0]);
    return results;
  };
  n.b.SetNext(label, "onnx:" + label);
  std::vector<Expr> results = n.b.While(operands, holds, step);
  if (!n.b.status().ok()) return absl::OkStatus();  // it stops the import
  Dims turns = {limit.value_or(Dim(0))};
  if (rows > 0 && !always) {  // as many as there were
    INGOT_ASSIGN_OR_RETURN(turns, n.SizesFrom(results[0], "turns", "turns"));
    if (turns.size() != 1) return absl::OkStatus();
  }
  for (size_t i = 0; i < n.output_count(); ++i) {
    Expr result = results[first_value + i];
    n.Set(i, i < values ? result : SliceAxis(n.b, result, 0, 0, turns[0]));
  }
  return absl::OkStatus();
}

namespace {

// What a Scan goes through and gives, per scanned input and per output of rows.
struct ScanForm {
  const onnx::GraphProto *body = nullptr;
  size_t scanned = 0, states = 0, rows = 0;
  Ints axes, backwards, out_axes, out_backwards;
};

absl::StatusOr<ScanForm> ScanFormOf(NodeContext &n) {
  if (n.opset < 9) return absl::UnimplementedError("Scan of opset 8 has a batch axis; opset 9 and later are supported");
  n.Ignore({"body"});
  ScanForm form;
  form.body = n.GraphAttribute("body");
  INGOT_ASSIGN_OR_RETURN(int64_t count, n.Int("num_scan_inputs"));
  if (form.body == nullptr || count < 1 || count > static_cast<int64_t>(n.input_count()))
    return absl::InvalidArgumentError("its body or its scanned inputs are missing");
  form.scanned = static_cast<size_t>(count);
  form.states = n.input_count() - form.scanned;
  size_t outputs = static_cast<size_t>(form.body->output_size());
  if (outputs < form.states || n.output_count() > outputs)
    return absl::InvalidArgumentError("its body gives too few values");
  form.rows = outputs - form.states;
  auto list = [&](const char *name, size_t size) -> absl::StatusOr<Ints> {
    INGOT_ASSIGN_OR_RETURN(Ints values, n.IntList(name, Ints(size, 0)));
    if (values.size() != size)
      return absl::InvalidArgumentError(absl::StrCat("attribute '", name, "' needs ", size, " elements"));
    return values;
  };
  INGOT_ASSIGN_OR_RETURN(form.axes, list("scan_input_axes", form.scanned));
  INGOT_ASSIGN_OR_RETURN(form.backwards, list("scan_input_directions", form.scanned));
  INGOT_ASSIGN_OR_RETURN(form.out_axes, list("scan_output_axes", form.rows));
  INGOT_ASSIGN_OR_RETURN(form.out_backwards, list("scan_output_directions", form.rows));
  return form;
}

// The first axis, that of turns, as axis `axis`.
absl::StatusOr<Expr> WithTurnsAt(GraphBuilder &b, Expr rows, int64_t axis) {
  int rank = b.type(rows).rank();
  INGOT_ASSIGN_OR_RETURN(axis, NormalAxis(axis, rank));
  if (axis == 0) return rows;
  Ints permutation;
  for (int64_t at = 1; at < rank; ++at) permutation.push_back(at);
  permutation.insert(permutation.begin() + axis, 0);
  return b.Transpose(rows, permutation);
}

}  // namespace

// Operands of the loop: turn, states, buffers of what every turn gives, what is gone through, captured.
absl::Status Importer::RunScan(NodeContext &n, const std::string &label, const Frame &frame) {
  INGOT_ASSIGN_OR_RETURN(ScanForm form, ScanFormOf(n));
  auto &[body, scanned, states, rows, axes, backwards, out_axes, out_backwards] = form;
  INGOT_ASSIGN_OR_RETURN(Captures captures, Capture({body}, frame));
  if (!captures.usable) return absl::UnimplementedError("what its body needs is not supported");

  std::vector<Expr> carried, sources;
  std::vector<TensorType> types;
  Dim turns;
  for (size_t i = 0; i < n.input_count(); ++i) {
    if (!n.Has(i)) return absl::InvalidArgumentError(absl::StrCat("input ", i, " is missing"));
    TensorType type = n.Type(i);
    if (i < states) {
      carried.push_back(n.In(i));
    } else {
      int64_t &axis = axes[i - states];
      INGOT_ASSIGN_OR_RETURN(axis, NormalAxis(axis, type.rank()));
      Dim size = type.dims[static_cast<size_t>(axis)];
      if (i == states) turns = size;
      if ((size - turns).constant().value_or(0) != 0)
        return absl::InvalidArgumentError(
            absl::StrCat("its scanned inputs have ", turns.ToString(), " and ", size.ToString(), " elements"));
      Dims dims = type.dims;  // with the first one's number of turns, which is then checked
      dims[static_cast<size_t>(axis)] = turns;
      sources.push_back(size == turns ? n.In(i) : n.b.Reshape(n.In(i), dims));
      type.dims.erase(type.dims.begin() + axis);
    }
    types.push_back(type);
  }
  INGOT_ASSIGN_OR_RETURN(BodyFunction turn, MakeBody(*body, label + "/body", frame, captures, types, {}));
  if (!turn.usable) return absl::UnimplementedError("a node of its body is not supported");
  if (turn.HasSequences()) return absl::InvalidArgumentError("its body gives a sequence where it must give a tensor");
  for (size_t i = 0; i < states; ++i)
    INGOT_RETURN_IF_ERROR(CheckSame(types[i], turn.outputs[i], absl::StrCat("its state ", i)));

  std::vector<Expr> operands = {n.b.Scalar(0, kIndex)};
  Append(operands, carried);
  std::vector<TensorType> row_types = Part(turn.outputs, states, rows);
  for (TensorType &type : row_types) type = AllTurns(type, turns);
  INGOT_RETURN_IF_ERROR(CheckRankOfAll(row_types));
  for (const TensorType &type : row_types) operands.push_back(Zeros(n.b, type));
  size_t first_source = operands.size();
  Append(operands, sources);
  Append(operands, captures.operands);

  auto holds = [&](GraphBuilder &b, const std::vector<Expr> &v) -> std::vector<Expr> {
    return {b.Less(v[0], Number(b, turns))};
  };
  auto step = [&](GraphBuilder &b, const std::vector<Expr> &v) {
    Expr reverse = b.Sub(Number(b, turns), b.Add(v[0], b.Scalar(1, kIndex)));
    std::vector<Expr> arguments = Part(v, 1, states);
    for (size_t i = 0; i < scanned; ++i)
      arguments.push_back(b.Gather(v[first_source + i], backwards[i] != 0 ? reverse : v[0], axes[i]));
    Append(arguments, Part(v, first_source + scanned, captures.operands.size()));
    std::vector<Expr> made = b.Call(turn.name, arguments), results = v;
    if (made.size() != states + rows) return results;  // after an error
    results[0] = b.Add(v[0], b.Scalar(1, kIndex));
    for (size_t i = 0; i < states; ++i) results[1 + i] = made[i];
    for (size_t i = 0; i < rows; ++i)
      results[1 + states + i] = PutTurn(b, v[1 + states + i], made[states + i], out_backwards[i] != 0 ? reverse : v[0]);
    return results;
  };
  n.b.SetNext(label, "onnx:" + label);
  std::vector<Expr> results = n.b.While(operands, holds, step);
  if (!n.b.status().ok()) return absl::OkStatus();
  for (size_t i = 0; i < n.output_count(); ++i) {
    Expr result = results[1 + i];
    if (i >= states) {
      INGOT_ASSIGN_OR_RETURN(result, WithTurnsAt(n.b, result, out_axes[i - states]));
    }
    n.Set(i, result);
  }
  return absl::OkStatus();
}

}  // namespace ingot::onnx_import
