#include "compiler/codegen/cuda/tile_product.h"

#include "compiler/codegen/cuda/warp_product.h"
#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

// How the lines of an operand's tile belong to `threads` threads: single ones in turn where chunks lie along the depth,
// else whole chunks.
struct ThreadLines {
  ThreadLines(KernelBuilder &k, SharedTile &tile, int64_t lines, int64_t threads, Value thread)
      : k(k), tile(tile), threads(threads), count(lines / threads), thread(thread) {
    if (!tile.is_depth_minor() && count % tile.chunk() != 0) {
      k.Fail(k.source.getLoc(), "a tile has fewer lines to a thread than a chunk");
      count = tile.chunk();
    }
  }

  Value Line(int64_t i) const {
    if (tile.is_depth_minor()) return k.Add(thread, k.Constant(i * threads));
    int64_t chunk = tile.chunk();
    Value group = k.Add(thread, k.Constant(i / chunk * threads));
    return k.Add(k.Mul(group, k.Constant(chunk)), k.Constant(i % chunk));
  }

  // The thread's elements of its lines, `depth` of each, from so many times `depth_chunk` on.
  SmallVector<SmallVector<Value>> Load(Value stage, Value depth_chunk, int64_t depth) const {
    SmallVector<SmallVector<Value>> elements(count, SmallVector<Value>(depth));
    auto lane = [&](Value chunk, int64_t e) {
      return vector::ExtractOp::create(k.b, chunk, ArrayRef<int64_t>{e}).getResult();
    };
    if (tile.is_depth_minor()) {
      for (int64_t i = 0; i < count; ++i) {
        Value chunk = tile.LoadChunk(stage, Line(i), depth_chunk);
        for (int64_t d = 0; d < depth; ++d) elements[i][d] = lane(chunk, d);
      }
      return elements;
    }
    Value first = k.Mul(depth_chunk, k.Constant(depth));
    for (int64_t d = 0; d < depth; ++d)
      for (int64_t i = 0; i < count; i += tile.chunk()) {
        Value at = k.Add(thread, k.Constant(i / tile.chunk() * threads));
        Value chunk = tile.LoadChunk(stage, k.Add(first, k.Constant(d)), at);
        for (int64_t e = 0; e < tile.chunk(); ++e) elements[i + e][d] = lane(chunk, e);
      }
    return elements;
  }

  KernelBuilder &k;
  SharedTile &tile;
  int64_t threads, count;
  Value thread;
};

// A thread has sums in some rows and some columns; each step loads their elements and multiplies all by all.
class CoreProduct : public TileProduct {
 public:
  CoreProduct(KernelBuilder &k, const TileShape &shape, SharedTile &x, SharedTile &y, DType accumulator)
      : TileProduct(k, shape, x, y, ComputeType(k.b.getContext(), accumulator)),
        rows_(k, x, shape.rows, k.schedule.threads / kThreadColumns,
              k.OnEntry([&] { return k.Udiv(ThreadNumber(k), k.Constant(kThreadColumns)); })),
        columns_(k, y, shape.columns, kThreadColumns,
                 k.OnEntry([&] { return k.Urem(ThreadNumber(k), k.Constant(kThreadColumns)); })) {}

  SmallVector<Value> Add(Value stage, ValueRange sums) override {
    int64_t step = x_.chunk();
    return k_.ForReduce(k_.Constant(0), k_.Constant(shape_.depth / step), k_.Constant(1), sums,
                        [&](Value depth_chunk, ValueRange carried) {
                          SmallVector<SmallVector<Value>> x = rows_.Load(stage, depth_chunk, step),
                                                          y = columns_.Load(stage, depth_chunk, step);
                          SmallVector<Value> next(carried.begin(), carried.end());
                          for (int64_t d = 0; d < step; ++d)
                            for (int64_t i = 0; i < count(); ++i)
                              next[i] = MultiplyAdd(k_, x[i / columns_.count][d], y[i % columns_.count][d], next[i]);
                          return next;
                        });
  }

  std::pair<Value, Value> Place(int64_t sum) override {
    return {rows_.Line(sum / columns_.count), columns_.Line(sum % columns_.count)};
  }
  int64_t ThreadsOfARow() const override { return kThreadColumns; }
  int64_t NumRows() const override { return rows_.count; }
  int64_t RowOf(int64_t sum) const override { return sum / columns_.count; }
  int64_t SlabsOfAThread() const override { return x_.is_depth_minor() ? rows_.count : rows_.count / x_.chunk(); }

 private:
  static constexpr int64_t kThreadColumns = 16;

  ThreadLines rows_, columns_;
};

// Warps of the tile in a grid; each has fragments of 16 rows in turn with the others', and columns side by side.
class TensorCoreProduct : public TileProduct {
 public:
  TensorCoreProduct(KernelBuilder &k, const TileShape &shape, SharedTile &x, SharedTile &y, DType dtype)
      : TileProduct(k, shape, x, y, k.b.getF32Type()),
        dtype_(dtype),
        warp_columns_(k.schedule.threads / kWarp / shape.warp_rows),
        row_fragments_(shape.rows / shape.warp_rows / kFragmentRows),
        column_fragments_(shape.columns / warp_columns_ / kFragmentColumns) {
    Value warp = k.OnEntry([&] { return k.Udiv(ThreadNumber(k), k.Constant(kWarp)); });
    warp_row_ = k.OnEntry([&] { return k.Udiv(warp, k.Constant(warp_columns_)); });
    first_column_ = k.OnEntry([&] {
      return k.Mul(k.Urem(warp, k.Constant(warp_columns_)), k.Constant(column_fragments_ * kFragmentColumns));
    });
  }

  SmallVector<Value> Add(Value stage, ValueRange sums) override {
    SmallVector<Value> next(sums.begin(), sums.end());
    for (int64_t depth = 0; depth < shape_.depth; depth += FragmentDepth(dtype_)) {
      SmallVector<SmallVector<Value>> x, y;
      for (int64_t i = 0; i < row_fragments_; ++i)
        x.push_back(LoadLeftFragment(k_, x_, stage, FirstRow(i), k_.Constant(depth)));
      for (int64_t j = 0; j < column_fragments_; j += 2)
        llvm::append_range(y, LoadRightFragments(k_, y_, stage, FirstColumn(j), k_.Constant(depth)));
      for (int64_t i = 0; i < row_fragments_; ++i)
        for (int64_t j = 0; j < column_fragments_; ++j)
          MultiplyFragments(k_, dtype_, x[i], y[j],
                            MutableArrayRef(next).slice((i * column_fragments_ + j) * kFragmentSums, kFragmentSums));
    }
    return next;
  }

  std::pair<Value, Value> Place(int64_t sum) override {
    auto [row, column] = PlaceInFragment(k_, sum % kFragmentSums);
    int64_t fragment = sum / kFragmentSums;
    return {k_.Add(FirstRow(fragment / column_fragments_), row),
            k_.Add(FirstColumn(fragment % column_fragments_), column)};
  }
  int64_t ThreadsOfARow() const override { return kFragmentRowThreads; }
  int64_t NumRows() const override { return 2 * row_fragments_; }
  int64_t RowOf(int64_t sum) const override {
    return sum / kFragmentSums / column_fragments_ * 2 + sum % kFragmentSums / 2;
  }
  int64_t SlabsOfAThread() const override { return row_fragments_; }

 private:
  Value FirstRow(int64_t i) {
    return k_.Mul(k_.Add(warp_row_, k_.Constant(i * shape_.warp_rows)), k_.Constant(kFragmentRows));
  }
  Value FirstColumn(int64_t j) { return k_.Add(first_column_, k_.Constant(j * kFragmentColumns)); }

  DType dtype_;
  int64_t warp_columns_, row_fragments_, column_fragments_;
  Value warp_row_, first_column_;
};

}  // namespace

bool HasTensorCoreProduct(KernelBuilder &k, DType dtype) {
  if (dtype == DType::kF32) return k.source->getParentOfType<ModuleOp>()->hasAttr("ingot.tf32");
  return IsHalf(dtype);
}

std::unique_ptr<TileProduct> MakeTileProduct(KernelBuilder &k, const TileShape &shape, SharedTile &x, SharedTile &y,
                                             bool on_tensor_cores) {
  if (on_tensor_cores) return std::make_unique<TensorCoreProduct>(k, shape, x, y, x.dtype());
  return std::make_unique<CoreProduct>(k, shape, x, y, AccumulatorType(x.dtype()));
}

SmallVector<Value> MultiplyTiles(KernelBuilder &k, const TileShape &shape, const Dim &depth, SharedTile &x,
                                 SharedTile &y, TileProduct &product) {
  Value count = k.Size(Dim::CeilDiv(depth, shape.depth));
  auto copy = [&](Value number) {
    k.IfThen(k.Less(number, count), [&] {
      Value stage = k.Urem(number, k.Constant(shape.stages)), at = k.Mul(number, k.Constant(shape.depth));
      x.Copy(stage, at);
      y.Copy(stage, at);
    });
    CommitCopies(k);  // of nothing, too: groups are counted
  };
  for (int64_t i = 0; i + 1 < shape.stages; ++i) copy(k.Constant(i));
  return k.ForReduce(k.Constant(0), count, k.Constant(1), product.Start(), [&](Value number, ValueRange sums) {
    WaitForCopies(k, shape.stages - 2);
    // This stage's copies are there, of all threads, and all have read the stage before it.
    Barrier(k);
    copy(k.Add(number, k.Constant(shape.stages - 1)));
    return product.Add(k.Urem(number, k.Constant(shape.stages)), sums);
  });
}

}  // namespace ingot::compiler::cuda
