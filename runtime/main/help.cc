// Help that is about this program: its inputs and outputs with types and dims, the ranges of its symbols, and a command to start with.
// Tests: tests/runtime/main_test.cc.
#include "runtime/main/help.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/main/message.h"

namespace ingot::main_program {
namespace {

// Size tables at two different vectors of symbols: a size equal in both is shown as a number, another as "?".
struct Sizes {
  int64_t *first, *second;  // NULL where the program cannot compute them
};

int64_t *SizesAt(const ingot_program_desc_t *desc, int64_t step) {
  auto *sizes = static_cast<int64_t *>(malloc((desc->num_sizes + size_t{1}) * sizeof(int64_t)));
  if (sizes == nullptr) return nullptr;
  for (uint32_t s = 0; s < desc->num_symbols; ++s) {
    int64_t shift = step * (s + 1), room = desc->symbols[s].max - desc->symbols[s].min;
    sizes[s] = desc->symbols[s].min + (shift < room ? shift : room);
  }
  if (desc->eval_sizes == nullptr || desc->eval_sizes(sizes) == 0) return sizes;
  free(sizes);
  return nullptr;
}

void PrintTable(const char *title, const ingot_program_desc_t *desc, const ingot_io_t *io, uint32_t count, const Sizes &sizes) {
  printf("\n%s:\n", title);
  if (count == 0) printf("  none\n");
  for (uint32_t i = 0; i < count; ++i) {
    printf("  %s  %s[", io[i].name, ingot_dtype_name(io[i].dtype));
    for (uint32_t d = 0; d < io[i].rank; ++d) {
      if (d != 0) printf(", ");
      uint32_t size = io[i].dims[d];
      if (size < desc->num_symbols) {
        printf("%s", desc->symbols[size].name);
      } else if (sizes.first != nullptr && sizes.second != nullptr && sizes.first[size] == sizes.second[size]) {
        printf("%lld", static_cast<long long>(sizes.first[size]));
      } else {
        printf("?");
      }
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
  Sizes sizes = {SizesAt(desc, 0), SizesAt(desc, 1)};
  PrintTable("inputs", desc, desc->inputs, desc->num_inputs, sizes);
  PrintTable("outputs", desc, desc->outputs, desc->num_outputs, sizes);
  free(sizes.first);
  free(sizes.second);
  PrintSymbols(desc);
  printf("\ncpu levels (the best that this machine runs is taken):");
  for (uint32_t v = 0; v < desc->num_variants; ++v) printf(" %s", desc->variants[v].level);
  if (desc->weights == nullptr && desc->weights_size != 0) {
    printf("\nweights: side file '%s', %llu bytes", desc->weights_file != nullptr ? desc->weights_file : "named with --weights",
           static_cast<unsigned long long>(desc->weights_size));
  }
  printf(
      "\n\noptions:\n"
      "  --input NAME=FILE.npy  the file of one input; files without a name are the other inputs in order\n"
      "  --output DIR           where OUTPUT.npy files go; made if missing (default: the working directory)\n"
      "  --random SEED          inputs without a file get random data: floats in [-1, 1), integers 0 or 1\n"
      "  --dim NAME=N           the size of a varying dim, for random inputs\n"
      "  --threads N            threads to use (default: what affinity and control group allow)\n"
      "  --weights FILE         the side file with the weights\n"
      "  --cpu LEVEL            run the code of this cpu level\n"
      "  --repeat N             run N times and print the times to standard error\n"
      "  --json                 print a line of JSON with times and outputs to standard output\n"
      "  --help                 this text\n"
      "\nbf16 tensors are stored as u2 (their bits). Every error ends the program with status 1.\n"
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
