// Formats error messages without allocating memory.
// Tests: tests/runtime/load_test.cc.
#include "runtime/src/status.h"

#include <stdarg.h>
#include <stdio.h>

namespace ingot::runtime {

int32_t Fail(ingot_status_t *status, int32_t code, const char *format, ...) {
  if (status != nullptr) {
    status->code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(status->message, sizeof(status->message), format, arguments);
    va_end(arguments);
  }
  return code;
}

void Text::Append(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int written = vsnprintf(data + used, sizeof(data) - used, format, arguments);
  va_end(arguments);
  if (written > 0) used += static_cast<size_t>(written);
  if (used >= sizeof(data)) used = sizeof(data) - 1;
}

}  // namespace ingot::runtime
