// Element-wise and index ops: rows of the space, vectors along the last axis. Trailing axes that every view walks evenly are one long row.
#include "compiler/codegen/cpu/Kernels.h"

using namespace mlir;

namespace ingot::compiler {

// Elements that one tile should have: large enough to pay for a hand-off, small enough to share out.
static constexpr int64_t kTileElements = 8192;

// The first axis of the merged row: axes [result, rank) are walked as one.
static size_t mergedFrom(KernelBuilder &k, const Dims &space) {
  size_t first = space.size() - 1;
  std::vector<StridedView> views;
  for (Operation &op : k.body()) {
    if (isIndexOp(&op))
      return first;
    if (isa<ir::ViewOp, ir::ScalarOp>(op) || &op == k.returnOp())
      continue;
    for (Value operand : op.getOperands())
      views.push_back(accessOf(operand).view);
  }
  while (first > 0 && llvm::all_of(views, [&](const StridedView &view) { return isEvenlySpaced(view, first - 1, space.size()); }))
    --first;
  return first;
}

KernelInfo emitLoopKernel(KernelBuilder &k) {
  Dims space = spaceOf(k);
  auto emitAt = [&](ArrayRef<Value> outer, size_t merged, Value j, int width, Value lanes) {
    Point point;
    point.index.assign(outer.begin(), outer.end());
    if (!space.empty()) {
      // A merged row has its whole index on one axis: offsets come out the same.
      point.vectorAxis = static_cast<int>(mergedAxis(space, merged, space.size()));
      point.index.resize(space.size(), k.constant(0));
      point.index[point.vectorAxis] = j;
    }
    point.width = width;
    point.lanes = lanes;
    PointEmitter emitter(k, point);
    storeResults(k, emitter);
  };
  int64_t cost = costPerElement(k);
  if (space.empty()) {
    k.ifThen(k.less(k.tileBegin, k.tileEnd), [&] { emitAt({}, 0, nullptr, 1, nullptr); });
    return {1, cost, 0};
  }
  size_t merged = mergedFrom(k, space);
  Dim length = NumElements(Dims(space.begin() + merged, space.end())), rows = NumElements(Dims(space.begin(), space.begin() + merged));
  int width = vectorWidthFor(k, length);
  if (merged == 0) {
    // One row: tiles are pieces of it.
    Value size = k.constant(kTileElements), total = k.dim(length);
    if (auto constant = length.constant(); constant && *constant <= kTileElements) {
      k.forRange(k.tileBegin, k.tileEnd, k.constant(1), [&](Value) { forVectors(k, k.constant(0), total, constant, width, [&](Value j, Value lanes) { emitAt({}, merged, j, width, lanes); }); });
    } else {
      Value begin = k.mul(k.tileBegin, size), end = k.min(k.mul(k.tileEnd, size), total);
      forVectors(k, begin, end, std::nullopt, width, [&](Value j, Value lanes) { emitAt({}, merged, j, width, lanes); });
    }
    return {Dim::CeilDiv(length, kTileElements), length * Dim(cost), 0};
  }
  Dim rowsPerTile = Dim::Max(1, Dim::FloorDiv(kTileElements, length));
  Value per = k.dim(rowsPerTile), begin = k.mul(k.tileBegin, per), end = k.min(k.mul(k.tileEnd, per), k.dim(rows));
  k.forRange(begin, end, k.constant(1), [&](Value row) {
    SmallVector<Value> outer(merged);
    k.delinearize(row, space, 0, merged, outer);
    forVectors(k, k.constant(0), k.dim(length), length.constant(), width, [&](Value j, Value lanes) { emitAt(outer, merged, j, width, lanes); });
  });
  return {Dim::CeilDiv(rows, rowsPerTile), rows * length * Dim(cost), 0};
}

} // namespace ingot::compiler
