// Element-wise and index ops, and updates: rows of the space, vectors along the last axis.
#include "compiler/codegen/cpu/kernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler {

// Calls emit_at(index, width, lanes) for all vectors of the space; `cost` is one element's.
static KernelInfo ForSpace(KernelBuilder &k, const Dims &space, int64_t cost,
                           llvm::function_ref<void(ArrayRef<Value>, int, Value)> emit_at) {
  if (space.empty()) {
    k.IfThen(k.Less(k.tile_begin, k.tile_end), [&] { emit_at({}, 1, nullptr); });
    return {1, cost, 0};
  }
  Dims outer(space.begin(), space.end() - 1);
  Dim length = space.back(), rows = NumElements(outer);
  int width = VectorWidthFor(k, length);
  if (outer.empty()) {
    // One row: tiles are pieces of it.
    Value size = k.Constant(k.schedule.tile_elements), total = k.Size(length);
    auto at = [&](Value j, Value lanes) { emit_at({j}, width, lanes); };
    if (auto constant = length.constant(); constant && *constant <= k.schedule.tile_elements) {
      k.ForRange(k.tile_begin, k.tile_end, k.Constant(1),
                 [&](Value) { ForVectors(k, k.Constant(0), total, constant, width, at); });
    } else {
      Value begin = k.Mul(k.tile_begin, size), end = k.Min(k.Mul(k.tile_end, size), total);
      ForVectors(k, begin, end, std::nullopt, width, at);
    }
    return {Dim::CeilDiv(length, k.schedule.tile_elements), length * Dim(cost), 0};
  }
  Dim rows_per_tile = RowsPerTileFor(k, length);
  Value per = k.Size(rows_per_tile), begin = k.Mul(k.tile_begin, per),
        end = k.Min(k.Mul(k.tile_end, per), k.Size(rows));
  k.ForRange(begin, end, k.Constant(1), [&](Value row) {
    SmallVector<Value> index(space.size());
    k.Delinearize(row, space, 0, outer.size(), index);
    ForVectors(k, k.Constant(0), k.Size(length), length.constant(), width, [&](Value j, Value lanes) {
      index.back() = j;
      emit_at(index, width, lanes);
    });
  });
  return {Dim::CeilDiv(rows, rows_per_tile), rows * length * Dim(cost), 0};
}

static Point PointAt(ArrayRef<Value> index, int width, Value lanes) {
  Point point;
  point.index.assign(index.begin(), index.end());
  point.width = width;
  point.lanes = lanes;
  return point;
}

// The axis along which an operand lies element by element where that is not the last one: it is read across.
static std::optional<size_t> AxisReadAcross(KernelBuilder &k, const Dims &space) {
  for (Operation &op : k.body())
    for (Value operand : op.getOperands()) {
      auto view = operand.getDefiningOp<ir::ViewOp>();
      if (!view) continue;
      StridedView at = ViewOf(view);
      if (at.dims.size() != space.size() || space.empty() || at.strides.back().Is(0) || at.strides.back().Is(1))
        continue;
      for (size_t axis = 0; axis + 1 < space.size(); ++axis)
        if (at.strides[axis].Is(1) && !space[axis].Is(1)) return axis;
    }
  return std::nullopt;
}

// The same as ForSpace, for few indices of `across` at a time: neighbours of an element along it share its cache line,
// which would be gone by the time a whole row has been read.
static KernelInfo ForSpaceAcross(KernelBuilder &k, const Dims &space, size_t across, int64_t cost,
                                 llvm::function_ref<void(ArrayRef<Value>, int, Value)> emit_at) {
  constexpr int64_t kLines = 16;
  int64_t chunk = k.schedule.tile_elements / kLines;
  Dim length = space.back(), chunks = Dim::CeilDiv(length, chunk), blocks = Dim::CeilDiv(space[across], kLines);
  Dims others(space.begin(), space.end() - 1);
  others.erase(others.begin() + across);
  Dim pieces = NumElements(others) * chunks * blocks;
  Dim per_tile = Dim::Max(1, Dim::FloorDiv(chunk, Dim::Max(1, length)));
  Value per = k.Size(per_tile), begin = k.Mul(k.tile_begin, per), end = k.Min(k.Mul(k.tile_end, per), k.Size(pieces));
  k.ForRange(begin, end, k.Constant(1), [&](Value piece) {
    Value block = k.Urem(piece, k.Size(blocks)), rest = k.Udiv(piece, k.Size(blocks));
    SmallVector<Value> index(others.size());
    k.Delinearize(k.Udiv(rest, k.Size(chunks)), others, 0, others.size(), index);
    index.insert(index.begin() + across, Value());
    index.push_back(Value());
    auto part = [&](Value number, int64_t size, const Dim &whole) {
      Value from = k.Mul(number, k.Constant(size));
      return std::pair(from, k.Min(k.Add(from, k.Constant(size)), k.Size(whole)));
    };
    auto [first, last] = part(block, kLines, space[across]);
    auto [from, to] = part(k.Urem(rest, k.Size(chunks)), chunk, length);
    int width = VectorWidthFor(k, length);
    ForVectors(k, from, to, std::nullopt, width, [&, first = first, last = last](Value j, Value lanes) {
      index.back() = j;
      k.ForRange(first, last, k.Constant(1), [&](Value i) {
        index[across] = i;
        emit_at(index, width, lanes);
      });
    });
  });
  return {Dim::CeilDiv(pieces, per_tile), NumElements(space) * Dim(cost), 0};
}

KernelInfo EmitLoopKernel(KernelBuilder &k) {
  Dims space = SpaceOf(k);
  auto emit_at = [&](ArrayRef<Value> index, int width, Value lanes) {
    PointEmitter emitter(k, PointAt(index, width, lanes));
    StoreResults(k, emitter);
  };
  if (std::optional<size_t> across = AxisReadAcross(k, space))
    return ForSpaceAcross(k, space, *across, CostPerElement(k), emit_at);
  return ForSpace(k, space, CostPerElement(k), emit_at);
}

// The result holds the first operand already (compiler/emit/program_plan.cc): the second is written into it.
KernelInfo EmitUpdateKernel(KernelBuilder &k) {
  ir::DynamicUpdateOp op = *k.body().getOps<ir::DynamicUpdateOp>().begin();
  size_t axis = static_cast<size_t>(op.getAxis());
  Value start = UpdateStart(k, op);
  return ForSpace(k, SpaceOf(k), CostPerElement(k), [&](ArrayRef<Value> index, int width, Value lanes) {
    Point from = PointAt(index, width, lanes), to = from;
    to.index[axis] = k.Add(to.index[axis], start);
    k.StoreContiguous(PointEmitter(k, from).At(op.getY()), op.getResult(), to);
  });
}

}  // namespace ingot::compiler
