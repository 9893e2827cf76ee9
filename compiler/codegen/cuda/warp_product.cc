#include "compiler/codegen/cuda/warp_product.h"

#include "compiler/codegen/point/scalar_math.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::compiler::cuda {

namespace {

constexpr int64_t kMatrix = 8;  // lines and elements of what ldmatrix loads

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

// The matrices are in a square: one step of 8 along the lines, one along the depth. `lines_first`: the second of them
// lies along the lines.
SmallVector<Value> LoadSquare(KernelBuilder &k, SharedTile &tile, Value stage, Value line, Value depth,
                              bool lines_first) {
  Value lane = Lane(k), of = k.OnEntry([&] { return k.Udiv(lane, k.Constant(kMatrix)); });
  Value low = k.OnEntry([&] { return k.Urem(of, k.Constant(2)); }),
        high = k.OnEntry([&] { return k.Udiv(of, k.Constant(2)); }),
        i = k.OnEntry([&] { return k.Urem(lane, k.Constant(kMatrix)); });
  Value eight = k.Constant(kMatrix), along_lines = lines_first ? low : high, along_depth = lines_first ? high : low;
  Value line_chunk = k.Add(k.Udiv(line, eight), along_lines), depth_chunk = k.Add(k.Udiv(depth, eight), along_depth);
  if (tile.is_depth_minor())
    return LoadMatrices(k, tile.ChunkAt(stage, k.Add(k.Mul(line_chunk, eight), i), depth_chunk), false);
  return LoadMatrices(k, tile.ChunkAt(stage, k.Add(k.Mul(depth_chunk, eight), i), line_chunk), true);
}

}  // namespace

SmallVector<Value> LoadLeftFragment(KernelBuilder &k, SharedTile &tile, Value stage, Value row, Value depth) {
  return LoadSquare(k, tile, stage, row, depth, /*lines_first=*/true);
}

SmallVector<SmallVector<Value>> LoadRightFragments(KernelBuilder &k, SharedTile &tile, Value stage, Value column,
                                                   Value depth) {
  SmallVector<Value> all = LoadSquare(k, tile, stage, column, depth, /*lines_first=*/false);
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
  StringRef name = is_f16 ? "llvm.nvvm.mma.m16n8k16.row.col.f32.f32" : "llvm.nvvm.mma.m16n8k16.row.col.bf16";
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
