#include "compiler/codegen/cuda/result_tile.h"

#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler::cuda {

ResultTile::ResultTile(KernelBuilder &k, ContractOperands &operands, const TileShape &shape, Value shared,
                       int64_t bytes)
    : k_(k),
      operands_(operands),
      shape_(shape),
      accumulator_(AccumulatorType(operands.dtype)),
      shared_(shared),
      slab_rows_(shape.rows) {
  while (slab_rows_ * RowLength() * ElementBytes(accumulator_) > bytes) slab_rows_ /= 2;
}

void ResultTile::Store(Value batch, Value first_row, Value first_column, TileProduct &product, ArrayRef<Value> sums) {
  int64_t slabs = shape_.rows / slab_rows_;
  for (int64_t slab = 0; slab < slabs; ++slab) {
    Barrier(k_);
    Value begin = k_.Constant(slab * slab_rows_);
    for (auto [i, sum] : llvm::enumerate(sums)) {
      bool is_known = product.SlabsOfAThread() % slabs == 0;
      if (is_known && product.RowOf(i) * slabs / product.NumRows() != slab) continue;
      auto [row, column] = product.Place(i);
      Value at = k_.Sub(row, begin);
      auto store = [&] { k_.Store(sum, SumAt(at, column), accumulator_, 1, nullptr); };
      if (is_known)
        store();
      else
        k_.IfThen(arith::AndIOp::create(k_.b, k_.Less(k_.Constant(-1), at), k_.Less(at, k_.Constant(slab_rows_))),
                  store);
    }
    Barrier(k_);
    StoreSlab(batch, k_.Add(first_row, begin), first_column);
  }
}

Value ResultTile::SumAt(Value row, Value column) {
  Value at = k_.Add(k_.Mul(row, k_.Constant(RowLength())), column);
  return k_.ElementPointer(shared_, StorageType(k_.b.getContext(), accumulator_), at);
}

// A vector to a thread.
void ResultTile::StoreSlab(Value batch, Value first_row, Value first_column) {
  int width = static_cast<int>(std::min(ChunkOf(accumulator_), ElementsIn16Bytes(k_)));
  if (!Dim::DivideExactly(operands_.columns, width)) width = 1;
  int64_t per_row = shape_.columns / width;
  k_.ForRange(ThreadNumber(k_), k_.Constant(slab_rows_ * per_row), k_.Constant(k_.schedule.threads), [&](Value i) {
    Value slab_row = k_.Udiv(i, k_.Constant(per_row)),
          tile_column = k_.Mul(k_.Urem(i, k_.Constant(per_row)), k_.Constant(width));
    Value row = k_.Add(first_row, slab_row), column = k_.Add(first_column, tile_column);
    Value is_there =
        arith::AndIOp::create(k_.b, k_.Less(row, k_.Size(operands_.rows)), k_.Less(column, k_.Size(operands_.columns)));
    k_.IfThen(is_there, [&] {
      PointEmitter emitter(k_, operands_.At(batch, row, column, width));
      emitter.Set(operands_.op.getResult(), k_.Load(SumAt(slab_row, tile_column), accumulator_, width, nullptr, width));
      StoreResults(k_, emitter);
    });
  });
}

}  // namespace ingot::compiler::cuda
