#include "tests/compiler/jit_testing.h"
