// Reductions over the last axis (RowProgram), and reductions over other axes: there the vector runs along an axis that
// is kept.
#include "compiler/codegen/cpu/kernels.h"
#include "compiler/codegen/cpu/row_program.h"
#include "compiler/fusion/region_planner.h"

using namespace mlir;

namespace ingot::compiler {

KernelInfo emitRowKernel(KernelBuilder &k) {
  Dims space = spaceOf(k), outerDims(space.begin(), space.end() - 1);
  SmallVector<Operation *> ops;
  for (Operation &op : k.body())
    if (!isa<ir::ViewOp, ir::ScalarOp>(op) && &op != k.returnOp()) ops.push_back(&op);
  SmallVector<Value> sinks;
  for (Value result : k.returnOp()->getOperands())
    if (rowExtent(typeOf(result).dims, space) == RowExtent::Full && !isReduction(result.getDefiningOp()))
      sinks.push_back(result);
  RowProgram program(k, space, ops, sinks);
  Dim rows = NumElements(outerDims), perTile = rowsPerTileFor(k, space.back());
  Value per = k.dim(perTile), begin = k.mul(k.tileBegin, per), end = k.min(k.mul(k.tileEnd, per), k.dim(rows));
  k.forRange(begin, end, k.constant(1), [&](Value row) {
    SmallVector<Value> outer(outerDims.size());
    k.delinearize(row, outerDims, 0, outerDims.size(), outer);
    program.emit(outer, k.workspace, DenseMap<Value, Value>(), [&](Value value, PointEmitter &emitter) {
      k.storeContiguous(emitter.at(value), value, emitter.where());
    });
    for (Value result : k.returnOp()->getOperands()) {
      auto found = program.perRow.find(result);
      if (found == program.perRow.end()) continue;
      Point point;
      point.index = outer;
      if (typeOf(result).dims.size() == space.size()) point.index.push_back(k.constant(0));
      k.storeContiguous(found->second, result, point);
    }
  });
  return {Dim::CeilDiv(rows, perTile), rows * space.back() * Dim(costPerElement(k)),
          RowProgram::rowBytes(space.back()) * Dim(program.stagedRows())};
}

KernelInfo emitColumnKernel(KernelBuilder &k) {
  Operation *reduction = nullptr;
  for (Operation &op : k.body())
    if (isReduction(&op)) reduction = &op;
  Value input = reduction->getOperand(0), result = reduction->getResult(0);
  Dims in = typeOf(input).dims, out = typeOf(result).dims;
  auto axes = reduction->getAttrOfType<DenseI64ArrayAttr>("axes").asArrayRef();
  bool keepDims = reduction->getAttrOfType<BoolAttr>("keep_dims").getValue();
  // The vector axis is the last one of both input and result, or there is none.
  bool vectorized = !out.empty() && !llvm::is_contained(axes, static_cast<int64_t>(in.size()) - 1);
  int width = vectorized ? vectorWidthFor(k, out.back()) : 1;
  Dim length = vectorized ? out.back() : Dim(1);
  size_t outerRank = vectorized ? out.size() - 1 : out.size();
  Dims outerDims(out.begin(), out.begin() + outerRank);
  Dim rows = NumElements(outerDims), reduced = 1;
  for (int64_t axis : axes) reduced = reduced * in[axis];

  auto emitAt = [&](ArrayRef<Value> outer, Value j, Value lanes) {
    Point where;
    where.index.assign(outer.begin(), outer.end());
    if (vectorized) where.index.push_back(j);
    where.width = width;
    where.lanes = lanes;
    // Input index: kept axes from the result's point, reduced ones from the loops.
    SmallVector<Value> index(in.size());
    for (size_t axis = 0, at = 0; axis < in.size(); ++axis) {
      bool isReduced = llvm::is_contained(axes, static_cast<int64_t>(axis));
      if (!isReduced) index[axis] = where.index[at];
      if (!isReduced || keepDims) ++at;
    }
    // A sum of many terms is off by as many roundings. So every axis adds up what the axes inside it give, and a long
    // one does so piece by piece.
    const int64_t piece = k.schedule.sumLength;
    auto sumOver = [&](Value begin, Value end, int64_t step, llvm::function_ref<Value(Value)> term) {
      return k.forReduce(begin, end, k.constant(step), {reductionStart(k, reduction, width)},
                         [&](Value i, ValueRange carried) -> SmallVector<Value> {
                           return {reductionStep(k, reduction, carried[0], term(i), nullptr)};
                         })[0];
    };
    std::function<Value(size_t)> reduce = [&](size_t depth) -> Value {
      if (depth == axes.size()) {
        Point point = where;
        point.index = index;
        PointEmitter emitter(k, point);
        return emitter.at(input);
      }
      auto term = [&](Value i) {
        index[axes[depth]] = i;
        return reduce(depth + 1);
      };
      const Dim &size = in[axes[depth]];
      Value zero = k.constant(0), end = k.dim(size);
      if (size.constant().value_or(piece + 1) <= piece) return sumOver(zero, end, 1, term);
      return sumOver(zero, end, piece,
                     [&](Value begin) { return sumOver(begin, k.min(k.add(begin, k.constant(piece)), end), 1, term); });
    };
    // A scalar has no axes: it is the only term.
    Value sum =
        axes.empty() ? reductionStep(k, reduction, reductionStart(k, reduction, width), reduce(0), nullptr) : reduce(0);
    PointEmitter emitter(k, where);
    emitter.set(result, sum);
    storeResults(k, emitter);
  };
  const int64_t block = k.schedule.tileColumns;
  Dim blocks = Dim::CeilDiv(length, block);
  k.forRange(k.tileBegin, k.tileEnd, k.constant(1), [&](Value tile) {
    Value row = k.udiv(tile, k.dim(blocks)), begin = k.mul(k.urem(tile, k.dim(blocks)), k.constant(block));
    SmallVector<Value> outer(outerRank);
    k.delinearize(row, outerDims, 0, outerRank, outer);
    Value end = k.min(k.add(begin, k.constant(block)), k.dim(length));
    bool whole = length.constant().value_or(1) % block == 0;
    forVectors(k, begin, end, whole ? std::optional<int64_t>(block) : std::nullopt, width,
               [&](Value j, Value lanes) { emitAt(outer, j, lanes); });
  });
  return {rows * blocks, rows * length * reduced * Dim(costPerElement(k)), 0};
}

}  // namespace ingot::compiler
