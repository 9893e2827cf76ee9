// Random tensors for trying a program without data. Tests: tests/runtime/npy_test.cc.
// For timing and smoke tests; the distribution suits activations, masks and small indices alike.
#ifndef INGOT_RUNTIME_MAIN_RANDOM_H_
#define INGOT_RUNTIME_MAIN_RANDOM_H_

#include <stdint.h>

#include "ingot/runtime.h"

namespace ingot::main_program {

// Fills `tensor` (dtype, dims, data and bytes set): floats in [-1, 1), integers and booleans 0 or 1. Same seed, same
// data, on every machine.
void FillRandom(const ingot_tensor_t &tensor, uint64_t *state);

}  // namespace ingot::main_program

#endif  // INGOT_RUNTIME_MAIN_RANDOM_H_
