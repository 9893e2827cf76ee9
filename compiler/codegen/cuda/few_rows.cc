#include "compiler/codegen/cuda/few_rows.h"

#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

// Of one row, or of up to kFewRows: rows that are not there repeat the last.
class FewRowsEmitter {
 public:
  FewRowsEmitter(KernelBuilder &k, ContractOperands &operands, int64_t rows, Value shared)
      : k_(k),
        operands_(operands),
        rows_(rows),
        width_(*operands.panels),
        chunk_(std::min(ChunkOf(operands.dtype), width_)),
        threads_per_depth_(width_ / chunk_),
        depths_(k.schedule.threads / threads_per_depth_),
        accumulator_(AccumulatorType(operands.dtype)),
        shared_(shared) {}

  void Emit() {
    ForBlocks(k_, k_.Size(Dim::CeilDiv(operands_.columns, width_)), [&](Value panel) {
      SmallVector<Value> sums = Multiply(panel);
      CombineWarps(sums);
      Barrier(k_);
      Store(panel);
      // Before the next panel's sums.
      Barrier(k_);
    });
  }

 private:
  SmallVector<Value> Multiply(Value panel) {
    Matrix x = operands_.Left(k_.Constant(0)), y = operands_.Right(k_.Constant(0));
    Type element = StorageType(k_.b.getContext(), operands_.dtype);
    Value thread = ThreadNumber(k_), last_row = k_.Sub(k_.Size(operands_.rows), k_.Constant(1));
    Value first = k_.Udiv(thread, k_.Constant(threads_per_depth_)),
          column = k_.Mul(k_.Urem(thread, k_.Constant(threads_per_depth_)), k_.Constant(chunk_));
    SmallVector<Value> rows;
    for (int64_t r = 0; r < rows_; ++r) rows.push_back(x.line_offset(k_.Min(k_.Constant(r), last_row)));
    Value from =
        k_.ElementPointer(y.pointer, element, y.line_offset(k_.Add(k_.Mul(panel, k_.Constant(width_)), column)));
    int chunk = static_cast<int>(chunk_);
    auto step = [&](Value depth, SmallVectorImpl<Value> &sums) {
      Value weights =
          k_.Load(k_.ElementPointer(from, element, y.depth_offset(depth)), operands_.dtype, chunk, nullptr, chunk);
      for (int64_t r = 0; r < rows_; ++r) {
        Value at = k_.Add(rows[r], x.depth_offset(depth));
        Value left = k_.Splat(k_.Load(k_.ElementPointer(x.pointer, element, at), operands_.dtype, 1, nullptr), chunk);
        sums[r] = MultiplyAdd(k_, left, weights, sums[r]);
      }
    };
    // Several loads are under way at once.
    constexpr int64_t kUnroll = 4;
    Value end = k_.Size(operands_.depth), round = k_.Constant(kUnroll * depths_);
    Value whole = k_.Mul(k_.Udiv(end, round), round);
    SmallVector<Value> start(rows_, k_.Zero(ComputeType(k_.b.getContext(), accumulator_), chunk));
    SmallVector<Value> sums = k_.ForReduce(first, whole, round, start, [&](Value depth, ValueRange carried) {
      SmallVector<Value> next(carried.begin(), carried.end());
      for (int64_t u = 0; u < kUnroll; ++u) step(k_.Add(depth, k_.Constant(u * depths_)), next);
      return next;
    });
    return k_.ForReduce(k_.Add(whole, first), end, k_.Constant(depths_), sums, [&](Value depth, ValueRange carried) {
      SmallVector<Value> next(carried.begin(), carried.end());
      step(depth, next);
      return next;
    });
  }

  Value Add(Value x, Value y) {
    if (isa<FloatType>(x.getType())) return arith::AddFOp::create(k_.b, x, y);
    return arith::AddIOp::create(k_.b, x, y);
  }

  // Of a warp's threads with the same columns; the first of them put the sums into shared memory.
  void CombineWarps(ArrayRef<Value> sums) {
    Value thread = ThreadNumber(k_), lane = k_.Urem(thread, k_.Constant(kWarp)),
          warp = k_.Udiv(thread, k_.Constant(kWarp));
    for (int64_t r = 0; r < rows_; ++r)
      for (int64_t e = 0; e < chunk_; ++e) {
        Value sum = vector::ExtractOp::create(k_.b, sums[r], ArrayRef<int64_t>{e});
        for (int64_t distance = kWarp / 2; distance >= threads_per_depth_; distance /= 2)
          sum = Add(sum, ExchangeWithin(k_, sum, distance));
        k_.IfThen(k_.Less(lane, k_.Constant(threads_per_depth_)), [&] {
          Value column = k_.Add(k_.Mul(lane, k_.Constant(chunk_)), k_.Constant(e));
          k_.Store(sum, SumAt(warp, k_.Constant(r), column), accumulator_, 1, nullptr);
        });
      }
  }

  Value SumAt(Value warp, Value row, Value column) {
    Value at = k_.Add(k_.Mul(k_.Add(k_.Mul(warp, k_.Constant(rows_)), row), k_.Constant(width_)), column);
    return k_.ElementPointer(shared_, StorageType(k_.b.getContext(), accumulator_), at);
  }

  void Store(Value panel) {
    Value count = k_.Mul(k_.Min(k_.Size(operands_.rows), k_.Constant(rows_)), k_.Constant(width_));
    k_.ForRange(ThreadNumber(k_), count, k_.Constant(k_.schedule.threads), [&](Value i) {
      Value row = k_.Udiv(i, k_.Constant(width_)), in_panel = k_.Urem(i, k_.Constant(width_));
      Value column = k_.Add(k_.Mul(panel, k_.Constant(width_)), in_panel);
      k_.IfThen(k_.Less(column, k_.Size(operands_.columns)), [&] {
        Value sum;
        for (int64_t warp = 0; warp < k_.schedule.threads / kWarp; ++warp) {
          Value part = k_.Load(SumAt(k_.Constant(warp), row, in_panel), accumulator_, 1, nullptr);
          sum = sum ? Add(sum, part) : part;
        }
        PointEmitter emitter(k_, operands_.At(k_.Constant(0), row, column, 1));
        emitter.Set(operands_.op.getResult(), sum);
        StoreResults(k_, emitter);
      });
    });
  }

  KernelBuilder &k_;
  ContractOperands &operands_;
  int64_t rows_, width_, chunk_, threads_per_depth_, depths_;
  DType accumulator_;
  Value shared_;
};

}  // namespace

int64_t FewRowsBytes(const Schedule &schedule, const ContractOperands &operands) {
  if (!operands.panels) return 0;
  return schedule.threads / kWarp * kFewRows * *operands.panels * ElementBytes(AccumulatorType(operands.dtype));
}

Dim EmitFewRows(KernelBuilder &k, ContractOperands &operands, Value shared) {
  auto of_rows = [&](int64_t rows) { FewRowsEmitter(k, operands, rows, shared).Emit(); };
  if (std::optional<int64_t> rows = operands.rows.constant())
    of_rows(std::max<int64_t>(*rows, 1));
  else
    k.IfElse(k.Less(k.Size(operands.rows), k.Constant(2)), [&] { of_rows(1); }, [&] { of_rows(kFewRows); });
  return Dim::Min(operands.rows, 1) * Dim::CeilDiv(operands.columns, *operands.panels);
}

}  // namespace ingot::compiler::cuda
