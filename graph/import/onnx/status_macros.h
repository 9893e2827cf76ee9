// Early return on errors, since this Abseil has no status macros. For sources of graph/import only.
#ifndef INGOT_GRAPH_IMPORT_ONNX_STATUS_MACROS_H_
#define INGOT_GRAPH_IMPORT_ONNX_STATUS_MACROS_H_

#include "absl/status/statusor.h"

#define INGOT_RETURN_IF_ERROR(expression)                                   \
  do {                                                                      \
    if (absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

#define INGOT_CONCAT_(a, b) a##b
#define INGOT_CONCAT(a, b) INGOT_CONCAT_(a, b)
#define INGOT_ASSIGN_OR_RETURN_(result, left, expression) \
  auto result = (expression);                             \
  if (!result.ok()) return result.status();               \
  left = *std::move(result)
#define INGOT_ASSIGN_OR_RETURN(left, expression) \
  INGOT_ASSIGN_OR_RETURN_(INGOT_CONCAT(result_, __LINE__), left, expression)

#endif  // INGOT_GRAPH_IMPORT_ONNX_STATUS_MACROS_H_
