/* NVIDIA GPUs for programs that were compiled with --target=cuda. C11 and C++17. In a library of its own
 * (libingot_cuda.a), which opens the driver when it is asked to: neither compiling nor linking needs anything of CUDA.
 *
 *   ingot_device_t *device;
 *   if (ingot_cuda_open(0, NULL, &device, &status) != INGOT_OK) ...
 *   ingot_load_options_t options = {sizeof(options), NULL, NULL, device};
 *   ingot_program_load(&ingot_program_mlp, &options, &program, &status);
 *
 * Tests: tests/gpu/.
 */
#ifndef INGOT_CUDA_H_
#define INGOT_CUDA_H_

#include "ingot/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* GPU `number`, counted from 0 as CUDA_VISIBLE_DEVICES says. `driver`: the driver's library; NULL: libcuda.so.1. May be
 * used by several threads. INGOT_FAILED_PRECONDITION without a driver, with one that is too old, or without such a GPU.
 */
int32_t ingot_cuda_open(uint32_t number, const char *driver, ingot_device_t **device, ingot_status_t *status);

/* Where no step depends on data, a run with the sizes (and addresses on the GPU) of the run before it is one CUDA
 * graph: it computes the same, and its steps start faster. This flag: steps are always started one by one. */
#define INGOT_CUDA_NO_GRAPHS 1u

typedef struct ingot_cuda_run_options {
  uint32_t struct_size;
  uint32_t flags; /* INGOT_CUDA_* */
} ingot_cuda_run_options_t;

/* How the context's runs go about from now on. The options are copied; NULL: all zero, as in a new context. Not during
 * a run. INGOT_INVALID_ARGUMENT for a context whose program was not loaded for a GPU. */
int32_t ingot_cuda_set_run_options(ingot_context_t *context, const ingot_cuda_run_options_t *options,
                                   ingot_status_t *status);

#ifdef __cplusplus
}
#endif
#endif /* INGOT_CUDA_H_ */
