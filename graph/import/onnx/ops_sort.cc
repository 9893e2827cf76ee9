// Ops that order elements: TopK.
#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

absl::Status TopK(NodeContext &n) {
  n.Ignore({"sorted"});  // sorted is as good as any order
  INGOT_RETURN_IF_ERROR(CheckTakes(OpKind::kTopK, n.dtype(0)));
  INGOT_ASSIGN_OR_RETURN(int64_t axis, n.Axis("axis", -1, n.rank(0)));
  INGOT_ASSIGN_OR_RETURN(int64_t largest, n.Int("largest", 1));
  Dims k;
  if (n.opset >= 10) {
    if (!n.Has(1)) return absl::InvalidArgumentError("its operand K is missing");
    INGOT_ASSIGN_OR_RETURN(k, n.SizesIn(1, "K"));
  } else {
    INGOT_ASSIGN_OR_RETURN(int64_t size, n.Int("k"));
    k = {size};
  }
  if (k.size() != 1) return absl::InvalidArgumentError(absl::StrCat("K has ", k.size(), " elements; it must be one"));
  auto [values, indices] = n.b.TopK(n.In(0), k, axis, largest != 0);
  n.Set(0, values);
  n.Set(1, indices);
  return absl::OkStatus();
}

}  // namespace

void AddSortOps(OpTable &table) { table["TopK"] = {TopK, 1, 2}; }

}  // namespace ingot::onnx_import
