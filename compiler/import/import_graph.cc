#include "compiler/import/import_graph.h"

#include "compiler/dialect/ingot.h"
#include "compiler/dialect/states.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

// A constant of one element.
mlir::Value ImportScalar(const Tensor &tensor, const TensorType &type, Location loc, OpBuilder &b) {
  DType dtype = tensor.dtype();
  if (IsComplex(dtype)) {
    auto part = [&](double value) { return MakeScalar(b, loc, {DType::kF32, type.dims}, value); };
    std::complex<double> number = tensor.GetComplex(0);
    mlir::Value real = part(number.real());
    return MakeOp(b, loc, OpKind::kComplex, {real, part(number.imag())}, {});
  }
  if (IsFloat(dtype)) return MakeScalar(b, loc, type, tensor.GetDouble(0));
  IntegerType element = b.getIntegerType(dtype == DType::kBool ? 1 : BitWidth(dtype));
  return ir::ScalarOp::create(b, loc, ToMlirType(b.getContext(), type), IntegerAttr::get(element, tensor.GetInt(0)));
}

// One function of the module: the graph as @main, or one of its functions. States are arguments behind the inputs, and
// what takes their place results behind the outputs. Constants count from `first_constant`.
void ImportBody(const Graph &graph, StringRef symbol, int64_t first_constant, OpBuilder &b) {
  MLIRContext *context = b.getContext();
  Location unknown = b.getUnknownLoc();
  SmallVector<Type> inputs, outputs;
  std::vector<ValueId> arguments = graph.inputs;
  for (const GraphState &state : graph.states) arguments.push_back(state.input);
  for (ValueId id : arguments) inputs.push_back(ToMlirType(context, graph.type(id)));
  for (const GraphOutput &output : graph.outputs) outputs.push_back(ToMlirType(context, graph.type(output.value)));
  for (const GraphState &state : graph.states) outputs.push_back(ToMlirType(context, graph.type(state.output)));
  auto function = func::FuncOp::create(b, unknown, symbol, b.getFunctionType(inputs, outputs));
  if (!graph.states.empty()) function->setAttr(kStates, b.getI64IntegerAttr(static_cast<int64_t>(graph.states.size())));
  Block *body = function.addEntryBlock();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(body);

  SmallVector<mlir::Value> values(graph.values.size());
  for (auto [id, argument] : llvm::zip(arguments, body->getArguments())) values[id] = argument;
  ImportNodes(graph, values, first_constant, std::nullopt, b);
  SmallVector<mlir::Value> results;
  for (const GraphOutput &output : graph.outputs) results.push_back(values[output.value]);
  for (const GraphState &state : graph.states) results.push_back(values[state.output]);
  func::ReturnOp::create(b, unknown, results);
}

}  // namespace

void ImportNodes(const Graph &graph, MutableArrayRef<mlir::Value> values, int64_t first_constant,
                 std::optional<Location> at, OpBuilder &b) {
  MLIRContext *context = b.getContext();
  auto location = [&](const std::string &name) -> Location { return at ? *at : NameLoc::get(b.getStringAttr(name)); };
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const ingot::Value &value = graph.values[i];
    if (value.constant < 0) continue;
    const Tensor &tensor = graph.constants[value.constant];
    Location loc = location(value.name);
    if (tensor.size() == 1)
      values[i] = ImportScalar(tensor, value.type, loc, b);
    else
      values[i] = ir::ConstantOp::create(b, loc, ToMlirType(context, value.type),
                                         b.getI64IntegerAttr(first_constant + value.constant));
  }
  for (const Node &node : graph.nodes) {
    if (node.op == OpKind::kRequire) {  // the size table has what it checks
      values[node.outputs[0]] = values[node.inputs[0]];
      continue;
    }
    OperationState state(location(node.name), "ingot." + std::string(Name(node.op)));
    for (ValueId id : node.inputs) state.operands.push_back(values[id]);
    for (const auto &[name, attribute] : node.attributes) state.addAttribute(name, ToMlirAttribute(context, attribute));
    for (ValueId id : node.outputs) state.addTypes(ToMlirType(context, graph.type(id)));
    Operation *op = b.create(state);
    for (auto [id, result] : llvm::zip(node.outputs, op->getResults())) values[id] = result;
  }
}

OwningOpRef<ModuleOp> ImportGraph(const Graph &graph, MLIRContext &context) {
  context.getOrLoadDialect<ir::IngotDialect>();
  context.getOrLoadDialect<func::FuncDialect>();
  OpBuilder b(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getUnknownLoc());
  b.setInsertionPointToEnd(module->getBody());
  ImportBody(graph, "main", 0, b);
  int64_t constants = static_cast<int64_t>(graph.constants.size());
  for (const Graph &function : graph.functions) {
    ImportBody(function, FunctionSymbol(function.name), constants, b);
    constants += static_cast<int64_t>(function.constants.size());
  }
  return module;
}

std::vector<Tensor> AllConstants(const Graph &graph) {
  std::vector<Tensor> constants = graph.constants;
  for (const Graph &function : graph.functions)
    constants.insert(constants.end(), function.constants.begin(), function.constants.end());
  for (Tensor &constant : constants) constant = constant.Parts();
  return constants;
}

}  // namespace ingot::compiler
