#include "compiler/fusion/merge_axes.h"

#include "compiler/fusion/region_planner.h"
#include "compiler/views/strided_view.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

// Neighbouring axes [begin, end) that become one.
struct Group {
  size_t begin, end;
};
using Groups = SmallVector<Group>;

// Groups of [begin, end), each as wide as all views allow; `groups` grows at its end.
void Partition(ArrayRef<StridedView> views, size_t begin, size_t end, Groups &groups) {
  Groups found;
  for (size_t stop = end; stop > begin;) {
    size_t start = stop - 1;
    while (start > begin &&
           llvm::all_of(views, [&](const StridedView &view) { return IsEvenlySpaced(view, start - 1, stop); }))
      --start;
    found.push_back({start, stop});
    stop = start;
  }
  groups.append(found.rbegin(), found.rend());
}

Dims Merge(const Dims &dims, const Groups &groups) {
  Dims merged;
  for (auto [begin, end] : groups) merged.push_back(NumElements(Dims(dims.begin() + begin, dims.begin() + end)));
  return merged;
}

StridedView Merge(const StridedView &view, const Groups &groups) {
  StridedView merged{view.offset, Merge(view.dims, groups), {}};
  for (auto [begin, end] : groups) merged.strides.push_back(view.strides[MergedAxis(view.dims, begin, end)]);
  return merged;
}

class AxisMerger {
 public:
  explicit AxisMerger(func::FuncOp kernel) : kernel_(kernel), b_(kernel.getContext()) {}

  void Loop() {
    SmallVector<StridedView> views;
    for (Operation &op : body()) {
      if (UsesIndex(&op)) return;
      if (IsComputing(&op))
        for (Value operand : op.getOperands()) views.push_back(AccessOf(operand).view);
    }
    Dims space = this->space();
    Groups groups;
    Partition(views, 0, space.size(), groups);
    if (groups.size() != space.size()) Rewrite(groups, nullptr);
  }

  void Contract() {
    ir::ContractOp product = *body().getOps<ir::ContractOp>().begin();
    size_t batch = product.getBatch(), rows = batch + product.getRows(), depth = product.getDepth();
    StridedView left = AccessOf(product.getX()).view, right = AccessOf(product.getY()).view;
    // What the result meets, besides the product itself.
    SmallVector<StridedView> after;
    bool indexed = false;
    for (Operation &op : body()) {
      indexed |= UsesIndex(&op);
      if (IsComputing(&op) && &op != product)
        for (Value operand : op.getOperands()) after.push_back(AccessOf(operand).view);
    }
    SmallVector<StridedView> outer(after);
    outer.push_back(left);
    // An op that uses the index sees the space's own axes.
    Groups space;
    if (indexed) {
      for (size_t axis = 0; axis < rows; ++axis) space.push_back({axis, axis + 1});
    } else {
      SmallVector<StridedView> both(outer);
      if (!product.getPanels()) both.push_back(right);
      Partition(both, 0, batch, space);
    }
    size_t batches = indexed ? batch : space.size();
    if (!indexed) Partition(outer, batch, rows, space);
    size_t row_groups = space.size() - batches;
    // Contracted axes stand behind the rows on the left, behind the batch on the right.
    Groups left_groups(space);
    SmallVector<StridedView> contracted{left};
    if (!product.getPanels()) contracted.push_back(Shifted(right, rows - batch, batch));
    Partition(contracted, rows, rows + depth, left_groups);
    size_t depths = left_groups.size() - space.size();
    if (batches == batch && row_groups == rows - batch && depths == depth) return;
    space.push_back({rows, rows + 1});  // the columns
    Groups right_groups(space.begin(), space.begin() + batches);
    for (Group group : ArrayRef(left_groups).drop_front(batches + row_groups))
      right_groups.push_back({group.begin - (rows - batch), group.end - (rows - batch)});
    right_groups.push_back({batch + depth, batch + depth + 1});
    b_.setInsertionPoint(product);
    product.getXMutable().assign(Viewed(product.getX(), left_groups));
    if (!product.getPanels()) product.getYMutable().assign(Viewed(product.getY(), right_groups));
    product.setBatch(batches);
    product.setRows(row_groups);
    product.setDepth(depths);
    // What an index op reads has axes of its own, which no group of the space's counts.
    if (!indexed) Rewrite(space, product);
  }

 private:
  Block &body() { return kernel_.getBody().front(); }
  Dims space() { return kernel_->getAttrOfType<ir::DimsAttr>("ingot.space").dims(); }
  static bool IsComputing(Operation *op) { return !isa<ir::ViewOp, ir::ScalarOp, func::ReturnOp>(op); }

  // The view with `count` axes before `at`, so that its later axes are counted like those of another operand.
  static StridedView Shifted(StridedView view, size_t count, size_t at) {
    view.dims.insert(view.dims.begin() + at, count, Dim(1));
    view.strides.insert(view.strides.begin() + at, count, Dim(0));
    return view;
  }

  Value Viewed(Value operand, const Groups &groups) {
    Access access = AccessOf(operand);
    return MakeView(b_, operand.getLoc(), access.buffer, Merge(access.view, groups));
  }

  void SetDims(Value value, const Groups &groups) {
    TensorType type = TypeOf(value);
    value.setType(ToMlirType(b_.getContext(), {type.dtype, Merge(type.dims, groups)}));
  }

  // Gives every tensor of the space the merged dims; `done` has its operands already.
  void Rewrite(const Groups &groups, Operation *done) {
    SmallVector<Operation *> ops;
    for (Operation &op : body()) ops.push_back(&op);
    llvm::SmallPtrSet<Operation *, 8> scalars;
    for (Operation *op : ops) {
      if (!IsComputing(op)) continue;
      b_.setInsertionPoint(op);
      for (OpOperand &operand : op->getOpOperands()) {
        Operation *producer = operand.get().getDefiningOp();
        if (op == done) continue;
        if (isa_and_nonnull<ir::ScalarOp>(producer)) {
          if (scalars.insert(producer).second) SetDims(operand.get(), groups);
        } else if (!producer || isa<ir::ViewOp>(producer)) {
          operand.set(Viewed(operand.get(), groups));
        }
      }
      SetDims(op->getResult(0), groups);
    }
    for (Operation *op : llvm::reverse(ops))
      if (isa<ir::ViewOp>(op) && op->use_empty()) op->erase();
    kernel_->setAttr("ingot.space", ir::DimsAttr::get(b_.getContext(), Merge(space(), groups)));
    kernel_.setFunctionType(b_.getFunctionType(kernel_.getArgumentTypes(), body().getTerminator()->getOperandTypes()));
  }

  func::FuncOp kernel_;
  OpBuilder b_;
};

}  // namespace

void MergeAxes(func::FuncOp kernel) {
  switch (*ParseRegionKind(kernel->getAttrOfType<StringAttr>("ingot.kind").getValue())) {
    case RegionKind::Loop:
      return AxisMerger(kernel).Loop();
    case RegionKind::Contract:
      return AxisMerger(kernel).Contract();
    default:
      return;
  }
}

}  // namespace ingot::compiler
