// Help that is about this program: its inputs and outputs with types and dims, the ranges of its symbols, and a command
// to start with. Tests: tests/runtime/main_test.cc.
#include "runtime/main/help.h"

#include <stdint.h>
#include <stdio.h>

#include "runtime/main/message.h"

namespace ingot::main_program {
namespace {

// The expression behind a size.
const char *SizeText(const ingot_program_desc_t *desc, uint32_t size) {
  if (desc->size_texts != nullptr) return desc->size_texts[size];
  return size < desc->num_symbols ? desc->symbols[size].name : "?";
}

void PrintTable(const char *title, const ingot_program_desc_t *desc, const ingot_io_t *io, uint32_t count) {
  printf("\n%s:\n", title);
  if (count == 0) printf("  none\n");
  for (uint32_t i = 0; i < count; ++i) {
    printf("  %s  %s[", io[i].name, ingot_dtype_name(io[i].dtype));
    for (uint32_t d = 0; d < io[i].rank; ++d) {
      printf("%s%s", d == 0 ? "" : ", ", SizeText(desc, io[i].dims[d]));
    }
    printf("]\n");
  }
}

void PrintSymbols(const ingot_program_desc_t *desc) {
  if (desc->num_symbols == 0) return;
  printf("\ndims that vary:\n");
  for (uint32_t s = 0; s < desc->num_symbols; ++s) {
    const ingot_symbol_t &symbol = desc->symbols[s];
    printf("  %s  from %lld", symbol.name, static_cast<long long>(symbol.min));
    if (symbol.max < INT64_MAX) printf(" to %lld", static_cast<long long>(symbol.max));
    printf("\n");
  }
}

}  // namespace

bool PrintHelp(const ingot_program_desc_t *desc) {
  printf("usage: %s [options] [FILE.npy ...]\n\n", ProgramName());
  printf("Runs the compiled model '%s' (precision %s) on NumPy files.\n", desc->name,
         desc->precision != nullptr ? desc->precision : "unknown");
  PrintTable("inputs", desc, desc->inputs, desc->num_inputs);
  PrintTable("outputs", desc, desc->outputs, desc->num_outputs);
  PrintSymbols(desc);
  printf("\ncpu levels (the best that this machine runs is taken):");
  for (uint32_t v = 0; v < desc->num_variants; ++v) printf(" %s", desc->variants[v].level);
#ifdef INGOT_MAIN_HAS_GPU
  printf("\ngpu levels (for --device):");
  for (uint32_t v = 0; v < desc->num_device_variants; ++v) printf(" %s", desc->device_variants[v].level);
#endif
  if (desc->weights == nullptr && desc->weights_size != 0) {
    printf("\nweights: side file '%s', %llu bytes",
           desc->weights_file != nullptr ? desc->weights_file : "named with --weights",
           static_cast<unsigned long long>(desc->weights_size));
  }
  printf(
      "\n\noptions:\n"
      "  --input NAME=FILE.npy  the file of one input; files without a name are the other inputs in order\n"
      "  --output DIR           where OUTPUT.npy files go; made if missing (default: the working directory)\n"
      "  --random SEED          inputs without a file get random data: floats in [-1, 1), integers 0 or 1\n"
      "  --dim NAME=N           the size of a varying dim, for random inputs and states\n"
      "  --threads N            threads to use (default: what affinity and control group allow)\n"
      "  --weights FILE         the side file with the weights\n"
      "  --cpu LEVEL            run the code of this cpu level\n"
#ifdef INGOT_MAIN_HAS_GPU
      "  --device NAME          where to run: cpu (default), cuda or cuda:N (the Nth GPU)\n"
#endif
      "  --repeat N             run N times and print the times to standard error\n"
      "  --json                 print a line of JSON with times and outputs to standard output\n"
      "  --help                 this text\n"
      "\nbf16 tensors are stored as u2 (their bits), 8-bit floats as V1 or u1, i4 as i1, u4 as u1. Every error ends "
      "the program with status 1.\n"
      "\ntry: %s --random 1",
      ProgramName());
  for (uint32_t s = 0; s < desc->num_symbols; ++s) {
    const ingot_symbol_t &symbol = desc->symbols[s];
    printf(" --dim %s=%lld", symbol.name, static_cast<long long>(symbol.min > 0 || symbol.max == 0 ? symbol.min : 1));
  }
  printf(" --repeat 10\n");
  return fflush(stdout) == 0 || Error("cannot write to standard output");
}

}  // namespace ingot::main_program
