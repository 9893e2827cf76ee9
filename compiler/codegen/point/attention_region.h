// What stands in an attention region: contraction, row ops on its result, contraction.
#ifndef INGOT_COMPILER_CODEGEN_POINT_ATTENTIONREGION_H
#define INGOT_COMPILER_CODEGEN_POINT_ATTENTIONREGION_H

#include "compiler/codegen/point/kernel_builder.h"

namespace ingot::compiler {

struct AttentionRegion {
  explicit AttentionRegion(mlir::func::FuncOp region) {
    mlir::Block &body = region.getBody().front();
    for (mlir::Operation &op : body)
      if (auto contract = mlir::dyn_cast<ir::ContractOp>(op)) (scores ? values : scores) = contract;
    for (mlir::Operation &op : body)
      if (&op != body.getTerminator() && !mlir::isa<ir::ViewOp, ir::ScalarOp, ir::ContractOp, ir::CopyOp>(op) &&
          op.isBeforeInBlock(values))
        row_ops.push_back(&op);
    space = TypeOf(values.getX()).dims;
    batch = values.getBatch();
    queries = space[batch];
    keys = space.back();
    depth = TypeOf(scores.getX()).dims.back();
    columns = TypeOf(values.getResult()).dims.back();
    dtype = TypeOf(scores.getX()).dtype;
  }

  ir::ContractOp scores, values;
  llvm::SmallVector<mlir::Operation *> row_ops;
  Dims space;        // [batch..., queries, keys]
  size_t batch = 0;  // axes
  Dim queries, keys, depth, columns;
  DType dtype;  // of queries, keys and values
};

}  // namespace ingot::compiler
#endif
