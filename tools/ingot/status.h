// Early return on errors, since Debian's Abseil has no status macros. For sources of tools/ only.
#ifndef INGOT_TOOLS_INGOT_STATUS_H_
#define INGOT_TOOLS_INGOT_STATUS_H_

#include "absl/status/statusor.h"

#define RETURN_IF_ERROR(expression)                                         \
  do {                                                                      \
    if (absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

#define TOOL_CONCAT_(a, b) a##b
#define TOOL_CONCAT(a, b) TOOL_CONCAT_(a, b)
#define ASSIGN_OR_RETURN_(result, left, expression) \
  auto result = (expression);                       \
  if (!result.ok()) return result.status();         \
  left = *std::move(result)
#define ASSIGN_OR_RETURN(left, expression) ASSIGN_OR_RETURN_(TOOL_CONCAT(result_, __LINE__), left, expression)

#endif  // INGOT_TOOLS_INGOT_STATUS_H_
