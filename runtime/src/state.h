// A state object: the buffers of a program's states, and whether somebody uses them. Tests:
// tests/runtime/state_test.cc.
#ifndef INGOT_RUNTIME_SRC_STATE_H_
#define INGOT_RUNTIME_SRC_STATE_H_

#include "runtime/src/context.h"

namespace ingot::runtime {

struct Variable {
  char *data;
  uint64_t bytes;
  int64_t dims[INGOT_MAX_RANK];
};

}  // namespace ingot::runtime

struct ingot_state {
  const ingot_program_t *program;
  ingot_allocator_t allocator, data_allocator;  // of the object, and of what it holds
  uint64_t block_bytes;
  ingot::runtime::Memory memory;        // of all variables
  ingot::runtime::Variable *variables;  // num_states
  bool is_in_use;                       // atomic
  bool is_invalid;                      // for who has entered
};

namespace ingot::runtime {

// A state with the dims that this size table gives, and its initial values.
int32_t MakeState(const ingot_program_t *program, const int64_t *sizes, const ingot_allocator_t &allocator,
                  ingot_state_t **state, ingot_status_t *status);

// Until LeaveState nobody else can use it; refused when somebody does. `valid`: refused, too, when it is not.
int32_t EnterState(ingot_state_t *state, bool valid, ingot_status_t *status);
inline void LeaveState(ingot_state_t *state) { __atomic_store_n(&state->is_in_use, false, __ATOMIC_RELEASE); }

}  // namespace ingot::runtime

#endif  // INGOT_RUNTIME_SRC_STATE_H_
