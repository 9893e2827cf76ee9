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
  explicit ContractEmitter(KernelBuilder &k) : k_(k), space_(SpaceOf(k)) {
    for (Operation &op : k.body())
      if (auto found = dyn_cast<ir::ContractOp>(op)) contract_ = found;
    batch_ = contract_.getBatch();
    row_axes_ = contract_.getRows();
    size_t depth_axes = contract_.getDepth();
    left_ = AccessOf(contract_.getX());
    right_ = AccessOf(contract_.getY());
    micro_.dtype = TypeOf(contract_.getX()).dtype;
    micro_.panel_dtype = contract_.getPanels() ? micro_.dtype : AccumulatorType(micro_.dtype);
    size_t first_depth = batch_ + row_axes_;
    micro_.depth = Dims(left_.view.dims.begin() + first_depth, left_.view.dims.begin() + first_depth + depth_axes);
    micro_.strides = Dims(left_.view.strides.begin() + first_depth, left_.view.strides.end());
    depth_ = NumElements(micro_.depth);
    columns_ = space_.back();
    rows_ = NumElements(Dims(space_.begin() + batch_, space_.end() - 1));
    panels_ = Dim::CeilDiv(columns_, k.schedule.panel_width);
    tile_panels_ = static_cast<int>(k.schedule.tile_panels);
    micro_.tile = RegisterTileFor(k.target, tile_panels_);
  }

  KernelInfo Emit() {
    Dim batches = NumElements(Dims(space_.begin(), space_.begin() + batch_));
    Dim column_blocks = Dim::CeilDiv(panels_, tile_panels_), row_blocks = Dim::CeilDiv(rows_, k_.schedule.tile_rows);
    DType accumulator = AccumulatorType(micro_.dtype);
    Type element = StorageType(k_.b.getContext(), accumulator);
    int64_t widest = std::max(micro_.tile.rows * micro_.tile.panels, FewRows(k_.target, tile_panels_) * tile_panels_) *
                     k_.schedule.panel_width;
    sums_ = k_.Scratch(element, widest);
    k_.ForRange(k_.tile_begin, k_.tile_end, k_.Constant(1), [&](Value tile) {
      Value column_block = k_.Urem(tile, k_.Size(column_blocks)), rest = k_.Udiv(tile, k_.Size(column_blocks));
      Value row_block = k_.Urem(rest, k_.Size(row_blocks)), batch_index = k_.Udiv(rest, k_.Size(row_blocks));
      EmitTile(batch_index, row_block, column_block);
    });
    Dim workspace = contract_.getPanels()
                        ? Dim(0)
                        : depth_ * Dim(tile_panels_ * k_.schedule.panel_width * ElementBytes(accumulator));
    Dim elements = batches * rows_ * columns_;
    return {batches * row_blocks * column_blocks, elements * (depth_ * Dim(2) + Dim(CostPerElement(k_))), workspace};
  }

 private:
  // The row axes' part of an index.
  void PlaceRow(Value row, SmallVectorImpl<Value> &index) {
    SmallVector<Value> parts(row_axes_);
    k_.Delinearize(row, Dims(space_.begin() + batch_, space_.end() - 1), 0, row_axes_, parts);
    index.append(parts);
  }

  void EmitTile(Value batch_index, Value row_block, Value column_block) {
    Type left_element = StorageType(k_.b.getContext(), micro_.dtype),
         panel_element = StorageType(k_.b.getContext(), micro_.panel_dtype);
    SmallVector<Value> batch_at(batch_);
    k_.Delinearize(batch_index, space_, 0, batch_, batch_at);
    Value begin = k_.Mul(row_block, k_.Constant(k_.schedule.tile_rows)),
          end = k_.Min(k_.Add(begin, k_.Constant(k_.schedule.tile_rows)), k_.Size(rows_));
    Value first_panel = k_.Mul(column_block, k_.Constant(tile_panels_)),
          panel_count = k_.Min(k_.Constant(tile_panels_), k_.Sub(k_.Size(panels_), first_panel));
    Value panel_base, panel_elements = k_.Mul(k_.Size(depth_), k_.Constant(k_.schedule.panel_width));
    if (contract_.getPanels()) {
      panel_base = k_.ElementPointer(k_.Buffer(right_.buffer), panel_element, k_.Mul(first_panel, panel_elements));
    } else {
      Point corner;
      corner.index = batch_at;
      StridedView batch_view{right_.view.offset, Dims(right_.view.dims.begin(), right_.view.dims.begin() + batch_),
                             Dims(right_.view.strides.begin(), right_.view.strides.begin() + batch_)};
      Value from = k_.ElementPointer(k_.Buffer(right_.buffer), left_element, k_.OffsetOf(batch_view, corner));
      Dims strides(right_.view.strides.begin() + batch_, right_.view.strides.end() - 1);
      EmitPack(k_, from, micro_.dtype, micro_.depth, strides, right_.view.strides.back(), k_.Size(columns_),
               k_.Mul(first_panel, k_.Constant(k_.schedule.panel_width)), panel_count, k_.workspace);
      panel_base = k_.workspace;
    }
    Value left_base = k_.Buffer(left_.buffer);
    // Rows [from, to) of `count` panels from `at` on, computed together.
    auto block = [&](Value at, int count, Value from, Value to, int max_rows, int min_rest) {
      Microkernel::Callbacks callbacks;
      callbacks.row = [&](Value row) {
        Point point;
        point.index = batch_at;
        PlaceRow(row, point.index);
        StridedView view{left_.view.offset, Dims(left_.view.dims.begin(), left_.view.dims.begin() + batch_ + row_axes_),
                         Dims(left_.view.strides.begin(), left_.view.strides.begin() + batch_ + row_axes_)};
        return k_.ElementPointer(left_base, left_element, k_.OffsetOf(view, point));
      };
      callbacks.panel = [&](int p) {
        return k_.ElementPointer(panel_base, panel_element, k_.Mul(k_.Add(at, k_.Constant(p)), panel_elements));
      };
      if (contract_.getPanels())
        callbacks.prefetch = [&](Value number) {
          // Weights lie in the order of use: behind this tile's panels are the next tile's, or the next contraction's.
          Value next = k_.ElementPointer(panel_base, panel_element, k_.Mul(panel_count, panel_elements));
          return k_.BytePointer(next, k_.Mul(number, k_.Size(micro_.PrefetchBytes())));
        };
      int64_t stride = count * k_.schedule.panel_width;
      DType accumulator = AccumulatorType(micro_.dtype);
      Type element = StorageType(k_.b.getContext(), accumulator);
      callbacks.sum = [&](Value, int i, int column) {
        return k_.ElementPointer(sums_, element, k_.Constant(i * stride + column));
      };
      callbacks.after = [&](Value first, Value row_count) {
        Value column = k_.Mul(k_.Add(first_panel, at), k_.Constant(k_.schedule.panel_width));
        k_.ForRange(k_.Constant(0), row_count, k_.Constant(1), [&](Value i) {
          EmitEpilogue(batch_at, k_.Add(first, i), k_.ElementPointer(sums_, element, k_.Mul(i, k_.Constant(stride))),
                       column, count);
        });
      };
      micro_.Emit(k_, from, to, count, max_rows, callbacks, min_rest);
    };
    // All panels of the tile, `together` at a time and then singly.
    auto over_panels = [&](int together, Value from, Value to, int rows_together, int rows_singly, int min_rest) {
      Value whole = k_.Mul(k_.Udiv(panel_count, k_.Constant(together)), k_.Constant(together));
      bool exact = panels_.constant() && *panels_.constant() % tile_panels_ == 0 && tile_panels_ % together == 0;
      k_.ForRange(k_.Constant(0), exact ? k_.Constant(tile_panels_) : whole, k_.Constant(together),
                  [&](Value at) { block(at, together, from, to, rows_together, min_rest); });
      if (!exact && together > 1)
        k_.ForRange(whole, panel_count, k_.Constant(1),
                    [&](Value at) { block(at, 1, from, to, rows_singly, min_rest); });
    };
    int few = FewRows(k_.target, tile_panels_), most = micro_.tile.rows, singly = RegisterTileFor(k_.target, 1).rows;
    if (few == 0) return over_panels(micro_.tile.panels, begin, end, most, singly, 1);
    // The last rows, if they are few, with all panels at once.
    Value rest = k_.Urem(k_.Sub(end, begin), k_.Constant(most));
    Value is_few = k_.Less(rest, k_.Constant(few + 1)),
          main = arith::SelectOp::create(k_.b, is_few, k_.Sub(end, rest), end);
    over_panels(micro_.tile.panels, begin, main, most, singly, few + 1);
    k_.IfThen(k_.Less(main, end), [&] { over_panels(tile_panels_, main, end, few, few, 1); });
  }

  // Everything after the contraction, for one row of `count` panels.
  void EmitEpilogue(ArrayRef<Value> batch_at, Value row, Value from, Value column, int count) {
    int width = k_.target.vector_width;
    DType accumulator = AccumulatorType(micro_.dtype);
    Type element = StorageType(k_.b.getContext(), accumulator);
    auto piece = [&](int64_t offset, Value lanes) {
      Point point;
      point.index.assign(batch_at.begin(), batch_at.end());
      PlaceRow(row, point.index);
      point.index.push_back(k_.Add(column, k_.Constant(offset)));
      point.width = width;
      point.lanes = lanes;
      PointEmitter emitter(k_, point);
      emitter.Set(contract_.getResult(),
                  k_.Load(k_.ElementPointer(from, element, k_.Constant(offset)), accumulator, width, nullptr));
      StoreResults(k_, emitter);
    };
    int64_t total = count * k_.schedule.panel_width;
    std::optional<int64_t> known = columns_.constant();
    bool whole = known && *known % k_.schedule.panel_width == 0;
    auto all = [&] {
      for (int64_t offset = 0; offset < total; offset += width) piece(offset, nullptr);
    };
    if (whole) return all();
    Value valid = k_.Sub(k_.Size(columns_), column);
    Value full = k_.Less(k_.Constant(total - 1), valid);
    k_.IfThen(full, all);
    k_.IfThen(k_.Less(valid, k_.Constant(total)), [&] {
      for (int64_t offset = 0; offset < total; offset += width) {
        Value lanes = k_.Sub(valid, k_.Constant(offset));
        k_.IfThen(k_.Less(k_.Constant(0), lanes), [&] { piece(offset, lanes); });
      }
    });
  }

  KernelBuilder &k_;
  Dims space_;
  ir::ContractOp contract_;
  Access left_, right_;
  Microkernel micro_;
  size_t batch_ = 0, row_axes_ = 0;
  Dim depth_, columns_, rows_, panels_;
  int tile_panels_ = 1;
  Value sums_;
};

}  // namespace

KernelInfo EmitContractKernel(KernelBuilder &k) { return ContractEmitter(k).Emit(); }

}  // namespace ingot::compiler
