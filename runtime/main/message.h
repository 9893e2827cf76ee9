// How a compiled program reports an error to its user: "PROG: message" on standard error, and exit status 1.
// Tests: tests/runtime/main_test.cc.
#ifndef INGOT_RUNTIME_MAIN_MESSAGE_H_
#define INGOT_RUNTIME_MAIN_MESSAGE_H_

#include <stddef.h>

namespace ingot::main_program {

// Sets the name that stands before each message.
void SetProgramName(const char *argv0);
const char *ProgramName();

// Prints and returns false, so that callers can `return Error(...)`.
bool Error(const char *format, ...) __attribute__((format(printf, 1, 2)));

// malloc, or an error message and NULL. Memory is aligned to 64 bytes and at least one byte long.
void *AllocateOrExplain(size_t bytes, const char *what);

}  // namespace ingot::main_program

#endif  // INGOT_RUNTIME_MAIN_MESSAGE_H_
