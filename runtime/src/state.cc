// Making, using and copying states. Every call and every run enters the object first, so that none sees what another
// has half written. Tests: tests/runtime/state_test.cc.
#include "runtime/src/state.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/src/arena.h"
#include "runtime/src/device.h"
#include "runtime/src/elements.h"
#include "runtime/src/shapes.h"

namespace ingot::runtime {
namespace {

// The object and its table, in one block.
ingot_state_t *Carve(const ingot_program_t *program, Carver *carver) {
  auto *state = carver->Take<ingot_state_t>(1);
  auto *variables = carver->Take<Variable>(program->desc->num_states);
  if (state == nullptr) return nullptr;
  memset(state, 0, sizeof(*state));
  state->program = program;
  state->variables = variables;
  return state;
}

// Dims, bytes and places of all variables. False when they are more than memory can hold.
bool Describe(const ingot_program_desc_t *desc, const int64_t *sizes, Variable *variables, uint64_t *total) {
  *total = 0;
  for (uint32_t i = 0; i < desc->num_states; ++i) {
    const ingot_io_t &io = desc->states[i].io;
    Variable variable = {};
    bool is_empty = false, fits = true;
    int64_t count = 1, bytes = 0;
    for (uint32_t d = 0; d < io.rank; ++d) {
      variable.dims[d] = sizes[io.dims[d]];
      if (variable.dims[d] < 0) return false;
      is_empty |= variable.dims[d] == 0;
      fits = fits && !__builtin_mul_overflow(count, variable.dims[d], &count);
    }
    if (is_empty) count = 0;
    if (!(fits || is_empty) || !BytesOfElements(DtypeBits(io.dtype), count, &bytes)) return false;
    variable.bytes = static_cast<uint64_t>(bytes);
    if (variable.bytes > kMaxBytes / 2 - *total) return false;
    variables[i] = variable;
    PlaceState(variable.bytes, total);
  }
  if (*total == 0) *total = INGOT_ALIGNMENT;  // empty ones still have an address
  return true;
}

// Writes what a state begins as.
void Begin(const ingot_state_desc_t &description, const char *weights, uint64_t bytes, char *to) {
  if (description.initial == INGOT_NONE) {
    memset(to, 0, bytes);
    return;
  }
  uint64_t element = description.fills == 0 ? bytes : ingot_dtype_size(description.io.dtype);
  for (uint64_t at = 0; at + element <= bytes; at += element) memcpy(to + at, weights + description.initial, element);
}

int32_t Fill(ingot_state_t *state, ingot_status_t *status) {
  const ingot_program_desc_t *desc = state->program->desc;
  state->is_invalid = true;  // until all is written
  for (uint32_t i = 0; i < desc->num_states; ++i) {
    const ingot_state_desc_t &description = desc->states[i];
    const Variable &variable = state->variables[i];
    if (variable.bytes == 0) continue;
    if (description.initial != INGOT_NONE && description.fills == 0 &&
        variable.bytes > desc->weights_size - description.initial) {
      return Fail(status, INGOT_INTERNAL,
                  "program '%s' is malformed: state '%s' is larger than what it begins as; compile it again",
                  desc->name, description.io.name);
    }
    if (state->program->device == nullptr) {
      Begin(description, state->program->weights, variable.bytes, variable.data);
    } else {
      int32_t code = state->program->device->calls->begin_state(state, i, status);
      if (code != INGOT_OK) return code;
    }
  }
  state->is_invalid = false;
  return INGOT_OK;
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

// Whether the expression behind a size names the symbol; a program that keeps its expressions to itself may.
bool Needs(const ingot_program_desc_t *desc, uint32_t size, uint32_t symbol) {
  if (size < desc->num_symbols) return size == symbol;
  if (desc->size_texts == nullptr) return true;
  const char *text = desc->size_texts[size], *name = desc->symbols[symbol].name;
  size_t length = strlen(name);
  for (const char *at = text; at != nullptr && length != 0 && (at = strstr(at, name)) != nullptr; ++at) {
    if ((at == text || !IsNameCharacter(at[-1])) && !IsNameCharacter(at[length])) return true;
  }
  return false;
}

// Fills in the size table for a state that is made before any run.
int32_t SizesOf(const ingot_program_desc_t *desc, const int64_t *symbols, int64_t *sizes, ingot_status_t *status) {
  for (uint32_t s = 0; s < desc->num_symbols; ++s) {
    const ingot_symbol_t &symbol = desc->symbols[s];
    sizes[s] = symbols != nullptr ? symbols[s] : -1;
    if (sizes[s] >= symbol.min && sizes[s] <= symbol.max) continue;
    if (sizes[s] != -1) {
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "symbols[%" PRIu32 "] ('%s') is %" PRId64 ", the program was compiled for %" PRId64 " to %" PRId64, s,
                  symbol.name, sizes[s], symbol.min, symbol.max);
    }
    for (uint32_t i = 0; i < desc->num_states; ++i) {
      const ingot_io_t &io = desc->states[i].io;
      for (uint32_t d = 0; d < io.rank; ++d) {
        if (Needs(desc, io.dims[d], s))
          return Fail(status, INGOT_INVALID_ARGUMENT,
                      "dim %" PRIu32 " of state '%s' needs the size '%s': give it as symbols[%" PRIu32 "]", d, io.name,
                      symbol.name, s);
      }
    }
    sizes[s] = symbol.min;
  }
  return EvalStage(desc, sizes, 0, 0, 0, status);
}

int32_t CheckNumber(const ingot_state_t *state, uint32_t number, const ingot_tensor_t *tensor, ingot_status_t *status) {
  if (state == nullptr || tensor == nullptr)
    return Fail(status, INGOT_INVALID_ARGUMENT, "state and tensor must not be NULL");
  const ingot_program_desc_t *desc = state->program->desc;
  if (number < desc->num_states) return INGOT_OK;
  return Fail(status, INGOT_INVALID_ARGUMENT, "program '%s' has %" PRIu32 " states, there is no state %" PRIu32,
              desc->name, desc->num_states, number);
}

void DescribeTensor(const ingot_state_t *state, uint32_t number, ingot_tensor_t *tensor) {
  const ingot_io_t &io = state->program->desc->states[number].io;
  tensor->dtype = io.dtype;
  tensor->rank = io.rank;
  for (uint32_t d = 0; d < io.rank; ++d) tensor->dims[d] = state->variables[number].dims[d];
}

bool SameType(const ingot_tensor_t &a, const ingot_tensor_t &b) {
  if (a.dtype != b.dtype || a.rank != b.rank) return false;
  for (uint32_t d = 0; d < a.rank; ++d) {
    if (a.dims[d] != b.dims[d]) return false;
  }
  return true;
}

}  // namespace

int32_t MakeState(const ingot_program_t *program, const int64_t *sizes, const ingot_allocator_t &allocator,
                  ingot_state_t **state, ingot_status_t *status) {
  const ingot_program_desc_t *desc = program->desc;
  *state = nullptr;
  Carver measure{nullptr};
  Carve(program, &measure);
  Carver carver{static_cast<char *>(Allocate(allocator, measure.used))};
  uint64_t total = 0;
  ingot_state_t *made = carver.base == nullptr ? nullptr : Carve(program, &carver);
  if (made == nullptr)
    return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory for a state of program '%s'", desc->name);
  made->allocator = allocator;
  made->block_bytes = measure.used;
  bool fits = Describe(desc, sizes, made->variables, &total);
  made->data_allocator = program->device != nullptr ? program->device->memory : allocator;
  if (fits) made->memory = {static_cast<char *>(Allocate(made->data_allocator, total)), total};
  if (made->memory.base == nullptr) {
    Release(allocator, made, measure.used);
    return Fail(status, INGOT_OUT_OF_MEMORY,
                "out of memory: the states of program '%s' need %" PRIu64 " bytes or more for these sizes", desc->name,
                total);
  }
  uint64_t cursor = 0;
  for (uint32_t i = 0; i < desc->num_states; ++i)
    made->variables[i].data = made->memory.base + PlaceState(made->variables[i].bytes, &cursor);
  OpenState(made);
  int32_t code = Fill(made, status);
  if (code != INGOT_OK) {
    ingot_state_free(made);
    return code;
  }
  *state = made;
  return INGOT_OK;
}

int32_t EnterState(ingot_state_t *state, bool valid, ingot_status_t *status) {
  const char *name = state->program->desc->name;
  if (__atomic_exchange_n(&state->is_in_use, true, __ATOMIC_ACQUIRE)) {
    return Fail(status, INGOT_FAILED_PRECONDITION,
                "the state of program '%s' is in use by another run: let one end before the next begins, or give each "
                "context a state of its own",
                name);
  }
  if (!valid || !state->is_invalid) return INGOT_OK;
  LeaveState(state);
  return Fail(status, INGOT_FAILED_PRECONDITION,
              "the state of program '%s' is half written by a run that ended early: call ingot_state_reset, or copy "
              "another state to it",
              name);
}

}  // namespace ingot::runtime

using namespace ingot::runtime;

int32_t ingot_state_create(const ingot_program_t *program, const int64_t *symbols, const ingot_allocator_t *allocator,
                           ingot_state_t **state, ingot_status_t *status) {
  if (program == nullptr || state == nullptr)
    return Fail(status, INGOT_INVALID_ARGUMENT, "program and state must not be NULL");
  *state = nullptr;
  if (allocator != nullptr && (allocator->allocate == nullptr || allocator->release == nullptr))
    return Fail(status, INGOT_INVALID_ARGUMENT, "allocator needs both allocate and release");
  const ingot_program_desc_t *desc = program->desc;
  if (desc->num_states == 0)
    return Fail(status, INGOT_INVALID_ARGUMENT, "program '%s' has no states: run it without one", desc->name);
  ingot_allocator_t chosen = allocator != nullptr ? *allocator : DefaultAllocator();
  uint64_t table_bytes = (static_cast<uint64_t>(desc->num_sizes) + 1) * sizeof(int64_t);
  auto *sizes = static_cast<int64_t *>(Allocate(chosen, table_bytes));
  if (sizes == nullptr)
    return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory for a state of program '%s'", desc->name);
  int32_t code = SizesOf(desc, symbols, sizes, status);
  if (code == INGOT_OK) code = MakeState(program, sizes, chosen, state, status);
  Release(chosen, sizes, table_bytes);
  return code == INGOT_OK ? Succeed(status) : code;
}

void ingot_state_free(ingot_state_t *state) {
  if (state == nullptr) return;
  ingot_allocator_t allocator = state->allocator;
  Release(state->data_allocator, state->memory.base, state->memory.bytes);
  Release(allocator, state, state->block_bytes);
}

int32_t ingot_state_reset(ingot_state_t *state, ingot_status_t *status) {
  if (state == nullptr) return Fail(status, INGOT_INVALID_ARGUMENT, "state must not be NULL");
  int32_t code = EnterState(state, /*valid=*/false, status);
  if (code != INGOT_OK) return code;
  code = Fill(state, status);
  LeaveState(state);
  return code == INGOT_OK ? Succeed(status) : code;
}

int32_t ingot_state_copy(ingot_state_t *to, ingot_state_t *from, ingot_status_t *status) {
  if (to == nullptr || from == nullptr) return Fail(status, INGOT_INVALID_ARGUMENT, "to and from must not be NULL");
  if (to == from) return Succeed(status);
  const ingot_program_desc_t *desc = to->program->desc;
  bool is_same = desc == from->program->desc && to->program->device == from->program->device;
  for (uint32_t i = 0; is_same && i < desc->num_states; ++i)
    is_same = memcmp(to->variables[i].dims, from->variables[i].dims, sizeof(to->variables[i].dims)) == 0;
  if (!is_same)
    return Fail(status, INGOT_INVALID_ARGUMENT,
                "a state of program '%s' cannot become a copy of one of program '%s': both must be of one program and "
                "made for the same sizes",
                desc->name, from->program->desc->name);
  int32_t code = EnterState(from, /*valid=*/true, status);
  if (code != INGOT_OK) return code;
  code = EnterState(to, /*valid=*/false, status);
  if (code == INGOT_OK) {
    for (uint32_t i = 0; i < desc->num_states && code == INGOT_OK; ++i)
      code = CopyData(to->program, CopyKind::kOnDevice, to->variables[i].data, from->variables[i].data,
                      to->variables[i].bytes, status);
    to->is_invalid = code != INGOT_OK;
    LeaveState(to);
  }
  LeaveState(from);
  return code == INGOT_OK ? Succeed(status) : code;
}

uint32_t ingot_state_find(const ingot_state_t *state, const char *name) {
  for (uint32_t i = 0; state != nullptr && name != nullptr && i < state->program->desc->num_states; ++i) {
    if (strcmp(state->program->desc->states[i].io.name, name) == 0) return i;
  }
  return INGOT_NONE;
}

int32_t ingot_state_query(const ingot_state_t *state, uint32_t number, ingot_tensor_t *tensor, ingot_status_t *status) {
  int32_t code = CheckNumber(state, number, tensor, status);
  if (code != INGOT_OK) return code;
  DescribeTensor(state, number, tensor);
  tensor->bytes = static_cast<size_t>(state->variables[number].bytes);
  return Succeed(status);
}

int32_t ingot_state_read(ingot_state_t *state, uint32_t number, ingot_tensor_t *tensor, ingot_status_t *status) {
  int32_t code = CheckNumber(state, number, tensor, status);
  if (code != INGOT_OK) return code;
  const Variable &variable = state->variables[number];
  if (!BufferOk(*tensor, variable.bytes, 1))
    return BufferError("state", state->program->desc->states[number].io.name, *tensor, variable.bytes, status);
  code = EnterState(state, /*valid=*/true, status);
  if (code != INGOT_OK) return code;
  DescribeTensor(state, number, tensor);
  code = CopyData(state->program, CopyKind::kToHost, tensor->data, variable.data, variable.bytes, status);
  LeaveState(state);
  return code == INGOT_OK ? Succeed(status) : code;
}

int32_t ingot_state_write(ingot_state_t *state, uint32_t number, const ingot_tensor_t *tensor, ingot_status_t *status) {
  int32_t code = CheckNumber(state, number, tensor, status);
  if (code != INGOT_OK) return code;
  const char *name = state->program->desc->states[number].io.name;
  const Variable &variable = state->variables[number];
  ingot_tensor_t own = {};
  DescribeTensor(state, number, &own);
  if (!SameType(own, *tensor)) {
    Text shape;
    for (uint32_t d = 0; d < own.rank; ++d) shape.Append("%s%" PRId64, d == 0 ? "" : ", ", own.dims[d]);
    return Fail(status, INGOT_INVALID_ARGUMENT, "state '%s' is %s[%s], the tensor has another dtype or shape", name,
                ingot_dtype_name(own.dtype), shape.data);
  }
  if (!BufferOk(*tensor, variable.bytes, 1)) return BufferError("state", name, *tensor, variable.bytes, status);
  code = EnterState(state, /*valid=*/true, status);
  if (code != INGOT_OK) return code;
  code = CopyData(state->program, CopyKind::kToDevice, variable.data, tensor->data, variable.bytes, status);
  state->is_invalid = code != INGOT_OK;
  LeaveState(state);
  return code == INGOT_OK ? Succeed(status) : code;
}
