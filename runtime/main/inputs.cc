// Reads the files that are given, learns the symbols from their shapes and from --dim, and makes random tensors for the
// other inputs. Shapes are checked by the runtime itself, which has the better messages. Tests:
// tests/runtime/main_test.cc.
#include "runtime/main/inputs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/main/message.h"
#include "runtime/main/random.h"

namespace ingot::main_program {
namespace {

bool ReadFile(const ingot_program_desc_t *desc, uint32_t i, Options *options, NpyArray *array) {
  const ingot_io_t &io = desc->inputs[i];
  if (!ReadNpy(options->input_files[i], array)) return false;
  if (!ReadAs(io.dtype, options->input_files[i], array)) return false;
  if (array->tensor.dtype != io.dtype || array->tensor.rank != io.rank) {
    return Error("input '%s': '%s' holds %s of rank %" PRIu32 ", expected %s of rank %" PRIu32 " (%s is stored as %s)",
                 io.name, options->input_files[i], ingot_dtype_name(array->tensor.dtype), array->tensor.rank,
                 ingot_dtype_name(io.dtype), io.rank, ingot_dtype_name(io.dtype), NpyCode(io.dtype));
  }
  for (uint32_t d = 0; d < io.rank; ++d) {
    if (io.dims[d] >= desc->num_symbols) continue;
    int64_t *symbol = &options->symbols[io.dims[d]];
    if (*symbol >= 0 && *symbol != array->tensor.dims[d]) {
      return Error("input '%s': dim %" PRIu32 " ('%s') of '%s' is %" PRId64
                   ", but --dim or another input says %" PRId64,
                   io.name, d, desc->symbols[io.dims[d]].name, options->input_files[i], array->tensor.dims[d], *symbol);
    }
    *symbol = array->tensor.dims[d];
  }
  return true;
}

// The size table for the symbols that are known by now; `sizes` has num_sizes entries.
bool EvalSizes(const ingot_program_desc_t *desc, const Options &options, int64_t *sizes) {
  for (uint32_t s = 0; s < desc->num_symbols; ++s) {
    const ingot_symbol_t &symbol = desc->symbols[s];
    sizes[s] = options.symbols[s] < 0 && symbol.min == symbol.max ? symbol.min : options.symbols[s];
    if (sizes[s] < 0) return Error("random inputs need the size of dim '%s': add --dim %s=N", symbol.name, symbol.name);
    if (sizes[s] < symbol.min || sizes[s] > symbol.max) {
      return Error("dim '%s' is %" PRId64 ", the program was compiled for %" PRId64 " to %" PRId64, symbol.name,
                   sizes[s], symbol.min, symbol.max);
    }
  }
  if (desc->eval_sizes != nullptr && desc->eval_sizes(sizes, 0) != 0)
    return Error("these dims do not work: a size overflows or divides by zero");
  return true;
}

bool MakeRandom(const ingot_io_t &io, const int64_t *sizes, uint64_t *state, ingot_tensor_t *tensor) {
  *tensor = {nullptr, 0, io.dtype, io.rank, {}};
  for (uint32_t d = 0; d < io.rank; ++d) tensor->dims[d] = sizes[io.dims[d]];
  uint64_t bytes = 0;
  if (!ArrayBytes(io.dtype, io.rank, tensor->dims, &bytes))
    return Error("input '%s' would be too large: use smaller dims", io.name);
  tensor->data = AllocateOrExplain(bytes, io.name);
  tensor->bytes = bytes;
  if (tensor->data == nullptr) return false;
  FillRandom(*tensor, state);
  return true;
}

}  // namespace

bool LoadInputs(const ingot_program_desc_t *desc, Options *options, NpyArray *arrays) {
  uint32_t missing = 0;
  for (uint32_t i = 0; i < desc->num_inputs; ++i) {
    if (options->input_files[i] != nullptr) continue;
    if (!options->random) {
      return Error("input '%s' is missing: add --input %s=FILE.npy, or --random SEED", desc->inputs[i].name,
                   desc->inputs[i].name);
    }
    ++missing;
  }
  for (uint32_t i = 0; i < desc->num_inputs; ++i) {
    if (options->input_files[i] != nullptr && !ReadFile(desc, i, options, &arrays[i])) return false;
  }
  if (missing == 0) return true;
  auto *sizes = static_cast<int64_t *>(AllocateOrExplain(desc->num_sizes * sizeof(int64_t), "sizes"));
  bool ok = sizes != nullptr && EvalSizes(desc, *options, sizes);
  uint64_t state = options->seed;
  for (uint32_t i = 0; i < desc->num_inputs && ok; ++i) {
    if (options->input_files[i] == nullptr) ok = MakeRandom(desc->inputs[i], sizes, &state, &arrays[i].tensor);
  }
  free(sizes);
  return ok;
}

}  // namespace ingot::main_program
