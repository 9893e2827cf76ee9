// Checks a description before anything uses it: counts and pointers, then every index of every table. A program is
// trusted code; this is for clear errors when compiler and runtime disagree, not a sandbox. What depends on sizes is
// checked in plan.cc. Tests: tests/runtime/load_test.cc.
#include <inttypes.h>
#include <string.h>

#include "runtime/src/program.h"
#include "runtime/src/shapes.h"

namespace ingot::runtime {
namespace {

// One description under inspection. Each check returns INGOT_OK or fails with a message.
struct Validator {
  const ingot_program_desc_t *desc;
  ingot_status_t *status;

  bool SizeOk(uint32_t index) const { return index < desc->num_sizes; }
  uint32_t NumSymbols() const { return desc->num_symbols + desc->num_bound_symbols; }

  int32_t Bad(const char *table, uint32_t index, const char *what) const {
    return Fail(status, INGOT_FAILED_PRECONDITION, "program '%s' is malformed: %s %" PRIu32 " %s; compile it again",
                desc->name, table, index, what);
  }

  int32_t Head() const {
    // struct_size and abi_version stand first in every version; nothing else is read until they fit.
    if (desc->struct_size < INGOT_HOST_PROGRAM_BYTES || desc->abi_version != INGOT_ABI_VERSION) {
      return Fail(status, INGOT_FAILED_PRECONDITION,
                  "program was compiled for abi version %" PRIu32 " (description of %" PRIu32
                  " bytes), this runtime has version %u (%zu): "
                  "compile the model again or link the runtime it was compiled for",
                  desc->abi_version, desc->struct_size, INGOT_ABI_VERSION,
                  static_cast<size_t>(INGOT_HOST_PROGRAM_BYTES));
    }
    if (desc->name == nullptr)
      return Fail(status, INGOT_FAILED_PRECONDITION, "program is malformed: it has no name; compile it again");
    const struct {
      const char *name;
      uint32_t count;
      const void *table;
    } tables[] = {
        {"symbols", NumSymbols(), desc->symbols},
        {"checks", desc->num_checks, desc->checks},
        {"stages", desc->num_stages, desc->stages},
        {"stages of sizes", desc->num_stages == 0 ? 0 : desc->num_sizes, desc->size_stages},
        {"inputs", desc->num_inputs, desc->inputs},
        {"outputs", desc->num_outputs, desc->outputs},
        {"states", desc->num_states, desc->states},
        {"values", desc->num_values, desc->values},
        {"operands", desc->num_operands, desc->operands},
        {"steps", desc->num_steps, desc->steps},
        {"variants", desc->num_variants, desc->variants},
    };
    for (const auto &t : tables) {
      if (t.count != 0 && t.table == nullptr) return Bad("table of", t.count, t.name);
    }
    if (desc->num_variants == 0) return Bad("number of variants", 0, "is too small");
    if (NumSymbols() < desc->num_symbols || desc->num_sizes < NumSymbols())
      return Bad("num_sizes", desc->num_sizes, "is below num_symbols");
    if (desc->num_sizes > NumSymbols() && desc->eval_sizes == nullptr)
      return Bad("num_sizes", desc->num_sizes, "needs eval_sizes");
    if (static_cast<uint64_t>(desc->num_inputs) + desc->num_states >= INGOT_NONE)
      return Bad("num_states", desc->num_states, "is too large");
    return INGOT_OK;
  }

  int32_t Symbols() const {
    for (uint32_t i = 0; i < NumSymbols(); ++i) {
      const ingot_symbol_t &symbol = desc->symbols[i];
      if (symbol.name == nullptr) return Bad("symbol", i, "has no name");
      if (symbol.min < 0 || symbol.min > symbol.max) return Bad("symbol", i, "has an empty or negative range");
    }
    return INGOT_OK;
  }

  int32_t Stages() const {
    uint32_t symbol = desc->num_symbols;
    for (uint32_t i = 0; i < desc->num_stages; ++i) {
      const ingot_stage_t &stage = desc->stages[i];
      if (stage.first_symbol != symbol || stage.end_symbol <= symbol || stage.end_symbol > NumSymbols())
        return Bad("stage", i, "has not the symbols behind those before it");
      if (stage.first_check > stage.end_check || stage.end_check > desc->num_checks)
        return Bad("stage", i, "names checks outside the table");
      symbol = stage.end_symbol;
    }
    if (symbol != NumSymbols()) return Bad("symbol", symbol, "belongs to no stage");
    for (uint32_t i = 0; desc->num_stages != 0 && i < desc->num_sizes; ++i) {
      if (desc->size_stages[i] > desc->num_stages) return Bad("size", i, "belongs to no stage");
    }
    return INGOT_OK;
  }

  int32_t Checks() const {
    for (uint32_t i = 0; i < desc->num_checks; ++i) {
      const ingot_check_t &check = desc->checks[i];
      if (check.kind > INGOT_CHECK_AT_MOST) return Bad("check", i, "has an unknown kind");
      if (!SizeOk(check.a) || !SizeOk(check.b)) return Bad("check", i, "names a size outside the size table");
      if (i < desc->num_entry_checks && (IsLate(desc, check.a) || IsLate(desc, check.b)))
        return Bad("check", i, "needs sizes that are not known before a run");
    }
    if (desc->num_entry_checks > desc->num_checks) return Bad("number of checks", desc->num_checks, "is too small");
    return INGOT_OK;
  }

  int32_t Io(const char *table, const ingot_io_t &io, uint32_t i, uint32_t kind) const {
    if (io.name == nullptr) return Bad(table, i, "has no name");
    if (ingot_dtype_size(io.dtype) == 0) return Bad(table, i, "has an unknown dtype");
    if (io.rank > INGOT_MAX_RANK) return Bad(table, i, "has a rank that is too large");
    for (uint32_t d = 0; d < io.rank; ++d) {
      if (!SizeOk(io.dims[d])) return Bad(table, i, "has a dim outside the size table");
    }
    if (io.value >= desc->num_values) return Bad(table, i, "names a value outside the table");
    const ingot_value_t &value = desc->values[io.value];
    bool is_late = IsLate(desc, io);
    if (kind == INGOT_VALUE_OUTPUT && is_late && value.kind == INGOT_VALUE_ARENA) {
      if (value.last_step != desc->num_steps - 1) return Bad(table, i, "does not live to the end");
      return INGOT_OK;
    }
    if (is_late || value.kind != kind || value.slot != i) return Bad(table, i, "names a value that is not its own");
    return INGOT_OK;
  }

  int32_t Interface() const {
    int32_t code = INGOT_OK;
    for (uint32_t i = 0; i < desc->num_inputs && code == INGOT_OK; ++i)
      code = Io("input", desc->inputs[i], i, INGOT_VALUE_INPUT);
    for (uint32_t i = 0; i < desc->num_outputs && code == INGOT_OK; ++i)
      code = Io("output", desc->outputs[i], i, INGOT_VALUE_OUTPUT);
    for (uint32_t i = 0; i < desc->num_states && code == INGOT_OK; ++i) {
      const ingot_state_desc_t &state = desc->states[i];
      code = Io("state", state.io, i, INGOT_VALUE_STATE);
      if (code != INGOT_OK || state.initial == INGOT_NONE) continue;
      if (state.fills > 1) return Bad("state", i, "has an unknown way to begin");
      if (state.initial % INGOT_ALIGNMENT != 0 || state.initial > desc->weights_size ||
          (state.fills == 1 && desc->weights_size - state.initial < ingot_dtype_size(state.io.dtype)))
        return Bad("state", i, "begins as what is no constant");
    }
    return code;
  }

  int32_t Values() const {
    for (uint32_t i = 0; i < desc->num_values; ++i) {
      const ingot_value_t &value = desc->values[i];
      if (!SizeOk(value.bytes)) return Bad("value", i, "has a size outside the size table");
      switch (value.kind) {
        case INGOT_VALUE_INPUT:
          if (value.slot >= desc->num_inputs) return Bad("value", i, "names an input outside the table");
          break;
        case INGOT_VALUE_OUTPUT:
          if (value.slot >= desc->num_outputs) return Bad("value", i, "names an output outside the table");
          break;
        case INGOT_VALUE_CONSTANT:
          if (value.offset > desc->weights_size) return Bad("value", i, "starts beyond the weights");
          if (value.offset % INGOT_ALIGNMENT != 0) return Bad("value", i, "has a misaligned offset in the weights");
          break;
        case INGOT_VALUE_ARENA:
          if (value.first_step > value.last_step || value.last_step >= desc->num_steps)
            return Bad("value", i, "has a bad lifetime");
          break;
        case INGOT_VALUE_STATE:
          if (value.slot >= desc->num_states) return Bad("value", i, "names a state outside the table");
          if (value.first_step != INGOT_NONE && value.first_step >= desc->num_steps)
            return Bad("value", i, "is first written by no step");
          break;
        case INGOT_VALUE_HOST:
          return Bad("value", i, "is a host object, which this runtime does not have");
        default:
          return Bad("value", i, "has an unknown kind");
      }
    }
    return INGOT_OK;
  }

  int32_t Operands(uint32_t s) const {
    const ingot_step_t &step = desc->steps[s];
    if (static_cast<uint64_t>(step.first_operand) + step.num_operands > desc->num_operands)
      return Bad("step", s, "has operands outside the table");
    for (uint32_t o = 0; o < step.num_operands; ++o) {
      uint32_t v = desc->operands[step.first_operand + o];
      if (v >= desc->num_values) return Bad("step", s, "has an operand outside the table of values");
      const ingot_value_t &value = desc->values[v];
      if (value.kind == INGOT_VALUE_ARENA && (s < value.first_step || s > value.last_step)) {
        return Bad("step", s, "uses a value outside its lifetime");
      }
    }
    return INGOT_OK;
  }

  int32_t Steps() const {
    for (uint32_t s = 0; s < desc->num_steps; ++s) {
      const ingot_step_t &step = desc->steps[s];
      if (step.kind == INGOT_STEP_CALL || step.kind == INGOT_STEP_HOST) {
        const char *name = step.kind == INGOT_STEP_CALL ? "call" : "host";
        return Fail(status, INGOT_FAILED_PRECONDITION,
                    "program '%s': step %" PRIu32
                    " (%s) is of kind '%s', which this runtime does not have: link a newer runtime",
                    desc->name, s, NameOr(step.name, "?"), name);
      }
      if (step.kind > INGOT_STEP_IF_SIZE) return Bad("step", s, "has an unknown kind");
      if (step.device != 0 || step.queue != 0)
        return Bad("step", s, "names a device or queue, which this runtime does not have");
      if (int32_t code = Operands(s); code != INGOT_OK) return code;
      if (step.kind == INGOT_STEP_COPY) {
        if (step.num_operands != 2) return Bad("step", s, "is a copy without exactly two operands");
        uint32_t target = desc->values[desc->operands[step.first_operand + 1]].kind;
        if (target != INGOT_VALUE_OUTPUT && target != INGOT_VALUE_ARENA && target != INGOT_VALUE_STATE)
          return Bad("step", s, "copies into what cannot be written");
        continue;
      }
      if (step.kind == INGOT_STEP_CHECK) {
        if (step.split > step.end || step.end > desc->num_checks)
          return Bad("step", s, "names checks outside the table");
        continue;
      }
      if (step.kind == INGOT_STEP_BIND) {
        if (step.num_operands != 1) return Bad("step", s, "has not one operand with sizes");
        if (step.split == 0 || step.split > desc->num_stages) return Bad("step", s, "begins no stage");
        continue;
      }
      if (step.kind == INGOT_STEP_IF || step.kind == INGOT_STEP_WHILE) {
        if (step.num_operands != 1) return Bad("step", s, "has not one condition");
        continue;
      }
      if (step.kind == INGOT_STEP_IF_SIZE) {
        if (step.num_operands != 0 || !SizeOk(step.kernel)) return Bad("step", s, "has no size as its condition");
        continue;
      }
      if (step.kernel >= desc->num_kernels) return Bad("step", s, "names a kernel outside the table");
    }
    return Blocks(0, desc->num_steps, 0);
  }

  // Blocks nest: each lies inside the one around it.
  int32_t Blocks(uint32_t begin, uint32_t end, uint32_t depth) const {
    if (depth > kMaxBlockDepth) return Bad("step", begin, "is in too many blocks");
    for (uint32_t s = begin; s < end; ++s) {
      const ingot_step_t &step = desc->steps[s];
      if (!HasBlocks(step)) continue;
      if (step.split <= s || step.split > step.end || step.end > end)
        return Bad("step", s, "has blocks outside its own");
      if (int32_t code = Blocks(s + 1, step.split, depth + 1); code != INGOT_OK) return code;
      if (int32_t code = Blocks(step.split, step.end, depth + 1); code != INGOT_OK) return code;
      s = step.end - 1;
    }
    return INGOT_OK;
  }

  int32_t Variants() const {
    for (uint32_t i = 0; i < desc->num_variants; ++i) {
      const ingot_variant_t &variant = desc->variants[i];
      if (variant.level == nullptr) return Bad("variant", i, "has no level");
      if (desc->num_kernels != 0 && variant.kernels == nullptr) return Bad("variant", i, "has no kernels");
      for (uint32_t k = 0; k < desc->num_kernels; ++k) {
        const ingot_kernel_t &kernel = variant.kernels[k];
        if (kernel.run == nullptr) return Bad("kernel", k, "has no code");
        if (!SizeOk(kernel.tiles) || !SizeOk(kernel.work))
          return Bad("kernel", k, "has tiles or work outside the size table");
        if (kernel.workspace != INGOT_NONE && !SizeOk(kernel.workspace))
          return Bad("kernel", k, "has a workspace outside the size table");
      }
    }
    return INGOT_OK;
  }

  int32_t Weights() const {
    if (desc->weights_size > kMaxWeights) return Bad("weights", 0, "are too large");
    if (desc->weights_size != 0 && reinterpret_cast<uintptr_t>(desc->weights) % INGOT_ALIGNMENT != 0) {
      return Bad("weights", 0, "are misaligned");
    }
    if (desc->weights_file != nullptr && strchr(desc->weights_file, '/') != nullptr)
      return Bad("weights", 0, "name a file with a directory");
    return INGOT_OK;
  }

  static constexpr uint64_t kMaxWeights = static_cast<uint64_t>(PTRDIFF_MAX) - 2 * INGOT_WEIGHTS_HEADER;
};

}  // namespace

int32_t ValidateDescription(const ingot_program_desc_t *desc, ingot_status_t *status) {
  Validator validator{desc, status};
  int32_t code = validator.Head();
  if (code == INGOT_OK) code = validator.Symbols();
  if (code == INGOT_OK) code = validator.Stages();
  if (code == INGOT_OK) code = validator.Checks();
  if (code == INGOT_OK) code = validator.Values();
  if (code == INGOT_OK) code = validator.Interface();
  if (code == INGOT_OK) code = validator.Steps();
  if (code == INGOT_OK) code = validator.Variants();
  if (code == INGOT_OK) code = validator.Weights();
  return code;
}

}  // namespace ingot::runtime
