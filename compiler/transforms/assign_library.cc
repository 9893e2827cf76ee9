// Marks the matrix products that a library kernel computes: those whose right operand is a constant matrix, in f32,
// with strides that libraries take. All else stays with generated code, attention among it. Batch axes that share the
// matrix are rows to the library. Test: tests/compiler/lit/assign-library.mlir.
#include "compiler/transforms/passes.h"
#include "compiler/views/strided_view.h"

namespace ingot::compiler {
#define GEN_PASS_DEF_ASSIGNLIBRARY
#include "compiler/transforms/Passes.h.inc"

using namespace mlir;
namespace {

// Rows `outer` elements apart, each of `length` elements in a row.
bool IsMatrix(const Dim &outer, const Dim &inner, const Dim &length) {
  std::optional<int64_t> apart = outer.constant(), elements = length.constant();
  return inner.Is(1) && apart && elements && *elements > 0 && *apart >= *elements;
}

bool SuitsLibrary(ir::ContractOp op) {
  if (op.getPanels() || op.getRows() != 1 || op.getDepth() != 1 || TypeOf(op.getX()).dtype != DType::kF32) return false;
  size_t batch = op.getBatch(), row_axes = batch + 1;
  Access right = AccessOf(op.getY());
  if (!right.buffer.getDefiningOp<ir::ConstantOp>()) return false;
  StridedView x = AccessOf(op.getX()).view, y = std::move(right.view);
  for (size_t i = 0; i < batch; ++i)
    if (!y.strides[i].Is(0) && !y.dims[i].Is(1)) return false;
  if (!IsEvenlySpaced(x, 0, row_axes)) return false;
  const Dim &depth = y.dims[batch], &columns = y.dims[batch + 1], &down = y.strides[batch],
            &along = y.strides[batch + 1];
  return IsMatrix(x.strides[MergedAxis(x.dims, 0, row_axes)], x.strides[row_axes], depth) &&
         (IsMatrix(down, along, columns) || IsMatrix(along, down, depth));
}

struct AssignLibrary : impl::AssignLibraryBase<AssignLibrary> {
  void runOnOperation() override {
    // The library prepares itself for sizes that are known before a run.
    std::set<std::string> late;
    getOperation()->getParentOfType<ModuleOp>().walk([&](ir::BindSizesOp op) {
      for (const Dim &size : op.getSizes()) late.insert(*size.symbol());
    });
    auto is_early = [&](ir::ContractOp op) {
      std::vector<std::string> symbols;
      for (Type type : {op.getX().getType(), op.getY().getType()})
        for (const Dim &dim : ToTensorType(type).dims) dim.CollectSymbols(symbols);
      return llvm::none_of(symbols, [&](const std::string &symbol) { return late.count(symbol) > 0; });
    };
    getOperation().walk([&](ir::ContractOp op) {
      if (SuitsLibrary(op) && is_early(op)) op.setLibrary(true);
    });
  }
};

}  // namespace
}  // namespace ingot::compiler
