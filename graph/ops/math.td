// Element-wise math. Operands broadcast as in NumPy; all have one dtype. Bodies call arith and math builders of MLIR; helpers with a lower-case
// name (roundHalfEven, signOf, ...) are in compiler/codegen/point/scalar_math.cc.
include "graph/ops/base.td"

def Ingot_NegOp : Ingot_Unary<"neg"> {
  let summary = "-x";
  let complex = "Parts";
  let example = "1, -2, 0 -> -1, 2, -0.0";
  let floatBody = "arith::NegFOp::create(b, x)";
  let intBody = "arith::SubIOp::create(b, ZeroLike(b, x), x)";
}
def Ingot_AbsOp : Ingot_Unary<"abs"> {
  let summary = "|x|";
  let example = "1, -2, -kInf -> 1, 2, kInf";
  let floatBody = "math::AbsFOp::create(b, x)";
  let intBody = "math::AbsIOp::create(b, x)";
  let unsignedBody = "x";
}
def Ingot_SignOp : Ingot_Unary<"sign"> {
  let summary = "-1, 0 or 1 by the sign of x; NaN stays NaN.";
  let onnx = "Sign";
  let example = "5, -0.1, 0, kNan -> 1, -1, 0, kNan";
  let floatBody = "SignOfFloat(b, x)";
  let intBody = "SignOfInt(b, x)";
  let unsignedBody = "arith::MinUIOp::create(b, x, ConstantLike(b, x, 1))";
}
def Ingot_ExpOp : Ingot_Unary<"exp"> {
  let summary = "e to the x.";
  let onnx = "Exp";
  let example = "0, 1, -kInf -> 1, 2.718281828459045, 0";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "ExpOf(b, x)";
}
def Ingot_LogOp : Ingot_Unary<"log"> {
  let summary = "Natural logarithm.";
  let onnx = "Log";
  let example = "1, 10, 0, -1 -> 0, 2.302585092994046, -kInf, kNan";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "LogOf(b, x)";
}
def Ingot_Log1pOp : Ingot_Unary<"log1p"> {
  let summary = "Natural logarithm of 1 + x, exact where x is small.";
  let example = "0, 1e-10, 1, -1, -2 -> 0, 9.999999999500001e-11, 0.6931471805599453, -kInf, kNan";
  let cost = 32;
  let dtypes = "Float";
  let floatBody = "math::Log1pOp::create(b, x)";
}
def Ingot_SqrtOp : Ingot_Unary<"sqrt"> {
  let summary = "Square root.";
  let example = "4, 2 -> 2, 1.4142135623730951";
  let cost = 4;
  let dtypes = "Float";
  let floatBody = "math::SqrtOp::create(b, x)";
}
def Ingot_RsqrtOp : Ingot_Unary<"rsqrt"> {
  let summary = "1 / sqrt(x).";
  let example = "4, 0 -> 0.5, kInf";
  let cost = 4;
  let dtypes = "Float";
  let floatBody = "arith::DivFOp::create(b, ConstantLike(b, x, 1), math::SqrtOp::create(b, x))";
}
def Ingot_ReciprocalOp : Ingot_Unary<"reciprocal"> {
  let summary = "1 / x.";
  let example = "4, -0.5 -> 0.25, -2";
  let dtypes = "Float";
  let floatBody = "arith::DivFOp::create(b, ConstantLike(b, x, 1), x)";
}
def Ingot_TanhOp : Ingot_Unary<"tanh"> {
  let summary = "Hyperbolic tangent.";
  let example = "0, 1, -kInf -> 0, 0.7615941559557649, -1";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "math::TanhOp::create(b, x)";
}
def Ingot_ErfOp : Ingot_Unary<"erf"> {
  let summary = "Gauss error function.";
  let onnx = "Erf";
  let example = "0, 1, -1, kInf -> 0, 0.8427007929497149, -0.8427007929497149, 1";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "math::ErfOp::create(b, x)";
}
def Ingot_SinOp : Ingot_Unary<"sin"> {
  let summary = "Sine of x in radians.";
  let onnx = "Sin";
  let example = "0, 1 -> 0, 0.8414709848078965";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "math::SinOp::create(b, x)";
}
def Ingot_CosOp : Ingot_Unary<"cos"> {
  let summary = "Cosine of x in radians.";
  let onnx = "Cos";
  let example = "0, 1 -> 1, 0.5403023058681398";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "math::CosOp::create(b, x)";
}
def Ingot_TanOp : Ingot_Unary<"tan"> {
  let summary = "Tangent of x in radians.";
  let onnx = "Tan";
  let example = "0, 1 -> 0, 1.5574077246549023";
  let cost = 32;
  let dtypes = "Float";
  let floatBody = "math::TanOp::create(b, x)";
}
def Ingot_AsinOp : Ingot_Unary<"asin"> {
  let summary = "Arc sine, in radians.";
  let onnx = "Asin";
  let example = "0, 0.5, 2 -> 0, 0.5235987755982989, kNan";
  let cost = 32;
  let dtypes = "Float";
  let floatBody = "math::AsinOp::create(b, x)";
}
def Ingot_AcosOp : Ingot_Unary<"acos"> {
  let summary = "Arc cosine, in radians.";
  let onnx = "Acos";
  let example = "1, 0.5, -2 -> 0, 1.0471975511965979, kNan";
  let cost = 32;
  let dtypes = "Float";
  let floatBody = "math::AcosOp::create(b, x)";
}
def Ingot_AtanOp : Ingot_Unary<"atan"> {
  let summary = "Arc tangent, in radians.";
  let onnx = "Atan";
  let example = "0, 1, kInf -> 0, 0.7853981633974483, 1.5707963267948966";
  let cost = 32;
  let dtypes = "Float";
  let floatBody = "math::AtanOp::create(b, x)";
}
def Ingot_SinhOp : Ingot_Unary<"sinh"> {
  let summary = "Hyperbolic sine.";
  let onnx = "Sinh";
  let example = "0, 1, -kInf -> 0, 1.1752011936438014, -kInf";
  let cost = 32;
  let dtypes = "Float";
  let floatBody = "math::SinhOp::create(b, x)";
}
def Ingot_CoshOp : Ingot_Unary<"cosh"> {
  let summary = "Hyperbolic cosine.";
  let onnx = "Cosh";
  let example = "0, 1, -kInf -> 1, 1.5430806348152437, kInf";
  let cost = 32;
  let dtypes = "Float";
  let floatBody = "math::CoshOp::create(b, x)";
}
def Ingot_AsinhOp : Ingot_Unary<"asinh"> {
  let summary = "Inverse hyperbolic sine.";
  let onnx = "Asinh";
  let example = "0, 1, -kInf -> 0, 0.881373587019543, -kInf";
  let cost = 32;
  let dtypes = "Float";
  let floatBody = "math::AsinhOp::create(b, x)";
}
def Ingot_AcoshOp : Ingot_Unary<"acosh"> {
  let summary = "Inverse hyperbolic cosine.";
  let onnx = "Acosh";
  let example = "1, 2, 0.5 -> 0, 1.3169578969248166, kNan";
  let cost = 32;
  let dtypes = "Float";
  let floatBody = "math::AcoshOp::create(b, x)";
}
def Ingot_AtanhOp : Ingot_Unary<"atanh"> {
  let summary = "Inverse hyperbolic tangent.";
  let onnx = "Atanh";
  let example = "0, 0.5, 1, 2 -> 0, 0.5493061443340548, kInf, kNan";
  let cost = 32;
  let dtypes = "Float";
  let floatBody = "math::AtanhOp::create(b, x)";
}
def Ingot_FloorOp : Ingot_Unary<"floor"> {
  let summary = "Largest integer not above x.";
  let example = "1.5, -1.5 -> 1, -2";
  let dtypes = "Float";
  let floatBody = "math::FloorOp::create(b, x)";
}
def Ingot_CeilOp : Ingot_Unary<"ceil"> {
  let summary = "Smallest integer not below x.";
  let example = "1.5, -1.5 -> 2, -1";
  let dtypes = "Float";
  let floatBody = "math::CeilOp::create(b, x)";
}
def Ingot_RoundOp : Ingot_Unary<"round"> {
  let summary = "Nearest integer, halves to even.";
  let onnx = "Round";
  let example = "0.5, 1.5, 2.5, -0.5, 1.4 -> 0, 2, 2, -0.0, 1";
  let dtypes = "Float";
  let floatBody = "math::RoundEvenOp::create(b, x)";
}
def Ingot_ReluOp : Ingot_Unary<"relu"> {
  let summary = "max(x, 0); NaN stays NaN.";
  let example = "1.5, -1.5, kNan -> 1.5, 0, kNan";
  let floatBody = "arith::MaximumFOp::create(b, x, ZeroLike(b, x))";
  let intBody = "arith::MaxSIOp::create(b, x, ZeroLike(b, x))";
  let unsignedBody = "x";
}
def Ingot_SigmoidOp : Ingot_Unary<"sigmoid"> {
  let summary = "1 / (1 + exp(-x)).";
  let example = "0, 2, -1000 -> 0.5, 0.8807970779778825, 0";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "SigmoidOf(b, x)";
}
def Ingot_LogicalNotOp : Ingot_Unary<"logical_not"> {
  let summary = "Not x.";
  let example = "bool: 0, 1 -> 1, 0";
  let dtypes = "Bool";
  let boolBody = "arith::XOrIOp::create(b, x, ConstantLike(b, x, 1))";
}
def Ingot_IsNanOp : Ingot_Unary<"is_nan", "predicate"> {
  let reference = "";
  let summary = "True where x is NaN.";
  let onnx = "IsNaN";
  let example = "0, kNan, kInf -> 0, 1, 0";
  let dtypes = "Float";
  let floatBody = "arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x)";
}

def Ingot_AddOp : Ingot_Binary<"add"> {
  let summary = "x + y";
  let complex = "Parts";
  let example = "1, 2; 10, 20 -> 11, 22";
  let floatBody = "arith::AddFOp::create(b, x, y)";
  let intBody = "arith::AddIOp::create(b, x, y)";
}
def Ingot_SubOp : Ingot_Binary<"sub"> {
  let summary = "x - y";
  let complex = "Parts";
  let example = "1, 2; 10, 20 -> -9, -18";
  let floatBody = "arith::SubFOp::create(b, x, y)";
  let intBody = "arith::SubIOp::create(b, x, y)";
}
def Ingot_MulOp : Ingot_Binary<"mul"> {
  let summary = "x * y";
  let complex = "Product";
  let example = "1, 2; 10, 20 -> 10, 40";
  let floatBody = "arith::MulFOp::create(b, x, y)";
  let intBody = "arith::MulIOp::create(b, x, y)";
}
def Ingot_DivOp : Ingot_Binary<"div"> {
  let summary = "x / y; integers round towards zero, and a zero divisor gives 0.";
  let complex = "Quotient";
  let example = "1, 1; 4, 0 -> 0.25, kInf";
  let cost = 4;
  let floatBody = "arith::DivFOp::create(b, x, y)";
  let intBody = "SafeDivide(b, x, y, /*is_signed=*/true)";
  let unsignedBody = "SafeDivide(b, x, y, /*is_signed=*/false)";
}
def Ingot_RemOp : Ingot_Binary<"rem"> {
  let summary = "Remainder of x / y with the sign of x (C's fmod); a zero integer divisor gives 0.";
  let example = "7, -7, 7; 4, 4, -4 -> 3, -3, 3";
  let floatBody = "RemainderOfFloat(b, x, y)";
  let intBody = "SafeRemainder(b, x, y, /*is_signed=*/true)";
  let unsignedBody = "SafeRemainder(b, x, y, /*is_signed=*/false)";
}
def Ingot_PowOp : Ingot_Binary<"pow"> {
  let summary = "x to the y.";
  let example = "2, 9, -2; 10, 0.5, 3 -> 1024, 3, -8";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "PowOf(b, x, y)";
  let toleranceText = "64";
}
def Ingot_MaxOp : Ingot_Binary<"max"> {
  let summary = "The larger of x and y; NaN wins.";
  let example = "1, kNan, 2; 2, 1, kNan -> 2, kNan, kNan";
  let floatBody = "arith::MaximumFOp::create(b, x, y)";
  let intBody = "arith::MaxSIOp::create(b, x, y)";
  let unsignedBody = "arith::MaxUIOp::create(b, x, y)";
}
def Ingot_MinOp : Ingot_Binary<"min"> {
  let summary = "The smaller of x and y; NaN wins.";
  let example = "1, kNan, 2; 2, 1, kNan -> 1, kNan, kNan";
  let floatBody = "arith::MinimumFOp::create(b, x, y)";
  let intBody = "arith::MinSIOp::create(b, x, y)";
  let unsignedBody = "arith::MinUIOp::create(b, x, y)";
}
def Ingot_LogicalAndOp : Ingot_Binary<"logical_and"> {
  let summary = "x and y, bit by bit for integers.";
  let example = "bool: 0, 0, 1, 1; 0, 1, 0, 1 -> 0, 0, 0, 1";
  let dtypes = "Logical";
  let intBody = "arith::AndIOp::create(b, x, y)";
  let boolBody = "arith::AndIOp::create(b, x, y)";
}
def Ingot_LogicalOrOp : Ingot_Binary<"logical_or"> {
  let summary = "x or y, bit by bit for integers.";
  let example = "bool: 0, 0, 1, 1; 0, 1, 0, 1 -> 0, 1, 1, 1";
  let dtypes = "Logical";
  let intBody = "arith::OrIOp::create(b, x, y)";
  let boolBody = "arith::OrIOp::create(b, x, y)";
}
def Ingot_LogicalXorOp : Ingot_Binary<"logical_xor"> {
  let summary = "Exclusive or, bit by bit for integers.";
  let example = "i64: 12, -1; 10, 1 -> 6, -2";
  let dtypes = "Logical";
  let intBody = "arith::XOrIOp::create(b, x, y)";
  let boolBody = "arith::XOrIOp::create(b, x, y)";
}

def Ingot_ShiftLeftOp : Ingot_Binary<"shift_left"> {
  let summary = "x with its bits moved up by y; 0 where y is negative or at least the width.";
  let example = "i64: 1, -3, 1, 1; 4, 1, 64, -1 -> 16, -6, 0, 0";
  let dtypes = "Integer";
  let intBody = "ShiftLeft(b, x, y)";
}
def Ingot_ShiftRightOp : Ingot_Binary<"shift_right"> {
  let summary = "x with its bits moved down by y; where y is negative or at least the width, what is left of the sign: 0 or -1.";
  let example = "i64: 16, -3, 1, -1; 4, 1, 64, -1 -> 1, -2, 0, -1";
  let dtypes = "Integer";
  let intBody = "ShiftRight(b, x, y, /*is_signed=*/true)";
  let unsignedBody = "ShiftRight(b, x, y, /*is_signed=*/false)";
}
class Ingot_Compare<string mnemonic, string ordered, string signedPredicate, string unsignedPredicate> : Ingot_Binary<mnemonic, "predicate"> {
  let reference = "Compare";
  let dtypes = "Any";
  let floatBody = "arith::CmpFOp::create(b, arith::CmpFPredicate::" # ordered # ", x, y)";
  let intBody = "arith::CmpIOp::create(b, arith::CmpIPredicate::" # signedPredicate # ", x, y)";
  let unsignedBody = "arith::CmpIOp::create(b, arith::CmpIPredicate::" # unsignedPredicate # ", x, y)";
  let boolBody = "arith::CmpIOp::create(b, arith::CmpIPredicate::" # unsignedPredicate # ", x, y)";
}
def Ingot_EqualOp : Ingot_Compare<"equal", "OEQ", "eq", "eq"> {
  let summary = "x == y";
  let complex = "Equal";
  let example = "1, 2, kNan; 1, 3, kNan -> 1, 0, 0";
}
def Ingot_NotEqualOp : Ingot_Compare<"not_equal", "UNE", "ne", "ne"> {
  let summary = "x != y";
  let complex = "NotEqual";
  let example = "1, 2, kNan; 1, 3, kNan -> 0, 1, 1";
}
def Ingot_LessOp : Ingot_Compare<"less", "OLT", "slt", "ult"> {
  let summary = "x < y";
  let example = "1, 2, 3, kNan; 2, 2, 2, 2 -> 1, 0, 0, 0";
}
def Ingot_LessEqualOp : Ingot_Compare<"less_equal", "OLE", "sle", "ule"> {
  let summary = "x <= y";
  let example = "1, 2, 3, kNan; 2, 2, 2, 2 -> 1, 1, 0, 0";
}
def Ingot_GreaterOp : Ingot_Compare<"greater", "OGT", "sgt", "ugt"> {
  let summary = "x > y";
  let example = "1, 2, 3, kNan; 2, 2, 2, 2 -> 0, 0, 1, 0";
}
def Ingot_GreaterEqualOp : Ingot_Compare<"greater_equal", "OGE", "sge", "uge"> {
  let summary = "x >= y";
  let example = "1, 2, 3, kNan; 2, 2, 2, 2 -> 0, 1, 1, 0";
}

def Ingot_SelectOp : Ingot_Op<"select", "Elementwise", "select"> {
  let summary = "x where condition holds, else y.";
  let complex = "Parts";
  let dtypes = "Any";
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$x, AnyRankedTensor:$y);
  let floatBody = "arith::SelectOp::create(b, x, y, z)";
  let intBody = "arith::SelectOp::create(b, x, y, z)";
  let boolBody = "arith::SelectOp::create(b, x, y, z)";
}
def Ingot_CastOp : Ingot_Op<"cast", "Elementwise", "cast"> {
  let summary = "Converts to another dtype: floats to integers truncate and saturate, integers to integers keep the low bits, anything to an 8-bit float saturates (infinity becomes its largest number), anything to bool is x != 0.";
  let complex = "ToComplex";
  let dtypes = "Every";
  let arguments = (ins AnyRankedTensor:$x, DTypeAttr<>:$to);
  let floatBody = "CastTo(b, x, from, to)";
  let intBody = "CastTo(b, x, from, to)";
  let boolBody = "CastTo(b, x, from, to)";
}
def Ingot_ComplexOp : Ingot_Op<"complex", "Gather", "complex"> {
  let summary = "The complex64 numbers of these real and imaginary parts (f32).";
  let complex = "FromParts";
  let dtypes = "Float";
  let arguments = (ins AnyRankedTensor:$real, AnyRankedTensor:$imaginary);
}
class Ingot_Part<string mnemonic> : Ingot_Op<mnemonic, "View", "part"> {
  let complex = "Part";
  let dtypes = "Complex";
  let arguments = (ins AnyRankedTensor:$x);
}
def Ingot_RealOp : Ingot_Part<"real"> {
  let summary = "The real parts of complex64 numbers, as f32.";
  let reference = "Part(c, [](const reference::Complex &x) { return x.real(); })";
}
def Ingot_ImagOp : Ingot_Part<"imag"> {
  let summary = "The imaginary parts of complex64 numbers, as f32.";
  let reference = "Part(c, [](const reference::Complex &x) { return x.imag(); })";
}
