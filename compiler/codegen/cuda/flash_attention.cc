// Attention whose scores are never in memory: a block has a tile of queries and goes through the keys tile by tile. Of
// each row it keeps the largest score so far, the sum of exponentials below it and the sum of values they weigh, and
// scales both when a larger score comes (Dao et al., "FlashAttention: Fast and Memory-Efficient Exact Attention with
// IO-Awareness", 2022).
#include "compiler/codegen/cuda/online_soft_max.h"
#include "compiler/codegen/cuda/result_tile.h"
#include "compiler/codegen/cuda/warp_product.h"
#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

constexpr int64_t kMostColumns = 256;

// Scores of a tile, as the schedule says, and the tile of the result that they add to.
struct FlashTiles {
  FlashTiles(const SoftMaxRegion &region, const Schedule &schedule)
      : dtype(region.dtype), is_half(IsHalf(region.dtype)) {
    // Whole chunks of columns to a thread.
    int64_t columns = 64, warps = schedule.threads / kWarp;
    while (columns < region.columns.constant().value_or(kMostColumns)) columns *= 2;
    scores = {schedule.tile_rows, schedule.tile_columns, schedule.tile_depth, schedule.stages, warps};
    result = {schedule.tile_rows, columns, schedule.tile_columns, 1, warps};
  }

  int64_t ProbabilityBytes() const { return is_half ? 0 : result.LeftBytes(dtype); }
  int64_t Bytes() const {
    return scores.LeftBytes(dtype) + scores.RightBytes(dtype) + result.RightBytes(dtype) + ProbabilityBytes();
  }

  DType dtype;
  bool is_half;
  TileShape scores, result;
};

class FlashEmitter {
 public:
  FlashEmitter(KernelBuilder &k, SoftMaxRegion region, Value shared)
      : k_(k),
        region_(region),
        soft_max_(k, region),
        tiles_(region, k.schedule),
        scores_(k, region.scores, region.space),
        values_(k, region.values, TypeOf(region.values.getResult()).dims),
        f32_(k.b.getF32Type()),
        shared_(shared) {}

  Dim Emit() {
    Dim row_tiles = Dim::CeilDiv(region_.queries, tiles_.scores.rows), blocks = scores_.batches * row_tiles;
    ForBlocks(k_, k_.Size(blocks), [&](Value tile) {
      EmitTile(k_.Udiv(tile, k_.Size(row_tiles)),
               k_.Mul(k_.Urem(tile, k_.Size(row_tiles)), k_.Constant(tiles_.scores.rows)));
    });
    return blocks;
  }

 private:
  // What a thread knows of its rows.
  struct Rows {
    SmallVector<Value> max, sum, weighed;

    SmallVector<Value> All() const {
      SmallVector<Value> all(max);
      all.append(sum);
      all.append(weighed);
      return all;
    }
    static Rows From(ValueRange all, size_t rows) {
      return {SmallVector<Value>(all.take_front(rows)), SmallVector<Value>(all.slice(rows, rows)),
              SmallVector<Value>(all.drop_front(2 * rows))};
    }
  };

  void EmitTile(Value batch, Value first_query) {
    DType dtype = region_.dtype;
    int64_t at = 0;
    auto take = [&](int64_t bytes) { return k_.BytePointer(shared_, k_.Constant(std::exchange(at, at + bytes))); };
    Matrix queries = AlongDepth(scores_.Left(batch)), keys = scores_.Right(batch);
    // On CUDA cores a thread has fewer keys than a chunk.
    if (!tiles_.is_half) keys = AlongDepth(keys);
    SharedTile q(k_, queries, tiles_.scores.rows, tiles_.scores.depth, take(tiles_.scores.LeftBytes(dtype))),
        key(k_, keys, tiles_.scores.columns, tiles_.scores.depth, take(tiles_.scores.RightBytes(dtype))),
        value(k_, values_.Right(batch), tiles_.result.columns, tiles_.result.depth,
              take(tiles_.result.RightBytes(dtype)));
    // Never copied: threads write it.
    SharedTile probabilities(k_, queries, tiles_.result.rows, tiles_.result.depth, take(tiles_.ProbabilityBytes()));
    auto score_product = MakeTileProduct(k_, tiles_.scores, q, key, tiles_.is_half);
    auto result_product = MakeTileProduct(k_, tiles_.result, probabilities, value, tiles_.is_half);
    q.SetLine(first_query);
    value.SetLine(k_.Constant(0));
    soft_max_.SetBatch(batch);

    size_t num_rows = static_cast<size_t>(score_product->NumRows());
    Rows start{SmallVector<Value>(num_rows, soft_max_.Real(-std::numeric_limits<double>::infinity())),
               SmallVector<Value>(num_rows, k_.Zero(f32_, 1)), result_product->Start()};
    Value key_tiles = k_.Size(Dim::CeilDiv(region_.keys, tiles_.scores.columns));
    SmallVector<Value> all =
        k_.ForReduce(k_.Constant(0), key_tiles, k_.Constant(1), start.All(), [&](Value tile, ValueRange carried) {
          Rows rows = Rows::From(carried, num_rows);
          Value first_key = k_.Mul(tile, k_.Constant(tiles_.scores.columns));
          // No thread reads what the last tile left.
          Barrier(k_);
          value.Copy(k_.Constant(0), first_key);
          CommitCopies(k_);
          key.SetLine(first_key);
          SmallVector<Value> sums = MultiplyTiles(k_, tiles_.scores, region_.depth, q, key, *score_product);
          SmallVector<Value> weights = WeighScores(*score_product, sums, first_query, first_key, rows, *result_product);
          // Before they had a product, scores of some depth have waited for the values, too, which all threads copied.
          bool has_values = region_.depth.constant().value_or(0) > 0;
          if (!has_values) WaitForCopies(k_, 0);
          if (!tiles_.is_half) StoreProbabilities(probabilities, *score_product, weights);
          if (!has_values || !tiles_.is_half) Barrier(k_);
          rows.weighed = tiles_.is_half ? AddFragments(weights, value, rows.weighed)
                                        : result_product->Add(k_.Constant(0), rows.weighed);
          return rows.All();
        });
    Rows rows = Rows::From(all, num_rows);
    Finish(*score_product, *result_product, rows);
    ResultTile(k_, values_, tiles_.result, shared_, tiles_.Bytes())
        .Store(batch, first_query, k_.Constant(0), *result_product, rows.weighed);
  }

  // Chunks lie along the depth, whether or not memory does.
  static Matrix AlongDepth(Matrix matrix) {
    if (!matrix.is_depth_minor) matrix.run = 1;
    matrix.is_depth_minor = true;
    return matrix;
  }

  // Scores become weights below the rows' largest; what the rows have is scaled to it.
  SmallVector<Value> WeighScores(TileProduct &product, ArrayRef<Value> sums, Value first_query, Value first_key,
                                 Rows &rows, TileProduct &result) {
    SmallVector<Value> scores, largest(rows.max);
    for (auto [i, sum] : llvm::enumerate(sums)) {
      auto [row, column] = product.Place(i);
      scores.push_back(soft_max_.ScoreAt(k_.Add(first_query, row), k_.Add(first_key, column), sum));
      Value &max = largest[product.RowOf(i)];
      max = soft_max_.Max(max, scores.back());
    }
    SmallVector<Value> below, scale;
    for (auto [row, max] : llvm::enumerate(largest)) {
      for (int64_t distance = product.ThreadsOfARow() / 2; distance >= 1; distance /= 2)
        max = soft_max_.Max(max, ExchangeWithin(k_, max, distance));
      below.push_back(soft_max_.Below(max));
      scale.push_back(soft_max_.ExpOfDifference(rows.max[row], below[row]));
      rows.sum[row] = soft_max_.Multiply(rows.sum[row], scale[row]);
    }
    for (auto [i, weighed] : llvm::enumerate(rows.weighed))
      weighed = soft_max_.Multiply(weighed, scale[result.RowOf(i)]);
    for (auto [i, score] : llvm::enumerate(scores)) {
      int64_t row = product.RowOf(i);
      score = soft_max_.ExpOfDifference(score, below[row]);
      rows.sum[row] = soft_max_.Add(rows.sum[row], score);
    }
    rows.max = largest;
    return scores;
  }

  void StoreProbabilities(SharedTile &tile, TileProduct &product, ArrayRef<Value> weights) {
    Value chunk = k_.Constant(tile.chunk());
    for (auto [i, weight] : llvm::enumerate(weights)) {
      auto [row, column] = product.Place(i);
      Value place =
          k_.ElementPointer(tile.ChunkAt(k_.Constant(0), row, k_.Udiv(column, chunk)), f32_, k_.Urem(column, chunk));
      k_.Store(weight, place, DType::kF32, 1, nullptr);
    }
  }

  // The sums of two score fragments side by side are laid out as the left operand's of the next product.
  SmallVector<Value> AddFragments(ArrayRef<Value> weights, SharedTile &value, ArrayRef<Value> sums) {
    SmallVector<Value> next(sums);
    for (int64_t key = 0; key < tiles_.result.depth; key += FragmentDepth(region_.dtype)) {
      SmallVector<Value> left;
      for (int64_t pair = 0; pair < 4; ++pair) {
        size_t first = key / kFragmentColumns * kFragmentSums + 2 * pair;
        left.push_back(PackPair(k_, region_.dtype, weights[first], weights[first + 1]));
      }
      for (int64_t column = 0; column < tiles_.result.columns; column += 2 * kFragmentColumns) {
        SmallVector<SmallVector<Value>> right =
            LoadRightFragments(k_, value, k_.Constant(0), k_.Constant(column), k_.Constant(key));
        for (int64_t half = 0; half < 2; ++half)
          MultiplyFragments(
              k_, region_.dtype, left, right[half],
              MutableArrayRef(next).slice((column / kFragmentColumns + half) * kFragmentSums, kFragmentSums));
      }
    }
    return next;
  }

  // Weighed values over the sums of weights.
  void Finish(TileProduct &product, TileProduct &result, Rows &rows) {
    for (Value &sum : rows.sum)
      for (int64_t distance = product.ThreadsOfARow() / 2; distance >= 1; distance /= 2)
        sum = soft_max_.Add(sum, ExchangeWithin(k_, sum, distance));
    for (auto [i, weighed] : llvm::enumerate(rows.weighed))
      weighed = soft_max_.Quotient(weighed, rows.sum[result.RowOf(i)]);
  }

  KernelBuilder &k_;
  SoftMaxRegion region_;
  OnlineSoftMax soft_max_;
  FlashTiles tiles_;
  ContractOperands scores_, values_;
  Type f32_;
  Value shared_;
};

}  // namespace

bool HasFlashTiles(const SoftMaxRegion &region) {
  return (IsHalf(region.dtype) || region.dtype == DType::kF32) &&
         region.columns.constant().value_or(kMostColumns + 1) <= kMostColumns;
}

int64_t FlashAttentionBytes(KernelBuilder &k, const SoftMaxRegion &region) {
  return FlashTiles(region, k.schedule).Bytes();
}

Dim EmitFlashAttention(KernelBuilder &k, SoftMaxRegion region, Value shared) {
  return FlashEmitter(k, region, shared).Emit();
}

}  // namespace ingot::compiler::cuda
