#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {
namespace {

// Ops that ONNX and Ingot have in common: the `onnx` of their records.
template <OpKind kOp>
absl::Status OneToOne(NodeContext &n) {
  std::vector<Expr> operands;
  for (size_t i = 0; i < n.input_count(); ++i) {
    INGOT_RETURN_IF_ERROR(CheckTakes(kOp, n.dtype(i)));
    operands.push_back(n.In(i));
  }
  return n.Return(n.b.Emit(kOp, operands, {}));
}

void AddRecordedOps(OpTable &table) {
#define INGOT_ONNX(Enum, name, operands) table[name] = {OneToOne<OpKind::k##Enum>, operands, operands};
#include "graph/ops/onnx_rows.inc"
#undef INGOT_ONNX
}

}  // namespace

const OpTable &Ops() {
  static const OpTable *const table = [] {
    auto *ops = new OpTable;
    AddRecordedOps(*ops);
    AddMathOps(*ops);
    AddActivationOps(*ops);
    AddReduceOps(*ops);
    AddShapeOps(*ops);
    AddSliceOps(*ops);
    AddTensorOps(*ops);
    AddIndexOps(*ops);
    AddSequenceOps(*ops);
    AddGatherOps(*ops);
    AddScatterOps(*ops);
    AddNnOps(*ops);
    AddNormOps(*ops);
    AddConvOps(*ops);
    AddSortOps(*ops);
    AddSelectOps(*ops);
    AddPoolOps(*ops);
    AddResizeOps(*ops);
    AddSampleOps(*ops);
    AddRecurrentOps(*ops);
    AddSignalOps(*ops);
    AddQuantizeOps(*ops);
    AddLossOps(*ops);
    AddTrainingOps(*ops);
    return ops;
  }();
  return *table;
}

std::string WhyUnsupported(const std::string &domain, const std::string &op_type) {
  if (!domain.empty()) return absl::StrCat("ops of the domain '", domain.substr(0, 80), "' are not supported");
  if (op_type.rfind("String", 0) == 0 || op_type == "TfIdfVectorizer" || op_type == "RegexFullMatch")
    return "strings are not supported";
  if (op_type.rfind("Random", 0) == 0 || op_type == "Multinomial" || op_type == "Bernoulli")
    return "random numbers are not supported";
  return "this op is not supported";
}

}  // namespace ingot::onnx_import
