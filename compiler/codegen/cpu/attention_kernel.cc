// contraction -> row ops -> contraction without the rows leaving the cache: attention, whatever its scale, mask or
// soft-max look like. A tile is one batch entry (batch and head) and a chunk of query rows. Keys and values are packed
// into panels once per tile; then, for a block of rows, scores are computed, the row program runs on them in place, and
// the result is multiplied with the values. Recipe after "FlashAttention" (Dao et al., 2022) in its two-pass form: rows
// are held whole, so no rescaling is needed.
#include "compiler/codegen/cpu/kernels.h"
#include "compiler/codegen/cpu/microkernel.h"
#include "compiler/codegen/cpu/row_program.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

class AttentionEmitter {
 public:
  explicit AttentionEmitter(KernelBuilder &k) : k(k) {
    for (Operation &op : k.body()) {
      if (auto contract = dyn_cast<ir::ContractOp>(op)) (scores ? values : scores) = contract;
    }
    for (Operation &op : k.body())
      if (&op != k.Terminator() && !isa<ir::ViewOp, ir::ScalarOp, ir::ContractOp, ir::CopyOp>(op) &&
          op.isBeforeInBlock(values))
        row_ops.push_back(&op);
    space = TypeOf(values.getX()).dims;  // [batch..., queries, keys]
    result = TypeOf(values.getResult()).dims;
    batch = values.getBatch();
    queries = space[batch];
    keys = space.back();
    depth = TypeOf(scores.getX()).dims.back();
    columns = result.back();
    dtype = TypeOf(scores.getX()).dtype;
    key_panels = Dim::CeilDiv(keys, k.schedule.panel_width);
    value_panels = Dim::CeilDiv(columns, k.schedule.panel_width);
    row_length = key_panels * Dim(k.schedule.panel_width) + Dim(k.schedule.panel_width);
  }

  KernelInfo emit() {
    RowProgram program(k, space, row_ops, {values.getX()});
    int64_t bytes = ElementBytes(AccumulatorType(dtype));
    Dim key_bytes = key_panels * depth * Dim(k.schedule.panel_width * bytes),
        value_bytes = value_panels * keys * Dim(k.schedule.panel_width * bytes),
        row_bytes = row_length * Dim(k.schedule.block_rows * bytes);
    key_pack = k.workspace;
    value_pack = k.BytePointer(k.workspace, k.dim(key_bytes));
    score_rows = k.BytePointer(value_pack, k.dim(value_bytes));
    staging = k.BytePointer(score_rows, k.dim(row_bytes));
    Dim batches = NumElements(Dims(space.begin(), space.begin() + batch)),
        chunks = Dim::CeilDiv(queries, k.schedule.tile_rows);
    int together = RegisterTileFor(k.target, static_cast<int>(k.schedule.value_panels)).panels;
    int most = std::max(RegisterTileFor(k.target, together).rows * together, RegisterTileFor(k.target, 1).rows);
    sums = k.scratch(element(), most * k.schedule.panel_width);
    k.ForRange(k.tile_begin, k.tile_end, k.constant(1), [&](Value tile) {
      Value chunk = k.urem(tile, k.dim(chunks)), batch_index = k.udiv(tile, k.dim(chunks));
      batch_at.assign(batch, Value());
      k.delinearize(batch_index, space, 0, batch, batch_at);
      pack(scores.getY(), depth, keys, key_pack);
      pack(values.getY(), keys, columns, value_pack);
      Value begin = k.mul(chunk, k.constant(k.schedule.tile_rows)),
            end = k.min(k.add(begin, k.constant(k.schedule.tile_rows)), k.dim(queries));
      k.ForRange(begin, end, k.constant(k.schedule.block_rows), [&](Value first) {
        EmitBlock(program, first, k.min(end, k.add(first, k.constant(k.schedule.block_rows))));
      });
    });
    Dim work = batches * queries * keys * ((depth + columns) * Dim(2) + Dim(CostPerElement(k)));
    return {batches * chunks, work,
            key_bytes + value_bytes + row_bytes + RowProgram::RowBytes(keys) * Dim(program.StagedRows())};
  }

 private:
  Type element() { return StorageType(k.b.getContext(), AccumulatorType(dtype)); }

  // The part of a view that lies at this tile's batch entry.
  Value BatchPointer(const Access &access) {
    StridedView view{access.view.offset, Dims(access.view.dims.begin(), access.view.dims.begin() + batch),
                     Dims(access.view.strides.begin(), access.view.strides.begin() + batch)};
    Point corner;
    corner.index = batch_at;
    return k.ElementPointer(k.buffer(access.buffer), StorageType(k.b.getContext(), dtype), k.OffsetOf(view, corner));
  }

  void pack(Value operand, const Dim &rows, const Dim &count, Value to) {
    Access access = AccessOf(operand);
    EmitPack(k, BatchPointer(access), dtype, {rows}, {access.view.strides[batch]}, access.view.strides[batch + 1],
             k.dim(count), k.constant(0), k.dim(Dim::CeilDiv(count, k.schedule.panel_width)), to);
  }

  // Runs the microkernel over all panels of the right operand, several at once as registers allow.
  void OverPanels(Microkernel &micro, const Dim &panels, int64_t per_tile, Value begin, Value end,
                  llvm::function_ref<Microkernel::Callbacks(Value, int)> callbacks) {
    int together = RegisterTileFor(k.target, static_cast<int>(per_tile)).panels;
    Value count = k.dim(panels), whole = k.mul(k.udiv(count, k.constant(together)), k.constant(together));
    auto run = [&](Value from, Value to, int panels_at_once) {
      k.ForRange(from, to, k.constant(panels_at_once), [&](Value at) {
        micro.emit(k, begin, end, panels_at_once, RegisterTileFor(k.target, panels_at_once).rows,
                   callbacks(at, panels_at_once));
      });
    };
    run(k.constant(0), whole, together);
    if (together > 1 && !(panels.constant() && *panels.constant() % together == 0)) run(whole, count, 1);
  }

  void EmitBlock(RowProgram &program, Value first, Value last) {
    DType accumulator = AccumulatorType(dtype);
    int width = k.target.vector_width;
    Value stride = k.dim(row_length);
    auto score_row = [&](Value row) {
      return k.ElementPointer(score_rows, element(), k.mul(k.sub(row, first), stride));
    };
    // Scores.
    Access query = AccessOf(scores.getX());
    Value query_base = BatchPointer(query);
    Microkernel micro{dtype, accumulator, {depth}, {query.view.strides[batch + 1]}, {}};
    OverPanels(micro, key_panels, k.schedule.score_panels, first, last, [&](Value at, int) {
      Microkernel::Callbacks callbacks;
      callbacks.row = [=, this](Value row) {
        return k.ElementPointer(query_base, StorageType(k.b.getContext(), dtype),
                                k.MulDim(row, query.view.strides[batch]));
      };
      callbacks.panel = [=, this](int p) {
        return k.ElementPointer(key_pack, element(),
                                k.mul(k.add(at, k.constant(p)), k.dim(depth * Dim(k.schedule.panel_width))));
      };
      callbacks.sum = [=, this](Value base, int i, int column) {
        Value row = k.ElementPointer(score_rows, element(), k.mul(k.add(k.sub(base, first), k.constant(i)), stride));
        return k.ElementPointer(row, element(),
                                k.add(k.mul(at, k.constant(k.schedule.panel_width)), k.constant(column)));
      };
      callbacks.after = [](Value, Value) {};
      return callbacks;
    });
    // Row ops, in place.
    k.ForRange(first, last, k.constant(1), [&](Value row) {
      SmallVector<Value> outer(batch_at);
      outer.push_back(row);
      Value pointer = score_row(row);
      DenseMap<Value, Value> memory;
      memory[scores.getResult()] = pointer;
      program.emit(outer, staging, memory, [&](Value value, PointEmitter &emitter) {
        const Point &where = emitter.where();
        k.store(emitter.at(value), k.ElementPointer(pointer, element(), where.index.back()), accumulator, where.width,
                where.lanes);
      });
    });
    // Times the values.
    Microkernel second{accumulator, accumulator, {keys}, {Dim(1)}, {}};
    OverPanels(second, value_panels, k.schedule.value_panels, first, last, [&](Value at, int panels_at_once) {
      int64_t tile_stride = panels_at_once * k.schedule.panel_width;
      Microkernel::Callbacks callbacks;
      callbacks.row = [=, this](Value row) {
        return k.ElementPointer(score_rows, element(), k.mul(k.sub(row, first), stride));
      };
      callbacks.panel = [=, this](int p) {
        return k.ElementPointer(value_pack, element(),
                                k.mul(k.add(at, k.constant(p)), k.dim(keys * Dim(k.schedule.panel_width))));
      };
      callbacks.sum = [=, this](Value, int i, int column) {
        return k.ElementPointer(sums, element(), k.constant(i * tile_stride + column));
      };
      callbacks.after = [=, this](Value base, Value rows) {
        k.ForRange(k.constant(0), rows, k.constant(1), [&](Value i) {
          Value from = k.ElementPointer(sums, element(), k.mul(i, k.constant(tile_stride)));
          Value column = k.mul(at, k.constant(k.schedule.panel_width)),
                end = k.min(k.dim(columns), k.add(column, k.constant(tile_stride)));
          bool whole = columns.constant().value_or(1) % k.schedule.panel_width == 0;
          ForVectors(k, column, end, whole ? std::optional<int64_t>(tile_stride) : std::nullopt, width,
                     [&](Value j, Value lanes) {
                       Point point;
                       point.index.assign(batch_at.begin(), batch_at.end());
                       point.index.push_back(k.add(base, i));
                       point.index.push_back(j);
                       point.width = width;
                       point.lanes = lanes;
                       PointEmitter emitter(k, point);
                       emitter.set(values.getResult(), k.load(k.ElementPointer(from, element(), k.sub(j, column)),
                                                              accumulator, width, nullptr));
                       StoreResults(k, emitter);
                     });
        });
      };
      return callbacks;
    });
  }

  KernelBuilder &k;
  ir::ContractOp scores, values;
  SmallVector<Operation *> row_ops;
  Dims space, result;
  size_t batch = 0;
  Dim queries, keys, depth, columns, key_panels, value_panels, row_length;
  DType dtype;
  SmallVector<Value> batch_at;
  Value key_pack, value_pack, score_rows, staging, sums;
};

}  // namespace

KernelInfo EmitAttentionKernel(KernelBuilder &k) { return AttentionEmitter(k).emit(); }

}  // namespace ingot::compiler
