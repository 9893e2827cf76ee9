#include "graph/import/onnx/op_table.h"

namespace ingot::onnx_import {

const OpTable &Ops() {
  static const OpTable *const table = [] {
    auto *ops = new OpTable;
    AddMathOps(*ops);
    AddActivationOps(*ops);
    AddReduceOps(*ops);
    AddShapeOps(*ops);
    AddSliceOps(*ops);
    AddTensorOps(*ops);
    AddIndexOps(*ops);
    AddGatherOps(*ops);
    AddScatterOps(*ops);
    AddNnOps(*ops);
    AddNormOps(*ops);
    AddConvOps(*ops);
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
  if (op_type == "Loop" || op_type == "Scan") return "control flow is not supported";
  if (op_type.rfind("Optional", 0) == 0 || op_type.find("Sequence") != std::string::npos) {
    return "sequences and optional values are not supported";
  }
  if (op_type.rfind("String", 0) == 0 || op_type == "TfIdfVectorizer" || op_type == "RegexFullMatch")
    return "strings are not supported";
  if (op_type.rfind("Random", 0) == 0 || op_type == "Multinomial" || op_type == "Bernoulli")
    return "random numbers are not supported";
  if (op_type == "NonZero" || op_type == "Unique" || op_type == "NonMaxSuppression") {
    return "results whose size depends on data are not supported";
  }
  return "this op is not supported";
}

}  // namespace ingot::onnx_import
