// Quantized tensors: real = (stored - zero point) * scale. Sums of products are exact, in integers or in floats that
// hold them.
#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/op_table.h"
#include "graph/import/onnx/window.h"

namespace ingot::onnx_import {
namespace {

absl::Status CheckStored(DType dtype) {
  if ((IsInteger(dtype) && BitWidth(dtype) <= 16) || IsFloat8(dtype)) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("it stores ", std::string(Name(dtype)),
                                               "; only integers of 4, 8 and 16 bits and 8-bit floats are supported"));
}

// Input i, of at least 8 bits.
Expr Wide(NodeContext &n, size_t i) { return IsNarrow(n.dtype(i)) ? n.b.Cast(n.In(i), DType::kI8) : n.In(i); }

// A scale or zero point, made to broadcast against x: one for all, one per element of `axis`, or one per block of it.
absl::StatusOr<Expr> Spanning(NodeContext &n, size_t i, const TensorType &x, int64_t axis, int64_t block) {
  const TensorType type = n.Type(i);
  if (NumElements(type.dims).Is(1)) return type.rank() == 0 ? Wide(n, i) : n.b.Reshape(Wide(n, i), {});
  INGOT_ASSIGN_OR_RETURN(axis, NormalAxis(axis, x.rank()));
  size_t at = static_cast<size_t>(axis);
  if (type.rank() == 1) {
    Dims dims(x.dims.size(), Dim(1));
    dims[at] = type.dims[0];
    return n.b.Reshape(Wide(n, i), dims);
  }
  if (block < 1 || block > INT64_C(1) << 30 || type.rank() != x.rank())
    return absl::InvalidArgumentError(absl::StrCat("x is ", x.ToString(), " and its scale or zero point is ",
                                                   type.ToString(),
                                                   "; that must be a scalar, a vector, or blocks with 'block_size'"));
  Expr owner = n.b.Div(n.b.Iota({x.dims[at]}), n.b.Scalar(static_cast<double>(block), DType::kI64));
  return n.b.Gather(Wide(n, i), owner, axis);
}

// round(real) + zero point, within what the dtype holds; 8-bit floats round by themselves.
Expr Stored(GraphBuilder &b, Expr real, Expr zero_point, DType dtype) {
  Expr rounded = IsFloat8(dtype) ? real : b.Round(real);
  if (zero_point.id != kNoValue) rounded = b.Add(rounded, b.Cast(zero_point, DType::kF32));
  return b.Cast(rounded, dtype);
}

Expr AsF32(NodeContext &n, Expr x, size_t i) { return CastIfNeeded(n.b, x, n.dtype(i), DType::kF32); }

absl::Status QuantizeLinear(NodeContext &n) {
  n.Ignore({"precision"});  // f32 here
  INGOT_ASSIGN_OR_RETURN(int64_t saturate, n.Int("saturate", 1));
  const TensorType x = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Int("axis", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t block, n.Int("block_size", 0));
  DType otherwise = n.Has(2) ? n.dtype(2) : DType::kU8, dtype = otherwise;
  if (n.HasAttribute("output_dtype")) {
    INGOT_ASSIGN_OR_RETURN(int64_t number, n.Int("output_dtype"));
    if (number != 0) {
      INGOT_ASSIGN_OR_RETURN(dtype, n.TypeAttribute("output_dtype"));
    }
  }
  INGOT_RETURN_IF_ERROR(CheckStored(dtype));
  INGOT_ASSIGN_OR_RETURN(Expr scale, Spanning(n, 1, x, axis, block));
  Expr zero_point;
  if (n.Has(2)) {
    INGOT_ASSIGN_OR_RETURN(zero_point, Spanning(n, 2, x, axis, block));
  }
  Expr real = n.b.Div(AsF32(n, n.In(0), 0), AsF32(n, scale, 1));
  if (saturate != 0 || !IsFloat8(dtype)) return n.Return(Stored(n.b, real, zero_point, dtype));
  if (zero_point.id != kNoValue) real = n.b.Add(real, n.b.Cast(zero_point, DType::kF32));
  return n.Return(CastWithoutSaturation(n.b, real, DType::kF32, dtype));
}

absl::Status DequantizeLinear(NodeContext &n) {
  const TensorType x = n.Type(0);
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Int("axis", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t block, n.Int("block_size", 0));
  INGOT_ASSIGN_OR_RETURN(int64_t number, n.Int("output_dtype", 0));
  DType dtype = n.dtype(1);
  if (number != 0) {
    INGOT_ASSIGN_OR_RETURN(dtype, n.TypeAttribute("output_dtype"));
  }
  if (!IsFloat8(x.dtype) && (!IsInteger(x.dtype) || BitWidth(x.dtype) > 32))
    return absl::UnimplementedError(absl::StrCat("it works on ", std::string(Name(x.dtype)),
                                                 "; only integers of 4 to 32 bits and 8-bit floats are supported"));
  GraphBuilder &b = n.b;
  INGOT_ASSIGN_OR_RETURN(Expr scale, Spanning(n, 1, x, axis, block));
  DType exact = IsFloat8(x.dtype) ? DType::kF32 : DType::kI32;
  Expr whole = CastIfNeeded(b, n.In(0), x.dtype, exact);
  if (n.Has(2)) {
    INGOT_ASSIGN_OR_RETURN(Expr zero_point, Spanning(n, 2, x, axis, block));
    whole = b.Sub(whole, CastIfNeeded(b, zero_point, n.dtype(2), exact));
  }
  Expr real = b.Mul(CastIfNeeded(b, whole, exact, DType::kF32), AsF32(n, scale, 1));
  return n.Return(CastIfNeeded(b, real, DType::kF32, dtype));
}

// Scale and zero point from the operand's range, which is widened to hold 0.
absl::Status DynamicQuantizeLinear(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  GraphBuilder &b = n.b;
  Expr x = AsF32(n, n.In(0), 0), zero = b.Scalar(0), most = b.Scalar(255);
  Expr low = b.Min(b.ReduceMin(x), zero), range = b.Sub(b.Max(b.ReduceMax(x), zero), low);
  Expr scale = b.Select(b.Equal(range, zero), b.Scalar(1), b.Div(range, most));  // of zeros only
  Expr zero_point = b.Cast(b.Round(b.Min(b.Max(b.Neg(b.Div(low, scale)), zero), most)), DType::kU8);
  n.Set(0, Stored(b, b.Div(x, scale), zero_point, DType::kU8));
  n.Set(1, scale);
  n.Set(2, zero_point);
  return absl::OkStatus();
}

// Stored integers minus their zero point, as a dtype that holds them. A vector of zero points stands along `axis`.
absl::StatusOr<Expr> Centred(NodeContext &n, size_t x, size_t zero_point, int64_t axis, DType dtype) {
  if (!IsInteger(n.dtype(x)) || BitWidth(n.dtype(x)) != 8)
    return absl::UnimplementedError(
        absl::StrCat("it works on ", std::string(Name(n.dtype(x))), "; only integers of 8 bits are supported"));
  Expr whole = n.b.Cast(n.In(x), dtype);
  if (!n.Has(zero_point)) return whole;
  const TensorType type = n.Type(zero_point);
  Expr offset = n.In(zero_point);
  if (type.rank() <= 1) {
    INGOT_ASSIGN_OR_RETURN(offset, Spanning(n, zero_point, n.Type(x), axis, 0));
  }
  return n.b.Sub(whole, n.b.Cast(offset, dtype));
}

absl::StatusOr<Expr> IntegerProduct(NodeContext &n, size_t x, size_t y, size_t x_zero, size_t y_zero) {
  if (n.rank(x) < 2 || n.rank(y) < 2)
    return absl::UnimplementedError(absl::StrCat("its operands are ", n.Type(x).ToString(), " and ",
                                                 n.Type(y).ToString(), "; both need rank 2 or more"));
  INGOT_ASSIGN_OR_RETURN(Expr a, Centred(n, x, x_zero, -2, DType::kI32));
  INGOT_ASSIGN_OR_RETURN(Expr b, Centred(n, y, y_zero, -1, DType::kI32));
  return n.b.MatMul(a, b);
}

absl::Status MatMulInteger(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Expr result, IntegerProduct(n, 0, 1, 2, 3));
  return n.Return(result);
}

// A sum of products of stored integers as a result that is stored: by the scales of the operands (1 and 4), of which a
// vector stands along the axis given, and scale and zero point of the result (6 and 7).
absl::Status ReturnStored(NodeContext &n, Expr sum, int64_t x_axis, int64_t axis) {
  GraphBuilder &b = n.b;
  const TensorType type{DType::kF32, b.type(sum).dims};
  INGOT_ASSIGN_OR_RETURN(Expr x_scale, Spanning(n, 1, type, x_axis, 0));
  INGOT_ASSIGN_OR_RETURN(Expr y_scale, Spanning(n, 4, type, axis, 0));
  INGOT_ASSIGN_OR_RETURN(Expr scale, Spanning(n, 6, type, axis, 0));
  INGOT_ASSIGN_OR_RETURN(Expr zero_point, Spanning(n, 7, type, axis, 0));
  Expr factor = b.Div(b.Mul(AsF32(n, x_scale, 1), AsF32(n, y_scale, 4)), AsF32(n, scale, 6));
  return n.Return(Stored(b, b.Mul(b.Cast(sum, DType::kF32), factor), zero_point, n.dtype(7)));
}

absl::Status QLinearMatMul(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckStored(n.dtype(7)));
  INGOT_ASSIGN_OR_RETURN(Expr sum, IntegerProduct(n, 0, 3, 2, 5));
  if (!n.b.status().ok()) return n.b.status();
  return ReturnStored(n, sum, -2, -1);
}

// The convolution of stored integers, as i32. Floats with enough bits for the sum of all products make it exact.
absl::StatusOr<Expr> IntegerConvolution(NodeContext &n, size_t x, size_t w, size_t x_zero, size_t w_zero) {
  const TensorType weights = n.Type(w);
  INGOT_ASSIGN_OR_RETURN(Ints kernel, KernelOf(weights));
  Dim products = weights.rank() > 1 ? weights.dims[1] : Dim(1);
  for (int64_t size : kernel) products = products * Dim(size);
  constexpr int64_t kExactInF32 = (INT64_C(1) << 24) / (255 * 255);
  bool small = products.constant().value_or(kExactInF32 + 1) <= kExactInF32;
  DType wide = small ? DType::kF32 : DType::kF64;
  INGOT_ASSIGN_OR_RETURN(Expr data, Centred(n, x, x_zero, 1, wide));
  INGOT_ASSIGN_OR_RETURN(Expr kernels, Centred(n, w, w_zero, 0, wide));
  INGOT_ASSIGN_OR_RETURN(Expr sum, Convolution(n, data, kernels, x, w));
  return n.b.Cast(sum, DType::kI32);
}

absl::Status ConvInteger(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(Expr result, IntegerConvolution(n, 0, 1, 2, 3));
  return n.Return(result);
}

absl::Status QLinearConv(NodeContext &n) {
  INGOT_RETURN_IF_ERROR(CheckStored(n.dtype(7)));
  INGOT_ASSIGN_OR_RETURN(Expr sum, IntegerConvolution(n, 0, 3, 2, 5));
  if (n.Has(8)) {
    INGOT_ASSIGN_OR_RETURN(Expr bias, Spanning(n, 8, n.Type(0), 1, 0));
    sum = n.b.Add(sum, bias);
  }
  if (!n.b.status().ok()) return n.b.status();
  return ReturnStored(n, sum, 1, 1);
}

}  // namespace

void AddQuantizeOps(OpTable &table) {
  table["QuantizeLinear"] = {QuantizeLinear, 2, 3};
  table["DequantizeLinear"] = {DequantizeLinear, 2, 3};
  table["DynamicQuantizeLinear"] = {DynamicQuantizeLinear, 1, 1};
  table["MatMulInteger"] = {MatMulInteger, 2, 4};
  table["ConvInteger"] = {ConvInteger, 2, 4};
  table["QLinearMatMul"] = {QLinearMatMul, 8, 8};
  table["QLinearConv"] = {QLinearConv, 8, 9};
}

}  // namespace ingot::onnx_import
