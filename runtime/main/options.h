// The command line of a compiled program. Tests: tests/runtime/main_test.cc.
// Only spelling, ranges and names are checked here; files and shapes are checked where they are used.
#ifndef INGOT_RUNTIME_MAIN_OPTIONS_H_
#define INGOT_RUNTIME_MAIN_OPTIONS_H_

#include <stdint.h>

#include "ingot/runtime.h"

namespace ingot::main_program {

// NAME=FILE or NAME=N, cut apart.
struct Assignment {
  const char *name, *value;
  int64_t number;
};

struct Options {
  bool help, json, random;
  uint64_t seed;
  int64_t threads;  // 0: all
  int64_t repeat;   // 0: not given
  const char *output, *weights, *cpu;
  const char **input_files;  // num_inputs, NULL where none is given
  int64_t *symbols;          // num_symbols, -1 where none is given
#ifdef INGOT_MAIN_HAS_GPU
  const char *device;
#endif
};

// Parses into `options`, whose arrays the caller has made. Prints an error and returns false when something is wrong.
bool ParseOptions(const ingot_program_desc_t *desc, int argc, char **argv, Options *options);

}  // namespace ingot::main_program

#endif  // INGOT_RUNTIME_MAIN_OPTIONS_H_
