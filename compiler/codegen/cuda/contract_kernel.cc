// One contraction with the element-wise ops on its result. A block computes a tile of the result: tiles of the operands
// go through shared memory (shared_tile.h), sums stay in registers (tile_product.h) and go on to the element-wise ops
// (result_tile.h). Of few rows each block takes a panel of columns (few_rows.h). A sum goes on along the whole depth,
// as those of other libraries for GPUs do: schedules have no sum_length here.
#include "compiler/codegen/cuda/contract_operands.h"
#include "compiler/codegen/cuda/few_rows.h"
#include "compiler/codegen/cuda/kernels.h"
#include "compiler/codegen/cuda/result_tile.h"
#include "compiler/codegen/point/kernel_parts.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

TileShape ShapeOf(const Schedule &schedule) {
  return {schedule.tile_rows, schedule.tile_columns, schedule.tile_depth, schedule.stages};
}

Dim NumTiles(const TileShape &shape, const ContractOperands &operands) {
  return operands.batches * Dim::CeilDiv(operands.rows, shape.rows) * Dim::CeilDiv(operands.columns, shape.columns);
}

void EmitTiles(KernelBuilder &k, ContractOperands &operands, const TileShape &shape, Value shared, int64_t bytes) {
  Value row_tiles = k.Size(Dim::CeilDiv(operands.rows, shape.rows)),
        column_tiles = k.Size(Dim::CeilDiv(operands.columns, shape.columns));
  Value right = k.BytePointer(shared, k.Constant(shape.LeftBytes(operands.dtype)));
  ForBlocks(k, k.Size(NumTiles(shape, operands)), [&](Value tile) {
    // Rows first: blocks that run together read the same columns, which are weights more often than not.
    Value rest = k.Udiv(tile, row_tiles), batch = k.Udiv(rest, column_tiles),
          first_row = k.Mul(k.Urem(tile, row_tiles), k.Constant(shape.rows)),
          first_column = k.Mul(k.Urem(rest, column_tiles), k.Constant(shape.columns));
    SharedTile x(k, operands.Left(batch), shape.rows, shape.depth, shared),
        y(k, operands.Right(batch), shape.columns, shape.depth, right);
    x.SetLine(first_row);
    y.SetLine(first_column);
    std::unique_ptr<TileProduct> product = MakeTileProduct(k, shape, x, y, HasTensorCoreProduct(k, operands.dtype));
    SmallVector<Value> sums = MultiplyTiles(k, shape, operands.depth, x, y, *product);
    ResultTile(k, operands, shape, shared, bytes).Store(batch, first_row, first_column, *product, sums);
    // Before the next tile's copies.
    Barrier(k);
  });
}

}  // namespace

KernelInfo EmitContractKernel(KernelBuilder &k) {
  ContractOperands operands(k, *k.body().getOps<ir::ContractOp>().begin(), SpaceOf(k));
  TileShape shape = ShapeOf(k.schedule);
  int64_t bytes =
      std::max(shape.LeftBytes(operands.dtype) + shape.RightBytes(operands.dtype), FewRowsBytes(k.schedule, operands));
  Value shared = SharedMemory(k, k.b.getI8Type(), bytes);
  Dim blocks = NumTiles(shape, operands);
  auto emit_tiles = [&] { EmitTiles(k, operands, shape, shared, bytes); };
  if (!operands.panels) {
    emit_tiles();
  } else if (operands.rows.constant().value_or(kFewRows + 1) <= kFewRows) {
    blocks = EmitFewRows(k, operands, shared);
  } else if (operands.rows.is_constant()) {
    emit_tiles();
  } else {
    // Which it is, a run says. There are blocks enough for either.
    Value few = k.Less(k.Size(operands.rows), k.Constant(kFewRows + 1));
    Dim few_blocks;
    k.IfElse(few, [&] { few_blocks = EmitFewRows(k, operands, shared); }, emit_tiles);
    blocks = Dim::Max(blocks, few_blocks);
  }
  Dim elements = NumElements(operands.space);
  KernelInfo info{blocks, elements * (operands.depth * Dim(2) + Dim(CostPerElement(k))), 0};
  info.launch.emplace().threads = k.schedule.threads;
  return info;
}

}  // namespace ingot::compiler::cuda
