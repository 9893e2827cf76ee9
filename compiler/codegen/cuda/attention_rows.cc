// contraction -> row ops -> contraction for one row of queries at a time: the threads of a block compute its scores,
// run the row program on them in place, and each add up some columns of the result. The scores stay in the block's
// workspace.
#include "compiler/codegen/cuda/attention.h"
#include "compiler/codegen/point/attention_region.h"
#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

// One operand of a sum: where its first element is, and how far apart the others are.
struct Factor {
  Value pointer;
  DType dtype;
  Dim stride;
};

Value Element(KernelBuilder &k, const Factor &factor, Value i) {
  Value at = k.ElementPointer(factor.pointer, StorageType(k.b.getContext(), factor.dtype), k.MulDim(i, factor.stride));
  return k.Load(at, factor.dtype, 1, nullptr);
}

// A thread's sum in `accumulator`'s type. The schedule's sum_length terms are added up at a time: the error of a sum
// grows with its length.
Value SumOfProducts(KernelBuilder &k, const Dim &count, const Factor &x, const Factor &y, DType accumulator) {
  Type type = ComputeType(k.b.getContext(), accumulator);
  Value zero = k.Zero(type, 1), end = k.Size(count), length = k.Constant(k.schedule.sum_length);
  bool is_float = isa<FloatType>(type);
  auto add = [&](Value a, Value b) -> Value {
    return is_float ? Value(arith::AddFOp::create(k.b, a, b)) : Value(arith::AddIOp::create(k.b, a, b));
  };
  return k.ForReduce(k.Constant(0), end, length, {zero}, [&](Value begin, ValueRange total) -> SmallVector<Value> {
    Value stop = k.Min(k.Add(begin, length), end);
    Value sum = k.ForReduce(begin, stop, k.Constant(1), {zero}, [&](Value i, ValueRange part) -> SmallVector<Value> {
      Value a = Element(k, x, i), b = Element(k, y, i);
      return {MultiplyAdd(k, a, b, part[0])};
    })[0];
    return {add(total[0], sum)};
  })[0];
}

class AttentionEmitter : AttentionRegion {
 public:
  explicit AttentionEmitter(KernelBuilder &k)
      : AttentionRegion(k.source), k_(k), threads_(BlockThreads(k)), accumulator_(AccumulatorType(dtype)) {}

  KernelInfo Emit() {
    RowProgram program(k_, space, row_ops, {values.getX()}, &threads_);
    Dim score_bytes = RowProgram::RowBytes(keys);
    scores_at_ = k_.workspace;
    Value staging = k_.BytePointer(scores_at_, k_.Size(score_bytes));
    Value query = k_.Urem(k_.tile_begin, k_.Size(queries)), batch_index = k_.Udiv(k_.tile_begin, k_.Size(queries));
    outer_.resize(batch);
    k_.Delinearize(batch_index, space, 0, batch, outer_);
    outer_.push_back(query);

    EmitScores();
    // A thread reads and writes the scores that it computed: nobody waits yet.
    DenseMap<Value, Value> memory;
    memory[scores.getResult()] = scores_at_;
    program.Emit(outer_, staging, memory, [&](Value value, PointEmitter &emitter) {
      k_.Store(emitter.At(value), ScoreAt(emitter.where().index.back()), accumulator_, 1, nullptr);
    });
    Barrier(k_);
    EmitColumns();
    // The next row's scores go where this one's are.
    Barrier(k_);

    Dim rows = NumElements(Dims(space.begin(), space.begin() + batch)) * queries;
    return {rows, rows * keys * ((depth + columns) * Dim(2) + Dim(CostPerElement(k_))),
            score_bytes + RowProgram::RowBytes(keys) * Dim(program.StagedRows())};
  }

 private:
  Type Element(DType dtype) { return StorageType(k_.b.getContext(), dtype); }
  Value ScoreAt(Value key) { return k_.ElementPointer(scores_at_, Element(accumulator_), key); }

  // The first `count` axes of a view at this tile.
  Value PointerAt(const Access &access, size_t count) {
    StridedView view{access.view.offset, Dims(access.view.dims.begin(), access.view.dims.begin() + count),
                     Dims(access.view.strides.begin(), access.view.strides.begin() + count)};
    Point corner;
    corner.index.assign(outer_.begin(), outer_.begin() + count);
    return k_.ElementPointer(k_.Buffer(access.buffer), Element(dtype), k_.OffsetOf(view, corner));
  }

  // Calls body(i) for the thread's part of [0, count).
  void Along(const Dim &count, llvm::function_ref<void(Value)> body) {
    k_.ForRange(threads_.first, k_.Size(count), threads_.count, body);
  }

  void EmitScores() {
    Access query = AccessOf(scores.getX()), key_access = AccessOf(scores.getY());
    Factor x{PointerAt(query, batch + 1), dtype, query.view.strides.back()};
    Value first_key = PointerAt(key_access, batch);
    Along(keys, [&](Value key) {
      Value at = k_.ElementPointer(first_key, Element(dtype), k_.MulDim(key, key_access.view.strides[batch + 1]));
      Factor y{at, dtype, key_access.view.strides[batch]};
      k_.Store(SumOfProducts(k_, query.view.dims.back(), x, y, accumulator_), ScoreAt(key), accumulator_, 1, nullptr);
    });
  }

  void EmitColumns() {
    Access value_access = AccessOf(values.getY());
    Factor x{scores_at_, accumulator_, 1};
    Value first_column = PointerAt(value_access, batch);
    Along(columns, [&](Value column) {
      Value at =
          k_.ElementPointer(first_column, Element(dtype), k_.MulDim(column, value_access.view.strides[batch + 1]));
      Factor y{at, dtype, value_access.view.strides[batch]};
      Point point;
      point.index = outer_;
      point.index.push_back(column);
      PointEmitter emitter(k_, point);
      emitter.Set(values.getResult(), SumOfProducts(k_, keys, x, y, accumulator_));
      StoreResults(k_, emitter);
    });
  }

  KernelBuilder &k_;
  RowThreads threads_;
  DType accumulator_;
  SmallVector<Value> outer_;  // batch axes and the query
  Value scores_at_;
};

}  // namespace

KernelInfo EmitAttentionRows(KernelBuilder &k) {
  return OverTiles(k, TilesOf::Blocks, [&] { return AttentionEmitter(k).Emit(); });
}

}  // namespace ingot::compiler::cuda
