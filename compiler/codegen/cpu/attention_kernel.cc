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
      if (&op != k.returnOp() && !isa<ir::ViewOp, ir::ScalarOp, ir::ContractOp, ir::CopyOp>(op) &&
          op.isBeforeInBlock(values))
        rowOps.push_back(&op);
    space = typeOf(values.getX()).dims;  // [batch..., queries, keys]
    result = typeOf(values.getResult()).dims;
    batch = values.getBatch();
    queries = space[batch];
    keys = space.back();
    depth = typeOf(scores.getX()).dims.back();
    columns = result.back();
    dtype = typeOf(scores.getX()).dtype;
    keyPanels = Dim::CeilDiv(keys, k.schedule.panelWidth);
    valuePanels = Dim::CeilDiv(columns, k.schedule.panelWidth);
    rowLength = keyPanels * Dim(k.schedule.panelWidth) + Dim(k.schedule.panelWidth);
  }

  KernelInfo emit() {
    RowProgram program(k, space, rowOps, {values.getX()});
    int64_t bytes = elementBytes(accumulatorType(dtype));
    Dim keyBytes = keyPanels * depth * Dim(k.schedule.panelWidth * bytes),
        valueBytes = valuePanels * keys * Dim(k.schedule.panelWidth * bytes),
        rowBytes = rowLength * Dim(k.schedule.blockRows * bytes);
    keyPack = k.workspace;
    valuePack = k.bytePointer(k.workspace, k.dim(keyBytes));
    scoreRows = k.bytePointer(valuePack, k.dim(valueBytes));
    staging = k.bytePointer(scoreRows, k.dim(rowBytes));
    Dim batches = NumElements(Dims(space.begin(), space.begin() + batch)),
        chunks = Dim::CeilDiv(queries, k.schedule.tileRows);
    int together = registerTile(k.target, static_cast<int>(k.schedule.valuePanels)).panels;
    int most = std::max(registerTile(k.target, together).rows * together, registerTile(k.target, 1).rows);
    sums = k.scratch(element(), most * k.schedule.panelWidth);
    k.forRange(k.tileBegin, k.tileEnd, k.constant(1), [&](Value tile) {
      Value chunk = k.urem(tile, k.dim(chunks)), batchIndex = k.udiv(tile, k.dim(chunks));
      batchAt.assign(batch, Value());
      k.delinearize(batchIndex, space, 0, batch, batchAt);
      pack(scores.getY(), depth, keys, keyPack);
      pack(values.getY(), keys, columns, valuePack);
      Value begin = k.mul(chunk, k.constant(k.schedule.tileRows)),
            end = k.min(k.add(begin, k.constant(k.schedule.tileRows)), k.dim(queries));
      k.forRange(begin, end, k.constant(k.schedule.blockRows), [&](Value first) {
        emitBlock(program, first, k.min(end, k.add(first, k.constant(k.schedule.blockRows))));
      });
    });
    Dim work = batches * queries * keys * ((depth + columns) * Dim(2) + Dim(costPerElement(k)));
    return {batches * chunks, work,
            keyBytes + valueBytes + rowBytes + RowProgram::rowBytes(keys) * Dim(program.stagedRows())};
  }

 private:
  Type element() { return storageType(k.b.getContext(), accumulatorType(dtype)); }

  // The part of a view that lies at this tile's batch entry.
  Value batchPointer(const Access &access) {
    StridedView view{access.view.offset, Dims(access.view.dims.begin(), access.view.dims.begin() + batch),
                     Dims(access.view.strides.begin(), access.view.strides.begin() + batch)};
    Point corner;
    corner.index = batchAt;
    return k.elementPointer(k.buffer(access.buffer), storageType(k.b.getContext(), dtype), k.offsetOf(view, corner));
  }

  void pack(Value operand, const Dim &rows, const Dim &count, Value to) {
    Access access = accessOf(operand);
    emitPack(k, batchPointer(access), dtype, {rows}, {access.view.strides[batch]}, access.view.strides[batch + 1],
             k.dim(count), k.constant(0), k.dim(Dim::CeilDiv(count, k.schedule.panelWidth)), to);
  }

  // Runs the microkernel over all panels of the right operand, several at once as registers allow.
  void overPanels(Microkernel &micro, const Dim &panels, int64_t perTile, Value begin, Value end,
                  llvm::function_ref<Microkernel::Callbacks(Value, int)> callbacks) {
    int together = registerTile(k.target, static_cast<int>(perTile)).panels;
    Value count = k.dim(panels), whole = k.mul(k.udiv(count, k.constant(together)), k.constant(together));
    auto run = [&](Value from, Value to, int panelsAtOnce) {
      k.forRange(from, to, k.constant(panelsAtOnce), [&](Value at) {
        micro.emit(k, begin, end, panelsAtOnce, registerTile(k.target, panelsAtOnce).rows, callbacks(at, panelsAtOnce));
      });
    };
    run(k.constant(0), whole, together);
    if (together > 1 && !(panels.constant() && *panels.constant() % together == 0)) run(whole, count, 1);
  }

  void emitBlock(RowProgram &program, Value first, Value last) {
    DType accumulator = accumulatorType(dtype);
    int width = k.target.vectorWidth;
    Value stride = k.dim(rowLength);
    auto scoreRow = [&](Value row) { return k.elementPointer(scoreRows, element(), k.mul(k.sub(row, first), stride)); };
    // Scores.
    Access query = accessOf(scores.getX());
    Value queryBase = batchPointer(query);
    Microkernel micro{dtype, accumulator, {depth}, {query.view.strides[batch + 1]}, {}};
    overPanels(micro, keyPanels, k.schedule.scorePanels, first, last, [&](Value at, int) {
      Microkernel::Callbacks callbacks;
      callbacks.row = [=, this](Value row) {
        return k.elementPointer(queryBase, storageType(k.b.getContext(), dtype),
                                k.mulDim(row, query.view.strides[batch]));
      };
      callbacks.panel = [=, this](int p) {
        return k.elementPointer(keyPack, element(),
                                k.mul(k.add(at, k.constant(p)), k.dim(depth * Dim(k.schedule.panelWidth))));
      };
      callbacks.sum = [=, this](Value base, int i, int column) {
        Value row = k.elementPointer(scoreRows, element(), k.mul(k.add(k.sub(base, first), k.constant(i)), stride));
        return k.elementPointer(row, element(),
                                k.add(k.mul(at, k.constant(k.schedule.panelWidth)), k.constant(column)));
      };
      callbacks.after = [](Value, Value) {};
      return callbacks;
    });
    // Row ops, in place.
    k.forRange(first, last, k.constant(1), [&](Value row) {
      SmallVector<Value> outer(batchAt);
      outer.push_back(row);
      Value pointer = scoreRow(row);
      DenseMap<Value, Value> memory;
      memory[scores.getResult()] = pointer;
      program.emit(outer, staging, memory, [&](Value value, PointEmitter &emitter) {
        const Point &where = emitter.where();
        k.store(emitter.at(value), k.elementPointer(pointer, element(), where.index.back()), accumulator, where.width,
                where.lanes);
      });
    });
    // Times the values.
    Microkernel second{accumulator, accumulator, {keys}, {Dim(1)}, {}};
    overPanels(second, valuePanels, k.schedule.valuePanels, first, last, [&](Value at, int panelsAtOnce) {
      int64_t tileStride = panelsAtOnce * k.schedule.panelWidth;
      Microkernel::Callbacks callbacks;
      callbacks.row = [=, this](Value row) {
        return k.elementPointer(scoreRows, element(), k.mul(k.sub(row, first), stride));
      };
      callbacks.panel = [=, this](int p) {
        return k.elementPointer(valuePack, element(),
                                k.mul(k.add(at, k.constant(p)), k.dim(keys * Dim(k.schedule.panelWidth))));
      };
      callbacks.sum = [=, this](Value, int i, int column) {
        return k.elementPointer(sums, element(), k.constant(i * tileStride + column));
      };
      callbacks.after = [=, this](Value base, Value rows) {
        k.forRange(k.constant(0), rows, k.constant(1), [&](Value i) {
          Value from = k.elementPointer(sums, element(), k.mul(i, k.constant(tileStride)));
          Value column = k.mul(at, k.constant(k.schedule.panelWidth)),
                end = k.min(k.dim(columns), k.add(column, k.constant(tileStride)));
          bool whole = columns.constant().value_or(1) % k.schedule.panelWidth == 0;
          forVectors(k, column, end, whole ? std::optional<int64_t>(tileStride) : std::nullopt, width,
                     [&](Value j, Value lanes) {
                       Point point;
                       point.index.assign(batchAt.begin(), batchAt.end());
                       point.index.push_back(k.add(base, i));
                       point.index.push_back(j);
                       point.width = width;
                       point.lanes = lanes;
                       PointEmitter emitter(k, point);
                       emitter.set(values.getResult(), k.load(k.elementPointer(from, element(), k.sub(j, column)),
                                                              accumulator, width, nullptr));
                       storeResults(k, emitter);
                     });
        });
      };
      return callbacks;
    });
  }

  KernelBuilder &k;
  ir::ContractOp scores, values;
  SmallVector<Operation *> rowOps;
  Dims space, result;
  size_t batch = 0;
  Dim queries, keys, depth, columns, keyPanels, valuePanels, rowLength;
  DType dtype;
  SmallVector<Value> batchAt;
  Value keyPack, valuePack, scoreRows, staging, sums;
};

}  // namespace

KernelInfo emitAttentionKernel(KernelBuilder &k) { return AttentionEmitter(k).emit(); }

}  // namespace ingot::compiler
