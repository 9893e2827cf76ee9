// contraction -> row ops -> contraction without the rows leaving the cache: attention, whatever its scale, mask or
// soft-max look like. A tile is one batch entry (batch and head) and a chunk of query rows. Keys and values are packed
// into panels once per tile; then, for a block of rows, scores are computed, the row program runs on them in place, and
// the result is multiplied with the values. Recipe after "FlashAttention" (Dao et al., 2022) in its two-pass form: rows
// are held whole, so no rescaling is needed.
#include "compiler/codegen/cpu/kernels.h"
#include "compiler/codegen/cpu/microkernel.h"
#include "compiler/codegen/point/attention_region.h"
#include "compiler/codegen/point/row_program.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

class AttentionEmitter : AttentionRegion {
 public:
  explicit AttentionEmitter(KernelBuilder &k) : AttentionRegion(k.source), k_(k) {
    key_panels_ = Dim::CeilDiv(keys, k.schedule.panel_width);
    value_panels_ = Dim::CeilDiv(columns, k.schedule.panel_width);
    row_length_ = key_panels_ * Dim(k.schedule.panel_width) + Dim(k.schedule.panel_width);
  }

  KernelInfo Emit() {
    RowProgram program(k_, space, row_ops, {values.getX()});
    int64_t bytes = ElementBytes(AccumulatorType(dtype));
    Dim key_bytes = key_panels_ * depth * Dim(k_.schedule.panel_width * bytes),
        value_bytes = value_panels_ * keys * Dim(k_.schedule.panel_width * bytes),
        row_bytes = row_length_ * Dim(k_.schedule.block_rows * bytes);
    key_pack_ = k_.workspace;
    value_pack_ = k_.BytePointer(k_.workspace, k_.Size(key_bytes));
    score_rows_ = k_.BytePointer(value_pack_, k_.Size(value_bytes));
    staging_ = k_.BytePointer(score_rows_, k_.Size(row_bytes));
    Dim batches = NumElements(Dims(space.begin(), space.begin() + batch)),
        chunks = Dim::CeilDiv(queries, k_.schedule.tile_rows);
    int together = RegisterTileFor(k_.target, static_cast<int>(k_.schedule.value_panels)).panels;
    int most = std::max(RegisterTileFor(k_.target, together).rows * together, RegisterTileFor(k_.target, 1).rows);
    sums_ = k_.Scratch(Element(), most * k_.schedule.panel_width);
    k_.ForRange(k_.tile_begin, k_.tile_end, k_.Constant(1), [&](Value tile) {
      Value chunk = k_.Urem(tile, k_.Size(chunks)), batch_index = k_.Udiv(tile, k_.Size(chunks));
      batch_at_.assign(batch, Value());
      k_.Delinearize(batch_index, space, 0, batch, batch_at_);
      Pack(scores.getY(), depth, keys, key_pack_);
      Pack(values.getY(), keys, columns, value_pack_);
      Value begin = k_.Mul(chunk, k_.Constant(k_.schedule.tile_rows)),
            end = k_.Min(k_.Add(begin, k_.Constant(k_.schedule.tile_rows)), k_.Size(queries));
      k_.ForRange(begin, end, k_.Constant(k_.schedule.block_rows), [&](Value first) {
        EmitBlock(program, first, k_.Min(end, k_.Add(first, k_.Constant(k_.schedule.block_rows))));
      });
    });
    Dim work = batches * queries * keys * ((depth + columns) * Dim(2) + Dim(CostPerElement(k_)));
    return {batches * chunks, work,
            key_bytes + value_bytes + row_bytes + RowProgram::RowBytes(keys) * Dim(program.StagedRows())};
  }

 private:
  Type Element() { return StorageType(k_.b.getContext(), AccumulatorType(dtype)); }

  // The part of a view that lies at this tile's batch entry.
  Value BatchPointer(const Access &access) {
    StridedView view{access.view.offset, Dims(access.view.dims.begin(), access.view.dims.begin() + batch),
                     Dims(access.view.strides.begin(), access.view.strides.begin() + batch)};
    Point corner;
    corner.index = batch_at_;
    return k_.ElementPointer(k_.Buffer(access.buffer), StorageType(k_.b.getContext(), dtype),
                             k_.OffsetOf(view, corner));
  }

  void Pack(Value operand, const Dim &rows, const Dim &count, Value to) {
    Access access = AccessOf(operand);
    EmitPack(k_, BatchPointer(access), dtype, {rows}, {access.view.strides[batch]}, access.view.strides[batch + 1],
             k_.Size(count), k_.Constant(0), k_.Size(Dim::CeilDiv(count, k_.schedule.panel_width)), to);
  }

  // Runs the microkernel over all panels of the right operand, several at once as registers allow.
  void OverPanels(Microkernel &micro, const Dim &panels, int64_t per_tile, Value begin, Value end,
                  llvm::function_ref<Microkernel::Callbacks(Value, int)> callbacks) {
    int together = RegisterTileFor(k_.target, static_cast<int>(per_tile)).panels;
    Value count = k_.Size(panels), whole = k_.Mul(k_.Udiv(count, k_.Constant(together)), k_.Constant(together));
    auto run = [&](Value from, Value to, int panels_at_once) {
      k_.ForRange(from, to, k_.Constant(panels_at_once), [&](Value at) {
        micro.Emit(k_, begin, end, panels_at_once, RegisterTileFor(k_.target, panels_at_once).rows,
                   callbacks(at, panels_at_once));
      });
    };
    run(k_.Constant(0), whole, together);
    if (together > 1 && !(panels.constant() && *panels.constant() % together == 0)) run(whole, count, 1);
  }

  void EmitBlock(RowProgram &program, Value first, Value last) {
    DType accumulator = AccumulatorType(dtype);
    int width = k_.target.vector_width;
    Value stride = k_.Size(row_length_);
    auto score_row = [&](Value row) {
      return k_.ElementPointer(score_rows_, Element(), k_.Mul(k_.Sub(row, first), stride));
    };
    // Scores.
    Access query = AccessOf(scores.getX());
    Value query_base = BatchPointer(query);
    Microkernel micro{dtype, accumulator, {depth}, {query.view.strides[batch + 1]}, {}};
    OverPanels(micro, key_panels_, k_.schedule.score_panels, first, last, [&](Value at, int) {
      Microkernel::Callbacks callbacks;
      callbacks.row = [=, this](Value row) {
        return k_.ElementPointer(query_base, StorageType(k_.b.getContext(), dtype),
                                 k_.MulDim(row, query.view.strides[batch]));
      };
      callbacks.panel = [=, this](int p) {
        return k_.ElementPointer(key_pack_, Element(),
                                 k_.Mul(k_.Add(at, k_.Constant(p)), k_.Size(depth * Dim(k_.schedule.panel_width))));
      };
      callbacks.sum = [=, this](Value base, int i, int column) {
        Value row =
            k_.ElementPointer(score_rows_, Element(), k_.Mul(k_.Add(k_.Sub(base, first), k_.Constant(i)), stride));
        return k_.ElementPointer(row, Element(),
                                 k_.Add(k_.Mul(at, k_.Constant(k_.schedule.panel_width)), k_.Constant(column)));
      };
      callbacks.after = [](Value, Value) {};
      return callbacks;
    });
    // Row ops, in place.
    k_.ForRange(first, last, k_.Constant(1), [&](Value row) {
      SmallVector<Value> outer(batch_at_);
      outer.push_back(row);
      Value pointer = score_row(row);
      DenseMap<Value, Value> memory;
      memory[scores.getResult()] = pointer;
      program.Emit(outer, staging_, memory, [&](Value value, PointEmitter &emitter) {
        const Point &where = emitter.where();
        k_.Store(emitter.At(value), k_.ElementPointer(pointer, Element(), where.index.back()), accumulator, where.width,
                 where.lanes);
      });
    });
    // Times the values.
    Microkernel second{accumulator, accumulator, {keys}, {Dim(1)}, {}};
    OverPanels(second, value_panels_, k_.schedule.value_panels, first, last, [&](Value at, int panels_at_once) {
      int64_t tile_stride = panels_at_once * k_.schedule.panel_width;
      Microkernel::Callbacks callbacks;
      callbacks.row = [=, this](Value row) {
        return k_.ElementPointer(score_rows_, Element(), k_.Mul(k_.Sub(row, first), stride));
      };
      callbacks.panel = [=, this](int p) {
        return k_.ElementPointer(value_pack_, Element(),
                                 k_.Mul(k_.Add(at, k_.Constant(p)), k_.Size(keys * Dim(k_.schedule.panel_width))));
      };
      callbacks.sum = [=, this](Value, int i, int column) {
        return k_.ElementPointer(sums_, Element(), k_.Constant(i * tile_stride + column));
      };
      callbacks.after = [=, this](Value base, Value rows) {
        k_.ForRange(k_.Constant(0), rows, k_.Constant(1), [&](Value i) {
          Value from = k_.ElementPointer(sums_, Element(), k_.Mul(i, k_.Constant(tile_stride)));
          Value column = k_.Mul(at, k_.Constant(k_.schedule.panel_width)),
                end = k_.Min(k_.Size(columns), k_.Add(column, k_.Constant(tile_stride)));
          bool whole = columns.constant().value_or(1) % k_.schedule.panel_width == 0;
          ForVectors(k_, column, end, whole ? std::optional<int64_t>(tile_stride) : std::nullopt, width,
                     [&](Value j, Value lanes) {
                       Point point;
                       point.index.assign(batch_at_.begin(), batch_at_.end());
                       point.index.push_back(k_.Add(base, i));
                       point.index.push_back(j);
                       point.width = width;
                       point.lanes = lanes;
                       PointEmitter emitter(k_, point);
                       emitter.Set(values.getResult(), k_.Load(k_.ElementPointer(from, Element(), k_.Sub(j, column)),
                                                               accumulator, width, nullptr));
                       StoreResults(k_, emitter);
                     });
        });
      };
      return callbacks;
    });
  }

  KernelBuilder &k_;
  Dim key_panels_, value_panels_, row_length_;
  SmallVector<Value> batch_at_;
  Value key_pack_, value_pack_, score_rows_, staging_, sums_;
};

}  // namespace

KernelInfo EmitAttentionKernel(KernelBuilder &k) { return AttentionEmitter(k).Emit(); }

}  // namespace ingot::compiler
