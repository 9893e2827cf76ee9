// The public headers are C++17, alone and without warnings: this file is compiled with -std=c++17 -Wall -Wextra -Werror
// -pedantic. Part of runtime_test, which need not call anything here: compiling is the test.
#include "ingot/runtime.h"

static_assert(sizeof(ingot_tensor_t) == 88, "a change of ingot_tensor_t breaks callers");

int ingot_header_cxx17();
int ingot_header_cxx17() { return INGOT_OK; }
