// How the runtime reports an error: a code is returned, and a message is formatted into the caller's ingot_status_t,
// which may be NULL. Messages begin in lower case and say what, where and the remedy. Tests:
// tests/runtime/load_test.cc, shape_test.cc.
#ifndef INGOT_RUNTIME_SRC_STATUS_H_
#define INGOT_RUNTIME_SRC_STATUS_H_

#include "runtime/src/api.h"

namespace ingot::runtime {

// Formats the message (cut off where it does not fit) and returns `code`.
int32_t Fail(ingot_status_t *status, int32_t code, const char *format, ...) __attribute__((format(printf, 3, 4)));

inline int32_t Succeed(ingot_status_t *status) {
  if (status != nullptr) {
    status->code = INGOT_OK;
    status->message[0] = '\0';
  }
  return INGOT_OK;
}

// A bounded piece of text for lists inside messages; what does not fit is cut off.
struct Text {
  char data[192] = "";
  size_t used = 0;

  void Append(const char *format, ...) __attribute__((format(printf, 2, 3)));
};

// A name that may be missing.
inline const char *NameOr(const char *name, const char *other) {
  return name != nullptr && name[0] != '\0' ? name : other;
}

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_STATUS_H_
