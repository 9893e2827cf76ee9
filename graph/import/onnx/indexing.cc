#include "graph/import/onnx/indexing.h"

namespace ingot::onnx_import {
namespace {

Expr Scaled(GraphBuilder &b, Expr x, const Dim &factor) { return factor.Is(1) ? x : b.Mul(x, Number(b, factor)); }

Expr Plus(GraphBuilder &b, Expr x, Expr y) { return x.id == kNoValue ? y : b.Add(x, y); }

}  // namespace

Expr Number(GraphBuilder &b, const Dim &dim) { return Known::Scalar(dim).Materialize(b); }

Expr Counted(GraphBuilder &b, const Dim &size, size_t axis, size_t rank, DType dtype) {
  Dims dims(rank, Dim(1));
  dims[axis] = size;
  return b.Iota(dims, static_cast<int64_t>(axis), dtype);
}

Expr FromStart(GraphBuilder &b, Expr index, const Dim &size) {
  DType dtype = b.type(index).dtype;
  Expr wide = CastIfNeeded(b, index, dtype, DType::kI64);
  if (IsUnsigned(dtype)) return wide;
  return b.Select(b.Less(wide, b.Scalar(0, DType::kI64)), b.Add(wide, Number(b, size)), wide);
}

Expr TakeFlat(GraphBuilder &b, Expr x, Expr positions) {
  const Dims dims = b.type(x).dims;
  return b.Gather(dims.size() == 1 ? x : b.Reshape(x, {NumElements(dims)}), positions, 0);
}

Expr TakeAlong(GraphBuilder &b, Expr x, Expr index, size_t axis, const Dims &result) {
  const Dims from = b.type(x).dims;
  if (from.size() != result.size() || axis >= from.size()) return {};  // an error of the builder, which has it
  Expr at;
  Dim stride = 1;
  for (size_t i = from.size(); i-- > 0;) {
    if (i == axis) at = Plus(b, at, Scaled(b, index, stride));
    if (i != axis && !result[i].Is(1)) at = Plus(b, at, Scaled(b, Counted(b, result[i], i, from.size()), stride));
    stride = stride * from[i];
  }
  return TakeFlat(b, x, at);
}

Expr TuplePositions(GraphBuilder &b, Expr tuples, const Dims &sizes, size_t batch) {
  Dims dims = b.type(tuples).dims;
  if (dims.size() <= batch) return {};
  size_t last = dims.size() - 1;
  Expr at;
  for (size_t i = 0; i < batch; ++i) {
    if (at.id != kNoValue) at = Scaled(b, at, dims[i]);
    at = Plus(b, at, Counted(b, dims[i], i, last));
  }
  Dims result(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(last));
  for (size_t i = 0; i < sizes.size(); ++i) {
    Dim place = static_cast<int64_t>(i);
    Expr index = b.Reshape(SliceAxis(b, tuples, last, place, place + 1), result);
    if (at.id != kNoValue) at = Scaled(b, at, sizes[i]);
    at = Plus(b, at, FromStart(b, index, sizes[i]));
  }
  return at;
}

Expr SliceAxis(GraphBuilder &b, Expr x, size_t axis, const Dim &start, const Dim &limit) {
  Dims limits = b.type(x).dims, starts(limits.size());
  if (axis >= limits.size() || (start.Is(0) && limit == limits[axis])) return x;
  starts[axis] = start;
  limits[axis] = limit;
  return b.Slice(x, starts, limits, Ints(limits.size(), 1));
}

absl::Status CheckIndexType(const NodeContext &n, size_t i) {
  if (IsInteger(n.dtype(i))) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("its indices are ", n.Type(i).ToString(), "; they must be integers"));
}

absl::Status CheckIndices(const NodeContext &n, size_t i, const Dim &size) {
  INGOT_RETURN_IF_ERROR(CheckIndexType(n, i));
  std::optional<Ints> known = n.KnownIn(i) != nullptr ? n.KnownIn(i)->constants() : std::nullopt;
  auto length = size.constant();
  for (int64_t index : known.value_or(Ints{})) {
    if (length && (index < -*length || index >= *length))
      return absl::InvalidArgumentError(
          absl::StrCat("index ", index, " is out of range for an axis of size ", *length));
  }
  return absl::OkStatus();
}

}  // namespace ingot::onnx_import
