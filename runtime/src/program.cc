// Loading: check, choose a variant, map the side file, derive the tables of program.h.
// Tests: tests/runtime/load_test.cc, weights_test.cc.
#include "runtime/src/program.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/src/device.h"
#include "runtime/src/memory.h"
#include "runtime/src/variant.h"

namespace ingot::runtime {
namespace {

constexpr uint64_t kMaxBuffers = 1u << 30;  // pointers in one plan

struct Counts {
  uint64_t buffers, input_patches, output_patches, state_patches;
  uint32_t arena_values, epochs;
};

bool HasObject(const ingot_variant_t *variant, const ingot_step_t &step) {
  return step.kind == INGOT_STEP_KERNEL && variant->kernels[step.kernel].prepare != nullptr;
}

// How large the derived tables are; false when there are too many operands.
bool CountTables(const ingot_program_desc_t *desc, const ingot_variant_t *variant, Counts *counts) {
  *counts = {};
  counts->epochs = 1;
  for (uint32_t v = 0; v < desc->num_values; ++v) counts->arena_values += desc->values[v].kind == INGOT_VALUE_ARENA;
  for (uint32_t s = 0; s < desc->num_steps; ++s) {
    const ingot_step_t &step = desc->steps[s];
    counts->epochs += step.kind == INGOT_STEP_BIND;
    counts->buffers += static_cast<uint64_t>(step.num_operands) + (HasObject(variant, step) ? 1 : 0);
    if (counts->buffers > kMaxBuffers) return false;
    for (uint32_t o = 0; o < step.num_operands; ++o) {
      uint32_t kind = desc->values[desc->operands[step.first_operand + o]].kind;
      counts->input_patches += kind == INGOT_VALUE_INPUT;
      counts->output_patches += kind == INGOT_VALUE_OUTPUT;
      counts->state_patches += kind == INGOT_VALUE_STATE;
    }
  }
  return true;
}

// The program and its tables, in one block.
ingot_program_t *Carve(const ingot_program_desc_t *desc, const Counts &counts, Carver *carver) {
  ingot_program_t *program = carver->Take<ingot_program_t>(1);
  auto *sources = carver->Take<SymbolSource>(desc->num_symbols);
  auto *epochs = carver->Take<Epoch>(counts.epochs);
  auto *step_epochs = carver->Take<uint32_t>(desc->num_steps);
  auto *arena_values = carver->Take<uint32_t>(counts.arena_values);
  auto *arena_epochs = carver->Take<uint32_t>(counts.arena_values);
  auto *arena_index = carver->Take<uint32_t>(desc->num_values);
  auto *step_buffers = carver->Take<uint32_t>(desc->num_steps);
  auto *input_patches = carver->Take<Patch>(counts.input_patches);
  auto *output_patches = carver->Take<Patch>(counts.output_patches);
  auto *state_patches = carver->Take<Patch>(counts.state_patches);
  if (program == nullptr) return nullptr;
  memset(program, 0, sizeof(*program));
  program->desc = desc;
  program->symbol_sources = sources;
  program->epochs = epochs;
  program->num_epochs = counts.epochs;
  program->step_epochs = step_epochs;
  program->arena_values = arena_values;
  program->num_arena_values = counts.arena_values;
  program->arena_epochs = arena_epochs;
  program->arena_index = arena_index;
  program->step_buffers = step_buffers;
  program->num_buffers = static_cast<uint32_t>(counts.buffers);
  program->input_patches = input_patches;
  program->output_patches = output_patches;
  program->state_patches = state_patches;
  return program;
}

int32_t FindSymbolSources(ingot_program_t *program, ingot_status_t *status) {
  const ingot_program_desc_t *desc = program->desc;
  for (uint32_t s = 0; s < desc->num_symbols; ++s) program->symbol_sources[s] = {INGOT_NONE, INGOT_NONE};
  // Inputs first: a state has to fit them.
  for (uint32_t i = 0; i < desc->num_inputs + desc->num_states; ++i) {
    const ingot_io_t &io = EntryIo(desc, i);
    for (uint32_t d = 0; d < io.rank; ++d) {
      uint32_t size = io.dims[d];
      if (size < desc->num_symbols && program->symbol_sources[size].input == INGOT_NONE)
        program->symbol_sources[size] = {i, d};
    }
  }
  for (uint32_t s = 0; s < desc->num_symbols; ++s) {
    if (program->symbol_sources[s].input == INGOT_NONE) {
      return Fail(status, INGOT_FAILED_PRECONDITION,
                  "program '%s' is malformed: symbol '%s' is no dim of an input or state; compile it again", desc->name,
                  desc->symbols[s].name);
    }
  }
  return INGOT_OK;
}

// Numbers the epochs in the order of their BIND steps. Blocks end the epochs that begin in them.
void FindEpochs(ingot_program_t *program) {
  const ingot_program_desc_t *desc = program->desc;
  program->epochs[0] = {INGOT_NONE, 0, desc->num_steps, 0, 0};
  uint32_t made = 1, now = 0;
  uint32_t ends[2 * (kMaxBlockDepth + 2)] = {desc->num_steps};  // of the blocks around step s, the innermost last
  uint32_t depth = 0;
  for (uint32_t s = 0; s < desc->num_steps; ++s) {
    while (s >= ends[depth]) --depth;
    while (s >= program->epochs[now].end) now = program->epochs[now].parent;
    program->step_epochs[s] = now;
    const ingot_step_t &step = desc->steps[s];
    if (HasBlocks(step)) {
      ends[++depth] = step.end;
      ends[++depth] = step.split;
    }
    if (step.kind != INGOT_STEP_BIND) continue;
    program->epochs[made] = {now, s + 1, ends[depth], 0, 0};
    now = made++;
  }
}

// The last epoch that both come from.
uint32_t CommonEpoch(const ingot_program_t *program, uint32_t a, uint32_t b) {
  while (a != b) (a > b ? a : b) = program->epochs[a > b ? a : b].parent;
  return a;
}

// Puts the arena values in order: by the epoch that all of their steps belong to or come from, then by first step.
// Needs counters for the time of loading.
bool OrderArenaValues(ingot_program_t *program) {
  const ingot_program_desc_t *desc = program->desc;
  for (uint32_t v = 0; v < desc->num_values; ++v) program->arena_index[v] = INGOT_NONE;
  if (program->num_arena_values == 0) return true;
  uint64_t num_counters = static_cast<uint64_t>(desc->num_steps) + 1;
  auto *next = static_cast<uint32_t *>(calloc(num_counters + program->num_arena_values, sizeof(uint32_t)));
  if (next == nullptr) return false;
  // By first step, with the values' epochs in arena_index meanwhile.
  for (uint32_t v = 0; v < desc->num_values; ++v) {
    if (desc->values[v].kind == INGOT_VALUE_ARENA) ++next[desc->values[v].first_step + 1];
  }
  for (uint32_t s = 0; s < desc->num_steps; ++s) next[s + 1] += next[s];
  uint32_t *by_step = next + num_counters;
  for (uint32_t v = 0; v < desc->num_values; ++v) {
    if (desc->values[v].kind == INGOT_VALUE_ARENA) by_step[next[desc->values[v].first_step]++] = v;
  }
  for (uint32_t s = 0; s < desc->num_steps; ++s) {
    const ingot_step_t &step = desc->steps[s];
    for (uint32_t o = 0; o < step.num_operands; ++o) {
      uint32_t *epoch = &program->arena_index[desc->operands[step.first_operand + o]];
      uint32_t here = program->step_epochs[s];
      *epoch = *epoch == INGOT_NONE ? here : CommonEpoch(program, *epoch, here);
    }
  }
  // By epoch, keeping that order: first how many each has, in arena_end, then where they begin.
  auto epoch_of = [&](uint32_t i) {
    uint32_t epoch = program->arena_index[by_step[i]];
    return epoch == INGOT_NONE ? 0 : epoch;  // no step uses it
  };
  for (uint32_t i = 0; i < program->num_arena_values; ++i) ++program->epochs[epoch_of(i)].arena_end;
  uint32_t at = 0;
  for (uint32_t e = 0; e < program->num_epochs; ++e) {
    Epoch *epoch = &program->epochs[e];
    uint32_t count = epoch->arena_end;
    epoch->arena_begin = epoch->arena_end = at;
    at += count;
  }
  for (uint32_t i = 0; i < program->num_arena_values; ++i) {
    uint32_t e = epoch_of(i), place = program->epochs[e].arena_end++;
    program->arena_epochs[place] = e;
    program->arena_values[place] = by_step[i];
  }
  for (uint32_t v = 0; v < desc->num_values; ++v) program->arena_index[v] = INGOT_NONE;
  for (uint32_t i = 0; i < at; ++i) program->arena_index[program->arena_values[i]] = i;
  free(next);
  return true;
}

void NumberBuffers(ingot_program_t *program) {
  const ingot_program_desc_t *desc = program->desc;
  uint32_t buffer = 0;
  for (uint32_t s = 0; s < desc->num_steps; ++s) {
    const ingot_step_t &step = desc->steps[s];
    program->step_buffers[s] = buffer;
    for (uint32_t o = 0; o < step.num_operands; ++o, ++buffer) {
      const ingot_value_t &value = desc->values[desc->operands[step.first_operand + o]];
      if (value.kind == INGOT_VALUE_INPUT) program->input_patches[program->num_input_patches++] = {buffer, value.slot};
      if (value.kind == INGOT_VALUE_OUTPUT)
        program->output_patches[program->num_output_patches++] = {buffer, value.slot};
      if (value.kind == INGOT_VALUE_STATE) program->state_patches[program->num_state_patches++] = {buffer, value.slot};
    }
    if (HasObject(program->variant, step)) ++buffer;
  }
}

int32_t AttachWeights(ingot_program_t *program, const char *path, ingot_status_t *status) {
  const ingot_program_desc_t *desc = program->desc;
  if (desc->weights != nullptr || desc->weights_size == 0) {
    program->weights = static_cast<const char *>(desc->weights);
    return INGOT_OK;
  }
  if (path == nullptr) path = desc->weights_file;
  if (path == nullptr) {
    return Fail(status, INGOT_FAILED_PRECONDITION,
                "program '%s' keeps its weights in a side file: give its path as weights_path", desc->name);
  }
  int32_t code = MapWeights(desc, path, &program->mapping, status);
  if (code == INGOT_OK) program->weights = static_cast<const char *>(program->mapping.memory) + INGOT_WEIGHTS_HEADER;
  return code;
}

int32_t FillProgram(ingot_program_t *program, const char *weights_path, ingot_status_t *status) {
  FindEpochs(program);
  NumberBuffers(program);
  program->first_state_write = INGOT_NONE;
  for (uint32_t v = 0; v < program->desc->num_values; ++v) {
    const ingot_value_t &value = program->desc->values[v];
    if (value.kind == INGOT_VALUE_STATE && value.first_step < program->first_state_write)
      program->first_state_write = value.first_step;
  }
  if (!OrderArenaValues(program))
    return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory while loading program '%s'", program->desc->name);
  int32_t code = FindSymbolSources(program, status);
  if (code == INGOT_OK) code = AttachWeights(program, weights_path, status);
  return code;
}

}  // namespace
}  // namespace ingot::runtime

using namespace ingot::runtime;

int32_t ingot_program_load(const ingot_program_desc_t *desc, const ingot_load_options_t *options,
                           ingot_program_t **program, ingot_status_t *status) {
  if (desc == nullptr || program == nullptr)
    return Fail(status, INGOT_INVALID_ARGUMENT, "desc and program must not be NULL");
  *program = nullptr;
  ingot_load_options_t chosen = {};
  if (options != nullptr) {
    if (options->struct_size < sizeof(options->struct_size)) {
      return Fail(status, INGOT_INVALID_ARGUMENT,
                  "options->struct_size is %" PRIu32 ": set it to sizeof(ingot_load_options_t)", options->struct_size);
    }
    memcpy(&chosen, options, options->struct_size < sizeof(chosen) ? options->struct_size : sizeof(chosen));
  }
#ifdef INGOT_GUARD_PAGES
  if (chosen.device != nullptr)
    return Fail(status, INGOT_FAILED_PRECONDITION, "the runtime with guard pages runs on the host alone");
#endif
  int32_t code = ValidateDescription(desc, status);
  if (code != INGOT_OK) return code;
  const ingot_variant_t *variant = nullptr;
  code = SelectVariant(desc, ingot_cpu_features(), chosen.cpu_level, &variant, status);
  if (code != INGOT_OK) return code;
  if (!EnableFeatures(variant->required_features)) {
    return Fail(status, INGOT_FAILED_PRECONDITION,
                "program '%s' at level %s uses AMX tiles, which the operating system refuses to this process",
                desc->name, variant->level);
  }

  Counts counts;
  if (!CountTables(desc, variant, &counts)) {
    return Fail(status, INGOT_FAILED_PRECONDITION, "program '%s' is malformed: too many operands; compile it again",
                desc->name);
  }
  Carver measure{nullptr};
  Carve(desc, counts, &measure);
  Carver carver{static_cast<char *>(malloc(measure.used))};
  if (carver.base == nullptr)
    return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory while loading program '%s'", desc->name);
  ingot_program_t *made = Carve(desc, counts, &carver);
  made->variant = variant;
  code = FillProgram(made, chosen.weights_path, status);
  if (code == INGOT_OK && chosen.device != nullptr) {
    made->device = chosen.device;
    code = chosen.device->calls->attach(made, status);
  }
  if (code != INGOT_OK) {
    ingot_program_free(made);
    return code;
  }
  *program = made;
  return Succeed(status);
}

void ingot_program_free(ingot_program_t *program) {
  if (program == nullptr) return;
  if (program->device != nullptr) program->device->calls->detach(program);
  Unmap(program->mapping);
  free(program);
}

const ingot_program_desc_t *ingot_program_get_desc(const ingot_program_t *program) { return program->desc; }

const char *ingot_program_get_device_level(const ingot_program_t *program) {
  return program->device != nullptr ? program->on_device.variant->level : nullptr;
}

void ingot_device_free(ingot_device_t *device) {
  if (device != nullptr) device->calls->free(device);
}

const char *ingot_device_get_name(const ingot_device_t *device) { return device->name; }

const char *ingot_program_get_cpu_level(const ingot_program_t *program) { return program->variant->level; }
