// Reductions over the last axis (RowProgram), and reductions over other axes: there the vector runs along an axis that
// is kept.
#include "compiler/codegen/point/kernel_parts.h"
#include "compiler/codegen/point/kernels.h"
#include "compiler/codegen/point/row_program.h"
#include "compiler/fusion/region_planner.h"

using namespace mlir;

namespace ingot::compiler {

KernelInfo EmitRowKernel(KernelBuilder &k, const RowThreads *threads) {
  Dims space = SpaceOf(k), outer_dims(space.begin(), space.end() - 1);
  SmallVector<Operation *> ops;
  for (Operation &op : k.body())
    if (!isa<ir::ViewOp, ir::ScalarOp>(op) && &op != k.Terminator()) ops.push_back(&op);
  SmallVector<Value> sinks;
  for (Value result : k.Terminator()->getOperands())
    if (RowExtentOf(TypeOf(result).dims, space) == RowExtent::Full && !IsReduction(result.getDefiningOp()))
      sinks.push_back(result);
  RowProgram program(k, space, ops, sinks, threads);
  Dim rows = NumElements(outer_dims), per_tile = RowsPerTileFor(k, space.back());
  Value per = k.Size(per_tile), begin = k.Mul(k.tile_begin, per), end = k.Min(k.Mul(k.tile_end, per), k.Size(rows));
  k.ForRange(begin, end, k.Constant(1), [&](Value row) {
    SmallVector<Value> outer(outer_dims.size());
    k.Delinearize(row, outer_dims, 0, outer_dims.size(), outer);
    program.Emit(outer, k.workspace, DenseMap<Value, Value>(), [&](Value value, PointEmitter &emitter) {
      k.StoreContiguous(emitter.At(value), value, emitter.where());
    });
    auto store_scalars = [&] {
      for (Value result : k.Terminator()->getOperands()) {
        auto found = program.per_row.find(result);
        if (found == program.per_row.end()) continue;
        Point point;
        point.index = outer;
        if (TypeOf(result).dims.size() == space.size()) point.index.push_back(k.Constant(0));
        k.StoreContiguous(found->second, result, point);
      }
    };
    if (threads)
      threads->on_one(store_scalars);
    else
      store_scalars();
  });
  return {Dim::CeilDiv(rows, per_tile), rows * space.back() * Dim(CostPerElement(k)),
          RowProgram::RowBytes(space.back()) * Dim(program.StagedRows())};
}

KernelInfo EmitColumnKernel(KernelBuilder &k) {
  Operation *reduction = nullptr;
  for (Operation &op : k.body())
    if (IsReduction(&op)) reduction = &op;
  Value input = reduction->getOperand(0), result = reduction->getResult(0);
  Dims in = TypeOf(input).dims, out = TypeOf(result).dims;
  auto axes = reduction->getAttrOfType<DenseI64ArrayAttr>("axes").asArrayRef();
  bool keep_dims = reduction->getAttrOfType<BoolAttr>("keep_dims").getValue();
  // The vector axis is the last one of both input and result, or there is none.
  bool vectorized = !out.empty() && !llvm::is_contained(axes, static_cast<int64_t>(in.size()) - 1);
  int width = vectorized ? VectorWidthFor(k, out.back()) : 1;
  Dim length = vectorized ? out.back() : Dim(1);
  size_t outer_rank = vectorized ? out.size() - 1 : out.size();
  Dims outer_dims(out.begin(), out.begin() + outer_rank);
  Dim rows = NumElements(outer_dims), reduced = 1;
  for (int64_t axis : axes) reduced = reduced * in[axis];

  auto emit_at = [&](ArrayRef<Value> outer, Value j, Value lanes) {
    Point where;
    where.index.assign(outer.begin(), outer.end());
    if (vectorized) where.index.push_back(j);
    where.width = width;
    where.lanes = lanes;
    // Input index: kept axes from the result's point, reduced ones from the loops.
    SmallVector<Value> index(in.size());
    for (size_t axis = 0, at = 0; axis < in.size(); ++axis) {
      bool is_reduced = llvm::is_contained(axes, static_cast<int64_t>(axis));
      if (!is_reduced) index[axis] = where.index[at];
      if (!is_reduced || keep_dims) ++at;
    }
    // A sum of many terms is off by as many roundings. So every axis adds up what the axes inside it give, and a long
    // one does so piece by piece.
    const int64_t piece = k.schedule.sum_length;
    auto sum_over = [&](Value begin, Value end, int64_t step, llvm::function_ref<Value(Value)> term) {
      return k.ForReduce(begin, end, k.Constant(step), {ReductionStart(k, reduction, width)},
                         [&](Value i, ValueRange carried) -> SmallVector<Value> {
                           return {ReductionStep(k, reduction, carried[0], term(i), nullptr)};
                         })[0];
    };
    std::function<Value(size_t)> reduce = [&](size_t depth) -> Value {
      if (depth == axes.size()) {
        Point point = where;
        point.index = index;
        PointEmitter emitter(k, point);
        return emitter.At(input);
      }
      auto term = [&](Value i) {
        index[axes[depth]] = i;
        return reduce(depth + 1);
      };
      const Dim &size = in[axes[depth]];
      Value zero = k.Constant(0), end = k.Size(size);
      if (size.constant().value_or(piece + 1) <= piece) return sum_over(zero, end, 1, term);
      return sum_over(zero, end, piece, [&](Value begin) {
        return sum_over(begin, k.Min(k.Add(begin, k.Constant(piece)), end), 1, term);
      });
    };
    // A scalar has no axes: it is the only term.
    Value sum =
        axes.empty() ? ReductionStep(k, reduction, ReductionStart(k, reduction, width), reduce(0), nullptr) : reduce(0);
    PointEmitter emitter(k, where);
    emitter.Set(result, sum);
    StoreResults(k, emitter);
  };
  const int64_t block = k.schedule.tile_columns;
  Dim blocks = Dim::CeilDiv(length, block);
  k.ForRange(k.tile_begin, k.tile_end, k.Constant(1), [&](Value tile) {
    Value row = k.Udiv(tile, k.Size(blocks)), begin = k.Mul(k.Urem(tile, k.Size(blocks)), k.Constant(block));
    SmallVector<Value> outer(outer_rank);
    k.Delinearize(row, outer_dims, 0, outer_rank, outer);
    Value end = k.Min(k.Add(begin, k.Constant(block)), k.Size(length));
    bool whole = length.constant().value_or(1) % block == 0;
    ForVectors(k, begin, end, whole ? std::optional<int64_t>(block) : std::nullopt, width,
               [&](Value j, Value lanes) { emit_at(outer, j, lanes); });
  });
  return {rows * blocks, rows * length * reduced * Dim(CostPerElement(k)), 0};
}

}  // namespace ingot::compiler
