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
  Dim rows, depth, columns, x_row, x_depth, y_depth, y_column;

  Product(KernelBuilder &k, ir::ContractOp op) : x(AccessOf(op.getX())), y(AccessOf(op.getY())) {
    Dims space = SpaceOf(k);
    size_t row_axes = op.getBatch() + op.getRows();
    rows = NumElements(Dims(space.begin(), space.end() - 1));
    columns = space.back();
    depth = x.view.dims.back();
    x_row = x.view.strides[MergedAxis(x.view.dims, 0, row_axes)];
    x_depth = x.view.strides.back();
    y_depth = y.view.strides[op.getBatch()];
    y_column = y.view.strides.back();
  }
};

ir::ContractOp ContractOf(KernelBuilder &k) { return *k.body().getOps<ir::ContractOp>().begin(); }

}  // namespace

void EmitLibraryPrepare(KernelBuilder &k) {
  Product product(k, ContractOf(k));
  const Dim fields[] = {product.rows,     product.depth,        product.columns,
                        product.x_row,    product.x_depth,      product.y_depth,
                        product.y_column, k.schedule.tile_rows, k.schedule.tile_columns};
  static_assert(sizeof(fields) / sizeof(*fields) * sizeof(int64_t) == sizeof(ingot_matmul_shape_t));
  Type i64 = k.b.getI64Type();
  Value shape = k.Scratch(i64, std::size(fields));
  for (auto [i, field] : llvm::enumerate(fields))
    LLVM::StoreOp::create(k.b, k.Size(field), k.ElementPointer(shape, i64, k.Constant(static_cast<int64_t>(i))));
  k.Finish(k.Call(INGOT_LIBRARY_MATMUL_PREPARE, {shape, k.object}, k.b.getI32Type()));
}

KernelInfo EmitLibraryKernel(KernelBuilder &k) {
  ir::ContractOp op = ContractOf(k);
  Product product(k, op);
  Type f32 = k.b.getF32Type(), i32 = k.b.getI32Type();
  Value status = k.Scratch(i32, 1), zero = k.Zero(i32, 1);
  LLVM::StoreOp::create(k.b, zero, status);
  Value x = k.ElementPointer(k.Buffer(product.x.buffer), f32, k.Size(product.x.view.offset));
  Value y = k.ElementPointer(k.Buffer(product.y.buffer), f32, k.Size(product.y.view.offset));
  Value result = k.Buffer(op.getResult()), object = k.LibraryObject();
  Dim row_blocks = Dim::CeilDiv(product.rows, k.schedule.tile_rows),
      column_blocks = Dim::CeilDiv(product.columns, k.schedule.tile_columns);
  k.ForRange(k.tile_begin, k.tile_end, k.Constant(1), [&](Value tile) {
    // Rows vary fastest: neighbouring tiles read the same weights.
    Value row = k.Mul(k.Urem(tile, k.Size(row_blocks)), k.Constant(k.schedule.tile_rows)),
          column = k.Mul(k.Udiv(tile, k.Size(row_blocks)), k.Constant(k.schedule.tile_columns));
    Value rows = k.Min(k.Constant(k.schedule.tile_rows), k.Sub(k.Size(product.rows), row)),
          columns = k.Min(k.Constant(k.schedule.tile_columns), k.Sub(k.Size(product.columns), column));
    Value from = k.ElementPointer(x, f32, k.MulDim(row, product.x_row)),
          weights = k.ElementPointer(y, f32, k.MulDim(column, product.y_column));
    Value to = k.ElementPointer(result, f32, k.Add(k.MulDim(row, product.columns), column));
    Value code = k.Call(INGOT_LIBRARY_MATMUL_RUN, {object, from, weights, to, rows, columns}, i32);
    Value failed = arith::CmpIOp::create(k.b, arith::CmpIPredicate::ne, code, zero);
    k.IfThen(failed, [&] { LLVM::StoreOp::create(k.b, code, status); });
  });
  k.Finish(LLVM::LoadOp::create(k.b, i32, status));
  return {row_blocks * column_blocks, product.rows * product.columns * (product.depth * Dim(2) + Dim(1)), 0,
          INGOT_ORIGIN_LIBRARY};
}

}  // namespace ingot::compiler
