#include "compiler/codegen/cuda/tile_product.h"

#include "compiler/codegen/cuda/warp_product.h"
#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

// How the lines of an operand's tile belong to `threads` threads: single ones in turn where chunks lie along the depth,
// else whole chunks.
struct ThreadLines {
  ThreadLines(KernelBuilder &k, SharedTile &tile, int64_t lines, int64_t threads, Value thread)
      : k(k), tile(tile), threads(threads), count(lines / threads), thread(thread) {}

  Value Line(int64_t i) const {
    if (tile.is_depth_minor()) return k.Add(thread, k.Constant(i * threads));
    int64_t chunk = tile.chunk();
    Value group = k.Add(thread, k.Constant(i / chunk * threads));
    return k.Add(k.Mul(group, k.Constant(chunk)), k.Constant(i % chunk));
  }

  // Calls use(i, d, element) for the thread's elements of line i at `depth`, in chunks, plus d.
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
  static constexpr int64_t kThreadColumns = 16;

  CoreProduct(KernelBuilder &k, SharedTile &x, SharedTile &y, DType accumulator)
      : TileProduct(k, x, y, ComputeType(k.b.getContext(), accumulator),
                    k.schedule.tile_rows * k.schedule.tile_columns / k.schedule.threads),
        rows_(k, x, k.schedule.tile_rows, k.schedule.threads / kThreadColumns,
              k.OnEntry([&] { return k.Udiv(ThreadNumber(k), k.Constant(kThreadColumns)); })),
        columns_(k, y, k.schedule.tile_columns, kThreadColumns,
                 k.OnEntry([&] { return k.Urem(ThreadNumber(k), k.Constant(kThreadColumns)); })) {}

  SmallVector<Value> Add(Value stage, ValueRange sums) override {
    // Chunks along the depth, of whichever operand has them.
    int64_t step = x_.chunk();
    return k_.ForReduce(k_.Constant(0), k_.Constant(k_.schedule.tile_depth / step), k_.Constant(1), sums,
                        [&](Value depth_chunk, ValueRange carried) {
                          SmallVector<SmallVector<Value>> x = rows_.Load(stage, depth_chunk, step),
                                                          y = columns_.Load(stage, depth_chunk, step);
                          SmallVector<Value> next(carried.begin(), carried.end());
                          for (int64_t d = 0; d < step; ++d)
                            for (int64_t i = 0; i < rows_.count; ++i)
                              for (int64_t j = 0; j < columns_.count; ++j) {
                                Value &sum = next[i * columns_.count + j];
                                sum = Step(x[i][d], y[j][d], sum);
                              }
                          return next;
                        });
  }

  void Put(int64_t first, int64_t count, ValueRange sums, llvm::function_ref<void(Value, Value, Value)> put) override {
    int64_t per_slab = rows_.count * count / k_.schedule.tile_rows, begin = first / rows_.threads;
    for (int64_t i = begin; i < begin + per_slab; ++i)
      for (int64_t j = 0; j < columns_.count; ++j) put(rows_.Line(i), columns_.Line(j), sums[i * columns_.count + j]);
  }

 private:
  Value Step(Value x, Value y, Value sum) {
    if (isa<FloatType>(sum.getType())) return math::FmaOp::create(k_.b, x, y, sum);
    return arith::AddIOp::create(k_.b, arith::MulIOp::create(k_.b, x, y), sum);
  }

  ThreadLines rows_, columns_;
};

// Warps of the tile in a grid; each has fragments of 16 rows in turn with the others', and columns side by side.
class TensorCoreProduct : public TileProduct {
 public:
  TensorCoreProduct(KernelBuilder &k, SharedTile &x, SharedTile &y, DType dtype)
      : TileProduct(k, x, y, k.b.getF32Type(), k.schedule.tile_rows * k.schedule.tile_columns / k.schedule.threads),
        dtype_(dtype),
        warp_columns_(k.schedule.threads / kWarp / kWarpRows),
        row_fragments_(k.schedule.tile_rows / kWarpRows / kFragmentRows),
        column_fragments_(k.schedule.tile_columns / warp_columns_ / kFragmentColumns) {
    Value warp = k.OnEntry([&] { return k.Udiv(ThreadNumber(k), k.Constant(kWarp)); });
    warp_row_ = k.OnEntry([&] { return k.Udiv(warp, k.Constant(warp_columns_)); });
    first_column_ = k.OnEntry([&] {
      return k.Mul(k.Urem(warp, k.Constant(warp_columns_)), k.Constant(column_fragments_ * kFragmentColumns));
    });
  }

  SmallVector<Value> Add(Value stage, ValueRange sums) override {
    SmallVector<Value> next(sums.begin(), sums.end());
    for (int64_t depth = 0; depth < k_.schedule.tile_depth; depth += kFragmentDepth) {
      SmallVector<SmallVector<Value>> x, y;
      for (int64_t i = 0; i < row_fragments_; ++i)
        x.push_back(LoadLeftFragment(k_, x_, stage, FirstRow(i), k_.Constant(depth)));
      for (int64_t j = 0; j < column_fragments_; j += 2)
        llvm::append_range(y, LoadRightFragments(k_, y_, stage, FirstColumn(j), k_.Constant(depth)));
      for (int64_t i = 0; i < row_fragments_; ++i)
        for (int64_t j = 0; j < column_fragments_; ++j)
          MultiplyFragments(k_, dtype_, x[i], y[j], MutableArrayRef(next).slice(Fragment(i, j), kFragmentSums));
    }
    return next;
  }

  void Put(int64_t first, int64_t count, ValueRange sums, llvm::function_ref<void(Value, Value, Value)> put) override {
    int64_t rows_at_once = kWarpRows * kFragmentRows;
    for (int64_t i = first / rows_at_once; i < (first + count) / rows_at_once; ++i)
      for (int64_t j = 0; j < column_fragments_; ++j)
        for (int64_t s = 0; s < kFragmentSums; ++s) {
          auto [row, column] = PlaceInFragment(k_, s);
          put(k_.Add(FirstRow(i), row), k_.Add(FirstColumn(j), column), sums[Fragment(i, j) + s]);
        }
  }

 private:
  static constexpr int64_t kWarpRows = 2;

  int64_t Fragment(int64_t i, int64_t j) const { return (i * column_fragments_ + j) * kFragmentSums; }
  Value FirstRow(int64_t i) {
    return k_.Mul(k_.Add(warp_row_, k_.Constant(i * kWarpRows)), k_.Constant(kFragmentRows));
  }
  Value FirstColumn(int64_t j) { return k_.Add(first_column_, k_.Constant(j * kFragmentColumns)); }

  DType dtype_;
  int64_t warp_columns_, row_fragments_, column_fragments_;
  Value warp_row_, first_column_;
};

}  // namespace

std::unique_ptr<TileProduct> MakeTileProduct(KernelBuilder &k, SharedTile &x, SharedTile &y, DType dtype) {
  if (dtype == DType::kF16 || dtype == DType::kBF16) return std::make_unique<TensorCoreProduct>(k, x, y, dtype);
  return std::make_unique<CoreProduct>(k, x, y, AccumulatorType(dtype));
}

}  // namespace ingot::compiler::cuda
