// The help text of a compiled program. Tests: tests/runtime/main_test.cc.
// It is made from the description, so it is right for every program without being generated.
#ifndef INGOT_RUNTIME_MAIN_HELP_H_
#define INGOT_RUNTIME_MAIN_HELP_H_

#include "ingot/runtime.h"

namespace ingot::main_program {

bool PrintHelp(const ingot_program_desc_t *desc);

}  // namespace ingot::main_program

#endif  // INGOT_RUNTIME_MAIN_HELP_H_
