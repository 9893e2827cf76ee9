#include "compiler/codegen/point/lower_kernels.h"

#include "compiler/codegen/point/scalar_math.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/IR/Threading.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace ingot::compiler {

// Products and sums may be contracted into fused multiply-adds; nothing else about floating point is relaxed (DESIGN:
// numerics).
static void AllowContraction(ModuleOp module) {
  auto contract = arith::FastMathFlagsAttr::get(module.getContext(), arith::FastMathFlags::contract);
  // Not on conversions: there the flag lets MLIR leave out the rounding of an f64 to an f32 and back.
  module.walk([&](arith::ArithFastMathInterface op) {
    if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(op)) op->setAttr(op.getFastMathAttrName(), contract);
  });
}

LogicalResult LowerKernels(ModuleOp units) {
  RewritePatternSet list(units.getContext());
  PopulateMathApproximations(list);
  arith::populateCeilFloorDivExpandOpsPatterns(list);
  FrozenRewritePatternSet patterns(std::move(list));
  auto prepared = failableParallelForEach(units.getContext(), llvm::to_vector(units.getOps<ModuleOp>()),
                                          [&](ModuleOp unit) -> LogicalResult {
                                            if (failed(applyPatternsGreedily(unit, patterns))) return failure();
                                            AllowContraction(unit);
                                            return success();
                                          });
  if (failed(prepared)) return failure();
  PassManager all(units.getContext());
  OpPassManager &pm = all.nest<ModuleOp>();
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  return all.run(units);
}

}  // namespace ingot::compiler
