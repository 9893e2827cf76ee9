// Loading: check, choose a variant, map the side file, derive the tables of program.h.
// Tests: tests/runtime/load_test.cc, weights_test.cc.
#include "runtime/src/program.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/src/memory.h"
#include "runtime/src/variant.h"

namespace ingot::runtime {
namespace {

constexpr uint64_t kMaxBuffers = 1u << 30;  // pointers in one plan

struct Counts {
  uint64_t buffers, input_patches, output_patches;
  uint32_t arena_values;
};

bool HasObject(const ingot_variant_t *variant, const ingot_step_t &step) {
  return step.kind == INGOT_STEP_KERNEL && variant->kernels[step.kernel].prepare != nullptr;
}

// How large the derived tables are; false when there are too many operands.
bool CountTables(const ingot_program_desc_t *desc, const ingot_variant_t *variant, Counts *counts) {
  *counts = {};
  for (uint32_t v = 0; v < desc->num_values; ++v) counts->arena_values += desc->values[v].kind == INGOT_VALUE_ARENA;
  for (uint32_t s = 0; s < desc->num_steps; ++s) {
    const ingot_step_t &step = desc->steps[s];
    counts->buffers += static_cast<uint64_t>(step.num_operands) + (HasObject(variant, step) ? 1 : 0);
    if (counts->buffers > kMaxBuffers) return false;
    for (uint32_t o = 0; o < step.num_operands; ++o) {
      uint32_t kind = desc->values[desc->operands[step.first_operand + o]].kind;
      counts->input_patches += kind == INGOT_VALUE_INPUT;
      counts->output_patches += kind == INGOT_VALUE_OUTPUT;
    }
  }
  return true;
}

// The program and its tables, in one block.
ingot_program_t *Carve(const ingot_program_desc_t *desc, const Counts &counts, Carver *carver) {
  ingot_program_t *program = carver->Take<ingot_program_t>(1);
  auto *sources = carver->Take<SymbolSource>(desc->num_symbols);
  auto *arena_values = carver->Take<uint32_t>(counts.arena_values);
  auto *arena_index = carver->Take<uint32_t>(desc->num_values);
  auto *step_buffers = carver->Take<uint32_t>(desc->num_steps);
  auto *input_patches = carver->Take<Patch>(counts.input_patches);
  auto *output_patches = carver->Take<Patch>(counts.output_patches);
  if (program == nullptr) return nullptr;
  memset(program, 0, sizeof(*program));
  program->desc = desc;
  program->symbol_sources = sources;
  program->arena_values = arena_values;
  program->num_arena_values = counts.arena_values;
  program->arena_index = arena_index;
  program->step_buffers = step_buffers;
  program->num_buffers = static_cast<uint32_t>(counts.buffers);
  program->input_patches = input_patches;
  program->output_patches = output_patches;
  return program;
}

int32_t FindSymbolSources(ingot_program_t *program, ingot_status_t *status) {
  const ingot_program_desc_t *desc = program->desc;
  for (uint32_t s = 0; s < desc->num_symbols; ++s) program->symbol_sources[s] = {INGOT_NONE, INGOT_NONE};
  for (uint32_t i = 0; i < desc->num_inputs; ++i) {
    for (uint32_t d = 0; d < desc->inputs[i].rank; ++d) {
      uint32_t size = desc->inputs[i].dims[d];
      if (size < desc->num_symbols && program->symbol_sources[size].input == INGOT_NONE)
        program->symbol_sources[size] = {i, d};
    }
  }
  for (uint32_t s = 0; s < desc->num_symbols; ++s) {
    if (program->symbol_sources[s].input == INGOT_NONE) {
      return Fail(status, INGOT_FAILED_PRECONDITION,
                  "program '%s' is malformed: symbol '%s' is no input's dim; compile it again", desc->name,
                  desc->symbols[s].name);
    }
  }
  return INGOT_OK;
}

// Counting sort of the arena values by first step; needs num_steps counters for the time of loading.
bool OrderArenaValues(ingot_program_t *program) {
  const ingot_program_desc_t *desc = program->desc;
  for (uint32_t v = 0; v < desc->num_values; ++v) program->arena_index[v] = INGOT_NONE;
  if (program->num_arena_values == 0) return true;
  auto *next = static_cast<uint32_t *>(calloc(desc->num_steps + size_t{1}, sizeof(uint32_t)));
  if (next == nullptr) return false;
  for (uint32_t v = 0; v < desc->num_values; ++v) {
    if (desc->values[v].kind == INGOT_VALUE_ARENA) ++next[desc->values[v].first_step + 1];
  }
  for (uint32_t s = 0; s < desc->num_steps; ++s) next[s + 1] += next[s];
  for (uint32_t v = 0; v < desc->num_values; ++v) {
    if (desc->values[v].kind != INGOT_VALUE_ARENA) continue;
    uint32_t at = next[desc->values[v].first_step]++;
    program->arena_values[at] = v;
    program->arena_index[v] = at;
  }
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
  NumberBuffers(program);
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
  if (code != INGOT_OK) {
    ingot_program_free(made);
    return code;
  }
  *program = made;
  return Succeed(status);
}

void ingot_program_free(ingot_program_t *program) {
  if (program == nullptr) return;
  Unmap(program->mapping);
  free(program);
}

const ingot_program_desc_t *ingot_program_get_desc(const ingot_program_t *program) { return program->desc; }

const char *ingot_program_get_cpu_level(const ingot_program_t *program) { return program->variant->level; }
