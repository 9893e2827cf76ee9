// Composites into primitives, by their bodies (graph/composites/). What kernels want in another form is written here:
// convolutions become a contraction over windows of the (padded) input, or a sum of their taps; powers of constants,
// long concats and reductions of several axes become what is cheaper. Test: tests/compiler/lit/decompose.mlir.
#include <limits>
#include <map>
#include <vector>

#include "compiler/import/import_graph.h"
#include "compiler/transforms/passes.h"
#include "graph/composites/composites.h"
#include "mlir/IR/Builders.h"

namespace ingot::compiler {
#define GEN_PASS_DEF_DECOMPOSECOMPOSITES
#include "compiler/transforms/Passes.h.inc"

using namespace mlir;
namespace {

// Short names for building expressions at one location.
struct Maker {
  OpBuilder &b;
  Location loc;

  Value Make(OpKind kind, ValueRange operands, Attributes attributes = {}) {
    return MakeOp(b, loc, kind, operands, std::move(attributes));
  }
  Value Scalar(Value like, double value) { return MakeScalar(b, loc, {TypeOf(like).dtype, {}}, value); }
};

// A convolution of every channel by itself is no matrix product worth the name: its windows are added up tap by tap,
// as one expression over the (padded) input. Null: the convolution is of another kind.
Value DecomposeDepthwise(Maker m, ir::ConvOp op, Value x) {
  constexpr int64_t kMostTaps = 64;
  Value weights = op.getWeights();
  Dims w = TypeOf(weights).dims, in = TypeOf(x).dims;
  TensorType result = TypeOf(op.getResult());
  int64_t taps = 1;
  Ints kernel;
  for (const Dim &side : ArrayRef(w).drop_front(2)) {
    kernel.push_back(side.constant().value_or(0));
    taps *= std::clamp<int64_t>(kernel.back(), 0, kMostTaps + 1);
  }
  bool each_alone = w[1].Is(1) && w[0].Is(static_cast<int64_t>(op.getGroups()));
  if (!each_alone || taps == 0 || taps > kMostTaps || (result.dtype != DType::kF32 && result.dtype != DType::kF64))
    return nullptr;
  size_t rank = in.size();
  Dims per_channel(rank, Dim(1));
  per_channel[1] = w[0];
  Value sum = m.Scalar(x, 0);  // as every sum begins: of negative zeros alone it is +0
  for (int64_t tap = 0; tap < taps; ++tap) {
    Dims starts(rank, Dim(0)), limits = in, weight_starts(rank, Dim(0)), weight_limits = w;
    Ints steps(rank, 1);
    int64_t rest = tap;
    for (size_t axis = rank; axis-- > 2;) {
      int64_t at = rest % kernel[axis - 2], step = op.getStrides()[axis - 2];
      rest /= kernel[axis - 2];
      starts[axis] = at * op.getDilations()[axis - 2];
      limits[axis] = starts[axis] + (result.dims[axis] - 1) * Dim(step) + 1;
      steps[axis] = step;
      weight_starts[axis] = at;
      weight_limits[axis] = at + 1;
    }
    Value window = m.Make(OpKind::kSlice, {x}, {{"starts", starts}, {"limits", limits}, {"steps", steps}});
    Value weight = m.Make(OpKind::kSlice, {weights},
                          {{"starts", weight_starts}, {"limits", weight_limits}, {"steps", Ints(rank, 1)}});
    Value product = m.Make(OpKind::kMul, {window, m.Make(OpKind::kReshape, {weight}, {{"dims", per_channel}})});
    sum = m.Make(OpKind::kAdd, {sum, product});
  }
  return sum;
}

Value DecomposeConv(Maker m, ir::ConvOp op) {
  Value x = op.getX(), weights = op.getWeights();
  TensorType result = TypeOf(op.getResult());
  ArrayRef<int64_t> pads = op.getPads(), strides = op.getStrides(), dilations = op.getDilations();
  size_t spatial = strides.size();
  if (llvm::any_of(pads, [](int64_t pad) { return pad != 0; })) {
    Dims low(spatial + 2, Dim(0)), high(spatial + 2, Dim(0));
    for (size_t i = 0; i < spatial; ++i) {
      low[i + 2] = pads[i];
      high[i + 2] = pads[spatial + i];
    }
    x = m.Make(OpKind::kPad, {x, m.Scalar(x, 0)}, {{"low", low}, {"high", high}});
  }
  if (Value sum = DecomposeDepthwise(m, op, x)) return sum;
  Dims in = TypeOf(x).dims, w = TypeOf(weights).dims, out(result.dims.begin() + 2, result.dims.end());
  // An axis of one group would stand between the product and what follows it.
  Dims batch{in[0]};
  if (op.getGroups() != 1) batch.push_back(static_cast<int64_t>(op.getGroups()));
  Dim per_group = Dim::FloorDiv(w[0], static_cast<int64_t>(op.getGroups()));  // without a rest: a check says so
  auto type_of = [&](std::initializer_list<ArrayRef<Dim>> parts) {
    TensorType type{result.dtype, {}};
    for (ArrayRef<Dim> part : parts) type.dims.insert(type.dims.end(), part.begin(), part.end());
    return ToMlirType(m.b.getContext(), type);
  };
  Value windows =
      ir::WindowsOp::create(m.b, m.loc, type_of({batch, out, ArrayRef(w).drop_front()}), x, strides, dilations);
  // Weights [g * m, c, kernel...] as [n (stride 0), g, c, kernel..., m].
  Dims split(batch.begin() + 1, batch.end()), target = batch;
  Ints order;
  for (size_t i = 0; i < split.size(); ++i) order.push_back(static_cast<int64_t>(i));
  int64_t filters = static_cast<int64_t>(split.size());
  split.push_back(per_group);
  for (size_t i = 1; i < w.size(); ++i) {
    order.push_back(static_cast<int64_t>(split.size()));
    split.push_back(w[i]);
    target.push_back(w[i]);
  }
  order.push_back(filters);
  target.push_back(per_group);
  Value right = split == w ? weights : m.Make(OpKind::kReshape, {weights}, {{"dims", split}});
  right = m.Make(OpKind::kTranspose, {right}, {{"permutation", order}});
  right = m.Make(OpKind::kBroadcastTo, {right}, {{"dims", target}});
  int64_t leading = static_cast<int64_t>(batch.size());
  Value contracted = ir::ContractOp::create(m.b, m.loc, type_of({batch, out, per_group}), windows, right, leading,
                                            spatial, spatial + 1);
  // [n, g, out..., m] -> [n, g, m, out...] -> [n, g * m, out...]
  Ints back;
  for (int64_t i = 0; i < leading; ++i) back.push_back(i);
  back.push_back(leading + static_cast<int64_t>(spatial));
  for (size_t i = 0; i < spatial; ++i) back.push_back(leading + static_cast<int64_t>(i));
  Value moved = m.Make(OpKind::kTranspose, {contracted}, {{"permutation", back}});
  return leading == 1 ? moved : m.Make(OpKind::kReshape, {moved}, {{"dims", result.dims}});
}

// Constant exponents of common formulas need no pow.
// pow(x, 0.5) and pow(x, -0.5). A root differs at two places: pow(-0, 0.5) is +0, and pow(-inf, 0.5) is +inf.
Value PowOfHalf(Maker m, Value x, bool positive) {
  double infinity = std::numeric_limits<double>::infinity();
  Value root = m.Make(positive ? OpKind::kSqrt : OpKind::kRsqrt, {m.Make(OpKind::kAdd, {x, m.Scalar(x, 0)})});
  Value at_end = m.Make(OpKind::kEqual, {x, m.Scalar(x, -infinity)});
  return m.Make(OpKind::kSelect, {at_end, m.Scalar(x, positive ? infinity : 0), root});
}

Value DecomposePow(Maker m, Operation *op) {
  Value x = op->getOperand(0);
  auto exponent = op->getOperand(1).getDefiningOp<ir::ScalarOp>();
  if (!exponent || TypeOf(x).dims != TypeOf(op->getResult(0)).dims) return nullptr;
  double value = cast<FloatAttr>(exponent.getValue()).getValueAsDouble();
  if (value == 1) return x;
  if (value == 2) return m.Make(OpKind::kMul, {x, x});
  if (value == 3) return m.Make(OpKind::kMul, {m.Make(OpKind::kMul, {x, x}), x});
  if (value == 0.5 || value == -0.5) return PowOfHalf(m, x, value > 0);
  if (value == -1) return m.Make(OpKind::kReciprocal, {x});
  return nullptr;
}

// Many operands become a tree of concats: the code that picks an operand grows with their number, for every lane.
constexpr size_t kMostOperands = 16;
Value Concat(Maker m, ArrayRef<Value> operands, int64_t axis) {
  if (operands.size() == 1) return operands[0];
  SmallVector<Value> parts(operands.begin(), operands.end());
  while (parts.size() > kMostOperands) {
    SmallVector<Value> next;
    for (ArrayRef<Value> rest = parts; !rest.empty(); rest = rest.drop_front(std::min(kMostOperands, rest.size())))
      next.push_back(Concat(m, rest.take_front(kMostOperands), axis));
    parts = std::move(next);
  }
  return m.Make(OpKind::kConcat, parts, {{"axis", axis}});
}

Value SplitConcat(Maker m, ir::ConcatOp op) {
  if (op.getOperands().size() <= kMostOperands) return nullptr;
  return Concat(m, SmallVector<Value>(op.getOperands()), static_cast<int64_t>(op.getAxis()));
}

// Several trailing axes are reduced as one: rows are what the row kernel is good at.
Value MergeReducedAxes(Maker m, Operation *op) {
  Value x = op->getOperand(0);
  Dims dims = TypeOf(x).dims;
  auto axes = op->getAttrOfType<DenseI64ArrayAttr>("axes").asArrayRef();
  if (axes.size() < 2 || axes.front() != static_cast<int64_t>(dims.size() - axes.size())) return nullptr;
  Dims merged(dims.begin(), dims.begin() + axes.front());
  merged.push_back(NumElements(Dims(dims.begin() + axes.front(), dims.end())));
  Value rows = m.Make(OpKind::kReshape, {x}, {{"dims", merged}});
  Value reduced = m.Make(*KindOf(op), {rows}, {{"axes", Ints{axes.front()}}, {"keep_dims", false}});
  return m.Make(OpKind::kReshape, {reduced}, {{"dims", TypeOf(op->getResult(0)).dims}});
}

// Bodies of composites, each made once for its operand types and attributes.
class Bodies {
 public:
  // Null after an error.
  Value Expand(Operation *op, OpBuilder &b) {
    const Graph *body = Find(op);
    if (body == nullptr) return nullptr;
    SmallVector<Value> values(body->values.size());
    for (auto [id, operand] : llvm::zip(body->inputs, op->getOperands())) values[id] = operand;
    ImportNodes(*body, values, 0, op->getLoc(), b);
    return values[body->outputs[0].value];
  }

 private:
  const Graph *Find(Operation *op) {
    // Names, attributes and types are one object each, so that addresses tell them apart.
    std::vector<const void *> key = {op->getName().getAsOpaquePointer(), op->getAttrDictionary().getAsOpaquePointer()};
    for (Type type : op->getOperandTypes()) key.push_back(type.getAsOpaquePointer());
    if (auto made = made_.find(key); made != made_.end()) return &made->second;
    std::vector<TensorType> operands;
    for (Value operand : op->getOperands()) operands.push_back(TypeOf(operand));
    absl::StatusOr<Graph> body = BodyOf(*KindOf(op), operands, AttributesOf(op));
    if (!body.ok()) {
      op->emitOpError() << std::string(body.status().message());
      return nullptr;
    }
    return &made_.emplace(std::move(key), *std::move(body)).first->second;
  }

  std::map<std::vector<const void *>, Graph> made_;
};

struct DecomposeComposites : impl::DecomposeCompositesBase<DecomposeComposites> {
  void getDependentDialects(DialectRegistry &registry) const override { registry.insert<ir::IngotDialect>(); }

  static Value Decompose(Maker m, Operation *op) {
    std::optional<OpKind> kind = KindOf(op);
    if (!kind) return nullptr;
    switch (*kind) {
      case OpKind::kConv:
        return DecomposeConv(m, cast<ir::ConvOp>(op));
      case OpKind::kConcat:
        return SplitConcat(m, cast<ir::ConcatOp>(op));
      case OpKind::kPow:
        return DecomposePow(m, op);
      case OpKind::kReduceSum:
      case OpKind::kReduceMax:
      case OpKind::kReduceMin:
      case OpKind::kReduceProd:
        return MergeReducedAxes(m, op);
      default:
        return nullptr;
    }
  }

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    Bodies bodies;
    for (Operation *op : ops) {
      OpBuilder b(op);
      Maker m{b, op->getLoc()};
      std::optional<OpKind> kind = KindOf(op);
      bool composite = kind && IsComposite(*kind);
      Value replacement = composite ? bodies.Expand(op, b) : Decompose(m, op);
      if (composite && !replacement) return signalPassFailure();
      if (replacement) {
        // Sizes that a check makes equal may come out in another form.
        if (Value result = op->getResult(0); replacement.getType() != result.getType())
          replacement = m.Make(OpKind::kReshape, {replacement}, {{"dims", TypeOf(result).dims}});
        op->getResult(0).replaceAllUsesWith(replacement);
        op->erase();
      }
    }
  }
};

}  // namespace
}  // namespace ingot::compiler
