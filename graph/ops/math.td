// Element-wise math. Operands broadcast as in NumPy; all have one dtype. Bodies call arith and math builders of MLIR; helpers with a lower-case
// name (roundHalfEven, signOf, ...) are in compiler/codegen/cpu/scalar_math.cc.
include "graph/ops/base.td"

def Ingot_NegOp : Ingot_Unary<"neg"> {
  let summary = "-x";
  let floatBody = "arith::NegFOp::create(b, x)";
  let intBody = "arith::SubIOp::create(b, zeroLike(b, x), x)";
}
def Ingot_AbsOp : Ingot_Unary<"abs"> {
  let summary = "|x|";
  let floatBody = "math::AbsFOp::create(b, x)";
  let intBody = "math::AbsIOp::create(b, x)";
  let unsignedBody = "x";
}
def Ingot_SignOp : Ingot_Unary<"sign"> {
  let summary = "-1, 0 or 1 by the sign of x; NaN stays NaN.";
  let floatBody = "signOfFloat(b, x)";
  let intBody = "signOfInt(b, x)";
  let unsignedBody = "arith::MinUIOp::create(b, x, constantLike(b, x, 1))";
}
def Ingot_ExpOp : Ingot_Unary<"exp"> {
  let summary = "e to the x.";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "expOf(b, x)";
}
def Ingot_LogOp : Ingot_Unary<"log"> {
  let summary = "Natural logarithm.";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "logOf(b, x)";
}
def Ingot_SqrtOp : Ingot_Unary<"sqrt"> {
  let summary = "Square root.";
  let cost = 4;
  let dtypes = "Float";
  let floatBody = "math::SqrtOp::create(b, x)";
}
def Ingot_RsqrtOp : Ingot_Unary<"rsqrt"> {
  let summary = "1 / sqrt(x).";
  let cost = 4;
  let dtypes = "Float";
  let floatBody = "arith::DivFOp::create(b, constantLike(b, x, 1), math::SqrtOp::create(b, x))";
}
def Ingot_ReciprocalOp : Ingot_Unary<"reciprocal"> {
  let summary = "1 / x.";
  let dtypes = "Float";
  let floatBody = "arith::DivFOp::create(b, constantLike(b, x, 1), x)";
}
def Ingot_TanhOp : Ingot_Unary<"tanh"> {
  let summary = "Hyperbolic tangent.";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "math::TanhOp::create(b, x)";
}
def Ingot_ErfOp : Ingot_Unary<"erf"> {
  let summary = "Gauss error function.";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "math::ErfOp::create(b, x)";
}
def Ingot_SinOp : Ingot_Unary<"sin"> {
  let summary = "Sine of x in radians.";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "math::SinOp::create(b, x)";
}
def Ingot_CosOp : Ingot_Unary<"cos"> {
  let summary = "Cosine of x in radians.";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "math::CosOp::create(b, x)";
}
def Ingot_FloorOp : Ingot_Unary<"floor"> {
  let summary = "Largest integer not above x.";
  let dtypes = "Float";
  let floatBody = "math::FloorOp::create(b, x)";
}
def Ingot_CeilOp : Ingot_Unary<"ceil"> {
  let summary = "Smallest integer not below x.";
  let dtypes = "Float";
  let floatBody = "math::CeilOp::create(b, x)";
}
def Ingot_RoundOp : Ingot_Unary<"round"> {
  let summary = "Nearest integer, halves to even.";
  let dtypes = "Float";
  let floatBody = "math::RoundEvenOp::create(b, x)";
}
def Ingot_ReluOp : Ingot_Unary<"relu"> {
  let summary = "max(x, 0); NaN stays NaN.";
  let floatBody = "arith::MaximumFOp::create(b, x, zeroLike(b, x))";
  let intBody = "arith::MaxSIOp::create(b, x, zeroLike(b, x))";
  let unsignedBody = "x";
}
def Ingot_SigmoidOp : Ingot_Unary<"sigmoid"> {
  let summary = "1 / (1 + exp(-x)).";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "sigmoidOf(b, x)";
}
def Ingot_LogicalNotOp : Ingot_Unary<"logical_not"> {
  let summary = "Not x.";
  let dtypes = "Bool";
  let boolBody = "arith::XOrIOp::create(b, x, constantLike(b, x, 1))";
}
def Ingot_IsNanOp : Ingot_Unary<"is_nan", "predicate"> {
  let summary = "True where x is NaN.";
  let dtypes = "Float";
  let floatBody = "arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x)";
}

def Ingot_AddOp : Ingot_Binary<"add"> {
  let summary = "x + y";
  let floatBody = "arith::AddFOp::create(b, x, y)";
  let intBody = "arith::AddIOp::create(b, x, y)";
}
def Ingot_SubOp : Ingot_Binary<"sub"> {
  let summary = "x - y";
  let floatBody = "arith::SubFOp::create(b, x, y)";
  let intBody = "arith::SubIOp::create(b, x, y)";
}
def Ingot_MulOp : Ingot_Binary<"mul"> {
  let summary = "x * y";
  let floatBody = "arith::MulFOp::create(b, x, y)";
  let intBody = "arith::MulIOp::create(b, x, y)";
}
def Ingot_DivOp : Ingot_Binary<"div"> {
  let summary = "x / y; integers round towards zero, and a zero divisor gives 0.";
  let cost = 4;
  let floatBody = "arith::DivFOp::create(b, x, y)";
  let intBody = "safeDivide(b, x, y, /*isSigned=*/true)";
  let unsignedBody = "safeDivide(b, x, y, /*isSigned=*/false)";
}
def Ingot_RemOp : Ingot_Binary<"rem"> {
  let summary = "Remainder of x / y with the sign of x (C's fmod); a zero integer divisor gives 0.";
  let floatBody = "remainderOfFloat(b, x, y)";
  let intBody = "safeRemainder(b, x, y, /*isSigned=*/true)";
  let unsignedBody = "safeRemainder(b, x, y, /*isSigned=*/false)";
}
def Ingot_PowOp : Ingot_Binary<"pow"> {
  let summary = "x to the y.";
  let cost = 16;
  let dtypes = "Float";
  let floatBody = "powOf(b, x, y)";
  let toleranceText = "64";
}
def Ingot_MaxOp : Ingot_Binary<"max"> {
  let summary = "The larger of x and y; NaN wins.";
  let floatBody = "arith::MaximumFOp::create(b, x, y)";
  let intBody = "arith::MaxSIOp::create(b, x, y)";
  let unsignedBody = "arith::MaxUIOp::create(b, x, y)";
}
def Ingot_MinOp : Ingot_Binary<"min"> {
  let summary = "The smaller of x and y; NaN wins.";
  let floatBody = "arith::MinimumFOp::create(b, x, y)";
  let intBody = "arith::MinSIOp::create(b, x, y)";
  let unsignedBody = "arith::MinUIOp::create(b, x, y)";
}
def Ingot_LogicalAndOp : Ingot_Binary<"logical_and"> {
  let summary = "x and y, bit by bit for integers.";
  let dtypes = "Logical";
  let intBody = "arith::AndIOp::create(b, x, y)";
  let boolBody = "arith::AndIOp::create(b, x, y)";
}
def Ingot_LogicalOrOp : Ingot_Binary<"logical_or"> {
  let summary = "x or y, bit by bit for integers.";
  let dtypes = "Logical";
  let intBody = "arith::OrIOp::create(b, x, y)";
  let boolBody = "arith::OrIOp::create(b, x, y)";
}
def Ingot_LogicalXorOp : Ingot_Binary<"logical_xor"> {
  let summary = "Exclusive or, bit by bit for integers.";
  let dtypes = "Logical";
  let intBody = "arith::XOrIOp::create(b, x, y)";
  let boolBody = "arith::XOrIOp::create(b, x, y)";
}

class Ingot_Compare<string mnemonic, string ordered, string signedPredicate, string unsignedPredicate> : Ingot_Binary<mnemonic, "predicate"> {
  let dtypes = "Any";
  let floatBody = "arith::CmpFOp::create(b, arith::CmpFPredicate::" # ordered # ", x, y)";
  let intBody = "arith::CmpIOp::create(b, arith::CmpIPredicate::" # signedPredicate # ", x, y)";
  let unsignedBody = "arith::CmpIOp::create(b, arith::CmpIPredicate::" # unsignedPredicate # ", x, y)";
  let boolBody = "arith::CmpIOp::create(b, arith::CmpIPredicate::" # unsignedPredicate # ", x, y)";
}
def Ingot_EqualOp : Ingot_Compare<"equal", "OEQ", "eq", "eq"> { let summary = "x == y"; }
def Ingot_NotEqualOp : Ingot_Compare<"not_equal", "UNE", "ne", "ne"> { let summary = "x != y"; }
def Ingot_LessOp : Ingot_Compare<"less", "OLT", "slt", "ult"> { let summary = "x < y"; }
def Ingot_LessEqualOp : Ingot_Compare<"less_equal", "OLE", "sle", "ule"> { let summary = "x <= y"; }
def Ingot_GreaterOp : Ingot_Compare<"greater", "OGT", "sgt", "ugt"> { let summary = "x > y"; }
def Ingot_GreaterEqualOp : Ingot_Compare<"greater_equal", "OGE", "sge", "uge"> { let summary = "x >= y"; }

def Ingot_SelectOp : Ingot_Op<"select", "Elementwise", "select"> {
  let summary = "x where condition holds, else y.";
  let dtypes = "Any";
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$x, AnyRankedTensor:$y);
  let floatBody = "arith::SelectOp::create(b, x, y, z)";
  let intBody = "arith::SelectOp::create(b, x, y, z)";
  let boolBody = "arith::SelectOp::create(b, x, y, z)";
}
def Ingot_CastOp : Ingot_Op<"cast", "Elementwise", "cast"> {
  let summary = "Converts to another dtype: floats to integers truncate and saturate, anything to bool is x != 0.";
  let dtypes = "Any";
  let arguments = (ins AnyRankedTensor:$x, DTypeAttr<>:$to);
  let floatBody = "castTo(b, x, from, to)";
  let intBody = "castTo(b, x, from, to)";
  let boolBody = "castTo(b, x, from, to)";
}
