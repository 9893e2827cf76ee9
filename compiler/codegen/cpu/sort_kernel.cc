// top_k: per row a heap of the k best indices so far, the worst at its root; when the row is read, the heap is emptied
// from behind. The order is total (equal elements by their indices), so the result does not depend on how it is found.
//
// Source: J. W. J. Williams, "Algorithm 232: Heapsort", CACM 7(6), 1964.
#include "compiler/codegen/cpu/kernels.h"
#include "compiler/codegen/cpu/scalar_math.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

// One row: the elements of x whose index differs along the axis alone.
class RowSorter {
 public:
  RowSorter(KernelBuilder &k, ir::TopKOp op, MutableArrayRef<Value> index, Value heap)
      : k(k), b(k.b), op(op), index(index), heap(heap) {}

  void emit() {
    Value zero = k.constant(0), one = k.constant(1), length = k.dim(DimOf(op.getX())), kept = k.dim(DimOf(result()));
    k.ForRange(zero, kept, one, [&](Value i) { store(i, i); });
    // Half of the places have children.
    Value parents = k.udiv(kept, k.constant(2));
    k.ForRange(zero, parents, one, [&](Value i) {
      Value root = k.sub(k.sub(parents, one), i);
      sift(load(root), root, kept);
    });
    k.ForRange(kept, length, one, [&](Value i) { k.IfThen(before(i, load(zero)), [&] { sift(i, zero, kept); }); });
    k.ForRange(one, kept, one, [&](Value i) {
      Value last = k.sub(kept, i), moved = load(last);
      store(last, load(zero));
      sift(moved, zero, last);
    });
    k.ForRange(zero, kept, one, [&](Value i) {
      Value from = load(i), value = element(from);
      Point to;
      to.index.assign(index.begin(), index.end());
      to.index[op.getAxis()] = i;
      k.StoreContiguous(value, op.getValues(), to);
      k.StoreContiguous(from, op.getIndices(), to);
    });
  }

 private:
  Value result() { return op.getValues(); }
  Dim DimOf(Value tensor) { return TypeOf(tensor).dims[op.getAxis()]; }

  Value at(Value place) { return k.ElementPointer(heap, b.getI64Type(), place); }
  Value load(Value place) { return k.load(at(place), DType::kI64, 1, nullptr); }
  void store(Value place, Value value) { k.store(value, at(place), DType::kI64, 1, nullptr); }

  Value element(Value i) {
    Point point;
    point.index.assign(index.begin(), index.end());
    point.index[op.getAxis()] = i;
    return PointEmitter(k, point).at(op.getX());
  }

  // x > y, with NaN above all numbers.
  Value above(Value x, Value y) {
    if (isa<FloatType>(x.getType())) {
      Value greater = arith::CmpFOp::create(b, arith::CmpFPredicate::UGT, x, y);
      return arith::AndIOp::create(b, greater, arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, y, y));
    }
    bool is_unsigned = IsUnsigned(TypeOf(op.getX()).dtype);
    return arith::CmpIOp::create(b, is_unsigned ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt, x, y);
  }

  // Does element i come before element j?
  Value before(Value i, Value j) {
    Value x = element(i), y = element(j);
    if (!op.getLargest()) std::swap(x, y);
    Value equal = arith::XOrIOp::create(b, above(y, x), arith::ConstantOp::create(b, b.getBoolAttr(true)));
    return arith::OrIOp::create(b, above(x, y), arith::AndIOp::create(b, equal, k.less(i, j)));
  }

  // Puts `item` into the heap of `size` places whose place `hole` is free, at or below that.
  void sift(Value item, Value hole, Value size) {
    Type i1 = b.getI1Type(), i64 = b.getI64Type();
    auto step = [&](OpBuilder &, Location, ValueRange holes) {
      Value left = k.add(k.mul(holes[0], k.constant(2)), k.constant(1));
      auto moves = scf::IfOp::create(b, TypeRange{i1, i64}, k.less(left, size), /*withElseRegion=*/true);
      {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(moves.thenBlock());
        Value child = WorstChild(left, size), moved = load(child), goes = before(item, moved);
        k.IfThen(goes, [&] { store(holes[0], moved); });
        scf::YieldOp::create(b, ValueRange{goes, child});
        b.setInsertionPointToStart(moves.elseBlock());
        Value no = arith::ConstantOp::create(b, b.getBoolAttr(false));
        scf::YieldOp::create(b, ValueRange{no, holes[0]});
      }
      Value next = arith::SelectOp::create(b, moves.getResult(0), moves.getResult(1), holes[0]);
      scf::ConditionOp::create(b, moves.getResult(0), next);
    };
    auto again = [&](OpBuilder &, Location, ValueRange holes) { scf::YieldOp::create(b, holes); };
    auto loop = scf::WhileOp::create(b, TypeRange{i64}, ValueRange{hole}, step, again);
    store(loop.getResult(0), item);
  }

  // Of the places `left` and `left + 1`, the second only if it is in the heap, the one whose element comes last.
  Value WorstChild(Value left, Value size) {
    Value right = k.add(left, k.constant(1));
    auto choice = scf::IfOp::create(b, TypeRange{b.getI64Type()}, k.less(right, size), /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    Value is_right = before(load(left), load(right));
    scf::YieldOp::create(b, ValueRange{arith::SelectOp::create(b, is_right, right, left)});
    b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(b, ValueRange{left});
    return choice.getResult(0);
  }

  KernelBuilder &k;
  ImplicitLocOpBuilder &b;
  ir::TopKOp op;
  MutableArrayRef<Value> index;  // of the row, with any value at the axis
  Value heap;                    // k indices
};

}  // namespace

KernelInfo EmitSortKernel(KernelBuilder &k) {
  ir::TopKOp op = *k.body().getOps<ir::TopKOp>().begin();
  size_t axis = static_cast<size_t>(op.getAxis());
  Dims row_dims = SpaceOf(k);
  Dim length = row_dims[axis], kept = TypeOf(op.getValues()).dims[axis];
  row_dims[axis] = 1;
  Dim rows = NumElements(row_dims), per_tile = RowsPerTileFor(k, length);
  Value per = k.dim(per_tile), begin = k.mul(k.tile_begin, per), end = k.min(k.mul(k.tile_end, per), k.dim(rows));
  k.ForRange(begin, end, k.constant(1), [&](Value row) {
    SmallVector<Value> index(row_dims.size());
    k.delinearize(row, row_dims, 0, row_dims.size(), index);
    RowSorter(k, op, index, k.workspace).emit();
  });
  // Where nothing is kept there is no heap to look at.
  return {Dim::Min(1, kept) * Dim::CeilDiv(rows, per_tile), rows * length * Dim(CostPerElement(k)), kept * Dim(8)};
}

}  // namespace ingot::compiler
