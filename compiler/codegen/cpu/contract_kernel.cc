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
  explicit ContractEmitter(KernelBuilder &k) : k(k), space(SpaceOf(k)) {
    for (Operation &op : k.body())
      if (auto found = dyn_cast<ir::ContractOp>(op)) contract = found;
    batch = contract.getBatch();
    row_axes = contract.getRows();
    size_t depth_axes = contract.getDepth();
    left = AccessOf(contract.getX());
    right = AccessOf(contract.getY());
    micro.dtype = TypeOf(contract.getX()).dtype;
    micro.panel_d_type = contract.getPanels() ? micro.dtype : AccumulatorType(micro.dtype);
    size_t first_depth = batch + row_axes;
    micro.depth = Dims(left.view.dims.begin() + first_depth, left.view.dims.begin() + first_depth + depth_axes);
    micro.strides = Dims(left.view.strides.begin() + first_depth, left.view.strides.end());
    depth = NumElements(micro.depth);
    columns = space.back();
    rows = NumElements(Dims(space.begin() + batch, space.end() - 1));
    panels = Dim::CeilDiv(columns, k.schedule.panel_width);
    tile_panels = static_cast<int>(k.schedule.tile_panels);
    micro.tile = RegisterTileFor(k.target, tile_panels);
  }

  KernelInfo emit() {
    Dim batches = NumElements(Dims(space.begin(), space.begin() + batch));
    Dim column_blocks = Dim::CeilDiv(panels, tile_panels), row_blocks = Dim::CeilDiv(rows, k.schedule.tile_rows);
    DType accumulator = AccumulatorType(micro.dtype);
    Type element = StorageType(k.b.getContext(), accumulator);
    int64_t widest = std::max(micro.tile.rows * micro.tile.panels, FewRows(k.target, tile_panels) * tile_panels) *
                     k.schedule.panel_width;
    sums = k.scratch(element, widest);
    k.ForRange(k.tile_begin, k.tile_end, k.constant(1), [&](Value tile) {
      Value column_block = k.urem(tile, k.dim(column_blocks)), rest = k.udiv(tile, k.dim(column_blocks));
      Value row_block = k.urem(rest, k.dim(row_blocks)), batch_index = k.udiv(rest, k.dim(row_blocks));
      EmitTile(batch_index, row_block, column_block);
    });
    Dim workspace =
        contract.getPanels() ? Dim(0) : depth * Dim(tile_panels * k.schedule.panel_width * ElementBytes(accumulator));
    Dim elements = batches * rows * columns;
    return {batches * row_blocks * column_blocks, elements * (depth * Dim(2) + Dim(CostPerElement(k))), workspace};
  }

 private:
  // The row axes' part of an index.
  void PlaceRow(Value row, SmallVectorImpl<Value> &index) {
    SmallVector<Value> parts(row_axes);
    k.delinearize(row, Dims(space.begin() + batch, space.end() - 1), 0, row_axes, parts);
    index.append(parts);
  }

  void EmitTile(Value batch_index, Value row_block, Value column_block) {
    Type left_element = StorageType(k.b.getContext(), micro.dtype),
         panel_element = StorageType(k.b.getContext(), micro.panel_d_type);
    SmallVector<Value> batch_at(batch);
    k.delinearize(batch_index, space, 0, batch, batch_at);
    Value begin = k.mul(row_block, k.constant(k.schedule.tile_rows)),
          end = k.min(k.add(begin, k.constant(k.schedule.tile_rows)), k.dim(rows));
    Value first_panel = k.mul(column_block, k.constant(tile_panels)),
          panel_count = k.min(k.constant(tile_panels), k.sub(k.dim(panels), first_panel));
    Value panel_base, panel_elements = k.mul(k.dim(depth), k.constant(k.schedule.panel_width));
    if (contract.getPanels()) {
      panel_base = k.ElementPointer(k.buffer(right.buffer), panel_element, k.mul(first_panel, panel_elements));
    } else {
      Point corner;
      corner.index = batch_at;
      StridedView batch_view{right.view.offset, Dims(right.view.dims.begin(), right.view.dims.begin() + batch),
                             Dims(right.view.strides.begin(), right.view.strides.begin() + batch)};
      Value from = k.ElementPointer(k.buffer(right.buffer), left_element, k.OffsetOf(batch_view, corner));
      Dims strides(right.view.strides.begin() + batch, right.view.strides.end() - 1);
      EmitPack(k, from, micro.dtype, micro.depth, strides, right.view.strides.back(), k.dim(columns),
               k.mul(first_panel, k.constant(k.schedule.panel_width)), panel_count, k.workspace);
      panel_base = k.workspace;
    }
    Value left_base = k.buffer(left.buffer);
    // Rows [from, to) of `count` panels from `at` on, computed together.
    auto block = [&](Value at, int count, Value from, Value to, int max_rows, int min_rest) {
      Microkernel::Callbacks callbacks;
      callbacks.row = [&](Value row) {
        Point point;
        point.index = batch_at;
        PlaceRow(row, point.index);
        StridedView view{left.view.offset, Dims(left.view.dims.begin(), left.view.dims.begin() + batch + row_axes),
                         Dims(left.view.strides.begin(), left.view.strides.begin() + batch + row_axes)};
        return k.ElementPointer(left_base, left_element, k.OffsetOf(view, point));
      };
      callbacks.panel = [&](int p) {
        return k.ElementPointer(panel_base, panel_element, k.mul(k.add(at, k.constant(p)), panel_elements));
      };
      if (contract.getPanels())
        callbacks.prefetch = [&](Value number) {
          // Weights lie in the order of use: behind this tile's panels are the next tile's, or the next contraction's.
          Value next = k.ElementPointer(panel_base, panel_element, k.mul(panel_count, panel_elements));
          return k.BytePointer(next, k.mul(number, k.dim(micro.PrefetchBytes())));
        };
      int64_t stride = count * k.schedule.panel_width;
      DType accumulator = AccumulatorType(micro.dtype);
      Type element = StorageType(k.b.getContext(), accumulator);
      callbacks.sum = [&](Value, int i, int column) {
        return k.ElementPointer(sums, element, k.constant(i * stride + column));
      };
      callbacks.after = [&](Value first, Value row_count) {
        Value column = k.mul(k.add(first_panel, at), k.constant(k.schedule.panel_width));
        k.ForRange(k.constant(0), row_count, k.constant(1), [&](Value i) {
          EmitEpilogue(batch_at, k.add(first, i), k.ElementPointer(sums, element, k.mul(i, k.constant(stride))), column,
                       count);
        });
      };
      micro.emit(k, from, to, count, max_rows, callbacks, min_rest);
    };
    // All panels of the tile, `together` at a time and then singly.
    auto over_panels = [&](int together, Value from, Value to, int rows_together, int rows_singly, int min_rest) {
      Value whole = k.mul(k.udiv(panel_count, k.constant(together)), k.constant(together));
      bool exact = panels.constant() && *panels.constant() % tile_panels == 0 && tile_panels % together == 0;
      k.ForRange(k.constant(0), exact ? k.constant(tile_panels) : whole, k.constant(together),
                 [&](Value at) { block(at, together, from, to, rows_together, min_rest); });
      if (!exact && together > 1)
        k.ForRange(whole, panel_count, k.constant(1), [&](Value at) { block(at, 1, from, to, rows_singly, min_rest); });
    };
    int few = FewRows(k.target, tile_panels), most = micro.tile.rows, singly = RegisterTileFor(k.target, 1).rows;
    if (few == 0) return over_panels(micro.tile.panels, begin, end, most, singly, 1);
    // The last rows, if they are few, with all panels at once.
    Value rest = k.urem(k.sub(end, begin), k.constant(most));
    Value is_few = k.less(rest, k.constant(few + 1)),
          main = arith::SelectOp::create(k.b, is_few, k.sub(end, rest), end);
    over_panels(micro.tile.panels, begin, main, most, singly, few + 1);
    k.IfThen(k.less(main, end), [&] { over_panels(tile_panels, main, end, few, few, 1); });
  }

  // Everything after the contraction, for one row of `count` panels.
  void EmitEpilogue(ArrayRef<Value> batch_at, Value row, Value from, Value column, int count) {
    int width = k.target.vector_width;
    DType accumulator = AccumulatorType(micro.dtype);
    Type element = StorageType(k.b.getContext(), accumulator);
    auto piece = [&](int64_t offset, Value lanes) {
      Point point;
      point.index.assign(batch_at.begin(), batch_at.end());
      PlaceRow(row, point.index);
      point.index.push_back(k.add(column, k.constant(offset)));
      point.width = width;
      point.lanes = lanes;
      PointEmitter emitter(k, point);
      emitter.set(contract.getResult(),
                  k.load(k.ElementPointer(from, element, k.constant(offset)), accumulator, width, nullptr));
      StoreResults(k, emitter);
    };
    int64_t total = count * k.schedule.panel_width;
    std::optional<int64_t> known = columns.constant();
    bool whole = known && *known % k.schedule.panel_width == 0;
    auto all = [&] {
      for (int64_t offset = 0; offset < total; offset += width) piece(offset, nullptr);
    };
    if (whole) return all();
    Value valid = k.sub(k.dim(columns), column);
    Value full = k.less(k.constant(total - 1), valid);
    k.IfThen(full, all);
    k.IfThen(k.less(valid, k.constant(total)), [&] {
      for (int64_t offset = 0; offset < total; offset += width) {
        Value lanes = k.sub(valid, k.constant(offset));
        k.IfThen(k.less(k.constant(0), lanes), [&] { piece(offset, lanes); });
      }
    });
  }

  KernelBuilder &k;
  Dims space;
  ir::ContractOp contract;
  Access left, right;
  Microkernel micro;
  size_t batch = 0, row_axes = 0;
  Dim depth, columns, rows, panels;
  int tile_panels = 1;
  Value sums;
};

}  // namespace

KernelInfo EmitContractKernel(KernelBuilder &k) { return ContractEmitter(k).emit(); }

}  // namespace ingot::compiler
