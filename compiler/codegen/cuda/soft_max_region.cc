#include "compiler/codegen/cuda/attention.h"

using namespace mlir;

namespace ingot::compiler::cuda {

// What a per-row value is repeated from along the row.
static Value RowOf(Value repeated) {
  if (auto view = repeated.getDefiningOp<ir::ViewOp>()) return view.getSource();
  return repeated;
}

// exp(x - max(x)) * (1 / sum), and where it is not a number perhaps 0.
std::optional<SoftMaxRegion> MatchSoftMax(KernelBuilder &k) {
  SoftMaxRegion region(k);
  size_t ops_of_soft_max = 6;
  Value probabilities = region.values.getX();
  // Floats of 16 bits have their soft-max in f32.
  auto skip_cast = [&] {
    auto cast = probabilities.getDefiningOp<ir::CastOp>();
    if (cast && TypeOf(cast->getOperand(0)).dtype == DType::kF32) {
      probabilities = cast->getOperand(0);
      ++ops_of_soft_max;
    }
  };
  skip_cast();
  if (auto select = probabilities.getDefiningOp<ir::SelectOp>()) {
    auto is_nan = select->getOperand(0).getDefiningOp<ir::IsNanOp>();
    auto zero = select->getOperand(1).getDefiningOp<ir::ScalarOp>();
    auto real = zero ? dyn_cast<FloatAttr>(zero.getValue()) : FloatAttr();
    if (!is_nan || !real || !real.getValue().isPosZero() || is_nan->getOperand(0) != select->getOperand(2))
      return std::nullopt;
    region.nan_is_zero = true;
    probabilities = select->getOperand(2);
    ops_of_soft_max += 2;
    skip_cast();
  }
  auto mul = probabilities.getDefiningOp<ir::MulOp>();
  auto exp = mul ? mul->getOperand(0).getDefiningOp<ir::ExpOp>() : ir::ExpOp();
  auto reciprocal = mul ? RowOf(mul->getOperand(1)).getDefiningOp<ir::ReciprocalOp>() : ir::ReciprocalOp();
  auto sum = reciprocal ? reciprocal->getOperand(0).getDefiningOp<ir::ReduceSumOp>() : ir::ReduceSumOp();
  auto sub = exp ? exp->getOperand(0).getDefiningOp<ir::SubOp>() : ir::SubOp();
  auto max = sub ? RowOf(sub->getOperand(1)).getDefiningOp<ir::ReduceMaxOp>() : ir::ReduceMaxOp();
  if (!sum || !max || sum->getOperand(0) != exp->getResult(0) || max->getOperand(0) != sub->getOperand(0))
    return std::nullopt;
  region.scores_of_max = sub->getOperand(0);
  // Whatever else there is is element-wise, on whole rows, in front of the soft-max.
  size_t before = 0;
  for (Operation *op : region.row_ops) {
    Value value = op->getResult(0);
    if (TypeOf(value).dims == region.space && op->isBeforeInBlock(max)) ++before;
  }
  if (before + ops_of_soft_max != region.row_ops.size()) return std::nullopt;
  return region;
}

}  // namespace ingot::compiler::cuda
