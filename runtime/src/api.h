// The public API as the runtime's own sources include it: they are compiled with hidden visibility, and these
// declarations alone are not hidden. Tests: tests/runtime/check_symbols.cmake.
#ifndef INGOT_RUNTIME_SRC_API_H_
#define INGOT_RUNTIME_SRC_API_H_

#pragma GCC visibility push(default)
#include "ingot/runtime.h"
#pragma GCC visibility pop

#endif  // INGOT_RUNTIME_SRC_API_H_
