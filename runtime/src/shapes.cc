// Resolves symbols and checks shapes. Only the first use of a vector of sizes, and errors, come here; a repeated run
// needs InputsMatch alone. Tests: tests/runtime/shape_test.cc.
#include "runtime/src/shapes.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/src/elements.h"
#include "runtime/src/state.h"

namespace ingot::runtime {
namespace {

const char *EntryKind(const ingot_program_desc_t *desc, uint32_t i) { return i < desc->num_inputs ? "input" : "state"; }

int32_t CheckType(const ingot_io_t &io, const ingot_tensor_t &tensor, ingot_status_t *status) {
  if (tensor.dtype != io.dtype) {
    return Fail(status, INGOT_INVALID_ARGUMENT, "input '%s' has dtype %s, expected %s", io.name,
                ingot_dtype_name(tensor.dtype), ingot_dtype_name(io.dtype));
  }
  if (tensor.rank != io.rank) {
    return Fail(status, INGOT_INVALID_ARGUMENT, "input '%s' has rank %" PRIu32 ", expected %" PRIu32, io.name,
                tensor.rank, io.rank);
  }
  for (uint32_t d = 0; d < io.rank; ++d) {
    if (tensor.dims[d] < 0)
      return Fail(status, INGOT_INVALID_ARGUMENT, "input '%s': dim %" PRIu32 " is negative (%" PRId64 ")", io.name, d,
                  tensor.dims[d]);
  }
  return INGOT_OK;
}

int32_t ResolveSymbols(const ingot_program_t *program, const ingot_tensor_t *inputs, const ingot_state_t *state,
                       int64_t *symbols, ingot_status_t *status) {
  const ingot_program_desc_t *desc = program->desc;
  for (uint32_t s = 0; s < desc->num_symbols; ++s) {
    const ingot_symbol_t &symbol = desc->symbols[s];
    SymbolSource source = program->symbol_sources[s];
    if (source.input < desc->num_inputs) {
      symbols[s] = inputs[source.input].dims[source.dim];
    } else if (state != nullptr) {
      symbols[s] = state->variables[source.input - desc->num_inputs].dims[source.dim];
    } else {
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "the size '%s' is known from state '%s' alone: make one with ingot_state_create and give it to "
                  "ingot_context_set_state",
                  symbol.name, EntryIo(desc, source.input).name);
    }
    if (symbols[s] < symbol.min || symbols[s] > symbol.max) {
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "%s '%s': dim %" PRIu32 " ('%s') is %" PRId64 ", the program was compiled for %" PRId64
                  " to %" PRId64,
                  EntryKind(desc, source.input), EntryIo(desc, source.input).name, source.dim, symbol.name, symbols[s],
                  symbol.min, symbol.max);
    }
  }
  return INGOT_OK;
}

int32_t CheckDims(const ingot_program_t *program, const int64_t *sizes, const ingot_tensor_t *inputs,
                  const ingot_state_t *state, ingot_status_t *status) {
  const ingot_program_desc_t *desc = program->desc;
  uint32_t count = desc->num_inputs + (state != nullptr ? desc->num_states : 0);
  for (uint32_t i = 0; i < count; ++i) {
    const ingot_io_t &io = EntryIo(desc, i);
    const int64_t *dims = i < desc->num_inputs ? inputs[i].dims : state->variables[i - desc->num_inputs].dims;
    const char *remedy = i < desc->num_inputs ? "" : "; use a state made for these sizes";
    for (uint32_t d = 0; d < io.rank; ++d) {
      int64_t got = dims[d], expected = sizes[io.dims[d]];
      if (got == expected) continue;
      if (io.dims[d] >= desc->num_symbols) {
        return Fail(status, INGOT_INVALID_ARGUMENT, "%s '%s': dim %" PRIu32 " is %" PRId64 ", expected %" PRId64 "%s",
                    EntryKind(desc, i), io.name, d, got, expected, remedy);
      }
      SymbolSource source = program->symbol_sources[io.dims[d]];
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "%s '%s': dim %" PRIu32 " is %" PRId64 ", expected %" PRId64 " ('%s', from dim %" PRIu32
                  " of %s '%s')%s",
                  EntryKind(desc, i), io.name, d, got, expected, desc->symbols[io.dims[d]].name, source.dim,
                  EntryKind(desc, source.input), EntryIo(desc, source.input).name, remedy);
    }
  }
  return INGOT_OK;
}

// Whether dims times element width, in whole bytes, is what the program says the value has.
bool BytesAgree(const ingot_program_desc_t *desc, const int64_t *sizes, const ingot_io_t &io, bool *overflow) {
  int64_t count = 1, bytes = 0;
  for (uint32_t d = 0; d < io.rank; ++d) {
    if (sizes[io.dims[d]] == 0) return sizes[desc->values[io.value].bytes] == 0;
  }
  for (uint32_t d = 0; d < io.rank; ++d) {
    if (__builtin_mul_overflow(count, sizes[io.dims[d]], &count)) *overflow = true;
  }
  if (!BytesOfElements(DtypeBits(io.dtype), count, &bytes)) *overflow = true;
  return bytes == sizes[desc->values[io.value].bytes];
}

// The expression behind a size, in quotes unless it is a number alone.
void AppendSize(const ingot_program_desc_t *desc, const int64_t *sizes, uint32_t index, Text *text) {
  const char *name = desc->size_texts != nullptr                           ? desc->size_texts[index]
                     : index < desc->num_symbols + desc->num_bound_symbols ? desc->symbols[index].name
                                                                           : nullptr;
  bool number = name == nullptr || ((*name == '-' || (*name >= '0' && *name <= '9')) && strchr(name, ' ') == nullptr);
  if (number) return text->Append("%" PRId64, sizes[index]);
  text->Append("'%s' = %" PRId64, name, sizes[index]);
}

// For the symbols of stage 0, and those of a later one, which come from data.
int32_t FailForSizes(const ingot_program_desc_t *desc, const int64_t *sizes, uint32_t stage, const char *what,
                     ingot_status_t *status) {
  Text symbols;
  auto append = [&](uint32_t begin, uint32_t end) {
    for (uint32_t s = begin; s < end; ++s)
      symbols.Append("%s%s=%" PRId64, symbols.used == 0 ? "" : ", ", desc->symbols[s].name, sizes[s]);
  };
  append(0, desc->num_symbols);
  if (stage != 0) append(desc->stages[stage - 1].first_symbol, desc->stages[stage - 1].end_symbol);
  return Fail(status, INGOT_INVALID_ARGUMENT, "%s of program '%s' overflows or divides by zero for %s: use other %s",
              what, desc->name, symbols.used == 0 ? "its static shapes" : symbols.data,
              stage == 0 ? "input shapes" : "inputs");
}

int32_t EvalSizes(const ingot_program_desc_t *desc, int64_t *sizes, ingot_status_t *status) {
  if (int32_t code = EvalStage(desc, sizes, 0, 0, desc->num_entry_checks, status); code != INGOT_OK) return code;
  bool overflow = false, agree = true;
  for (uint32_t i = 0; i < desc->num_inputs && agree && !overflow; ++i)
    agree = BytesAgree(desc, sizes, desc->inputs[i], &overflow);
  for (uint32_t i = 0; i < desc->num_states && agree && !overflow; ++i)
    agree = BytesAgree(desc, sizes, desc->states[i].io, &overflow);
  for (uint32_t i = 0; i < desc->num_outputs && agree && !overflow; ++i) {
    if (!IsLate(desc, desc->outputs[i])) agree = BytesAgree(desc, sizes, desc->outputs[i], &overflow);
  }
  if (overflow) return FailForSizes(desc, sizes, 0, "the bytes of an input, output or state", status);
  if (!agree)
    return Fail(status, INGOT_INTERNAL,
                "program '%s' is malformed: bytes of inputs, outputs or states contradict their dims; compile it again",
                desc->name);
  return INGOT_OK;
}

}  // namespace

int32_t EvalStage(const ingot_program_desc_t *desc, int64_t *sizes, uint32_t stage, uint32_t first_check,
                  uint32_t end_check, ingot_status_t *status) {
  int32_t bad = desc->eval_sizes != nullptr ? desc->eval_sizes(sizes, stage) : 0;
  if (bad == 0) return RunChecks(desc, sizes, first_check, end_check, status);
  uint32_t index = static_cast<uint32_t>(bad) - 1;
  Text size;
  if (index < desc->num_sizes && desc->size_texts != nullptr) {
    size.Append("the size '%s'", desc->size_texts[index]);
  } else {
    size.Append("a size");
  }
  return FailForSizes(desc, sizes, stage, size.data, status);
}

int32_t RunChecks(const ingot_program_desc_t *desc, const int64_t *sizes, uint32_t begin, uint32_t end,
                  ingot_status_t *status) {
  for (uint32_t i = begin; i < end; ++i) {
    const ingot_check_t &check = desc->checks[i];
    bool equal = check.kind == INGOT_CHECK_EQUAL;
    if (equal ? sizes[check.a] == sizes[check.b] : sizes[check.a] <= sizes[check.b]) continue;
    Text a, b;
    AppendSize(desc, sizes, check.a, &a);
    AppendSize(desc, sizes, check.b, &b);
    return Fail(status, INGOT_INVALID_ARGUMENT, "node '%s': %s, but %s is %s %s: use other %s", NameOr(check.node, "?"),
                NameOr(check.what, "sizes do not fit"), a.data, equal ? "not equal to" : "larger than", b.data,
                IsLate(desc, check.a) || IsLate(desc, check.b) ? "inputs" : "input shapes");
  }
  return INGOT_OK;
}

bool IsLate(const ingot_program_desc_t *desc, const ingot_io_t &io) {
  for (uint32_t d = 0; d < io.rank; ++d) {
    if (IsLate(desc, io.dims[d])) return true;
  }
  return IsLate(desc, desc->values[io.value].bytes);
}

bool InputsMatch(const ingot_program_desc_t *desc, const int64_t *sizes, const ingot_tensor_t *inputs) {
  for (uint32_t i = 0; i < desc->num_inputs; ++i) {
    const ingot_io_t &io = desc->inputs[i];
    if (inputs[i].dtype != io.dtype || inputs[i].rank != io.rank) return false;
    for (uint32_t d = 0; d < io.rank; ++d) {
      if (inputs[i].dims[d] != sizes[io.dims[d]]) return false;
    }
  }
  return true;
}

int32_t SelectPlan(ingot_context_t *context, const ingot_tensor_t *inputs, Plan **plan, ingot_status_t *status) {
  const ingot_program_t *program = context->program;
  const ingot_program_desc_t *desc = program->desc;
  int32_t code = INGOT_OK;
  for (uint32_t i = 0; i < desc->num_inputs && code == INGOT_OK; ++i)
    code = CheckType(desc->inputs[i], inputs[i], status);
  if (code == INGOT_OK) code = ResolveSymbols(program, inputs, context->state, context->symbols, status);
  if (code != INGOT_OK) return code;
  Plan *found = FindPlan(context, context->symbols);
  if (!found->sized) {
    code = EvalSizes(desc, found->sizes, status);
    if (code != INGOT_OK) return code;
    found->sized = true;
  }
  code = CheckDims(program, found->sizes, inputs, context->state, status);
  if (code == INGOT_OK) *plan = found;
  return code;
}

int32_t BufferError(const char *kind, const char *name, const ingot_tensor_t &tensor, uint64_t needed,
                    ingot_status_t *status) {
  if (tensor.bytes < needed) {
    return Fail(status, INGOT_INVALID_ARGUMENT, "%s '%s' has %zu bytes of data, needs %" PRIu64, kind, name,
                tensor.bytes, needed);
  }
  if (tensor.data == nullptr)
    return Fail(status, INGOT_INVALID_ARGUMENT, "%s '%s' has no data (NULL), needs %" PRIu64 " bytes", kind, name,
                needed);
  return Fail(status, INGOT_INVALID_ARGUMENT, "%s '%s' is not aligned to its element size: allocate it with malloc",
              kind, name);
}

void DescribeOutput(const ingot_program_desc_t *desc, const ingot_io_t &io, const int64_t *sizes, bool has_run,
                    ingot_tensor_t *output) {
  output->dtype = io.dtype;
  output->rank = io.rank;
  for (uint32_t d = 0; d < io.rank; ++d)
    output->dims[d] = has_run || !IsLate(desc, io.dims[d]) ? sizes[io.dims[d]] : -1;
}

}  // namespace ingot::runtime
