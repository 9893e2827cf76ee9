// A matrix product that a library kernel computes (kernels/manifest.h). Generated code stands around the library's:
// `prepare` tells it the shape, `run` calls it block by block. Blocks depend on sizes alone, as tiles do everywhere.
#include "compiler/codegen/cpu/kernels.h"
#include "kernels/manifest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace ingot::compiler {

namespace {

// Everything the library has to know, as dim expressions in the order of ingot_matmul_shape_t.
struct Product {
  Access x, y;
  Dim rows, depth, columns, xRow, xDepth, yDepth, yColumn;

  Product(KernelBuilder &k, ir::ContractOp op) : x(accessOf(op.getX())), y(accessOf(op.getY())) {
    Dims space = spaceOf(k);
    size_t rowAxes = op.getBatch() + op.getRows();
    rows = NumElements(Dims(space.begin(), space.end() - 1));
    columns = space.back();
    depth = x.view.dims.back();
    xRow = x.view.strides[mergedAxis(x.view.dims, 0, rowAxes)];
    xDepth = x.view.strides.back();
    yDepth = y.view.strides[op.getBatch()];
    yColumn = y.view.strides.back();
  }
};

ir::ContractOp contractOf(KernelBuilder &k) { return *k.body().getOps<ir::ContractOp>().begin(); }

}  // namespace

void emitLibraryPrepare(KernelBuilder &k) {
  Product product(k, contractOf(k));
  const Dim fields[] = {product.rows,   product.depth,   product.columns,     product.xRow,          product.xDepth,
                        product.yDepth, product.yColumn, k.schedule.tileRows, k.schedule.tileColumns};
  static_assert(sizeof(fields) / sizeof(*fields) * sizeof(int64_t) == sizeof(ingot_matmul_shape_t));
  Type i64 = k.b.getI64Type();
  Value shape = k.scratch(i64, std::size(fields));
  for (auto [i, field] : llvm::enumerate(fields))
    LLVM::StoreOp::create(k.b, k.dim(field), k.elementPointer(shape, i64, k.constant(static_cast<int64_t>(i))));
  k.finish(k.call(INGOT_LIBRARY_MATMUL_PREPARE, {shape, k.object}, k.b.getI32Type()));
}

KernelInfo emitLibraryKernel(KernelBuilder &k) {
  ir::ContractOp op = contractOf(k);
  Product product(k, op);
  Type f32 = k.b.getF32Type(), i32 = k.b.getI32Type();
  Value status = k.scratch(i32, 1), zero = k.zero(i32, 1);
  LLVM::StoreOp::create(k.b, zero, status);
  Value x = k.elementPointer(k.buffer(product.x.buffer), f32, k.dim(product.x.view.offset));
  Value y = k.elementPointer(k.buffer(product.y.buffer), f32, k.dim(product.y.view.offset));
  Value result = k.buffer(op.getResult()), object = k.libraryObject();
  Dim rowBlocks = Dim::CeilDiv(product.rows, k.schedule.tileRows),
      columnBlocks = Dim::CeilDiv(product.columns, k.schedule.tileColumns);
  k.forRange(k.tileBegin, k.tileEnd, k.constant(1), [&](Value tile) {
    // Rows vary fastest: neighbouring tiles read the same weights.
    Value row = k.mul(k.urem(tile, k.dim(rowBlocks)), k.constant(k.schedule.tileRows)),
          column = k.mul(k.udiv(tile, k.dim(rowBlocks)), k.constant(k.schedule.tileColumns));
    Value rows = k.min(k.constant(k.schedule.tileRows), k.sub(k.dim(product.rows), row)),
          columns = k.min(k.constant(k.schedule.tileColumns), k.sub(k.dim(product.columns), column));
    Value from = k.elementPointer(x, f32, k.mulDim(row, product.xRow)),
          weights = k.elementPointer(y, f32, k.mulDim(column, product.yColumn));
    Value to = k.elementPointer(result, f32, k.add(k.mulDim(row, product.columns), column));
    Value code = k.call(INGOT_LIBRARY_MATMUL_RUN, {object, from, weights, to, rows, columns}, i32);
    Value failed = arith::CmpIOp::create(k.b, arith::CmpIPredicate::ne, code, zero);
    k.ifThen(failed, [&] { LLVM::StoreOp::create(k.b, code, status); });
  });
  k.finish(LLVM::LoadOp::create(k.b, i32, status));
  return {rowBlocks * columnBlocks, product.rows * product.columns * (product.depth * Dim(2) + Dim(1)), 0,
          INGOT_ORIGIN_LIBRARY};
}

}  // namespace ingot::compiler
