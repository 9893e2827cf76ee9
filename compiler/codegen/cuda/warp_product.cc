#include "compiler/codegen/cuda/warp_product.h"

#include "compiler/codegen/point/scalar_math.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

constexpr int64_t kMatrix = 8;  // lines of what ldmatrix loads, each of 16 bytes

Value Lane(KernelBuilder &k) {
  Value thread = ThreadNumber(k);
  return k.OnEntry([&] { return k.Urem(thread, k.Constant(kWarp)); });
}

// Four matrices of 8 x 8, one register of each. Lane 8 * m + i says where line i of matrix m is.
SmallVector<Value> LoadMatrices(KernelBuilder &k, Value pointer, bool is_transposed) {
  Type i32 = k.b.getI32Type();
  auto type = LLVM::LLVMStructType::getLiteral(k.b.getContext(), {i32, i32, i32, i32});
  StringRef name = is_transposed ? "llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.trans.b16"
                                 : "llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16";
  Value loaded = LLVM::CallIntrinsicOp::create(k.b, type, k.b.getStringAttr(name), ValueRange{pointer}).getResult(0);
  SmallVector<Value> registers;
  for (int64_t i = 0; i < 4; ++i) registers.push_back(LLVM::ExtractValueOp::create(k.b, loaded, ArrayRef<int64_t>{i}));
  return registers;
}

// To the nearest number of 10 bits of fraction: the products themselves would cut the other bits off.
Value RoundToTf32(KernelBuilder &k, Value bits) {
  Value number = LLVM::BitcastOp::create(k.b, k.b.getF32Type(), bits);
  return LLVM::CallIntrinsicOp::create(k.b, k.b.getI32Type(), k.b.getStringAttr("llvm.nvvm.f2tf32.rna"),
                                       ValueRange{number})
      .getResult(0);
}

// The matrices are in a square: one step of 8 along the lines, one of a chunk along the depth. `lines_first`: the
// second of them lies along the lines.
class Square {
 public:
  Square(KernelBuilder &k, SharedTile &tile, Value stage, Value line, Value depth, bool lines_first)
      : k_(k), tile_(tile), stage_(stage), line_(line), depth_(depth), lines_first_(lines_first), lane_(Lane(k)) {}

  SmallVector<Value> Load() {
    bool is_f32 = tile_.dtype() == DType::kF32;
    SmallVector<Value> registers = is_f32 && !tile_.is_depth_minor() ? LoadElements() : LoadWhole();
    if (is_f32)
      for (Value &bits : registers) bits = RoundToTf32(k_, bits);
    return registers;
  }

 private:
  // Lane 8 * m + i points to line i of matrix m. Chunks along the lines are of 16 bits each.
  SmallVector<Value> LoadWhole() {
    auto on_entry = [&](auto make) { return k_.OnEntry(make); };
    Value matrix = on_entry([&] { return k_.Udiv(lane_, k_.Constant(kMatrix)); }),
          i = on_entry([&] { return k_.Urem(lane_, k_.Constant(kMatrix)); });
    Value low = on_entry([&] { return k_.Urem(matrix, k_.Constant(2)); }),
          high = on_entry([&] { return k_.Udiv(matrix, k_.Constant(2)); });
    Value line_step = k_.Add(k_.Udiv(line_, k_.Constant(kMatrix)), lines_first_ ? low : high),
          depth_chunk = k_.Add(k_.Udiv(depth_, k_.Constant(tile_.chunk())), lines_first_ ? high : low);
    if (tile_.is_depth_minor())
      return LoadMatrices(k_, tile_.ChunkAt(stage_, k_.Add(k_.Mul(line_step, k_.Constant(kMatrix)), i), depth_chunk),
                          false);
    return LoadMatrices(k_, tile_.ChunkAt(stage_, k_.Add(k_.Mul(depth_chunk, k_.Constant(kMatrix)), i), line_step),
                        true);
  }

  // Elements of 32 bits are not transposed by ldmatrix: each lane reads its own.
  SmallVector<Value> LoadElements() {
    SmallVector<Value> registers;
    Value chunk = k_.Constant(tile_.chunk());
    for (int64_t matrix = 0; matrix < 4; ++matrix) {
      int64_t along_lines = lines_first_ ? matrix % 2 : matrix / 2,
              along_depth = lines_first_ ? matrix / 2 : matrix % 2;
      Value line = k_.Add(k_.Add(line_, k_.Constant(along_lines * kMatrix)), k_.Udiv(lane_, k_.Constant(4))),
            depth = k_.Add(k_.Add(depth_, k_.Constant(along_depth * tile_.chunk())), k_.Urem(lane_, k_.Constant(4)));
      Type i32 = k_.b.getI32Type();
      Value place = k_.ElementPointer(tile_.ChunkAt(stage_, depth, k_.Udiv(line, chunk)), i32, k_.Urem(line, chunk));
      registers.push_back(LLVM::LoadOp::create(k_.b, i32, place, /*alignment=*/4));
    }
    return registers;
  }

  KernelBuilder &k_;
  SharedTile &tile_;
  Value stage_, line_, depth_;
  bool lines_first_;
  Value lane_;
};

}  // namespace

SmallVector<Value> LoadLeftFragment(KernelBuilder &k, SharedTile &tile, Value stage, Value row, Value depth) {
  return Square(k, tile, stage, row, depth, /*lines_first=*/true).Load();
}

SmallVector<SmallVector<Value>> LoadRightFragments(KernelBuilder &k, SharedTile &tile, Value stage, Value column,
                                                   Value depth) {
  SmallVector<Value> all = Square(k, tile, stage, column, depth, /*lines_first=*/false).Load();
  return {{all[0], all[1]}, {all[2], all[3]}};
}

void MultiplyFragments(KernelBuilder &k, DType dtype, ArrayRef<Value> x, ArrayRef<Value> y,
                       MutableArrayRef<Value> sums) {
  bool is_f16 = dtype == DType::kF16;
  Type f32 = k.b.getF32Type(), pair = VectorType::get({2}, k.b.getF16Type());
  SmallVector<Value> operands;
  for (ArrayRef<Value> side : {x, y})
    for (Value bits : side) operands.push_back(is_f16 ? Value(LLVM::BitcastOp::create(k.b, pair, bits)) : bits);
  operands.append(sums.begin(), sums.end());
  auto type = LLVM::LLVMStructType::getLiteral(k.b.getContext(), {f32, f32, f32, f32});
  StringRef name = is_f16                  ? "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"
                   : dtype == DType::kBF16 ? "llvm.nvvm.mma.m16n8k16.row.col.bf16"
                                           : "llvm.nvvm.mma.m16n8k8.row.col.tf32";
  Value product = LLVM::CallIntrinsicOp::create(k.b, type, k.b.getStringAttr(name), operands).getResult(0);
  for (int64_t s = 0; s < kFragmentSums; ++s)
    sums[s] = LLVM::ExtractValueOp::create(k.b, product, ArrayRef<int64_t>{s});
}

Value PackPair(KernelBuilder &k, DType dtype, Value low, Value high) {
  Type f32 = k.b.getF32Type();
  Value pair = vector::FromElementsOp::create(k.b, VectorType::get({2}, f32), ValueRange{low, high});
  if (dtype == DType::kF16)
    pair = arith::TruncFOp::create(k.b, VectorType::get({2}, k.b.getF16Type()), pair);
  else
    pair = ToBfloat16Bits(k.b, pair);
  return LLVM::BitcastOp::create(k.b, k.b.getI32Type(), pair);
}

std::pair<Value, Value> PlaceInFragment(KernelBuilder &k, int64_t s) {
  Value lane = Lane(k), four = k.Constant(4);
  Value row = k.Add(k.Udiv(lane, four), k.Constant(s / 2 * 8));
  Value column = k.Add(k.Mul(k.Urem(lane, four), k.Constant(2)), k.Constant(s % 2));
  return {row, column};
}

}  // namespace ingot::compiler::cuda
