// Element-wise and index ops: rows of the space, vectors along the last axis.
#include "compiler/codegen/cpu/kernels.h"

using namespace mlir;

namespace ingot::compiler {

KernelInfo emitLoopKernel(KernelBuilder &k) {
  Dims space = spaceOf(k);
  int64_t cost = costPerElement(k);
  auto emitAt = [&](ArrayRef<Value> index, int width, Value lanes) {
    Point point;
    point.index.assign(index.begin(), index.end());
    point.width = width;
    point.lanes = lanes;
    PointEmitter emitter(k, point);
    storeResults(k, emitter);
  };
  if (space.empty()) {
    k.ifThen(k.less(k.tileBegin, k.tileEnd), [&] { emitAt({}, 1, nullptr); });
    return {1, cost, 0};
  }
  Dims outer(space.begin(), space.end() - 1);
  Dim length = space.back(), rows = NumElements(outer);
  int width = vectorWidthFor(k, length);
  if (outer.empty()) {
    // One row: tiles are pieces of it.
    Value size = k.constant(kTileElements), total = k.dim(length);
    auto at = [&](Value j, Value lanes) { emitAt({j}, width, lanes); };
    if (auto constant = length.constant(); constant && *constant <= kTileElements) {
      k.forRange(k.tileBegin, k.tileEnd, k.constant(1),
                 [&](Value) { forVectors(k, k.constant(0), total, constant, width, at); });
    } else {
      Value begin = k.mul(k.tileBegin, size), end = k.min(k.mul(k.tileEnd, size), total);
      forVectors(k, begin, end, std::nullopt, width, at);
    }
    return {Dim::CeilDiv(length, kTileElements), length * Dim(cost), 0};
  }
  Dim rowsPerTile = rowsPerTileFor(length);
  Value per = k.dim(rowsPerTile), begin = k.mul(k.tileBegin, per), end = k.min(k.mul(k.tileEnd, per), k.dim(rows));
  k.forRange(begin, end, k.constant(1), [&](Value row) {
    SmallVector<Value> index(space.size());
    k.delinearize(row, space, 0, outer.size(), index);
    forVectors(k, k.constant(0), k.dim(length), length.constant(), width, [&](Value j, Value lanes) {
      index.back() = j;
      emitAt(index, width, lanes);
    });
  });
  return {Dim::CeilDiv(rows, rowsPerTile), rows * length * Dim(cost), 0};
}

}  // namespace ingot::compiler
