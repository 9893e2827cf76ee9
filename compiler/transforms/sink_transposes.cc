// An element-wise op on a transposed tensor is the transposed element-wise op: moving the transpose behind it lets the
// op fuse with what made the data (a convolution, whose result is channels-last). The same holds for reductions, for
// reshapes that only add or drop axes of size 1, and for slices and pads, of which pools are made. Test:
// tests/compiler/lit/sink-transposes.mlir.
#include "compiler/transforms/passes.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace ingot::compiler {
#define GEN_PASS_DEF_SINKTRANSPOSES
#include "compiler/transforms/Passes.h.inc"

using namespace mlir;
namespace {

Ints Inverse(const Ints &permutation) {
  Ints result(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) result[permutation[i]] = static_cast<int64_t>(i);
  return result;
}

Ints PermutationOf(ir::TransposeOp op) { return Ints(op.getPermutation()); }

// Does the value come from a contraction by element-wise ops, reductions, reshapes and cuts alone? Only then does
// moving a transpose pay, and only then does it end: sinking every transpose would trade those of two operands for each
// other.
bool ComesFromContraction(Value value) {
  constexpr size_t kMostOps = 256;
  SmallVector<Value> work{value};
  SmallPtrSet<Operation *, 16> seen;  // paths may be many more than ops
  while (!work.empty() && seen.size() < kMostOps) {
    Operation *producer = work.pop_back_val().getDefiningOp();
    if (!producer || !seen.insert(producer).second) continue;
    if (isa<ir::ContractOp>(producer)) return true;
    FusionKind kind = FusionKindOf(producer).value_or(FusionKind::kLeaf);
    if (kind == FusionKind::kElementwise || kind == FusionKind::kReduction ||
        isa<ir::ReshapeOp, ir::SliceOp, ir::PadOp>(producer))
      llvm::append_range(work, producer->getOperands());
  }
  return false;
}

// A transpose of a convolution's result (convolutions are channels-last inside).
ir::TransposeOp Sinkable(Value value) {
  auto transpose = value.getDefiningOp<ir::TransposeOp>();
  return transpose && ComesFromContraction(transpose.getX()) ? transpose : nullptr;
}

// Gives an operand that broadcasts all axes, then permutes them.
Value TransposeOperand(OpBuilder &b, Location loc, Value operand, size_t rank, const Ints &permutation) {
  Dims own = TypeOf(operand).dims;
  if (own.empty()) return operand;
  Dims full(rank - own.size(), Dim(1));
  full.insert(full.end(), own.begin(), own.end());
  if (full.size() != own.size()) operand = MakeOp(b, loc, OpKind::kReshape, {operand}, {{"dims", full}});
  return MakeOp(b, loc, OpKind::kTranspose, {operand}, {{"permutation", permutation}});
}

struct SinkThroughElementwise : RewritePattern {
  explicit SinkThroughElementwise(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &b) const override {
    std::optional<OpKind> kind = KindOf(op);
    if (!kind || FusionKindOf(op) != FusionKind::kElementwise) return failure();
    Dims dims = TypeOf(op->getResult(0)).dims;
    ir::TransposeOp found;
    for (Value operand : op->getOperands())
      if (ir::TransposeOp transpose = Sinkable(operand); transpose && TypeOf(operand).dims == dims) {
        found = transpose;
        break;
      }
    if (!found) return failure();
    Ints permutation = PermutationOf(found), back = Inverse(permutation);
    // What is checked is checked before the first op is made: a pattern that changes the IR must match.
    auto transposed_alike = [&](Value operand) {
      auto other = operand.getDefiningOp<ir::TransposeOp>();
      return other && PermutationOf(other) == permutation ? other : nullptr;
    };
    for (Value operand : op->getOperands())
      // Its own transpose would want to sink in turn, for ever.
      if (!transposed_alike(operand) && (ComesFromContraction(operand) || Sinkable(operand))) return failure();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (ir::TransposeOp other = transposed_alike(operand))
        operands.push_back(other.getX());
      else
        operands.push_back(TransposeOperand(b, op->getLoc(), operand, dims.size(), back));
    }
    Value inner = MakeOp(b, op->getLoc(), *kind, operands, AttributesOf(op));
    b.replaceOp(op, MakeOp(b, op->getLoc(), OpKind::kTranspose, {inner}, {{"permutation", permutation}}));
    return success();
  }
};

struct SinkThroughReduction : RewritePattern {
  explicit SinkThroughReduction(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &b) const override {
    if (FusionKindOf(op) != FusionKind::kReduction || !KindOf(op)) return failure();
    ir::TransposeOp transpose = Sinkable(op->getOperand(0));
    if (!transpose) return failure();
    Ints permutation = PermutationOf(transpose), axes;
    for (int64_t axis : op->getAttrOfType<DenseI64ArrayAttr>("axes").asArrayRef()) axes.push_back(permutation[axis]);
    Value inner = MakeOp(b, op->getLoc(), *KindOf(op), {transpose.getX()}, {{"axes", axes}, {"keep_dims", true}});
    Value moved = MakeOp(b, op->getLoc(), OpKind::kTranspose, {inner}, {{"permutation", permutation}});
    b.replaceOp(op, MakeOp(b, op->getLoc(), OpKind::kReshape, {moved}, {{"dims", TypeOf(op->getResult(0)).dims}}));
    return success();
  }
};

// The attributes, one entry per axis, in another order of axes.
template <typename T>
T Permuted(const T &entries, const Ints &order) {
  T result;
  for (int64_t axis : order) result.push_back(entries[axis]);
  return result;
}

// Is it cut into windows that are multiplied? Those of a depthwise convolution are read row by row: a channel has one
// weight for each, while weights of neighbouring channels lie apart.
bool IsCutForProducts(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return isa<ir::MulOp>(user) || (isa<ir::SliceOp>(user) && IsCutForProducts(user->getResult(0)));
  });
}

// Slices and pads, whose attributes have an entry per axis each.
struct SinkThroughCut : RewritePattern {
  explicit SinkThroughCut(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &b) const override {
    if (!isa<ir::SliceOp, ir::PadOp>(op)) return failure();
    ir::TransposeOp transpose = Sinkable(op->getOperand(0));
    if (!transpose || IsCutForProducts(op->getResult(0))) return failure();
    Ints permutation = PermutationOf(transpose), back = Inverse(permutation);
    Attributes attributes = AttributesOf(op);
    for (auto &[name, attribute] : attributes) {
      if (auto *dims = std::get_if<Dims>(&attribute)) *dims = Permuted(*dims, back);
      if (auto *ints = std::get_if<Ints>(&attribute)) *ints = Permuted(*ints, back);
    }
    SmallVector<Value> operands(op->getOperands());
    operands[0] = transpose.getX();
    Value inner = MakeOp(b, op->getLoc(), *KindOf(op), operands, std::move(attributes));
    b.replaceOp(op, MakeOp(b, op->getLoc(), OpKind::kTranspose, {inner}, {{"permutation", permutation}}));
    return success();
  }
};

// reshape(transpose(x)) where the reshape adds or drops axes of size 1.
struct SinkThroughUnitReshape : OpRewritePattern<ir::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ir::ReshapeOp op, PatternRewriter &b) const override {
    ir::TransposeOp transpose = Sinkable(op.getX());
    if (!transpose) return failure();
    Dims from = TypeOf(transpose.getResult()).dims, to = TypeOf(op.getResult()).dims,
         inner = TypeOf(transpose.getX()).dims;
    auto is_unit = [](const Dim &dim) { return dim.Is(1); };
    // Axes that are not 1, in order, must be the same.
    std::vector<size_t> kept, targets;
    for (size_t i = 0; i < from.size(); ++i)
      if (!is_unit(from[i])) kept.push_back(i);
    for (size_t i = 0; i < to.size(); ++i)
      if (!is_unit(to[i])) targets.push_back(i);
    if (kept.size() != targets.size()) return failure();
    for (size_t i = 0; i < kept.size(); ++i)
      if (from[kept[i]] != to[targets[i]]) return failure();
    // First the axes that are not 1 in inner order, then the new axes of size 1.
    Ints permutation = PermutationOf(transpose);
    Dims squeezed;
    std::vector<int64_t> place(inner.size(), -1);
    for (size_t i = 0; i < inner.size(); ++i)
      if (!is_unit(inner[i])) {
        place[i] = static_cast<int64_t>(squeezed.size());
        squeezed.push_back(inner[i]);
      }
    int64_t unit = static_cast<int64_t>(squeezed.size());
    Ints order(to.size());
    for (size_t i = 0; i < to.size(); ++i)
      if (is_unit(to[i])) {
        order[i] = unit++;
        squeezed.insert(squeezed.begin(), Dim(1));
      }
    // The axes of size 1 lead.
    int64_t units = unit - static_cast<int64_t>(kept.size());
    for (size_t i = 0; i < to.size(); ++i)
      if (is_unit(to[i])) order[i] -= static_cast<int64_t>(kept.size());
    for (size_t i = 0; i < kept.size(); ++i) order[targets[i]] = place[permutation[kept[i]]] + units;
    Value reshaped = MakeOp(b, op.getLoc(), OpKind::kReshape, {transpose.getX()}, {{"dims", squeezed}});
    b.replaceOp(op, MakeOp(b, op.getLoc(), OpKind::kTranspose, {reshaped}, {{"permutation", order}}));
    return success();
  }
};

// Two transposes are one.
struct ComposeTransposes : OpRewritePattern<ir::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ir::TransposeOp op, PatternRewriter &b) const override {
    auto inner = op.getX().getDefiningOp<ir::TransposeOp>();
    if (!inner) return failure();
    Ints first = PermutationOf(inner), composed;
    for (int64_t axis : op.getPermutation()) composed.push_back(first[axis]);
    b.replaceOp(op, MakeOp(b, op.getLoc(), OpKind::kTranspose, {inner.getX()}, {{"permutation", composed}}));
    return success();
  }
};

// A slice of everything is nothing; so is a reshape or broadcast to the same dims, and a transpose in place.
struct DropIdentity : RewritePattern {
  explicit DropIdentity(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 2, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &b) const override {
    if (!KindOf(op) || FusionKindOf(op) != FusionKind::kView ||
        op->getOperand(0).getType() != op->getResult(0).getType())
      return failure();
    if (auto slice = dyn_cast<ir::SliceOp>(op))
      if (llvm::any_of(slice.getSteps(), [](int64_t step) { return step < 0; })) return failure();
    if (auto transpose = dyn_cast<ir::TransposeOp>(op); transpose && !llvm::is_sorted(transpose.getPermutation()))
      return failure();
    b.replaceOp(op, op->getOperand(0));
    return success();
  }
};

struct SinkTransposes : impl::SinkTransposesBase<SinkTransposes> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkThroughElementwise, SinkThroughReduction, SinkThroughCut, SinkThroughUnitReshape,
                 ComposeTransposes, DropIdentity>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) signalPassFailure();
  }
};

}  // namespace
}  // namespace ingot::compiler
