// Runs single passes of the compiler on MLIR text, as mlir-opt does: ingot-opt --ingot-decompose FILE. For people who
// work on the compiler, and for the tests in tests/compiler/lit/.
#include "compiler/transforms/passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  ingot::compiler::registerIngotPasses();
  mlir::registerTransformsPasses();
  mlir::DialectRegistry registry;
  // All that a dump of any phase holds.
  registry.insert<ingot::ir::IngotDialect, mlir::func::FuncDialect, mlir::arith::ArithDialect, mlir::math::MathDialect,
                  mlir::scf::SCFDialect, mlir::cf::ControlFlowDialect, mlir::vector::VectorDialect,
                  mlir::LLVM::LLVMDialect>();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Ingot's passes\n", registry));
}
