#include "compiler/import/import_graph.h"

#include "compiler/dialect/ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot::compiler {

OwningOpRef<ModuleOp> importGraph(const Graph &graph, MLIRContext &context) {
  context.getOrLoadDialect<ir::IngotDialect>();
  context.getOrLoadDialect<func::FuncDialect>();
  OpBuilder b(&context);
  Location unknown = b.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(unknown);
  b.setInsertionPointToEnd(module->getBody());

  SmallVector<Type> inputs, outputs;
  for (ValueId id : graph.inputs) inputs.push_back(toMlirType(&context, graph.type(id)));
  for (const GraphOutput &output : graph.outputs) outputs.push_back(toMlirType(&context, graph.type(output.value)));
  auto main = func::FuncOp::create(b, unknown, "main", b.getFunctionType(inputs, outputs));
  Block *body = main.addEntryBlock();
  b.setInsertionPointToEnd(body);

  SmallVector<mlir::Value> values(graph.values.size());
  for (auto [id, argument] : llvm::zip(graph.inputs, body->getArguments())) values[id] = argument;
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const ingot::Value &value = graph.values[i];
    if (value.constant < 0) continue;
    const Tensor &tensor = graph.constants[value.constant];
    Location loc = NameLoc::get(b.getStringAttr(value.name));
    if (tensor.size() == 1)
      values[i] = IsFloat(tensor.dtype())
                      ? makeScalar(b, loc, value.type, tensor.GetDouble(0))
                      : ir::ScalarOp::create(
                            b, loc, toMlirType(&context, value.type),
                            IntegerAttr::get(
                                b.getIntegerType(tensor.dtype() == DType::kBool ? 1 : ByteSize(tensor.dtype()) * 8),
                                tensor.GetInt(0)))
                            .getResult();
    else
      values[i] = ir::ConstantOp::create(b, loc, toMlirType(&context, value.type), b.getI64IntegerAttr(value.constant));
  }
  for (const Node &node : graph.nodes) {
    OperationState state(NameLoc::get(b.getStringAttr(node.name)), "ingot." + std::string(Name(node.op)));
    for (ValueId id : node.inputs) state.operands.push_back(values[id]);
    for (const auto &[name, attribute] : node.attributes)
      state.addAttribute(name, toMlirAttribute(&context, attribute));
    for (ValueId id : node.outputs) state.addTypes(toMlirType(&context, graph.type(id)));
    Operation *op = b.create(state);
    for (auto [id, result] : llvm::zip(node.outputs, op->getResults())) values[id] = result;
  }
  SmallVector<mlir::Value> results;
  for (const GraphOutput &output : graph.outputs) results.push_back(values[output.value]);
  func::ReturnOp::create(b, unknown, results);
  return module;
}

}  // namespace ingot::compiler
