#include "compiler/pipeline/split_kernels.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot::compiler {

std::vector<size_t> UnitOf(const std::vector<int64_t> &ops) {
  std::vector<size_t> units;
  size_t unit = 0;
  int64_t sum = 0;
  for (int64_t count : ops) {
    units.push_back(unit);
    sum += count;
    if (sum < kOpsPerUnit) continue;
    ++unit;
    sum = 0;
  }
  return units;
}

OwningOpRef<ModuleOp> SplitKernels(ModuleOp kernels) {
  SmallVector<func::FuncOp> functions, declarations;
  std::vector<int64_t> ops;
  for (func::FuncOp function : kernels.getOps<func::FuncOp>()) {
    if (function.isExternal()) {
      declarations.push_back(function);
      continue;
    }
    functions.push_back(function);
    int64_t count = 0;
    function.walk([&](Operation *) { ++count; });
    ops.push_back(count);
  }
  OwningOpRef<ModuleOp> result = ModuleOp::create(kernels.getLoc());
  std::vector<size_t> units = UnitOf(ops);
  ModuleOp unit;
  for (size_t i = 0; i < functions.size(); ++i) {
    if (i == 0 || units[i] != units[i - 1]) {
      OpBuilder b = OpBuilder::atBlockEnd(result->getBody());
      unit = ModuleOp::create(b, kernels.getLoc());
      for (func::FuncOp declaration : declarations) unit.push_back(declaration.clone());
    }
    functions[i]->remove();
    unit.push_back(functions[i]);
  }
  return result;
}

}  // namespace ingot::compiler
