// Matrix products, soft-max, dropout. Einsum has einsum.cc.
#include "graph/import/onnx/einsum.h"
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

// NumPy's matmul: vectors become matrices and lose that axis again.
absl::Status MatMul(NodeContext &n) {
  TensorType x = n.Type(0), y = n.Type(1);
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kMatMul, x.dtype));
  if (x.rank() == 0 || y.rank() == 0)
    return absl::InvalidArgumentError(
        absl::StrCat("cannot multiply ", x.ToString(), " and ", y.ToString(), "; scalars have no axes to contract"));
  Expr a = n.In(0), b = n.In(1);
  if (x.rank() == 1) a = n.b.Reshape(a, {1, x.dims[0]});
  if (y.rank() == 1) b = n.b.Reshape(b, {y.dims[0], 1});
  Expr product = n.b.MatMul(a, b);
  if (x.rank() > 1 && y.rank() > 1) return n.Return(product);
  Dims dims = n.b.type(product).dims;
  if (dims.size() < 2) return n.b.status();
  if (y.rank() == 1) dims.pop_back();
  if (x.rank() == 1) dims.erase(dims.end() - (y.rank() == 1 ? 1 : 2));
  return n.Return(n.b.Reshape(product, dims));
}

absl::Status Gemm(NodeContext &n) {
  DType dtype = n.dtype(0);
  if (n.opset < 7) n.Ignore({"broadcast"});  // of the third operand, which may always broadcast
  INGOT_ASSIGN_OR_RETURN(double alpha, n.Float("alpha", 1));
  INGOT_ASSIGN_OR_RETURN(double beta, n.Float("beta", 1));
  INGOT_ASSIGN_OR_RETURN(int64_t transpose_a, n.Int("transA", 0));
  INGOT_ASSIGN_OR_RETURN(int64_t transpose_b, n.Int("transB", 0));
  if (n.rank(0) != 2 || n.rank(1) != 2)
    return absl::InvalidArgumentError(absl::StrCat("its operands are ", n.Type(0).ToString(), " and ",
                                                   n.Type(1).ToString(), "; they must be matrices"));
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kMatMul, dtype));
  if (!IsFloat(dtype) && (alpha != 1 || beta != 1))
    return absl::UnimplementedError("integers with 'alpha' or 'beta' are not supported");
  Expr a = n.In(0), b = n.In(1);
  if (transpose_a != 0) a = n.b.Transpose(a, {1, 0});
  if (transpose_b != 0) b = n.b.Transpose(b, {1, 0});
  Expr result = n.b.MatMul(a, b);
  if (alpha != 1) result = n.b.Mul(result, n.b.Scalar(alpha, dtype));
  if (n.Has(2) && beta != 0) {
    Expr c = n.In(2);
    if (beta != 1) c = n.b.Mul(c, n.b.Scalar(beta, dtype));
    result = n.b.Add(result, c);
  }
  return n.Return(result);
}

// Before opset 13 all axes from `axis` on count as one.
template <OpKind kOp>
absl::Status Softmax(NodeContext &n) {
  TensorType x = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckTakes(kOp, x.dtype));
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", n.opset >= 13 ? -1 : 1, x.rank()));
  if (n.opset >= 13 || axis == x.rank() - 1) return n.Return(n.b.Emit(kOp, {n.In(0)}, {{"axis", axis}}));
  Dims flat = {NumElements(Dims(x.dims.begin(), x.dims.begin() + axis)),
               NumElements(Dims(x.dims.begin() + axis, x.dims.end()))};
  Expr result = n.b.Emit(kOp, {n.b.Reshape(n.In(0), flat)}, {{"axis", int64_t{1}}});
  return n.Return(n.b.Reshape(result, x.dims));
}

absl::Status Dropout(NodeContext &n) {
  n.Ignore({"ratio", "seed", "is_test"});
  if (n.Has(2)) {
    const Known *training = n.KnownIn(2);
    if (training == nullptr || !training->is_constant() || training->ints.size() != 1 || !training->ints[0].Is(0)) {
      return absl::UnimplementedError("dropout in training mode is not supported; export the model for inference");
    }
  }
  n.Forward(0, 0);
  if (n.Wants(1)) {
    Tensor everything = Tensor::Zeros(DType::kBool, {});
    everything.SetInt(0, 1);
    n.Set(1, n.b.BroadcastTo(n.b.Constant(std::move(everything)), n.Type(0).dims));
  }
  return absl::OkStatus();
}

absl::Status EinsumHandler(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(std::string equation, n.Text("equation"));
  std::vector<Expr> operands;
  for (size_t i = 0; i < n.input_count(); ++i) {
    if (!n.Has(i)) return absl::InvalidArgumentError(absl::StrCat("input ", i, " is missing"));
    INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kMatMul, n.dtype(i)));
    operands.push_back(n.In(i));
  }
  INGOT_ASSIGN_OR_RETURN(Expr result, Einsum(n.b, equation, operands));
  return n.Return(result);
}

}  // namespace

void AddNnOps(OpTable &table) {
  table["MatMul"] = {MatMul, 2, 2};
  table["Gemm"] = {Gemm, 2, 3};
  table["Softmax"] = {Softmax<OpKind::kSoftmax>, 1, 1};
  table["LogSoftmax"] = {Softmax<OpKind::kLogSoftmax>, 1, 1};
  table["Dropout"] = {Dropout, 1, 3};
  table["Einsum"] = {EinsumHandler, 1, kVariadic};
}

}  // namespace ingot::onnx_import
