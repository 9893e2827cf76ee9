#include "graph/import/onnx/window.h"

#include <algorithm>

namespace ingot::onnx_import {

absl::StatusOr<Window> ReadWindow(NodeContext &n, size_t rank, std::optional<Ints> kernel) {
  Window w;
  INGOT_ASSIGN_OR_RETURN(w.kernel, n.IntList("kernel_shape", kernel));
  INGOT_ASSIGN_OR_RETURN(w.strides, n.IntList("strides", Ints(rank, 1)));
  INGOT_ASSIGN_OR_RETURN(w.dilations, n.IntList("dilations", Ints(rank, 1)));
  INGOT_ASSIGN_OR_RETURN(Ints pads, n.IntList("pads", Ints(2 * rank, 0)));
  INGOT_ASSIGN_OR_RETURN(w.automatic, n.Text("auto_pad", "NOTSET"));
  if (w.kernel.size() != rank || w.strides.size() != rank || w.dilations.size() != rank || pads.size() != 2 * rank) {
    return absl::InvalidArgumentError(absl::StrCat("with ", rank,
                                                   " spatial axes 'kernel_shape', 'strides' and 'dilations' need ",
                                                   rank, " entries and 'pads' ", 2 * rank));
  }
  if (kernel && w.kernel != *kernel)
    return absl::InvalidArgumentError("'kernel_shape' differs from the weights' shape");
  constexpr int64_t kLargest = INT64_C(1) << 30;
  auto outside = [](int64_t low) { return [low](int64_t value) { return value < low || value > kLargest; }; };
  for (const Ints *list : {&w.kernel, &w.strides, &w.dilations}) {
    if (std::any_of(list->begin(), list->end(), outside(1)))
      return absl::InvalidArgumentError("'kernel_shape', 'strides' and 'dilations' must be at least 1");
  }
  if (std::any_of(pads.begin(), pads.end(), outside(0)))
    return absl::InvalidArgumentError("'pads' must not be negative");
  w.low.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank));
  w.high.assign(pads.begin() + static_cast<std::ptrdiff_t>(rank), pads.end());
  if (w.automatic != "NOTSET" && w.automatic != "VALID" && w.automatic != "SAME_UPPER" && w.automatic != "SAME_LOWER") {
    return absl::InvalidArgumentError(absl::StrCat("attribute 'auto_pad' is '", w.automatic.substr(0, 40), "'"));
  }
  return w;
}

absl::StatusOr<Window> WindowOver(NodeContext &n, const Dims &spatial, std::optional<Ints> kernel) {
  INGOT_ASSIGN_OR_RETURN(Window w, ReadWindow(n, spatial.size(), std::move(kernel)));
  if (w.automatic == "NOTSET") return w;
  for (size_t i = 0; i < spatial.size(); ++i) {
    w.low[i] = w.high[i] = 0;
    if (w.automatic == "VALID") continue;
    int64_t total = w.extent(i) - 1;
    if (w.strides[i] != 1) {
      auto size = spatial[i].constant();
      if (!size)
        return absl::UnimplementedError(
            "automatic padding of a dynamic axis with a stride is not supported; set 'pads'");
      total =
          std::max<int64_t>(((*size + w.strides[i] - 1) / w.strides[i] - 1) * w.strides[i] + w.extent(i) - *size, 0);
    }
    w.low[i] = w.automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    w.high[i] = total - w.low[i];
  }
  return w;
}

absl::StatusOr<Ints> KernelOf(const TensorType &weights) {
  Ints kernel;
  for (size_t i = 2; i < weights.dims.size(); ++i) {
    if (!weights.dims[i].is_constant())
      return absl::UnimplementedError("weights of dynamic shape are not supported; give their dims numbers");
    kernel.push_back(*weights.dims[i].constant());
  }
  return kernel;
}

absl::StatusOr<int64_t> GroupsOf(NodeContext &n) {
  INGOT_ASSIGN_OR_RETURN(int64_t groups, n.Int("group", 1));
  if (groups < 1 || groups > INT64_C(1) << 30)
    return absl::InvalidArgumentError(absl::StrCat("attribute 'group' is ", groups));
  return groups;
}

absl::StatusOr<Expr> Convolution(NodeContext &n, Expr data, Expr weights, size_t x, size_t w) {
  const TensorType type = n.Type(x), weights_type = n.Type(w);
  if (type.rank() < 3 || weights_type.rank() != type.rank())
    return absl::InvalidArgumentError(absl::StrCat("x is ", type.ToString(), " and the weights are ",
                                                   weights_type.ToString(), "; both need the same rank, 3 or more"));
  INGOT_ASSIGN_OR_RETURN(Ints kernel, KernelOf(weights_type));
  INGOT_ASSIGN_OR_RETURN(int64_t groups, GroupsOf(n));
  INGOT_ASSIGN_OR_RETURN(Window window, WindowOver(n, Dims(type.dims.begin() + 2, type.dims.end()), kernel));
  Ints pads = window.low;
  pads.insert(pads.end(), window.high.begin(), window.high.end());
  return n.b.Conv(data, weights, window.strides, window.dilations, pads, groups);
}

}  // namespace ingot::onnx_import
