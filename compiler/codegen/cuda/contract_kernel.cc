// One contraction with the element-wise ops on its result. A block computes a tile of the result: tiles of the operands
// go through shared memory, sums stay in registers, and through shared memory once more on their way to the
// element-wise ops, whose accesses are then of neighbouring elements. Of few rows each block takes a panel of columns
// (few_rows.h).
#include "compiler/codegen/cuda/contract_operands.h"
#include "compiler/codegen/cuda/few_rows.h"
#include "compiler/codegen/cuda/kernels.h"
#include "compiler/codegen/cuda/tile_product.h"
#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

class TileEmitter {
 public:
  TileEmitter(KernelBuilder &k, ContractOperands &operands, Value shared)
      : k_(k),
        operands_(operands),
        schedule_(k.schedule),
        accumulator_(AccumulatorType(operands.dtype)),
        shared_(shared),
        row_tiles_(Dim::CeilDiv(operands.rows, schedule_.tile_rows)),
        column_tiles_(Dim::CeilDiv(operands.columns, schedule_.tile_columns)) {}

  static int64_t SharedBytes(const Schedule &schedule, DType dtype) {
    return (schedule.tile_rows + schedule.tile_columns) * schedule.tile_depth * schedule.stages * ElementBytes(dtype);
  }

  Dim Tiles() const { return operands_.batches * row_tiles_ * column_tiles_; }

  void Emit() {
    PlaceShared();
    ForBlocks(k_, k_.Size(Tiles()), [&](Value tile) {
      // Rows first: blocks that run together read the same columns, which are weights more often than not.
      Value row_tile = k_.Urem(tile, k_.Size(row_tiles_)), rest = k_.Udiv(tile, k_.Size(row_tiles_));
      EmitTile(k_.Udiv(rest, k_.Size(column_tiles_)), k_.Mul(row_tile, k_.Constant(schedule_.tile_rows)),
               k_.Mul(k_.Urem(rest, k_.Size(column_tiles_)), k_.Constant(schedule_.tile_columns)));
    });
  }

 private:
  // Tiles of both operands, and where they were, sums of as many rows as have room.
  void PlaceShared() {
    int64_t all = SharedBytes(schedule_, operands_.dtype),
            left = all * schedule_.tile_rows / (schedule_.tile_rows + schedule_.tile_columns);
    y_memory_ = k_.BytePointer(shared_, k_.Constant(left));
    slab_rows_ = schedule_.tile_rows;
    while (slab_rows_ * SlabColumns() * ElementBytes(accumulator_) > all) slab_rows_ /= 2;
  }
  // Rows begin in other banks than their neighbours.
  int64_t SlabColumns() const { return schedule_.tile_columns + ChunkOf(accumulator_); }

  void EmitTile(Value batch, Value first_row, Value first_column) {
    SharedTile x(k_, operands_.Left(batch), schedule_.tile_rows, schedule_.tile_depth, shared_),
        y(k_, operands_.Right(batch), schedule_.tile_columns, schedule_.tile_depth, y_memory_);
    std::unique_ptr<TileProduct> product = MakeTileProduct(k_, x, y, operands_.dtype);
    x.SetLine(first_row);
    y.SetLine(first_column);
    SmallVector<Value> sums = Multiply(x, y, *product);
    for (int64_t row = 0; row < schedule_.tile_rows; row += slab_rows_) {
      // All have read what lies where the sums go.
      Barrier(k_);
      product->Put(row, slab_rows_, sums, [&](Value at_row, Value column, Value sum) {
        k_.Store(sum, SumAt(k_.Sub(at_row, k_.Constant(row)), column), accumulator_, 1, nullptr);
      });
      Barrier(k_);
      StoreSlab(batch, k_.Add(first_row, k_.Constant(row)), first_column);
    }
    // Before the next tile's copies.
    Barrier(k_);
  }

  SmallVector<Value> Multiply(SharedTile &x, SharedTile &y, TileProduct &product) {
    int64_t stages = schedule_.stages;
    Value count = k_.Size(Dim::CeilDiv(operands_.depth, schedule_.tile_depth)), zero = k_.Constant(0);
    auto copy = [&](Value number) {
      k_.IfThen(k_.Less(number, count), [&] {
        Value stage = k_.Urem(number, k_.Constant(stages)), depth = k_.Mul(number, k_.Constant(schedule_.tile_depth));
        x.Copy(stage, depth);
        y.Copy(stage, depth);
      });
      CommitCopies(k_);  // of nothing, too: groups are counted
    };
    for (int64_t i = 0; i + 1 < stages; ++i) copy(k_.Constant(i));
    return k_.ForReduce(zero, count, k_.Constant(1), product.Start(), [&](Value number, ValueRange sums) {
      WaitForCopies(k_, stages - 2);
      // This stage's copies are there, of all threads, and all have read the stage before it.
      Barrier(k_);
      copy(k_.Add(number, k_.Constant(stages - 1)));
      return product.Add(k_.Urem(number, k_.Constant(stages)), sums);
    });
  }

  Value SumAt(Value row, Value column) {
    Value at = k_.Add(k_.Mul(row, k_.Constant(SlabColumns())), column);
    return k_.ElementPointer(shared_, StorageType(k_.b.getContext(), accumulator_), at);
  }

  // The element-wise ops on a slab of sums, a vector to a thread.
  void StoreSlab(Value batch, Value first_row, Value first_column) {
    int width = static_cast<int>(ChunkOf(accumulator_));
    if (!Dim::DivideExactly(operands_.columns, width)) width = 1;
    int64_t per_row = schedule_.tile_columns / width;
    k_.ForRange(ThreadNumber(k_), k_.Constant(slab_rows_ * per_row), k_.Constant(schedule_.threads), [&](Value i) {
      Value slab_row = k_.Udiv(i, k_.Constant(per_row)),
            tile_column = k_.Mul(k_.Urem(i, k_.Constant(per_row)), k_.Constant(width));
      Value row = k_.Add(first_row, slab_row), column = k_.Add(first_column, tile_column);
      Value is_there = arith::AndIOp::create(k_.b, k_.Less(row, k_.Size(operands_.rows)),
                                             k_.Less(column, k_.Size(operands_.columns)));
      k_.IfThen(is_there, [&] {
        PointEmitter emitter(k_, operands_.At(batch, row, column, width));
        emitter.Set(operands_.op.getResult(),
                    k_.Load(SumAt(slab_row, tile_column), accumulator_, width, nullptr, width));
        StoreResults(k_, emitter);
      });
    });
  }

  KernelBuilder &k_;
  ContractOperands &operands_;
  const Schedule &schedule_;
  DType accumulator_;
  Value shared_, y_memory_;
  Dim row_tiles_, column_tiles_;
  int64_t slab_rows_ = 0;
};

}  // namespace

KernelInfo EmitContractKernel(KernelBuilder &k) {
  ContractOperands operands(k, *k.body().getOps<ir::ContractOp>().begin());
  int64_t bytes = std::max(TileEmitter::SharedBytes(k.schedule, operands.dtype), FewRowsBytes(k.schedule, operands));
  Value shared = SharedMemory(k, k.b.getI8Type(), bytes);
  TileEmitter tiles(k, operands, shared);
  Dim blocks = tiles.Tiles();
  if (!operands.panels) {
    tiles.Emit();
  } else if (operands.rows.constant().value_or(kFewRows + 1) <= kFewRows) {
    blocks = EmitFewRows(k, operands, shared);
  } else if (operands.rows.is_constant()) {
    tiles.Emit();
  } else {
    // Which it is, a run says. There are blocks enough for either.
    Value few = k.Less(k.Size(operands.rows), k.Constant(kFewRows + 1));
    Dim few_blocks;
    k.IfElse(few, [&] { few_blocks = EmitFewRows(k, operands, shared); }, [&] { tiles.Emit(); });
    blocks = Dim::Max(blocks, few_blocks);
  }
  Dim elements = NumElements(operands.space);
  KernelInfo info{blocks, elements * (operands.depth * Dim(2) + Dim(CostPerElement(k))), 0};
  info.launch.emplace().threads = k.schedule.threads;
  return info;
}

}  // namespace ingot::compiler::cuda
