// A contraction whose right operand is a constant without batch axes reads it as panels of columns, as many as
// its device wants, which the compiler writes into the weights. Its batch axes then are rows like any others. Test:
// tests/compiler/lit/pack-constants.mlir.
#include "compiler/codegen/device.h"
#include "compiler/transforms/passes.h"
#include "compiler/views/strided_view.h"
#include "mlir/IR/Builders.h"

namespace ingot::compiler {
#define GEN_PASS_DEF_PACKCONSTANTS
#include "compiler/transforms/Passes.h.inc"

using namespace mlir;
namespace {

struct PackConstants : impl::PackConstantsBase<PackConstants> {
  void runOnOperation() override {
    getOperation().walk([](ir::ContractOp op) {
      auto [source, view] = AccessOf(op.getY());
      if (op.getPanels() || op.getLibrary() || !source.getDefiningOp<ir::ConstantOp>()) return;
      size_t batch = op.getBatch();
      for (size_t i = 0; i < batch; ++i)
        if (!view.strides[i].Is(0) && !view.dims[i].Is(1)) return;
      StridedView matrix{view.offset, Dims(view.dims.begin() + batch, view.dims.end()),
                         Dims(view.strides.begin() + batch, view.strides.end())};
      for (const Dim &dim : matrix.dims)
        if (!dim.is_constant()) return;
      OpBuilder b(op);
      Dim depth = NumElements(Dims(matrix.dims.begin(), matrix.dims.end() - 1));
      int64_t width = DeviceOf(op).panel_width(op);
      TensorType packed{TypeOf(source).dtype, {Dim::CeilDiv(matrix.dims.back(), width), depth, width}};
      mlir::Value matrix_view = MakeView(b, op.getLoc(), source, matrix);
      op.getYMutable().assign(ir::PackOp::create(b, source.getLoc(), ToMlirType(b.getContext(), packed), matrix_view));
      op.setPanels(width);
      op.setRows(op.getRows() + batch);
      op.setBatch(0);
    });
  }
};

}  // namespace
}  // namespace ingot::compiler
