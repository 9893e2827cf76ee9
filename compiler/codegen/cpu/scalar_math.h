// Scalar (or vector) bodies of element-wise ops, generated from the op records, with the helpers that the records name.
#ifndef INGOT_COMPILER_CODEGEN_CPU_SCALARMATH_H
#define INGOT_COMPILER_CODEGEN_CPU_SCALARMATH_H

#include "compiler/dialect/ingot.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"

namespace ingot::compiler {

enum class ScalarClass { Float, Signed, Unsigned, Bool };
ScalarClass scalarClassOf(DType dtype);

// The op on values in registers; x, y, z are its operands (null when absent), `from` the dtype of the first, `to` the
// result's. Null where the op has no body for this class.
Value emitScalarOp(mlir::ImplicitLocOpBuilder &b, OpKind kind, ScalarClass scalarClass, Value x, Value y, Value z,
                   DType from, DType to);

// Constants of x's type.
Value constantLike(mlir::ImplicitLocOpBuilder &b, Value x, double value);
Value zeroLike(mlir::ImplicitLocOpBuilder &b, Value x);

// bfloat16 as i16 bits, rounding to nearest even; NaN stays NaN.
Value toBfloat16Bits(mlir::ImplicitLocOpBuilder &b, Value x);
Value fromBfloat16Bits(mlir::ImplicitLocOpBuilder &b, Value bits);
// Of 8-bit floats. toFloat8Bits is exact: the f32 is a value of `dtype` already, as casts and loads make it.
Value toFloat8Bits(mlir::ImplicitLocOpBuilder &b, Value x, DType dtype);
Value fromFloat8Bits(mlir::ImplicitLocOpBuilder &b, Value bits, DType dtype);

// f32 exponential: 2^n * p(r) with |r| <= ln(2) / 2; within 2 ulp, exact at 0, correct for overflow, denormals,
// infinities and NaN.
Value expOf(mlir::ImplicitLocOpBuilder &b, Value x);
// Natural logarithm; of f32 also where the polynomial below would take denormals for the smallest normal number.
Value logOf(mlir::ImplicitLocOpBuilder &b, Value x);

// Polynomials for what math ops remain (tanh, erf, log on f32 vectors); everything else goes to libm.
void populateMathApproximations(mlir::RewritePatternSet &patterns);

}  // namespace ingot::compiler
#endif
