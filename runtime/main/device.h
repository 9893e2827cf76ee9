// Where the program runs. A program with kernels for a GPU is linked with a main program of its own
// (libingot_main_cuda.a, the same sources with INGOT_MAIN_HAS_GPU), so that others hold nothing of it. Tests:
// tests/gpu/launcher_program_test.cc.
#ifndef INGOT_RUNTIME_MAIN_DEVICE_H_
#define INGOT_RUNTIME_MAIN_DEVICE_H_

#include "ingot/runtime.h"

namespace ingot::main_program {

// Of --device: "cpu" (*device is then NULL), "cuda" or "cuda:N". Prints an error and returns false where there is none
// such.
bool OpenDevice(const char *name, ingot_device_t **device);

}  // namespace ingot::main_program

#endif  // INGOT_RUNTIME_MAIN_DEVICE_H_
