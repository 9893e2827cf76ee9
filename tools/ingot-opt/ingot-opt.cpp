// Runs single passes of the compiler on MLIR text, as mlir-opt does: ingot-opt --ingot-decompose FILE. For people who work on the compiler,
// and for the tests in tests/compiler/lit/.
#include "compiler/transforms/Passes.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  ingot::compiler::registerIngotPasses();
  mlir::registerTransformsPasses();
  mlir::DialectRegistry registry;
  registry.insert<ingot::ir::IngotDialect, mlir::func::FuncDialect>();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Ingot's passes\n", registry));
}
