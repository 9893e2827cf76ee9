// Outlines each planned region as a function `@kernel_N` and replaces it by one ingot.dispatch. Kernels that are equal
// but for locations are one function, which is why a deep model has the kernels of a shallow one. Test:
// tests/compiler/lit/form-regions.mlir.
#include "compiler/codegen/device.h"
#include "compiler/dialect/states.h"
#include "compiler/fusion/merge_axes.h"
#include "compiler/fusion/region_planner.h"
#include "compiler/transforms/passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace ingot::compiler {
#define GEN_PASS_DEF_FORMREGIONS
#include "compiler/transforms/Passes.h.inc"

using namespace mlir;
namespace {

std::string TextWithoutLocations(func::FuncOp function) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (NamedAttribute attribute : function->getAttrs())
    if (attribute.getName() != SymbolTable::getSymbolAttrName())
      stream << attribute.getName() << "=" << attribute.getValue() << ";";
  function.getBody().front().print(stream);
  return text;
}

struct FormRegions : impl::FormRegionsBase<FormRegions> {
  void runOnOperation() override {
    llvm::StringMap<StringAttr> known;
    for (func::FuncOp function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (!IsKernel(function)) FormRegionsIn(function, known);
  }

  void FormRegionsIn(func::FuncOp function, llvm::StringMap<StringAttr> &known) {
    Operation *ret = function.getBody().front().getTerminator();
    OpBuilder b(ret);
    if (!IsFunctionOfGraph(function)) SeparateOutputs(ret, b);
    std::vector<Region> regions = PlanRegions(function);
    for (Region &region : regions) {
      if (region.kind == RegionKind::Control)
        region.ops.front()->moveBefore(ret);
      else
        Outline(region, b, known);
    }
    // Everything computed is now dead.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
      if (!isa<ir::DispatchOp, ir::BindSizesOp>(op) && op.use_empty() && &op != ret) op.erase();
  }

  // Every output is a buffer of its own, also where equal ones have become one value since views were resolved.
  static void SeparateOutputs(Operation *ret, OpBuilder &b) {
    llvm::SmallPtrSet<Value, 8> seen;
    for (OpOperand &output : ret->getOpOperands().drop_back(NumStates(ret->getParentOp())))
      if (!seen.insert(output.get()).second)
        output.set(ir::CopyOp::create(b, ret->getLoc(), output.get().getType(), output.get()));
  }

  void Outline(Region &region, OpBuilder &b, llvm::StringMap<StringAttr> &known) {
    llvm::SetVector<Operation *> inside(region.ops.begin(), region.ops.end());
    // Inputs: whole buffers that others make. Views, and what views read, are found through the operands.
    llvm::SetVector<Value> inputs, outputs;
    SmallVector<Location> locations;
    for (Operation *op : region.ops) {
      locations.push_back(op->getLoc());
      for (Value operand : op->getOperands()) {
        auto view = operand.getDefiningOp<ir::ViewOp>();
        Value buffer = view ? view.getSource() : operand;
        Operation *producer = buffer.getDefiningOp();
        if (!producer || (!inside.contains(producer) && !isa<ir::ScalarOp>(producer))) inputs.insert(buffer);
      }
      auto outside = [&](Operation *reader) { return !inside.contains(reader); };
      for (Value result : op->getResults()) {
        bool is_output = op->getNumResults() > 1;  // of several, a kernel writes all
        for (Operation *user : result.getUsers())
          is_output |= isa<ir::ViewOp>(user) ? llvm::any_of(user->getUsers(), outside) : outside(user);
        if (is_output) outputs.insert(result);
      }
    }
    OpBuilder top(getOperation().getContext());
    SmallVector<Type> input_types, output_types;
    for (Value input : inputs) input_types.push_back(input.getType());
    for (Value output : outputs) output_types.push_back(output.getType());
    Location loc = FusedLoc::get(top.getContext(), locations);
    auto function = func::FuncOp::create(loc, "kernel", top.getFunctionType(input_types, output_types));
    function.setPrivate();
    function->setAttr("ingot.kind", top.getStringAttr(Name(region.kind)));
    function->setAttr("ingot.space", ir::DimsAttr::get(top.getContext(), region.space));
    Block *body = function.addEntryBlock();
    top.setInsertionPointToEnd(body);
    IRMapping mapping;
    for (auto [input, argument] : llvm::zip(inputs, body->getArguments())) mapping.map(input, argument);
    for (Operation *op : region.ops) {
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp();
            !mapping.contains(operand) && isa<ir::ViewOp, ir::ScalarOp>(producer))
          top.clone(*producer, mapping);
      top.clone(*op, mapping);
    }
    SmallVector<Value> results;
    for (Value output : outputs) results.push_back(mapping.lookup(output));
    func::ReturnOp::create(top, loc, results);

    MergeAxes(function);
    const Device &device = DeviceOf(getOperation());
    function->setAttr("ingot.device", top.getStringAttr(device.name));
    device.schedule(function).Set(function);
    // Others that the program is compiled for besides.
    if (auto names = getOperation()->getAttrOfType<ArrayAttr>("ingot.devices"))
      for (auto name : names.getAsValueRange<StringAttr>()) FindDevice(name)->schedule(function).Set(function, name);
    StringAttr &symbol = known[TextWithoutLocations(function)];
    if (symbol) {
      function.erase();
    } else {
      symbol = top.getStringAttr("kernel_" + std::to_string(known.size() - 1));
      function.setSymNameAttr(symbol);
      getOperation().push_back(function);
    }
    auto dispatch = ir::DispatchOp::create(b, loc, output_types, FlatSymbolRefAttr::get(symbol), inputs.getArrayRef());
    for (size_t i = 0; i < outputs.size(); ++i) {
      Value output = outputs[i], result = dispatch.getResult(i);
      output.replaceUsesWithIf(result, [&](OpOperand &use) { return !inside.contains(use.getOwner()); });
    }
  }
};

}  // namespace
}  // namespace ingot::compiler
