// Scalar (or vector) bodies of element-wise ops, generated from the op records, with the helpers that the records name.
#ifndef INGOT_COMPILER_CODEGEN_POINT_SCALARMATH_H
#define INGOT_COMPILER_CODEGEN_POINT_SCALARMATH_H

#include "compiler/dialect/ingot.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"

namespace ingot::compiler {

enum class ScalarClass { Float, Signed, Unsigned, Bool };
ScalarClass ScalarClassOf(DType dtype);

// The op on values in registers; x, y, z are its operands (null when absent), `from` the dtype of the first, `to` the
// result's. Null where the op has no body for this class.
Value EmitScalarOp(mlir::ImplicitLocOpBuilder &b, OpKind kind, ScalarClass scalar_class, Value x, Value y, Value z,
                   DType from, DType to);

// Constants of x's type.
Value ConstantLike(mlir::ImplicitLocOpBuilder &b, Value x, double value);
Value ZeroLike(mlir::ImplicitLocOpBuilder &b, Value x);

// bfloat16 as i16 bits, rounding to nearest even; NaN stays NaN.
Value ToBfloat16Bits(mlir::ImplicitLocOpBuilder &b, Value x);
Value FromBfloat16Bits(mlir::ImplicitLocOpBuilder &b, Value bits);
// Of 8-bit floats. ToFloat8Bits is exact: the f32 is a value of `dtype` already, as casts and loads make it.
Value ToFloat8Bits(mlir::ImplicitLocOpBuilder &b, Value x, DType dtype);
Value FromFloat8Bits(mlir::ImplicitLocOpBuilder &b, Value bits, DType dtype);

// f32 exponential: 2^n * p(r) with |r| <= ln(2) / 2; within 2 ulp, exact at 0, correct for overflow, denormals,
// infinities and NaN.
Value ExpOf(mlir::ImplicitLocOpBuilder &b, Value x);
// Natural logarithm; of f32 also where the polynomial below would take denormals for the smallest normal number.
Value LogOf(mlir::ImplicitLocOpBuilder &b, Value x);

// Polynomials for what math ops remain (tanh, erf, log on f32 vectors); everything else goes to libm.
void PopulateMathApproximations(mlir::RewritePatternSet &patterns);

}  // namespace ingot::compiler
#endif
