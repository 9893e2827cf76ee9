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
  explicit Resolver(func::FuncOp function) : function(function), b(function.getContext()) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
      b.setInsertionPoint(&op);
      if (auto ret = dyn_cast<func::ReturnOp>(op))
        resolveReturn(ret);
      else
        resolve(&op);
    }
    for (Operation *op : llvm::reverse(dead)) op->erase();
  }

 private:
  Placed place(Value value) {
    auto found = placed.find(value);
    if (found != placed.end()) return found->second;
    return {value, StridedView::contiguous(typeOf(value).dims)};
  }

  // `value` with these dims, broadcast where needed.
  Value operandAs(Value value, const Dims &dims, Location loc) {
    Placed at = place(value);
    if (auto scalar = at.buffer.getDefiningOp<ir::ScalarOp>())
      return ir::ScalarOp::create(b, loc, toMlirType(b.getContext(), {typeOf(value).dtype, dims}), scalar.getValue());
    StridedView view = at.view.dims == dims ? at.view : at.view.broadcast(dims);
    if (auto iota = at.buffer.getDefiningOp<ir::IotaOp>())
      if (Value wider = broadcastIota(iota, at.view, view, loc)) return wider;
    if (view == StridedView::contiguous(typeOf(at.buffer).dims)) return at.buffer;
    return makeView(b, loc, at.buffer, view);
  }

  // An iota seen through a broadcast is an iota.
  Value broadcastIota(ir::IotaOp iota, const StridedView &own, const StridedView &view, Location loc) {
    size_t along = view.dims.size();
    for (size_t i = 0; i < view.dims.size(); ++i) {
      if (view.strides[i].Is(0) || view.dims[i].Is(1)) continue;
      if (along != view.dims.size()) return nullptr;
      along = i;
    }
    Dims line = typeOf(iota.getResult()).dims;
    // Only a plain line: every other axis of the iota has size 1.
    bool isLine = own.offset.Is(0) && along != view.dims.size() && view.strides[along].Is(1) &&
                  NumElements(line) == view.dims[along];
    if (!isLine || line[iota.getAxis()] != view.dims[along]) return nullptr;
    return makeOp(
        b, loc, OpKind::kIota, {},
        {{"dims", view.dims}, {"axis", static_cast<int64_t>(along)}, {"dtype", typeOf(iota.getResult()).dtype}});
  }

  Value operand(Value value, Location loc) { return operandAs(value, typeOf(value).dims, loc); }
  // For ops that need memory behind the operand: scalars are written out.
  Value inMemory(Value value, const Dims &dims, Location loc) {
    Value operand = operandAs(value, dims, loc);
    return operand.getDefiningOp<ir::ScalarOp>() ? ir::CopyOp::create(b, loc, operand.getType(), operand) : operand;
  }

  // For what takes whole buffers as they are.
  Value whole(Value value, Location loc) {
    Placed at = place(value);
    if (at.view.isContiguous() && at.view.offset.Is(0) &&
        NumElements(at.view.dims) == NumElements(typeOf(at.buffer).dims) && !at.buffer.getDefiningOp<ir::ScalarOp>())
      return at.buffer;
    return buffer(operand(value, loc));
  }
  // A copy of a view or of a scalar; a buffer itself.
  Value buffer(Value value) {
    bool isBuffer = !isa_and_nonnull<ir::ViewOp, ir::ScalarOp>(value.getDefiningOp());
    return isBuffer ? value : ir::CopyOp::create(b, value.getLoc(), value.getType(), value);
  }

  void resolveReturn(func::ReturnOp ret) {
    // What a function of the graph returns is put in its place by whoever runs it.
    if (isFunctionOfGraph(function)) {
      for (OpOperand &result : ret->getOpOperands()) result.set(buffer(operand(result.get(), ret.getLoc())));
      return;
    }
    // What takes a state's place is put there by the last steps.
    size_t numOutputs = ret.getNumOperands() - numStates(function);
    for (OpOperand &result : ret->getOpOperands().drop_front(numOutputs))
      result.set(buffer(operand(result.get(), ret.getLoc())));
    for (OpOperand &result : ret->getOpOperands().take_front(numOutputs)) {
      Value value = operand(result.get(), ret.getLoc());
      Operation *producer = value.getDefiningOp();
      // An output is a buffer of its own, written by a kernel.
      bool needsCopy = !producer || isa<ir::ViewOp, ir::ConstantOp, ir::ScalarOp, ir::BindSizesOp>(producer);
      for (OpOperand &earlier : ret->getOpOperands())
        needsCopy |= earlier.getOperandNumber() < result.getOperandNumber() && earlier.get() == value;
      result.set(needsCopy ? ir::CopyOp::create(b, ret.getLoc(), value.getType(), value) : value);
    }
  }

  void resolve(Operation *op) {
    Location loc = op->getLoc();
    std::optional<FusionKind> fusion = fusionKind(op);
    if (!fusion || isa<ir::ScalarOp>(op)) return;
    if (*fusion == FusionKind::kView) {
      placed[op->getResult(0)] = resolveView(op, place(op->getOperand(0)));
      dead.push_back(op);
      return;
    }
    if (auto matmul = dyn_cast<ir::MatMulOp>(op)) {
      resolveMatMul(matmul);
      return;
    }
    if (*fusion == FusionKind::kControl || *fusion == FusionKind::kSizes) {
      for (OpOperand &use : op->getOpOperands()) use.set(whole(use.get(), loc));
      return;
    }
    if (auto update = dyn_cast<ir::DynamicUpdateOp>(op)) {
      update.getXMutable().assign(buffer(operand(update.getX(), loc)));
      update.getYMutable().assign(operand(update.getY(), loc));
      update.getStartMutable().assign(operand(update.getStart(), loc));
      return;
    }
    Dims dims = op->getNumResults() ? typeOf(op->getResult(0)).dims : Dims();
    for (OpOperand &use : op->getOpOperands())
      use.set(*fusion == FusionKind::kElementwise   ? operandAs(use.get(), dims, loc)
              : *fusion == FusionKind::kContraction ? inMemory(use.get(), typeOf(use.get()).dims, loc)
                                                    : operand(use.get(), loc));
  }

  Placed resolveView(Operation *op, Placed from) {
    // A number, repeated, is one under every view.
    if (from.buffer.getDefiningOp<ir::ScalarOp>())
      return {from.buffer, StridedView::contiguous(typeOf(op->getResult(0)).dims)};
    const StridedView &view = from.view;
    if (auto transpose = dyn_cast<ir::TransposeOp>(op))
      return {from.buffer, view.transpose(Ints(transpose.getPermutation()))};
    if (auto broadcast = dyn_cast<ir::BroadcastToOp>(op)) return {from.buffer, view.broadcast(broadcast.getDims())};
    if (auto slice = dyn_cast<ir::SliceOp>(op))
      return {from.buffer, view.slice(slice.getStarts(), slice.getLimits(), Ints(slice.getSteps()))};
    if (auto windows = dyn_cast<ir::WindowsOp>(op)) return {from.buffer, windowsOf(view, windows)};
    Dims target = cast<ir::ReshapeOp>(op).getDims();
    if (std::optional<StridedView> reshaped = view.reshape(target)) return {from.buffer, *reshaped};
    return {copyOf(from, op->getLoc()), StridedView::contiguous(target)};
  }

  // [n, c, in...] -> [n, g, out..., c / g, kernel...]
  static StridedView windowsOf(const StridedView &view, ir::WindowsOp op) {
    Dims dims = typeOf(op.getResult()).dims;
    size_t spatial = op.getSteps().size(), channel = 2 + spatial;
    StridedView result{view.offset, dims, {view.strides[0], view.strides[1] * dims[channel]}};
    for (size_t i = 0; i < spatial; ++i) result.strides.push_back(view.strides[i + 2] * Dim(op.getSteps()[i]));
    result.strides.push_back(view.strides[1]);
    for (size_t i = 0; i < spatial; ++i) result.strides.push_back(view.strides[i + 2] * Dim(op.getDilations()[i]));
    return result;
  }

  Value copyOf(const Placed &from, Location loc) {
    Value view = makeView(b, loc, from.buffer, from.view);
    return ir::CopyOp::create(b, loc, view.getType(), view);
  }

  void resolveMatMul(ir::MatMulOp op) {
    TensorType result = typeOf(op.getResult());
    Dims batch(result.dims.begin(), result.dims.end() - 2), x = batch, y = batch;
    Dims xDims = typeOf(op.getX()).dims, yDims = typeOf(op.getY()).dims;
    x.insert(x.end(), xDims.end() - 2, xDims.end());
    y.insert(y.end(), yDims.end() - 2, yDims.end());
    Value contract =
        ir::ContractOp::create(b, op.getLoc(), op.getType(), inMemory(op.getX(), x, op.getLoc()),
                               inMemory(op.getY(), y, op.getLoc()), static_cast<int64_t>(batch.size()), 1, 1);
    op.getResult().replaceAllUsesWith(contract);
    dead.push_back(op);
  }

  func::FuncOp function;
  OpBuilder b;
  DenseMap<Value, Placed> placed;
  SmallVector<Operation *> dead;
};

struct ResolveViews : impl::ResolveViewsBase<ResolveViews> {
  void runOnOperation() override { Resolver(getOperation()).run(); }
};

}  // namespace
}  // namespace ingot::compiler
