/* The public headers are C11, alone and without warnings: this file is compiled with -std=c11 -Wall -Wextra -Werror
 * -pedantic. Part of runtime_test, which need not call anything here: compiling is the test. */
#include "ingot/abi.h"
#include "ingot/cuda.h"
#include "ingot/runtime.h"

/* The layout is a contract between compiler and runtime: a change of these numbers is a new INGOT_ABI_VERSION. */
_Static_assert(INGOT_ABI_VERSION == 2, "the sizes below are those of version 2");
_Static_assert(sizeof(ingot_symbol_t) == 24, "ingot_symbol_t");
_Static_assert(sizeof(ingot_check_t) == 32, "ingot_check_t");
_Static_assert(sizeof(ingot_stage_t) == 16, "ingot_stage_t");
_Static_assert(sizeof(ingot_io_t) == 56, "ingot_io_t");
_Static_assert(sizeof(ingot_state_desc_t) == 72, "ingot_state_desc_t");
_Static_assert(sizeof(ingot_value_t) == 32, "ingot_value_t");
_Static_assert(sizeof(ingot_kernel_t) == 48, "ingot_kernel_t");
_Static_assert(sizeof(ingot_step_t) == 48, "ingot_step_t");
_Static_assert(sizeof(ingot_variant_t) == 24, "ingot_variant_t");
_Static_assert(sizeof(ingot_program_desc_t) == 232, "ingot_program_desc_t");
_Static_assert(offsetof(ingot_program_desc_t, device_variants) == INGOT_HOST_PROGRAM_BYTES, "host programs");
_Static_assert(sizeof(ingot_device_kernel_t) == 48, "ingot_device_kernel_t");
_Static_assert(sizeof(ingot_device_variant_t) == 40, "ingot_device_variant_t");
_Static_assert(sizeof(ingot_emulated_kernel_t) == 32, "ingot_emulated_kernel_t");
_Static_assert(sizeof(ingot_emulated_image_t) == 32, "ingot_emulated_image_t");
/* Callers say how much of it they know: it grows at its end. */
_Static_assert(sizeof(ingot_cuda_run_options_t) == 32, "ingot_cuda_run_options_t");
_Static_assert(offsetof(ingot_cuda_run_options_t, stream) == 8, "ingot_cuda_run_options_t");
_Static_assert(sizeof(ingot_weights_header_t) == 24, "ingot_weights_header_t");

int ingot_header_c11(void);
int ingot_header_c11(void) { return INGOT_OK + INGOT_DTYPE_INVALID; }
