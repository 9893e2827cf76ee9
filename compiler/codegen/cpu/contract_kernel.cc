// One contraction with the element-wise ops on its result. A tile is one batch entry, some rows and a few panels of
// the right operand's columns. Sums go from registers to a small buffer, where the element-wise ops pick them up row by
// row while they are in the first-level cache.
#include "compiler/codegen/cpu/kernels.h"
#include "compiler/codegen/cpu/microkernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

class ContractEmitter {
 public:
  explicit ContractEmitter(KernelBuilder &k) : k(k), space(spaceOf(k)) {
    for (Operation &op : k.body())
      if (auto found = dyn_cast<ir::ContractOp>(op)) contract = found;
    batch = contract.getBatch();
    rowAxes = contract.getRows();
    size_t depthAxes = contract.getDepth();
    left = accessOf(contract.getX());
    right = accessOf(contract.getY());
    micro.dtype = typeOf(contract.getX()).dtype;
    micro.panelDType = contract.getPanels() ? micro.dtype : accumulatorType(micro.dtype);
    size_t firstDepth = batch + rowAxes;
    micro.depth = Dims(left.view.dims.begin() + firstDepth, left.view.dims.begin() + firstDepth + depthAxes);
    micro.strides = Dims(left.view.strides.begin() + firstDepth, left.view.strides.end());
    depth = NumElements(micro.depth);
    columns = space.back();
    rows = NumElements(Dims(space.begin() + batch, space.end() - 1));
    panels = Dim::CeilDiv(columns, k.schedule.panelWidth);
    tilePanels = static_cast<int>(k.schedule.tilePanels);
    micro.tile = registerTile(k.target, tilePanels);
  }

  KernelInfo emit() {
    Dim batches = NumElements(Dims(space.begin(), space.begin() + batch));
    Dim columnBlocks = Dim::CeilDiv(panels, tilePanels), rowBlocks = Dim::CeilDiv(rows, k.schedule.tileRows);
    DType accumulator = accumulatorType(micro.dtype);
    Type element = storageType(k.b.getContext(), accumulator);
    int64_t widest = std::max(micro.tile.rows * micro.tile.panels, fewRows(k.target, tilePanels) * tilePanels) *
                     k.schedule.panelWidth;
    sums = k.scratch(element, widest);
    k.forRange(k.tileBegin, k.tileEnd, k.constant(1), [&](Value tile) {
      Value columnBlock = k.urem(tile, k.dim(columnBlocks)), rest = k.udiv(tile, k.dim(columnBlocks));
      Value rowBlock = k.urem(rest, k.dim(rowBlocks)), batchIndex = k.udiv(rest, k.dim(rowBlocks));
      emitTile(batchIndex, rowBlock, columnBlock);
    });
    Dim workspace =
        contract.getPanels() ? Dim(0) : depth * Dim(tilePanels * k.schedule.panelWidth * elementBytes(accumulator));
    Dim elements = batches * rows * columns;
    return {batches * rowBlocks * columnBlocks, elements * (depth * Dim(2) + Dim(costPerElement(k))), workspace};
  }

 private:
  // The row axes' part of an index.
  void placeRow(Value row, SmallVectorImpl<Value> &index) {
    SmallVector<Value> parts(rowAxes);
    k.delinearize(row, Dims(space.begin() + batch, space.end() - 1), 0, rowAxes, parts);
    index.append(parts);
  }

  void emitTile(Value batchIndex, Value rowBlock, Value columnBlock) {
    Type leftElement = storageType(k.b.getContext(), micro.dtype),
         panelElement = storageType(k.b.getContext(), micro.panelDType);
    SmallVector<Value> batchAt(batch);
    k.delinearize(batchIndex, space, 0, batch, batchAt);
    Value begin = k.mul(rowBlock, k.constant(k.schedule.tileRows)),
          end = k.min(k.add(begin, k.constant(k.schedule.tileRows)), k.dim(rows));
    Value firstPanel = k.mul(columnBlock, k.constant(tilePanels)),
          panelCount = k.min(k.constant(tilePanels), k.sub(k.dim(panels), firstPanel));
    Value panelBase, panelElements = k.mul(k.dim(depth), k.constant(k.schedule.panelWidth));
    if (contract.getPanels()) {
      panelBase = k.elementPointer(k.buffer(right.buffer), panelElement, k.mul(firstPanel, panelElements));
    } else {
      Point corner;
      corner.index = batchAt;
      StridedView batchView{right.view.offset, Dims(right.view.dims.begin(), right.view.dims.begin() + batch),
                            Dims(right.view.strides.begin(), right.view.strides.begin() + batch)};
      Value from = k.elementPointer(k.buffer(right.buffer), leftElement, k.offsetOf(batchView, corner));
      Dims strides(right.view.strides.begin() + batch, right.view.strides.end() - 1);
      emitPack(k, from, micro.dtype, micro.depth, strides, right.view.strides.back(), k.dim(columns),
               k.mul(firstPanel, k.constant(k.schedule.panelWidth)), panelCount, k.workspace);
      panelBase = k.workspace;
    }
    Value leftBase = k.buffer(left.buffer);
    // Rows [from, to) of `count` panels from `at` on, computed together.
    auto block = [&](Value at, int count, Value from, Value to, int maxRows, int minRest) {
      Microkernel::Callbacks callbacks;
      callbacks.row = [&](Value row) {
        Point point;
        point.index = batchAt;
        placeRow(row, point.index);
        StridedView view{left.view.offset, Dims(left.view.dims.begin(), left.view.dims.begin() + batch + rowAxes),
                         Dims(left.view.strides.begin(), left.view.strides.begin() + batch + rowAxes)};
        return k.elementPointer(leftBase, leftElement, k.offsetOf(view, point));
      };
      callbacks.panel = [&](int p) {
        return k.elementPointer(panelBase, panelElement, k.mul(k.add(at, k.constant(p)), panelElements));
      };
      if (contract.getPanels())
        callbacks.prefetch = [&](Value number) {
          // Weights lie in the order of use: behind this tile's panels are the next tile's, or the next contraction's.
          Value next = k.elementPointer(panelBase, panelElement, k.mul(panelCount, panelElements));
          return k.bytePointer(next, k.mul(number, k.dim(micro.prefetchBytes())));
        };
      int64_t stride = count * k.schedule.panelWidth;
      DType accumulator = accumulatorType(micro.dtype);
      Type element = storageType(k.b.getContext(), accumulator);
      callbacks.sum = [&](Value, int i, int column) {
        return k.elementPointer(sums, element, k.constant(i * stride + column));
      };
      callbacks.after = [&](Value first, Value rowCount) {
        Value column = k.mul(k.add(firstPanel, at), k.constant(k.schedule.panelWidth));
        k.forRange(k.constant(0), rowCount, k.constant(1), [&](Value i) {
          emitEpilogue(batchAt, k.add(first, i), k.elementPointer(sums, element, k.mul(i, k.constant(stride))), column,
                       count);
        });
      };
      micro.emit(k, from, to, count, maxRows, callbacks, minRest);
    };
    // All panels of the tile, `together` at a time and then singly.
    auto overPanels = [&](int together, Value from, Value to, int rowsTogether, int rowsSingly, int minRest) {
      Value whole = k.mul(k.udiv(panelCount, k.constant(together)), k.constant(together));
      bool exact = panels.constant() && *panels.constant() % tilePanels == 0 && tilePanels % together == 0;
      k.forRange(k.constant(0), exact ? k.constant(tilePanels) : whole, k.constant(together),
                 [&](Value at) { block(at, together, from, to, rowsTogether, minRest); });
      if (!exact && together > 1)
        k.forRange(whole, panelCount, k.constant(1), [&](Value at) { block(at, 1, from, to, rowsSingly, minRest); });
    };
    int few = fewRows(k.target, tilePanels), most = micro.tile.rows, singly = registerTile(k.target, 1).rows;
    if (few == 0) return overPanels(micro.tile.panels, begin, end, most, singly, 1);
    // The last rows, if they are few, with all panels at once.
    Value rest = k.urem(k.sub(end, begin), k.constant(most));
    Value isFew = k.less(rest, k.constant(few + 1)), main = arith::SelectOp::create(k.b, isFew, k.sub(end, rest), end);
    overPanels(micro.tile.panels, begin, main, most, singly, few + 1);
    k.ifThen(k.less(main, end), [&] { overPanels(tilePanels, main, end, few, few, 1); });
  }

  // Everything after the contraction, for one row of `count` panels.
  void emitEpilogue(ArrayRef<Value> batchAt, Value row, Value from, Value column, int count) {
    int width = k.target.vectorWidth;
    DType accumulator = accumulatorType(micro.dtype);
    Type element = storageType(k.b.getContext(), accumulator);
    auto piece = [&](int64_t offset, Value lanes) {
      Point point;
      point.index.assign(batchAt.begin(), batchAt.end());
      placeRow(row, point.index);
      point.index.push_back(k.add(column, k.constant(offset)));
      point.width = width;
      point.lanes = lanes;
      PointEmitter emitter(k, point);
      emitter.set(contract.getResult(),
                  k.load(k.elementPointer(from, element, k.constant(offset)), accumulator, width, nullptr));
      storeResults(k, emitter);
    };
    int64_t total = count * k.schedule.panelWidth;
    std::optional<int64_t> known = columns.constant();
    bool whole = known && *known % k.schedule.panelWidth == 0;
    auto all = [&] {
      for (int64_t offset = 0; offset < total; offset += width) piece(offset, nullptr);
    };
    if (whole) return all();
    Value valid = k.sub(k.dim(columns), column);
    Value full = k.less(k.constant(total - 1), valid);
    k.ifThen(full, all);
    k.ifThen(k.less(valid, k.constant(total)), [&] {
      for (int64_t offset = 0; offset < total; offset += width) {
        Value lanes = k.sub(valid, k.constant(offset));
        k.ifThen(k.less(k.constant(0), lanes), [&] { piece(offset, lanes); });
      }
    });
  }

  KernelBuilder &k;
  Dims space;
  ir::ContractOp contract;
  Access left, right;
  Microkernel micro;
  size_t batch = 0, rowAxes = 0;
  Dim depth, columns, rows, panels;
  int tilePanels = 1;
  Value sums;
};

}  // namespace

KernelInfo emitContractKernel(KernelBuilder &k) { return ContractEmitter(k).emit(); }

}  // namespace ingot::compiler
