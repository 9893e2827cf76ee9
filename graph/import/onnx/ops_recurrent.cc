// RNN, GRU and LSTM: what a step reads of its input alone is one product for all steps; the rest is a loop.
#include <functional>

#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

using Activation = Expr (*)(GraphBuilder &, Expr);

Expr Relu(GraphBuilder &b, Expr x) { return b.Relu(x); }
Expr Tanh(GraphBuilder &b, Expr x) { return b.Tanh(x); }
Expr Sigmoid(GraphBuilder &b, Expr x) { return b.Sigmoid(x); }
Expr Softsign(GraphBuilder &b, Expr x) { return b.Div(x, b.Add(b.Abs(x), b.Scalar(1, b.type(x).dtype))); }

// What all three have in common.
struct Network {
  int64_t gates;
  std::vector<std::string> defaults;  // activations of one direction
  Dim steps, batch, inputs, hidden;
  DType dtype;
  std::vector<Activation> activations;  // of all directions
  std::optional<double> clip;
  bool linear_before_reset = false, couple = false;
  bool batch_first = false;
};

// What one direction does to its state: a matrix, ready to multiply from the right, a bias and the peepholes, which may
// be absent.
struct Weights {
  Expr hidden, hidden_bias, peepholes;
  const Activation *activations;
};

struct State {
  Expr h, c;
};

class Cell {
 public:
  Cell(GraphBuilder &b, const Network &net, const Weights &w) : b_(b), net_(net), w_(w) {}

  // `x`: the input's part of all gates, [batch, gates * hidden].
  State Rnn(Expr x, const State &s) const { return {Activate(0, b_.Add(x, Product(s.h, 0, 1))), {}}; }

  State Gru(Expr x, const State &s) const {
    Expr both = Clipped(b_.Add(Gates(x, 0, 2), Product(s.h, 0, 2)));
    Expr update = Activate(0, Gates(both, 0, 1)), reset = Activate(0, Gates(both, 1, 1)), fresh = Gates(x, 2, 1);
    fresh =
        b_.Add(fresh, net_.linear_before_reset ? b_.Mul(reset, Product(s.h, 2, 1)) : Product(b_.Mul(reset, s.h), 2, 1));
    fresh = Activate(1, fresh);
    Expr keep = b_.Mul(update, s.h), one = b_.Scalar(1, net_.dtype);
    return {b_.Add(b_.Mul(b_.Sub(one, update), fresh), keep), {}};
  }

  State Lstm(Expr x, const State &s) const {
    Expr all = b_.Add(x, Product(s.h, 0, 4)), one = b_.Scalar(1, net_.dtype);
    Expr in = Activate(0, Peeped(Gates(all, 0, 1), 0, s.c));
    Expr forget = net_.couple ? b_.Sub(one, in) : Activate(0, Peeped(Gates(all, 2, 1), 2, s.c));
    Expr c = b_.Add(b_.Mul(forget, s.c), b_.Mul(in, Activate(1, Gates(all, 3, 1))));
    Expr out = Activate(0, Peeped(Gates(all, 1, 1), 1, c));
    return {b_.Mul(out, w_.activations[2](b_, c)), c};
  }

 private:
  Expr Gates(Expr all, int64_t first, int64_t count) const {
    return SliceAxis(b_, all, 1, net_.hidden * Dim(first), net_.hidden * Dim(first + count));
  }
  // The hidden state's part of some gates.
  Expr Product(Expr h, int64_t first, int64_t count) const {
    Expr product = b_.MatMul(h, Gates(w_.hidden, first, count));
    return w_.hidden_bias.id == kNoValue ? product : b_.Add(product, Gates(w_.hidden_bias, first, count));
  }
  Expr Peeped(Expr gate, int64_t place, Expr c) const {
    return w_.peepholes.id == kNoValue ? gate : b_.Add(gate, b_.Mul(Gates(w_.peepholes, place, 1), c));
  }
  Expr Clipped(Expr x) const {
    if (!net_.clip) return x;
    return b_.Min(b_.Max(x, b_.Scalar(-*net_.clip, net_.dtype)), b_.Scalar(*net_.clip, net_.dtype));
  }
  Expr Activate(size_t which, Expr x) const { return w_.activations[which](b_, Clipped(x)); }

  GraphBuilder &b_;
  const Network &net_;
  const Weights &w_;
};

using Step = State (Cell::*)(Expr, const State &) const;

absl::Status ReadActivations(NodeContext &n, size_t directions, Network &net) {
  std::vector<std::string> all;
  for (size_t i = 0; i < directions; ++i) all.insert(all.end(), net.defaults.begin(), net.defaults.end());
  INGOT_ASSIGN_OR_RETURN(std::vector<std::string> names, n.TextList("activations", all));
  if (names.size() != all.size())
    return absl::InvalidArgumentError(absl::StrCat("has ", names.size(), " activations; it needs ", all.size()));
  static const std::map<std::string, Activation> known = {
      {"Relu", Relu}, {"Tanh", Tanh}, {"Sigmoid", Sigmoid}, {"Softsign", Softsign}};
  for (const std::string &name : names) {
    auto found = known.find(name);
    if (found == known.end())
      return absl::UnimplementedError(absl::StrCat("the activation '", name.substr(0, 40),
                                                   "' is not supported; Relu, Tanh, Sigmoid and Softsign are"));
    net.activations.push_back(found->second);
  }
  return absl::OkStatus();
}

absl::StatusOr<Network> ReadNetwork(NodeContext &n, int64_t gates, std::vector<std::string> defaults) {
  Network net{gates, std::move(defaults), {}, {}, {}, {}, n.dtype(0), {}, {}};
  n.Ignore({"hidden_size"});  // the weights say it
  const TensorType x = n.Type(0), w = n.Type(1), r = n.Type(2);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_ASSIGN_OR_RETURN(int64_t layout, n.Int("layout", 0));
  INGOT_ASSIGN_OR_RETURN(std::string direction, n.Text("direction", "forward"));
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return absl::InvalidArgumentError(absl::StrCat("attribute 'direction' is '", direction.substr(0, 40), "'"));
  int64_t directions = direction == "bidirectional" ? 2 : 1;
  if (x.rank() != 3 || w.rank() != 3 || r.rank() != 3 || !w.dims[0].Is(directions) || !r.dims[0].Is(directions) ||
      w.dims[1] != r.dims[2] * Dim(gates) || r.dims[1] != w.dims[1] ||
      (w.dims[2] - x.dims[2]).constant().value_or(0) != 0)
    return absl::InvalidArgumentError(absl::StrCat("x is ", x.ToString(), ", its weights are ", w.ToString(), " and ",
                                                   r.ToString(), "; with ", directions, " directions and ", gates,
                                                   " gates they do not fit"));
  net.batch_first = layout != 0;
  net.steps = x.dims[net.batch_first ? 1 : 0];
  net.batch = x.dims[net.batch_first ? 0 : 1];
  net.inputs = w.dims[2];  // x's, by the reshape before the product
  net.hidden = r.dims[2];
  if (n.HasAttribute("clip")) {
    INGOT_ASSIGN_OR_RETURN(net.clip, n.Float("clip"));
  }
  INGOT_RETURN_IF_ERROR(ReadActivations(n, static_cast<size_t>(directions), net));
  return net;
}

// Row `direction` of an operand [directions, ...], with these dims.
Expr OwnPart(GraphBuilder &b, Expr x, int64_t direction, const Dims &dims) {
  return b.Reshape(SliceAxis(b, x, 0, direction, direction + 1), dims);
}

// The inputs' part of all gates in all steps of a direction, [steps, batch, gates * hidden].
Expr InputPart(NodeContext &n, const Network &net, int64_t direction) {
  GraphBuilder &b = n.b;
  Dim rows = net.hidden * Dim(net.gates);
  Expr x = net.batch_first ? b.Transpose(n.In(0), {1, 0, 2}) : n.In(0);
  Expr weights = b.Transpose(OwnPart(b, n.In(1), direction, {rows, net.inputs}), {1, 0});
  Expr all = b.MatMul(b.Reshape(x, {net.steps * net.batch, net.inputs}), weights);
  if (n.Has(3)) {
    Expr biases = OwnPart(b, n.In(3), direction, {1, rows * Dim(2)});
    all = b.Add(all, SliceAxis(b, biases, 1, 0, rows));
  }
  return b.Reshape(all, {net.steps, net.batch, rows});
}

// What a cell multiplies its state by, in a function that gets the node's operands by `in`.
Weights WeightsOf(GraphBuilder &b, const Network &net, int64_t direction, const std::function<Expr(size_t)> &in) {
  Dim rows = net.hidden * Dim(net.gates);
  Weights w{};
  w.hidden = b.Transpose(OwnPart(b, in(2), direction, {rows, net.hidden}), {1, 0});
  if (Expr biases = in(3); biases.id != kNoValue)
    w.hidden_bias = SliceAxis(b, OwnPart(b, biases, direction, {1, rows * Dim(2)}), 1, rows, rows * Dim(2));
  if (Expr peepholes = in(7); peepholes.id != kNoValue)
    w.peepholes = OwnPart(b, peepholes, direction, {1, net.hidden * Dim(3)});
  w.activations = &net.activations[static_cast<size_t>(direction) * net.defaults.size()];
  return w;
}

// An initial state of a direction; zeros where none is given.
Expr InitialState(NodeContext &n, const Network &net, size_t i, int64_t direction) {
  GraphBuilder &b = n.b;
  Dims dims = {net.batch, net.hidden};
  if (!n.Has(i)) return b.BroadcastTo(b.Scalar(0, net.dtype), dims);
  if (!net.batch_first) return OwnPart(b, n.In(i), direction, dims);
  return b.Reshape(SliceAxis(b, n.In(i), 1, direction, direction + 1), dims);
}

// Results of one direction: every step's, [steps, batch, hidden], and the last state.
struct Sequence {
  Expr steps;
  State last;
};

// The loop's values: step, h, c, every step's results, the inputs' part, and what the cell needs that is no constant.
Sequence Loop(NodeContext &n, const Network &net, Step step, int64_t direction, bool backwards) {
  enum { kStep, kH, kC, kResults, kInput, kGiven };
  bool has_cell = net.gates == 4;
  Expr h = InitialState(n, net, 5, direction), c = has_cell ? InitialState(n, net, 6, direction) : h;
  Expr results = n.b.BroadcastTo(n.b.Scalar(0, net.dtype), {net.steps, net.batch, net.hidden});
  std::vector<Expr> values = {n.b.Scalar(0, DType::kI64), h, c, results, InputPart(n, net, direction)};
  std::map<size_t, size_t> given;  // the node's operands among the values
  for (size_t i : {2, 3, 4, 7}) {
    if (!n.Has(i) || n.ConstantIn(i) != nullptr) continue;
    given[i] = values.size();
    values.push_back(n.In(i));
  }
  auto holds = [&](GraphBuilder &b, const std::vector<Expr> &v) -> std::vector<Expr> {
    return {b.Less(v[kStep], Number(b, net.steps))};
  };
  auto turn = [&](GraphBuilder &b, std::vector<Expr> v) {
    auto in = [&](size_t i) {
      if (auto found = given.find(i); found != given.end()) return v[found->second];
      return n.ConstantIn(i) != nullptr ? b.Constant(*n.ConstantIn(i)) : Expr{};
    };
    Weights w = WeightsOf(b, net, direction, in);
    Cell cell(b, net, w);
    Expr one = b.Scalar(1, DType::kI64), at = v[kStep], next_step = b.Add(at, one);
    if (backwards) at = b.Sub(Number(b, net.steps), next_step);
    State s{v[kH], v[kC]}, next = (cell.*step)(b.Gather(v[kInput], at, 0), s);
    Expr out = next.h;
    if (Expr lengths = in(4); lengths.id != kNoValue) {
      // After a sequence's end its state stays, and its results are 0.
      Expr length = b.Reshape(CastIfNeeded(b, lengths, n.dtype(4), DType::kI64), {net.batch, 1});
      Expr valid = b.Greater(length, at);
      out = b.Select(valid, next.h, b.Scalar(0, net.dtype));
      next.h = b.Select(valid, next.h, s.h);
      if (has_cell) next.c = b.Select(valid, next.c, s.c);
    }
    v[kStep] = next_step;
    v[kH] = next.h;
    if (has_cell) v[kC] = next.c;
    v[kResults] = b.DynamicUpdate(v[kResults], b.Reshape(out, {1, net.batch, net.hidden}), at, 0);
    return v;
  };
  std::vector<Expr> last = n.b.While(values, holds, turn);
  return {last[kResults], {last[kH], has_cell ? last[kC] : Expr{}}};
}

Expr Joined(GraphBuilder &b, const std::vector<Expr> &parts, int64_t axis) {
  return parts.size() == 1 ? parts[0] : b.Concat(parts, axis);
}

absl::Status Run(NodeContext &n, const Network &net, Step step) {
  GraphBuilder &b = n.b;
  if (n.Has(4) && (n.rank(4) != 1 || !IsInteger(n.dtype(4))))
    return absl::InvalidArgumentError(
        absl::StrCat("its sequence lengths are ", n.Type(4).ToString(), "; they must be a vector of integers"));
  INGOT_ASSIGN_OR_RETURN(std::string direction, n.Text("direction", "forward"));
  int64_t directions = direction == "bidirectional" ? 2 : 1;
  std::vector<Expr> y, h, c;
  for (int64_t i = 0; i < directions; ++i) {
    Sequence own = Loop(n, net, step, i, direction == "reverse" || i == 1);
    Dims dims = {net.steps, 1, net.batch, net.hidden}, last = {1, net.batch, net.hidden};
    y.push_back(b.Reshape(own.steps, dims));
    h.push_back(b.Reshape(own.last.h, last));
    if (own.last.c.id != kNoValue) c.push_back(b.Reshape(own.last.c, last));
  }
  auto placed = [&](Expr value, const Ints &order) { return net.batch_first ? b.Transpose(value, order) : value; };
  if (n.Wants(0)) n.Set(0, placed(Joined(b, y, 1), {2, 0, 1, 3}));
  if (n.Wants(1)) n.Set(1, placed(Joined(b, h, 0), {1, 0, 2}));
  if (n.Wants(2) && !c.empty()) n.Set(2, placed(Joined(b, c, 0), {1, 0, 2}));
  return absl::OkStatus();
}

absl::Status Rnn(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Network net, ReadNetwork(n, 1, {"Tanh"}));
  return Run(n, net, &Cell::Rnn);
}

absl::Status Gru(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Network net, ReadNetwork(n, 3, {"Sigmoid", "Tanh"}));
  INGOT_ASSIGN_OR_RETURN(int64_t linear, n.Int("linear_before_reset", 0));
  net.linear_before_reset = linear != 0;
  return Run(n, net, &Cell::Gru);
}

absl::Status Lstm(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Network net, ReadNetwork(n, 4, {"Sigmoid", "Tanh", "Tanh"}));
  INGOT_ASSIGN_OR_RETURN(int64_t couple, n.Int("input_forget", 0));
  net.couple = couple != 0;
  return Run(n, net, &Cell::Lstm);
}

}  // namespace

void AddRecurrentOps(OpTable &table) {
  table["RNN"] = {Rnn, 3, 6};
  table["GRU"] = {Gru, 3, 6};
  table["LSTM"] = {Lstm, 3, 8};
}

}  // namespace ingot::onnx_import
