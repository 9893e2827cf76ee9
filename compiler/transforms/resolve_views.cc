// After this pass every tensor is a whole buffer or an ingot.view of one, every element-wise operand has the result's
// dims, and matmuls are ingot.contract on views. Copies are made only where a reshape has no strided form, and for
// outputs that are views. Test: tests/compiler/lit/resolve-views.mlir.
#include "compiler/dialect/states.h"
#include "compiler/transforms/passes.h"
#include "compiler/views/strided_view.h"
#include "mlir/IR/Builders.h"

namespace ingot::compiler {
#define GEN_PASS_DEF_RESOLVEVIEWS
#include "compiler/transforms/Passes.h.inc"

using namespace mlir;
namespace {

// A tensor as a view of a whole buffer.
struct Placed {
  Value buffer;
  StridedView view;
};

class Resolver {
 public:
  explicit Resolver(func::FuncOp function) : function_(function), b_(function.getContext()) {}

  void Run() {
    for (Operation &op : llvm::make_early_inc_range(function_.getBody().front())) {
      b_.setInsertionPoint(&op);
      if (auto ret = dyn_cast<func::ReturnOp>(op))
        ResolveReturn(ret);
      else
        Resolve(&op);
    }
    for (Operation *op : llvm::reverse(dead_)) op->erase();
  }

 private:
  Placed Place(Value value) {
    auto found = placed_.find(value);
    if (found != placed_.end()) return found->second;
    return {value, StridedView::Contiguous(TypeOf(value).dims)};
  }

  // `value` with these dims, broadcast where needed.
  Value OperandAs(Value value, const Dims &dims, Location loc) {
    Placed at = Place(value);
    if (auto scalar = at.buffer.getDefiningOp<ir::ScalarOp>())
      return ir::ScalarOp::create(b_, loc, ToMlirType(b_.getContext(), {TypeOf(value).dtype, dims}), scalar.getValue());
    StridedView view = at.view.dims == dims ? at.view : at.view.Broadcast(dims);
    if (auto iota = at.buffer.getDefiningOp<ir::IotaOp>())
      if (Value wider = BroadcastIota(iota, at.view, view, loc)) return wider;
    if (view == StridedView::Contiguous(TypeOf(at.buffer).dims)) return at.buffer;
    return MakeView(b_, loc, at.buffer, view);
  }

  // An iota seen through a broadcast is an iota.
  Value BroadcastIota(ir::IotaOp iota, const StridedView &own, const StridedView &view, Location loc) {
    size_t along = view.dims.size();
    for (size_t i = 0; i < view.dims.size(); ++i) {
      if (view.strides[i].Is(0) || view.dims[i].Is(1)) continue;
      if (along != view.dims.size()) return nullptr;
      along = i;
    }
    Dims line = TypeOf(iota.getResult()).dims;
    // Only a plain line: every other axis of the iota has size 1.
    bool is_line = own.offset.Is(0) && along != view.dims.size() && view.strides[along].Is(1) &&
                   NumElements(line) == view.dims[along];
    if (!is_line || line[iota.getAxis()] != view.dims[along]) return nullptr;
    return MakeOp(
        b_, loc, OpKind::kIota, {},
        {{"dims", view.dims}, {"axis", static_cast<int64_t>(along)}, {"dtype", TypeOf(iota.getResult()).dtype}});
  }

  Value operand(Value value, Location loc) { return OperandAs(value, TypeOf(value).dims, loc); }
  // For ops that need memory behind the operand: scalars are written out.
  Value InMemory(Value value, const Dims &dims, Location loc) {
    Value operand = OperandAs(value, dims, loc);
    return operand.getDefiningOp<ir::ScalarOp>() ? ir::CopyOp::create(b_, loc, operand.getType(), operand) : operand;
  }

  // For what takes whole buffers as they are.
  Value Whole(Value value, Location loc) {
    Placed at = Place(value);
    if (at.view.IsContiguous() && at.view.offset.Is(0) &&
        NumElements(at.view.dims) == NumElements(TypeOf(at.buffer).dims) && !at.buffer.getDefiningOp<ir::ScalarOp>())
      return at.buffer;
    return Buffer(operand(value, loc));
  }
  // A copy of a view or of a scalar; a buffer itself.
  Value Buffer(Value value) {
    bool is_buffer = !isa_and_nonnull<ir::ViewOp, ir::ScalarOp>(value.getDefiningOp());
    return is_buffer ? value : ir::CopyOp::create(b_, value.getLoc(), value.getType(), value);
  }

  void ResolveReturn(func::ReturnOp ret) {
    // What a function of the graph returns is put in its place by whoever runs it.
    if (IsFunctionOfGraph(function_)) {
      for (OpOperand &result : ret->getOpOperands()) result.set(Buffer(operand(result.get(), ret.getLoc())));
      return;
    }
    // What takes a state's place is put there by the last steps.
    size_t num_outputs = ret.getNumOperands() - NumStates(function_);
    for (OpOperand &result : ret->getOpOperands().drop_front(num_outputs))
      result.set(Buffer(operand(result.get(), ret.getLoc())));
    for (OpOperand &result : ret->getOpOperands().take_front(num_outputs)) {
      Value value = operand(result.get(), ret.getLoc());
      Operation *producer = value.getDefiningOp();
      // An output is a buffer of its own, written by a kernel.
      bool needs_copy = !producer || isa<ir::ViewOp, ir::ConstantOp, ir::ScalarOp, ir::BindSizesOp>(producer);
      for (OpOperand &earlier : ret->getOpOperands())
        needs_copy |= earlier.getOperandNumber() < result.getOperandNumber() && earlier.get() == value;
      result.set(needs_copy ? ir::CopyOp::create(b_, ret.getLoc(), value.getType(), value) : value);
    }
  }

  void Resolve(Operation *op) {
    Location loc = op->getLoc();
    std::optional<FusionKind> fusion = FusionKindOf(op);
    if (!fusion || isa<ir::ScalarOp>(op)) return;
    if (*fusion == FusionKind::kView) {
      placed_[op->getResult(0)] = ResolveView(op, Place(op->getOperand(0)));
      dead_.push_back(op);
      return;
    }
    if (auto matmul = dyn_cast<ir::MatMulOp>(op)) {
      ResolveMatMul(matmul);
      return;
    }
    if (*fusion == FusionKind::kControl || *fusion == FusionKind::kSizes) {
      for (OpOperand &use : op->getOpOperands()) use.set(Whole(use.get(), loc));
      return;
    }
    if (auto update = dyn_cast<ir::DynamicUpdateOp>(op)) {
      update.getXMutable().assign(Buffer(operand(update.getX(), loc)));
      update.getYMutable().assign(operand(update.getY(), loc));
      update.getStartMutable().assign(operand(update.getStart(), loc));
      return;
    }
    Dims dims = op->getNumResults() ? TypeOf(op->getResult(0)).dims : Dims();
    for (OpOperand &use : op->getOpOperands())
      use.set(*fusion == FusionKind::kElementwise   ? OperandAs(use.get(), dims, loc)
              : *fusion == FusionKind::kContraction ? InMemory(use.get(), TypeOf(use.get()).dims, loc)
                                                    : operand(use.get(), loc));
    if (auto contract = dyn_cast<ir::ContractOp>(op)) ReadInARow(contract);
  }

  // The contracted axis along which the left operand lies element by element (a convolution's channels, where they are
  // last) becomes the innermost one, so that it is read in long runs. A sum has its terms in any order.
  void ReadInARow(ir::ContractOp op) {
    Access x = AccessOf(op.getX()), y = AccessOf(op.getY());
    size_t first = op.getBatch() + op.getRows(), last = x.view.dims.size() - 1, of_y = op.getBatch();
    size_t run = first;
    while (run < last && !(x.view.strides[run].Is(1) && !x.view.dims[run].Is(1))) ++run;
    if (run == last || x.view.strides[last].Is(1)) return;
    auto to_end = [](Access &access, size_t begin, size_t from, size_t end) {
      for (Dims *axes : {&access.view.dims, &access.view.strides})
        std::rotate(axes->begin() + begin + from, axes->begin() + begin + from + 1, axes->begin() + end);
    };
    to_end(x, first, run - first, last + 1);
    to_end(y, of_y, run - first, of_y + op.getDepth());
    op.getXMutable().assign(MakeView(b_, op.getLoc(), x.buffer, x.view));
    op.getYMutable().assign(MakeView(b_, op.getLoc(), y.buffer, y.view));
  }

  Placed ResolveView(Operation *op, Placed from) {
    // A number, repeated, is one under every view.
    if (from.buffer.getDefiningOp<ir::ScalarOp>())
      return {from.buffer, StridedView::Contiguous(TypeOf(op->getResult(0)).dims)};
    const StridedView &view = from.view;
    if (auto transpose = dyn_cast<ir::TransposeOp>(op))
      return {from.buffer, view.Transpose(Ints(transpose.getPermutation()))};
    if (auto broadcast = dyn_cast<ir::BroadcastToOp>(op)) return {from.buffer, view.Broadcast(broadcast.getDims())};
    if (auto slice = dyn_cast<ir::SliceOp>(op))
      return {from.buffer, view.Slice(slice.getStarts(), slice.getLimits(), Ints(slice.getSteps()))};
    if (auto windows = dyn_cast<ir::WindowsOp>(op)) return {from.buffer, WindowsOf(view, windows)};
    Dims target = cast<ir::ReshapeOp>(op).getDims();
    if (std::optional<StridedView> reshaped = view.Reshape(target)) return {from.buffer, *reshaped};
    return {CopyOf(from, op->getLoc()), StridedView::Contiguous(target)};
  }

  // [n, c, in...] -> [n, g, out..., c / g, kernel...], without g where there is one group.
  static StridedView WindowsOf(const StridedView &view, ir::WindowsOp op) {
    Dims dims = TypeOf(op.getResult()).dims;
    size_t spatial = op.getSteps().size(), channel = dims.size() - spatial - 1;
    StridedView result{view.offset, dims, {view.strides[0]}};
    if (channel == 2 + spatial) result.strides.push_back(view.strides[1] * dims[channel]);
    for (size_t i = 0; i < spatial; ++i) result.strides.push_back(view.strides[i + 2] * Dim(op.getSteps()[i]));
    result.strides.push_back(view.strides[1]);
    for (size_t i = 0; i < spatial; ++i) result.strides.push_back(view.strides[i + 2] * Dim(op.getDilations()[i]));
    return result;
  }

  Value CopyOf(const Placed &from, Location loc) {
    Value view = MakeView(b_, loc, from.buffer, from.view);
    return ir::CopyOp::create(b_, loc, view.getType(), view);
  }

  void ResolveMatMul(ir::MatMulOp op) {
    TensorType result = TypeOf(op.getResult());
    Dims batch(result.dims.begin(), result.dims.end() - 2), x = batch, y = batch;
    Dims x_dims = TypeOf(op.getX()).dims, y_dims = TypeOf(op.getY()).dims;
    x.insert(x.end(), x_dims.end() - 2, x_dims.end());
    y.insert(y.end(), y_dims.end() - 2, y_dims.end());
    Value contract =
        ir::ContractOp::create(b_, op.getLoc(), op.getType(), InMemory(op.getX(), x, op.getLoc()),
                               InMemory(op.getY(), y, op.getLoc()), static_cast<int64_t>(batch.size()), 1, 1);
    op.getResult().replaceAllUsesWith(contract);
    dead_.push_back(op);
  }

  func::FuncOp function_;
  OpBuilder b_;
  DenseMap<Value, Placed> placed_;
  SmallVector<Operation *> dead_;
};

struct ResolveViews : impl::ResolveViewsBase<ResolveViews> {
  void runOnOperation() override { Resolver(getOperation()).Run(); }
};

}  // namespace
}  // namespace ingot::compiler
