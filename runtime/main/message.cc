// Error messages of a compiled program. Tests: tests/runtime/main_test.cc.
// Standard output is flushed first, so that the message is the last thing a terminal shows.
#include "runtime/main/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace ingot::main_program {
namespace {

const char *program_name = "program";  // set once, before anything else runs

}  // namespace

void SetProgramName(const char *argv0) {
  if (argv0 == nullptr || argv0[0] == '\0') return;
  const char *slash = strrchr(argv0, '/');
  program_name = slash != nullptr ? slash + 1 : argv0;
}

const char *ProgramName() { return program_name; }

bool Error(const char *format, ...) {
  fflush(stdout);
  fprintf(stderr, "%s: ", program_name);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  return false;
}

void *AllocateOrExplain(size_t bytes, const char *what) {
  void *memory = nullptr;
  if (posix_memalign(&memory, 64, bytes == 0 ? 1 : bytes) == 0) return memory;
  Error("out of memory: %zu bytes for '%s'", bytes, what);
  return nullptr;
}

}  // namespace ingot::main_program
