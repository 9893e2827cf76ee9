// The output files of one run. Tests: tests/runtime/main_test.cc.
// Tensor names are free text of the model, file names are not: this is where one becomes the other.
#ifndef INGOT_RUNTIME_MAIN_OUTPUTS_H_
#define INGOT_RUNTIME_MAIN_OUTPUTS_H_

#include "runtime/main/npy.h"

namespace ingot::main_program {

constexpr size_t kMaxFileName = 256;

// The file name of output number `index`: its name with characters outside [A-Za-z0-9._-] replaced by '_', made unique,
// and ".npy".
void OutputFileName(const ingot_program_desc_t *desc, uint32_t index, char *name);

// Writes all outputs into `directory`, which is made if its parent exists. Refuses to overwrite one of `inputs`.
bool WriteOutputs(const ingot_program_desc_t *desc, const char *directory, const NpyArray *inputs,
                  const ingot_tensor_t *outputs);

}  // namespace ingot::main_program

#endif  // INGOT_RUNTIME_MAIN_OUTPUTS_H_
