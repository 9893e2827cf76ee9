// A loaded program: the description plus what the runtime derives from it once (chosen variant, where each symbol comes
// from, the order in which arena values are placed, and which pointers change from run to run). Immutable after
// loading, shared by any number of threads. Tests: tests/runtime/load_test.cc.
#ifndef INGOT_RUNTIME_SRC_PROGRAM_H_
#define INGOT_RUNTIME_SRC_PROGRAM_H_

#include "runtime/src/status.h"
#include "runtime/src/weights.h"

namespace ingot::runtime {

constexpr uint32_t kMaxBlockDepth = 64;

// A symbol's value is this dim of this input, or of state `input` - num_inputs.
struct SymbolSource {
  uint32_t input, dim;
};

// The steps from a BIND step (or the program's start) to the end of its block, but for those behind another BIND step
// among them: what the sizes it binds are known for, and are planned together.
struct Epoch {
  uint32_t parent;                  // the epoch that its BIND step stands in; INGOT_NONE for the first
  uint32_t begin, end;              // steps, those of other epochs between them included
  uint32_t arena_begin, arena_end;  // its values in arena_values
};

// What a program has on its device; without one the variant is NULL.
struct DeviceProgram {
  const ingot_device_variant_t *variant;
  void *module;
  void **kernels;  // num_kernels
  char *weights;
  char *empty_value;  // what a value of no bytes points to: zeros behind the weights
};

// buffers[buffer] points to the caller's input or output, or to the state, number `slot`.
struct Patch {
  uint32_t buffer, slot;
};

// What a run is given: input `i`, or state `i` - num_inputs.
inline const ingot_io_t &EntryIo(const ingot_program_desc_t *desc, uint32_t i) {
  return i < desc->num_inputs ? desc->inputs[i] : desc->states[i - desc->num_inputs].io;
}

// Steps [s + 1, split) and [split, end) belong to step s.
inline bool HasBlocks(const ingot_step_t &step) {
  return step.kind == INGOT_STEP_IF || step.kind == INGOT_STEP_IF_SIZE || step.kind == INGOT_STEP_WHILE;
}

// Checks every count, index and range of the description that does not depend on sizes.
int32_t ValidateDescription(const ingot_program_desc_t *desc, ingot_status_t *status);

}  // namespace ingot::runtime

struct ingot_program {
  const ingot_program_desc_t *desc;
  const ingot_variant_t *variant;
  const char *weights;
  ingot::runtime::Mapping mapping;
  ingot_device_t *device;  // NULL: the host
  ingot::runtime::DeviceProgram on_device;

  ingot::runtime::SymbolSource *symbol_sources;  // num_symbols

  ingot::runtime::Epoch *epochs;
  uint32_t num_epochs;
  uint32_t *step_epochs;  // num_steps

  uint32_t *arena_values;  // the ARENA values, by epoch and first step
  uint32_t num_arena_values;
  uint32_t *arena_epochs;  // of each of them
  uint32_t *arena_index;   // value -> place in arena_values

  // One table of pointers per plan holds the operands of all steps, each followed by the prepared object where its
  // kernel has one.
  uint32_t *step_buffers;  // num_steps: the step's first entry
  uint32_t num_buffers;
  ingot::runtime::Patch *input_patches, *output_patches, *state_patches;
  uint32_t num_input_patches, num_output_patches, num_state_patches;

  uint32_t first_state_write;  // the first step that writes to a state, or INGOT_NONE
};

#endif  // INGOT_RUNTIME_SRC_PROGRAM_H_
