// Matrix products, determinants, soft-max, dropout. Einsum has einsum.cc.
#include "graph/import/onnx/einsum.h"
#include "graph/import/onnx/indexing.h"
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

// The determinant of the rows from `row` on and these columns, by expansion along that row.
Expr Determinant(GraphBuilder &b, const std::vector<std::vector<Expr>> &rows, size_t row,
                 const std::vector<size_t> &columns) {
  if (columns.size() == 1) return rows[row][columns[0]];
  Expr sum;
  for (size_t i = 0; i < columns.size(); ++i) {
    std::vector<size_t> others = columns;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    Expr part = b.Mul(rows[row][columns[i]], Determinant(b, rows, row + 1, others));
    sum = i == 0 ? part : i % 2 == 0 ? b.Add(sum, part) : b.Sub(sum, part);
  }
  return sum;
}

absl::Status Det(NodeContext &n) {
  constexpr int64_t kLargest = 4;
  const TensorType x = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckFloat(n, 0));
  INGOT_RETURN_IF_ERROR(CheckRank(n, 0, 2));
  auto size = x.dims.back().constant();
  if (size && x.dims[x.dims.size() - 2].is_constant() && !x.dims[x.dims.size() - 2].Is(*size))
    return absl::InvalidArgumentError(absl::StrCat("its operand is ", x.ToString(), "; its matrices must be square"));
  if (!size || !x.dims[x.dims.size() - 2].Is(*size) || *size < 1 || *size > kLargest)
    return absl::UnimplementedError(absl::StrCat("its operand is ", x.ToString(),
                                                 "; only determinants of matrices with 1 to ", kLargest,
                                                 " constant rows are supported"));
  const Dims batch(x.dims.begin(), x.dims.end() - 2);
  std::vector<std::vector<Expr>> rows(static_cast<size_t>(*size));
  std::vector<size_t> columns;
  size_t rank = x.dims.size();
  for (int64_t i = 0; i < *size; ++i) {
    Expr row = SliceAxis(n.b, n.In(0), rank - 2, i, i + 1);
    for (int64_t j = 0; j < *size; ++j)
      rows[static_cast<size_t>(i)].push_back(n.b.Reshape(SliceAxis(n.b, row, rank - 1, j, j + 1), batch));
    columns.push_back(static_cast<size_t>(i));
  }
  return n.Return(Determinant(n.b, rows, 0, columns));
}

// 1 at the first largest element along the axis, else 0.
Expr Hardmax(GraphBuilder &b, Expr x, int64_t axis) {
  const TensorType type = b.type(x);
  if (type.rank() <= axis) return {};
  size_t at = static_cast<size_t>(axis);
  Expr hit = b.Equal(b.ArgMax(x, axis, true), Counted(b, type.dims[at], at, type.dims.size()));
  return b.Cast(hit, type.dtype);
}

template <OpKind kOp>
Expr AlongAxis(GraphBuilder &b, Expr x, int64_t axis) {
  return b.Emit(kOp, {x}, {{"axis", axis}});
}

// Before opset 13 all axes from `axis` on count as one.
template <OpKind kNeeds, Expr (*kAlong)(GraphBuilder &, Expr, int64_t)>
absl::Status Softmax(NodeContext &n) {
  TensorType x = n.Type(0);
  INGOT_RETURN_IF_ERROR(CheckTakes(kNeeds, x.dtype));
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", n.opset >= 13 ? -1 : 1, x.rank()));
  if (n.opset >= 13 || axis == x.rank() - 1) return n.Return(kAlong(n.b, n.In(0), axis));
  Dims flat = {NumElements(Dims(x.dims.begin(), x.dims.begin() + axis)),
               NumElements(Dims(x.dims.begin() + axis, x.dims.end()))};
  Expr result = kAlong(n.b, n.b.Reshape(n.In(0), flat), 1);
  return n.Return(n.b.Reshape(result, x.dims));
}

absl::Status Dropout(NodeContext &n) {
  n.Ignore({"ratio", "seed", "is_test"});
  const Known *ratio = n.KnownIn(1);
  bool drops = ratio == nullptr || !ratio->is_real() || ratio->reals != std::vector<double>{0};
  if (n.Has(2) && drops) {
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
  table["Det"] = {Det, 1, 1};
  table["Softmax"] = {Softmax<OpKind::kSoftmax, AlongAxis<OpKind::kSoftmax>>, 1, 1};
  table["LogSoftmax"] = {Softmax<OpKind::kLogSoftmax, AlongAxis<OpKind::kLogSoftmax>>, 1, 1};
  table["Hardmax"] = {Softmax<OpKind::kSoftmax, Hardmax>, 1, 1};
  table["Dropout"] = {Dropout, 1, 3};
  table["Einsum"] = {EinsumHandler, 1, kVariadic};
}

}  // namespace ingot::onnx_import
