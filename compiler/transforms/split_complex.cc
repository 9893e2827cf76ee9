// Complex numbers become pairs of f32 tensors, their real and their imaginary parts, and kernels know real numbers
// alone. In memory they stay what they are, f32[2 n] with the parts of each element side by side: inputs, outputs,
// states, constants, and what functions take and give. Inputs and outputs of the program keep their dtype in its
// description. Which ops go part by part, and which need a function here, is in their records (`complex`). Tests:
// tests/compiler/lit/split-complex.mlir, tests/compiler/complex_jit_test.cc.
#include "compiler/transforms/passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace ingot::compiler {
#define GEN_PASS_DEF_SPLITCOMPLEX
#include "compiler/transforms/Passes.h.inc"

using namespace mlir;
namespace {

bool HasComplex(Type type) { return isa<RankedTensorType>(type) && IsComplex(ToTensorType(type).dtype); }

class Splitter {
 public:
  explicit Splitter(MLIRContext *context) : b_(context) {}

  void Run(func::FuncOp function) {
    Block &body = function.getBody().front();
    for (Value argument : body.getArguments()) ToMemory(argument);
    SmallVector<Operation *> gone;
    for (Operation &op : llvm::make_early_inc_range(body)) {
      auto is_complex = [&](Value value) { return IsComplexValue(value); };
      if (llvm::none_of(op.getOperands(), is_complex) && llvm::none_of(op.getResultTypes(), HasComplex)) continue;
      b_.setInsertionPoint(&op);
      std::optional<OpKind> kind = KindOf(&op);
      Pair pair = kind ? Compute(*kind, &op) : Memory(&op);
      if (!pair.real) continue;
      if (pair.imaginary)
        pairs_[op.getResult(0)] = pair;
      else
        op.getResult(0).replaceAllUsesWith(pair.real);
      gone.push_back(&op);
    }
    for (Operation *op : llvm::reverse(gone)) op->erase();
    function.setFunctionType(b_.getFunctionType(body.getArgumentTypes(), body.getTerminator()->getOperandTypes()));
  }

 private:
  // Of a result that is no complex number: `real` alone. Neither: the op stays.
  struct Pair {
    Value real, imaginary;
  };

  bool IsComplexValue(Value value) const { return dims_.contains(value) || pairs_.contains(value); }

  // A complex value as the floats it is in memory.
  void ToMemory(Value value) {
    if (!HasComplex(value.getType())) return;
    Dims dims = TypeOf(value).dims;
    value.setType(ToMlirType(b_.getContext(), {DType::kF32, {NumElements(dims) * Dim(2)}}));
    dims_[value] = std::move(dims);
  }

  Value op(Location loc, OpKind kind, ValueRange operands, Attributes attributes = {}) {
    return MakeOp(b_, loc, kind, operands, std::move(attributes));
  }
  Value Reshape(Location loc, Value x, const Dims &dims) {
    return TypeOf(x).dims == dims ? x : op(loc, OpKind::kReshape, {x}, {{"dims", dims}});
  }
  Value BroadcastTo(Location loc, Value x, const Dims &dims) {
    return TypeOf(x).dims == dims ? x : op(loc, OpKind::kBroadcastTo, {x}, {{"dims", dims}});
  }
  Value Zero(Location loc) { return MakeScalar(b_, loc, {DType::kF32, {}}, 0); }

  // The parts of a complex value: made once, before the first op that needs them.
  Pair PairOf(Location loc, Value value) {
    auto [found, is_new] = pairs_.try_emplace(value);
    if (!is_new) return found->second;
    const Dims &dims = dims_.find(value)->second;
    Dim count = NumElements(dims);
    Value rows = Reshape(loc, value, {count, 2});
    auto part = [&](int64_t which) {
      Value column = op(loc, OpKind::kSlice, {rows},
                        {{"starts", Dims{0, which}}, {"limits", Dims{count, which + 1}}, {"steps", Ints{1, 1}}});
      return Reshape(loc, column, dims);
    };
    Pair pair{part(0), part(1)};
    return pairs_[value] = pair;
  }

  Value InMemory(Location loc, Value value) {
    if (dims_.contains(value)) return value;
    Value &floats = floats_[value];
    if (floats) return floats;
    Pair pair = pairs_.lookup(value);
    Dim count = NumElements(TypeOf(pair.real).dims);
    Value real = Reshape(loc, pair.real, {count, 1}), imaginary = Reshape(loc, pair.imaginary, {count, 1});
    Value rows = op(loc, OpKind::kConcat, {real, imaginary}, {{"axis", int64_t{1}}});
    return floats = Reshape(loc, rows, {count * Dim(2)});
  }

  Pair Compute(OpKind kind, Operation *op) {
    switch (kind) {
#define INGOT_COMPLEX(Enum, Rule) \
  case OpKind::k##Enum:           \
    return Rule(op);
#include "graph/ops/complex_rules.inc"
#undef INGOT_COMPLEX
      default:
        return {};  // no op that its shape rule accepts
    }
  }

  // What keeps its operands and results as they are in memory: functions are run, constants stand in the file.
  Pair Memory(Operation *op) {
    for (OpOperand &operand : op->getOpOperands())
      if (IsComplexValue(operand.get())) operand.set(InMemory(op->getLoc(), operand.get()));
    for (Value result : op->getResults()) ToMemory(result);
    return {};
  }

  Pair Parts(Operation *op) {
    Location loc = op->getLoc();
    SmallVector<Value> real, imaginary;
    for (Value operand : op->getOperands()) {
      Pair pair = IsComplexValue(operand) ? PairOf(loc, operand) : Pair{operand, operand};
      real.push_back(pair.real);
      imaginary.push_back(pair.imaginary);
    }
    OpKind kind = *KindOf(op);
    return {this->op(loc, kind, real, AttributesOf(op)), this->op(loc, kind, imaginary, AttributesOf(op))};
  }

  Pair FromParts(Operation *op) {
    Location loc = op->getLoc();
    const Dims dims = TypeOf(op->getResult(0)).dims;
    return {BroadcastTo(loc, op->getOperand(0), dims), BroadcastTo(loc, op->getOperand(1), dims)};
  }

  Pair Part(Operation *op) {
    Pair pair = PairOf(op->getLoc(), op->getOperand(0));
    return {isa<ir::RealOp>(op) ? pair.real : pair.imaginary, {}};
  }

  Pair ToComplex(Operation *op) {
    Location loc = op->getLoc();
    Value x = op->getOperand(0);
    if (IsComplexValue(x)) return PairOf(loc, x);
    return {this->op(loc, OpKind::kCast, {x}, {{"to", DType::kF32}}), BroadcastTo(loc, Zero(loc), TypeOf(x).dims)};
  }

  // (a + b i) (c + d i) = (a c - b d) + (a d + b c) i, for whichever product.
  Pair ProductBy(OpKind kind, Operation *op) {
    Location loc = op->getLoc();
    auto [a, b] = PairOf(loc, op->getOperand(0));
    auto [c, d] = PairOf(loc, op->getOperand(1));
    auto product = [&](Value x, Value y) { return this->op(loc, kind, {x, y}); };
    return {this->op(loc, OpKind::kSub, {product(a, c), product(b, d)}),
            this->op(loc, OpKind::kAdd, {product(a, d), product(b, c)})};
  }
  Pair Product(Operation *op) { return ProductBy(OpKind::kMul, op); }
  Pair MatrixProduct(Operation *op) { return ProductBy(OpKind::kMatMul, op); }

  // As in kernels/reference/complex.h.
  Pair Quotient(Operation *op) {
    Location loc = op->getLoc();
    auto [a, b] = PairOf(loc, op->getOperand(0));
    auto [c, d] = PairOf(loc, op->getOperand(1));
    auto make = [&](OpKind kind, ValueRange operands) { return this->op(loc, kind, operands); };
    auto choose = [&](Value condition, Value x, Value y) { return make(OpKind::kSelect, {condition, x, y}); };
    Value zero = Zero(loc);
    Value swap = make(OpKind::kLess, {make(OpKind::kAbs, {c}), make(OpKind::kAbs, {d})});
    Value large = choose(swap, d, c), small = choose(swap, c, d);
    Value ratio = choose(make(OpKind::kEqual, {large, zero}), zero, make(OpKind::kDiv, {small, large}));
    Value denominator = make(OpKind::kAdd, {large, make(OpKind::kMul, {small, ratio})});
    Value first = choose(swap, b, a), second = choose(swap, a, b);
    Value real = make(OpKind::kAdd, {first, make(OpKind::kMul, {second, ratio})});
    Value imaginary = make(OpKind::kSub, {second, make(OpKind::kMul, {first, ratio})});
    imaginary = make(OpKind::kDiv, {imaginary, denominator});
    return {make(OpKind::kDiv, {real, denominator}), choose(swap, make(OpKind::kNeg, {imaginary}), imaginary)};
  }

  Pair Compare(Operation *op, OpKind join) {
    Location loc = op->getLoc();
    Pair x = PairOf(loc, op->getOperand(0)), y = PairOf(loc, op->getOperand(1));
    OpKind kind = *KindOf(op);
    return {
        this->op(loc, join, {this->op(loc, kind, {x.real, y.real}), this->op(loc, kind, {x.imaginary, y.imaginary})}),
        {}};
  }
  Pair Equal(Operation *op) { return Compare(op, OpKind::kLogicalAnd); }
  Pair NotEqual(Operation *op) { return Compare(op, OpKind::kLogicalOr); }

  OpBuilder b_;
  DenseMap<Value, Dims> dims_;     // of complex values that are floats in memory
  DenseMap<Value, Pair> pairs_;    // of complex values
  DenseMap<Value, Value> floats_;  // of pairs that memory needs
};

struct SplitComplex : impl::SplitComplexBase<SplitComplex> {
  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) Splitter(&getContext()).Run(function);
  }
};

}  // namespace
}  // namespace ingot::compiler
