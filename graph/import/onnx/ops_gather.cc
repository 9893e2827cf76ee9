// Ops that pick elements by index: along an axis, by tuples, by a known condition, or backwards.
#include "graph/import/onnx/indexing.h"
#include "graph/import/onnx/op_table.h"
#include "graph/import/onnx/selection.h"

namespace ingot::onnx_import {
namespace {

absl::Status GatherElements(NodeContext &n) {
  const TensorType x = n.Type(0), indices = n.Type(1);
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", 0, x.rank()));
  if (indices.rank() != x.rank())
    return absl::InvalidArgumentError(
        absl::StrCat("x is ", x.ToString(), " and its indices are ", indices.ToString(), "; the ranks must be equal"));
  INGOT_RETURN_IF_ERROR(CheckIndices(n, 1, x.dims[static_cast<size_t>(axis)]));
  for (size_t i = 0; i < x.dims.size(); ++i) {
    if (i != static_cast<size_t>(axis) && n.bounds.Of(x.dims[i] - indices.dims[i]).high < 0)
      return absl::InvalidArgumentError(
          absl::StrCat("its indices ", indices.ToString(), " are longer than axis ", i, " of ", x.ToString()));
  }
  Expr index = FromStart(n.b, n.In(1), x.dims[static_cast<size_t>(axis)]);
  return n.Return(TakeAlong(n.b, n.In(0), index, static_cast<size_t>(axis), indices.dims));
}

absl::Status GatherNd(NodeContext &n) {
  const TensorType x = n.Type(0), indices = n.Type(1);
  INGOT_ASSIGN_OR_RETURN(int64_t batch, n.Int("batch_dims", 0));
  if (x.rank() < 1 || indices.rank() < 1)
    return absl::InvalidArgumentError(
        absl::StrCat("x is ", x.ToString(), " and its indices are ", indices.ToString(), "; both need an axis"));
  auto depth = indices.dims.back().constant();
  if (!depth)
    return absl::UnimplementedError(
        absl::StrCat("the last axis of its indices ", indices.ToString(), " must be constant; give that dim a number"));
  if (batch < 0 || batch >= std::min(x.rank(), indices.rank()) || *depth < 1 || *depth > x.rank() - batch)
    return absl::InvalidArgumentError(absl::StrCat("x is ", x.ToString(), " and its indices are ", indices.ToString(),
                                                   "; with 'batch_dims' ", batch, " they do not fit"));
  INGOT_RETURN_IF_ERROR(CheckIndexType(n, 1));
  auto picked = x.dims.begin() + batch, rest = picked + *depth;
  if (indices.rank() - 1 + (x.dims.end() - rest) > kMaxRank)
    return absl::UnimplementedError(absl::StrCat("the result has a rank above ", kMaxRank));
  Dims flat(rest, x.dims.end());
  flat.insert(flat.begin(), NumElements(Dims(x.dims.begin(), rest)));
  Dims own = indices.dims;  // with x's batch sizes, which is then checked
  std::copy(x.dims.begin(), picked, own.begin());
  Expr tuples = own == indices.dims ? n.In(1) : n.b.Reshape(n.In(1), own);
  Expr at = TuplePositions(n.b, tuples, Dims(picked, rest), static_cast<size_t>(batch));
  return n.Return(n.b.Gather(n.b.Reshape(n.In(0), flat), at, 0));
}

// The first `lengths[j]` elements of every sequence j in reverse, the others as they are.
absl::Status ReverseSequence(NodeContext &n) {
  const TensorType x = n.Type(0), lengths = n.Type(1);
  INGOT_ASSIGN_OR_RETURN(int64_t time, n.Axis("time_axis", 0, x.rank()));
  INGOT_ASSIGN_OR_RETURN(int64_t batch, n.Axis("batch_axis", 1, x.rank()));
  if (x.rank() < 2 || time == batch || lengths.rank() != 1 || !IsInteger(lengths.dtype))
    return absl::InvalidArgumentError(absl::StrCat("x is ", x.ToString(), " with time axis ", time, " and batch axis ",
                                                   batch, ", and its lengths are ", lengths.ToString(),
                                                   "; it needs two axes and a vector of lengths"));
  GraphBuilder &b = n.b;
  Dims per_sequence(x.dims.size(), Dim(1));
  per_sequence[static_cast<size_t>(batch)] = lengths.dims[0];
  Expr length = b.Reshape(CastIfNeeded(b, n.In(1), lengths.dtype, DType::kI64), per_sequence);
  size_t axis = static_cast<size_t>(time);
  Expr at = Counted(b, x.dims[axis], axis, x.dims.size());
  Expr mirrored = b.Sub(b.Sub(length, at), b.Scalar(1, DType::kI64));
  return n.Return(TakeAlong(b, n.In(0), b.Select(b.Less(at, length), mirrored, at), axis, x.dims));
}

absl::Status Compress(NodeContext &n) {
  TensorType x = n.Type(0);
  const Tensor *condition = n.ConstantIn(1);
  std::optional<Ints> known = n.KnownIn(1) != nullptr ? n.KnownIn(1)->constants() : std::nullopt;
  bool flat = !n.HasAttribute("axis");
  int64_t axis = 0;
  if (!flat) {
    INGOT_ASSIGN_OR_RETURN(axis, n.Axis("axis", std::nullopt, x.rank()));
  }
  Dim size = flat ? NumElements(x.dims) : x.dims[static_cast<size_t>(axis)];
  Expr data = flat && x.rank() != 1 ? n.b.Reshape(n.In(0), {size}) : n.In(0);
  if (condition == nullptr && !known) {
    const TensorType mask = n.Type(1);
    if (mask.dtype != DType::kBool || mask.rank() != 1)
      return absl::InvalidArgumentError(
          absl::StrCat("its condition is ", mask.ToString(), "; it must be a vector of bool"));
    if (!n.bounds.Proves(mask.dims[0], size))
      return absl::UnimplementedError(absl::StrCat("cannot tell whether its condition, of size ",
                                                   mask.dims[0].ToString(), ", is longer than ", size.ToString()));
    return n.Return(n.b.Gather(data, TruePlaces(n.b, n.In(1)), axis));
  }
  Ints kept;
  int64_t count = known ? static_cast<int64_t>(known->size()) : condition->size();
  for (int64_t i = 0; i < count; ++i) {
    if (known ? (*known)[static_cast<size_t>(i)] != 0 : condition->GetInt(i) != 0) kept.push_back(i);
  }
  if (!kept.empty() && !n.bounds.Require(Dim(kept.back() + 1), size))
    return absl::InvalidArgumentError(
        absl::StrCat("its condition keeps element ", kept.back(), ", but the size is ", size.ToString()));
  Expr at = n.b.Constant(Tensor::I64({static_cast<int64_t>(kept.size())}, kept));
  return n.Return(n.b.Gather(data, at, axis));
}

}  // namespace

void AddGatherOps(OpTable &table) {
  table["GatherElements"] = {GatherElements, 2, 2};
  table["GatherND"] = {GatherNd, 2, 2};
  table["ReverseSequence"] = {ReverseSequence, 2, 2};
  table["Compress"] = {Compress, 2, 2};
}

}  // namespace ingot::onnx_import
