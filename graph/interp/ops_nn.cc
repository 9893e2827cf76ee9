// Contractions, and composites of neural networks.
#include "absl/strings/str_cat.h"
#include "graph/interp/ops.h"
#include "kernels/reference/conv.h"
#include "kernels/reference/elementwise.h"
#include "kernels/reference/matmul.h"
#include "kernels/reference/normalize.h"

namespace ingot::interp {
namespace {

using reference::Sizes;

absl::Status Mismatch(const Array &x, const Array &y) {
  return absl::InvalidArgumentError(
      absl::StrCat("the operands' shapes ", DimsText(x.dims), " and ", DimsText(y.dims), " do not go together"));
}

}  // namespace

absl::StatusOr<Array> MatMul(const OpCall &c) {
  const Array &x = c.operand(0), &y = c.operand(1);
  if (x.dtype != y.dtype || x.dims.size() < 2 || y.dims.size() < 2 || x.dims.back() != y.dims[y.dims.size() - 2])
    return Mismatch(x, y);
  std::optional<Sizes> dims =
      reference::Broadcast(Sizes(x.dims.begin(), x.dims.end() - 2), Sizes(y.dims.begin(), y.dims.end() - 2));
  if (!dims) return Mismatch(x, y);
  dims->push_back(x.dims[x.dims.size() - 2]);
  dims->push_back(y.dims.back());
  absl::StatusOr<Array> result = c.Result(*dims);
  if (!result.ok()) return result;
  OnElements(
      x.dtype, [&](auto left, auto right, auto to) { reference::BatchMatMul(left, x.dims, right, y.dims, *dims, to); },
      x, y, *result);
  return result;
}

absl::StatusOr<Array> Conv(const OpCall &c) {
  const Array &x = c.operand(0), &weights = c.operand(1);
  const Ints &pads = c.node.Get<Ints>("pads");
  reference::ConvShape shape;
  shape.groups = c.node.Get<int64_t>("groups");
  if (x.dims.size() < 3 || weights.dims.size() != x.dims.size()) return Mismatch(x, weights);
  size_t spatial = x.dims.size() - 2;
  shape.batch = x.dims[0];
  shape.channels = x.dims[1];
  shape.filters = weights.dims[0];
  if (weights.dims[1] * shape.groups != shape.channels || shape.filters % shape.groups != 0)
    return Mismatch(x, weights);
  shape.input.assign(x.dims.begin() + 2, x.dims.end());
  shape.kernel.assign(weights.dims.begin() + 2, weights.dims.end());
  shape.strides = c.node.Get<Ints>("strides");
  shape.dilations = c.node.Get<Ints>("dilations");
  shape.low.assign(pads.begin(), pads.begin() + static_cast<int64_t>(spatial));
  Sizes dims = {shape.batch, shape.filters};
  for (size_t i = 0; i < spatial; ++i) {
    int64_t extent = (shape.kernel[i] - 1) * shape.dilations[i] + 1,
            room = shape.input[i] + pads[i] + pads[spatial + i] - extent;
    if (room < 0) {
      return absl::InvalidArgumentError(absl::StrCat("the kernel spans ", extent, " elements of spatial axis ", i,
                                                     ", which has only ", room + extent, " with padding"));
    }
    shape.output.push_back(room / shape.strides[i] + 1);
  }
  dims.insert(dims.end(), shape.output.begin(), shape.output.end());
  absl::StatusOr<Array> result = c.Result(dims);
  if (!result.ok()) return result;
  reference::Conv(x.reals, weights.reals, shape, result->reals);
  return result;
}

absl::StatusOr<Array> Softmax(const OpCall &c) {
  const Array &x = c.operand(0);
  absl::StatusOr<Array> result = c.Result(x.dims);
  if (!result.ok()) return result;
  Around around = AroundAxis(x.dims, c.node.Get<int64_t>("axis"));
  reference::Softmax(x.reals, around.outer, around.size, around.inner, result->reals);
  return result;
}

absl::StatusOr<Array> LogSoftmax(const OpCall &c) {
  const Array &x = c.operand(0);
  absl::StatusOr<Array> result = c.Result(x.dims);
  if (!result.ok()) return result;
  Around around = AroundAxis(x.dims, c.node.Get<int64_t>("axis"));
  reference::LogSoftmax(x.reals, around.outer, around.size, around.inner, result->reals);
  return result;
}

absl::StatusOr<Array> LayerNorm(const OpCall &c) {
  const Array &x = c.operand(0), &scale = c.operand(1), &shift = c.operand(2);
  if (reference::Broadcast(x.dims, scale.dims) != x.dims) return Mismatch(x, scale);
  if (reference::Broadcast(x.dims, shift.dims) != x.dims) return Mismatch(x, shift);
  absl::StatusOr<Array> result = c.Result(x.dims);
  if (!result.ok()) return result;
  Around around = AroundAxis(x.dims, c.node.Get<int64_t>("axis"));
  std::vector<double> standard(x.reals.size());
  reference::Standardize(x.reals, around.outer, around.size * around.inner, c.node.Get<double>("epsilon"), standard,
                         c.mean_error);
  std::span<const double> scales(scale.reals), shifts(shift.reals);
  std::span<double> out(result->reals);
  reference::Map2(std::span<const double>(standard), x.dims, scales, scale.dims, x.dims, out, reference::kMul.f);
  reference::Map2(std::span<const double>(result->reals), x.dims, shifts, shift.dims, x.dims, out, reference::kAdd.f);
  return result;
}

}  // namespace ingot::interp
