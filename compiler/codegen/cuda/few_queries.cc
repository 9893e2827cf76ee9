// Attention of few queries, which is as fast as keys and values come from memory (caches may be read in place): a block
// to a query. Its threads are in groups, each of which goes through keys of its own and reads their elements, and those
// of their values, side by side; what the groups have found is put together at the end. Keys are not divided among
// blocks: few heads keep few multiprocessors busy.
#include "compiler/codegen/cuda/attention.h"
#include "compiler/codegen/cuda/contract_operands.h"
#include "compiler/codegen/cuda/online_soft_max.h"
#include "compiler/codegen/point/kernel_parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

// Columns of a thread; of a group at least so many threads, so that shared memory holds what the groups have.
constexpr int64_t kMostColumns = 8, kSmallestGroup = 8;

// How a block's threads go about keys: groups, threads of a group, columns of a thread.
struct Groups {
  Groups(const SoftMaxRegion &region, int64_t all_threads) {
    int64_t all_columns = region.columns.constant().value_or(0);
    while (threads * kMostColumns < all_columns) threads *= 2;
    while (threads * columns < all_columns) columns *= 2;
    count = all_threads / threads;
  }
  // Largest score, sum of weights, weighed values.
  int64_t Length() const { return 2 + threads * columns; }

  int64_t count, threads = kSmallestGroup, columns = 1;
};

class FewQueriesEmitter {
 public:
  FewQueriesEmitter(KernelBuilder &k, SoftMaxRegion region, Value shared)
      : k_(k),
        region_(region),
        groups_(region, k.schedule.threads),
        soft_max_(k, region),
        scores_(k, region.scores, region.space),
        values_(k, region.values, TypeOf(region.values.getResult()).dims),
        shared_(shared) {}

  Dim Emit() {
    Dim blocks = scores_.batches * region_.queries;
    ForBlocks(k_, k_.Size(blocks), [&](Value block) {
      Value query = k_.Urem(block, k_.Size(region_.queries)), batch = k_.Udiv(block, k_.Size(region_.queries));
      soft_max_.SetBatch(batch);
      PutGroup(GoThroughKeys(batch, query));
      Barrier(k_);
      Store(batch, query);
      // Before the next query's groups write there.
      Barrier(k_);
    });
    return blocks;
  }

 private:
  SmallVector<Value> GoThroughKeys(Value batch, Value query) {
    Matrix q = scores_.Left(batch), keys = scores_.Right(batch), values = values_.Right(batch);
    Value thread = ThreadNumber(k_), lane = k_.Urem(thread, k_.Constant(groups_.threads)),
          group = k_.Udiv(thread, k_.Constant(groups_.threads)), query_offset = q.line_offset(query);
    SmallVector<Value> start(2 + groups_.columns, soft_max_.Real(0));
    start[0] = soft_max_.Real(-std::numeric_limits<double>::infinity());
    // All groups of a warp take the same number of steps: they exchange what they have.
    Value steps = k_.Size(Dim::CeilDiv(region_.keys, groups_.count)),
          last = k_.Sub(k_.Size(region_.keys), k_.Constant(1));
    return k_.ForReduce(k_.Constant(0), steps, k_.Constant(1), start, [&](Value step, ValueRange carried) {
      Value key = k_.Add(k_.Mul(step, k_.Constant(groups_.count)), group), there = k_.Min(key, last);
      Value sum = Dot(q, query_offset, keys, keys.line_offset(there), lane);
      Value score = soft_max_.ScoreAt(query, key, sum);
      SmallVector<Value> next(carried.begin(), carried.end());
      next[0] = soft_max_.Max(carried[0], score);
      Value below = soft_max_.Below(next[0]), scale = soft_max_.ExpOfDifference(carried[0], below),
            weight = soft_max_.ExpOfDifference(score, below);
      next[1] = soft_max_.MultiplyAdd(carried[1], scale, weight);
      SmallVector<Value> row = LoadColumns(values, values.depth_offset(there), lane);
      // The last key's values are not another's: 0 times infinity is no number.
      for (Value &value : row)
        value = arith::SelectOp::create(k_.b, k_.Less(key, k_.Size(region_.keys)), value, soft_max_.Real(0));
      for (int64_t c = 0; c < groups_.columns; ++c)
        next[2 + c] = soft_max_.MultiplyAdd(carried[2 + c], scale, soft_max_.Multiply(weight, row[c]));
      return next;
    });
  }

  // The product of the query and a key; every thread of the group has it.
  Value Dot(const Matrix &q, Value query_offset, const Matrix &keys, Value key_offset, Value lane) {
    bool is_vector = q.is_depth_minor && keys.is_depth_minor && q.run > 1 && keys.run > 1;
    int64_t width = is_vector ? ChunkOf(region_.dtype) : 1;
    Value first = k_.Mul(lane, k_.Constant(width)), step = k_.Constant(groups_.threads * width);
    Value sum = k_.ForReduce(first, k_.Size(region_.depth), step, {soft_max_.Real(0)},
                             [&](Value depth, ValueRange carried) -> SmallVector<Value> {
                               SmallVector<Value> x = Load(q, k_.Add(query_offset, q.depth_offset(depth)), width),
                                                  y = Load(keys, k_.Add(key_offset, keys.depth_offset(depth)), width);
                               Value total = carried[0];
                               for (int64_t i = 0; i < width; ++i) total = soft_max_.MultiplyAdd(x[i], y[i], total);
                               return {total};
                             })[0];
    for (int64_t distance = groups_.threads / 2; distance >= 1; distance /= 2)
      sum = soft_max_.Add(sum, ExchangeWithin(k_, sum, distance));
    return sum;
  }

  // So many elements, which lie side by side.
  SmallVector<Value> Load(const Matrix &matrix, Value offset, int64_t width) {
    int lanes = static_cast<int>(width);
    Value place = k_.ElementPointer(matrix.pointer, StorageType(k_.b.getContext(), matrix.dtype), offset);
    Value loaded = k_.Load(place, matrix.dtype, lanes, nullptr, lanes);
    if (width == 1) return {loaded};
    SmallVector<Value> elements;
    for (int64_t i = 0; i < width; ++i)
      elements.push_back(vector::ExtractOp::create(k_.b, loaded, ArrayRef<int64_t>{i}));
    return elements;
  }

  // The thread's columns of a row of values. Those that are not there repeat the first: nobody reads them again.
  SmallVector<Value> LoadColumns(const Matrix &values, Value row, Value lane) {
    int64_t chunk = ChunkOf(region_.dtype);
    bool is_vector = !values.is_depth_minor && values.run > 1 && groups_.columns % chunk == 0;
    int64_t width = is_vector ? chunk : 1;
    SmallVector<Value> all;
    for (int64_t c = 0; c < groups_.columns; c += width) {
      Value column = k_.Add(k_.Mul(lane, k_.Constant(groups_.columns)), k_.Constant(c));
      column = arith::SelectOp::create(k_.b, k_.Less(column, k_.Size(region_.columns)), column, k_.Constant(0));
      llvm::append_range(all, Load(values, k_.Add(row, values.line_offset(column)), width));
    }
    return all;
  }

  Value GroupAt(Value group, Value i) {
    return k_.ElementPointer(shared_, k_.b.getF32Type(), k_.Add(k_.Mul(group, k_.Constant(groups_.Length())), i));
  }

  void PutGroup(ArrayRef<Value> found) {
    Value thread = ThreadNumber(k_), lane = k_.Urem(thread, k_.Constant(groups_.threads)),
          group = k_.Udiv(thread, k_.Constant(groups_.threads));
    auto put = [&](Value value, Value i) { k_.Store(value, GroupAt(group, i), DType::kF32, 1, nullptr); };
    k_.IfThen(arith::CmpIOp::create(k_.b, arith::CmpIPredicate::eq, lane, k_.Constant(0)), [&] {
      put(found[0], k_.Constant(0));
      put(found[1], k_.Constant(1));
    });
    for (int64_t c = 0; c < groups_.columns; ++c)
      put(found[2 + c], k_.Add(k_.Mul(lane, k_.Constant(groups_.columns)), k_.Constant(2 + c)));
  }

  // A thread to a column: the groups' sums, scaled to the largest score of all.
  void Store(Value batch, Value query) {
    auto get = [&](int64_t group, Value i) { return k_.Load(GroupAt(k_.Constant(group), i), DType::kF32, 1, nullptr); };
    k_.ForRange(ThreadNumber(k_), k_.Size(region_.columns), k_.Constant(k_.schedule.threads), [&](Value column) {
      Value largest = get(0, k_.Constant(0));
      for (int64_t group = 1; group < groups_.count; ++group)
        largest = soft_max_.Max(largest, get(group, k_.Constant(0)));
      Value below = soft_max_.Below(largest), sum = soft_max_.Real(0), weighed = sum;
      for (int64_t group = 0; group < groups_.count; ++group) {
        Value scale = soft_max_.ExpOfDifference(get(group, k_.Constant(0)), below);
        sum = soft_max_.MultiplyAdd(get(group, k_.Constant(1)), scale, sum);
        weighed = soft_max_.MultiplyAdd(get(group, k_.Add(column, k_.Constant(2))), scale, weighed);
      }
      PointEmitter emitter(k_, values_.At(batch, query, column, 1));
      emitter.Set(region_.values->getResult(0), soft_max_.Quotient(weighed, sum));
      StoreResults(k_, emitter);
    });
  }

  KernelBuilder &k_;
  SoftMaxRegion region_;
  Groups groups_;
  OnlineSoftMax soft_max_;
  ContractOperands scores_, values_;
  Value shared_;
};

}  // namespace

int64_t FewQueriesBytes(KernelBuilder &k, const SoftMaxRegion &region) {
  Groups groups(region, k.schedule.threads);
  return groups.count * groups.Length() * ElementBytes(DType::kF32);
}

Dim EmitFewQueries(KernelBuilder &k, SoftMaxRegion region, Value shared) {
  return FewQueriesEmitter(k, region, shared).Emit();
}

}  // namespace ingot::compiler::cuda
