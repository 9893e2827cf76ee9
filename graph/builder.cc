#include "ingot/builder.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "graph/bound_sizes.h"
#include "graph/shape/infer.h"

namespace ingot {

namespace {

// Not the builder's address, which the next builder may have.
uint64_t NextIdentity() {
  static std::atomic<uint64_t> last;
  return ++last;
}

}  // namespace

GraphBuilder::GraphBuilder(std::string name) : identity_(NextIdentity()) { graph_.name = std::move(name); }

GraphBuilder::GraphBuilder(std::string name, GraphBuilder *around) : GraphBuilder(std::move(name)) {
  around_ = around;
  next_location_ = around->next_location_;
}

void GraphBuilder::Fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

std::string GraphBuilder::Where(const Location &at) const {
  if (!next_location_.empty()) return next_location_;
  std::string_view file = at.file_name();
  if (size_t slash = file.rfind('/'); slash != file.npos) file.remove_prefix(slash + 1);
  return absl::StrCat(std::string(file), ":", at.line());
}

std::string GraphBuilder::UniqueName(const std::string &wanted) {
  if (names_.insert(wanted).second) return wanted;
  int &counter = counters_[wanted];
  for (;;) {
    std::string name = absl::StrCat(wanted, "_", ++counter);
    if (names_.insert(name).second) return name;
  }
}

ValueId GraphBuilder::NewValue(std::string name, TensorType type) {
  graph_.values.push_back({UniqueName(name), std::move(type), -1, -1});
  return static_cast<ValueId>(graph_.values.size() - 1);
}

ValueId GraphBuilder::NewEntry(const char *kind, const std::string &name, DType dtype, Dims dims, const Location &at) {
  if (names_.count(name) || name.empty()) {
    Fail(absl::InvalidArgumentError(
        absl::StrCat(Where(at), ": the ", kind, " name '", name, "' is empty or already used")));
  }
  std::vector<std::string> symbols;
  for (const Dim &dim : dims) {
    if (dim.undefined()) {
      Fail(absl::InvalidArgumentError(absl::StrCat(Where(at), ": the ", kind, " '", name, "' has the dim ",
                                                   dim.ToString(),
                                                   "; give a number, a symbol or an expression like \"2 * n + 1\"")));
    }
    dim.CollectSymbols(symbols);
  }
  // A function's dims speak of the symbols there are.
  if (around_ == nullptr) {
    for (const std::string &symbol : symbols) graph_.symbols.try_emplace(symbol);
  }
  return NewValue(name, {dtype, std::move(dims)});
}

Expr GraphBuilder::Input(const std::string &name, DType dtype, Dims dims, Location at) {
  ValueId id = NewEntry("input", name, dtype, std::move(dims), at);
  graph_.inputs.push_back(id);
  return {id, identity_};
}

Expr GraphBuilder::State(const std::string &name, DType dtype, Dims dims, Expr initial, Location at) {
  ValueId id = NewEntry("state", name, dtype, std::move(dims), at);
  auto error = [&](const char *what) {
    Fail(absl::InvalidArgumentError(absl::StrCat(Where(at), ": the state '", name, "' ", what)));
  };
  if (around_ != nullptr) error("stands in a function; make it in the graph and give it to the function");
  if (initial.id != kNoValue && constant(initial) == nullptr) {
    error("begins with a value that is no constant of this builder");
    initial = {};
  }
  graph_.states.push_back({id, id, initial.id});
  return {id, identity_};
}

void GraphBuilder::SetState(Expr state, Expr next, Location at) {
  auto error = [&](auto... what) { Fail(absl::InvalidArgumentError(absl::StrCat(Where(at), ": ", what...))); };
  for (GraphState &known : graph_.states) {
    if (!Owns(state) || known.input != state.id) continue;
    const std::string &name = graph_.value(state.id).name;
    if (!Owns(next)) return error("what replaces the state '", name, "' is no value of this builder");
    if (type(next) != type(state))
      return error("the state '", name, "' is ", type(state).ToString(), ", and what replaces it is ",
                   type(next).ToString());
    if (known.output != known.input) return error("the state '", name, "' is set twice");
    known.output = next.id;
    return;
  }
  error("SetState needs a value that State returned");
}

Expr GraphBuilder::Constant(Tensor tensor, const std::string &name) {
  ValueId id = NewValue(name.empty() ? "constant" : name, tensor.type());
  graph_.values.back().constant = static_cast<int32_t>(graph_.constants.size());
  graph_.constants.push_back(std::move(tensor));
  return {id, identity_};
}

Expr GraphBuilder::Scalar(double value, DType dtype) {
  Tensor tensor = Tensor::Zeros(dtype, {});
  tensor.SetDouble(0, value);
  return Constant(std::move(tensor));
}

void GraphBuilder::Output(const std::string &name, Expr value, Location at) {
  if (!Owns(value)) {
    const char *problem =
        value.id == kNoValue ? "' has no value" : "' is a value of another builder; build one graph with one builder";
    Fail(absl::InvalidArgumentError(absl::StrCat(Where(at), ": the output '", name, problem)));
    return;
  }
  for (const GraphOutput &output : graph_.outputs) {
    if (output.name == name)
      Fail(absl::InvalidArgumentError(absl::StrCat(Where(at), ": two outputs are called '", name, "'")));
  }
  graph_.outputs.push_back({name, value.id});
}

Dims GraphBuilder::SizesFrom(Expr data, const std::string &name, Location at) {
  std::optional<int64_t> count = NumElements(type(data).dims).constant();
  if (!count || *count > kMaxDimList) {
    Fail(absl::InvalidArgumentError(absl::StrCat(Where(at), ": sizes come from ", type(data).ToString(), "; at most ",
                                                 kMaxDimList, " can, and how many must be known")));
    return {};
  }
  Dims sizes;
  GraphBuilder &root = outermost();
  while (static_cast<int64_t>(sizes.size()) < *count) {
    std::string symbol = absl::StrCat(name, "_", ++root.counters_["size " + name]);
    if (!root.graph_.symbols.count(symbol)) sizes.push_back(Dim::Symbol(symbol));
  }
  if (!sizes.empty()) BindSizes(data, sizes, at);
  return status_.ok() ? sizes : Dims();
}

void GraphBuilder::Bound(const std::string &symbol, SymbolRange range) { outermost().graph_.symbols[symbol] = range; }

void GraphBuilder::SetNext(std::string name, std::string location) {
  next_name_ = std::move(name);
  next_location_ = std::move(location);
}

const TensorType &GraphBuilder::type(Expr value) const {
  static const TensorType none;
  return Owns(value) ? graph_.type(value.id) : none;
}

std::vector<Expr> GraphBuilder::EmitAll(OpKind op, const std::vector<Expr> &operands, Attributes attributes,
                                        Location at) {
  const OpSchema &schema = Schema(op);
  bool control = schema.fusion == FusionKind::kControl;
  std::vector<Expr> results(control ? 0 : schema.results.size());
  if (!status_.ok()) return results;
  Node node;
  node.op = op;
  node.name = UniqueName(next_name_.empty() ? std::string(Name(op)) : next_name_);
  node.location = Where(at);
  bool known = true;
  for (Expr operand : operands) {
    node.inputs.push_back(operand.id);
    known = known && (operand.id == kNoValue || Owns(operand));
  }
  node.attributes = std::move(attributes);
  absl::StatusOr<ResultTypes> types =
      absl::InvalidArgumentError("an operand belongs to another builder; build one graph with one builder");
  if (known) types = CompleteNode(graph_, outermost().graph_.functions, node);
  if (!types.ok()) {
    Fail(absl::Status(types.status().code(), absl::StrCat("node '", node.name, "' (", std::string(Name(op)), ", ",
                                                          node.location, "): ", types.status().message())));
    return results;
  }
  for (const std::string &symbol : SizesBoundBy(node)) {
    if (!outermost().graph_.symbols.try_emplace(symbol).second)
      Fail(absl::InvalidArgumentError(
          absl::StrCat("node '", node.name, "': the symbol '", symbol, "' has a meaning already; bind another one")));
    outermost().bound_sizes_.insert(symbol);
  }
  results.resize(types->size());
  for (size_t i = 0; i < results.size(); ++i) {
    std::string_view result = schema.results[control ? 0 : i];
    ValueId id = NewValue(absl::StrCat(node.name, ".", std::string(result)), std::move((*types)[i]));
    graph_.values.back().producer = static_cast<int32_t>(graph_.nodes.size());
    node.outputs.push_back(id);
    results[i] = {id, identity_};
  }
  graph_.nodes.push_back(std::move(node));
  return results;
}

std::vector<TensorType> GraphBuilder::TypesOf(const std::vector<Expr> &operands, const Location &at) {
  std::vector<TensorType> types;
  for (Expr operand : operands) {
    if (!Owns(operand)) {
      Fail(absl::InvalidArgumentError(absl::StrCat(Where(at), ": an operand is no value of this builder")));
    }
    types.push_back(type(operand));
  }
  return types;
}

std::string GraphBuilder::Function(const std::string &name, const std::vector<TensorType> &inputs, const Body &body,
                                   Location at) {
  GraphBuilder b(name, this);
  b.Fail(status_);  // after an error the body says no more than how many values it gives
  std::vector<Expr> arguments;
  for (size_t i = 0; i < inputs.size(); ++i)
    arguments.push_back(b.Input(absl::StrCat("input", i), inputs[i].dtype, inputs[i].dims, at));
  std::vector<Expr> results = body(b, arguments);
  for (size_t i = 0; i < results.size(); ++i) b.Output(absl::StrCat("output", i), results[i], at);
  if (b.status_.ok() && results.empty())
    b.Fail(absl::InvalidArgumentError(absl::StrCat(b.Where(at), ": the function '", name, "' returns nothing")));
  GraphBuilder &root = outermost();
  Graph function = std::move(b.graph_);
  while (!root.functions_.emplace(function.name, results.size()).second)
    function.name = absl::StrCat(name, "_", ++root.counters_["function " + name]);
  std::string unique = function.name;
  if (b.status_.ok()) {
    RemoveDeadNodes(function);
    root.graph_.functions.push_back(std::move(function));
  } else {
    Fail(b.status_);
  }
  return unique;
}

std::vector<Expr> GraphBuilder::Call(const std::string &function, const std::vector<Expr> &operands, Location at) {
  std::vector<Expr> results = EmitAll(OpKind::kCall, operands, {{"function", function}}, at);
  auto found = outermost().functions_.find(function);
  results.resize(found != outermost().functions_.end() ? found->second : 1);  // also after an error
  return results;
}

std::vector<Expr> GraphBuilder::If(Expr condition, const std::vector<Expr> &operands, const Body &then_body,
                                   const Body &else_body, Location at) {
  std::vector<TensorType> types = TypesOf(operands, at);
  std::string then_function = Function("then", types, then_body, at),
              else_function = Function("else", types, else_body, at);
  std::vector<Expr> all = operands;
  all.insert(all.begin(), condition);
  std::vector<Expr> results =
      EmitAll(OpKind::kIf, all, {{"then_function", then_function}, {"else_function", else_function}}, at);
  results.resize(outermost().functions_[then_function]);  // also after an error
  return results;
}

std::vector<Expr> GraphBuilder::IfSize(const Dim &condition, const std::vector<Expr> &operands, const Body &then_body,
                                       const Body &else_body, Location at) {
  std::vector<TensorType> types = TypesOf(operands, at);
  std::string then_function = Function("then", types, then_body, at),
              else_function = Function("else", types, else_body, at);
  std::vector<Expr> results =
      EmitAll(OpKind::kIfSize, operands,
              {{"condition", Dims{condition}}, {"then_function", then_function}, {"else_function", else_function}}, at);
  results.resize(outermost().functions_[then_function]);  // also after an error
  return results;
}

std::vector<Expr> GraphBuilder::While(const std::vector<Expr> &operands, const Body &condition, const Body &body,
                                      Location at) {
  std::vector<TensorType> types = TypesOf(operands, at);
  std::string holds = Function("condition", types, condition, at), turn = Function("body", types, body, at);
  std::vector<Expr> results = EmitAll(OpKind::kWhile, operands, {{"condition", holds}, {"body", turn}}, at);
  results.resize(operands.size());  // also after an error
  return results;
}

absl::StatusOr<Graph> GraphBuilder::Finish() {
  if (!status_.ok()) return status_;
  if (graph_.outputs.empty())
    return absl::InvalidArgumentError(
        absl::StrCat("graph '", graph_.name, "' has no output; call Output(name, value)"));
  RemoveDeadNodes(graph_);
  const std::set<std::string> bound = SymbolsBoundByNodes(graph_);
  for (const std::string &symbol : bound_sizes_) {
    if (!bound.count(symbol)) graph_.symbols.erase(symbol);
  }
  if (absl::Status valid = Validate(graph_); !valid.ok()) return valid;
  return std::move(graph_);
}

#include "graph/ops/builder_methods_impl.inc"

}  // namespace ingot
