// The inputs of one run: read from files, or random. Tests: tests/runtime/main_test.cc.
// Both kinds may be mixed; sizes that files do not settle come from --dim.
#ifndef INGOT_RUNTIME_MAIN_INPUTS_H_
#define INGOT_RUNTIME_MAIN_INPUTS_H_

#include "runtime/main/npy.h"
#include "runtime/main/options.h"

namespace ingot::main_program {

// Fills arrays[0 .. num_inputs). What was read before an error stays in place; the process ends then.
bool LoadInputs(const ingot_program_desc_t *desc, Options *options, NpyArray *arrays);

}  // namespace ingot::main_program

#endif  // INGOT_RUNTIME_MAIN_INPUTS_H_
