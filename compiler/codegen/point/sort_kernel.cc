// top_k: per row a heap of the k best indices so far, the worst at its root; when the row is read, the heap is emptied
// from behind. The order is total (equal elements by their indices), so the result does not depend on how it is found.
//
// Source: J. W. J. Williams, "Algorithm 232: Heapsort", CACM 7(6), 1964.
#include "compiler/codegen/point/kernel_parts.h"
#include "compiler/codegen/point/kernels.h"
#include "compiler/codegen/point/scalar_math.h"
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
      : k_(k), b_(k.b), op_(op), index_(index), heap_(heap) {}

  void Emit() {
    Value zero = k_.Constant(0), one = k_.Constant(1), length = k_.Size(DimOf(op_.getX())),
          kept = k_.Size(DimOf(result()));
    k_.ForRange(zero, kept, one, [&](Value i) { Store(i, i); });
    // Half of the places have children.
    Value parents = k_.Udiv(kept, k_.Constant(2));
    k_.ForRange(zero, parents, one, [&](Value i) {
      Value root = k_.Sub(k_.Sub(parents, one), i);
      Sift(Load(root), root, kept);
    });
    k_.ForRange(kept, length, one, [&](Value i) { k_.IfThen(Before(i, Load(zero)), [&] { Sift(i, zero, kept); }); });
    k_.ForRange(one, kept, one, [&](Value i) {
      Value last = k_.Sub(kept, i), moved = Load(last);
      Store(last, Load(zero));
      Sift(moved, zero, last);
    });
    k_.ForRange(zero, kept, one, [&](Value i) {
      Value from = Load(i), value = Element(from);
      Point to;
      to.index.assign(index_.begin(), index_.end());
      to.index[op_.getAxis()] = i;
      k_.StoreContiguous(value, op_.getValues(), to);
      k_.StoreContiguous(from, op_.getIndices(), to);
    });
  }

 private:
  Value result() { return op_.getValues(); }
  Dim DimOf(Value tensor) { return TypeOf(tensor).dims[op_.getAxis()]; }

  Value At(Value place) { return k_.ElementPointer(heap_, b_.getI64Type(), place); }
  Value Load(Value place) { return k_.Load(At(place), DType::kI64, 1, nullptr); }
  void Store(Value place, Value value) { k_.Store(value, At(place), DType::kI64, 1, nullptr); }

  Value Element(Value i) {
    Point point;
    point.index.assign(index_.begin(), index_.end());
    point.index[op_.getAxis()] = i;
    return PointEmitter(k_, point).At(op_.getX());
  }

  // x > y, with NaN above all numbers.
  Value Above(Value x, Value y) {
    if (isa<FloatType>(x.getType())) {
      Value greater = arith::CmpFOp::create(b_, arith::CmpFPredicate::UGT, x, y);
      return arith::AndIOp::create(b_, greater, arith::CmpFOp::create(b_, arith::CmpFPredicate::ORD, y, y));
    }
    bool is_unsigned = IsUnsigned(TypeOf(op_.getX()).dtype);
    return arith::CmpIOp::create(b_, is_unsigned ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt, x, y);
  }

  // Does element i come before element j?
  Value Before(Value i, Value j) {
    Value x = Element(i), y = Element(j);
    if (!op_.getLargest()) std::swap(x, y);
    Value equal = arith::XOrIOp::create(b_, Above(y, x), arith::ConstantOp::create(b_, b_.getBoolAttr(true)));
    return arith::OrIOp::create(b_, Above(x, y), arith::AndIOp::create(b_, equal, k_.Less(i, j)));
  }

  // Puts `item` into the heap of `size` places whose place `hole` is free, at or below that.
  void Sift(Value item, Value hole, Value size) {
    Type i1 = b_.getI1Type(), i64 = b_.getI64Type();
    auto step = [&](OpBuilder &, Location, ValueRange holes) {
      Value left = k_.Add(k_.Mul(holes[0], k_.Constant(2)), k_.Constant(1));
      auto moves = scf::IfOp::create(b_, TypeRange{i1, i64}, k_.Less(left, size), /*withElseRegion=*/true);
      {
        OpBuilder::InsertionGuard guard(b_);
        b_.setInsertionPointToStart(moves.thenBlock());
        Value child = WorstChild(left, size), moved = Load(child), goes = Before(item, moved);
        k_.IfThen(goes, [&] { Store(holes[0], moved); });
        scf::YieldOp::create(b_, ValueRange{goes, child});
        b_.setInsertionPointToStart(moves.elseBlock());
        Value no = arith::ConstantOp::create(b_, b_.getBoolAttr(false));
        scf::YieldOp::create(b_, ValueRange{no, holes[0]});
      }
      Value next = arith::SelectOp::create(b_, moves.getResult(0), moves.getResult(1), holes[0]);
      scf::ConditionOp::create(b_, moves.getResult(0), next);
    };
    auto again = [&](OpBuilder &, Location, ValueRange holes) { scf::YieldOp::create(b_, holes); };
    auto loop = scf::WhileOp::create(b_, TypeRange{i64}, ValueRange{hole}, step, again);
    Store(loop.getResult(0), item);
  }

  // Of the places `left` and `left + 1`, the second only if it is in the heap, the one whose element comes last.
  Value WorstChild(Value left, Value size) {
    Value right = k_.Add(left, k_.Constant(1));
    auto choice = scf::IfOp::create(b_, TypeRange{b_.getI64Type()}, k_.Less(right, size), /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b_);
    b_.setInsertionPointToStart(choice.thenBlock());
    Value is_right = Before(Load(left), Load(right));
    scf::YieldOp::create(b_, ValueRange{arith::SelectOp::create(b_, is_right, right, left)});
    b_.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(b_, ValueRange{left});
    return choice.getResult(0);
  }

  KernelBuilder &k_;
  ImplicitLocOpBuilder &b_;
  ir::TopKOp op_;
  MutableArrayRef<Value> index_;  // of the row, with any value at the axis
  Value heap_;                    // k indices
};

}  // namespace

KernelInfo EmitSortKernel(KernelBuilder &k) {
  ir::TopKOp op = *k.body().getOps<ir::TopKOp>().begin();
  size_t axis = static_cast<size_t>(op.getAxis());
  Dims row_dims = SpaceOf(k);
  Dim length = row_dims[axis], kept = TypeOf(op.getValues()).dims[axis];
  row_dims[axis] = 1;
  Dim rows = NumElements(row_dims), per_tile = RowsPerTileFor(k, length);
  Value per = k.Size(per_tile), begin = k.Mul(k.tile_begin, per), end = k.Min(k.Mul(k.tile_end, per), k.Size(rows));
  k.ForRange(begin, end, k.Constant(1), [&](Value row) {
    SmallVector<Value> index(row_dims.size());
    k.Delinearize(row, row_dims, 0, row_dims.size(), index);
    RowSorter(k, op, index, k.workspace).Emit();
  });
  // Where nothing is kept there is no heap to look at.
  return {Dim::Min(1, kept) * Dim::CeilDiv(rows, per_tile), rows * length * Dim(CostPerElement(k)), kept * Dim(8)};
}

}  // namespace ingot::compiler
