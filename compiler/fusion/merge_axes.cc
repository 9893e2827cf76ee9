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
void partition(ArrayRef<StridedView> views, size_t begin, size_t end, Groups &groups) {
  Groups found;
  for (size_t stop = end; stop > begin;) {
    size_t start = stop - 1;
    while (start > begin &&
           llvm::all_of(views, [&](const StridedView &view) { return isEvenlySpaced(view, start - 1, stop); }))
      --start;
    found.push_back({start, stop});
    stop = start;
  }
  groups.append(found.rbegin(), found.rend());
}

Dims merge(const Dims &dims, const Groups &groups) {
  Dims merged;
  for (auto [begin, end] : groups) merged.push_back(NumElements(Dims(dims.begin() + begin, dims.begin() + end)));
  return merged;
}

StridedView merge(const StridedView &view, const Groups &groups) {
  StridedView merged{view.offset, merge(view.dims, groups), {}};
  for (auto [begin, end] : groups) merged.strides.push_back(view.strides[mergedAxis(view.dims, begin, end)]);
  return merged;
}

class Merger {
 public:
  explicit Merger(func::FuncOp kernel) : kernel(kernel), b(kernel.getContext()) {}

  void loop() {
    SmallVector<StridedView> views;
    for (Operation &op : body()) {
      if (usesIndex(&op)) return;
      if (isComputing(&op))
        for (Value operand : op.getOperands()) views.push_back(accessOf(operand).view);
    }
    Dims space = this->space();
    Groups groups;
    partition(views, 0, space.size(), groups);
    if (groups.size() != space.size()) rewrite(groups, nullptr);
  }

  void contract() {
    ir::ContractOp product = *body().getOps<ir::ContractOp>().begin();
    size_t batch = product.getBatch(), rows = batch + product.getRows(), depth = product.getDepth();
    StridedView left = accessOf(product.getX()).view, right = accessOf(product.getY()).view;
    // What the result meets, besides the product itself.
    SmallVector<StridedView> after;
    bool indexed = false;
    for (Operation &op : body()) {
      indexed |= usesIndex(&op);
      if (isComputing(&op) && &op != product)
        for (Value operand : op.getOperands()) after.push_back(accessOf(operand).view);
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
      partition(both, 0, batch, space);
    }
    size_t batches = indexed ? batch : space.size();
    if (!indexed) partition(outer, batch, rows, space);
    size_t rowGroups = space.size() - batches;
    // Contracted axes stand behind the rows on the left, behind the batch on the right.
    Groups leftGroups(space);
    SmallVector<StridedView> contracted{left};
    if (!product.getPanels()) contracted.push_back(shifted(right, rows - batch, batch));
    partition(contracted, rows, rows + depth, leftGroups);
    size_t depths = leftGroups.size() - space.size();
    if (batches == batch && rowGroups == rows - batch && depths == depth) return;
    space.push_back({rows, rows + 1});  // the columns
    Groups rightGroups(space.begin(), space.begin() + batches);
    for (Group group : ArrayRef(leftGroups).drop_front(batches + rowGroups))
      rightGroups.push_back({group.begin - (rows - batch), group.end - (rows - batch)});
    rightGroups.push_back({batch + depth, batch + depth + 1});
    b.setInsertionPoint(product);
    product.getXMutable().assign(viewed(product.getX(), leftGroups));
    if (!product.getPanels()) product.getYMutable().assign(viewed(product.getY(), rightGroups));
    product.setBatch(batches);
    product.setRows(rowGroups);
    product.setDepth(depths);
    rewrite(space, product);
  }

 private:
  Block &body() { return kernel.getBody().front(); }
  Dims space() { return kernel->getAttrOfType<ir::DimsAttr>("ingot.space").dims(); }
  static bool isComputing(Operation *op) { return !isa<ir::ViewOp, ir::ScalarOp, func::ReturnOp>(op); }

  // The view with `count` axes before `at`, so that its later axes are counted like those of another operand.
  static StridedView shifted(StridedView view, size_t count, size_t at) {
    view.dims.insert(view.dims.begin() + at, count, Dim(1));
    view.strides.insert(view.strides.begin() + at, count, Dim(0));
    return view;
  }

  Value viewed(Value operand, const Groups &groups) {
    Access access = accessOf(operand);
    return makeView(b, operand.getLoc(), access.buffer, merge(access.view, groups));
  }

  void setDims(Value value, const Groups &groups) {
    TensorType type = typeOf(value);
    value.setType(toMlirType(b.getContext(), {type.dtype, merge(type.dims, groups)}));
  }

  // Gives every tensor of the space the merged dims; `done` has its operands already.
  void rewrite(const Groups &groups, Operation *done) {
    SmallVector<Operation *> ops;
    for (Operation &op : body()) ops.push_back(&op);
    llvm::SmallPtrSet<Operation *, 8> scalars;
    for (Operation *op : ops) {
      if (!isComputing(op)) continue;
      b.setInsertionPoint(op);
      for (OpOperand &operand : op->getOpOperands()) {
        Operation *producer = operand.get().getDefiningOp();
        if (op == done) continue;
        if (isa_and_nonnull<ir::ScalarOp>(producer)) {
          if (scalars.insert(producer).second) setDims(operand.get(), groups);
        } else if (!producer || isa<ir::ViewOp>(producer)) {
          operand.set(viewed(operand.get(), groups));
        }
      }
      setDims(op->getResult(0), groups);
    }
    for (Operation *op : llvm::reverse(ops))
      if (isa<ir::ViewOp>(op) && op->use_empty()) op->erase();
    kernel->setAttr("ingot.space", ir::DimsAttr::get(b.getContext(), merge(space(), groups)));
    kernel.setFunctionType(b.getFunctionType(kernel.getArgumentTypes(), body().getTerminator()->getOperandTypes()));
  }

  func::FuncOp kernel;
  OpBuilder b;
};

}  // namespace

void mergeAxes(func::FuncOp kernel) {
  switch (*parseRegionKind(kernel->getAttrOfType<StringAttr>("ingot.kind").getValue())) {
    case RegionKind::Loop:
      return Merger(kernel).loop();
    case RegionKind::Contract:
      return Merger(kernel).contract();
    default:
      return;
  }
}

}  // namespace ingot::compiler
