// Tensors of 4-bit elements (i4, u4) become what they are in memory: u8 vectors of half as many elements, rounded up.
// A cast from them takes bytes apart, a cast to them puts bytes together, a reshape and everything that runs functions
// moves whole bytes: no kernel writes half a byte, and no two tiles share one. Inputs and outputs of the program keep
// their dtype in its description. Tests: tests/compiler/lit/pack-half-bytes.mlir, tests/compiler/low_bits_jit_test.cc.
#include "compiler/transforms/passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace ingot::compiler {
#define GEN_PASS_DEF_PACKHALFBYTES
#include "compiler/transforms/Passes.h.inc"

using namespace mlir;
namespace {

Dim PairsOf(const Dims &dims) { return Dim::CeilDiv(NumElements(dims), 2); }

DType WideOf(DType dtype) { return IsUnsigned(dtype) ? DType::kU8 : DType::kI8; }

class Packer {
 public:
  explicit Packer(ModuleOp module) : module_(module), b_(module.getContext()) {}

  void Run() {
    // All types first, so that what is built afterwards sees bytes.
    module_.walk([&](Block *block) {
      for (Value argument : block->getArguments()) ToBytes(argument);
    });
    module_.walk([&](Operation *op) {
      for (Value result : op->getResults()) ToBytes(result);
    });
    if (original_.empty()) return;
    SmallVector<Operation *> ops;
    module_.walk([&](Operation *op) {
      if (isa<ir::CastOp, ir::ReshapeOp, ir::ScalarOp>(op) &&
          (original_.contains(op->getResult(0)) ||
           (op->getNumOperands() == 1 && original_.contains(op->getOperand(0)))))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      b_.setInsertionPoint(op);
      Value before = op->getResult(0), after = Rewrite(op);
      if (original_.contains(before)) original_[after] = original_.lookup(before);
      before.replaceAllUsesWith(after);
    }
    for (Operation *op : llvm::reverse(ops)) op->erase();
    for (func::FuncOp function : module_.getOps<func::FuncOp>()) {
      Block &body = function.getBody().front();
      function.setFunctionType(b_.getFunctionType(body.getArgumentTypes(), body.getTerminator()->getOperandTypes()));
    }
  }

 private:
  void ToBytes(Value value) {
    if (!isa<RankedTensorType>(value.getType())) return;
    TensorType type = TypeOf(value);
    if (!IsNarrow(type.dtype)) return;
    value.setType(ToMlirType(b_.getContext(), {DType::kU8, {PairsOf(type.dims)}}));
    original_[value] = std::move(type);
  }

  Value op(Location loc, OpKind kind, ValueRange operands, Attributes attributes = {}) {
    return MakeOp(b_, loc, kind, operands, std::move(attributes));
  }
  Value Cast(Location loc, Value x, DType to) {
    return TypeOf(x).dtype == to ? x : op(loc, OpKind::kCast, {x}, {{"to", to}});
  }
  Value Reshape(Location loc, Value x, const Dims &dims) {
    return TypeOf(x).dims == dims ? x : op(loc, OpKind::kReshape, {x}, {{"dims", dims}});
  }
  // A number of x's dtype.
  Value number(Location loc, Value x, double value) { return MakeScalar(b_, loc, {TypeOf(x).dtype, {}}, value); }

  Value Rewrite(Operation *op) {
    Location loc = op->getLoc();
    if (auto scalar = dyn_cast<ir::ScalarOp>(op)) {
      int64_t bits = cast<IntegerAttr>(scalar.getValue()).getValue().getZExtValue() & 15;
      return MakeScalar(b_, loc, {DType::kU8, {1}}, static_cast<double>(bits));
    }
    Value x = op->getOperand(0);
    if (auto same = dyn_cast<ir::ReshapeOp>(op)) return Reshape(loc, x, {PairsOf(same.getDims())});
    Value result = op->getResult(0);
    bool packs = original_.contains(result);
    TensorType to = packs ? original_.lookup(result) : TypeOf(result);
    DType dtype = to.dtype;
    if (packs) to.dtype = WideOf(dtype);
    if (original_.contains(x)) x = Unpack(loc, x, original_.lookup(x).dtype, to);
    return packs ? Pack(loc, x, dtype) : x;
  }

  // The elements behind bytes, as `to`.
  Value Unpack(Location loc, Value bytes, DType dtype, const TensorType &to) {
    RankedTensorType type = ToMlirType(b_.getContext(), {WideOf(dtype), {NumElements(to.dims)}});
    Value row = Cast(loc, ir::HalvesOp::create(b_, loc, type, bytes), to.dtype);
    return Reshape(loc, row, to.dims);
  }

  // Bytes of the elements: floats saturate, integers keep their low bits. The last half byte is 0 where it is nobody's.
  Value Pack(Location loc, Value x, DType dtype) {
    bool is_unsigned = IsUnsigned(dtype), saturates = IsFloat(TypeOf(x).dtype);
    Dim count = NumElements(TypeOf(x).dims), pairs = Dim::CeilDiv(count, 2), rest = pairs * Dim(2) - count;
    x = Cast(loc, x, WideOf(dtype));
    if (saturates) {
      x = op(loc, OpKind::kMin, {x, number(loc, x, is_unsigned ? 15 : 7)});
      if (!is_unsigned) x = op(loc, OpKind::kMax, {x, number(loc, x, -8)});
    }
    x = Reshape(loc, Cast(loc, x, DType::kU8), {count});
    if (!rest.Is(0)) x = op(loc, OpKind::kPad, {x, number(loc, x, 0)}, {{"low", Dims{0}}, {"high", Dims{rest}}});
    x = Reshape(loc, x, {pairs, 2});
    auto half = [&](int64_t which) {
      Value column = op(loc, OpKind::kSlice, {x},
                        {{"starts", Dims{0, which}}, {"limits", Dims{pairs, which + 1}}, {"steps", Ints{1, 1}}});
      return Reshape(loc, column, {pairs});
    };
    Value low = op(loc, OpKind::kLogicalAnd, {half(0), number(loc, x, 15)});
    Value high = op(loc, OpKind::kShiftLeft, {half(1), number(loc, x, 4)});
    return op(loc, OpKind::kLogicalOr, {low, high});
  }

  ModuleOp module_;
  OpBuilder b_;
  // What values of bytes stand for. A reshape may be its operand, so that the dims are those of one of its users.
  DenseMap<Value, TensorType> original_;
};

struct PackHalfBytes : impl::PackHalfBytesBase<PackHalfBytes> {
  void runOnOperation() override { Packer(getOperation()).Run(); }
};

}  // namespace
}  // namespace ingot::compiler
